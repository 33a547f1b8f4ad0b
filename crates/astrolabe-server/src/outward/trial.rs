//! A test call: one SPI, really signed and sent, to see what a connector makes of it. It reads names of stores and touches no
//! order; the attempt is kept beside the real ones, marked as belonging to no call.
//!
//! Asked for at the terminal (`astrolabe spi test`) and over REST.

use astrolabe_core::ids::{AppKey, LocationId, Oid, OutwardId, SellerId, Tid};
use astrolabe_core::outward::{Message, Outward, Receiver, ToldAllocation};
use astrolabe_core::place::{Location, LocationKind};
use astrolabe_core::time::Millis;
use astrolabe_protocol::{Fields, Method, Value, json, spi};
use astrolabe_store::{AttemptOutcome, BodyKind, Environment, Exchange, StoreError};
use thiserror::Error;

use crate::app::App;
use crate::outward::advice::advise;
use crate::outward::meaning::{About, Meaning};
use crate::outward::render;
use crate::outward::spi::{SpiCall, call_app};

/// The trade of a test call that names none: the white paper's own.
const SAMPLE_TID: Tid = Tid(2_004_574_256_073_903);
/// The store of a seller who has none yet.
const SAMPLE_STORE: LocationId = LocationId(1_342);
const SAMPLE_OPERATOR: &str = "小王";

/// What to try.
#[derive(Clone, Debug)]
pub struct Trial {
    pub app: AppKey,
    pub seller: SellerId,
    /// An SPI's name, in any case.
    pub method: String,
    /// `None`: the one that real calls go to.
    pub environment: Option<Environment>,
    /// `None`: as the address says.
    pub body: Option<BodyKind>,
    pub tid: Option<Tid>,
    /// Instead of sample values; lists and structs as JSON text.
    pub fields: Vec<(String, String)>,
}

