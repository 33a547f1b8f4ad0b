//! Why a command was refused. Every refusal is a fact with data; each has exactly one code on the wire, and none of
//! them ever stands for "out of stock" unless stock was really what lacked.

use std::fmt;

use thiserror::Error;

use crate::ids::{
    AllocationCode, ExceptionId, HoldKey, ItemId, LocationId, Oid, RefundId, ScItemId, StoreCode, Tid, WarehouseCode,
};

/// A refused command changed nothing.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Refusal {
    // Stock.
    #[error("{wanted} units wanted, {available} available")]
    InsufficientStock { wanted: i64, available: i64 },
    #[error("hold key {key} was used with another {field}")]
    HoldKeyReused { key: HoldKey, field: &'static str },
    #[error("no hold has the key {key}")]
    HoldNotFound { key: HoldKey },
    #[error("hold {key} was taken over by sub-order {oid}")]
    HoldTakenOver { key: HoldKey, oid: Oid },
    #[error("a hold lasts at most {most_minutes} minutes")]
    HoldTooLong { most_minutes: i64 },
    #[error("a quantity must be greater than 0")]
    QuantityNotPositive,
    #[error("a quantity must not be below 0")]
    QuantityNegative,
    #[error("hold {key} has ended: take a new key")]
    HoldEnded { key: HoldKey },
    #[error("article {sc_item} is a combo: its stock is its components'")]
    ComboHasNoStock { sc_item: ScItemId },
    #[error("sub-order {oid} is of other goods")]
    OtherGoods { oid: Oid },
    #[error("{wanted} units are more than the {most} that sub-order {oid} can move")]
    MoreThanOrdered { oid: Oid, wanted: i64, most: i64 },
    #[error("the {units} units of sub-order {oid} are answered for as a whole: this seller divides none")]
    QuantityIsWhole { oid: Oid, units: i64 },
    #[error("bill was used before with another {field}")]
    BillReused { field: &'static str },
    #[error("the certain stock of {cell} was initialised before")]
    AlreadyInitialised { cell: String },
    #[error("a newer report of this cell was applied already")]
    StaleReport,
    #[error("the report would take the stock below 0: {on_hand} on hand, {change} reported")]
    ReportBelowZero { on_hand: i64, change: i64 },
    #[error("{location} holds {held} of the {wanted} units")]
    NotHeldThere { location: LocationId, held: i64, wanted: i64 },

    // What does not exist, for this seller.
    #[error("trade {tid} does not exist")]
    TradeNotFound { tid: Tid },
    #[error("sub-order {oid} does not exist in trade {tid}")]
    SubOrderNotFound { tid: Tid, oid: Oid },
    #[error("exception {id} does not exist")]
    ExceptionNotFound { id: ExceptionId },
    #[error("exception {id} is closed")]
    ExceptionClosed { id: ExceptionId },
    #[error("no refund has the id {id}")]
    RefundNotFound { id: RefundId },
    #[error("location {location} does not exist")]
    LocationNotFound { location: LocationId },
    #[error("warehouse {code} does not exist")]
    WarehouseNotFound { code: WarehouseCode },
    #[error("item {item} is not known")]
    ItemNotFound { item: ItemId },
    #[error("article {sc_item} is not known")]
    ArticleNotFound { sc_item: ScItemId },
    #[error("sub-order {oid} was never allocated to {location}")]
    NotAllocatedThere { oid: Oid, location: LocationId },
    #[error("allocation {code} does not exist")]
    AllocationNotFound { code: AllocationCode },
    #[error("sub-order {oid} has no open refund or re-allocation to answer")]
    NothingToAnswer { oid: Oid },

    // Moves the machine does not have.
    #[error("sub-order {oid} is {state}: it cannot be {asked}; {who_may}")]
    IllegalMove { oid: Oid, state: &'static str, asked: &'static str, who_may: &'static str },
    #[error("sub-order {oid} has a cancel request standing: answer that first")]
    CancelStands { oid: Oid },
    #[error("sub-order {oid} was withdrawn from {location}")]
    OfferWithdrawn { oid: Oid, location: LocationId },
    #[error("sub-order {oid} is allocated elsewhere and accepted there")]
    AlreadyAccepted { oid: Oid },
    #[error("the platform has taken over the allocation of trade {tid}")]
    AllocationClosed { tid: Tid },
    #[error("trade {tid} is not ours to route")]
    NotOmnichannel { tid: Tid },
    #[error("sub-order {oid} was not consigned at the channel first")]
    ChannelConsignMissing { oid: Oid },
    #[error("the kind of location is {actual}, not {claimed}")]
    WrongLocationKind { actual: &'static str, claimed: &'static str },

    // Holds of trades.
    #[error("a hold must end later than now")]
    HoldEndsBefore,
    #[error("trade {tid} has {most} holds already")]
    TooManyHolds { tid: Tid, most: usize },
    #[error("the hold of {holder} on trade {tid} is for {holder} or an operator to lift")]
    HoldOfAnother { tid: Tid, holder: String },

    // Handing goods over. A code is a secret: no message repeats it.
    #[error("sub-order {oid} is not confirmed: the store has not said that the goods are ready")]
    NotReadyToCollect { oid: Oid },
    #[error("trade {tid} has no such handover code")]
    HandoverCodeNotFound { tid: Tid },
    #[error("the handover code is not trade {tid}'s")]
    HandoverCodeOfOther { tid: Tid },
    #[error("the handover code of trade {tid} was used before")]
    HandoverCodeUsed { tid: Tid },
    #[error("the handover code of trade {tid} was sent again today already")]
    HandoverCodeSentToday { tid: Tid },
    #[error("the buyer of sub-order {oid} comes to store {store}")]
    StoreWasChosen { oid: Oid, store: LocationId },

    // Who may.
    #[error("this caller may not do that in role mode {mode}: {who_may}")]
    NotYours { mode: &'static str, who_may: &'static str },

    // Master data.
    #[error("store code {code} belongs to another store with other content")]
    StoreCodeExists { code: StoreCode },
    #[error("location {location} has live assignments")]
    StoreHasLiveAssignments { location: LocationId },
    #[error("location {location} has certain stock")]
    StoreHasCertainStock { location: LocationId },
    #[error("the listing is mapped to another article already")]
    MappedElsewhere { sc_item: ScItemId },
    #[error("outer code {outer_code} belongs to another article")]
    OuterCodeExists { outer_code: String },
    #[error("no article has the outer code {outer_code}")]
    OuterCodeNotFound { outer_code: String },
    #[error("the listing maps to no article")]
    NotMapped { item: ItemId },

    // One call is one command: any refused sub-order refuses all of them.
    #[error("{0}")]
    Several(Box<RefusedLines>),
}

/// The refused sub-orders of a call that speaks of more than one, each with its reason. On the wire the first one's code
/// stands for all. Never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedLines {
    pub first: (Oid, Refusal),
    pub others: Vec<(Oid, Refusal)>,
}

impl fmt::Display for RefusedLines {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.first.0, self.first.1)?;
        self.others.iter().try_for_each(|(oid, refusal)| write!(out, "; {oid}: {refusal}"))
    }
}
