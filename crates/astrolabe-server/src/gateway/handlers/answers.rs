//! White paper §6.6.8–6.6.10: the POS (or, for warehouses, the WMS) accepts, refuses and ships. Both request forms arrive
//! alike: the protocol crate has given the items what the flat form says once at its head.
//!
//! One call is one command, whatever its items say: each line of it carries its own parcel or reason.

use astrolabe_core::command::{Address, Command, PerLine, RefuseReason, StoreAnswer};
use astrolabe_core::ids::{AllocationCode, LocationId, Oid, Tid};
use astrolabe_core::order::assignment::Shipment;
use astrolabe_core::order::timeline::Via;
use astrolabe_core::refusal::Refusal;
use astrolabe_core::time::Timestamp;
use astrolabe_protocol::{Answer, Fields, Value, WireError, json};

use super::allocation::same_trade;
use crate::app::Claim;
use crate::gateway::context::CallContext;
use crate::gateway::refusals::{refused as refusal_on_wire, storage_failed};

/// §6.6.8.
pub(super) async fn accepted(context: &CallContext) -> Result<Answer, WireError> {
    let told = told_of(context).await?;
    context.submit(Command::Accept(told.answer())).await?;
    Ok(Answer::ok())
}

/// §6.6.9.
pub(super) async fn refused(context: &CallContext) -> Result<Answer, WireError> {
    let told = told_of(context).await?;
    let reasons = per_line(&told.lines, RefuseReason::Other, |line| line.reason);
    context.submit(Command::Refuse { answer: told.answer(), reasons }).await?;
    Ok(Answer::ok())
}

/// §6.6.10.
pub(super) async fn consigned(context: &CallContext) -> Result<Answer, WireError> {
    let told = told_of(context).await?;
    let shipment = |parcel: &Parcel| parcel.clone().shipment(told.happened);
    let shipments = per_line(&told.lines, shipment(&Parcel::default()), |line| shipment(&line.parcel));
    context.submit(Command::Ship { answer: told.answer(), shipments }).await?;
    let waybills = waybills(&told.lines);
    if waybills.is_empty() {
        return Ok(Answer::ok());
    }
    Ok(Answer::ok().with("data", Fields::new().with("mail_no", waybills.join(","))))
}

/// `tmall.storedeliver.allocation.accept`: by allocation code, yes or no.
pub(super) async fn accept_by_code(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let code = allocation_code(fields)?;
    let oids = fields.texts("sub_order_code")?.into_iter().map(|text| {
        let number = text.trim().parse().ok().filter(|number: &i64| *number > 0);
        number.map(Oid).ok_or_else(|| WireError::invalid("sub_order_code", "is not an order number"))
    });
    let oids = oids.collect::<Result<Vec<_>, _>>()?;
    let answer = StoreAnswer {
        tid: trade_of_code(context, code).await?,
        address: Address::Code(code, oids),
        units: PerLine::all(None),
        claims_warehouse: None,
        who: context.actor_via(Via::OwnCall, None),
        happened: context.now,
        timed: false,
    };
    let command = if fields.boolean("is_accept")? {
        Command::Accept(answer)
    } else {
        Command::Refuse { answer, reasons: PerLine::all(RefuseReason::Other) }
    };
    context.submit(command).await?;
    Ok(Answer::ok())
}

/// 星盘派单号 as text.
pub(super) fn allocation_code(fields: &Fields) -> Result<AllocationCode, WireError> {
    let code = fields.text("allocation_code")?.trim().parse().ok().filter(|code: &i64| *code > 0);
    code.map(AllocationCode).ok_or_else(|| WireError::invalid("allocation_code", "is not an allocation code"))
}

/// The trade an allocation code belongs to.
pub(super) async fn trade_of_code(context: &CallContext, code: AllocationCode) -> Result<Tid, WireError> {
    let found = context.app.store.trade_of_allocation(context.seller, code).await;
    let found = found.map_err(|error| storage_failed(&error))?;
    found.ok_or_else(|| refusal_on_wire(&Refusal::AllocationNotFound { code }))
}

/// What one call says.
struct Told<'a> {
    context: &'a CallContext,
    tid: Tid,
    operator: Option<String>,
    happened: Timestamp,
    timed: bool,
    lines: Vec<ToldLine>,
}

