//! Every way a method is spoken to: the client's shapes, and the two that HTTP adds, GET and multipart. Here requests are
//! also broken on purpose, signed anew, so that what is refused is refused for its content.

use astrolabe_protocol::catalogue::{Doors, Method};
use astrolabe_protocol::client::{self, ClientRequest, Credentials, Outgoing, Shape, Signing};
use astrolabe_protocol::pairs::{self, Charset, Pairs};
use astrolabe_protocol::{AnswerStyle, Door, EpochMs, Fields, sign};

use super::stage::Stage;
use crate::merchant::every_code_is_listed;

const BOUNDARY: &str = "ASTROLABE_GOLDEN_BOUNDARY";

/// A way of speaking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spoken {
    Posted(Shape),
    /// TOP, everything in the query.
    Get,
    /// TOP, parameters as the text parts of a multipart body.
    Multipart,
}

impl Spoken {
    /// Every way that a method is served in.
    pub(crate) fn ways(method: &Method) -> Vec<Self> {
        let posted = Shape::ALL.into_iter().filter(|shape| match (shape.door(), method.doors) {
            (Door::Top, Doors::Top | Doors::TopAndQimen) => true,
            (Door::Qimen | Door::QimenCloud, Doors::TopAndQimen) => true,
            (Door::Qimen | Door::QimenCloud, Doors::Top) | (_, Doors::Spi) => false,
        });
        posted.map(Self::Posted).chain([Self::Get, Self::Multipart]).collect()
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Posted(Shape::TopXml) => "TOP form, XML answer",
            Self::Posted(Shape::TopJson) => "TOP form, JSON answer",
            Self::Posted(Shape::TopSimplified) => "TOP form, simplified JSON answer",
            Self::Posted(Shape::Qimen) => "Qimen XML",
            Self::Posted(Shape::CloudForm) => "Qimen cloud form",
            Self::Posted(Shape::CloudJson) => "Qimen cloud JSON",
            Self::Get => "TOP GET, JSON answer",
            Self::Multipart => "TOP multipart, JSON answer",
        }
    }

    pub(crate) fn shape(self) -> Shape {
        match self {
            Self::Posted(shape) => shape,
            Self::Get | Self::Multipart => Shape::TopJson,
        }
    }

    pub(crate) fn style(self, method: &Method) -> AnswerStyle {
        self.shape().style(method.name)
    }
}

/// How a request is broken beside its fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Broken {
    Signature,
    UnknownParameter,
    EmptyName,
    DuplicateParameter,
}

impl Broken {
    pub(crate) const ALL: [Self; 4] =
        [Self::Signature, Self::UnknownParameter, Self::EmptyName, Self::DuplicateParameter];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Signature => "signed with another secret",
            Self::UnknownParameter => "a parameter `no_such_field`",
            Self::EmptyName => "a parameter without a name",
            Self::DuplicateParameter => "the parameter `v` twice",
        }
    }
}

/// A request as it goes over HTTP.
pub(crate) struct Speech {
    verb: &'static str,
    path: &'static str,
    query: String,
    content_type: Option<String>,
    body: Vec<u8>,
}

/// What came back.
pub(crate) struct Said {
    pub(crate) content_type: String,
    pub(crate) body: String,
}

impl Speech {
    /// A good request.
    pub(crate) fn of(
        spoken: Spoken,
        method: &'static Method,
        fields: &Fields,
        credentials: &Credentials,
        now: EpochMs,
    ) -> Self {
        let request = client::build(&Outgoing::new(method, fields, spoken.shape()), credentials, now);
        Self::spoken(spoken, request)
    }

