//! Writes down every answer that the platform acknowledged, before anybody counts it. After a crash the file says what must
//! still stand; [`crate::verify`] asks whether it does.
//!
//! A line goes to the operating system with every call, which is enough: it is the platform that gets killed, not the machine.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::ids::{BillNum, HoldKey, Listing, Location, Oid, SellerId, Tid, Waybill};
use crate::merchant::StockClass;

/// One acknowledged fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Whose.
    pub seller: SellerId,
    /// What.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fact")]
pub enum Fact {
    /// The channel door took a trade.
    TradeSeen {
        /// The trade.
        tid: Tid,
    },
    /// A stock bill applied.
    BillApplied(AppliedBill),
    /// Units were reserved before payment.
    Reserved {
        /// The caller's key.
        key: HoldKey,
        /// What.
        listing: Listing,
        /// Units.
        quantity: i64,
    },
    /// An ISV's allocation was taken.
    Allocated(Told),
    /// A store's acceptance was taken.
    Accepted(Told),
    /// A store's refusal was taken.
    Refused(Told),
    /// A shipment was taken.
    Shipped {
        /// Which and where.
        #[serde(flatten)]
        told: Told,
        /// The waybill.
        waybill: Waybill,
    },
}

/// A sub-order and a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The trade.
    pub tid: Tid,
    /// The sub-order.
    pub oid: Oid,
    /// Where.
    pub location: Location,
}

/// A stock bill as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedBill {
    /// Its number.
    pub bill: BillNum,
    /// Its type.
    pub bill_type: BillType,
    /// Where.
    pub location: Location,
    /// What.
    pub listing: Listing,
    /// The merchant's code of it.
    pub outer_code: String,
    /// Which stock.
    pub class: StockClass,
    /// The change in units.
    pub quantity: i64,
}

/// 单据类型.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BillType {
    /// Without the channel's sales.
    #[serde(rename = "TAOBAO_EXCLUDED")]
    Excluded,
    /// With the channel's sales.
    #[serde(rename = "TAOBAO_INCLUDED")]
    Included,
    /// 盘点.
    #[serde(rename = "BALANCE")]
    Balance,
}

impl BillType {
    /// The wire's word.
    #[must_use]
    pub fn wire(self) -> &'static str {
        match self {
            Self::Excluded => "TAOBAO_EXCLUDED",
            Self::Included => "TAOBAO_INCLUDED",
            Self::Balance => "BALANCE",
        }
    }
}

/// Appends facts to a file, or to nothing.
#[derive(Debug)]
pub struct Recorder(Option<Mutex<File>>);

impl Recorder {
    /// Records nothing: for demonstrations that nobody kills.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Appends to a file, which is made if it is not there.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn append_to(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self(Some(Mutex::new(file))))
    }

    /// Writes one fact down. A fact that cannot be written is logged: it is then not verified, never wrongly claimed.
    pub fn record(&self, seller: SellerId, fact: Fact) {
        let Some(file) = &self.0 else { return };
        let line = serde_json::to_string(&Acknowledged { seller, fact }).map(|text| text + "\n");
        let written = line.map_err(io::Error::other).and_then(|line| file.lock().write_all(line.as_bytes()));
        if let Err(error) = written {
            tracing::error!(%error, "an acknowledged fact could not be written down");
        }
    }
}

/// Reads a file back. A last line cut off by a kill of the recorder itself is left out: it was not counted.
///
/// # Errors
/// The file cannot be read, or a line before the last is no fact.
pub fn read(path: &Path) -> io::Result<Vec<Acknowledged>> {
    let lines: Vec<String> = BufReader::new(File::open(path)?).lines().collect::<io::Result<_>>()?;
    let mut facts = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        match serde_json::from_str(line) {
            Ok(fact) => facts.push(fact),
            Err(_) if index + 1 == lines.len() => {}
            Err(error) => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, format!("line {}: {error}", index + 1)));
            }
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ItemId, SkuId, StoreId};

    #[test]
    fn what_is_written_is_read_and_a_cut_last_line_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("facts");
        let told = Told { tid: Tid(1), oid: Oid(2), location: Location::Store(StoreId(3)) };
        let listing = Listing { item: ItemId(4), sku: SkuId(5) };
        let facts = [
            Fact::TradeSeen { tid: Tid(1) },
            Fact::Accepted(told.clone()),
            Fact::Shipped { told, waybill: Waybill("SF1".into()) },
            Fact::Reserved { key: HoldKey("k".into()), listing, quantity: 1 },
            Fact::BillApplied(AppliedBill {
                bill: BillNum("b".into()),
                bill_type: BillType::Included,
                location: Location::Warehouse(crate::ids::WarehouseCode("W".into())),
                listing,
                outer_code: "o".into(),
                class: StockClass::Certain,
                quantity: -3,
            }),
        ];
        let recorder = Recorder::append_to(&path).unwrap();
        facts.iter().for_each(|fact| recorder.record(SellerId(9), fact.clone()));
        let mut cut = OpenOptions::new().append(true).open(&path).unwrap();
        cut.write_all(b"{\"seller\":9,\"fact\":\"trade_se").unwrap();
        let back: Vec<Fact> = read(&path).unwrap().into_iter().map(|acknowledged| acknowledged.fact).collect();
        assert_eq!(back, facts);
    }
}
