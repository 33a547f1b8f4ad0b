//! The load generator. Two scenarios: [`hot_sku`] (`astrolabe.stock.reserve` / `release` on one cell) and [`lifecycle`] (mode
//! 3.3: a paid trade by the channel door, one `allocatedinfo.sync` to a local sink, a signed accept, a signed ship). It checks that
//! answers are successes, not what they say; the stand-ins and tests do that.

pub mod hot_sku;
pub mod lifecycle;
mod line;
mod pace;
mod report;

use std::io;

use astrolabe_protocol::catalogue::{Found, find_inward};
use astrolabe_protocol::client::{Credentials, Outgoing, Shape, build};
use astrolabe_protocol::{Fields, Method};

pub use line::{Line, Post};
pub use pace::{Pace, Schedule, Window};
pub use report::{Report, Seen, StepReport};

use crate::clock;
use crate::wire::{BaseUrl, door_path};

/// What every scenario is told.
#[derive(Debug, Clone)]
pub struct LoadSpec {
    /// The server.
    pub server: BaseUrl,
    /// Connections.
    pub connections: usize,
    /// How fast.
    pub pace: Pace,
    /// How long.
    pub window: Window,
}

impl LoadSpec {
    fn offered(&self) -> Option<f64> {
        match self.pace {
            Pace::Closed => None,
            Pace::Open { per_second } => Some(per_second),
        }
    }
}

/// Why a load could not be put on.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No connection, or no address for the sink.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The catalogue lacks a method: this program and its protocol do not fit.
    #[error("there is no method {0}")]
    NoSuchMethod(&'static str),
    /// The merchant cannot carry this scenario.
    #[error("{0}")]
    Merchant(&'static str),
}

/// A method to call many times by one app.
#[derive(Debug, Clone)]
struct Caller {
    method: &'static Method,
    credentials: Credentials,
}

impl Caller {
    fn new(name: &'static str, credentials: &Credentials) -> Result<Self, LoadError> {
        match find_inward(name) {
            Some(Found::Method(method, _)) => Ok(Self { method, credentials: credentials.clone() }),
            Some(Found::NotSupported(_)) | None => Err(LoadError::NoSuchMethod(name)),
        }
    }

    /// One signed TOP call on a connection.
    async fn call(&self, line: &mut Line, fields: &Fields) -> Result<(), StepError> {
        let request = build(&Outgoing::new(self.method, fields, Shape::TopJson), &self.credentials, clock::now());
        let target = format!("{}?{}", door_path(request.door), request.query);
        let post = Post { target: &target, content_type: request.content_type, bearer: None, body: &request.body };
        match line.post(post).await {
            Err(error) => Err(StepError::Broken(error)),
            Ok((200, body)) if is_success(body) => Ok(()),
            Ok((200, body)) => Err(StepError::Refused(what_failed(body))),
            Ok((status, _)) => Err(StepError::Refused(format!("status {status}"))),
        }
    }
}

/// Why a step was not done. The texts are short, so that equal ones count together.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error("{0}")]
    Refused(String),
    #[error("connection: {0}")]
    Broken(io::Error),
}

impl StepError {
    fn is_refusal(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Broken(_) => false,
        }
    }
}

/// TOP errors have one root; a failure inside an answer does not occur in these methods.
fn is_success(body: &[u8]) -> bool {
    !body.starts_with(b"{\"error_response\"")
}

fn what_failed(body: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &json["error_response"];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    format!("{} {} {}", error["code"], text("msg"), text("sub_code"))
}

/// Merges what the connections saw; a task that died is an error in the report.
async fn gather(mut tasks: tokio::task::JoinSet<Seen>) -> Seen {
    let mut all = Seen::default();
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok(seen) => all.merge(seen),
            Err(error) => all.error(error.to_string()),
        }
    }
    all
}
