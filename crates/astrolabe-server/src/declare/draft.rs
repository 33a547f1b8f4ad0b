//! From the file's form to directory rows and warehouses, with every reference checked.

use std::collections::BTreeSet;

use astrolabe_core::ids::{AppKey, LocationId, SellerId, StoreCode, TMALL, WarehouseCode, WebhookName};
use astrolabe_core::place::{Location, LocationCard, LocationKind, StoreStatus};
use astrolabe_core::seller::{Acceptor, Allocator, Seller};
use astrolabe_core::service_settings::{DeliveryRules, Priority, ServiceSettings, WINDOWS_MAX, Windows};
use astrolabe_core::time::OpeningHours;
use astrolabe_protocol::webhook::WebhookSecret;
use astrolabe_store::{
    AppRow, ChannelRow, Directory, DirectoryDraft, Grant, RdsAddress, RdsTarget, SessionRow, SourceConfig,
    SpiAddresses, Store, UserRole, UserRow, WebhookRow,
};

use crate::app::Geography;
use crate::app::hours::window;
use crate::declare::document::{
    AppTable, ChannelTable, DeliveryTable, Document, PersonRole, SellerTable, UserTable, WarehouseTable, WebhookTable,
};
use crate::declare::{Applied, DeclareError};
use crate::outward::check_addresses;

/// Longest warehouse code (white paper §6.2.1 `warehouseId`).
const WAREHOUSE_CODE_CHARS_MAX: usize = 50;
/// Longest name of a database (published `rds_name`).
const RDS_NAME_CHARS_MAX: usize = 64;

/// Longest name of a webhook.
pub(crate) const WEBHOOK_NAME_CHARS_MAX: usize = 50;

/// What the file may refer to: its own tables and what is there already.
struct Known {
    sellers: BTreeSet<SellerId>,
    apps: BTreeSet<AppKey>,
}

/// Directory rows of a file.
pub(super) async fn directory(
    document: &Document,
    present: &Directory,
    store: &dyn Store,
    known_sellers: &[SellerId],
) -> Result<DirectoryDraft, DeclareError> {
    let known = Known {
        sellers: document
            .seller
            .iter()
            .map(|seller| SellerId(seller.id))
            .chain(known_sellers.iter().copied())
            .collect(),
        apps: document
            .app
            .iter()
            .map(|app| AppKey(app.key.clone()))
            .chain(present.apps.iter().map(|app| app.key.clone()))
            .collect(),
    };
    let mut draft = DirectoryDraft::default();
    for table in &document.seller {
        draft.sellers.push(seller(table, &known)?);
    }
    apps(document, present, &known, &mut draft)?;
    for table in &document.session {
        let row = SessionRow {
            token: table.token.clone(),
            app: known.app("session", &table.app, &table.app)?,
            seller: known.seller("session", &table.app, table.seller)?,
        };
        draft.sessions.push(row);
    }
    for table in &document.channel {
        draft.channels.push(channel(table, &known)?);
    }
    for table in &document.user {
        draft.users.push(user(table, &known, store, known_sellers).await?);
    }
    for table in &document.webhook {
        draft.webhooks.push(webhook(table, &known)?);
    }
    Ok(draft)
}

/// The address is judged when it is called: a file may be applied where nothing is called from.
fn webhook(table: &WebhookTable, known: &Known) -> Result<WebhookRow, DeclareError> {
    let length = table.name.chars().count();
    if !(1..=WEBHOOK_NAME_CHARS_MAX).contains(&length) {
        let problem = format!("a name has 1 to {WEBHOOK_NAME_CHARS_MAX} characters, not {length}");
        return Err(invalid("webhook", &table.name, problem));
    }
    WebhookSecret::parse(&table.secret)
        .map_err(|problem| invalid("webhook", &table.name, format!("secret {problem}")))?;
    Ok(WebhookRow {
        seller: known.seller("webhook", &table.name, table.seller)?,
        name: WebhookName(table.name.clone()),
        url: table.url.clone(),
        secret: table.secret.clone(),
        facts: table.facts.clone(),
        paused: table.paused,
    })
}

