//! What was refused or failed, as the wire says it: every refusal has exactly one `isv.…` code, every failure of ours one
//! `isp.…` code, and each a line in `docs/errors.md`.
//!
//! The codes are a contract: a connector's code branches on them. They are never reused for another meaning.

mod rows;

use std::fmt::Write as _;

use astrolabe_core::refusal::Refusal;
use astrolabe_protocol::{PlatformCode, WireError};
use astrolabe_store::StoreError;

use crate::app::LaneError;
pub(crate) use rows::Row;

/// The wire code of a refusal, the same at every door and over REST.
pub fn refusal_code(refusal: &Refusal) -> &'static str {
    row(refusal).code
}

/// A refusal for a person: a Chinese sentence for everybody who reads this wire, then the fact with its numbers.
pub(crate) fn refusal_message(refusal: &Refusal) -> String {
    format!("{} {refusal}", row(refusal).sentence)
}

/// A refusal on the wire: code 15 and its sub_code.
pub(crate) fn refused(refusal: &Refusal) -> WireError {
    WireError::business(refusal_code(refusal), refusal_message(refusal))
}

/// What a lane did not carry out, on the wire.
pub(crate) fn lane_failed(error: &LaneError) -> WireError {
    match error {
        LaneError::Refused(refusal) => refused(refusal),
        LaneError::Busy => WireError::platform_sub(
            PlatformCode::ServiceUnavailable,
            rows::CALL_LIMITED.code,
            said(&rows::CALL_LIMITED),
        ),
        // The cause may name tables and hosts: it is in the log, not on the wire.
        LaneError::Storage(_) => failed(&rows::SERVICE_ERROR),
        LaneError::TimedOut => failed(&rows::TIMED_OUT),
        LaneError::Bug => failed(&rows::UNKNOWN_ERROR),
    }
}

/// A read that the database failed, on the wire.
pub(crate) fn storage_failed(error: &StoreError) -> WireError {
    tracing::warn!(%error, "a look into the database failed");
    failed(&rows::SERVICE_ERROR)
}

/// A handler that panicked, on the wire.
pub(crate) fn bug() -> WireError {
    failed(&rows::UNKNOWN_ERROR)
}

/// The caller names a seller that is not the one it acts for, or acts for a seller that has not granted it.
pub(crate) fn invalid_permission(why: &str) -> WireError {
    WireError::business(rows::INVALID_PERMISSION.code, format!("{} {why}", rows::INVALID_PERMISSION.sentence))
}

/// A published status or mode that this platform does not serve yet.
pub(crate) fn not_supported(what: &str) -> WireError {
    WireError::business(rows::NOT_SUPPORTED.code, format!("{} {what}", rows::NOT_SUPPORTED.sentence))
}

/// The app never registered the seller for pushes.
pub(crate) fn push_user_not_found() -> WireError {
    failed(&rows::PUSH_USER_NOT_FOUND)
}

fn failed(row: &Row) -> WireError {
    WireError::business(row.code, said(row))
}

fn said(row: &Row) -> String {
    format!("{} {}", row.sentence, row.meaning)
}

/// The page about all codes, in Markdown: meaning, who acts, whether a retry helps.
pub fn errors_markdown() -> String {
    let mut page = String::from(
        "# Error codes\n\n\
         A refused call changed nothing. On the router doors the code is `sub_code` (classic Qimen: `code`), over REST\n\
         `error.code`; failed stock bills carry theirs in `errorDescriptions`. Platform errors below 100 follow the published table.\n",
    );
    let parts = [
        ("Refusals", "The caller, or somebody on the caller's side, must change something.", rows::REFUSALS),
        ("At the door", "Refused before anything was decided.", rows::AT_THE_DOOR),
        ("Failures of the platform", "Nothing is wrong with the call; repeating it is safe.", rows::FAILURES),
    ];
    for (title, intro, rows) in parts {
        // Writing into a String cannot fail.
        let _infallible = write!(page, "\n## {title}\n\n{intro}\n");
        for row in rows {
            let Row { code, sentence, meaning, who_acts, retry } = row;
            let _infallible = write!(
                page,
                "\n### `{code}`\n\n{sentence} {meaning}\n\n- Who acts: {who_acts}\n- Does a retry help: {retry}\n"
            );
        }
    }
    page
}

