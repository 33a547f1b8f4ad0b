//! How the people and systems of a run word what they ask: the one place that builds commands with all their fields.

use astrolabe_core::command::{
    Address, AdjustHold, Command, Goods, PerLine, Published, Reallocate, RefuseReason, SeenAside, SeenLine, SeenRefund,
    SeenTrade, SetOut, StoreAnswer, SyncAllocation, SyncStatus, SyncedLine,
};
use astrolabe_core::geo::Point;
use astrolabe_core::ids::{
    AllocationCode, BillNum, HandoverCode, HoldKey, ItemId, LocationId, Oid, RefundId, SkuId, TMALL, Tid,
};
use astrolabe_core::money::Fen;
use astrolabe_core::order::assignment::Shipment;
use astrolabe_core::order::refund::RefundStatus;
use astrolabe_core::order::timeline::{Actor, Via};
use astrolabe_core::order::told::PaymentWait;
use astrolabe_core::order::trade::{Delivery, Destination, TradePayment};
use astrolabe_core::stock::cell::StockClass;
use astrolabe_core::time::Timestamp;

/// What a buyer pays for one line.
pub(crate) const LINE_PAYMENT: Fen = Fen(1_000);

/// A line of a trade.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) oid: Oid,
    pub(crate) item: ItemId,
    pub(crate) quantity: i64,
    pub(crate) delivery: Delivery,
    pub(crate) reserve_key: Option<HoldKey>,
    pub(crate) closed: bool,
    pub(crate) finished: bool,
}

pub(crate) fn trade(tid: Tid, payment: TradePayment, lines: &[Line], modified: Timestamp) -> SeenTrade {
    SeenTrade {
        tid,
        channel: TMALL,
        created: modified,
        pay_time: (payment != TradePayment::Awaited).then_some(modified),
        modified,
        payment,
        self_operated: false,
        omni_marked: false,
        destination: Destination {
            province: "上海".to_owned(),
            city: "上海市".to_owned(),
            district: "浦东新区".to_owned(),
            point: Some(Point::from_degrees(31.2, 121.4)),
        },
        lines: lines.iter().map(seen_line).collect(),
        aside: SeenAside {
            waits_for: (payment == TradePayment::Awaited).then_some(PaymentWait::Unpaid),
            ..SeenAside::default()
        },
        published: Published { text: "{}".to_owned(), ..Published::default() },
    }
}

fn seen_line(line: &Line) -> SeenLine {
    SeenLine {
        oid: line.oid,
        item: line.item,
        sku: SkuId(0),
        outer_code: String::new(),
        quantity: line.quantity,
        payment: LINE_PAYMENT,
        delivery: line.delivery,
        reserve_key: line.reserve_key.clone(),
        closed: line.closed,
        finished: line.finished,
    }
}

/// What a refund says beside its status.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefundOf {
    pub(crate) tid: Tid,
    pub(crate) oid: Oid,
    pub(crate) id: RefundId,
    pub(crate) part: bool,
    pub(crate) has_good_return: bool,
}

pub(crate) fn refund(of: RefundOf, status: RefundStatus, modified: Timestamp) -> Command {
    Command::SeeRefund(SeenRefund {
        tid: of.tid,
        oid: of.oid,
        id: of.id,
        status,
        refund_fee: if of.part { Fen(100) } else { LINE_PAYMENT },
        has_good_return: of.has_good_return,
        modified,
        published: format!("{{\"refund_id\":{}}}", of.id),
    })
}

/// An answer about one sub-order: by allocation code where the caller has it, else by place.
pub(crate) fn answer(
    tid: Tid,
    oid: Oid,
    location: LocationId,
    code: Option<AllocationCode>,
    who: Actor,
    happened: Timestamp,
) -> StoreAnswer {
    let address = match code {
        Some(code) => Address::Code(code, Vec::new()),
        None => Address::Lines(vec![(oid, location)]),
    };
    StoreAnswer { tid, address, units: PerLine::all(None), claims_warehouse: None, who, happened, timed: true }
}

pub(crate) fn shipping(answer: StoreAnswer, waybill: u32) -> Command {
    let at = answer.happened;
    Command::Ship { answer, shipments: PerLine::all(shipment(waybill, at)) }
}

pub(crate) fn shipment(waybill: u32, at: Timestamp) -> Shipment {
    Shipment { company_code: "SF".to_owned(), company_name: "顺丰".to_owned(), waybill: format!("SF{waybill}"), at }
}

pub(crate) fn refusing(answer: StoreAnswer, reason: RefuseReason) -> Command {
    Command::Refuse { answer, reasons: PerLine::all(reason) }
}

pub(crate) fn set_out(answer: &StoreAnswer, store: LocationId, fresh: HandoverCode) -> Command {
    Command::SetOut(SetOut {
        tid: answer.tid,
        store,
        shipment: shipment(0, answer.happened),
        fresh,
        who: answer.who.clone(),
    })
}

pub(crate) fn sync(
    tid: Tid,
    who: Actor,
    lines: &[(Oid, SyncStatus, Option<LocationId>)],
    happened: Timestamp,
) -> Command {
    let lines = lines.iter().map(|(oid, status, location)| SyncedLine {
        oid: *oid,
        status: *status,
        location: *location,
        message: "no luck".to_owned(),
        attributes: Some("gift:1".to_owned()),
    });
    Command::SyncAllocation(SyncAllocation {
        tid,
        who,
        lines: lines.collect(),
        head: SyncStatus::Allocated,
        message: String::new(),
        happened,
    })
}

pub(crate) fn reallocate(
    tid: Tid,
    sub_orders: Vec<Oid>,
    target: Option<LocationId>,
    who: Actor,
    request: i64,
) -> Reallocate {
    Reallocate { tid, sub_orders, target, who, request, force: false }
}

pub(crate) fn adjust(
    tid: Tid,
    oid: Oid,
    item: ItemId,
    target: LocationId,
    bill_num: BillNum,
    who: Actor,
) -> AdjustHold {
    AdjustHold {
        bill_num,
        tid,
        oid,
        target,
        goods: Goods::Listing { item, sku: SkuId(0), outer_code: String::new() },
        class: StockClass::Certain,
        quantity: 1,
        original: None,
        adjust_type: None,
        who,
    }
}

pub(crate) fn app(key: &astrolabe_core::ids::AppKey) -> Actor {
    Actor::App { key: key.clone(), operator: String::new(), via: Via::Other }
}

pub(crate) fn keeper(store: LocationId) -> Actor {
    Actor::Keeper { user: "keeper".to_owned(), store }
}

pub(crate) fn operator() -> Actor {
    Actor::Operator { user: "op".to_owned() }
}
