//! A request envelope in three steps, so that the server can look up the secret in between: [`Envelope::parse`],
//! [`Envelope::verify`], [`Envelope::decode`].
//!
//! It knows the system parameters, where each door keeps them, and what is refused before any use. It does not know apps,
//! sessions, grants or clocks: the server brings secret and time and judges the session. Multipart bodies and gzip are the
//! server's; it hands multipart text parts over as pairs (file parts are never signed).

use std::fmt;

use crate::answer::{AnswerStyle, Format};
use crate::catalogue::{self, Alias, Doors, Found, Method};
use crate::error::{PlatformCode, WireError};
use crate::fields::Names;
use crate::fields::decode::Reading;
use crate::json;
use crate::limits::{QUERY_BYTES_MAX, TIMESTAMP_SKEW_MS_MAX};
use crate::pairs::{self, Charset, Pairs};
use crate::sign::{self, SignMethod};
use crate::time::{self, EpochMs};
use crate::value::{Fields, Value};
use crate::{AppKey, Secret, xml};

/// Where a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// `/router/rest`: TOP forms.
    Top,
    /// `/router/qimen/service`: classic Qimen, XML body.
    Qimen,
    /// `/router/qm`: Qimen cloud, form or JSON.
    QimenCloud,
}

impl Door {
    /// The path it is served at.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Top => "/router/rest",
            Self::Qimen => "/router/qimen/service",
            Self::QimenCloud => "/router/qm",
        }
    }
}

/// One HTTP request as the server read it.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// Which door.
    pub door: Door,
    /// The raw query string, without `?`.
    pub query: &'a str,
    /// The Content-Type header.
    pub content_type: Option<&'a str>,
    /// The body, unzipped; empty if it was multipart.
    pub body: &'a [u8],
    /// The text parts of a multipart body, decoded.
    pub multipart: Option<&'a [(String, String)]>,
}

/// A refusal before decoding, with the style to say it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What to say.
    pub error: WireError,
    /// How, as far as the request said it.
    pub style: AnswerStyle,
}

/// A parsed, not yet verified request.
#[derive(Clone)]
pub struct Envelope {
    style: AnswerStyle,
    system: System,
    pairs: Pairs,
    raw_body: Option<Vec<u8>>,
    body_bytes: usize,
    charset: Charset,
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Fields may hold buyers' data; the envelope alone is enough for a log line.
        f.debug_struct("Envelope")
            .field("method", &self.style.method)
            .field("app_key", &self.system.app_key)
            .finish_non_exhaustive()
    }
}

/// The system parameters as they were sent.
#[derive(Debug, Clone, Default)]
struct System {
    app_key: String,
    session: Option<String>,
    customer_id: Option<String>,
    target_app_key: Option<String>,
    timestamp: String,
    version: String,
    sign_method: Option<String>,
    sign: String,
}

/// A decoded call, ready for its handler.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: &'static Method,
    /// The alias it was called by, if it was one.
    pub alias: Option<&'static Alias>,
    /// Where it came in.
    pub door: Door,
    /// Who calls.
    pub app_key: AppKey,
    /// The session, where one was sent.
    pub session: Option<String>,
    /// Qimen's `customerId`: the seller's id as text.
    pub customer_id: Option<String>,
    /// The ISV's app of a Qimen cloud call.
    pub target_app_key: Option<String>,
    /// The signature in upper case: with the app key, the key of a stored answer.
    pub sign: String,
    /// The decoded fields, under TOP names.
    pub fields: Fields,
}

const SYSTEM: &[&str] = &[
    "method",
    "app_key",
    "session",
    "timestamp",
    "v",
    "sign_method",
    "sign",
    "format",
    "simplify",
    "partner_id",
    "target_app_key",
];
/// Qimen's own system parameters.
const SYSTEM_QIMEN: &[&str] = &["customerId", "customer_id"];

/// Whether a parameter is a system one at that door.
#[must_use]
pub fn is_system_parameter(door: Door, name: &str) -> bool {
    SYSTEM.contains(&name)
        || match door {
            Door::Top => false,
            Door::Qimen | Door::QimenCloud => SYSTEM_QIMEN.contains(&name),
        }
}

