//! The file's form. An unknown key anywhere is an error.

use std::collections::BTreeSet;

use serde::Deserialize;

use astrolabe_core::order::timeline::Fact;
use astrolabe_core::seller::Settings;
use astrolabe_store::{OrdersBy, RdsTarget, Role, SourceConfig, SpiAddresses};

use crate::declare::DeclareError;

/// A declaration as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Document {
    pub seller: Vec<SellerTable>,
    pub app: Vec<AppTable>,
    pub grant: Vec<GrantTable>,
    pub session: Vec<SessionTable>,
    pub channel: Vec<ChannelTable>,
    pub user: Vec<UserTable>,
    pub warehouse: Vec<WarehouseTable>,
    pub webhook: Vec<WebhookTable>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SellerTable {
    pub id: i64,
    pub nick: String,
    /// `platform` or `app:<key>`.
    #[serde(default = "platform")]
    pub allocator: String,
    /// `keeper` or `app:<key>`.
    #[serde(default = "keeper")]
    pub acceptor: String,
    pub wms: Option<String>,
    /// Any of the merchant's settings; durations in milliseconds.
    #[serde(default)]
    pub settings: toml::Table,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppTable {
    pub key: String,
    pub secret: String,
    #[serde(default)]
    pub name: String,
    /// Absent: the addresses stay as they are.
    pub spi: Option<SpiAddresses>,
    #[serde(default)]
    pub orders_by: OrdersBy,
    #[serde(default)]
    pub allowed_parameters: Vec<String>,
    #[serde(default)]
    pub rds: Vec<RdsTarget>,
    /// Short for a grant table for each of `sellers`.
    #[serde(default)]
    pub roles: Vec<Role>,
    #[serde(default)]
    pub sellers: Vec<i64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantTable {
    pub app: String,
    pub seller: i64,
    pub roles: Vec<Role>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionTable {
    pub token: String,
    pub app: String,
    pub seller: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelTable {
    pub name: String,
    pub seller: i64,
    pub token: String,
    pub endpoint: Option<String>,
    pub app_key: Option<String>,
    pub secret: Option<String>,
    pub session: Option<String>,
    /// The channel's own database, where trades and refunds are read from.
    pub rds: Option<SourceConfig>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserTable {
    pub name: String,
    pub seller: i64,
    pub role: PersonRole,
    /// The store of a clerk, by the merchant's code.
    pub store_code: Option<String>,
    pub token: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonRole {
    StoreClerk,
    Merchant,
    Operator,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarehouseTable {
    pub seller: i64,
    pub code: String,
    pub name: String,
    #[serde(default)]
    pub province: String,
    #[serde(default)]
    pub city: String,
    #[serde(default)]
    pub district: String,
    #[serde(default)]
    pub address: String,
    /// Absent: whatever was set before stays.
    pub delivery: Option<DeliveryTable>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookTable {
    pub seller: i64,
    pub name: String,
    pub url: String,
    /// `whsec_` and base64 of 24 to 64 bytes.
    pub secret: String,
    /// Absent: every fact.
    #[serde(default)]
    pub facts: BTreeSet<Fact>,
    #[serde(default)]
    pub paused: bool,
}

/// A warehouse's delivery settings, as a store's are told over the wire.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryTable {
    pub working_time: Option<String>,
    pub dispatch_time: Vec<String>,
    pub priority: i64,
    pub deliver_threshold: Option<i64>,
}

fn platform() -> String {
    "platform".to_owned()
}

fn keeper() -> String {
    "keeper".to_owned()
}

impl Document {
    /// Reads the text; the error shows the line.
    pub fn parse(toml: &str) -> Result<Self, DeclareError> {
        toml::from_str(toml).map_err(|error| DeclareError::Syntax(error.to_string()))
    }
}

impl SellerTable {
    /// The settings with defaults filled in, without allocator and acceptor, which have keys of their own.
    pub fn settings(&self) -> Result<Settings, DeclareError> {
        for key in ["allocator", "acceptor", "wms"] {
            if self.settings.contains_key(key) {
                return Err(self.invalid(format!("{key} is a key of [[seller]] itself, not of its settings")));
            }
        }
        self.settings
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| self.invalid(format!("settings: {}", error.message())))
    }

    /// An error about this table.
    pub fn invalid(&self, problem: String) -> DeclareError {
        DeclareError::Invalid { table: "seller", name: self.id.to_string(), problem }
    }
}
