//! Calls from the platform to an ISV (SPI, white paper §6.6, §7; rule in `wire.md` §2): building and reading them, both ends.
//!
//! The platform's side is [`build`] and [`parse_reply`]; the ISV's side, for stand-ins and tests, is [`receive`] and [`reply`].
//! Nothing is sent here, and no attempt is counted: that is the outbox's.

use crate::answer::{Rendered, response_root};
use crate::catalogue::{self, Doors, Method};
use crate::error::WireError;
use crate::fields::Names;
use crate::fields::decode::Reading;
use crate::fields::encode::{Writing, leaf_text};
use crate::json;
use crate::limits::{SIGNED_HEADERS_MAX, SPI_AGE_MS_MAX};
use crate::pairs::{self, Charset, Pairs};
use crate::sign;
use crate::time::{self, EpochMs};
use crate::value::{Fields, Value};
use crate::xml::{self, Element, Writer};
use crate::{AppKey, Secret};

/// The header that lists which other headers are signed.
pub const SIGN_LIST: &str = "top-sign-list";

/// How the body of an outward call is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpiBody {
    /// A form: scalars as text, lists and structs as JSON text.
    Form,
    /// A JSON object.
    Json,
}

/// What identifies and signs an outward call.
#[derive(Debug, Clone, Copy)]
pub struct SpiCaller<'a> {
    /// The receiving app's key.
    pub app_key: &'a AppKey,
    /// Its secret.
    pub secret: &'a Secret,
    /// Headers to send and sign; usually none.
    pub signed_headers: &'a [(String, String)],
}

/// An outward call, to be POSTed to [`SpiRequest::url`].
#[derive(Debug, Clone)]
pub struct SpiRequest {
    /// Headers beside Content-Type.
    pub headers: Pairs,
    /// The Content-Type header.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    query: Pairs,
    signed: Pairs,
    signs_body: bool,
    secret: Secret,
}

impl SpiRequest {
    /// The address to POST to: the registered one with our query and the signature added.
    ///
    /// The signature is made here because a receiver signs the whole query it got, so that parameters of the registered address
    /// itself count.
    #[must_use]
    pub fn url(&self, address: &str) -> String {
        let address = address.split_once('#').map_or(address, |(before, _)| before);
        let (base, own) = address.split_once('?').unwrap_or((address, ""));
        let mut signed = self.signed.clone();
        // A query that is no list of pairs cannot be signed: the receiver's refusal will say so.
        signed.extend(pairs::parse(own.as_bytes(), Charset::Utf8).unwrap_or_default());
        let sign = sign::sign_spi(&self.secret, &signed, self.signs_body.then_some(&self.body));
        let mut query = self.query.clone();
        query.push((sign::SIGN.to_owned(), sign));
        let separator = if own.is_empty() { "" } else { "&" };
        format!("{base}?{own}{separator}{}", pairs::write_query(&query))
    }
}

/// Builds an outward call at `now`.
#[must_use]
pub fn build(
    method: &'static Method,
    fields: &Fields,
    caller: &SpiCaller<'_>,
    body: SpiBody,
    now: EpochMs,
) -> SpiRequest {
    let query: Pairs = [
        ("method", method.name),
        ("app_key", caller.app_key.as_str()),
        ("timestamp", &time::format_datetime(now)),
        ("format", "json"),
        ("v", "2.0"),
        ("sign_method", "md5"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    let writing = Writing { names: Names::Top, wrap_lists: false, method: method.name };
    let mut signed = query.clone();
    signed.extend(caller.signed_headers.iter().cloned());
    let (content_type, bytes) = match body {
        SpiBody::Form => {
            let form = writing.form(method.fields, fields);
            signed.extend(form.iter().cloned());
            ("application/x-www-form-urlencoded;charset=utf-8", pairs::write_form(&form))
        }
        SpiBody::Json => {
            ("application/json;charset=utf-8", json::write(&Value::Struct(writing.json_members(method.fields, fields))))
        }
    };
    SpiRequest {
        headers: headers_of(caller.signed_headers),
        content_type,
        body: bytes.into_bytes(),
        query,
        signed,
        signs_body: body == SpiBody::Json,
        secret: caller.secret.clone(),
    }
}

/// Reads fields that a person gave as texts (lists and structs as JSON) under the method's definitions.
///
/// # Errors
/// [`WireError`] naming the field that the method does not define or that does not read.
pub fn read_fields(method: &'static Method, given: &[(String, String)]) -> Result<Fields, WireError> {
    let pairs = given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Reading::answer().form(method.fields, pairs, &|_| false, false)
}

/// Every SPI there is.
pub fn methods() -> impl Iterator<Item = &'static Method> {
    catalogue::all().filter(|method| method.doors == Doors::Spi)
}

/// Finds an SPI by name or alias, whatever its case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Method> {
    catalogue::find_outward(name).filter(|method| method.doors == Doors::Spi)
}