impl Envelope {
    /// Splits a request into parameters and finds the system ones. Nothing is trusted yet.
    ///
    /// # Errors
    /// Broken encoding, duplicates, empty names, and missing or unknown system parameters, each with its platform code.
    pub fn parse(incoming: &Incoming<'_>) -> Result<Self, Refused> {
        let mut style = AnswerStyle::of_door(incoming.door);
        match Self::parse_styled(incoming, &mut style) {
            Ok(envelope) => Ok(envelope),
            Err(error) => Err(Refused { error, style }),
        }
    }

    fn parse_styled(incoming: &Incoming<'_>, style: &mut AnswerStyle) -> Result<Self, WireError> {
        if incoming.query.len() > QUERY_BYTES_MAX {
            style.learn(&pairs::legible(&incoming.query.as_bytes()[..QUERY_BYTES_MAX], Charset::Utf8));
            return Err(WireError::platform_because(
                PlatformCode::InvalidArguments,
                format!("a query longer than {QUERY_BYTES_MAX} bytes"),
            ));
        }
        let query = incoming.query.as_bytes();
        let mut all = pairs::parse(query, Charset::Utf8)
            .inspect_err(|_refused| style.learn(&pairs::legible(query, Charset::Utf8)))?;
        style.learn(&all);
        let charset = Charset::of_content_type(incoming.content_type)?;
        let mut raw_body = None;
        match body_of(incoming, charset)? {
            Body::Pairs(form) => all.extend(form),
            Body::Raw(bytes) => raw_body = Some(bytes.to_vec()),
            Body::None => {}
        }
        style.learn(&all);
        pairs::refuse_duplicates(&all)?;
        style.check(&all)?;
        let system = System::of(&all)?;
        Ok(Self { style: style.clone(), system, pairs: all, raw_body, body_bytes: incoming.body.len(), charset })
    }

    /// Who says to be calling.
    #[must_use]
    pub fn app_key(&self) -> AppKey {
        AppKey::new(self.system.app_key.clone())
    }

