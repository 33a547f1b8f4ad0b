//! The calling side: building a signed TOP, Qimen or Qimen cloud request from a method and its fields, and reading the answer.
//!
//! [`Outgoing::checked`] is the way in for a connector: it says what is wrong before anything is sent. [`Outgoing::new`] sends what it is
//! given, which tests need. Callers: connectors, the rehearsal stand-ins, tests, and the platform itself where it calls a channel
//! (`taobao.logistics.offline.send`). Sending is the caller's; an answer is never retried here.

use crate::answer::{Answer, AnswerStyle, Format, response_root};
use crate::catalogue::{self, AnswerShape, Doors, Found, Method};
use crate::error::{PlatformCode, WireError};
use crate::fields::Names;
use crate::fields::check::check;
use crate::fields::decode::Reading;
use crate::fields::encode::{Writing, leaf_text};
use crate::json;
use crate::pairs::{self, Pairs};
use crate::request::Door;
use crate::sign::{self, SignMethod};
use crate::time::{self, EpochMs};
use crate::value::{Fields, Value};
use crate::xml::{self, Element, Writer};
use crate::{AppKey, Secret};

/// Who calls.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The app.
    pub app_key: AppKey,
    /// Its secret.
    pub secret: Secret,
    /// The seller's session.
    pub session: Option<String>,
    /// The seller's id, for the Qimen doors.
    pub customer_id: Option<String>,
}

/// The shape of a request and of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// TOP form, XML answer.
    TopXml,
    /// TOP form, JSON answer.
    TopJson,
    /// TOP form, simplified JSON answer.
    TopSimplified,
    /// Classic Qimen.
    Qimen,
    /// Qimen cloud with a form body.
    CloudForm,
    /// Qimen cloud with a JSON body.
    CloudJson,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::TopXml, Self::TopJson, Self::TopSimplified, Self::Qimen, Self::CloudForm, Self::CloudJson];

    /// The door it goes to.
    #[must_use]
    pub const fn door(self) -> Door {
        match self {
            Self::TopXml | Self::TopJson | Self::TopSimplified => Door::Top,
            Self::Qimen => Door::Qimen,
            Self::CloudForm | Self::CloudJson => Door::QimenCloud,
        }
    }

    /// How the answer will be written.
    #[must_use]
    pub fn style(self, method: &str) -> AnswerStyle {
        let format = match self {
            Self::TopXml | Self::Qimen => Format::Xml,
            Self::TopJson | Self::TopSimplified | Self::CloudForm | Self::CloudJson => Format::Json,
        };
        AnswerStyle { door: self.door(), format, simplify: self == Self::TopSimplified, method: method.to_owned() }
    }
}

/// How to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signing {
    /// The method.
    pub method: SignMethod,
    /// Whether the timestamp goes as 13 digits of milliseconds.
    pub millis: bool,
}

impl Default for Signing {
    /// What the official Java SDK does now.
    fn default() -> Self {
        Self { method: SignMethod::HmacSha256, millis: false }
    }
}

/// A request, ready to be POSTed to the door's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRequest {
    /// The door.
    pub door: Door,
    /// The query string, without `?`.
    pub query: String,
    /// The Content-Type header.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl ClientRequest {
    /// The address to POST to, at a platform whose address is `base`: `https://host`, with or without a closing slash.
    #[must_use]
    pub fn url(&self, base: &str) -> String {
        format!("{}{}?{}", base.trim_end_matches('/'), self.door.path(), self.query)
    }
}

/// One call to make.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The method.
    pub method: &'static Method,
    /// The name to call it by: its own or an alias, in any case.
    pub called_as: &'a str,
    /// Its fields, under TOP names.
    pub fields: &'a Fields,
    /// The shape to write it in.
    pub shape: Shape,
    /// How to sign it.
    pub signing: Signing,
}

impl<'a> Outgoing<'a> {
    /// A call under the method's own name, signed as the official Java SDK does.
    #[must_use]
    pub fn new(method: &'static Method, fields: &'a Fields, shape: Shape) -> Self {
        Self { method, called_as: method.name, fields, shape, signing: Signing::default() }
    }

    /// A call by name or alias, checked against the catalogue as the published SDKs check before they send. `fields` are under
    /// TOP names whatever the shape.
    ///
    /// # Errors
    /// [`NotSendable`]: 22 for an unknown method or one that the shape's door does not have, 40 for a field that is missing, 41 for one
    /// that the method does not define or cannot take.
    pub fn checked(called_as: &'a str, fields: &'a Fields, shape: Shape) -> Result<Self, NotSendable> {
        let unknown = || NotSendable(WireError::platform(PlatformCode::InvalidMethod));
        let Some(Found::Method(method, _)) = catalogue::find_inward(called_as) else {
            return Err(unknown());
        };
        match (method.doors, shape.door()) {
            (Doors::TopAndQimen, _) | (Doors::Top, Door::Top) => {}
            (Doors::Top, Door::Qimen | Door::QimenCloud) | (Doors::Spi, _) => return Err(unknown()),
        }
        check(method.fields, fields).map_err(NotSendable)?;
        Ok(Self { called_as, ..Self::new(method, fields, shape) })
    }

