//! What a server is told: flags over environment over file over defaults, and where each value came from.

use std::net::SocketAddr;
use std::path::PathBuf;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::app::{ATTEMPTS_KEPT_DAYS, ATTEMPTS_KEPT_NEWEST, GROUP_COMMANDS_MAX, NODE_MAX};
use crate::outward::Network;

/// Environment variables start with this.
pub const ENV_PREFIX: &str = "ASTROLABE_";
/// The file that is read when it is there and none is named.
pub const DEFAULT_FILE: &str = "astrolabe.toml";

/// Settings of one server process.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the embedded database lies, when no `database_url` is set.
    pub data_dir: PathBuf,
    /// `postgres://…`; nothing means embedded SQLite.
    pub database_url: Option<String>,
    /// This node's number among those that share a database, 0 to 63.
    pub node: i64,
    /// Most commands of one group; 1 commits every command alone (the baseline of benchmarks).
    pub group_commands_max: usize,
    /// Whether calls outward may go to loopback and private addresses.
    pub allow_private_addresses: bool,
    /// Networks that calls outward may go to beside the public internet: `["10.0.0.0/8", "fd00::/8"]`.
    pub allowed_networks: Vec<Network>,
    /// How many days attempts at calls outward are kept.
    pub attempts_kept_days: i64,
    /// How many of them are kept for each receiver of a seller.
    pub attempts_kept_newest: usize,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("./data"),
            database_url: None,
            node: 0,
            group_commands_max: GROUP_COMMANDS_MAX,
            allow_private_addresses: false,
            allowed_networks: Vec::new(),
            attempts_kept_days: ATTEMPTS_KEPT_DAYS,
            attempts_kept_newest: ATTEMPTS_KEPT_NEWEST,
        }
    }
}

/// What flags may say; absent ones leave the lower layers standing.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Flags {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<i64>,
}

/// A setting that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("config file {0} does not exist")]
    FileMissing(PathBuf),
    #[error("{0}")]
    Unreadable(Box<figment::Error>),
    #[error("node must be 0 to {NODE_MAX}, not {0}")]
    Node(i64),
    #[error("group_commands_max must be 1 to {GROUP_COMMANDS_MAX}, not {0}")]
    Group(usize),
    #[error("attempts_kept_days must be 1 to {KEPT_DAYS_MAX}, not {0}")]
    KeptDays(i64),
    #[error("attempts_kept_newest must be 1 to {KEPT_NEWEST_MAX}, not {0}")]
    KeptNewest(usize),
    #[error("database_url must start with postgres:// or postgresql://")]
    DatabaseUrl,
}

/// Settings with the layer each came from.
#[derive(Debug)]
pub struct LoadedConfig {
    pub config: ServerConfig,
    /// (name, value as text, source), in the order of the fields; the password of a URL is masked.
    pub origins: Vec<(String, String, String)>,
}

/// Puts the layers together and checks the result.
pub fn load(file: Option<PathBuf>, flags: Flags) -> Result<LoadedConfig, ConfigError> {
    if let Some(file) = &file
        && !file.exists()
    {
        return Err(ConfigError::FileMissing(file.clone()));
    }
    let file = file.unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    let figment = Figment::from(Serialized::defaults(ServerConfig::default()))
        .merge(Toml::file(file))
        // ASTROLABE_TEST_* and the like belong to tests, not to the server.
        .merge(Env::prefixed(ENV_PREFIX).only(&FIELDS))
        .merge(Serialized::defaults(flags));
    let config: ServerConfig = figment.extract().map_err(|error| ConfigError::Unreadable(Box::new(error)))?;
    check(&config)?;
    Ok(LoadedConfig { origins: origins(&figment), config })
}

const FIELDS: [&str; 9] = [
    "listen",
    "data_dir",
    "database_url",
    "node",
    "group_commands_max",
    "allow_private_addresses",
    "allowed_networks",
    "attempts_kept_days",
    "attempts_kept_newest",
];
const KEPT_DAYS_MAX: i64 = 3_650;
const KEPT_NEWEST_MAX: usize = 10_000_000;

fn check(config: &ServerConfig) -> Result<(), ConfigError> {
    if !(0..=NODE_MAX).contains(&config.node) {
        return Err(ConfigError::Node(config.node));
    }
    if !(1..=GROUP_COMMANDS_MAX).contains(&config.group_commands_max) {
        return Err(ConfigError::Group(config.group_commands_max));
    }
    if !(1..=KEPT_DAYS_MAX).contains(&config.attempts_kept_days) {
        return Err(ConfigError::KeptDays(config.attempts_kept_days));
    }
    if !(1..=KEPT_NEWEST_MAX).contains(&config.attempts_kept_newest) {
        return Err(ConfigError::KeptNewest(config.attempts_kept_newest));
    }
    match &config.database_url {
        Some(url) if !url.starts_with("postgres://") && !url.starts_with("postgresql://") => {
            Err(ConfigError::DatabaseUrl)
        }
        Some(_) | None => Ok(()),
    }
}

fn origins(figment: &Figment) -> Vec<(String, String, String)> {
    FIELDS
        .iter()
        .map(|name| {
            let value = match figment.find_value(name) {
                Ok(value) => mask_password(&plain(&value)),
                Err(_) => String::from("–"),
            };
            let source = figment.find_metadata(name).map_or_else(|| "default".to_owned(), describe);
            ((*name).to_owned(), value, source)
        })
        .collect()
}

fn describe(metadata: &figment::Metadata) -> String {
    let name = metadata.name.as_ref();
    if name.contains("ServerConfig") {
        "default".to_owned()
    } else if name.contains("Flags") {
        "flag".to_owned()
    } else if let Some(source) = &metadata.source {
        source.to_string()
    } else {
        name.to_owned()
    }
}

fn plain(value: &figment::value::Value) -> String {
    if let Some(text) = value.as_str() {
        return text.to_owned();
    }
    if let Some(number) = value.to_i128() {
        return number.to_string();
    }
    if let Some(truth) = value.to_bool() {
        return truth.to_string();
    }
    if let Some(list) = value.as_array() {
        return format!("[{}]", list.iter().map(plain).collect::<Vec<_>>().join(", "));
    }
    "–".to_owned()
}

/// `postgres://user:secret@host` → `postgres://user:***@host`.
pub fn mask_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((credentials, host)) = rest.split_once('@') else { return url.to_owned() };
    match credentials.split_once(':') {
        Some((user, _secret)) => format!("{scheme}://{user}:***@{host}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_and_every_value_says_where_it_came_from() {
        let flags = Flags { listen: Some(SocketAddr::from(([127, 0, 0, 1], 9))), ..Flags::default() };
        let loaded = load(None, flags).expect("defaults are fine");
        assert_eq!(loaded.config.listen.port(), 9);
        let source = |name: &str| loaded.origins.iter().find(|(known, _, _)| known == name).cloned();
        assert_eq!(source("listen").map(|(_, _, from)| from), Some("flag".to_owned()));
        assert_eq!(source("node").map(|(_, _, from)| from), Some("default".to_owned()));
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let table = [
            (Flags { node: Some(64), ..Flags::default() }, "node must be 0 to 63, not 64"),
            (Flags { database_url: Some("mysql://x".into()), ..Flags::default() }, "database_url must start"),
        ];
        for (flags, expected) in table {
            let error = load(None, flags).expect_err("must be refused").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn passwords_are_masked() {
        assert_eq!(mask_password("postgres://me:secret@db/x"), "postgres://me:***@db/x");
        assert_eq!(mask_password("postgres://db/x"), "postgres://db/x");
    }
}
