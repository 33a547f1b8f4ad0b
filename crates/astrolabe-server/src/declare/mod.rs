//! `astrolabe apply`: a merchant declared in a TOML file, brought into being. Applying it again changes nothing.
//!
//! The file is checked as a whole before anything is written; an error names the table and the field.

mod document;
mod draft;

use std::sync::Arc;

use astrolabe_core::command::{Command, Outcome};
use astrolabe_core::ids::SellerId;
use astrolabe_core::place::{Location, LocationKind};
use astrolabe_core::seller::Seller;
use astrolabe_core::service_settings::{DeliveryRules, ServiceChange};
use astrolabe_store::StoreError;
use thiserror::Error;

use crate::app::{App, LaneError};
use crate::declare::draft::DeclaredWarehouse;

pub use document::Document;
pub(crate) use draft::WEBHOOK_NAME_CHARS_MAX;

/// Why a file was not applied. Nothing of it was.
#[derive(Debug, Error)]
pub enum DeclareError {
    #[error("{0}")]
    Syntax(String),
    #[error("{table} {name}: {problem}")]
    Invalid { table: &'static str, name: String, problem: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("seller {seller}: {error}")]
    Seller { seller: SellerId, error: LaneError },
    #[error("warehouse {code} of seller {seller}: {error}")]
    Warehouse { seller: SellerId, code: String, error: LaneError },
}

/// What applying did, or would do: one line a thing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Applied {
    pub lines: Vec<String>,
    pub changes: usize,
}

/// Reads the file, compares it with what is there, and writes the difference unless `dry_run`.
pub async fn apply(app: &Arc<App>, toml: &str, dry_run: bool) -> Result<Applied, DeclareError> {
    let document = Document::parse(toml)?;
    app.directory.refresh(app.store.as_ref()).await?;
    let directory = app.store.directory().await?;
    let mut applied = Applied::default();

    // Sellers first: their warehouses need a lane. Everything was checked before the first write.
    let known_sellers: Vec<SellerId> = directory.sellers.iter().map(|seller| seller.id).collect();
    let warehouses = draft::warehouses(&document, &app.geography, &known_sellers)?;
    let draft = draft::directory(&document, &directory, app.store.as_ref(), &known_sellers).await?;
    draft::compare(&draft, &directory, &mut applied);
    if !dry_run {
        app.store.put_directory(&draft, app.clock.now()).await?;
        app.directory.refresh(app.store.as_ref()).await?;
        look_again(app, &draft.sellers, &directory.sellers).await?;
    }
    for warehouse in warehouses {
        declare_warehouse(app, warehouse, &known_sellers, dry_run, &mut applied).await?;
    }
    Ok(applied)
}

/// Other settings may serve what nobody could: what waits is tried again.
async fn look_again(app: &Arc<App>, now: &[Seller], before: &[Seller]) -> Result<(), DeclareError> {
    for seller in now {
        let known = before.iter().find(|known| known.id == seller.id);
        if known.is_some_and(|known| known.settings != seller.settings) {
            let failed = |error| DeclareError::Seller { seller: seller.id, error };
            app.submit(seller.id, Command::SeeSettings, None).await.map_err(failed)?;
        }
    }
    Ok(())
}

async fn declare_warehouse(
    app: &Arc<App>,
    declared: DeclaredWarehouse,
    known_sellers: &[SellerId],
    dry_run: bool,
    applied: &mut Applied,
) -> Result<(), DeclareError> {
    let DeclaredWarehouse { seller, location, delivery } = declared;
    let LocationKind::Warehouse { code } = location.kind.clone() else { return Ok(()) };
    let present = if known_sellers.contains(&seller) || !dry_run {
        app.store.locations(seller).await?.into_iter().find(|known| known.kind == location.kind)
    } else {
        None
    };
    let verdict = match &present {
        None => "new",
        Some(known) if same_warehouse(known, &location, delivery.as_ref()) => "unchanged",
        Some(_) => "changed",
    };
    applied.note("warehouse", &format!("{code} of seller {seller}"), verdict);
    if verdict == "unchanged" || dry_run {
        return Ok(());
    }
    let failed = |error| DeclareError::Warehouse { seller, code: code.to_string(), error };
    let outcome = app.submit(seller, Command::DeclareWarehouse(Box::new(location)), None).await.map_err(failed)?;
    if let (Outcome::StoreCreated(location), Some(rules)) = (outcome, delivery) {
        let change = ServiceChange::Delivery(rules);
        app.submit(seller, Command::SetService { location, change }, None).await.map_err(failed)?;
    }
    Ok(())
}

fn same_warehouse(known: &Location, wanted: &Location, delivery: Option<&DeliveryRules>) -> bool {
    known.name == wanted.name
        && known.point == wanted.point
        && known.hours == wanted.hours
        && known.status == wanted.status
        && known.card == wanted.card
        && delivery.is_none_or(|rules| known.service.delivery.usual == *rules)
}

impl Applied {
    fn note(&mut self, table: &str, name: &str, verdict: &str) {
        if verdict != "unchanged" {
            self.changes += 1;
        }
        self.lines.push(format!("{verdict:<9}  {table} {name}"));
    }
}
