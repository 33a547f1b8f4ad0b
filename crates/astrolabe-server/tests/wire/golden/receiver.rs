//! Whoever the platform calls: one address for every app and channel, which keeps what it was sent and answers what it was told
//! to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use astrolabe_protocol::answer::response_root;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::task::JoinHandle;

/// A reply to give.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) title: &'static str,
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

/// A call that came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path_and_query: String,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// The query string.
    pub(crate) fn query(&self) -> &str {
        self.path_and_query.split_once('?').map_or("", |(_, query)| query)
    }

    fn is_of(&self, method: &str) -> bool {
        self.query().split('&').any(|pair| pair.strip_prefix("method=") == Some(method))
    }
}

/// The address, its script and its memory.
pub(crate) struct Receiver {
    pub(crate) address: String,
    inside: Arc<Inside>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Inside {
    /// Replies by method; every other method gets a plain yes.
    script: Mutex<Vec<(String, Reply)>>,
    received: Mutex<Vec<Received>>,
}

impl Receiver {
    pub(crate) async fn listen() -> Self {
        let inside = Arc::<Inside>::default();
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("listens");
        let address = format!("http://{}", listener.local_addr().expect("has an address"));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&inside));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self { address, inside, task }
    }

    /// From now on, calls of that method get that reply.
    pub(crate) fn answers(&self, method: &str, reply: &Reply) {
        let mut script = self.inside.script.lock().expect("nobody panicked");
        script.retain(|(known, _)| known != method);
        script.push((method.to_owned(), reply.clone()));
    }

    /// The first call of a method, which is then forgotten.
    pub(crate) async fn call_of(&self, method: &str) -> Received {
        for _ in 0..1_000 {
            {
                let mut received = self.inside.received.lock().expect("nobody panicked");
                if let Some(at) = received.iter().position(|call| call.is_of(method)) {
                    return received.remove(at);
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{method} was not called");
    }

    pub(crate) fn close(self) {
        self.task.abort();
    }
}

async fn answer(State(inside): State<Arc<Inside>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let received = Received { path_and_query: uri.to_string(), content_type, body: body.to_vec() };
    let script = inside.script.lock().expect("nobody panicked").clone();
    let reply = script.into_iter().find(|(method, _)| received.is_of(method)).map(|(_, reply)| reply);
    inside.received.lock().expect("nobody panicked").push(received);
    match reply {
        Some(reply) => {
            let status = StatusCode::from_u16(reply.status).expect("is a status");
            (status, [("content-type", reply.content_type)], reply.body).into_response()
        }
        None => ([("content-type", "application/json")], plain_yes(&uri)).into_response(),
    }
}

/// Apps say 0; a channel answers under the method's name.
fn plain_yes(uri: &Uri) -> String {
    let query = uri.query().unwrap_or_default();
    match query.split('&').find_map(|pair| pair.strip_prefix("method=")) {
        Some(method) if uri.path() == "/channel" => {
            format!("{{\"{}\":{{\"is_success\":true,\"shipping\":{{\"is_success\":true}}}}}}", response_root(method))
        }
        Some(_) | None => r#"{"code":"0"}"#.to_owned(),
    }
}
