//! HTTP in, HTTP out: the three router doors, and the published batch door, which only says that it is not served. Status 200 always, errors too: published SDKs throw on any other.
//!
//! No secret, session, field or body goes into a log line or a metric, and no metric is labelled by seller.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use astrolabe_core::ids::AppKey;
use astrolabe_protocol::answer::Rendered;
use astrolabe_protocol::catalogue::{self, Found};
use astrolabe_protocol::{
    Answer, AnswerStyle, Door, Envelope, EpochMs, Incoming, Method, PlatformCode, RequestId, Secret, WireError,
};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, Method as HttpMethod};
use axum::response::Response;
use axum::routing::any;
use futures::FutureExt;
use tokio::time::Instant;

use crate::app::App;
use crate::gateway::admission::Admitted;
use crate::gateway::body::{self, GZIP_ABOVE_BYTES, ReadBody};
use crate::gateway::context::{AppContext, CallContext};
use crate::gateway::handlers::Handler;
use crate::gateway::{admission, handlers, refusals};

/// Where many calls were sent at once. No connector of a merchant's stores needs it, and each may make its calls singly.
const BATCH: &str = "/router/batch";

/// What the doors share.
#[derive(Debug)]
struct Gateway {
    app: Arc<App>,
}

/// The routes of the three doors.
pub fn router(app: &Arc<App>) -> Router {
    let gateway = Arc::new(Gateway { app: Arc::clone(app) });
    Router::new()
        .route("/router/rest", any(top))
        .route("/router/qimen/service", any(qimen))
        .route("/router/qm", any(qimen_cloud))
        .route(BATCH, any(batch))
        .with_state(gateway)
}

async fn top(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    gateway.answer(Door::Top, request).await
}

async fn qimen(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    gateway.answer(Door::Qimen, request).await
}

async fn qimen_cloud(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    gateway.answer(Door::QimenCloud, request).await
}

async fn batch(request: Request) -> Response {
    let request_id = RequestId::new(uuid::Uuid::now_v7().simple().to_string());
    let query = request.uri().query().unwrap_or_default();
    let style = style_of(&Incoming { door: Door::Top, query, content_type: None, body: &[], multipart: None });
    respond(WireError::not_supported(BATCH).render(&style, &request_id), request.headers())
}

/// How a call ended, for metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ended {
    Done,
    /// An answer that says that part of it failed.
    Failed,
    /// A business refusal.
    Refused,
    /// Refused at the door by the platform's table.
    TurnedAway,
    /// Our failure.
    Unavailable,
}

impl Ended {
    fn name(self) -> &'static str {
        match self {
            Ended::Done => "done",
            Ended::Failed => "failed",
            Ended::Refused => "refused",
            Ended::TurnedAway => "turned_away",
            Ended::Unavailable => "unavailable",
        }
    }

    fn of(result: &Result<(&Method, Answer), WireError>) -> Self {
        match result {
            Ok((_, answer)) if answer.failure_code().is_none() => Ended::Done,
            Ok(_) => Ended::Failed,
            Err(error) if error.sub_code().is_some_and(|code| code.starts_with("isp.")) => Ended::Unavailable,
            Err(WireError::Business { .. }) => Ended::Refused,
            Err(WireError::Platform { .. } | WireError::Missing { .. } | WireError::Invalid { .. }) => {
                Ended::TurnedAway
            }
        }
    }
}

impl Gateway {
    async fn answer(&self, door: Door, request: Request) -> Response {
        let started = Instant::now();
        let request_id = RequestId::new(uuid::Uuid::now_v7().simple().to_string());
        let (parts, body) = request.into_parts();
        let query = parts.uri.query().unwrap_or_default();
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let mut incoming = Incoming { door, query, content_type, body: &[], multipart: None };

        let (style, result) = if parts.method == HttpMethod::GET || parts.method == HttpMethod::POST {
            match body::read(&parts.headers, body).await {
                Ok(read) => {
                    incoming.body = if read.multipart.is_some() { &[] } else { &read.bytes };
                    incoming.multipart = read.multipart.as_deref();
                    let called = AssertUnwindSafe(self.call(&incoming, &read)).catch_unwind().await;
                    called.unwrap_or_else(|_panic| {
                        tracing::error!(%request_id, "reading a call panicked");
                        (AnswerStyle::of_door(door), Err(refusals::bug()))
                    })
                }
                Err(error) => (style_of(&incoming), Err(error)),
            }
        } else {
            (style_of(&incoming), Err(WireError::platform(PlatformCode::HttpActionNotAllowed)))
        };
        note(&style, &result, &request_id, started);
        let rendered = match result {
            Ok((method, answer)) => answer.render(method, &style, &request_id),
            Err(error) => error.render(&style, &request_id),
        };
        respond(rendered, &parts.headers)
    }