    /// How the answer will be written: for [`parse_answer`].
    #[must_use]
    pub fn style(&self) -> AnswerStyle {
        self.shape.style(self.called_as)
    }

    /// Reads the answer to this call.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn answer(&self, body: &[u8]) -> Result<Answer, ClientError> {
        parse_answer(self.method, &self.style(), body)
    }
}

/// Why a call is not sent: what the platform would refuse it for, said without asking.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("client-error:{0} ({code})", code = .0.code().number())]
pub struct NotSendable(WireError);

impl NotSendable {
    /// The row of the platform table: 22, 40 or 41.
    #[must_use]
    pub fn code(&self) -> PlatformCode {
        self.0.code()
    }
}

/// Builds and signs a call at `now`.
#[must_use]
pub fn build(outgoing: &Outgoing<'_>, credentials: &Credentials, now: EpochMs) -> ClientRequest {
    let Outgoing { method, called_as, fields, shape, signing } = *outgoing;
    let mut query = system_parameters(outgoing, credentials, now);
    let names = if shape == Shape::Qimen { Names::Qimen } else { Names::Top };
    let writing = Writing { names, wrap_lists: false, method: called_as };
    let (content_type, form, raw) = match shape {
        Shape::TopXml | Shape::TopJson | Shape::TopSimplified | Shape::CloudForm => {
            ("application/x-www-form-urlencoded;charset=utf-8", writing.form(method.fields, fields), None)
        }
        Shape::Qimen => {
            let mut writer = Writer::bare();
            writer.element("request", |writer| writing.xml_children(writer, method.fields, fields));
            ("text/xml;charset=utf-8", Pairs::new(), Some(writer.finish()))
        }
        Shape::CloudJson => {
            let text = json::write(&Value::Struct(writing.json_members(method.fields, fields)));
            ("application/json;charset=utf-8", Pairs::new(), Some(text))
        }
    };
    let mut signed = query.clone();
    signed.extend(form.iter().cloned());
    let sign = sign::sign(signing.method, &credentials.secret, &signed, raw.as_deref().map(str::as_bytes));
    query.push((sign::SIGN.to_owned(), sign));
    let body = raw.unwrap_or_else(|| pairs::write_form(&form)).into_bytes();
    ClientRequest { door: shape.door(), query: pairs::write_query(&query), content_type, body }
}

