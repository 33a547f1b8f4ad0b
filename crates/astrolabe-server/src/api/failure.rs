//! Errors of the REST side: a stable code, a sentence, the field where there is one, and an HTTP status.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::LaneError;
use crate::gateway::refusal_code;

/// An error as it leaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiFailure {
    pub status: StatusCode,
    pub body: ErrorBody,
}

/// `{"error":{…}}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    pub error: ErrorDetail,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// Stable; the same `isv.…` code that the router doors give.
    pub code: String,
    /// For people.
    pub message: String,
    /// The field or JSON path that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl ApiFailure {
    /// An error with a code and a sentence.
    pub fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        let error = ErrorDetail { code: code.into(), message: message.into(), field: None };
        Self { status, body: ErrorBody { error } }
    }

    /// A field of the request that cannot be used.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let mut failure = Self::new(StatusCode::BAD_REQUEST, "isv.invalid-parameter", message);
        failure.body.error.field = Some(field.into());
        failure
    }

    /// No token, or one that opens nothing.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "isv.invalid-permission", "a valid bearer token is needed")
    }

    /// A token that does not open this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "isv.invalid-permission", message)
    }

    /// Something that does not exist, for this caller.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "isv.not-found", what)
    }

    /// Something that cannot happen unless we are wrong.
    pub fn fault(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "isp.unknown-error", "the answer cannot be made")
    }

    /// The database failed.
    pub fn storage(error: &astrolabe_store::StoreError) -> Self {
        tracing::warn!(%error, "a request failed in the database");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "isp.remote-service-error",
            "storage is unavailable; repeat the call",
        )
    }
}

impl From<LaneError> for ApiFailure {
    fn from(error: LaneError) -> Self {
        match error {
            LaneError::Refused(refusal) => Self::new(StatusCode::CONFLICT, refusal_code(&refusal), refusal.to_string()),
            LaneError::Busy => Self::new(StatusCode::TOO_MANY_REQUESTS, "isp.call-limited", error.to_string()),
            LaneError::Storage(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "isp.remote-service-error",
                "storage is unavailable; repeat the call",
            ),
            LaneError::TimedOut => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "isp.remote-service-timeout",
                "no answer in time; repeat the call",
            ),
            LaneError::Bug => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "isp.unknown-error", error.to_string()),
        }
    }
}

impl IntoResponse for ApiFailure {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
