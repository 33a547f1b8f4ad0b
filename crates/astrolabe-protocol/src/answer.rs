//! Answers and errors in the shape and format that was asked for. HTTP status is always 200: the published PHP and Python
//! SDKs throw on any other.
//!
//! A handler returns an [`Answer`]: neutral fields and whether all went well. Which result code that becomes, what wraps a
//! list and in which order elements stand is read from the catalogue. It renders nothing that the catalogue does not
//! declare.

use std::borrow::Cow;
use std::fmt;

use crate::catalogue::{self, AnswerShape, FieldsAt, Found, Method, ResultCode};
use crate::error::{PlatformCode, WireError};
use crate::fields::Names;
use crate::fields::encode::Writing;
use crate::json;
use crate::request::Door;
use crate::value::{Fields, Name, Value};
use crate::xml::Writer;

/// The identity of one request, in every TOP answer and in our logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Takes the text that goes on the wire.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The format of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// XML: TOP's default, and classic Qimen always.
    Xml,
    /// JSON: on request, and Qimen cloud always.
    Json,
}

impl Format {
    pub(crate) fn parse(door: Door, text: &str) -> Option<Self> {
        match (door, text.to_ascii_lowercase().as_str()) {
            (Door::Qimen, "xml" | "xml2" | "") => Some(Self::Xml),
            (Door::QimenCloud, "json" | "json2" | "xml" | "xml2" | "") => Some(Self::Json),
            (Door::Top, "json" | "json2") => Some(Self::Json),
            (Door::Top, "xml" | "xml2" | "") => Some(Self::Xml),
            _ => None,
        }
    }
}

/// How an answer is to be written: what the request said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerStyle {
    /// The door it came in by.
    pub door: Door,
    /// The format.
    pub format: Format,
    /// TOP JSON without root and with bare lists.
    pub simplify: bool,
    /// The method as it was called; empty while unknown.
    pub method: String,
}

impl AnswerStyle {
    /// What a door answers before the request said anything.
    #[must_use]
    pub fn of_door(door: Door) -> Self {
        let format = match door {
            Door::Top | Door::Qimen => Format::Xml,
            Door::QimenCloud => Format::Json,
        };
        Self { door, format, simplify: false, method: String::new() }
    }
}

/// What goes back over HTTP, with status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The Content-Type header.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Rendered {
    pub(crate) fn xml(body: String) -> Self {
        Self { content_type: "text/xml;charset=utf-8", body }
    }

    pub(crate) fn json(body: String) -> Self {
        Self { content_type: "application/json;charset=utf-8", body }
    }
}

/// What a handler answers: the method's own fields under TOP names, and whether all went well.
///
/// A call that changed nothing because it was refused is a [`WireError`], not an `Answer`. [`Answer::failed`] is for answers that
/// carry fields although something failed: stock bills of which some did not apply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    failure: Option<String>,
    message: String,
    fields: Fields,
}

impl Answer {
    /// All went well.
    #[must_use]
    pub fn ok() -> Self {
        Self::default()
    }

    /// All went well, and these are the fields.
    #[must_use]
    pub fn of(fields: Fields) -> Self {
        Self { fields, ..Self::default() }
    }

    /// Something in it failed: `flag` is failure and the result code is `code`.
    #[must_use]
    pub fn failed(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { failure: Some(code.into()), message: message.into(), fields: Fields::new() }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: impl Into<Name>, value: impl Into<Value>) -> Self {
        self.fields.push(name, value);
        self
    }