fn headers_of(signed: &[(String, String)]) -> Pairs {
    if signed.is_empty() {
        return Pairs::new();
    }
    let names = signed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(",");
    let list = std::iter::once((SIGN_LIST.to_owned(), names));
    list.chain(signed.iter().map(|(name, value)| (name.clone(), pairs::write_header_value(value)))).collect()
}

/// What an ISV answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpiReply {
    /// `"0"` is success (§6.6). A failure without `code` gives its `sub_code`.
    pub code: String,
    /// What it says beside.
    pub message: String,
    /// The method's own fields.
    pub fields: Fields,
}

impl SpiReply {
    /// Whether the ISV took the call.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.code == "0"
    }
}

/// A reply that says neither code nor flag, or is no JSON or XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unreadable SPI reply: {0}")]
pub struct UnreadableReply(String);

/// Reads a reply tolerantly: flat JSON, `{"x_response":{…}}`, `{"response":{…}}`, or XML, wrapped or as bare elements.
///
/// # Errors
/// [`UnreadableReply`].
pub fn parse_reply(
    method: &'static Method,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<SpiReply, UnreadableReply> {
    let text = charset_of_reply(content_type, body).decode(body).map_err(|error| UnreadableReply(error.to_string()))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('<') { reply_of_xml(method, text) } else { reply_of_json(method, text) }
}

/// What the Content-Type says, else what an XML declaration says. A charset that is neither UTF-8 nor GBK is a framework's
/// default that nobody chose: taken for UTF-8, it reads as long as the text is.
fn charset_of_reply(content_type: Option<&str>, body: &[u8]) -> Charset {
    let named = Charset::of_content_type(content_type).unwrap_or(Charset::Utf8);
    let declaration = body.strip_prefix(b"<?xml").and_then(|rest| rest.split(|byte| *byte == b'>').next());
    let declared = declaration.map(|text| String::from_utf8_lossy(text).to_ascii_lowercase());
    match declared {
        Some(declared) if declared.contains("encoding=\"gb") || declared.contains("encoding='gb") => Charset::Gbk,
        Some(_) | None => named,
    }
}

fn reply_of_json(method: &'static Method, text: &str) -> Result<SpiReply, UnreadableReply> {
    let parsed = json::parse(text).map_err(|error| UnreadableReply(error.to_string()))?;
    let Some(Value::Struct(members)) = parsed else {
        return Err(UnreadableReply("not a JSON object".to_owned()));
    };
    let members = unwrap_json(members);
    let head = Head::of(|name| members.get(name).map(leaf_text))?;
    let fields = Reading::answer()
        .json_members(method.answer.fields, members)
        .map_err(|error| UnreadableReply(error.to_string()))?;
    Ok(SpiReply { code: head.code, message: head.message, fields })
}

/// The members that speak: the object's own, or those of its only wrapper where the object itself says neither code nor flag.
fn unwrap_json(members: Fields) -> Fields {
    if ["code", "flag", "sub_code"].iter().any(|name| members.has(name)) {
        return members;
    }
    let wrappers: Vec<&Fields> =
        members.iter().filter(|(name, _)| is_wrapper(name)).filter_map(|(_, value)| value.as_struct()).collect();
    match wrappers.as_slice() {
        [inner] => (*inner).clone(),
        _ => members,
    }
}

fn is_wrapper(name: &str) -> bool {
    name == "response" || name.ends_with("_response")
}

