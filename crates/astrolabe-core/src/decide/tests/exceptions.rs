//! Exceptions: what raises them, what ends them by itself, what people do; and the ladder of every hop.

use crate::command::{BillKind, Command, Reallocate};
use crate::deadlines::{Ladder, OwnDeadlines};
use crate::decide::tests::kit::*;
use crate::exception::{ExceptionKind, ExceptionState, Subject};
use crate::ids::{ExceptionId, Oid, OutwardId, Tid};
use crate::order::assignment::AssignmentState;
use crate::order::timeline::Fact;
use crate::outward::{Message, OutwardState};
use crate::refusal::Refusal;
use crate::seller::{Acceptor, Allocator, Settings};
use crate::service_settings::ServiceChange;
use crate::stock::cell::StockClass;
use crate::time::{Millis, Timestamp};

fn plain() -> Settings {
    Settings { allocator: Allocator::Platform, acceptor: pos(), ..Settings::default() }
}

/// A paid trade at the near store, accepted.
fn accepted(settings: Settings) -> Shop {
    let mut shop = Shop::with(settings);
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let yes = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&Command::Accept(yes));
    shop
}

fn count(shop: &Shop, fact: Fact) -> usize {
    shop.facts.iter().filter(|told| told.fact == fact).count()
}

#[test]
fn each_rung_is_climbed_once_at_its_share_of_the_time() {
    let ladder = Ladder { warn_percent: 75, exception_percent: 150 };
    let mut shop = accepted(Settings { ladder, ..plain() });
    let seen =
        |shop: &Shop| (count(shop, Fact::DeadlineNear), count(shop, Fact::ShipLate), shop.open_exceptions().len());
    let table = [
        (17, (0, 0, 0)),
        (1, (1, 0, 0)),
        (5, (1, 0, 0)),
        (1, (1, 1, 0)),
        (11, (1, 1, 0)),
        (1, (1, 1, 1)),
        (90, (1, 1, 1)),
    ];
    for (hours, expected) in table {
        shop.look(1, Millis::hours(hours));
        assert_eq!(seen(&shop), expected, "{hours} hours on");
        assert_eq!(shop.live(10).state, AssignmentState::Accepted);
    }
    assert_eq!(shop.live(10).due_at, None, "nothing is left to climb");
}

#[test]
fn a_location_may_have_its_own_time() {
    let mut shop = Shop::with(plain());
    let own = OwnDeadlines { accept_within_ms: Some(Millis::minutes(10)), ..OwnDeadlines::default() };
    shop.tell(&Command::SetService { location: NEAR, change: ServiceChange::Deadlines(own) });
    for at in [NEAR, MIDDLE] {
        shop.stock(at, StockClass::Certain, 5);
    }
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    assert_eq!(shop.live(10).location, NEAR);
    shop.look(1, Millis::minutes(10));
    assert_eq!(shop.live(10).location, MIDDLE, "after its own ten minutes");
    shop.look(1, Millis::minutes(29));
    assert_eq!(shop.live(10).location, MIDDLE, "the usual half an hour");
    shop.look(1, Millis::minutes(1));
    assert!(shop.open_exceptions().contains(&(ExceptionKind::Unfillable, 1)));
}

#[test]
fn lateness_ends_with_the_hop() {
    let mut shop = accepted(plain());
    shop.look(1, Millis::hours(24));
    assert_eq!(shop.open_exceptions(), [(ExceptionKind::ShipLate, 1)]);
    let ship = answer(10, NEAR, app("pos"), shop.now);
    let parcel = shipment("SF1", shop.now);
    shop.tell(&shipping(ship, parcel));
    assert_eq!(shop.open_exceptions(), []);
    assert_eq!(shop.exceptions[0].closing.as_ref().unwrap().by, None);
}

#[test]
fn who_waits_for_stock_is_one_exception_until_it_is_routed() {
    let mut shop = Shop::with(plain());
    shop.tell(&seen(paid(1, &[(ITEM, 1), (ITEM, 1)], shop.now)));
    let unfillable = (ExceptionKind::Unfillable, 1);
    assert_eq!(shop.open_exceptions(), [unfillable, unfillable], "one a sub-order");
    shop.look(1, Millis::hours(1));
    assert_eq!(shop.open_exceptions().len(), 2);
    shop.stock(NEAR, StockClass::Certain, 1);
    shop.work_off();
    assert_eq!(shop.open_exceptions(), [unfillable]);
    let open = shop.exceptions.iter().find(|kept| kept.state == ExceptionState::Open).unwrap();
    assert_eq!(open.subject, Subject::SubOrder(Tid(1), Oid(11)));
    shop.stock_of(ARTICLE, NEAR, StockClass::Certain, 1, BillKind::Excluded);
    shop.work_off();
    assert_eq!(shop.open_exceptions(), []);
}