    /// Adds a field where there is a value for it.
    #[must_use]
    pub fn with_opt(mut self, name: impl Into<Name>, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.fields.push(name, value);
        }
        self
    }

    /// Sets the message.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The method's own fields.
    #[must_use]
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The failure's code, where something failed.
    #[must_use]
    pub fn failure_code(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The first field that the method does not declare: a handler's mistake that tests look for. Rendering leaves it out.
    #[must_use]
    pub fn undeclared(&self, method: &Method) -> Option<&str> {
        self.fields
            .iter()
            .map(|(name, _)| name)
            .find(|name| !method.answer.fields.iter().any(|field| field.name == *name))
    }

    /// Writes the answer.
    #[must_use]
    pub fn render(&self, method: &Method, style: &AnswerStyle, request_id: &RequestId) -> Rendered {
        match (style.door, style.format) {
            (Door::Qimen, Format::Xml | Format::Json) => self.qimen_xml(method, style),
            (Door::QimenCloud, Format::Xml | Format::Json) => self.qimen_json(method, style, request_id),
            (Door::Top, Format::Json) => self.top_json(method, style, request_id),
            (Door::Top, Format::Xml) => self.top_xml(method, style, request_id),
        }
    }

    fn top_json(&self, method: &Method, style: &AnswerStyle, request_id: &RequestId) -> Rendered {
        let shape = &method.answer;
        let writing = Writing { names: Names::Top, wrap_lists: !style.simplify, method: &style.method };
        let mut inside = self.top_head(shape, result_code(shape, &style.method));
        writing.json_members(shape.fields, &self.fields).into_iter().for_each(|(name, value)| inside.push(name, value));
        let mut members = match shape.nested {
            Some(name) => Fields::new().with(name, inside),
            None => inside,
        };
        members.push("request_id", request_id.as_str());
        let root = if style.simplify { members } else { Fields::new().with(response_root(&style.method), members) };
        Rendered::json(json::write(&Value::Struct(root)))
    }

    fn top_xml(&self, method: &Method, style: &AnswerStyle, request_id: &RequestId) -> Rendered {
        let shape = &method.answer;
        let writing = Writing { names: Names::Top, wrap_lists: true, method: &style.method };
        let inside = |writer: &mut Writer| {
            for (name, value) in self.top_head(shape, result_code(shape, &style.method)).iter() {
                writer.leaf(name, &crate::fields::encode::leaf_text(value));
            }
            writing.xml_children(writer, shape.fields, &self.fields);
        };
        let mut writer = Writer::with_declaration();
        writer.element(&response_root(&style.method), |writer| {
            match shape.nested {
                Some(name) => writer.element(name, inside),
                None => inside(writer),
            }
            writer.leaf("request_id", request_id.as_str());
        });
        Rendered::xml(writer.finish())
    }

    /// `flag`, the result code, the success boolean and the message, as far as the shape has them.
    fn top_head(&self, shape: &AnswerShape, code: Option<ResultCode>) -> Fields {
        let mut head = Fields::new();
        if shape.flag {
            head.push("flag", self.flag());
        }
        if let Some(code) = code {
            head.push(code.name, self.failure.as_deref().unwrap_or(code.ok));
        }
        if let Some(name) = shape.success {
            head.push(name, self.failure.is_none());
        }
        if let Some(name) = shape.message.filter(|_| !self.message.is_empty()) {
            head.push(name, self.message.as_str());
        }
        head
    }

    fn qimen_xml(&self, method: &Method, style: &AnswerStyle) -> Rendered {
        let shape = &method.answer;
        let writing = Writing { names: Names::Qimen, wrap_lists: true, method: &style.method };
        let fields = |writer: &mut Writer| writing.xml_children(writer, shape.fields, &self.fields);
        let mut writer = Writer::with_declaration();
        writer.element("response", |writer| {
            writer.leaf("flag", self.flag());
            if shape.fields_at == FieldsAt::AfterFlag {
                fields(writer);
            }
            writer.leaf("code", self.failure.as_deref().unwrap_or(QIMEN_OK));
            if shape.fields_at == FieldsAt::AfterCode {
                fields(writer);
            }
            writer.leaf("message", &self.message);
            if shape.fields_at == FieldsAt::AfterMessage {
                fields(writer);
            }
        });
        Rendered::xml(writer.finish())
    }

    fn qimen_json(&self, method: &Method, style: &AnswerStyle, request_id: &RequestId) -> Rendered {
        let writing = Writing { names: Names::Top, wrap_lists: false, method: &style.method };
        let mut members = Fields::new()
            .with("flag", self.flag())
            .with("code", self.failure.as_deref().unwrap_or(QIMEN_OK))
            .with("message", self.message.as_str());
        writing
            .json_members(method.answer.fields, &self.fields)
            .into_iter()
            .for_each(|(name, value)| members.push(name, value));
        members.push("request_id", request_id.as_str());
        Rendered::json(json::write(&Value::Struct(Fields::new().with("response", members))))
    }

    fn flag(&self) -> &'static str {
        if self.failure.is_none() { "success" } else { "failure" }
    }
}

