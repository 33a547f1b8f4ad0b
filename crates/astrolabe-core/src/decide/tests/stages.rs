//! A one-line order in every state there is, each reached by what really leads there. An app allocates and another accepts
//! (3.4), so that nothing moves on by itself; pickups are the platform's to check in every mode.

use crate::command::*;
use crate::decide::tests::kit::*;
use crate::ids::*;
use crate::order::refund::RefundStatus;
use crate::order::timeline::Actor;
use crate::order::trade::{Delivery, TradePayment};
use crate::seller::{Acceptor, Allocator, RoleMode, Settings};
use crate::stock::cell::StockClass;
use crate::time::Millis;

/// The refund that stages speak of.
pub(crate) const REFUND: i64 = 5;

/// The code of pickups that lie ready.
pub(crate) const CODE: &str = "111";

/// Stages of units that nobody has.
pub(crate) const WAITING: [&str; 6] = ["created", "held", "routing", "unfillable", "cancelled", "closed"];

/// Stages of a delivery, with where it came from where a state remembers that.
pub(crate) const DELIVERY: [&str; 19] = [
    "notified",
    "notified at a warehouse",
    "accepted",
    "cancel_requested from notified",
    "cancel_requested from accepted",
    "cancel_requested to re-allocate",
    "cancel_denied from notified",
    "cancel_denied from accepted",
    "shipped",
    "signed",
    "return_requested from shipped",
    "return_requested from signed",
    "returned",
    "refunded",
    "refused",
    "unanswered",
    "withdrawn",
    "cancelled",
    "closed",
];

/// Stages of a pickup.
pub(crate) const PICKUP: [&str; 15] = [
    "notified",
    "transferring",
    "confirmed",
    "cancel_requested from notified",
    "cancel_requested from transferring",
    "cancel_requested from confirmed",
    "collected",
    "return_requested",
    "returned",
    "refunded",
    "refused",
    "unanswered",
    "withdrawn",
    "cancelled",
    "closed",
];

/// The four role modes, 3.1 to 3.4.
pub(crate) fn modes() -> [RoleMode; 4] {
    let mode = |allocator, acceptor| RoleMode { allocator, acceptor };
    [
        mode(Allocator::Platform, Acceptor::Keeper),
        mode(isv(), Acceptor::Keeper),
        mode(Allocator::Platform, pos()),
        mode(isv(), pos()),
    ]
}

/// A merchant in a role mode with five units in each store and the warehouse.
pub(crate) fn merchant_in(mode: &RoleMode) -> Shop {
    let mut shop = Shop::with(Settings {
        allocator: mode.allocator.clone(),
        acceptor: mode.acceptor.clone(),
        wms: Some(AppKey("wms".into())),
        takeover: false,
        ..Settings::default()
    });
    for at in [NEAR, MIDDLE, FAR, WAREHOUSE] {
        shop.stock(at, StockClass::Certain, 5);
    }
    shop
}

/// The same in 3.4.
fn merchant() -> Shop {
    merchant_in(&RoleMode { allocator: isv(), acceptor: pos() })
}

/// A delivery that is offered to the near store, whoever allocates.
pub(crate) fn offered_in(mode: &RoleMode) -> Shop {
    let mut shop = merchant_in(mode);
    let paid = seen(trade(&shop, false, false));
    tell(&mut shop, paid);
    if let Allocator::App(_) = mode.allocator {
        let given = sync(10, NEAR, shop.now);
        tell(&mut shop, given);
    }
    shop
}

/// The trade as the channel tells it; `closed` where it has closed the line.
pub(crate) fn trade(shop: &Shop, pickup: bool, closed: bool) -> SeenTrade {
    let mut trade = paid(1, &[(ITEM, 1)], shop.now);
    trade.lines[0].closed = closed;
    if pickup {
        trade.lines[0].delivery = Delivery::Pickup { store: NEAR };
    }
    trade
}

pub(crate) fn told_refund(shop: &Shop, id: i64, status: RefundStatus, goods_come: bool) -> Command {
    Command::SeeRefund(SeenRefund { has_good_return: goods_come, ..refund(10, id, status, shop.now) })
}

/// Who answers for the stores of the merchant.
pub(crate) fn by(shop: &Shop, at: LocationId) -> Actor {
    let mode = shop.world.files.get(&Tid(1)).and_then(|file| file.trade.mode.clone());
    match mode.unwrap_or_else(|| shop.world.seller.settings.role_mode()).acceptor {
        Acceptor::App(_) => app("pos"),
        Acceptor::Keeper if at == WAREHOUSE => app("wms"),
        Acceptor::Keeper => keeper(at),
    }
}

/// Where the order was given first, or would be.
pub(crate) fn place(shop: &Shop) -> LocationId {
    let file = shop.world.files.get(&Tid(1));
    file.and_then(|file| file.assignments.first()).map_or(NEAR, |first| first.location)
}

/// What whoever has the order says.
pub(crate) fn said(shop: &Shop) -> StoreAnswer {
    let at = place(shop);
    answer(10, at, by(shop, at), shop.now)
}

fn tell(shop: &mut Shop, command: Command) {
    shop.later(Millis::seconds(1));
    shop.tell(&command);
}

fn say(shop: &mut Shop, command: impl FnOnce(StoreAnswer) -> Command) {
    shop.later(Millis::seconds(1));
    let command = command(said(shop));
    shop.tell(&command);
}

fn ship(shop: &mut Shop) {
    let parcel = shipment("SF1", shop.now);
    say(shop, |said| shipping(said, parcel));
}

