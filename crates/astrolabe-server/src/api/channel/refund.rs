//! A published Refund as a [`SeenRefund`]. What it means for the goods is decided in the core: before shipping or after,
//! in full or in part.

use astrolabe_core::command::SeenRefund;
use astrolabe_core::ids::{Oid, RefundId, Tid};
use astrolabe_core::order::refund::RefundStatus;

use astrolabe_protocol::{Value, json};

use super::reading::Object;
use crate::api::failure::ApiFailure;

/// Published statuses (white paper §6.6.4 speaks of the trade's; these are the refund's own).
const STATUSES: [(&str, RefundStatus); 6] = [
    ("WAIT_SELLER_AGREE", RefundStatus::Asked),
    ("WAIT_BUYER_RETURN_GOODS", RefundStatus::Returning),
    ("WAIT_SELLER_CONFIRM_GOODS", RefundStatus::Returning),
    ("SELLER_REFUSE_BUYER", RefundStatus::RefusedBySeller),
    ("CLOSED", RefundStatus::Withdrawn),
    ("SUCCESS", RefundStatus::Granted),
];

/// Reads one refund; the error names the member that is wrong.
pub(super) fn read(refund: &Object<'_>) -> Result<SeenRefund, ApiFailure> {
    let status = refund.text("status")?;
    let known = STATUSES.iter().find(|(name, _)| *name == status).map(|(_, status)| *status);
    let modified = match refund.opt_time("modified")? {
        Some(at) => Some(at),
        None => refund.opt_time("created")?,
    };
    Ok(SeenRefund {
        tid: Tid(refund.id("tid")?),
        oid: Oid(refund.id("oid")?),
        id: RefundId(refund.id("refund_id")?),
        status: known.ok_or_else(|| refund.invalid("status", format!("{status:?} is no published status")))?,
        refund_fee: refund.opt_money("refund_fee")?.ok_or_else(|| refund.invalid("refund_fee", "is required"))?,
        has_good_return: has_good_return(refund)?,
        modified: modified.ok_or_else(|| refund.invalid("modified", "is required"))?,
        published: json::write(&Value::Struct(refund.fields.clone())),
    })
}

/// `has_good_return`, else what `dispute_type` implies.
fn has_good_return(refund: &Object<'_>) -> Result<bool, ApiFailure> {
    match refund.opt_flag("has_good_return")? {
        Some(told) => Ok(told),
        None => Ok(refund.opt_text("dispute_type")?.as_deref() == Some("REFUND_AND_RETURN")),
    }
}

#[cfg(test)]
mod tests {
    use astrolabe_core::money::Fen;
    use astrolabe_protocol::Fields;

    use super::super::reading::objects_of;
    use super::super::{OBJECTS_MAX, REFUNDS};
    use super::*;

    const PUBLISHED: &str = include_str!("../../../../../tests/data/refund.json");

    fn read_one(text: &str) -> Result<SeenRefund, ApiFailure> {
        let body: Fields = match json::parse(text) {
            Ok(Some(Value::Struct(fields))) => fields,
            other => panic!("not an object: {other:?}"),
        };
        read(&objects_of(&body, REFUNDS, OBJECTS_MAX)?[0])
    }

    #[test]
    fn the_published_example_is_read() {
        let seen = read_one(PUBLISHED).expect("is readable");
        assert_eq!((seen.tid.0, seen.oid.0), (2_004_574_256_073_903, 2_004_574_256_083_903));
        assert_eq!((seen.id, seen.status), (RefundId(98_765_432_103_903), RefundStatus::Asked));
        assert_eq!((seen.refund_fee, seen.has_good_return), (Fen(27_900), false));
        assert_eq!(seen.modified.0, 1_474_510_800_000);
    }

    #[test]
    fn every_status_is_read_and_what_is_wrong_is_named() {
        for (name, status) in STATUSES {
            let text = PUBLISHED.replace("WAIT_SELLER_AGREE", name);
            assert_eq!(read_one(&text).expect("is readable").status, status);
        }
        let table = [
            ("WAIT_SELLER_AGREE", "ASKED", "refund_get_response.refund.status"),
            ("\"279.00\"", "\"much\"", "refund_get_response.refund.refund_fee"),
            ("\"oid\": 2004574256083903,", "", "refund_get_response.refund.oid"),
        ];
        for (from, to, field) in table {
            let failure = read_one(&PUBLISHED.replace(from, to)).expect_err(field);
            assert_eq!(failure.body.error.field.as_deref(), Some(field));
        }
        let returning =
            PUBLISHED.replace("\"has_good_return\": false,", "").replace("\"REFUND\"", "\"REFUND_AND_RETURN\"");
        assert!(read_one(&returning).expect("is readable").has_good_return);
    }
}
