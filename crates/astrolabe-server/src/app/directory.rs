//! The directory in memory: who may call, for whom, and where they are called. Read by every request, refreshed when
//! its version in the database moves.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use astrolabe_core::ids::{AppKey, SellerId, WebhookName};
use astrolabe_core::outward::Receiver;
use astrolabe_core::seller::Seller;
use astrolabe_store::{AppRow, ChannelRow, Directory, Role, SessionRow, Store, StoreError, UserRow, WebhookRow};
use parking_lot::RwLock;

/// An app with its grants.
#[derive(Clone, Debug)]
pub struct AppEntry {
    pub row: AppRow,
    pub roles: HashMap<SellerId, BTreeSet<Role>>,
}

/// The directory, indexed for the request path.
#[derive(Debug, Default)]
pub struct DirectoryIndex {
    pub version: i64,
    sellers: HashMap<SellerId, Seller>,
    apps: HashMap<AppKey, AppEntry>,
    sessions: HashMap<String, SessionRow>,
    with_session: HashSet<(AppKey, SellerId)>,
    channels: HashMap<String, ChannelRow>,
    users: HashMap<String, UserRow>,
    webhooks: BTreeMap<(SellerId, WebhookName), WebhookRow>,
}

impl DirectoryIndex {
    fn new(directory: Directory) -> Self {
        let mut apps: HashMap<AppKey, AppEntry> =
            directory.apps.into_iter().map(|row| (row.key.clone(), AppEntry { row, roles: HashMap::new() })).collect();
        for grant in directory.grants {
            if let Some(app) = apps.get_mut(&grant.app) {
                app.roles.entry(grant.seller).or_default().extend(grant.roles);
            }
        }
        Self {
            version: directory.version,
            sellers: directory.sellers.into_iter().map(|seller| (seller.id, seller)).collect(),
            apps,
            with_session: directory.sessions.iter().map(|row| (row.app.clone(), row.seller)).collect(),
            sessions: directory.sessions.into_iter().map(|row| (row.token.clone(), row)).collect(),
            channels: directory.channels.into_iter().map(|row| (row.token.clone(), row)).collect(),
            webhooks: directory.webhooks.into_iter().map(|row| ((row.seller, row.name.clone()), row)).collect(),
            users: directory.users.into_iter().map(|row| (row.token.clone(), row)).collect(),
        }
    }

    /// A declared seller.
    pub fn seller(&self, id: SellerId) -> Option<&Seller> {
        self.sellers.get(&id)
    }

    /// All declared sellers.
    pub fn sellers(&self) -> impl Iterator<Item = &Seller> {
        self.sellers.values()
    }

    /// A registered app.
    pub fn app(&self, key: &AppKey) -> Option<&AppEntry> {
        self.apps.get(key)
    }

    /// The apps that the seller has granted something, in order.
    pub fn apps_of(&self, seller: SellerId) -> Vec<&AppEntry> {
        let mut apps: Vec<_> = self.apps.values().filter(|entry| entry.roles.contains_key(&seller)).collect();
        apps.sort_unstable_by(|one, other| one.row.key.cmp(&other.row.key));
        apps
    }

    /// The session behind a token, if it belongs to this app.
    pub fn session(&self, token: &str, app: &AppKey) -> Option<&SessionRow> {
        self.sessions.get(token).filter(|session| session.app == *app)
    }

    /// Whether the app has a session for the seller.
    pub fn has_session(&self, app: &AppKey, seller: SellerId) -> bool {
        self.with_session.contains(&(app.clone(), seller))
    }

    /// The sellers who have granted the app something.
    pub fn sellers_of(&self, app: &AppKey) -> impl Iterator<Item = SellerId> {
        self.apps.get(app).into_iter().flat_map(|entry| entry.roles.keys().copied())
    }

    /// What an app may be to a seller; empty without a grant.
    pub fn roles(&self, app: &AppKey, seller: SellerId) -> BTreeSet<Role> {
        self.apps.get(app).and_then(|entry| entry.roles.get(&seller)).cloned().unwrap_or_default()
    }

    /// All declared channels.
    pub fn channels(&self) -> impl Iterator<Item = &ChannelRow> {
        self.channels.values()
    }

    /// The channel that a bearer token opens.
    pub fn channel_by_token(&self, token: &str) -> Option<&ChannelRow> {
        self.channels.get(token)
    }

    /// A seller's channel by number.
    pub fn channel_of(&self, seller: SellerId, channel: astrolabe_core::ids::ChannelId) -> Option<&ChannelRow> {
        self.channels.values().find(|row| row.seller == seller && row.channel == channel)
    }

    /// Everybody who may be called for a seller, in order.
    pub fn receivers(&self) -> Vec<(SellerId, Receiver)> {
        let apps = self
            .apps
            .values()
            .flat_map(|entry| entry.roles.keys().map(|seller| (*seller, Receiver::App(entry.row.key.clone()))));
        let databases = self.apps.values().filter(|entry| !entry.row.rds.is_empty());
        let databases = databases
            .flat_map(|entry| entry.roles.keys().map(|seller| (*seller, Receiver::Rds(entry.row.key.clone()))));
        let channels = self.channels.values().map(|row| (row.seller, Receiver::Channel(row.channel)));
        let webhooks = self.webhooks.keys().map(|(seller, name)| (*seller, Receiver::Webhook(name.clone())));
        let mut all: Vec<_> = apps.chain(databases).chain(channels).chain(webhooks).collect();
        all.sort_unstable();
        all
    }

    /// A seller's webhook.
    pub fn webhook(&self, seller: SellerId, name: &WebhookName) -> Option<&WebhookRow> {
        self.webhooks.get(&(seller, name.clone()))
    }

    /// A seller's webhooks, by name.
    pub fn webhooks_of(&self, seller: SellerId) -> impl Iterator<Item = &WebhookRow> {
        let first = (seller, WebhookName(String::new()));
        self.webhooks.range(first..).map(|(_, row)| row).take_while(move |row| row.seller == seller)
    }

    /// The person behind a bearer token.
    pub fn user_by_token(&self, token: &str) -> Option<&UserRow> {
        self.users.get(token)
    }
}

/// The present index, replaced as a whole.
#[derive(Debug)]
pub struct DirectoryCache {
    index: RwLock<Arc<DirectoryIndex>>,
}

impl DirectoryCache {
    /// Loads it for the first time.
    pub async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let directory = store.directory().await?;
        Ok(Self { index: RwLock::new(Arc::new(DirectoryIndex::new(directory))) })
    }

    /// The present directory.
    pub fn get(&self) -> Arc<DirectoryIndex> {
        Arc::clone(&self.index.read())
    }

    /// Loads it again if the stored version moved.
    pub async fn refresh(&self, store: &dyn Store) -> Result<(), StoreError> {
        if store.directory_version().await? != self.get().version {
            let directory = store.directory().await?;
            *self.index.write() = Arc::new(DirectoryIndex::new(directory));
        }
        Ok(())
    }
}