#[test]
fn a_silent_app_is_an_exception_until_it_allocates() {
    let mut shop = Shop::with(Settings { allocator: isv(), acceptor: pos(), takeover: false, ..Settings::default() });
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    shop.look(1, Millis::minutes(5));
    assert_eq!(shop.open_exceptions(), [(ExceptionKind::AllocatorSilent, 1)]);
    let late = sync(10, NEAR, shop.now);
    shop.tell(&late);
    assert_eq!(shop.open_exceptions(), []);
}

#[test]
fn a_mismatch_ends_when_the_units_are_where_they_are_shipped_from() {
    let mut shop =
        Shop::with(Settings { allocator: isv(), acceptor: pos(), auto_adjust: false, ..Settings::default() });
    shop.stock(MIDDLE, StockClass::Certain, 9);
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    shop.later(Millis::seconds(5));
    let told = sync(10, NEAR, shop.now);
    shop.tell(&told);
    assert_eq!(shop.open_exceptions(), [(ExceptionKind::Mismatch, 1)]);
    let yes = answer(10, NEAR, app("pos"), shop.now);
    shop.tell(&Command::Accept(yes.clone()));
    assert_eq!(shop.open_exceptions(), [(ExceptionKind::Mismatch, 1)]);
    let parcel = shipment("SF1", shop.now);
    shop.tell(&shipping(yes, parcel));
    // The shipping itself found the units elsewhere and wrote that down; the order is settled.
    assert!(!shop.open_exceptions().contains(&(ExceptionKind::Mismatch, 1)));
}

