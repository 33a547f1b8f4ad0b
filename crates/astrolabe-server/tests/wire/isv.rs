//! An ISV's service on this machine: it verifies what it hears as the published verifiers do, remembers it, and answers by path.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_protocol::spi::{SpiIncoming, SpiRefusal, receive};
use astrolabe_protocol::{EpochMs, Secret};
use astrolabe_server::app::Clock;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use tokio::sync::watch;

/// What it knows the platform by.
const SECRET: &str = "helloworld";

/// One call as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) verified: Result<String, SpiRefusal>,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn sign(&self) -> &str {
        self.query.split('&').find_map(|pair| pair.strip_prefix("sign=")).expect("is signed")
    }
}

/// The service; it ends with the test.
pub(crate) struct Isv {
    address: SocketAddr,
    service: Arc<Service>,
}

struct Service {
    clock: Clock,
    heard: Mutex<Vec<Heard>>,
    /// Until then calls at `/held` hang; then they fail.
    let_go: watch::Sender<bool>,
}

impl Isv {
    pub(crate) async fn open(clock: Clock) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("is bound");
        let service = Arc::new(Service { clock, heard: Mutex::default(), let_go: watch::channel(false).0 });
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&service));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, service }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.service.heard.lock().clone()
    }

    /// How many calls came to a path.
    pub(crate) fn heard_at(&self, path: &str) -> usize {
        self.service.heard.lock().iter().filter(|heard| heard.path == path).count()
    }

    /// Looks until so many calls came to a path. Never a fixed pause: the test fails when it takes too long.
    pub(crate) async fn until_heard(&self, path: &str, count: usize) {
        for _ in 0..2_000 {
            if self.heard_at(path) >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{} calls at {path} instead of {count}", self.heard_at(path));
    }

    /// What hangs at `/held` fails, and so does what comes there from now on.
    pub(crate) fn let_go(&self) {
        self.service.let_go.send_replace(true);
    }

    pub(crate) fn last(&self) -> Heard {
        self.heard().pop().expect("was called")
    }
}

async fn answer(State(service): State<Arc<Service>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let headers: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let query = uri.query().unwrap_or_default().to_owned();
    let content_type = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
    let incoming = SpiIncoming { query: &query, headers: &headers, content_type, body: &body };
    let verified = receive(&incoming, &Secret::new(SECRET), EpochMs(service.clock.now().0));
    let heard = Heard {
        path: uri.path().to_owned(),
        query: query.clone(),
        verified: verified.map(|call| call.method.name.to_owned()),
        body: String::from_utf8_lossy(&body).into_owned(),
        headers: headers.clone(),
    };
    service.heard.lock().push(heard.clone());
    if heard.path == "/held" {
        // The sender lives as long as the service.
        let mut let_go = service.let_go.subscribe();
        let _gone = let_go.wait_for(|let_go| *let_go).await;
    }
    reply_of(&heard).await
}

/// The habits of services.
async fn reply_of(heard: &Heard) -> Response {
    let json = |text: &str| ([("content-type", "application/json")], text.to_owned()).into_response();
    match heard.path.as_str() {
        "/good" => match &heard.verified {
            Ok(_) => json(r#"{"code":"0","message":"","appKey":"12345678"}"#),
            Err(refusal) => json(&refusal.render().body),
        },
        "/keyless" => json(r#"{"code":"0"}"#),
        "/wrong-sign" => json(r#"{"flag":"failure","sub_code":"sign-check-failure","sub_message":"Illegal request"}"#),
        "/two-hundred" => json(r#"{"code":200,"message":"success"}"#),
        "/success" => json(r#"{"success":true}"#),
        "/later" => json(r#"{"code":"isp.down","message":"later"}"#),
        "/no" => json(r#"{"code":"isv.no","message":"we do not know this seller"}"#),
        "/page" => "<html><body>please log in</body></html>".into_response(),
        "/empty" => StatusCode::OK.into_response(),
        "/moved" => (StatusCode::FOUND, [("location", "http://127.0.0.1:1/good")]).into_response(),
        "/broken" | "/held" => (StatusCode::BAD_GATEWAY, "upstream").into_response(),
        "/forbidden" => StatusCode::FORBIDDEN.into_response(),
        "/silent" => std::future::pending().await,
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
