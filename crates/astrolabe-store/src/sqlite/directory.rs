//! Directory tables.

use rusqlite::{Connection, TransactionBehavior, params};

use crate::directory::{AppRow, Directory, DirectoryDraft};
use crate::error::StoreError;
use crate::rows::{DirectoryKind, Fields, SellerRow, directory_rows, from_doc, to_doc};
use crate::sqlite::fields::{all as rows, commit_failure, each, failure, first, run};

/// Counts the changes of all directory tables together.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    let version = first(connection, "SELECT version FROM directory_version WHERE id = 1", [], |row| row.int(0))?;
    version.ok_or_else(|| StoreError::Corrupt("the directory has no version".to_owned()))
}

/// Everything at one version.
pub(super) fn all(connection: &Connection) -> Result<Directory, StoreError> {
    let sellers = "SELECT seller_id, nick, settings FROM seller ORDER BY seller_id";
    let mut directory = Directory {
        version: version(connection)?,
        sellers: rows(connection, sellers, [], |row| crate::rows::seller(row))?,
        ..Directory::default()
    };
    for kind in DirectoryKind::ALL {
        each(connection, kind.select(), [], |row| kind.take(&mut directory, row))?;
    }
    Ok(directory)
}

/// Puts rows, bumps the version and the lanes of the sellers named.
pub(super) fn put(connection: &mut Connection, draft: &DirectoryDraft) -> Result<(), StoreError> {
    let keyed = directory_rows(draft)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
    for seller in &draft.sellers {
        run(
            &transaction,
            "INSERT INTO seller (seller_id, nick, settings) VALUES (?1, ?2, ?3) \
             ON CONFLICT (seller_id) DO UPDATE SET nick = excluded.nick, settings = excluded.settings",
            params![seller.id.0, seller.nick, to_doc(&seller.settings)?],
        )?;
    }
    for seller in draft.lanes() {
        run(
            &transaction,
            "INSERT INTO seller_lane (seller_id, version, places_version) VALUES (?1, 0, 0) \
             ON CONFLICT (seller_id) DO UPDATE SET version = version + 1, places_version = version + 1",
            [seller.0],
        )?;
    }
    for (table, key, by_name) in [("app", "app_key", &keyed.apps), ("session", "token", &keyed.sessions)] {
        let put = format!(
            "INSERT INTO {table} ({key}, doc) VALUES (?1, ?2) ON CONFLICT ({key}) DO UPDATE SET doc = excluded.doc"
        );
        for row in by_name {
            run(&transaction, &put, (&row.0, &row.1))?;
        }
    }
    let by_seller: [(&str, &str, &[SellerRow]); 4] = [
        ("app_grant", "app_key", &keyed.grants),
        ("channel", "name", &keyed.channels),
        ("person", "name", &keyed.people),
        ("webhook", "name", &keyed.webhooks),
    ];
    for (table, key, named) in by_seller {
        let put = format!(
            "INSERT INTO {table} (seller_id, {key}, doc) VALUES (?1, ?2, ?3) \
             ON CONFLICT (seller_id, {key}) DO UPDATE SET doc = excluded.doc"
        );
        for (seller, name, doc) in named {
            run(&transaction, &put, params![seller.0, name, doc])?;
        }
    }
    for (seller, name) in &draft.gone_webhooks {
        run(&transaction, "DELETE FROM webhook WHERE seller_id = ?1 AND name = ?2", (seller.0, &name.0))?;
    }
    run(&transaction, "UPDATE directory_version SET version = version + 1 WHERE id = 1", [])?;
    transaction.commit().map_err(commit_failure)
}

/// Replaces an app's row if it still is `from`.
pub(super) fn replace_app(connection: &mut Connection, from: &AppRow, to: &AppRow) -> Result<bool, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
    let present = "SELECT doc FROM app WHERE app_key = ?1";
    let present = first(&transaction, present, [&from.key.0], |row| from_doc::<AppRow>(&row.text(0)?))?;
    if present.as_ref() != Some(from) {
        return Ok(false);
    }
    run(&transaction, "UPDATE app SET doc = ?2 WHERE app_key = ?1", (&from.key.0, to_doc(to)?))?;
    run(&transaction, "UPDATE directory_version SET version = version + 1 WHERE id = 1", [])?;
    transaction.commit().map_err(commit_failure)?;
    Ok(true)
}
