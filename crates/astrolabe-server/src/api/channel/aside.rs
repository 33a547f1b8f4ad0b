//! What a published Trade tells beside goods and money: why it may not be shipped yet, what was consigned, and fingerprints
//! of the members by which a changed address or note is seen. The texts themselves go no further than the published one.

use astrolabe_core::command::SeenAside;
use astrolabe_core::ids::Oid;
use astrolabe_core::order::told::{Fingerprint, PaymentWait};
use astrolabe_core::order::trade::ChannelConsign;
use astrolabe_core::time::Timestamp;

use super::reading::Object;
use super::trade::{Status, status_of};
use crate::api::failure::ApiFailure;

/// Members that hold a paid trade back while they are 1.
pub(super) const HOLDS: [&str; 5] = ["top_hold", "forbid_consign", "team_buy_hold", "share_group_hold", "ofp_hold"];

/// The status that does so.
const FORBIDDEN: &str = "PAID_FORBID_CONSIGN";

/// What a parcel's label says of its receiver.
const ADDRESS: [&str; 10] = [
    "receiver_name",
    "receiver_state",
    "receiver_city",
    "receiver_district",
    "receiver_town",
    "receiver_address",
    "receiver_zip",
    "receiver_mobile",
    "receiver_phone",
    "oaid",
];

/// What is written for whoever packs.
const NOTES: [&str; 5] = ["buyer_message", "buyer_memo", "seller_memo", "seller_flag", "trade_memo"];

pub(super) fn read(
    trade: &Object<'_>,
    status: Status,
    waits_for: Option<PaymentWait>,
) -> Result<SeenAside, ApiFailure> {
    Ok(SeenAside {
        waits_for,
        holds: holds(trade, status)?,
        address: fingerprint(trade, &ADDRESS)?,
        notes: fingerprint(trade, &NOTES)?,
        consigned: consigned(trade, status)?,
    })
}

fn holds(trade: &Object<'_>, status: Status) -> Result<Vec<String>, ApiFailure> {
    let mut holds = Vec::new();
    if status == Status::PaidForbidden {
        holds.push(FORBIDDEN.to_owned());
    }
    for name in HOLDS {
        if trade.opt_text(name)?.is_some_and(|mark| mark == "1" || mark == "true") {
            holds.push(name.to_owned());
        }
    }
    Ok(holds)
}

/// FNV-1a over names and values. It keeps nothing secret and needs not to: the text lies beside it.
fn fingerprint(trade: &Object<'_>, members: &[&str]) -> Result<Fingerprint, ApiFailure> {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let mut hash = BASIS;
    let mut told = false;
    for name in members {
        let value = trade.opt_text(name)?.unwrap_or_default();
        told |= !value.is_empty();
        for byte in value.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
    }
    Ok(if told { Fingerprint(i64::from_ne_bytes(hash.to_ne_bytes())) } else { Fingerprint::default() })
}

/// Orders that somebody has consigned at the channel. One that names no carrier was consigned without (自送, 虚拟).
fn consigned(trade: &Object<'_>, trade_status: Status) -> Result<Vec<(Oid, ChannelConsign)>, ApiFailure> {
    let mut consigned = Vec::new();
    for order in trade.list("orders", "order")? {
        let sent = match status_of(&order)?.unwrap_or(trade_status) {
            Status::Consigned | Status::Done => true,
            Status::NotPaid(_) | Status::PaidForbidden | Status::Paid | Status::Closed => false,
        };
        if !sent {
            continue;
        }
        let at = match order.opt_time("consign_time")? {
            Some(at) => Some(at),
            None => trade.opt_time("consign_time")?,
        };
        let at = match at {
            Some(at) => at,
            None => trade.opt_time("modified")?.unwrap_or(Timestamp(0)),
        };
        let consign = ChannelConsign {
            company_code: order.opt_text("logistics_company")?.unwrap_or_default(),
            waybill: order.opt_text("invoice_no")?.unwrap_or_default(),
            at,
        };
        consigned.push((Oid(order.id("oid")?), consign));
    }
    Ok(consigned)
}
