//! Every command in every state: `every_command.txt` says what becomes of it, one line for all commands that lead to the
//! same. "unchanged" wrote nothing, "noted" a fact that moves no state; a refusal is named by its kind.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::stages::*;
use crate::command::*;
use crate::decide::tests::kit::*;
use crate::ids::*;
use crate::order::refund::RefundStatus;
use crate::order::timeline::Fact;
use crate::order::trade::ChannelConsign;
use crate::refusal::Refusal;
use crate::stock::cell::StockClass;
use crate::time::Millis;

const EXPECTED: &str = include_str!("every_command.txt");

/// Every command about an order, in its telling forms, said by who may.
pub(super) fn commands(shop: &Shop, pickup: bool) -> Vec<(&'static str, Command)> {
    let fresh = || HandoverCode::of("222");
    let (now, tid) = (shop.now, Tid(1));
    let mut all = from_the_channel(shop, pickup);
    let at = place(shop);
    let elsewhere = if at == MIDDLE { NEAR } else { MIDDLE };
    let use_code = |place| {
        let (code, who) = (HandoverCode::of(CODE), said(shop).who);
        Command::UseCode(UseCode { tid, code, place, who, happened: now })
    };
    let own = shipment("OWN", now);
    all.extend([
        ("allocation there", sync(10, at, now)),
        ("allocation elsewhere", sync(10, elsewhere, now)),
        ("allocation failed", sync_as(app("isv"), 10, SyncStatus::Failed, None, now)),
        ("adjust there", adjust(at)),
        ("adjust elsewhere", adjust(elsewhere)),
        ("accept", Command::Accept(said(shop))),
        ("refuse", refusing(said(shop), RefuseReason::Other)),
        ("ship", shipping(said(shop), shipment("SF9", now))),
        ("cancel confirmed", Command::AnswerCancel { answer: said(shop), confirmed: true, refund: None }),
        ("cancel denied", Command::AnswerCancel { answer: said(shop), confirmed: false, refund: None }),
        ("return received", Command::ReceiveReturn(said(shop))),
        ("confirm pickup", Command::ConfirmPickup { answer: said(shop), fresh: fresh() }),
        ("start transfer", Command::StartTransfer(said(shop))),
        ("receive transfer", Command::ReceiveTransfer { answer: said(shop), fresh: fresh() }),
        ("set out", Command::SetOut(SetOut { tid, store: at, shipment: own, fresh: fresh(), who: said(shop).who })),
        ("code at the counter", use_code(HandoverPlace::Counter)),
        ("code at the door", use_code(HandoverPlace::Door)),
        ("resend codes", Command::ResendCodes { tid, who: said(shop).who }),
        ("milestone", Command::RecordMilestone { answer: said(shop), fact: Fact::Packaged }),
        ("re-allocate", reallocate(None, 8, false)),
        ("re-allocate to", reallocate(Some(elsewhere), 8, false)),
        ("re-allocate by force", reallocate(None, 8, true)),
        ("set hold", Command::SetHold { tid, who: operator(), why: "again".into(), until: None }),
        ("lift hold", Command::LiftHold { tid, who: operator(), holder: None }),
        ("clock", Command::LookAtClock { tid }),
        ("serve waiting", Command::DoWork { id: WorkId(1), work: Work::ServeWaiting { tid } }),
        ("store shut", Command::DoWork { id: WorkId(1), work: Work::WithdrawOffers { tid, location: at } }),
    ]);
    all
}

fn from_the_channel(shop: &Shop, pickup: bool) -> Vec<(&'static str, Command)> {
    let (now, tid) = (shop.now, Tid(1));
    let consign = ChannelConsign { company_code: "SF".into(), waybill: "SF9".into(), at: now };
    let refund = |id, status| told_refund(shop, id, status, true);
    vec![
        ("trade paid", seen(trade(shop, pickup, false))),
        ("trade closed", seen(trade(shop, pickup, true))),
        ("refund asked", refund(REFUND, RefundStatus::Asked)),
        ("other refund asked", refund(REFUND + 1, RefundStatus::Asked)),
        ("refund withdrawn", refund(REFUND, RefundStatus::Withdrawn)),
        ("refund granted", refund(REFUND, RefundStatus::Granted)),
        ("signed", Command::SeeSigned { tid, sub_orders: vec![], at: now }),
        ("channel consign", Command::SeeChannelConsign { tid, sub_orders: vec![], consign, who: app("pos") }),
    ]
}

fn adjust(target: LocationId) -> Command {
    let goods = Goods::Listing { item: ITEM, sku: SkuId(0), outer_code: String::new() };
    Command::AdjustHold(AdjustHold {
        bill_num: BillNum("j".into()),
        tid: Tid(1),
        oid: Oid(10),
        target,
        goods,
        class: StockClass::Certain,
        quantity: 1,
        original: None,
        adjust_type: None,
        who: app("isv"),
    })
}

/// The states of the order's assignments in the order they were made, and of its units that nobody has.
pub(super) fn states(shop: &Shop) -> String {
    let Some(file) = shop.world.files.get(&Tid(1)) else { return "unknown".to_owned() };
    let mut states: Vec<&str> = file.assignments.iter().map(|given| given.state.name()).collect();
    states.extend(file.trade.sub_orders[0].unassigned.as_ref().map(|unassigned| unassigned.state.name()));
    states.join(" + ")
}

fn outcome(at_stage: &Shop, name: &str, command: &Command) -> String {
    let mut shop = at_stage.clone();
    if name == "clock" {
        shop.later(Millis::hours(25));
    }
    let before = states(&shop);
    match shop.ask(command) {
        Err(refusal) => format!("refused: {}", kind(&refusal)),
        Ok(_) if states(&shop) != before => states(&shop),
        // The work itself is a row that goes.
        Ok(_) if shop.rows == usize::from(matches!(command, Command::DoWork { .. })) => "unchanged".to_owned(),
        Ok(_) => "noted".to_owned(),
    }
}

fn kind(refusal: &Refusal) -> String {
    let text = format!("{refusal:?}");
    text.split([' ', '(']).next().unwrap_or_default().to_owned()
}

fn page(machine: &str, pickup: bool, stages: &[&str], at: fn(&str) -> Shop) -> String {
    let mut page = String::new();
    for stage in stages {
        let mut shop = at(stage);
        let reached = states(&shop);
        let word = stage.split(' ').next().unwrap_or_default();
        assert!(reached.split(" + ").any(|state| state == word), "{machine} {stage} was not reached: {reached}");
        shop.later(Millis::seconds(10));
        let _ = writeln!(page, "\n{machine}, {stage}: {reached}");
        let mut by_outcome: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (name, command) in commands(&shop, pickup) {
            by_outcome.entry(outcome(&shop, name, &command)).or_default().push(name);
        }
        for (outcome, names) in by_outcome {
            let _ = writeln!(page, "  {outcome} <- {}", names.join(", "));
        }
    }
    page
}

#[test]
fn every_command_does_in_every_state_what_the_table_says() {
    let mut actual = page("unassigned", false, &WAITING, waiting);
    actual += &page("delivery", false, &DELIVERY, delivery);
    actual += &page("pickup", true, &PICKUP, pickup);
    let differs = actual.lines().zip(EXPECTED.lines()).find(|(actual, expected)| actual != expected);
    assert!(differs.is_none() && actual == EXPECTED, "{differs:?} in\n{actual}");
}
