//! A small HTTP server on this machine for one stand-in: it hands what comes in to a party and sends back what that says.
//! The address is known before the party is: declarations need it first.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use astrolabe_protocol::Secret;
use astrolabe_protocol::answer::Rendered;
use astrolabe_protocol::limits::BODY_BYTES_MAX;
use astrolabe_protocol::spi::{SpiCall, SpiIncoming, SpiRefusal, receive};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock;
use crate::wire::{BaseUrl, NotAnAddress};

/// How long a stop waits for answers that are on their way.
const DRAIN_WITHIN: Duration = Duration::from_secs(2);

/// One request as a party hears it.
#[derive(Debug, Clone)]
pub struct Heard {
    /// GET, POST, …
    pub verb: Method,
    /// The path.
    pub path: String,
    /// The raw query, without `?`.
    pub query: String,
    /// All headers that are text.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Heard {
    /// The Content-Type header.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str())
    }

    /// Reads it as a call from the platform, with the signature checked first.
    ///
    /// # Errors
    /// The refusal to answer with.
    pub fn spi(&self, secret: &Secret) -> Result<SpiCall, SpiRefusal> {
        let incoming = SpiIncoming {
            query: &self.query,
            headers: &self.headers,
            content_type: self.content_type(),
            body: &self.body,
        };
        receive(&incoming, secret, clock::now())
    }
}

/// What a party says to one request.
pub type Saying = Pin<Box<dyn Future<Output = Rendered> + Send>>;

/// Who answers at an address.
pub trait Party: Send + Sync + 'static {
    /// Answers one request.
    fn hear(self: Arc<Self>, heard: Heard) -> Saying;
}

/// What is sent back to one request, to the byte.
pub type Response = axum::response::Response;

/// What stands before something else and passes requests on, or answers in ways no party would.
pub trait Front: Send + Sync + 'static {
    /// Answers one request.
    fn answer(self: Arc<Self>, heard: Heard) -> Pin<Box<dyn Future<Output = Response> + Send>>;
}

/// A party's own front: status 200 and what it says.
struct Polite(Arc<dyn Party>);

impl Front for Polite {
    fn answer(self: Arc<Self>, heard: Heard) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        Box::pin(async move {
            let rendered = Arc::clone(&self.0).hear(heard).await;
            ([("content-type", rendered.content_type)], rendered.body).into_response()
        })
    }
}

type Seat = Arc<OnceLock<Arc<dyn Front>>>;

/// An open address. Until a party sits down, requests get status 503.
pub struct Listener {
    address: SocketAddr,
    seat: Seat,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Listener {
    /// Opens a free port of the loopback address.
    ///
    /// # Errors
    /// No port is free.
    pub async fn open() -> std::io::Result<Self> {
        Self::open_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Opens a given address, which must be a loopback one.
    ///
    /// # Errors
    /// It is taken, or does not belong to this machine alone.
    pub async fn open_at(address: SocketAddr) -> std::io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(std::io::Error::new(
                std::io::ErrorKind::InvalidInput,
                "a stand-in listens on loopback addresses only",
            ));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let seat: Seat = Arc::new(OnceLock::new());
        let (stop, mut stopped) = watch::channel(false);
        let router =
            Router::new().fallback(answer).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(Arc::clone(&seat));
        let task = tokio::spawn(async move {
            let until = async move {
                if stopped.wait_for(|stop| *stop).await.is_err() {
                    tracing::debug!("the listener was dropped");
                }
            };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(until).await {
                tracing::warn!(%error, "a stand-in's listener ended badly");
            }
        });
        Ok(Self { address, seat, stop, task })
    }

    /// The address with a path, as others are told it.
    ///
    /// # Errors
    /// Never for a path of URL characters.
    pub fn url(&self, path: &str) -> Result<BaseUrl, NotAnAddress> {
        BaseUrl::parse(&format!("http://{}{path}", self.address))
    }

    /// Seats the party. The first one stays.
    pub fn seat(&self, party: Arc<dyn Party>) {
        self.seat_front(Arc::new(Polite(party)));
    }

    /// Seats a front. The first one stays.
    pub fn seat_front(&self, front: Arc<dyn Front>) {
        if self.seat.set(front).is_err() {
            tracing::warn!(address = %self.address, "a party sits there already");
        }
    }

    /// Takes no new connection and ends.
    pub async fn close(self) {
        self.stop.send_replace(true);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(DRAIN_WITHIN, self.task).await.is_err() {
            abort.abort();
        }
    }
}

async fn answer(State(seat): State<Seat>, request: Request) -> Response {
    let Some(front) = seat.get().cloned() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let heard = Heard {
        verb: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
    };
    front.answer(heard).await
}
