//! `astrolabe.stock.reserve` / `.release`: stock held before payment (§4.3), named by the caller's key.

use astrolabe_core::command::{Command, Outcome, ReserveAhead};
use astrolabe_core::ids::{HoldKey, ItemId, SkuId};
use astrolabe_core::time::Millis;
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{Answer, EpochMs, WireError};

use crate::gateway::context::CallContext;
use crate::gateway::refusals::bug;

/// How long a hold lasts when the call does not say: as long as buyers commonly have to pay.
const TTL_SECONDS_DEFAULT: i64 = 15 * 60;

/// The same key with the same content is the same hold and gets the same answer.
pub(super) async fn reserve(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let quantity = fields.long("quantity")?;
    let ttl = Millis::seconds(fields.opt_long("ttl_seconds")?.unwrap_or(TTL_SECONDS_DEFAULT));
    let command = Command::ReserveAhead(ReserveAhead {
        key: HoldKey(fields.text("reserve_key")?.to_owned()),
        item: ItemId(fields.long("item_id")?),
        sku: SkuId(fields.opt_long("sku_id")?.unwrap_or(0)),
        quantity,
        ttl,
    });
    match context.submit(command).await? {
        Outcome::Reserved { expires_at, .. } => {
            let expires_at = format_datetime(EpochMs(expires_at.0));
            Ok(Answer::ok().with("quantity", quantity).with("expires_at", expires_at))
        }
        Outcome::Done
        | Outcome::Bills(_)
        | Outcome::StoreCreated(_)
        | Outcome::ScItemAdded(_)
        | Outcome::Mapped { .. }
        | Outcome::Unmapped { .. }
        | Outcome::Released { .. }
        | Outcome::Seen { .. } => Err(bug()),
    }
}

/// Gives the hold back, and says how many units of the listing it held; none when it had run out by itself.
pub(super) async fn release(context: &CallContext) -> Result<Answer, WireError> {
    let key = HoldKey(context.fields().text("reserve_key")?.to_owned());
    match context.submit(Command::ReleaseAhead { key }).await? {
        Outcome::Released { quantity } => Ok(Answer::ok().with("quantity", quantity)),
        Outcome::Done
        | Outcome::Bills(_)
        | Outcome::StoreCreated(_)
        | Outcome::Reserved { .. }
        | Outcome::ScItemAdded(_)
        | Outcome::Mapped { .. }
        | Outcome::Unmapped { .. }
        | Outcome::Seen { .. } => Err(bug()),
    }
}