fn seller(table: &SellerTable, known: &Known) -> Result<Seller, DeclareError> {
    let mut settings = table.settings()?;
    let app = |value: &str| -> Result<Option<AppKey>, DeclareError> {
        match value.strip_prefix("app:") {
            Some(key) => known.app("seller", &table.id.to_string(), key).map(Some),
            None => Ok(None),
        }
    };
    settings.allocator = match (table.allocator.as_str(), app(&table.allocator)?) {
        ("platform", _) => Allocator::Platform,
        (_, Some(key)) => Allocator::App(key),
        (other, None) => {
            return Err(table.invalid(format!("allocator must be \"platform\" or \"app:<key>\", not {other:?}")));
        }
    };
    settings.acceptor = match (table.acceptor.as_str(), app(&table.acceptor)?) {
        ("keeper", _) => Acceptor::Keeper,
        (_, Some(key)) => Acceptor::App(key),
        (other, None) => {
            return Err(table.invalid(format!("acceptor must be \"keeper\" or \"app:<key>\", not {other:?}")));
        }
    };
    settings.wms = match &table.wms {
        Some(key) => Some(known.app("seller", &table.id.to_string(), key)?),
        None => None,
    };
    Ok(Seller { id: SellerId(table.id), nick: table.nick.clone(), settings })
}

fn apps(
    document: &Document,
    present: &Directory,
    known: &Known,
    draft: &mut DirectoryDraft,
) -> Result<(), DeclareError> {
    for table in &document.app {
        let key = AppKey(table.key.clone());
        if table.roles.is_empty() != table.sellers.is_empty() {
            return Err(invalid("app", &table.key, "roles and sellers go together".to_owned()));
        }
        for seller in &table.sellers {
            let seller = known.seller("app", &table.key, *seller)?;
            draft.grants.push(Grant { app: key.clone(), seller, roles: table.roles.clone() });
        }
        draft.apps.push(AppRow {
            key,
            secret: table.secret.clone(),
            name: table.name.clone(),
            spi: addresses(table, present)?,
            orders_by: table.orders_by,
            allowed_parameters: table.allowed_parameters.clone(),
            rds: rds_targets(table)?,
        });
    }
    for table in &document.grant {
        draft.grants.push(Grant {
            app: known.app("grant", &table.app, &table.app)?,
            seller: known.seller("grant", &table.app, table.seller)?,
            roles: table.roles.clone(),
        });
    }
    Ok(())
}

fn rds_targets(table: &AppTable) -> Result<Vec<RdsTarget>, DeclareError> {
    let mut names = BTreeSet::new();
    for target in &table.rds {
        let length = target.name.chars().count();
        if !(1..=RDS_NAME_CHARS_MAX).contains(&length) {
            let problem = format!("rds: a name has 1 to {RDS_NAME_CHARS_MAX} characters, not {length}");
            return Err(invalid("app", &table.key, problem));
        }
        if !names.insert(&target.name) {
            return Err(invalid("app", &table.key, format!("rds: {:?} is declared twice", target.name)));
        }
    }
    for target in &table.rds {
        let address = target.url.as_deref().map(RdsAddress::parse).transpose();
        address.map_err(|problem| invalid("app", &table.key, format!("rds {:?}: url {problem}", target.name)))?;
    }
    Ok(table.rds.clone())
}

/// The file's addresses, or those that are there.
fn addresses(table: &AppTable, present: &Directory) -> Result<SpiAddresses, DeclareError> {
    match &table.spi {
        Some(addresses) => check_addresses(addresses.clone())
            .map_err(|fault| invalid("app", &table.key, format!("spi.{}: {}", fault.field, fault.problem))),
        None => {
            let known = present.apps.iter().find(|app| app.key.0 == table.key);
            Ok(known.map(|app| app.spi.clone()).unwrap_or_default())
        }
    }
}

