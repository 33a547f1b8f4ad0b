//! What a caller is told when a call is refused: the published platform table, and business refusals.
//!
//! The crate itself raises platform errors only; the server makes the business ones ([`WireError::business`]) from its
//! own closed list, one sub_code a refusal. How they look in each shape is [`crate::answer`]'s matter.

use std::borrow::Cow;

macro_rules! platform_codes {
    ($($name:ident = $code:literal, $msg:literal;)*) => {
        /// The platform's error table (`wire.md` §1).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum PlatformCode { $(#[doc = $msg] $name,)* }

        impl PlatformCode {
            /// Every code, ascending.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Self::$name => $code,)* }
            }

            /// The published `msg`, in the wire's sentence case.
            #[must_use]
            pub const fn msg(self) -> &'static str {
                match self { $(Self::$name => $msg,)* }
            }
        }
    };
}

platform_codes! {
    UploadFail = 3, "Upload fail";
    UserCallLimited = 4, "User call limited";
    SessionCallLimited = 5, "Session call limited";
    PartnerCallLimited = 6, "Partner call limited";
    AppCallLimited = 7, "App call limited";
    AppCallExceedsFrequency = 8, "App call exceeds limited frequency";
    HttpActionNotAllowed = 9, "Http action not allowed";
    ServiceUnavailable = 10, "Service currently unavailable";
    InsufficientIsvPermissions = 11, "Insufficient isv permissions";
    InsufficientUserPermissions = 12, "Insufficient user permissions";
    InsufficientPartnerPermissions = 13, "Insufficient partner permissions";
    RemoteServiceError = 15, "Remote service error";
    MissingMethod = 21, "Missing method";
    InvalidMethod = 22, "Invalid method";
    InvalidFormat = 23, "Invalid format";
    MissingSignature = 24, "Missing signature";
    InvalidSignature = 25, "Invalid signature";
    MissingSession = 26, "Missing session";
    InvalidSession = 27, "Invalid session";
    MissingAppKey = 28, "Missing app key";
    InvalidAppKey = 29, "Invalid app key";
    MissingTimestamp = 30, "Missing timestamp";
    InvalidTimestamp = 31, "Invalid timestamp";
    MissingVersion = 32, "Missing version";
    InvalidVersion = 33, "Invalid version";
    UnsupportedVersion = 34, "Unsupported version";
    MissingArguments = 40, "Missing required arguments";
    InvalidArguments = 41, "Invalid arguments";
    ForbiddenRequest = 42, "Forbidden request";
    ParameterError = 43, "Parameter error";
    InvalidEncoding = 47, "Invalid encoding";
}

/// A refusal as the wire can say it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A platform error without a parameter.
    #[error("{}{}", .code.msg(), colon(.detail))]
    Platform {
        /// The row of the published table.
        code: PlatformCode,
        /// A published `sub_code`, such as `isv.timestamp-limit-error`.
        sub_code: Option<Cow<'static, str>>,
        /// What to tell the caller beside the published `msg`.
        detail: Option<String>,
    },
    /// Platform 40: a required parameter is absent or empty.
    #[error("Missing required arguments:{name}")]
    Missing {
        /// The parameter as the asked shape writes it.
        name: String,
    },
    /// Platform 41: a parameter that the method does not define, or whose value it cannot take.
    #[error("Invalid arguments:{name} {why}")]
    Invalid {
        /// The parameter as the asked shape writes it.
        name: String,
        /// A sentence's end: "is longer than 50 characters".
        why: Cow<'static, str>,
    },
    /// Code 15 with a sub_code of ours: `isv.…` (the caller must change something) or `isp.…` (try again later).
    #[error("{sub_code}: {sub_msg}")]
    Business {
        /// One refusal, one sub_code.
        sub_code: Cow<'static, str>,
        /// A sentence for a person.
        sub_msg: String,
    },
}

impl WireError {
    /// A platform error as published.
    #[must_use]
    pub fn platform(code: PlatformCode) -> Self {
        Self::Platform { code, sub_code: None, detail: None }
    }

    /// A platform error with a sentence of its own.
    #[must_use]
    pub fn platform_because(code: PlatformCode, detail: impl Into<String>) -> Self {
        Self::Platform { code, sub_code: None, detail: Some(detail.into()) }
    }

    /// A platform error with a published sub_code and a sentence.
    #[must_use]
    pub fn platform_sub(code: PlatformCode, sub_code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::Platform { code, sub_code: Some(sub_code.into()), detail: Some(detail.into()) }
    }

    /// Platform 40 for that parameter.
    #[must_use]
    pub fn missing(name: impl Into<String>) -> Self {
        Self::Missing { name: name.into() }
    }

    /// Platform 41 for that parameter.
    #[must_use]
    pub fn invalid(name: impl Into<String>, why: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid { name: name.into(), why: why.into() }
    }

    /// A business refusal.
    #[must_use]
    pub fn business(sub_code: impl Into<Cow<'static, str>>, sub_msg: impl Into<String>) -> Self {
        Self::Business { sub_code: sub_code.into(), sub_msg: sub_msg.into() }
    }

    /// What a method answers that exists in the documents and not in this platform.
    #[must_use]
    pub fn not_supported(method: &str) -> Self {
        Self::business("isv.not-supported", format!("{method} is not served by this platform"))
    }

    /// The row of the platform table it is sent under.
    #[must_use]
    pub fn code(&self) -> PlatformCode {
        match self {
            Self::Platform { code, .. } => *code,
            Self::Missing { .. } => PlatformCode::MissingArguments,
            Self::Invalid { .. } => PlatformCode::InvalidArguments,
            Self::Business { .. } => PlatformCode::RemoteServiceError,
        }
    }

    /// The `msg` on the wire.
    #[must_use]
    pub fn msg(&self) -> String {
        match self {
            Self::Platform { code, .. } => code.msg().to_owned(),
            Self::Missing { name } | Self::Invalid { name, .. } => format!("{}:{name}", self.code().msg()),
            Self::Business { .. } => PlatformCode::RemoteServiceError.msg().to_owned(),
        }
    }

    /// The `sub_code` on the wire.
    #[must_use]
    pub fn sub_code(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Platform { sub_code, .. } => sub_code.as_deref().map(Cow::Borrowed),
            Self::Missing { name } => Some(Cow::Owned(format!("isv.missing-parameter:{name}"))),
            Self::Invalid { name, .. } => Some(Cow::Owned(format!("isv.invalid-parameter:{name}"))),
            Self::Business { sub_code, .. } => Some(Cow::Borrowed(sub_code)),
        }
    }

    /// The `sub_msg` on the wire.
    #[must_use]
    pub fn sub_msg(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Platform { detail, .. } => detail.as_deref().map(Cow::Borrowed),
            Self::Missing { name } => Some(Cow::Owned(format!("{name} is required"))),
            Self::Invalid { name, why } => Some(Cow::Owned(format!("{name} {why}"))),
            Self::Business { sub_msg, .. } => Some(Cow::Borrowed(sub_msg)),
        }
    }
}

fn colon(detail: &Option<String>) -> String {
    detail.as_ref().map(|text| format!(": {text}")).unwrap_or_default()
}
