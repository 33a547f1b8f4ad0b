//! Directory tables.

use deadpool_postgres::{Client, GenericClient, Transaction};

use astrolabe_core::ids::SellerId;

use crate::directory::{AppRow, Directory, DirectoryDraft};
use crate::error::StoreError;
use crate::postgres::fields::{all as rows, commit_failure, each, failure, first};
use crate::rows::{DirectoryKind, DirectoryRows, Fields, SellerRow, directory_rows, from_doc, to_doc};

/// Counts the changes of all directory tables together.
pub(super) async fn version(client: &impl GenericClient) -> Result<i64, StoreError> {
    let version = "SELECT version FROM directory_version WHERE id = 1";
    let version = first(client, version, &[], |row| row.int(0)).await?;
    version.ok_or_else(|| StoreError::Corrupt("the directory has no version".to_owned()))
}

/// Everything at one version.
pub(super) async fn all(client: &Transaction<'_>) -> Result<Directory, StoreError> {
    let sellers = "SELECT seller_id, nick, settings FROM seller ORDER BY seller_id";
    let mut directory = Directory {
        version: version(client).await?,
        sellers: rows(client, sellers, &[], crate::rows::seller).await?,
        ..Directory::default()
    };
    for kind in DirectoryKind::ALL {
        each(client, kind.select(), &[], |row| kind.take(&mut directory, row)).await?;
    }
    Ok(directory)
}

/// Puts rows, bumps the version and the lanes of the sellers named: one transaction a seller, because one transaction
/// touches one seller; then one for the tables of all. What was put stays when a later one fails; putting is repeatable.
pub(super) async fn put(client: &mut Client, draft: &DirectoryDraft) -> Result<(), StoreError> {
    let keyed = directory_rows(draft)?;
    for seller in draft.lanes() {
        put_seller(client, seller, draft, &keyed).await?;
    }
    let transaction = client.transaction().await.map_err(failure)?;
    for (table, key, by_name) in [("app", "app_key", &keyed.apps), ("session", "token", &keyed.sessions)] {
        let put = format!(
            "INSERT INTO {table} ({key}, doc) VALUES ($1, $2) ON CONFLICT ({key}) DO UPDATE SET doc = excluded.doc"
        );
        for (name, doc) in by_name {
            transaction.execute(&put, &[name, doc]).await.map_err(failure)?;
        }
    }
    let by_seller: [(&str, &str, &[SellerRow]); 3] = [
        ("app_grant", "app_key", &keyed.grants),
        ("channel", "name", &keyed.channels),
        ("person", "name", &keyed.people),
    ];
    for (table, key, named) in by_seller {
        let put = format!(
            "INSERT INTO {table} (seller_id, {key}, doc) VALUES ($1, $2, $3) \
             ON CONFLICT (seller_id, {key}) DO UPDATE SET doc = excluded.doc"
        );
        for (seller, name, doc) in named {
            transaction.execute(&put, &[&seller.0, name, doc]).await.map_err(failure)?;
        }
    }
    let bump = "UPDATE directory_version SET version = version + 1 WHERE id = 1";
    transaction.execute(bump, &[]).await.map_err(failure)?;
    transaction.commit().await.map_err(commit_failure)
}

/// The lane first, as every writer of decided state; with the seller what its lane loads with it.
async fn put_seller(
    client: &mut Client,
    seller: SellerId,
    draft: &DirectoryDraft,
    keyed: &DirectoryRows,
) -> Result<(), StoreError> {
    let transaction = client.transaction().await.map_err(failure)?;
    transaction
        .execute(
            "INSERT INTO seller_lane AS lane (seller_id, version, places_version) VALUES ($1, 0, 0) \
             ON CONFLICT (seller_id) DO UPDATE SET version = lane.version + 1, places_version = lane.version + 1",
            &[&seller.0],
        )
        .await
        .map_err(failure)?;
    for row in draft.sellers.iter().filter(|row| row.id == seller) {
        let put = "INSERT INTO seller (seller_id, nick, settings) VALUES ($1, $2, $3) \
                   ON CONFLICT (seller_id) DO UPDATE SET nick = excluded.nick, settings = excluded.settings";
        let settings = to_doc(&row.settings)?;
        transaction.execute(put, &[&row.id.0, &row.nick, &settings]).await.map_err(failure)?;
    }
    for (_, name, doc) in keyed.webhooks.iter().filter(|(of, _, _)| *of == seller) {
        let put = "INSERT INTO webhook (seller_id, name, doc) VALUES ($1, $2, $3) \
                   ON CONFLICT (seller_id, name) DO UPDATE SET doc = excluded.doc";
        transaction.execute(put, &[&seller.0, name, doc]).await.map_err(failure)?;
    }
    for (_, name) in draft.gone_webhooks.iter().filter(|(of, _)| *of == seller) {
        let gone = "DELETE FROM webhook WHERE seller_id = $1 AND name = $2";
        transaction.execute(gone, &[&seller.0, &name.0]).await.map_err(failure)?;
    }
    transaction.commit().await.map_err(commit_failure)
}

/// Replaces an app's row if it still is `from`.
pub(super) async fn replace_app(client: &mut Client, from: &AppRow, to: &AppRow) -> Result<bool, StoreError> {
    let transaction = client.transaction().await.map_err(failure)?;
    let present = "SELECT doc FROM app WHERE app_key = $1 FOR UPDATE";
    let present = first(&transaction, present, &[&from.key.0], |row| from_doc::<AppRow>(&row.text(0)?)).await?;
    if present.as_ref() != Some(from) {
        return Ok(false);
    }
    let put = "UPDATE app SET doc = $2 WHERE app_key = $1";
    transaction.execute(put, &[&from.key.0, &to_doc(to)?]).await.map_err(failure)?;
    let bump = "UPDATE directory_version SET version = version + 1 WHERE id = 1";
    transaction.execute(bump, &[]).await.map_err(failure)?;
    transaction.commit().await.map_err(commit_failure)?;
    Ok(true)
}
