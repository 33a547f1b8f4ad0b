//! White paper §6.2.1, §6.2.2, §6.3.1, §6.3.2: stock bills.
//!
//! Bills of one request are independent. The list is cut into commands, sent in order and answered after the last; a bill
//! that failed is listed by its number, the others stand. A bill's key makes any repeat harmless, so a request of which
//! only a part was taken (the lane's queue was full) says so bill by bill.

use astrolabe_core::command::{Bill, BillKind, BillVerdict, Command, Goods, Outcome};
use astrolabe_core::ids::{BillNum, ItemId, ScItemId, SkuId};
use astrolabe_core::refusal::Refusal;
use astrolabe_core::stock::cell::StockClass;
use astrolabe_core::time::Timestamp;
use astrolabe_protocol::{Answer, Fields, Value, WireError};
use futures::future::join_all;

use crate::app::LaneError;
use crate::app::{Claim, PlaceError};
use crate::gateway::context::{CallContext, place_failed};
use crate::gateway::refusals::{lane_failed, refusal_code, refusal_message};

/// Bills of one command.
const BILLS_MAX: usize = 200;

/// How the four methods differ.
#[derive(Clone, Copy)]
struct Form {
    /// By listing (§6.3), else by article (§6.2).
    by_listing: bool,
    /// Updates name their kind; initial reports are all of one.
    initial: bool,
    /// The answer's field for the reason: three methods were published with a misspelt one.
    reason: &'static str,
}

/// §6.2.1.
pub(super) async fn initial(context: &CallContext) -> Result<Answer, WireError> {
    report(context, Form { by_listing: false, initial: true, reason: "descrpition" }).await
}

/// §6.2.2.
pub(super) async fn update(context: &CallContext) -> Result<Answer, WireError> {
    report(context, Form { by_listing: false, initial: false, reason: "description" }).await
}

/// §6.3.1.
pub(super) async fn item_initial(context: &CallContext) -> Result<Answer, WireError> {
    report(context, Form { by_listing: true, initial: true, reason: "descrpition" }).await
}

/// §6.3.2.
pub(super) async fn item_update(context: &CallContext) -> Result<Answer, WireError> {
    report(context, Form { by_listing: true, initial: false, reason: "descrpition" }).await
}

/// A bill that was not applied.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Failure {
    bill_num: String,
    code: String,
    message: String,
}

async fn report(context: &CallContext, form: Form) -> Result<Answer, WireError> {
    let mut failures = Vec::new();
    let bills = bills_of(context, form, &mut failures).await?;
    let sent = bills.chunks(BILLS_MAX).map(|part| context.try_submit(Command::ReportStock(part.to_vec()), 0));
    // Each part is queued when first polled, and they are polled in order.
    let answers = join_all(sent).await;
    if !answers.is_empty() && answers.iter().all(|answer| matches!(answer, Err(LaneError::Busy))) {
        return Err(lane_failed(&LaneError::Busy));
    }
    for (part, answer) in bills.chunks(BILLS_MAX).zip(answers) {
        match answer {
            Ok(Outcome::Bills(verdicts)) => failures.extend(verdicts.iter().filter_map(failure_of)),
            Ok(
                Outcome::Done
                | Outcome::StoreCreated(_)
                | Outcome::Reserved { .. }
                | Outcome::ScItemAdded(_)
                | Outcome::Mapped { .. }
                | Outcome::Unmapped { .. }
                | Outcome::Released { .. }
                | Outcome::Seen { .. },
            ) => failures.extend(part.iter().map(|bill| lost(bill, &LaneError::Bug))),
            Err(error) => failures.extend(part.iter().map(|bill| lost(bill, &error))),
        }
    }
    Ok(answer_of(failures, form.reason))
}

async fn bills_of(context: &CallContext, form: Form, failures: &mut Vec<Failure>) -> Result<Vec<Bill>, WireError> {
    let operated_at = Timestamp(context.fields().time("operation_time")?.0);
    let mut bills = Vec::new();
    for place in context.fields().structs("stores")? {
        let claim = Claim::of(place.text("warehouse_type")?);
        let name = place.text("warehouse_id")?;
        let resolved = context.app.places.resolve(context.app.store.as_ref(), context.seller, Some(claim), name).await;
        let lines = place.structs("store_inventories")?;
        match resolved {
            Ok(location) => {
                for line in lines {
                    bills.push(bill_of(line, form, location, operated_at)?);
                }
            }
            Err(PlaceError::Refused(refusal)) => {
                for line in lines {
                    failures.push(refused(line.text("bill_num")?, &refusal));
                }
            }
            Err(error @ (PlaceError::NotAnId | PlaceError::Storage(_))) => {
                return Err(place_failed(&error, "warehouse_id"));
            }
        }
    }
    Ok(bills)
}