#[test]
fn a_dead_letter_is_counted_and_ends_when_it_is_delivered_after_all() {
    let mut shop = Shop::with(plain());
    shop.stock(NEAR, StockClass::Certain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let call = shop.calls[0].id;
    let dead = |attempts, at| OutwardState::Dead { attempts, at, error: "HTTP 502".into() };
    let settle = |shop: &mut Shop, state| shop.tell(&Command::SettleOutward { id: call, tid: Tid(1), state });
    let at = shop.now;
    settle(&mut shop, dead(24, at));
    assert_eq!(shop.open_exceptions(), [(ExceptionKind::DeadLetter, 1)]);
    assert_eq!(shop.exceptions[0].subject, Subject::Call(Tid(1), call));
    shop.tell(&Command::ResendCall { tid: Tid(1), call, attempts: 24, who: operator() });
    assert_eq!(count(&shop, Fact::CallResent), 1);
    settle(&mut shop, dead(25, at));
    assert_eq!(shop.open_exceptions(), [(ExceptionKind::DeadLetter, 2)], "the same, once more");
    settle(&mut shop, OutwardState::Delivered { attempts: 26, at });
    assert_eq!(shop.open_exceptions(), []);
    let unknown = Command::ResendCall { tid: Tid(9), call: OutwardId(1), attempts: 1, who: operator() };
    assert!(matches!(shop.ask(&unknown), Err(Refusal::TradeNotFound { .. })));
}

#[test]
fn people_take_note_and_close() {
    let mut shop = Shop::with(plain());
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let id = shop.exceptions[0].id;
    shop.tell(&Command::TakeException { id, who: operator() });
    shop.tell(&Command::TakeException { id, who: operator() });
    assert_eq!(shop.rows, 0, "it is his already");
    shop.tell(&Command::TakeException { id, who: keeper(NEAR) });
    shop.tell(&Command::NoteException { id, who: keeper(NEAR), text: "asked the supplier".into() });
    let kept = &shop.exceptions[0];
    assert_eq!((kept.state, kept.owner.as_deref()), (ExceptionState::Taken, Some("keeper")));
    let notes: Vec<_> = kept.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(notes, ["taken over from op", "asked the supplier"]);
    let close = Command::CloseException { id, who: operator(), why: "agreed with the buyer".into() };
    shop.tell(&close);
    let closing = shop.exceptions[0].closing.clone().unwrap();
    assert_eq!((closing.by.as_deref(), closing.how.as_str()), (Some("op"), "agreed with the buyer"));
    assert_eq!(shop.ask(&close), Err(Refusal::ExceptionClosed { id }));
    let unknown = ExceptionId(4);
    let take = Command::TakeException { id: unknown, who: operator() };
    assert_eq!(shop.ask(&take), Err(Refusal::ExceptionNotFound { id: unknown }));
}

#[test]
fn a_rows_fault_ends_when_the_row_is_read() {
    let mut shop = Shop::with(plain());
    let row = |fault: Option<&str>| {
        let fault = fault.map(str::to_owned);
        Command::SeeSourceRow { source: "jdp_tb_trade".into(), row: "7".into(), fault }
    };
    shop.tell(&row(Some("no JSON")));
    shop.tell(&row(Some("no JSON")));
    assert_eq!(shop.open_exceptions(), [(ExceptionKind::BadSourceRow, 2)]);
    shop.tell(&row(None));
    assert_eq!(shop.open_exceptions(), []);
}

#[test]
fn the_channel_is_asked_to_end_what_nobody_took_on_only_where_the_merchant_wants_that() {
    let asked =
        |shop: &Shop| shop.calls.iter().filter(|call| matches!(call.message, Message::AskCancel { .. })).count();
    for (after, expected) in [(None, 0), (Some(Millis::hours(6)), 1)] {
        let mut shop = Shop::with(Settings { ask_cancel_after_ms: after, ..plain() });
        shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
        assert_eq!(shop.world.files.get(&Tid(1)).and_then(|file| file.trade.due_at).is_some(), after.is_some());
        shop.look(1, Millis(Millis::hours(6).0 - 1));
        assert_eq!(asked(&shop), 0);
        for _ in 0..2 {
            shop.look(1, Millis::hours(1));
            assert_eq!(asked(&shop), expected, "{after:?}");
            assert_eq!(count(&shop, Fact::CancelAsked), expected);
        }
        assert_eq!(shop.unassigned(1, 10).unwrap().name(), "unfillable", "it moves nothing");
        assert_eq!(shop.open_exceptions().contains(&(ExceptionKind::CancelAsked, 1)), expected == 1);
        let mut closed = paid(1, &[(ITEM, 1)], shop.now + Millis(1));
        closed.lines[0].closed = true;
        shop.tell(&seen(closed));
        assert_eq!(shop.open_exceptions(), []);
    }
}

#[test]
fn what_a_location_accepted_is_not_given_back_to_the_channel() {
    let mut shop = accepted(Settings { ask_cancel_after_ms: Some(Millis::hours(6)), ..plain() });
    shop.look(1, Millis::hours(7));
    assert_eq!(count(&shop, Fact::CancelAsked), 0);
    let why = "out of fashion".to_owned();
    let ask = Command::AskCancel { tid: Tid(1), sub_orders: vec![], who: operator(), why };
    assert!(matches!(shop.ask(&ask), Err(Refusal::IllegalMove { state: "accepted", .. })));
}

#[test]
fn settings_wake_who_waits_and_a_person_may_too() {
    let mut shop = Shop::with(plain());
    shop.world.seller.settings.router.safety_stock = 9;
    shop.stock(NEAR, StockClass::Uncertain, 5);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    assert_eq!(shop.open_exceptions(), [(ExceptionKind::Unfillable, 1)]);
    shop.world.seller.settings.router.safety_stock = 0;
    shop.tell(&Command::SeeSettings);
    shop.work_off();
    assert_eq!((shop.live(10).location, shop.open_exceptions()), (NEAR, vec![]));

    let mut shop = Shop::open(Allocator::Platform, Acceptor::Keeper);
    shop.tell(&seen(paid(1, &[(ITEM, 1)], shop.now)));
    let again =
        Reallocate { tid: Tid(1), sub_orders: vec![Oid(10)], target: None, who: operator(), request: 1, force: false };
    shop.tell(&Command::Reallocate(again));
    assert_eq!(shop.open_exceptions().len(), 1, "still nobody can serve it");
}

#[test]
fn a_clock_of_before_hops_runs_out_as_it_did() {
    let mut shop = accepted(plain());
    let mut file = shop.world.files.get(&Tid(1)).unwrap().clone();
    let due: Timestamp = shop.now + Millis::hours(1);
    for given in &mut file.assignments {
        given.clock = None;
        given.due_at = Some(due);
    }
    shop.world.files.put(Tid(1), file);
    shop.look(1, Millis::hours(1));
    assert_eq!((count(&shop, Fact::ShipLate), shop.open_exceptions()), (1, vec![(ExceptionKind::ShipLate, 1)]));
    assert_eq!(shop.live(10).due_at, None);
}