/// Why nothing was sent.
#[derive(Debug, Error)]
pub enum TrialError {
    #[error("app {0} is not registered for seller {1}")]
    NotGranted(AppKey, SellerId),
    #[error("{0} is no SPI; there are {1}")]
    UnknownMethod(String, String),
    #[error("app {app} has no {environment} address for {method}", environment = .environment.name())]
    NoAddress { app: AppKey, environment: Environment, method: &'static str },
    #[error("{0}")]
    Field(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrialReport {
    pub method: &'static str,
    pub environment: Environment,
    pub body: BodyKind,
    pub exchange: Exchange,
    pub took: Millis,
    pub outcome: AttemptOutcome,
    /// What the reply says, where it could be read.
    pub code: Option<String>,
    pub message: String,
    /// The reply's own fields, as JSON under their published names.
    pub fields: String,
    /// Why it failed; empty when it did not.
    pub failure: String,
    /// Where to look.
    pub advice: Vec<String>,
}

impl Trial {
    /// Makes the call.
    ///
    /// # Errors
    /// [`TrialError`] when nothing was sent. What the receiver did wrong is in the report.
    pub async fn run(self, app: &App) -> Result<TrialReport, TrialError> {
        let directory = app.directory.get();
        let granted = directory.app(&self.app).filter(|entry| entry.roles.contains_key(&self.seller));
        let Some(entry) = granted else { return Err(TrialError::NotGranted(self.app, self.seller)) };
        let method = spi::find(&self.method).ok_or_else(|| unknown(&self.method))?;
        let environment = self.environment.unwrap_or_else(|| entry.row.spi.in_use());
        let Some(address) = entry.row.spi.of(environment, method.name) else {
            return Err(TrialError::NoAddress { app: self.app, environment, method: method.name });
        };
        let nick = directory.seller(self.seller).map(|seller| seller.nick.clone()).unwrap_or_default();
        let tid = self.tid.unwrap_or(SAMPLE_TID);
        let fields = self.sampled(app, method, tid, &nick).await?;
        let call = SpiCall { app: &entry.row, address, body: self.body, method, fields: &fields };
        let spoken = call_app(app, call).await;
        let body = self.body.unwrap_or(address.body);
        let (code, message) = match &spoken.meaning {
            Meaning::Said { code, message } => (Some(code.clone()), message.clone()),
            Meaning::Unreadable(_) | Meaning::Failed(_) => (None, String::new()),
        };
        let replied = spoken.reply.as_ref().map(|reply| reply.fields.clone()).unwrap_or_default();
        let report = TrialReport {
            method: method.name,
            environment,
            body,
            exchange: spoken.exchange.clone(),
            took: spoken.took,
            outcome: spoken.meaning.outcome(),
            code,
            message,
            fields: json::write(&Value::Struct(replied)),
            failure: spoken.exchange.failure.clone(),
            advice: advise(method, address, body, &spoken),
        };
        let receiver = Receiver::App(self.app);
        let about = About { seller: self.seller, receiver, call: None, tid, number: 1 };
        app.store.keep_attempts(&[spoken.into_attempt(about)]).await?;
        Ok(report)
    }

    /// What a real call would say of a sample order, with the given fields in the place of those of the same name.
    async fn sampled(&self, app: &App, method: &'static Method, tid: Tid, nick: &str) -> Result<Fields, TrialError> {
        let given = spi::read_fields(method, &self.fields);
        let given = given.map_err(|error| TrialError::Field(error.to_string()))?;
        let stores = app.store.locations(self.seller).await?;
        let message = sample(method.name, tid, stores.first()).ok_or_else(|| unknown(method.name))?;
        let receiver = Receiver::App(self.app.clone());
        let outward = Outward { id: OutwardId(0), receiver, tid, message, made_at: app.clock.now() };
        let rendered = render::spi_call(app, self.seller, nick, &outward).await?;
        let (_, sampled) = rendered.ok_or_else(|| unknown(method.name))?;
        let mut fields = given;
        for (name, value) in sampled {
            if !fields.has(&name) {
                fields.push(name, value);
            }
        }
        Ok(fields)
    }
}

/// The message of a sample order that goes out as this SPI.
fn sample(method: &str, tid: Tid, store: Option<&Location>) -> Option<Message> {
    let oid = Oid(tid.0);
    let (sub_orders, operator) = (vec![oid], SAMPLE_OPERATOR.to_owned());
    Some(match method {
        "taobao.qimen.omniorder.allocate" => Message::AskAllocation,
        "taobao.qimen.omniorder.allocatedinfo.get" => Message::QueryAllocation,
        "taobao.qimen.omniorder.allocatedinfo.sync" => Message::TellAllocations {
            allocations: vec![ToldAllocation {
                oid,
                location: store.map_or(SAMPLE_STORE, |store| store.id),
                warehouse: store.is_some_and(|store| matches!(store.kind, LocationKind::Warehouse { .. })),
                withdrawn: false,
                attributes: None,
            }],
        },
        "taobao.qimen.omniorder.customer.refund" => Message::TellRefund { sub_orders, withdrawn: false },
        "taobao.qimen.omniorder.store.accpeted" => Message::TellAccepted { sub_orders, operator },
        "taobao.qimen.omniorder.store.refused" => Message::TellRefused { sub_orders, operator },
        "taobao.qimen.omniorder.store.consigned" => Message::TellShipped { sub_orders, operator },
        _ => return None,
    })
}

fn unknown(name: &str) -> TrialError {
    let known: Vec<&str> = spi::methods().map(|method| method.name).collect();
    TrialError::UnknownMethod(name.to_owned(), known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spi_can_be_tried() {
        let all: Vec<&str> = spi::methods().map(|method| method.name).collect();
        assert!(all.len() >= 7, "{all:?}");
        for name in all {
            assert!(sample(name, SAMPLE_TID, None).is_some(), "{name} has no sample");
        }
    }
}
