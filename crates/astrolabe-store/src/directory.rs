//! Directory tables: who may call, for whom, and where they are called. Small, read from cache, changed by `apply`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use astrolabe_core::ids::{AppKey, ChannelId, LocationId, SellerId, WebhookName};
use astrolabe_core::order::timeline::Fact;
use astrolabe_core::seller::Seller;
use astrolabe_core::subscription::Subscription;

use crate::addresses::SpiAddresses;
use crate::source::SourceConfig;

/// What an app is to a seller (white paper §3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Master data and stock.
    Erp,
    /// Accepts, refuses, ships at stores.
    Pos,
    /// Decides level 3.
    Allocator,
    /// Ships from warehouses.
    Wms,
}

/// Which orders an app gets through which pipe (§3.2 方式一 / 方式二).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrdersBy {
    #[default]
    Spi,
    Rds,
}

/// A database of an app into which trades are pushed (订单推送库), as `jushita.jdp.user.add` names it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RdsTarget {
    pub name: String,
    /// `mysql://…` or `postgres://…` with user and password, never shown; `None`: nothing is pushed into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Nothing is pushed into it for now.
    #[serde(default)]
    pub paused: bool,
}

impl std::fmt::Debug for RdsTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RdsTarget").field("name", &self.name).field("paused", &self.paused).finish_non_exhaustive()
    }
}

/// An application.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppRow {
    pub key: AppKey,
    pub secret: String,
    pub name: String,
    /// Where it is called (§7).
    pub spi: SpiAddresses,
    pub orders_by: OrdersBy,
    /// Parameters that no method defines and that this app may send all the same.
    pub allowed_parameters: Vec<String>,
    #[serde(default)]
    pub rds: Vec<RdsTarget>,
}

impl AppRow {
    /// The database of that name.
    pub fn rds_target(&self, name: &str) -> Option<&RdsTarget> {
        self.rds.iter().find(|target| target.name == name)
    }
}

impl std::fmt::Debug for AppRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppRow").field("key", &self.key).field("name", &self.name).finish_non_exhaustive()
    }
}

/// An app's right to act for a seller.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Grant {
    pub app: AppKey,
    pub seller: SellerId,
    pub roles: Vec<Role>,
}

/// A session key: an app acting for one seller.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    pub token: String,
    pub app: AppKey,
    pub seller: SellerId,
}

impl std::fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionRow").field("app", &self.app).field("seller", &self.seller).finish_non_exhaustive()
    }
}

/// A channel's access to the channel door, and where the channel itself is called.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRow {
    pub name: String,
    pub channel: ChannelId,
    pub seller: SellerId,
    pub token: String,
    /// Where `taobao.logistics.offline.send` goes in modes 3.1 and 3.2; `None`: the channel is not called.
    pub endpoint: Option<String>,
    /// Key, secret and session we sign that call with.
    pub app_key: Option<AppKey>,
    pub secret: Option<String>,
    pub session: Option<String>,
    /// The channel's own database, from which its trades and refunds are read; `None`: they come by the channel door alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rds: Option<SourceConfig>,
}

impl std::fmt::Debug for ChannelRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChannelRow").field("name", &self.name).field("seller", &self.seller).finish_non_exhaustive()
    }
}

/// What a person may do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// A store clerk: one store.
    StoreClerk { store: LocationId },
    /// The merchant's staff: every store.
    Merchant,
    /// Runs the platform.
    Operator,
}

/// A person with a bearer token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    pub name: String,
    pub seller: SellerId,
    pub role: UserRole,
    pub token: String,
}

impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRow").field("name", &self.name).field("seller", &self.seller).finish_non_exhaustive()
    }
}

/// A merchant's own system that is told of what happens to its orders.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRow {
    pub seller: SellerId,
    pub name: WebhookName,
    pub url: String,
    /// `whsec_…`, which signs what is sent there.
    pub secret: String,
    /// Facts it is told of; empty: all of them.
    pub facts: BTreeSet<Fact>,
    /// Nothing new is told for now.
    pub paused: bool,
}

impl WebhookRow {
    /// What decisions have to know of it; `None` while it is paused.
    pub fn subscription(&self) -> Option<Subscription> {
        (!self.paused).then(|| Subscription { webhook: self.name.clone(), facts: self.facts.clone() })
    }
}

impl std::fmt::Debug for WebhookRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookRow").field("name", &self.name).field("seller", &self.seller).finish_non_exhaustive()
    }
}

/// All directory tables at one version.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    pub version: i64,
    pub sellers: Vec<Seller>,
    pub apps: Vec<AppRow>,
    pub grants: Vec<Grant>,
    pub sessions: Vec<SessionRow>,
    pub channels: Vec<ChannelRow>,
    pub users: Vec<UserRow>,
    pub webhooks: Vec<WebhookRow>,
}

/// Rows to put (insert or replace by key). What is not named stays. A seller's settings and webhooks also go through its
/// lane: its version is bumped, so that every node sees the new ones before its next decision.
#[derive(Clone, Debug, Default)]
pub struct DirectoryDraft {
    pub sellers: Vec<Seller>,
    pub apps: Vec<AppRow>,
    pub grants: Vec<Grant>,
    pub sessions: Vec<SessionRow>,
    pub channels: Vec<ChannelRow>,
    pub users: Vec<UserRow>,
    pub webhooks: Vec<WebhookRow>,
    pub gone_webhooks: Vec<(SellerId, WebhookName)>,
}

impl DirectoryDraft {
    /// Sellers whose lanes load something of this.
    pub(crate) fn lanes(&self) -> BTreeSet<SellerId> {
        let settings = self.sellers.iter().map(|seller| seller.id);
        let webhooks = self.webhooks.iter().map(|row| row.seller);
        settings.chain(webhooks).chain(self.gone_webhooks.iter().map(|(seller, _)| *seller)).collect()
    }
}