struct ToldLine {
    oid: Oid,
    location: LocationId,
    claim: Option<Claim>,
    units: Option<i64>,
    reason: RefuseReason,
    parcel: Parcel,
}

/// Carrier and waybill as one item says them.
#[derive(Clone, Debug, Default)]
struct Parcel {
    company_code: String,
    company_name: String,
    waybill: String,
}

impl Parcel {
    /// A code wins over an id (published); where there is neither, the name is all there is.
    fn of(item: &Fields) -> Result<Self, WireError> {
        let text = |name| Ok::<_, WireError>(item.opt_text(name)?.unwrap_or_default().to_owned());
        let company_name = text("logistic_company")?;
        let code = item.opt_text("logistic_company_code")?.or(item.opt_text("logistic_id")?);
        let company_code = code.map_or_else(|| company_name.clone(), str::to_owned);
        Ok(Self { company_code, company_name, waybill: text("logistic_no")? })
    }

    fn shipment(self, at: Timestamp) -> Shipment {
        let Parcel { company_code, company_name, waybill } = self;
        Shipment { company_code, company_name, waybill, at }
    }
}

impl Told<'_> {
    /// The answer that speaks of all lines.
    fn answer(&self) -> StoreAnswer {
        let first = self.lines.first().and_then(|line| line.claim);
        let agree = self.lines.iter().all(|line| line.claim == first);
        StoreAnswer {
            tid: self.tid,
            address: Address::Lines(self.lines.iter().map(|line| (line.oid, line.location)).collect()),
            units: per_line(&self.lines, None, |line| line.units),
            // Where kinds are mixed, each location has been checked against its own item already.
            claims_warehouse: first.filter(|_| agree).map(|claim| claim == Claim::Warehouse),
            who: self.context.actor_via(Via::OwnCall, self.operator.as_deref()),
            happened: self.happened,
            timed: self.timed,
        }
    }
}

async fn told_of(context: &CallContext) -> Result<Told<'_>, WireError> {
    let fields = context.fields();
    let tid = Tid(fields.long("tid")?);
    let mut operator = None;
    let mut lines: Vec<ToldLine> = Vec::new();
    for item in fields.structs("sub_order_list")? {
        same_trade(item, tid)?;
        let claim = item.opt_text("store_type")?.map(Claim::of);
        let location = context.location(claim, item.text("store_id")?, "store_id").await?;
        operator = operator.or(item.opt_text("operator")?.map(str::to_owned));
        lines.push(ToldLine {
            oid: Oid(item.long("sub_oid")?),
            location,
            claim,
            units: units_of(item)?,
            reason: reason_of(item.opt_text("code")?, item.opt_text("message")?),
            parcel: Parcel::of(item)?,
        });
    }
    let happened = context.happened_ms("report_timestamp")?;
    Ok(Told { context, tid, operator, happened, timed: fields.has("report_timestamp"), lines })
}

/// How many of the line's units the item is about. Published items have no such element: it is the member `quantity` of
/// their `attributes`, as it is a member of `omnichannel_param` where a sub-order is divided.
fn units_of(item: &Fields) -> Result<Option<i64>, WireError> {
    let Some(text) = item.opt_text("attributes")? else { return Ok(None) };
    let Ok(Some(Value::Struct(attributes))) = json::parse(text) else { return Ok(None) };
    let units = match attributes.iter().find(|(name, _)| *name == "quantity").map(|(_, value)| value) {
        None => return Ok(None),
        Some(Value::Int(units)) => Some(*units),
        Some(Value::Text(text)) => text.trim().parse().ok(),
        Some(Value::Bool(_) | Value::List(_) | Value::Struct(_)) => None,
    };
    let units = units.filter(|units| *units > 0);
    units.map(Some).ok_or_else(|| WireError::invalid("attributes", "has a quantity that is no whole number above 0"))
}

/// What each line says; `unsaid` is for lines that are not there.
fn per_line<T>(lines: &[ToldLine], unsaid: T, said: impl Fn(&ToldLine) -> T) -> PerLine<T> {
    lines.iter().fold(PerLine::all(unsaid), |all, line| all.but(line.oid, line.location, said(line)))
}

/// The waybills of the call, each once, in the order they came.
fn waybills(lines: &[ToldLine]) -> Vec<&str> {
    let mut waybills = Vec::new();
    for waybill in lines.iter().map(|line| line.parcel.waybill.as_str()) {
        if !waybill.is_empty() && !waybills.contains(&waybill) {
            waybills.push(waybill);
        }
    }
    waybills
}