fn reply_of_xml(method: &'static Method, text: &str) -> Result<SpiReply, UnreadableReply> {
    match xml::parse(text) {
        Ok(document) => reply_of_element(method, document.root()),
        Err(error) => {
            // A published sample answers bare elements without a root.
            let bare =
                text.split_once("?>").filter(|(head, _)| head.starts_with("<?xml")).map_or(text, |(_, rest)| rest);
            let rooted = format!("<response>{bare}</response>");
            let document = xml::parse(&rooted).map_err(|_| UnreadableReply(error.to_string()))?;
            reply_of_element(method, document.root())
        }
    }
}

fn reply_of_element(method: &'static Method, root: Element<'_>) -> Result<SpiReply, UnreadableReply> {
    let head = Head::of(|name| root.child(name).map(|child| child.text().trim().to_owned()))?;
    let own = root.children().filter(|child| !matches!(child.name(), "code" | "message" | "flag"));
    let fields = Reading::answer()
        .xml_children(method.answer.fields, own)
        .map_err(|error| UnreadableReply(error.to_string()))?;
    Ok(SpiReply { code: head.code, message: head.message, fields })
}

struct Head {
    code: String,
    message: String,
}

impl Head {
    fn of(member: impl Fn(&str) -> Option<String>) -> Result<Self, UnreadableReply> {
        let given = |name: &str| member(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let flag = given("flag").map(|flag| flag.to_ascii_lowercase());
        let failed = flag.as_deref() == Some("failure");
        let code = match given("code") {
            // A failure that says code 0 is still a failure.
            Some(code) if failed && code == "0" => given("sub_code").unwrap_or_else(|| "failure".to_owned()),
            Some(code) => code,
            None if failed => given("sub_code").unwrap_or_else(|| "failure".to_owned()),
            None if flag.as_deref() == Some("success") => "0".to_owned(),
            None => given("sub_code").ok_or_else(|| UnreadableReply("neither code nor flag".to_owned()))?,
        };
        let message =
            given("message").or_else(|| given("sub_message")).or_else(|| given("msg")).or_else(|| given("sub_msg"));
        Ok(Self { code, message: message.unwrap_or_default() })
    }
}

/// An SPI call as a receiver got it.
#[derive(Debug, Clone, Copy)]
pub struct SpiIncoming<'a> {
    /// The raw query string, without `?`.
    pub query: &'a str,
    /// All headers.
    pub headers: &'a [(String, String)],
    /// The Content-Type header.
    pub content_type: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// A verified and decoded SPI call.
#[derive(Debug, Clone)]
pub struct SpiCall {
    /// The method.
    pub method: &'static Method,
    /// The app it was sent to.
    pub app_key: AppKey,
    /// The decoded fields.
    pub fields: Fields,
}

/// Why a receiver refuses a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpiRefusal {
    /// Signature or clock: the published refusal.
    #[error("the signature or the timestamp does not hold")]
    SignCheckFailure,
    /// Signed well, but not understood.
    #[error("{0}")]
    NotUnderstood(WireError),
}

impl SpiRefusal {
    /// The reply to send.
    #[must_use]
    pub fn render(&self) -> Rendered {
        let (sub_code, sub_message) = match self {
            Self::SignCheckFailure => ("sign-check-failure".to_owned(), "Illegal request".to_owned()),
            Self::NotUnderstood(error) => {
                (error.sub_code().map_or_else(|| error.code().number().to_string(), Into::into), error.to_string())
            }
        };
        let members = Fields::new().with("flag", "failure").with("sub_code", sub_code).with("sub_message", sub_message);
        Rendered::json(json::write(&Value::Struct(members)))
    }
}

