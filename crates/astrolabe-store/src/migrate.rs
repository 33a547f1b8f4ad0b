//! The migrations and what may be done with them: each runs once, in order, forward only, and must not change after.
//! The backends run the statements; this file only judges.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::error::StoreError;

/// One step of the schema, the same number and name in both dialects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

macro_rules! migration {
    ($number:literal, $file:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $file, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $file, ".sql")),
        }
    };
}

/// All of them, in order.
pub(crate) const MIGRATIONS: [Migration; 16] = [
    migration!(1, "0001_directory", "directory"),
    migration!(2, "0002_goods", "goods"),
    migration!(3, "0003_stock", "stock"),
    migration!(4, "0004_orders", "orders"),
    migration!(5, "0005_outward", "outward"),
    migration!(6, "0006_planning", "planning"),
    migration!(7, "0007_day_load", "day_load"),
    migration!(8, "0008_lists", "lists"),
    migration!(9, "0009_outward_attempt", "outward_attempt"),
    migration!(10, "0010_pickup", "pickup"),
    migration!(11, "0011_timeline_reader", "timeline_reader"),
    migration!(12, "0012_webhook", "webhook"),
    migration!(13, "0013_kpi_figure", "kpi_figure"),
    migration!(14, "0014_exception", "exception"),
    migration!(15, "0015_settlement", "settlement"),
    migration!(16, "0016_channel_source", "channel_source"),
];

/// Makes the table that remembers what ran. Understood by both databases.
pub(crate) const MIGRATION_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
    number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)";

/// The migrations still to run on a database where `ran` (number → checksum) have.
///
/// # Errors
/// [`StoreError::Schema`] when something ran that this program does not know, or knows otherwise.
pub(crate) fn still_to_run(
    ran: &BTreeMap<i64, String>,
    text: impl Fn(&Migration) -> &'static str,
) -> Result<Vec<Migration>, StoreError> {
    for (number, stored) in ran {
        let Some(known) = MIGRATIONS.iter().find(|migration| migration.number == *number) else {
            let newest = MIGRATIONS.len();
            return Err(StoreError::Schema(format!(
                "the database has migration {number}, this program ends at {newest}: use the newer program"
            )));
        };
        if checksum(text(known)) != *stored {
            return Err(StoreError::Schema(format!(
                "migration {number} ({}) was changed after it ran here",
                known.name
            )));
        }
    }
    Ok(MIGRATIONS.iter().filter(|migration| !ran.contains_key(&migration.number)).copied().collect())
}

/// What is remembered of a migration's text.
pub(crate) fn checksum(text: &str) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(up_to: usize) -> BTreeMap<i64, String> {
        MIGRATIONS.iter().take(up_to).map(|migration| (migration.number, checksum(migration.sqlite))).collect()
    }

    #[test]
    fn only_what_has_not_run_is_run() {
        for up_to in 0..=MIGRATIONS.len() {
            let left = still_to_run(&ran(up_to), |migration| migration.sqlite).unwrap();
            assert_eq!(left.len(), MIGRATIONS.len() - up_to);
        }
    }

    #[test]
    fn a_changed_or_unknown_migration_is_an_error() {
        let mut changed = ran(2);
        changed.insert(1, "another".to_owned());
        let mut newer = ran(MIGRATIONS.len());
        newer.insert(999, "of a later program".to_owned());
        for stored in [changed, newer] {
            assert!(matches!(still_to_run(&stored, |migration| migration.sqlite), Err(StoreError::Schema(_))));
        }
    }

    #[test]
    fn numbers_go_up_by_one() {
        for (at, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(usize::try_from(migration.number).unwrap(), at + 1);
        }
    }
}