/// Words in a refusal's text that say why. The wire has no field for the reason; `code` may name it in our words.
const REASONS: [(RefuseReason, &str, &[&str]); 3] = [
    (RefuseReason::NoGoods, "no_goods", &["无货", "缺货", "没货", "断货", "售罄", "库存不足", "out of stock"]),
    (RefuseReason::Damaged, "damaged", &["破损", "损坏", "残次", "瑕疵", "damaged"]),
    (RefuseReason::ShopClosed, "shop_closed", &["关店", "闭店", "打烊", "停业", "歇业", "未营业"]),
];

/// Why a store refuses, as far as it says so.
pub(super) fn reason_of(code: Option<&str>, message: Option<&str>) -> RefuseReason {
    let by_code = REASONS.iter().find(|(_, name, _)| code.is_some_and(|code| code.eq_ignore_ascii_case(name)));
    let message = message.unwrap_or_default().to_lowercase();
    let by_words = || REASONS.iter().find(|(_, _, words)| words.iter().any(|word| message.contains(word)));
    by_code.or_else(by_words).map_or(RefuseReason::Other, |(reason, _, _)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(oid: i64, waybill: &str) -> ToldLine {
        ToldLine {
            oid: Oid(oid),
            location: LocationId(1),
            claim: Some(Claim::Store),
            units: None,
            reason: RefuseReason::Other,
            parcel: Parcel { waybill: waybill.to_owned(), ..Parcel::default() },
        }
    }

    #[test]
    fn each_line_says_its_own_and_a_line_named_twice_its_last_word() {
        let lines = [line(1, "B"), line(2, "A"), line(3, ""), line(1, "C")];
        let said = per_line(&lines, String::new(), |line| line.parcel.waybill.clone());
        let of = |oid| said.of(Oid(oid), LocationId(1)).as_str();
        assert_eq!([1, 2, 3].map(of), ["C", "A", ""]);
        assert_eq!(waybills(&[line(1, "B"), line(2, "A"), line(3, ""), line(4, "B")]), ["B", "A"]);
    }

    #[test]
    fn a_quantity_is_read_from_the_attributes() {
        let table = [
            (None, Ok(None)),
            (Some(r#"{"batch":"B7"}"#), Ok(None)),
            (Some("gift"), Ok(None)),
            (Some(r#"{"quantity":2}"#), Ok(Some(2))),
            (Some(r#"{"quantity":" 3 ","batch":"B7"}"#), Ok(Some(3))),
            (Some(r#"{"quantity":0}"#), Err(())),
            (Some(r#"{"quantity":"two"}"#), Err(())),
            (Some(r#"{"quantity":[1]}"#), Err(())),
        ];
        for (attributes, expected) in table {
            let item = Fields::new().with_opt("attributes", attributes);
            assert_eq!(units_of(&item).map_err(|_refused| ()), expected, "{attributes:?}");
        }
    }

    #[test]
    fn reasons_are_read_from_code_or_words() {
        let table = [
            (Some("0"), None, RefuseReason::Other),
            (Some("NO_GOODS"), None, RefuseReason::NoGoods),
            (Some("0"), Some("本店缺货"), RefuseReason::NoGoods),
            (None, Some("包装破损"), RefuseReason::Damaged),
            (None, Some("已打烊"), RefuseReason::ShopClosed),
            (None, Some("店员很忙"), RefuseReason::Other),
            (None, None, RefuseReason::Other),
        ];
        for (code, message, expected) in table {
            assert_eq!(reason_of(code, message), expected, "{code:?} {message:?}");
        }
    }

    #[test]
    fn a_company_code_wins_over_its_id_and_both_over_its_name() {
        let item = |code: Option<&str>, id: Option<&str>| {
            Fields::new()
                .with_opt("logistic_company_code", code)
                .with_opt("logistic_id", id)
                .with("logistic_company", "顺丰")
                .with("logistic_no", "SF1")
        };
        let table = [(Some("SF"), Some("505"), "SF"), (None, Some("505"), "505"), (None, None, "顺丰")];
        for (code, id, expected) in table {
            assert_eq!(Parcel::of(&item(code, id)).expect("is a parcel").company_code, expected);
        }
    }
}