fn bill_of(
    line: &Fields,
    form: Form,
    location: astrolabe_core::ids::LocationId,
    operated_at: Timestamp,
) -> Result<Bill, WireError> {
    let goods = if form.by_listing {
        Goods::Listing {
            item: ItemId(line.long("item_id")?),
            sku: SkuId(line.opt_long("sku_id")?.unwrap_or(0)),
            outer_code: line.opt_text("outer_id")?.unwrap_or_default().to_owned(),
        }
    } else {
        Goods::Article(ScItemId(line.long("sc_item_id")?))
    };
    let kind = if form.initial {
        BillKind::Initial
    } else {
        match line.text("bill_type")? {
            "TAOBAO_INCLUDED" => BillKind::Included,
            "TAOBAO_EXCLUDED" => BillKind::Excluded,
            "BALANCE" => BillKind::Balance,
            _ => return Err(WireError::invalid("bill_type", "is no bill type")),
        }
    };
    Ok(Bill {
        bill_num: BillNum(line.text("bill_num")?.to_owned()),
        location,
        goods,
        class: stock_class(line)?,
        kind,
        quantity: line.long("quantity")?,
        final_quantity: line.opt_long("final_quantity")?,
        operated_at,
    })
}

/// `inventory_type`.
pub(super) fn stock_class(line: &Fields) -> Result<StockClass, WireError> {
    match line.text("inventory_type")? {
        "CERTAINTY" => Ok(StockClass::Certain),
        "UNCERTAINTY" => Ok(StockClass::Uncertain),
        _ => Err(WireError::invalid("inventory_type", "is no stock class")),
    }
}

fn failure_of(verdict: &BillVerdict) -> Option<Failure> {
    verdict.refused.as_ref().map(|refusal| refused(&verdict.bill_num.0, refusal))
}

fn refused(bill_num: &str, refusal: &Refusal) -> Failure {
    let (code, message) = (refusal_code(refusal).to_owned(), refusal_message(refusal));
    Failure { bill_num: bill_num.to_owned(), code, message }
}

fn lost(bill: &Bill, error: &LaneError) -> Failure {
    let told = lane_failed(error);
    Failure {
        bill_num: bill.bill_num.0.clone(),
        code: told.sub_code().unwrap_or_default().into_owned(),
        message: told.sub_msg().unwrap_or_default().into_owned(),
    }
}

/// The answer's own code is the failures' where they agree.
fn answer_of(failures: Vec<Failure>, reason: &'static str) -> Answer {
    let Some(first) = failures.first() else { return Answer::ok() };
    let code = if failures.iter().all(|failure| failure.code == first.code) {
        first.code.clone()
    } else {
        "isv.bills-failed".to_owned()
    };
    let message = format!("{} 条流水处理失败，首条: {}", failures.len(), first.message);
    let errors = failures.into_iter().map(|failure| {
        let why = format!("{} ({})", failure.message, failure.code);
        Value::Struct(Fields::new().with(reason, why).with("failed_bill_num", failure.bill_num))
    });
    Answer::failed(code, message).with("error_descriptions", Value::List(errors.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(bill_num: &str, refusal: &Refusal) -> Failure {
        refused(bill_num, refusal)
    }

    #[test]
    fn failed_bills_are_listed_by_number_and_share_a_code_where_they_agree() {
        assert_eq!(answer_of(Vec::new(), "description"), Answer::ok());
        let reused = Refusal::BillReused { field: "quantity" };
        let table = [
            (vec![failure("B1", &reused), failure("B2", &reused)], "isv.bill-num-reused"),
            (vec![failure("B1", &reused), failure("B2", &Refusal::StaleReport)], "isv.bills-failed"),
        ];
        for (failures, code) in table {
            let answer = answer_of(failures.clone(), "descrpition");
            assert_eq!(answer.failure_code(), Some(code));
            let errors = answer.fields().structs("error_descriptions").expect("a list of structs");
            let numbers: Vec<&str> = errors.iter().filter_map(|e| e.text("failed_bill_num").ok()).collect();
            assert_eq!(numbers, ["B1", "B2"]);
            assert!(errors[0].text("descrpition").is_ok_and(|why| why.contains("isv.bill-num-reused")));
        }
    }

    #[test]
    fn an_update_without_sku_or_final_quantity_is_the_listing_itself() {
        let line = Fields::new()
            .with("bill_num", "B1")
            .with("bill_type", "TAOBAO_EXCLUDED")
            .with("item_id", 7)
            .with("outer_id", "SP-7")
            .with("inventory_type", "UNCERTAINTY")
            .with("quantity", -3);
        let form = Form { by_listing: true, initial: false, reason: "descrpition" };
        let bill = bill_of(&line, form, astrolabe_core::ids::LocationId(9), Timestamp(1_000)).expect("is a bill");
        let goods = Goods::Listing { item: ItemId(7), sku: SkuId(0), outer_code: "SP-7".into() };
        assert_eq!((bill.goods, bill.kind, bill.quantity), (goods, BillKind::Excluded, -3));
        assert_eq!((bill.class, bill.final_quantity), (StockClass::Uncertain, None));
    }
}
