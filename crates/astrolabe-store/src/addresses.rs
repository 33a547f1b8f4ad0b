//! Where an app is called (white paper §7): an address for each environment, and others where the platform binds one to a
//! single SPI. Whether an address may be called at all is the server's to judge.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Which of an app's addresses: the one for real orders, or the one for trying things out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    #[default]
    Online,
    Test,
}

impl Environment {
    /// The word for it, as in a declaration.
    pub fn name(self) -> &'static str {
        match self {
            Environment::Online => "online",
            Environment::Test => "test",
        }
    }
}

/// How the body of a call is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyKind {
    #[default]
    Form,
    Json,
}

/// One address and how it is called. In a declaration, a text stands for an address with nothing special.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
pub struct SpiAddress {
    pub url: String,
    pub body: BodyKind,
    /// How long an attempt may take as a whole, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_ms: Option<i64>,
    /// Headers that are sent and signed (`top-sign-list`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

/// Addresses of one SPI.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MethodAddresses {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online: Option<SpiAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<SpiAddress>,
}

/// All addresses of an app.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpiAddresses {
    pub online: Option<SpiAddress>,
    pub test: Option<SpiAddress>,
    /// Whether real calls go to the test addresses.
    pub use_test: bool,
    /// By method name: where this one SPI is called instead.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub methods: BTreeMap<String, MethodAddresses>,
}

impl SpiAddresses {
    /// The environment that real calls go to.
    pub fn in_use(&self) -> Environment {
        if self.use_test { Environment::Test } else { Environment::Online }
    }

    /// Where a method is called: its own address, else the app's.
    pub fn of(&self, environment: Environment, method: &str) -> Option<&SpiAddress> {
        let own = self.methods.get(method);
        match environment {
            Environment::Online => own.and_then(|own| own.online.as_ref()).or(self.online.as_ref()),
            Environment::Test => own.and_then(|own| own.test.as_ref()).or(self.test.as_ref()),
        }
    }
}

impl SpiAddress {
    /// An address with nothing special.
    pub fn plain(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }
}

impl fmt::Debug for SpiAddress {
    /// Without what may be a secret: the URL's query and the values of the headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("SpiAddress").field("url", &url).field("body", &self.body).finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for SpiAddress {
    /// A hand-written visitor, because an untagged enum would forget which key was wrong.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrTable)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    url: String,
    #[serde(default)]
    body: BodyKind,
    within_ms: Option<i64>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

struct TextOrTable;

impl<'de> Visitor<'de> for TextOrTable {
    type Value = SpiAddress;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address as text, or a table with url, body, within_ms, headers")
    }

    fn visit_str<E>(self, url: &str) -> Result<SpiAddress, E> {
        Ok(SpiAddress::plain(url))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SpiAddress, A::Error> {
        let Table { url, body, within_ms, headers } = Table::deserialize(MapAccessDeserializer::new(map))?;
        Ok(SpiAddress { url, body, within_ms, headers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<SpiAddresses, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_text_is_an_address_and_a_table_says_how_it_is_called() {
        let short = read(r#"{"online":"http://a/","use_test":true}"#).unwrap();
        assert_eq!(short.online, Some(SpiAddress::plain("http://a/")));
        assert_eq!(short.in_use(), Environment::Test);
        let long = read(
            r#"{"online":{"url":"http://a/","body":"json","within_ms":900,"headers":{"x-shop":"east"}},
                "methods":{"m":{"test":"http://m/"}}}"#,
        );
        let long = long.unwrap();
        let online = long.online.clone().unwrap();
        assert_eq!(
            (online.body, online.within_ms, online.headers["x-shop"].as_str()),
            (BodyKind::Json, Some(900), "east")
        );
        assert_eq!(serde_json::from_str::<SpiAddresses>(&serde_json::to_string(&long).unwrap()).unwrap(), long);
    }

    #[test]
    fn a_method_has_its_own_address_where_one_is_bound() {
        let all = read(r#"{"online":"o","test":"t","methods":{"m":{"online":"mo"}}}"#).unwrap();
        let table = [
            (Environment::Online, "m", Some("mo")),
            (Environment::Online, "n", Some("o")),
            (Environment::Test, "m", Some("t")),
        ];
        for (environment, method, wanted) in table {
            assert_eq!(all.of(environment, method).map(|address| address.url.as_str()), wanted, "{method}");
        }
        assert_eq!(SpiAddresses::default().of(Environment::Online, "m"), None);
    }

    #[test]
    fn a_wrong_key_is_named() {
        for (json, named) in [
            (r#"{"offline":"x"}"#, "offline"),
            (r#"{"online":{"url":"x","boddy":"json"}}"#, "boddy"),
            (r#"{"online":{"url":"x","body":"xml"}}"#, "xml"),
            (r#"{"online":7}"#, "an address as text, or a table"),
            (r#"{"methods":{"m":{"prod":"x"}}}"#, "prod"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(named), "{json}: {error}");
        }
    }
}