    /// A request that is broken in that way and otherwise good.
    pub(crate) fn broken(
        spoken: Spoken,
        broken: Broken,
        method: &'static Method,
        fields: &Fields,
        credentials: &Credentials,
        now: EpochMs,
    ) -> Self {
        let mut request = client::build(&Outgoing::new(method, fields, spoken.shape()), credentials, now);
        let mut query = pairs::parse(request.query.as_bytes(), Charset::Utf8).expect("was just written");
        query.retain(|(name, _)| name != sign::SIGN);
        let added = match broken {
            Broken::Signature => None,
            Broken::UnknownParameter => Some(("no_such_field", "1")),
            Broken::EmptyName => Some(("", "1")),
            Broken::DuplicateParameter => Some(("v", "2.0")),
        };
        query.extend(added.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let secret = match broken {
            Broken::Signature => astrolabe_protocol::Secret::new("another secret"),
            Broken::UnknownParameter | Broken::EmptyName | Broken::DuplicateParameter => credentials.secret.clone(),
        };
        let is_form = request.content_type.starts_with("application/x-www-form-urlencoded");
        let mut signed = query.clone();
        if is_form {
            signed.extend(form_of(&request));
        }
        let raw = (!is_form).then_some(request.body.as_slice());
        query.push((sign::SIGN.to_owned(), sign::sign(Signing::default().method, &secret, &signed, raw)));
        request.query = pairs::write_query(&query);
        Self::spoken(spoken, request)
    }

    /// A built request as it is.
    pub(crate) fn posted(request: ClientRequest) -> Self {
        let path = match request.door {
            Door::Top => "/router/rest",
            Door::Qimen => "/router/qimen/service",
            Door::QimenCloud => "/router/qm",
        };
        let content_type = Some(request.content_type.to_owned());
        Self { verb: "POST", path, query: request.query, content_type, body: request.body }
    }

    fn spoken(spoken: Spoken, request: ClientRequest) -> Self {
        match spoken {
            Spoken::Posted(_) => Self::posted(request),
            Spoken::Get => {
                let form = form_of(&request);
                let separator = if form.is_empty() { "" } else { "&" };
                let query = format!("{}{separator}{}", request.query, pairs::write_query(&form));
                Self { verb: "GET", query, content_type: None, body: Vec::new(), ..Self::posted(request) }
            }
            Spoken::Multipart => {
                let mut body = String::new();
                for (name, value) in form_of(&request) {
                    body += &format!(
                        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\
                         Content-Type: text/plain; charset=UTF-8\r\n\r\n{value}\r\n"
                    );
                }
                body += &format!("--{BOUNDARY}--\r\n");
                let content_type = Some(format!("multipart/form-data; boundary={BOUNDARY}"));
                Self { content_type, body: body.into_bytes(), ..Self::posted(request) }
            }
        }
    }

    /// Whether a request line can carry it: the server reads no longer ones.
    pub(crate) fn fits(&self) -> bool {
        self.query.len() < 60_000
    }

    /// Sends it. The router doors answer 200 always.
    pub(crate) async fn send(&self, stage: &Stage) -> Said {
        let url = format!("{}?{}", stage.url(self.path), self.query);
        let request = match self.verb {
            "GET" => stage.http().get(url),
            _ => stage.http().post(url).body(self.body.clone()),
        };
        let request = match &self.content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        };
        let answer = request.send().await.expect("is answered");
        assert_eq!(answer.status(), 200, "the router doors answer 200 always");
        let header = answer.headers().get("content-type").expect("has a type");
        let content_type = header.to_str().expect("is text").to_owned();
        let body = answer.text().await.expect("has a body");
        every_code_is_listed(&self.query, &body);
        Said { content_type, body }
    }

    /// The request as it is written down.
    pub(crate) fn written(&self) -> String {
        let mut text = format!("{} {}?{}\n", self.verb, self.path, self.query);
        if let Some(content_type) = &self.content_type {
            text += &format!("Content-Type: {content_type}\n");
        }
        let body = String::from_utf8_lossy(&self.body).replace('\r', "");
        if !body.is_empty() {
            text += &format!("\n{}\n", body.trim_end());
        }
        text
    }
}

fn form_of(request: &ClientRequest) -> Pairs {
    pairs::parse(&request.body, Charset::Utf8).expect("was just written")
}