/// The `code` of a successful Qimen answer.
const QIMEN_OK: &str = "0";

/// `taobao.qimen.store.create` → `qimen_store_create_response`; any other prefix stays (`tmall_…`, `astrolabe_…`). The case is
/// the caller's: SDKs build the name from what they sent.
#[must_use]
pub fn response_root(method: &str) -> String {
    format!("{}_response", method.strip_prefix("taobao.").unwrap_or(method).replace('.', "_"))
}

/// The result code under the name the method was called by.
fn result_code(shape: &AnswerShape, asked: &str) -> Option<ResultCode> {
    let of_alias = match catalogue::find_inward(asked) {
        Some(Found::Method(_, Some(alias))) => alias.code,
        Some(Found::Method(_, None) | Found::NotSupported(_)) | None => None,
    };
    of_alias.or(shape.code)
}

impl WireError {
    /// Writes the refusal.
    #[must_use]
    pub fn render(&self, style: &AnswerStyle, request_id: &RequestId) -> Rendered {
        match (style.door, style.format) {
            (Door::Qimen, Format::Xml | Format::Json) => {
                let mut writer = Writer::with_declaration();
                writer.element("response", |writer| write_leaves(writer, &self.qimen_members(request_id)));
                Rendered::xml(writer.finish())
            }
            (Door::QimenCloud, Format::Xml | Format::Json) => {
                let members = self.qimen_members(request_id);
                Rendered::json(json::write(&Value::Struct(Fields::new().with("response", members))))
            }
            (Door::Top, Format::Json) => {
                let members = self.top_members(request_id);
                Rendered::json(json::write(&Value::Struct(Fields::new().with("error_response", members))))
            }
            (Door::Top, Format::Xml) => {
                let mut writer = Writer::with_declaration();
                writer.element("error_response", |writer| write_leaves(writer, &self.top_members(request_id)));
                Rendered::xml(writer.finish())
            }
        }
    }

    fn top_members(&self, request_id: &RequestId) -> Fields {
        Fields::new()
            .with("code", i64::from(self.code().number()))
            .with("msg", self.msg())
            .with_opt("sub_code", self.sub_code().map(Cow::into_owned))
            .with_opt("sub_msg", self.sub_msg().map(Cow::into_owned))
            .with("request_id", request_id.as_str())
    }

    /// Classic clients read `code` and `message` only, so these say the most exact thing there is.
    fn qimen_members(&self, request_id: &RequestId) -> Fields {
        let (sub_code, sub_msg) = if self.code() == PlatformCode::InvalidSignature {
            (Some(Cow::Borrowed("sign-check-failure")), Some(Cow::Borrowed("Illegal request")))
        } else {
            (self.sub_code(), self.sub_msg())
        };
        let code = sub_code.clone().unwrap_or_else(|| Cow::Owned(self.code().number().to_string()));
        let message = sub_msg.clone().unwrap_or_else(|| Cow::Owned(self.msg()));
        Fields::new()
            .with("flag", "failure")
            .with("code", code.into_owned())
            .with("message", message.into_owned())
            .with_opt("sub_code", sub_code.map(Cow::into_owned))
            .with_opt("sub_message", sub_msg.map(Cow::into_owned))
            .with("request_id", request_id.as_str())
    }
}

fn write_leaves(writer: &mut Writer, members: &Fields) {
    for (name, value) in members.iter() {
        writer.leaf(name, &crate::fields::encode::leaf_text(value));
    }
}