    /// The session, where one was sent.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.system.session.as_deref()
    }

    /// Qimen's `customerId`, where one was sent.
    #[must_use]
    pub fn customer_id(&self) -> Option<&str> {
        self.system.customer_id.as_deref()
    }

    /// The method as it was called.
    #[must_use]
    pub fn method_name(&self) -> &str {
        &self.style.method
    }

    /// How the answer is to be written.
    #[must_use]
    pub fn style(&self) -> &AnswerStyle {
        &self.style
    }

    /// Checks the signature first, then the clock: a wrong secret learns nothing about it.
    ///
    /// # Errors
    /// Platform 25 for the signature, 31 for a timestamp that is none or lies more than ten minutes off `now`.
    pub fn verify(&self, secret: &Secret, now: EpochMs) -> Result<(), WireError> {
        if !self.signature_holds(secret) {
            return Err(WireError::platform(PlatformCode::InvalidSignature));
        }
        let Some(sent) = time::parse_timestamp(&self.system.timestamp) else {
            return Err(WireError::platform(PlatformCode::InvalidTimestamp));
        };
        match now.0.checked_sub(sent.0).map(i64::abs) {
            Some(skew) if skew <= TIMESTAMP_SKEW_MS_MAX => Ok(()),
            Some(_) | None => Err(WireError::platform_sub(
                PlatformCode::InvalidTimestamp,
                "isv.timestamp-limit-error",
                "the timestamp lies more than 10 minutes from the platform's clock (GMT+8)",
            )),
        }
    }

    fn signature_holds(&self, secret: &Secret) -> bool {
        let body = self.raw_body.as_deref();
        let received = &self.system.sign;
        match self.system.sign_method.as_deref() {
            Some(name) => SignMethod::parse(name)
                .is_some_and(|method| sign::same(&sign::sign(method, secret, &self.pairs, body), received)),
            // The client of 2012 names no method; see `sign_legacy` for why its rule stops at raw bodies.
            None => {
                let plain = sign::same(&sign::sign(SignMethod::Md5, secret, &self.pairs, body), received);
                plain || (body.is_none() && sign::same(&sign::sign_legacy(secret, &self.pairs), received))
            }
        }
    }

    /// Decodes the fields by the catalogue. Call it after [`Self::verify`]: the refusal of undefined parameters is what makes
    /// the signature mean what it says. `allowed_unknown` is the operator's per-app list.
    ///
    /// # Errors
    /// Platform 22 for an unknown method, 40 and 41 naming a parameter, `isv.not-supported`.
    pub fn decode(&self, allowed_unknown: &dyn Fn(&str) -> bool) -> Result<Call, WireError> {
        let (method, alias) = match catalogue::find_inward(&self.style.method) {
            Some(Found::Method(method, alias)) => (method, alias),
            Some(Found::NotSupported(name)) => return Err(WireError::not_supported(name)),
            None => return Err(WireError::platform(PlatformCode::InvalidMethod)),
        };
        self.decode_as(method, alias, allowed_unknown)
    }

    /// Decodes a call that the platform makes outward, at a channel's own gateway. Call it after [`Self::verify`].
    ///
    /// # Errors
    /// As [`Self::decode`]; a channel is called by none but its own methods.
    pub fn decode_at_channel(&self) -> Result<Call, WireError> {
        match catalogue::find_outward(&self.style.method) {
            Some(method) => self.decode_as(method, None, &|_| false),
            None => Err(WireError::platform(PlatformCode::InvalidMethod)),
        }
    }

    fn decode_as(
        &self,
        method: &'static Method,
        alias: Option<&'static Alias>,
        allowed_unknown: &dyn Fn(&str) -> bool,
    ) -> Result<Call, WireError> {
        let served = match (self.style.door, method.doors) {
            (Door::Top, Doors::Top | Doors::TopAndQimen) | (Door::Qimen | Door::QimenCloud, Doors::TopAndQimen) => true,
            (Door::Qimen | Door::QimenCloud, Doors::Top) | (_, Doors::Spi) => false,
        };
        if !served {
            return Err(WireError::platform_because(
                PlatformCode::InvalidMethod,
                "the method does not exist at this door",
            ));
        }
        if self.body_bytes > method.body_bytes_max {
            return Err(WireError::platform_because(
                PlatformCode::InvalidArguments,
                format!("a body longer than {} bytes", method.body_bytes_max),
            ));
        }
        let mut fields = match self.style.door {
            Door::Top => self.decode_form(method, allowed_unknown)?,
            Door::Qimen => self.decode_xml(method, allowed_unknown)?,
            Door::QimenCloud => self.decode_cloud(method, allowed_unknown)?,
        };
        inherit(method, &mut fields);
        Ok(Call {
            method,
            alias,
            door: self.style.door,
            app_key: self.app_key(),
            session: self.system.session.clone(),
            customer_id: self.system.customer_id.clone(),
            target_app_key: self.system.target_app_key.clone(),
            sign: self.system.sign.to_ascii_uppercase(),
            fields,
        })
    }

    fn field_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let door = self.style.door;
        self.pairs
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .filter(move |(name, _)| !is_system_parameter(door, name))
    }

    fn refuse_unknown(&self, allowed: &dyn Fn(&str) -> bool) -> Result<(), WireError> {
        match self.field_pairs().find(|(name, _)| !allowed(name)) {
            Some((name, _)) => Err(WireError::invalid(name, "is not a system parameter")),
            None => Ok(()),
        }
    }

    fn decode_form(&self, method: &'static Method, allowed: &dyn Fn(&str) -> bool) -> Result<Fields, WireError> {
        Reading::request(Names::Top).form(method.fields, self.field_pairs(), allowed, false)
    }

    fn decode_xml(&self, method: &'static Method, allowed: &dyn Fn(&str) -> bool) -> Result<Fields, WireError> {
        self.refuse_unknown(allowed)?;
        let text = self.charset.decode(self.raw_body.as_deref().unwrap_or_default())?;
        let document = xml::parse(&text)
            .map_err(|error| WireError::platform_because(PlatformCode::InvalidArguments, error.to_string()))?;
        let root = document.root();
        if root.name() != "request" {
            return Err(WireError::platform_because(PlatformCode::InvalidArguments, "the root element is not request"));
        }
        Reading::request(Names::Qimen).xml_children(method.fields, root.children())
    }

    fn decode_cloud(&self, method: &'static Method, allowed: &dyn Fn(&str) -> bool) -> Result<Fields, WireError> {
        let Some(body) = self.raw_body.as_deref() else {
            return Reading::request(Names::Top).form(method.fields, self.field_pairs(), allowed, true);
        };
        self.refuse_unknown(allowed)?;
        let text = self.charset.decode(body)?;
        let parsed = json::parse(&text)
            .map_err(|error| WireError::platform_because(PlatformCode::InvalidArguments, error.to_string()))?;
        let Some(Value::Struct(members)) = parsed else {
            return Err(WireError::platform_because(PlatformCode::InvalidArguments, "the body is not a JSON object"));
        };
        let members = match members.get("request") {
            Some(Value::Struct(inner)) if members.len() == 1 => inner.clone(),
            Some(_) | None => members,
        };
        Reading::request(Names::Top).json_members(method.fields, members)
    }
}

