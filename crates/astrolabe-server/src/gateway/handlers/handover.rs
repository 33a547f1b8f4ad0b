//! 核销 over the wire: `storecollect.*` for what the buyer collects at the store, `dtd.*` for what the store brings him.
//!
//! Whose a code is, is for ever: it is looked up before the lane is asked, so that a foreign one is refused by its own name.

use astrolabe_core::command::{Command, HandoverPlace, SetOut, UseCode};
use astrolabe_core::decide::usable;
use astrolabe_core::ids::{HandoverCode, Tid};
use astrolabe_core::order::assignment::Shipment;
use astrolabe_core::refusal::Refusal;
use astrolabe_protocol::{Answer, Fields, WireError};

use crate::app::fresh_handover_code;
use crate::gateway::context::CallContext;
use crate::gateway::refusals::{refusal_code, refusal_message, refused, storage_failed};

/// 门店自送 among the published carriers.
const OWN_PEOPLE: (&str, &str) = ("DISTRIBUTOR_12709653", "门店自送");

/// `storecollect.query`.
pub(super) async fn collect_query(context: &CallContext) -> Result<Answer, WireError> {
    query(context, HandoverPlace::Counter).await
}

/// `storecollect.consume`.
pub(super) async fn collect_consume(context: &CallContext) -> Result<Answer, WireError> {
    consume(context, context.fields(), HandoverPlace::Counter).await
}

/// `dtd.query`.
pub(super) async fn door_query(context: &CallContext) -> Result<Answer, WireError> {
    query(context, HandoverPlace::Door).await
}

/// `dtd.consume`.
pub(super) async fn door_consume(context: &CallContext) -> Result<Answer, WireError> {
    let request = context.fields().structure("param_door2door_consume_request")?;
    consume(context, request, HandoverPlace::Door).await
}

/// `dtd.consign`: the trade and the store name the parcel; there is no waybill.
pub(super) async fn door_consign(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let tid = main_order(fields)?;
    let store = context.location_by_id(fields.long("store_id")?).await?;
    let (company_code, company_name) = OWN_PEOPLE;
    let shipment = Shipment {
        company_code: company_code.to_owned(),
        company_name: company_name.to_owned(),
        waybill: format!("{tid}-{store}"),
        at: context.now,
    };
    let command =
        Command::SetOut(SetOut { tid, store, shipment, fresh: fresh_handover_code(), who: context.actor(None) });
    context.submit(command).await?;
    Ok(Answer::ok())
}

/// `dtd.resend`: the channel, which knows the buyer, is asked to tell the same code again.
pub(super) async fn door_resend(context: &CallContext) -> Result<Answer, WireError> {
    let command = Command::ResendCodes { tid: main_order(context.fields())?, who: context.actor(None) };
    context.submit(command).await?;
    Ok(Answer::ok())
}

/// Code 0: the code is good now. A code that is not, but exists, is answered with its trade and the reason.
async fn query(context: &CallContext, place: HandoverPlace) -> Result<Answer, WireError> {
    let code = HandoverCode::of(context.fields().text("code")?);
    let Some(tid) = trade_of(context, &code).await? else {
        return Err(WireError::business(
            refusal_code(&Refusal::HandoverCodeNotFound { tid: Tid(0) }),
            "核销码不存在。 There is no such handover code.",
        ));
    };
    let view = context.trade(tid).await?;
    let answer = match usable(&view.file, &code, place) {
        Ok(_assignments) => Answer::ok(),
        Err(refusal @ Refusal::HandoverCodeNotFound { .. }) => return Err(refused(&refusal)),
        Err(refusal) => Answer::failed(refusal_code(&refusal), refusal_message(&refusal)),
    };
    Ok(answer.with("data", Fields::new().with("main_order_id", tid.0)))
}

async fn consume(context: &CallContext, request: &Fields, place: HandoverPlace) -> Result<Answer, WireError> {
    let tid = main_order(request)?;
    let code = HandoverCode::of(request.text("code")?);
    if trade_of(context, &code).await?.is_some_and(|owner| owner != tid) {
        return Err(refused(&Refusal::HandoverCodeOfOther { tid }));
    }
    let who = context.actor(request.opt_text("operator")?);
    let command = Command::UseCode(UseCode { tid, code, place, who, happened: context.now });
    context.submit(command).await?;
    Ok(Answer::ok())
}

fn main_order(fields: &Fields) -> Result<Tid, WireError> {
    fields.long("main_order_id").map(Tid)
}

async fn trade_of(context: &CallContext, code: &HandoverCode) -> Result<Option<Tid>, WireError> {
    let found = context.app.store.trade_of_handover_code(context.seller, code).await;
    found.map_err(|error| storage_failed(&error))
}