fn ask_back(shop: &mut Shop, goods_come: bool) {
    let asked = told_refund(shop, REFUND, RefundStatus::Asked, goods_come);
    tell(shop, asked);
}

pub(crate) fn reallocate(target: Option<LocationId>, request: i64, force: bool) -> Command {
    let sub_orders = vec![Oid(10)];
    Command::Reallocate(Reallocate { tid: Tid(1), sub_orders, target, who: operator(), request, force })
}

/// Leads a trade that has just been paid to the stage.
pub(crate) fn lead_waiting(shop: &mut Shop, stage: &str) {
    match stage {
        "created" => {
            let unpaid = SeenTrade { payment: TradePayment::Awaited, pay_time: None, ..trade(shop, false, false) };
            tell(shop, seen(unpaid));
            return;
        }
        _ => {
            let paid = seen(trade(shop, false, false));
            tell(shop, paid);
        }
    }
    match stage {
        "held" => tell(shop, Command::SetHold { tid: Tid(1), who: operator(), why: "asked".into(), until: None }),
        "unfillable" => {
            let failed = sync_as(app("isv"), 10, SyncStatus::Failed, None, shop.now);
            tell(shop, failed);
        }
        "cancelled" => ask_back(shop, false),
        "closed" => {
            let closed = seen(trade(shop, false, true));
            tell(shop, closed);
        }
        other => assert_eq!(other, "routing"),
    }
}

/// Leads an order that is offered to a store to the stage; those that deliveries and pickups share.
fn lead_offered(shop: &mut Shop, pickup: bool, stage: &str) {
    match stage {
        "notified" => {}
        "cancel_requested from notified" => ask_back(shop, false),
        "refused" => say(shop, |said| refusing(said, RefuseReason::Other)),
        "unanswered" => shop.look(1, Millis::minutes(31)),
        "withdrawn" => {
            tell(shop, reallocate(None, 3, true));
        }
        "cancelled" => {
            ask_back(shop, false);
            say(shop, |answer| Command::AnswerCancel { answer, confirmed: true, refund: None });
        }
        "closed" => {
            let closed = seen(trade(shop, pickup, true));
            tell(shop, closed);
        }
        other => panic!("{other} is no stage"),
    }
}

/// Leads a delivery that is offered to the stage.
pub(crate) fn lead_delivery(shop: &mut Shop, stage: &str) {
    let accepts = ["accepted", "re-allocate", "shipped", "signed", "return", "refunded"];
    if accepts.iter().any(|word| stage.contains(word)) {
        say(shop, Command::Accept);
    }
    match stage {
        "accepted" => {}
        "cancel_requested from accepted" => ask_back(shop, false),
        "cancel_requested to re-allocate" => tell(shop, reallocate(None, 3, false)),
        "cancel_denied from notified" | "cancel_denied from accepted" => {
            ask_back(shop, false);
            say(shop, |answer| Command::AnswerCancel { answer, confirmed: false, refund: None });
        }
        "shipped"
        | "signed"
        | "return_requested from shipped"
        | "return_requested from signed"
        | "returned"
        | "refunded" => {
            ship(shop);
            if stage.contains("signed") {
                let at = shop.now;
                tell(shop, Command::SeeSigned { tid: Tid(1), sub_orders: vec![], at });
            }
            lead_back(shop, stage);
        }
        _ => lead_offered(shop, false, stage),
    }
}

fn lead_back(shop: &mut Shop, stage: &str) {
    if stage.contains("return") {
        ask_back(shop, true);
    }
    if stage == "returned" {
        say(shop, Command::ReceiveReturn);
    }
    if stage == "refunded" {
        let granted = told_refund(shop, REFUND, RefundStatus::Granted, false);
        tell(shop, granted);
    }
}

fn lead_pickup(shop: &mut Shop, stage: &str) {
    let fresh = HandoverCode::of(CODE);
    if stage.contains("transferring") {
        say(shop, Command::StartTransfer);
    }
    if ["confirmed", "collected", "return", "refunded"].iter().any(|word| stage.contains(word)) {
        say(shop, |answer| Command::ConfirmPickup { answer, fresh });
    }
    match stage {
        "transferring" | "confirmed" => {}
        // Only the buyer's word takes it from the store he chose: to another one.
        "withdrawn" => tell(shop, reallocate(Some(MIDDLE), 3, false)),
        "cancel_requested from transferring" | "cancel_requested from confirmed" => ask_back(shop, false),
        "collected" | "return_requested" | "returned" | "refunded" => {
            let code = HandoverCode::of(CODE);
            let (who, happened) = (said(shop).who, shop.now);
            tell(shop, Command::UseCode(UseCode { tid: Tid(1), code, place: HandoverPlace::Counter, who, happened }));
            lead_back(shop, stage);
        }
        _ => lead_offered(shop, true, stage),
    }
}

/// The order at a stage of units that nobody has.
pub(crate) fn waiting(stage: &str) -> Shop {
    let mut shop = merchant();
    lead_waiting(&mut shop, stage);
    shop
}

/// The order at a stage of a delivery.
pub(crate) fn delivery(stage: &str) -> Shop {
    let mut shop = waiting("routing");
    let (at, stage) = match stage {
        "notified at a warehouse" => (WAREHOUSE, "notified"),
        other => (NEAR, other),
    };
    let given = sync(10, at, shop.now);
    tell(&mut shop, given);
    lead_delivery(&mut shop, stage);
    shop
}

/// The order at a stage of a pickup.
pub(crate) fn pickup(stage: &str) -> Shop {
    let mut shop = merchant();
    let paid = seen(trade(&shop, true, false));
    tell(&mut shop, paid);
    lead_pickup(&mut shop, stage);
    shop
}
