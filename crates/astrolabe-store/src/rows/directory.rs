//! Directory rows as columns: a key and a document each.

use astrolabe_core::ids::SellerId;
use astrolabe_core::subscription::Subscription;

use crate::directory::{Directory, DirectoryDraft, WebhookRow};
use crate::error::StoreError;
use crate::rows::{Fields, from_doc, to_doc};

/// The directory tables that are a key and a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DirectoryKind {
    Apps,
    Grants,
    Sessions,
    Channels,
    People,
    Webhooks,
}

impl DirectoryKind {
    pub(crate) const ALL: [DirectoryKind; 6] =
        [Self::Apps, Self::Grants, Self::Sessions, Self::Channels, Self::People, Self::Webhooks];

    /// Reads every document of the table.
    pub(crate) fn select(self) -> &'static str {
        match self {
            DirectoryKind::Apps => "SELECT doc FROM app ORDER BY app_key",
            DirectoryKind::Grants => "SELECT doc FROM app_grant ORDER BY app_key, seller_id",
            DirectoryKind::Sessions => "SELECT doc FROM session ORDER BY token",
            DirectoryKind::Channels => "SELECT doc FROM channel ORDER BY seller_id, name",
            DirectoryKind::People => "SELECT doc FROM person ORDER BY seller_id, name",
            DirectoryKind::Webhooks => "SELECT doc FROM webhook ORDER BY seller_id, name",
        }
    }

    /// Takes a document in.
    pub(crate) fn take(self, directory: &mut Directory, row: &impl Fields) -> Result<(), StoreError> {
        let doc = row.text(0)?;
        match self {
            DirectoryKind::Apps => directory.apps.push(from_doc(&doc)?),
            DirectoryKind::Grants => directory.grants.push(from_doc(&doc)?),
            DirectoryKind::Sessions => directory.sessions.push(from_doc(&doc)?),
            DirectoryKind::Channels => directory.channels.push(from_doc(&doc)?),
            DirectoryKind::People => directory.users.push(from_doc(&doc)?),
            DirectoryKind::Webhooks => directory.webhooks.push(from_doc(&doc)?),
        }
        Ok(())
    }
}

/// Whom a webhook's document says is to be told.
pub(crate) fn subscription(row: &impl Fields) -> Result<Option<Subscription>, StoreError> {
    Ok(from_doc::<WebhookRow>(&row.text(0)?)?.subscription())
}

/// A row under a seller: name, document.
pub(crate) type SellerRow = (SellerId, String, String);

/// A draft's rows, by what their key is made of: (seller, name, document), (name, document).
#[derive(Debug, Default)]
pub(crate) struct DirectoryRows {
    pub(crate) apps: Vec<(String, String)>,
    pub(crate) grants: Vec<SellerRow>,
    pub(crate) sessions: Vec<(String, String)>,
    pub(crate) channels: Vec<SellerRow>,
    pub(crate) people: Vec<SellerRow>,
    pub(crate) webhooks: Vec<SellerRow>,
}

pub(crate) fn directory_rows(draft: &DirectoryDraft) -> Result<DirectoryRows, StoreError> {
    let mut rows = DirectoryRows::default();
    for app in &draft.apps {
        rows.apps.push((app.key.0.clone(), to_doc(app)?));
    }
    for grant in &draft.grants {
        rows.grants.push((grant.seller, grant.app.0.clone(), to_doc(grant)?));
    }
    for session in &draft.sessions {
        rows.sessions.push((session.token.clone(), to_doc(session)?));
    }
    for channel in &draft.channels {
        rows.channels.push((channel.seller, channel.name.clone(), to_doc(channel)?));
    }
    for user in &draft.users {
        rows.people.push((user.seller, user.name.clone(), to_doc(user)?));
    }
    for webhook in &draft.webhooks {
        rows.webhooks.push((webhook.seller, webhook.name.0.clone(), to_doc(webhook)?));
    }
    Ok(rows)
}