/// The one row of a refusal. A new refusal does not compile until it has one.
fn row(refusal: &Refusal) -> &'static Row {
    match refusal {
        Refusal::InsufficientStock { .. } => &rows::INSUFFICIENT_STOCK,
        Refusal::HoldKeyReused { .. } => &rows::HOLD_KEY_REUSED,
        Refusal::HoldNotFound { .. } => &rows::HOLD_NOT_FOUND,
        Refusal::HoldTakenOver { .. } => &rows::HOLD_TAKEN_OVER,
        Refusal::HoldTooLong { .. } => &rows::HOLD_TOO_LONG,
        Refusal::HoldEndsBefore => &rows::HOLD_ENDS_BEFORE,
        Refusal::TooManyHolds { .. } => &rows::TOO_MANY_HOLDS,
        Refusal::HoldOfAnother { .. } => &rows::HOLD_OF_ANOTHER,
        Refusal::QuantityNotPositive => &rows::QUANTITY_NOT_POSITIVE,
        Refusal::QuantityNegative => &rows::QUANTITY_NEGATIVE,
        Refusal::HoldEnded { .. } => &rows::HOLD_ENDED,
        Refusal::ComboHasNoStock { .. } => &rows::COMBO_HAS_NO_STOCK,
        Refusal::OtherGoods { .. } => &rows::OTHER_GOODS,
        Refusal::MoreThanOrdered { .. } => &rows::MORE_THAN_ORDERED,
        Refusal::QuantityIsWhole { .. } => &rows::QUANTITY_IS_WHOLE,
        Refusal::BillReused { .. } => &rows::BILL_REUSED,
        Refusal::AlreadyInitialised { .. } => &rows::ALREADY_INITIALISED,
        Refusal::StaleReport => &rows::STALE_REPORT,
        Refusal::ReportBelowZero { .. } => &rows::REPORT_BELOW_ZERO,
        Refusal::NotHeldThere { .. } => &rows::NOT_HELD_THERE,
        Refusal::TradeNotFound { .. } => &rows::TRADE_NOT_FOUND,
        Refusal::SubOrderNotFound { .. } => &rows::SUB_ORDER_NOT_FOUND,
        Refusal::RefundNotFound { .. } => &rows::REFUND_NOT_FOUND,
        Refusal::ExceptionNotFound { .. } => &rows::EXCEPTION_NOT_FOUND,
        Refusal::ExceptionClosed { .. } => &rows::EXCEPTION_CLOSED,
        Refusal::LocationNotFound { .. } => &rows::LOCATION_NOT_FOUND,
        Refusal::WarehouseNotFound { .. } => &rows::WAREHOUSE_NOT_FOUND,
        Refusal::ItemNotFound { .. } => &rows::ITEM_NOT_FOUND,
        Refusal::ArticleNotFound { .. } => &rows::ARTICLE_NOT_FOUND,
        Refusal::NotAllocatedThere { .. } => &rows::NOT_ALLOCATED_THERE,
        Refusal::AllocationNotFound { .. } => &rows::ALLOCATION_NOT_FOUND,
        Refusal::NothingToAnswer { .. } => &rows::NOTHING_TO_ANSWER,
        Refusal::IllegalMove { .. } => &rows::ILLEGAL_MOVE,
        Refusal::CancelStands { .. } => &rows::CANCEL_STANDS,
        Refusal::OfferWithdrawn { .. } => &rows::OFFER_WITHDRAWN,
        Refusal::AlreadyAccepted { .. } => &rows::ALREADY_ACCEPTED,
        Refusal::AllocationClosed { .. } => &rows::ALLOCATION_CLOSED,
        Refusal::NotOmnichannel { .. } => &rows::NOT_OMNICHANNEL,
        Refusal::ChannelConsignMissing { .. } => &rows::CHANNEL_CONSIGN_MISSING,
        Refusal::WrongLocationKind { .. } => &rows::WRONG_LOCATION_KIND,
        Refusal::NotReadyToCollect { .. } => &rows::NOT_READY_TO_COLLECT,
        Refusal::HandoverCodeNotFound { .. } => &rows::HANDOVER_CODE_NOT_FOUND,
        Refusal::HandoverCodeOfOther { .. } => &rows::HANDOVER_CODE_OF_OTHER,
        Refusal::HandoverCodeUsed { .. } => &rows::HANDOVER_CODE_USED,
        Refusal::HandoverCodeSentToday { .. } => &rows::HANDOVER_CODE_SENT_TODAY,
        Refusal::StoreWasChosen { .. } => &rows::STORE_WAS_CHOSEN,
        Refusal::NotYours { .. } => &rows::NOT_YOURS,
        Refusal::StoreCodeExists { .. } => &rows::STORE_CODE_EXISTS,
        Refusal::StoreHasLiveAssignments { .. } => &rows::STORE_HAS_LIVE_ASSIGNMENTS,
        Refusal::StoreHasCertainStock { .. } => &rows::STORE_HAS_CERTAIN_STOCK,
        Refusal::MappedElsewhere { .. } => &rows::MAPPED_ELSEWHERE,
        Refusal::OuterCodeExists { .. } => &rows::OUTER_CODE_EXISTS,
        Refusal::OuterCodeNotFound { .. } => &rows::OUTER_CODE_NOT_FOUND,
        Refusal::NotMapped { .. } => &rows::NOT_MAPPED,
        // Several sub-orders of one call: the first one's code stands for all, the text lists each.
        Refusal::Several(lines) => row(&lines.first.1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use astrolabe_core::ids::{
        AllocationCode, ExceptionId, HoldKey, ItemId, LocationId, Oid, RefundId, ScItemId, StoreCode, Tid,
        WarehouseCode,
    };

    use astrolabe_core::refusal::RefusedLines;
    use astrolabe_protocol::catalogue;

    use super::*;

    fn one_of_each() -> Vec<Refusal> {
        let (tid, oid, location) = (Tid(1), Oid(2), LocationId(3));
        let (item, sc_item, key) = (ItemId(4), ScItemId(5), HoldKey("k".into()));
        vec![
            Refusal::InsufficientStock { wanted: 2, available: 1 },
            Refusal::HoldKeyReused { key: key.clone(), field: "quantity" },
            Refusal::HoldNotFound { key: key.clone() },
            Refusal::HoldTakenOver { key, oid },
            Refusal::HoldTooLong { most_minutes: 30 },
            Refusal::HoldEndsBefore,
            Refusal::TooManyHolds { tid, most: 20 },
            Refusal::HoldOfAnother { tid, holder: "channel".into() },
            Refusal::QuantityNotPositive,
            Refusal::QuantityNegative,
            Refusal::HoldEnded { key: HoldKey("e".into()) },
            Refusal::ComboHasNoStock { sc_item },
            Refusal::OtherGoods { oid },
            Refusal::MoreThanOrdered { oid, wanted: 2, most: 1 },
            Refusal::QuantityIsWhole { oid, units: 2 },
            Refusal::BillReused { field: "quantity" },
            Refusal::AlreadyInitialised { cell: "c".into() },
            Refusal::StaleReport,
            Refusal::ReportBelowZero { on_hand: 1, change: -2 },
            Refusal::NotHeldThere { location, held: 1, wanted: 2 },
            Refusal::TradeNotFound { tid },
            Refusal::SubOrderNotFound { tid, oid },
            Refusal::RefundNotFound { id: RefundId(7) },
            Refusal::ExceptionNotFound { id: ExceptionId(8) },
            Refusal::ExceptionClosed { id: ExceptionId(8) },
            Refusal::LocationNotFound { location },
            Refusal::WarehouseNotFound { code: WarehouseCode("w".into()) },
            Refusal::ItemNotFound { item },
            Refusal::ArticleNotFound { sc_item },
            Refusal::NotAllocatedThere { oid, location },
            Refusal::AllocationNotFound { code: AllocationCode(6) },
            Refusal::NothingToAnswer { oid },
            Refusal::IllegalMove { oid, state: "shipped", asked: "accepted", who_may: "nobody" },
            Refusal::CancelStands { oid },
            Refusal::OfferWithdrawn { oid, location },
            Refusal::AlreadyAccepted { oid },
            Refusal::AllocationClosed { tid },
            Refusal::NotOmnichannel { tid },
            Refusal::ChannelConsignMissing { oid },
            Refusal::WrongLocationKind { actual: "store", claimed: "warehouse" },
            Refusal::NotReadyToCollect { oid },
            Refusal::HandoverCodeNotFound { tid },
            Refusal::HandoverCodeOfOther { tid },
            Refusal::HandoverCodeUsed { tid },
            Refusal::HandoverCodeSentToday { tid },
            Refusal::StoreWasChosen { oid, store: location },
            Refusal::NotYours { mode: "3.1", who_may: "the keeper" },
            Refusal::StoreCodeExists { code: StoreCode("s".into()) },
            Refusal::StoreHasLiveAssignments { location },
            Refusal::StoreHasCertainStock { location },
            Refusal::MappedElsewhere { sc_item },
            Refusal::OuterCodeExists { outer_code: "o".into() },
            Refusal::OuterCodeNotFound { outer_code: "n".into() },
            Refusal::NotMapped { item },
        ]
    }

    #[test]
    fn every_refusal_has_a_code_of_its_own() {
        let refusals = one_of_each();
        let codes: BTreeSet<&str> = refusals.iter().map(refusal_code).collect();
        assert_eq!(codes.len(), refusals.len(), "two refusals share a code");
        let listed: BTreeSet<&str> = rows::REFUSALS.iter().map(|row| row.code).collect();
        assert_eq!(codes, listed, "the page lists every refusal's code, and no other");
        for refusal in &refusals {
            let error = refused(refusal);
            assert_eq!(error.code().number(), 15);
            assert!(error.sub_msg().is_some_and(|text| text.ends_with(&refusal.to_string())), "{refusal}");
        }
    }

    #[test]
    fn several_refused_sub_orders_have_the_first_ones_code_and_each_its_reason() {
        let first = (Oid(1), Refusal::CancelStands { oid: Oid(1) });
        let others = vec![(Oid(2), Refusal::NothingToAnswer { oid: Oid(2) })];
        let several = Refusal::Several(Box::new(RefusedLines { first: first.clone(), others: others.clone() }));
        assert_eq!(refusal_code(&several), refusal_code(&first.1));
        let message = refusal_message(&several);
        for (oid, refusal) in [&first, &others[0]] {
            assert!(message.contains(&format!("{oid}: {refusal}")), "{message}");
        }
    }

    #[test]
    fn codes_are_unique_and_say_whose_fault_it_is() {
        let mut seen = BTreeSet::new();
        for (rows, prefix) in [(rows::REFUSALS, "isv."), (rows::AT_THE_DOOR, "isv."), (rows::FAILURES, "isp.")] {
            for row in rows {
                assert!(seen.insert(row.code), "{} twice", row.code);
                assert!(row.code.starts_with(prefix), "{}", row.code);
            }
        }
        let page = errors_markdown();
        assert!(seen.iter().all(|code| page.contains(&format!("### `{code}`"))));
    }

    #[test]
    fn methods_list_codes_of_the_page() {
        let rows = [rows::REFUSALS, rows::AT_THE_DOOR, rows::FAILURES];
        let on_the_page: BTreeSet<&str> = rows.into_iter().flatten().map(|row| row.code).collect();
        let served = catalogue::all().filter(|method| crate::gateway::is_served(method.name));
        let of_methods = served.flat_map(|method| method.errors);
        for code in of_methods.chain(catalogue::ERRORS_OF_ANY) {
            assert!(on_the_page.contains(code), "{code} has no row");
        }
    }

    #[test]
    fn what_we_failed_at_is_never_the_callers_fault() {
        let table = [
            (LaneError::Busy, 10, "isp.call-limited"),
            (LaneError::Storage("password of the database".into()), 15, "isp.remote-service-error"),
            (LaneError::TimedOut, 15, "isp.remote-service-timeout"),
            (LaneError::Bug, 15, "isp.unknown-error"),
            (LaneError::Refused(Refusal::StaleReport), 15, "isv.stock-report-stale"),
        ];
        for (error, code, sub_code) in table {
            let told = lane_failed(&error);
            assert_eq!((told.code().number(), told.sub_code().as_deref()), (code, Some(sub_code)));
            assert!(!told.sub_msg().is_some_and(|text| text.contains("password")));
        }
    }
}