impl System {
    fn of(pairs: &[(String, String)]) -> Result<Self, WireError> {
        let given =
            |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).filter(|v| !v.is_empty());
        let required = |name: &str, code| given(name).ok_or_else(|| WireError::platform(code));
        required("method", PlatformCode::MissingMethod)?;
        let system = Self {
            app_key: required("app_key", PlatformCode::MissingAppKey)?,
            sign: required("sign", PlatformCode::MissingSignature)?,
            timestamp: required("timestamp", PlatformCode::MissingTimestamp)?,
            version: required("v", PlatformCode::MissingVersion)?,
            session: given("session"),
            customer_id: given("customerId").or_else(|| given("customer_id")),
            target_app_key: given("target_app_key"),
            sign_method: given("sign_method"),
        };
        match system.version.as_str() {
            "2.0" | "1.0" => Ok(system),
            _ => Err(WireError::platform(PlatformCode::UnsupportedVersion)),
        }
    }
}

enum Body<'a> {
    Pairs(Pairs),
    Raw(&'a [u8]),
    None,
}

fn body_of<'a>(incoming: &Incoming<'a>, charset: Charset) -> Result<Body<'a>, WireError> {
    if let Some(parts) = incoming.multipart {
        return match incoming.door {
            Door::Top | Door::QimenCloud if parts.iter().all(|(name, _)| !name.is_empty()) => {
                Ok(Body::Pairs(parts.to_vec()))
            }
            Door::Top | Door::QimenCloud => {
                Err(WireError::platform_because(PlatformCode::InvalidArguments, "a parameter without a name"))
            }
            Door::Qimen => {
                Err(WireError::platform_because(PlatformCode::ParameterError, "a multipart body where XML is spoken"))
            }
        };
    }
    if incoming.door == Door::Qimen {
        // Whatever the Content-Type: curl-based clients post XML as a form.
        return Ok(Body::Raw(incoming.body));
    }
    if incoming.body.is_empty() {
        return Ok(Body::None);
    }
    let media = pairs::media_type(incoming.content_type);
    match (incoming.door, media.as_deref()) {
        (_, None | Some("application/x-www-form-urlencoded")) => pairs::parse(incoming.body, charset).map(Body::Pairs),
        (Door::QimenCloud, Some("application/json" | "text/json" | "text/plain")) => Ok(Body::Raw(incoming.body)),
        (Door::Top | Door::Qimen | Door::QimenCloud, Some(other)) => Err(WireError::platform_because(
            PlatformCode::ParameterError,
            format!("Content-Type {other} is not spoken at this door"),
        )),
    }
}

/// Gives list items the head's fields they lack: the white paper's flat forms then read like the published ones.
fn inherit(method: &Method, fields: &mut Fields) {
    let Some((list, names)) = method.inherited else {
        return;
    };
    let heads: Vec<(&'static str, Value)> =
        names.iter().filter_map(|name| fields.get(name).map(|value| (*name, value.clone()))).collect();
    let Some(Value::List(items)) = fields.get_mut(list) else {
        return;
    };
    for item in items {
        let Value::Struct(members) = item else { continue };
        for (name, value) in &heads {
            if !members.has(name) {
                members.push(*name, value.clone());
            }
        }
    }
}

impl AnswerStyle {
    /// Takes what the parameters say about the answer, leaving what they do not say.
    fn learn(&mut self, pairs: &[(String, String)]) {
        for (name, value) in pairs {
            match name.as_str() {
                "method" => self.method.clone_from(value),
                "format" => self.format = Format::parse(self.door, value).unwrap_or(self.format),
                "simplify" => self.simplify = value == "true",
                _ => {}
            }
        }
    }

    fn check(&self, pairs: &[(String, String)]) -> Result<(), WireError> {
        let format = pairs.iter().find(|(name, _)| name == "format").map(|(_, value)| value.as_str());
        match format {
            Some(value) if Format::parse(self.door, value).is_none() => {
                Err(WireError::platform(PlatformCode::InvalidFormat))
            }
            Some(_) | None => Ok(()),
        }
    }
}
