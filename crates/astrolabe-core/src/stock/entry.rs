//! 流水账: the append-only ledger. A balance is the sum of its entries (INV-STOCK-1).

use serde::{Deserialize, Serialize};

use crate::ids::{AllocationCode, BillNum, HoldKey, Oid, Tid};
use crate::stock::cell::CellKey;
use crate::time::Timestamp;

/// Why a balance changed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Units promised (default deduction, guard, pre-payment hold).
    Reserve,
    /// Units given back.
    Release,
    /// A pre-payment hold ran out.
    Expire,
    /// The leaving half of a move.
    MoveOut,
    /// The arriving half of a move.
    MoveIn,
    /// Held units shipped or collected.
    Commit,
    /// Units shipped that were held nowhere.
    CommitUnheld,
    /// A returned unit put back on the shelf.
    Restock,
    /// An `initial` snapshot.
    Initial,
    /// An update that includes Taobao's own sales.
    Included,
    /// An update of other channels' sales alone.
    Excluded,
    /// 盘点.
    Balance,
    /// A trusted `finalQuantity`.
    Overwrite,
    /// No quantity: the cell was marked suspect.
    Suspect,
}

/// Whom or what an entry belongs to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    SubOrder {
        tid: Tid,
        oid: Oid,
    },
    Assignment {
        tid: Tid,
        oid: Oid,
        code: AllocationCode,
    },
    Ahead {
        key: HoldKey,
    },
    Bill {
        bill_num: BillNum,
    },
    /// Time passing: it makes no entry, but it finds figures that do not add up.
    Clock,
}

/// One ledger line: three signed changes of one cell.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StockEntry {
    pub cell: CellKey,
    pub kind: EntryKind,
    pub on_hand: i64,
    pub reserved: i64,
    pub unreported: i64,
    pub cause: Cause,
    /// When it happened, as far as the one who told us knows.
    pub happened: Timestamp,
    /// When we learnt of it.
    pub learnt: Timestamp,
}