fn system_parameters(outgoing: &Outgoing<'_>, credentials: &Credentials, now: EpochMs) -> Pairs {
    let Outgoing { called_as, shape, signing, .. } = *outgoing;
    let timestamp = if signing.millis { now.0.to_string() } else { time::format_datetime(now) };
    let format = match shape {
        Shape::TopXml | Shape::Qimen => "xml",
        Shape::TopJson | Shape::TopSimplified | Shape::CloudForm | Shape::CloudJson => "json",
    };
    let mut pairs: Pairs = [
        ("method", called_as),
        ("app_key", credentials.app_key.as_str()),
        ("timestamp", &timestamp),
        ("v", "2.0"),
        ("format", format),
        ("sign_method", signing.method.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    if shape == Shape::TopSimplified {
        pairs.push(("simplify".to_owned(), "true".to_owned()));
    }
    if let Some(session) = &credentials.session {
        pairs.push(("session".to_owned(), session.clone()));
    }
    if let Some(customer_id) = credentials.customer_id.as_ref().filter(|_| shape.door() != Door::Top) {
        pairs.push(("customerId".to_owned(), customer_id.clone()));
    }
    pairs
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The platform refused the call.
    #[error("refused with {code}: {message} {}", .sub_code.as_deref().unwrap_or_default())]
    Refused {
        /// The `code`.
        code: String,
        /// `sub_msg` where there is one, else `msg`.
        message: String,
        /// The `sub_code`.
        sub_code: Option<String>,
    },
    /// The body is no answer of that shape.
    #[error("unreadable answer: {0}")]
    Unreadable(String),
}

/// Reads the answer to a call.
///
/// # Errors
/// See [`ClientError`].
pub fn parse_answer(method: &'static Method, style: &AnswerStyle, body: &[u8]) -> Result<Answer, ClientError> {
    let text = std::str::from_utf8(body).map_err(|error| unreadable(&error))?;
    match (style.door, style.format) {
        (Door::Top, Format::Json) => top_json(method, style, text),
        (Door::Top, Format::Xml) => top_xml(method, style, text),
        (Door::Qimen, Format::Xml | Format::Json) => {
            let document = xml::parse(text).map_err(|error| unreadable(&error))?;
            let root = document.root();
            if root.name() != "response" {
                return Err(unreadable(&format!("the root is {}", root.name())));
            }
            let fields = Reading::answer()
                .xml_children(method.answer.fields, root.children())
                .map_err(|error| unreadable(&error))?;
            qimen(fields, |name| child_text(root, name))
        }
        (Door::QimenCloud, Format::Xml | Format::Json) => {
            let members = json_root(text, "response")?;
            let fields = Reading::answer()
                .json_members(method.answer.fields, members.clone())
                .map_err(|error| unreadable(&error))?;
            qimen(fields, |name| members.get(name).map(leaf_text))
        }
    }
}

fn qimen(fields: Fields, member: impl Fn(&str) -> Option<String>) -> Result<Answer, ClientError> {
    let given = |name: &str| member(name).filter(|text| !text.is_empty());
    let message = given("message").unwrap_or_default();
    match given("flag").as_deref() {
        Some("success") => Ok(answer(fields, None, message)),
        Some("failure") => {
            let sub_code = given("sub_code");
            let code = given("code").unwrap_or_default();
            // A refusal has no fields of the method; a stock report with failed bills has.
            if sub_code.is_some() || fields.is_empty() {
                return Err(ClientError::Refused { code, message, sub_code });
            }
            Ok(answer(fields, Some(code), message))
        }
        Some(other) => Err(unreadable(&format!("the flag is {other}"))),
        None => Err(unreadable(&"no flag")),
    }
}

fn top_json(method: &'static Method, style: &AnswerStyle, text: &str) -> Result<Answer, ClientError> {
    let Some(Value::Struct(root)) = json::parse(text).map_err(|error| unreadable(&error))? else {
        return Err(unreadable(&"not a JSON object"));
    };
    if let Some(Value::Struct(error)) = root.get("error_response") {
        return Err(refused(|name| error.get(name).map(leaf_text)));
    }
    let members = if style.simplify { root } else { struct_member(root, &response_root(&style.method))? };
    let inside = match method.answer.nested {
        Some(name) => struct_member(members, name)?,
        None => members,
    };
    let fields =
        Reading::answer().json_members(method.answer.fields, inside.clone()).map_err(|error| unreadable(&error))?;
    top(&method.answer, fields, |name| inside.get(name).map(leaf_text))
}

fn top_xml(method: &'static Method, style: &AnswerStyle, text: &str) -> Result<Answer, ClientError> {
    let document = xml::parse(text).map_err(|error| unreadable(&error))?;
    let root = document.root();
    if root.name() == "error_response" {
        return Err(refused(|name| child_text(root, name)));
    }
    if root.name() != response_root(&style.method) {
        return Err(unreadable(&format!("the root is {}", root.name())));
    }
    let inside = match method.answer.nested {
        Some(name) => root.child(name).ok_or_else(|| unreadable(&format!("no {name}")))?,
        None => root,
    };
    let fields =
        Reading::answer().xml_children(method.answer.fields, inside.children()).map_err(|error| unreadable(&error))?;
    top(&method.answer, fields, |name| child_text(inside, name))
}

/// Success under any published name: an alias may answer another code than the method itself.
fn top(shape: &AnswerShape, fields: Fields, member: impl Fn(&str) -> Option<String>) -> Result<Answer, ClientError> {
    let message = shape.message.and_then(&member).unwrap_or_default();
    let names = shape.code.map(|code| code.name).into_iter().chain(["err_code", "qimen_code", "result_code"]);
    let code = names.filter_map(&member).next();
    let failed = match (member("flag").as_deref(), code.as_deref(), shape.success.and_then(&member).as_deref()) {
        (Some("failure"), _, _) | (_, _, Some("false")) => true,
        (Some("success"), _, _) | (_, _, Some("true")) | (_, None, _) => false,
        (_, Some(code), _) => !matches!(code, "0" | "200" | "Success"),
    };
    Ok(answer(fields, failed.then(|| code.unwrap_or_default()), message))
}

fn refused(member: impl Fn(&str) -> Option<String>) -> ClientError {
    let message = member("sub_msg").or_else(|| member("msg")).unwrap_or_default();
    ClientError::Refused { code: member("code").unwrap_or_default(), message, sub_code: member("sub_code") }
}

fn answer(fields: Fields, failure: Option<String>, message: String) -> Answer {
    let answered = match failure {
        Some(code) => Answer::failed(code, message),
        None => Answer::ok().message(message),
    };
    fields.into_iter().fold(answered, |answer, (name, value)| answer.with(name, value))
}

fn json_root(text: &str, name: &str) -> Result<Fields, ClientError> {
    match json::parse(text).map_err(|error| unreadable(&error))? {
        Some(Value::Struct(root)) => struct_member(root, name),
        Some(_) | None => Err(unreadable(&"not a JSON object")),
    }
}

fn struct_member(members: Fields, wanted: &str) -> Result<Fields, ClientError> {
    match members.into_iter().find(|(name, _)| name == wanted) {
        Some((_, Value::Struct(inner))) => Ok(inner),
        Some(_) | None => Err(unreadable(&format!("no {wanted}"))),
    }
}

fn child_text(element: Element<'_>, name: &str) -> Option<String> {
    element.child(name).map(|child| child.text().trim().to_owned())
}

fn unreadable(why: &dyn std::fmt::Display) -> ClientError {
    ClientError::Unreadable(why.to_string())
}