fn channel(table: &ChannelTable, known: &Known) -> Result<ChannelRow, DeclareError> {
    if table.name != "tmall" {
        return Err(invalid("channel", &table.name, "the only channel so far is \"tmall\"".to_owned()));
    }
    if table.endpoint.is_some() && (table.app_key.is_none() || table.secret.is_none()) {
        let problem = "an endpoint needs app_key and secret to sign with".to_owned();
        return Err(invalid("channel", &table.name, problem));
    }
    if let Some(problem) = table.rds.as_ref().and_then(SourceConfig::problem) {
        return Err(invalid("channel", &table.name, problem.to_owned()));
    }
    Ok(ChannelRow {
        name: table.name.clone(),
        channel: TMALL,
        seller: known.seller("channel", &table.name, table.seller)?,
        token: table.token.clone(),
        endpoint: table.endpoint.clone(),
        app_key: table.app_key.clone().map(AppKey),
        secret: table.secret.clone(),
        session: table.session.clone(),
        rds: table.rds.clone(),
    })
}

async fn user(
    table: &UserTable,
    known: &Known,
    store: &dyn Store,
    known_sellers: &[SellerId],
) -> Result<UserRow, DeclareError> {
    let seller = known.seller("user", &table.name, table.seller)?;
    let role = match (table.role, &table.store_code) {
        (PersonRole::StoreClerk, Some(code)) => {
            let places = if known_sellers.contains(&seller) { store.locations(seller).await? } else { Vec::new() };
            let wanted = StoreCode(code.clone());
            let store = places.iter().find(|place| match &place.kind {
                LocationKind::Store { code, .. } => *code == wanted,
                LocationKind::Warehouse { .. } => false,
            });
            match store {
                Some(place) => UserRole::StoreClerk { store: place.id },
                None => return Err(invalid("user", &table.name, format!("no store has the code {code:?} yet"))),
            }
        }
        (PersonRole::StoreClerk, None) => {
            return Err(invalid("user", &table.name, "a store_clerk needs a store_code".to_owned()));
        }
        (PersonRole::Merchant, None) => UserRole::Merchant,
        (PersonRole::Operator, None) => UserRole::Operator,
        (PersonRole::Merchant | PersonRole::Operator, Some(_)) => {
            return Err(invalid("user", &table.name, "only a store_clerk has a store_code".to_owned()));
        }
    };
    Ok(UserRow { name: table.name.clone(), seller, role, token: table.token.clone() })
}

/// A warehouse as the file describes it: a location without an id, and the delivery settings that it names.
pub(super) struct DeclaredWarehouse {
    pub(super) seller: SellerId,
    pub(super) location: Location,
    pub(super) delivery: Option<DeliveryRules>,
}

/// Warehouses of a file.
pub(super) fn warehouses(
    document: &Document,
    geography: &Geography,
    known_sellers: &[SellerId],
) -> Result<Vec<DeclaredWarehouse>, DeclareError> {
    let declared =
        |id: i64| known_sellers.contains(&SellerId(id)) || document.seller.iter().any(|seller| seller.id == id);
    let unknown = document.warehouse.iter().find(|table| !declared(table.seller));
    if let Some(table) = unknown {
        let problem = format!("seller {} is declared neither here nor before", table.seller);
        return Err(invalid("warehouse", &table.code, problem));
    }
    document.warehouse.iter().map(|table| warehouse(table, geography)).collect()
}

fn warehouse(table: &WarehouseTable, geography: &Geography) -> Result<DeclaredWarehouse, DeclareError> {
    let length = table.code.chars().count();
    if !(1..=WAREHOUSE_CODE_CHARS_MAX).contains(&length) {
        let problem = format!("a code has 1 to {WAREHOUSE_CODE_CHARS_MAX} characters, not {length}");
        return Err(invalid("warehouse", &table.code, problem));
    }
    let card = LocationCard {
        province: table.province.clone(),
        city: table.city.clone(),
        area: table.district.clone(),
        detail_address: table.address.clone(),
        ..LocationCard::default()
    };
    let location = Location {
        id: LocationId(0),
        kind: LocationKind::Warehouse { code: WarehouseCode(table.code.clone()) },
        name: table.name.clone(),
        status: StoreStatus::Normal,
        hours: OpeningHours::ALWAYS,
        service: ServiceSettings::default(),
        point: geography.locate(&table.province, &table.city, &table.district),
        deleted: false,
        card,
    };
    let delivery = table.delivery.as_ref().map(|told| delivery(table, told)).transpose()?;
    Ok(DeclaredWarehouse { seller: SellerId(table.seller), location, delivery })
}