    async fn call(
        &self,
        incoming: &Incoming<'_>,
        read: &ReadBody,
    ) -> (AnswerStyle, Result<(&'static Method, Answer), WireError>) {
        match Envelope::parse(incoming) {
            Ok(envelope) => {
                let result = self.serve(&envelope, read).await;
                (envelope.style().clone(), result)
            }
            Err(refused) => (refused.style, Err(refused.error)),
        }
    }

    async fn serve(&self, envelope: &Envelope, read: &ReadBody) -> Result<(&'static Method, Answer), WireError> {
        let directory = self.app.directory.get();
        let now = self.app.clock.now();
        let caller = AppKey(envelope.app_key().as_str().to_owned());
        let app = directory.app(&caller).ok_or_else(|| WireError::platform(PlatformCode::InvalidAppKey))?;
        envelope.verify(&Secret::new(app.row.secret.as_str()), EpochMs(now.0))?;
        let call = envelope.decode(&|name| app.row.allowed_parameters.iter().any(|allowed| allowed == name))?;
        if read.bytes.len() > call.method.body_bytes_max {
            let most = call.method.body_bytes_max;
            let why = format!("a body longer than {most} bytes");
            return Err(WireError::platform_because(PlatformCode::InvalidArguments, why));
        }
        let method = call.method;
        let app = Arc::clone(&self.app);
        let answer = match handlers::find(method.name) {
            Some(Handler::OfApp(handler)) => {
                admission::admit_app(&directory, &caller, &call)?;
                let context = AppContext { app, call, caller, directory };
                caught(method, handler(&context)).await
            }
            Some(Handler::OfSeller(handler)) => {
                let Admitted { seller, roles } = admission::admit(&directory, &caller, &call)?;
                let context = CallContext { app, call, caller, seller, roles, now };
                caught(method, handler(&context)).await
            }
            None => {
                admission::admit(&directory, &caller, &call)?;
                Err(refusals::not_supported(method.name))
            }
        };
        answer.map(|answer| (method, answer))
    }
}

/// A handler that panics fails its own call and no other.
async fn caught(
    method: &Method,
    handled: impl Future<Output = Result<Answer, WireError>>,
) -> Result<Answer, WireError> {
    AssertUnwindSafe(handled).catch_unwind().await.unwrap_or_else(|_panic| {
        tracing::error!(method = method.name, "a handler panicked");
        Err(refusals::bug())
    })
}

/// How to refuse a request whose body was not read: what its query says.
fn style_of(incoming: &Incoming<'_>) -> AnswerStyle {
    let head_only = Incoming { body: &[], multipart: None, ..*incoming };
    match Envelope::parse(&head_only) {
        Ok(envelope) => envelope.style().clone(),
        Err(refused) => refused.style,
    }
}

fn note(
    style: &AnswerStyle,
    result: &Result<(&'static Method, Answer), WireError>,
    request_id: &RequestId,
    started: Instant,
) {
    // What the caller wrote as a method is a label only if it is one.
    let method = match catalogue::find_inward(&style.method) {
        Some(Found::Method(method, _)) => method.name,
        Some(Found::NotSupported(name)) => name,
        None => "unknown",
    };
    let door = match style.door {
        Door::Top => "top",
        Door::Qimen => "qimen",
        Door::QimenCloud => "qimen_cloud",
    };
    let ended = Ended::of(result).name();
    let took = started.elapsed();
    metrics::counter!("astrolabe_gateway_calls_total", "method" => method, "door" => door, "outcome" => ended)
        .increment(1);
    metrics::histogram!("astrolabe_gateway_call_seconds", "door" => door).record(took.as_secs_f64());
    match result {
        Ok(_) => tracing::debug!(%request_id, method, door, ended, ?took, "call answered"),
        Err(error) => {
            let (code, sub_code) = (error.code().number(), error.sub_code());
            tracing::info!(%request_id, method, door, ended, ?took, code, sub_code = sub_code.as_deref(), "call refused");
        }
    }
}

fn respond(rendered: Rendered, request_headers: &HeaderMap) -> Response {
    let plain = rendered.body.into_bytes();
    let zipped =
        (plain.len() > GZIP_ABOVE_BYTES && body::accepts_gzip(request_headers)).then(|| body::zip(&plain)).flatten();
    let is_zipped = zipped.is_some();
    let mut response = Response::new(Body::from(zipped.unwrap_or(plain)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(rendered.content_type));
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if is_zipped {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