/// Verifies and decodes a call at the receiver, as the published verifiers do: signature, then age of at most five minutes.
/// Parameters it does not know are ignored.
///
/// # Errors
/// [`SpiRefusal`].
pub fn receive(incoming: &SpiIncoming<'_>, secret: &Secret, now: EpochMs) -> Result<SpiCall, SpiRefusal> {
    let charset = Charset::of_content_type(incoming.content_type).map_err(SpiRefusal::NotUnderstood)?;
    let query = pairs::parse(incoming.query.as_bytes(), charset).map_err(SpiRefusal::NotUnderstood)?;
    let is_form = pairs::media_type(incoming.content_type).as_deref() == Some("application/x-www-form-urlencoded");
    let form =
        if is_form { pairs::parse(incoming.body, charset).map_err(SpiRefusal::NotUnderstood)? } else { Pairs::new() };
    let mut signed = signed_headers(incoming.headers)?;
    signed.extend(query.iter().chain(&form).cloned());
    let raw = (!is_form).then_some(incoming.body);
    let of_query = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    if !of_query(sign::SIGN).is_some_and(|received| sign::same(&sign::sign_spi(secret, &signed, raw), received)) {
        return Err(SpiRefusal::SignCheckFailure);
    }
    let sent = of_query("timestamp").and_then(time::parse_datetime).ok_or(SpiRefusal::SignCheckFailure)?;
    if now.0.saturating_sub(sent.0) > SPI_AGE_MS_MAX {
        return Err(SpiRefusal::SignCheckFailure);
    }
    let name = of_query("method").unwrap_or_default();
    let method =
        find(name).ok_or_else(|| SpiRefusal::NotUnderstood(WireError::platform(crate::PlatformCode::InvalidMethod)))?;
    let fields = if is_form {
        let pairs = form.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        Reading::request(Names::Top).form(method.fields, pairs, &|_| true, false)
    } else {
        decode_body(method, charset, incoming.body)
    };
    let app_key = AppKey::new(of_query("app_key").unwrap_or_default());
    Ok(SpiCall { method, app_key, fields: fields.map_err(SpiRefusal::NotUnderstood)? })
}

fn decode_body(method: &'static Method, charset: Charset, body: &[u8]) -> Result<Fields, WireError> {
    let text = charset.decode(body)?;
    match json::parse(&text) {
        Ok(Some(Value::Struct(members))) => Reading::request(Names::Top).json_members(method.fields, members),
        Ok(_) => {
            Err(WireError::platform_because(crate::PlatformCode::InvalidArguments, "the body is not a JSON object"))
        }
        Err(error) => Err(WireError::platform_because(crate::PlatformCode::InvalidArguments, error.to_string())),
    }
}

/// The headers that `top-sign-list` names, values percent-decoded; one that is missing counts as empty.
fn signed_headers(headers: &[(String, String)]) -> Result<Pairs, SpiRefusal> {
    let find = |wanted: &str| {
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    };
    let names: Vec<&str> =
        find(SIGN_LIST).unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.len() > SIGNED_HEADERS_MAX {
        return Err(SpiRefusal::SignCheckFailure);
    }
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    Ok(names.into_iter().map(|name| (name.to_owned(), find(name).map(decode).unwrap_or_default())).collect())
}

/// The shapes in which ISVs are known to reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyShape {
    /// A flat JSON object: the published rule.
    Flat,
    /// `{"<method>_response":{…}}`.
    Wrapped,
    /// `{"response":{…}}`.
    Response,
    /// `<response>…</response>`.
    Xml,
}

impl ReplyShape {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Flat, Self::Wrapped, Self::Response, Self::Xml];
}

/// Writes an ISV's reply.
#[must_use]
pub fn reply(method: &'static Method, reply: &SpiReply, shape: ReplyShape) -> Rendered {
    let writing = Writing { names: Names::Top, wrap_lists: false, method: method.name };
    if shape == ReplyShape::Xml {
        let mut writer = Writer::with_declaration();
        writer.element("response", |writer| {
            writer.leaf("code", &reply.code);
            writer.leaf("message", &reply.message);
            writing.xml_children(writer, method.answer.fields, &reply.fields);
        });
        return Rendered::xml(writer.finish());
    }
    let mut members = Fields::new().with("code", reply.code.as_str()).with("message", reply.message.as_str());
    writing
        .json_members(method.answer.fields, &reply.fields)
        .into_iter()
        .for_each(|(name, value)| members.push(name, value));
    let root = match shape {
        ReplyShape::Flat | ReplyShape::Xml => members,
        ReplyShape::Wrapped => Fields::new().with(response_root(method.name), members),
        ReplyShape::Response => Fields::new().with("response", members),
    };
    Rendered::json(json::write(&Value::Struct(root)))
}