fn delivery(table: &WarehouseTable, told: &DeliveryTable) -> Result<DeliveryRules, DeclareError> {
    let wrong = |problem: String| invalid("warehouse", &table.code, format!("delivery: {problem}"));
    let hours = |name: &str, text: &str| {
        window(text).ok_or_else(|| wrong(format!("{name} {text:?} is not a time HH:MM-HH:MM")))
    };
    if told.dispatch_time.len() > WINDOWS_MAX {
        return Err(wrong(format!("dispatch_time has more than {WINDOWS_MAX} windows")));
    }
    if told.deliver_threshold.is_some_and(|threshold| threshold < 0) {
        return Err(wrong("deliver_threshold is below 0".to_owned()));
    }
    let working = told.working_time.iter().map(|text| hours("working_time", text));
    let dispatch = told.dispatch_time.iter().map(|text| hours("dispatch_time", text));
    Ok(DeliveryRules {
        working: Windows(working.collect::<Result<_, _>>()?),
        dispatch: Windows(dispatch.collect::<Result<_, _>>()?),
        priority: Priority::new(told.priority).ok_or_else(|| wrong("priority is not from 0 to 10".to_owned()))?,
        threshold: told.deliver_threshold,
    })
}

/// Notes what is new and what differs.
pub(super) fn compare(draft: &DirectoryDraft, present: &Directory, applied: &mut Applied) {
    fn verdict<T: PartialEq>(known: Option<&T>, wanted: &T) -> &'static str {
        match known {
            None => "new",
            Some(known) if known == wanted => "unchanged",
            Some(_) => "changed",
        }
    }
    for row in &draft.sellers {
        let known = present.sellers.iter().find(|known| known.id == row.id);
        applied.note("seller", &format!("{} {}", row.id, row.nick), verdict(known, row));
    }
    for row in &draft.apps {
        let known = present.apps.iter().find(|known| known.key == row.key);
        applied.note("app", &row.key.0, verdict(known, row));
    }
    for row in &draft.grants {
        let known = present.grants.iter().find(|known| known.app == row.app && known.seller == row.seller);
        applied.note("grant", &format!("{} for seller {}", row.app, row.seller), verdict(known, row));
    }
    for row in &draft.sessions {
        let known = present.sessions.iter().find(|known| known.token == row.token);
        applied.note("session", &format!("of app {} for seller {}", row.app, row.seller), verdict(known, row));
    }
    for row in &draft.channels {
        let known = present.channels.iter().find(|known| known.name == row.name && known.seller == row.seller);
        applied.note("channel", &format!("{} of seller {}", row.name, row.seller), verdict(known, row));
    }
    for row in &draft.users {
        let known = present.users.iter().find(|known| known.name == row.name && known.seller == row.seller);
        applied.note("user", &format!("{} of seller {}", row.name, row.seller), verdict(known, row));
    }
    for row in &draft.webhooks {
        let known = present.webhooks.iter().find(|known| known.name == row.name && known.seller == row.seller);
        applied.note("webhook", &format!("{} of seller {}", row.name, row.seller), verdict(known, row));
    }
}

fn invalid(table: &'static str, name: &str, problem: String) -> DeclareError {
    DeclareError::Invalid { table, name: name.to_owned(), problem }
}

impl Known {
    fn seller(&self, table: &'static str, name: &str, id: i64) -> Result<SellerId, DeclareError> {
        let id = SellerId(id);
        if self.sellers.contains(&id) {
            return Ok(id);
        }
        Err(invalid(table, name, format!("seller {id} is declared neither here nor before")))
    }

    fn app(&self, table: &'static str, name: &str, key: &str) -> Result<AppKey, DeclareError> {
        let key = AppKey(key.to_owned());
        if self.apps.contains(&key) {
            return Ok(key);
        }
        Err(invalid(table, name, format!("app {key} is declared neither here nor before")))
    }
}
