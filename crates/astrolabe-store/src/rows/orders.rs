//! Trades, assignments, reservations, facts and what is left to do, as columns.

use std::collections::BTreeMap;

use astrolabe_core::ids::{AllocationCode, LocationId, Oid, ReservationId, Tid, WorkId};
use astrolabe_core::order::assignment::{Assignment, AssignmentState};
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::order::timeline::TimelineFact;
use astrolabe_core::order::trade::{SubOrder, Trade};
use astrolabe_core::service_settings::DayKey;
use astrolabe_core::stock::book::Moment;
use astrolabe_core::stock::hold::Reservation;
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::{NewWork, TradePlace};

use crate::error::StoreError;
use crate::readers::{FactPlace, PlacedFact};
use crate::rows::codes::{role, service};
use crate::rows::stock::cell_key;
use crate::rows::{Fields, from_doc, from_word};

/// The columns of a reservation.
macro_rules! reservation_columns {
    () => {
        "tid, reservation_id, oid, code, sc_item, location_id, class, channel, role, units, made_at"
    };
}
pub(crate) use reservation_columns;

/// The columns of a timeline fact as they are read.
macro_rules! fact_columns {
    () => {
        "tid, oid, code, fact, request, location_id, who, happened, learnt, detail"
    };
}
pub(crate) use fact_columns;

/// The trade in a document column.
pub(crate) fn trade(row: &impl Fields, column: usize) -> Result<Trade, StoreError> {
    from_doc(&row.text(column)?)
}

/// The assignment in a document column.
pub(crate) fn assignment(row: &impl Fields, column: usize) -> Result<Assignment, StoreError> {
    from_doc(&row.text(column)?)
}

/// Whether a line of the trade waits for an allocation.
pub(crate) fn trade_awaits(trade: &Trade) -> bool {
    trade.sub_orders.iter().any(SubOrder::awaits_allocation)
}

/// Whether somebody at the location still has something to do with it.
pub(crate) fn is_open(state: &AssignmentState) -> bool {
    let coming_back = match state {
        AssignmentState::ReturnRequested { .. } => true,
        AssignmentState::Notified
        | AssignmentState::Accepted
        | AssignmentState::Confirmed
        | AssignmentState::Transferring
        | AssignmentState::CancelRequested { .. }
        | AssignmentState::CancelDenied { .. }
        | AssignmentState::Shipped
        | AssignmentState::Signed
        | AssignmentState::Collected
        | AssignmentState::Returned
        | AssignmentState::Refunded
        | AssignmentState::Refused
        | AssignmentState::Unanswered
        | AssignmentState::Withdrawn
        | AssignmentState::Cancelled
        | AssignmentState::Closed => false,
    };
    coming_back || state.holds_stock()
}

pub(crate) fn reservation(row: &impl Fields) -> Result<Reservation, StoreError> {
    Ok(Reservation {
        tid: Tid(row.int(0)?),
        id: ReservationId(row.int(1)?),
        oid: Oid(row.int(2)?),
        code: row.opt_int(3)?.map(AllocationCode),
        cell: cell_key(row, 4)?,
        role: role(row.code(8)?)?,
        units: row.int(9)?,
        made_at: Timestamp(row.int(10)?),
    })
}

pub(crate) fn timeline_fact(row: &impl Fields) -> Result<TimelineFact, StoreError> {
    let given = |number: i64| (number != 0).then_some(number);
    Ok(TimelineFact {
        tid: Tid(row.int(0)?),
        oid: given(row.int(1)?).map(Oid),
        code: given(row.int(2)?).map(AllocationCode),
        fact: from_word(row.text(3)?)?,
        request: row.int(4)?,
        location: row.opt_int(5)?.map(LocationId),
        who: from_doc(&row.text(6)?)?,
        at: Moment { happened: Timestamp(row.int(7)?), learnt: Timestamp(row.int(8)?) },
        detail: row.opt_text(9)?,
    })
}

/// A fact with its place, whose columns come after the fact's.
pub(crate) fn placed_fact(row: &impl Fields) -> Result<PlacedFact, StoreError> {
    let place = FactPlace { version: row.int(10)?, n: row.int(11)? };
    Ok(PlacedFact { place, fact: timeline_fact(row)? })
}

/// What a location has taken on a day: day, location, service, taken.
pub(crate) fn day_load(row: &impl Fields) -> Result<(DayKey, i64), StoreError> {
    let key = DayKey { day: row.int(0)?, location: LocationId(row.int(1)?), service: service(row.code(2)?)? };
    Ok((key, row.int(3)?))
}

/// A waiting trade's place: when it was paid, and which it is.
pub(crate) fn trade_place(row: &impl Fields) -> Result<TradePlace, StoreError> {
    Ok(TradePlace { pay_time: Timestamp(row.int(0)?), tid: Tid(row.int(1)?) })
}

/// A piece of work: id, document, made at.
pub(crate) fn work(row: &impl Fields) -> Result<NewWork, StoreError> {
    Ok(NewWork { id: WorkId(row.int(0)?), work: from_doc(&row.text(1)?)?, made_at: Timestamp(row.int(2)?) })
}

/// Puts trades, assignments and reservations together by trade. Trades come first; what belongs to none is an error.
#[derive(Debug, Default)]
pub(crate) struct FileGather {
    files: BTreeMap<Tid, TradeFile>,
}

impl FileGather {
    pub(crate) fn trade(&mut self, trade: Trade) {
        let file = TradeFile { trade, assignments: Vec::new(), reservations: Vec::new() };
        self.files.insert(file.trade.tid, file);
    }

    pub(crate) fn assignment(&mut self, assignment: Assignment) -> Result<(), StoreError> {
        self.of(assignment.tid)?.assignments.push(assignment);
        Ok(())
    }

    pub(crate) fn reservation(&mut self, reservation: Reservation) -> Result<(), StoreError> {
        self.of(reservation.tid)?.reservations.push(reservation);
        Ok(())
    }

    pub(crate) fn finish(self) -> Vec<TradeFile> {
        self.files.into_values().collect()
    }

    fn of(&mut self, tid: Tid) -> Result<&mut TradeFile, StoreError> {
        self.files.get_mut(&tid).ok_or_else(|| StoreError::Corrupt(format!("rows of trade {tid}, which is not there")))
    }
}
