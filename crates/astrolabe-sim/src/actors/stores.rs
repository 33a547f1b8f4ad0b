//! Stores, POS, WMS: what they say of what they have been offered, by what they know. In a keeper's mode the page is what
//! he last saw; an app knows what calls outward told it. A stranger says the same things with no right to.

use astrolabe_core::command::{Command, RefuseReason, StoreAnswer};
use astrolabe_core::ids::HandoverCode;
use astrolabe_core::order::timeline::{Actor, Fact, Via};
use astrolabe_core::seller::Acceptor;
use astrolabe_core::time::Timestamp;

use super::{choose, choose_new};
use crate::letters;
use crate::scenario;
use crate::step::{Step, StoreDeed};
use crate::town::{Offer, Shop};

const MILESTONES: [Fact; 4] = [Fact::ToSystem, Fact::Sorted, Fact::Packaged, Fact::OutWarehouse];

pub(super) fn act(shop: &mut Shop, deed: StoreDeed, step: &Step, now: Timestamp) -> Option<Command> {
    if deed == StoreDeed::LookAround {
        shop.look_around();
        return None;
    }
    let (who, offer) = speaker(shop, step)?;
    // Codes are known to whoever reads the trade; many connectors name the place instead.
    let code = offer.code.filter(|_| !step.second.is_multiple_of(3));
    let answer = letters::answer(offer.tid, offer.oid, offer.location, code, who, now);
    let fresh = HandoverCode::of(format!("{:08}", shop.name()));
    Some(match deed {
        StoreDeed::Accept if offer.pickup => Command::ConfirmPickup { answer, fresh },
        StoreDeed::Accept => Command::Accept(answer),
        StoreDeed::Refuse => letters::refusing(answer, reason(step.third)),
        StoreDeed::Ship => letters::shipping(answer, step.third % 3),
        StoreDeed::AnswerCancel => {
            Command::AnswerCancel { answer, confirmed: !step.third.is_multiple_of(3), refund: None }
        }
        StoreDeed::ReceiveReturn => Command::ReceiveReturn(answer),
        StoreDeed::Milestone => Command::RecordMilestone { answer, fact: *choose(&MILESTONES, step.third)? },
        StoreDeed::Confirm => Command::ConfirmPickup { answer, fresh },
        StoreDeed::Transfer => Command::StartTransfer(answer),
        StoreDeed::Arrive => Command::ReceiveTransfer { answer, fresh },
        StoreDeed::SetOut => letters::set_out(&answer, offer.location, fresh),
        StoreDeed::ResendCodes => Command::ResendCodes { tid: answer.tid, who: answer.who },
        StoreDeed::Stranger => stranger(answer, step),
        StoreDeed::LookAround => return None,
    })
}

fn reason(choice: u32) -> RefuseReason {
    [RefuseReason::NoGoods, RefuseReason::Damaged, RefuseReason::ShopClosed, RefuseReason::Other][choice as usize % 4]
}

fn stranger(answer: StoreAnswer, step: &Step) -> Command {
    let who = match step.third % 2 {
        0 => Actor::App {
            key: astrolabe_core::ids::AppKey("stranger".to_owned()),
            operator: String::new(),
            via: Via::Other,
        },
        _ => letters::keeper(astrolabe_core::ids::LocationId(77)),
    };
    let answer = StoreAnswer { who, ..answer };
    match step.second % 3 {
        0 => Command::Accept(answer),
        1 => letters::refusing(answer, RefuseReason::Other),
        _ => letters::shipping(answer, 0),
    }
}

/// Somebody with a word in it, and an offer he knows of.
fn speaker(shop: &Shop, step: &Step) -> Option<(Actor, Offer)> {
    let apps = [scenario::pos(), scenario::wms(), scenario::allocator()];
    if step.first.is_multiple_of(8) {
        // An operator sees what is, and may do anything.
        let live: Vec<Offer> = live_offers(shop);
        return choose_new(&live, step.first / 8).map(|offer| (letters::operator(), *offer));
    }
    let keeper = shop.merchant.seller.settings.acceptor == Acceptor::Keeper;
    if keeper && step.first % 8 < 6 {
        return choose_new(&shop.minds.page, step.first / 8).map(|offer| (letters::keeper(offer.location), *offer));
    }
    let app = choose(&apps, if step.first % 8 < 5 { 0 } else { step.first })?;
    let known = shop.minds.offers.get(app).or_else(|| shop.minds.offers.values().next())?;
    let app = shop.minds.offers.get_key_value(app).map_or(app, |(app, _)| app);
    choose_new(known, step.first / 8).map(|offer| (letters::app(app), *offer))
}

fn live_offers(shop: &Shop) -> Vec<Offer> {
    let made = shop.keep.assignments.values().flatten();
    made.map(|made| Offer {
        tid: made.tid,
        oid: made.oid,
        location: made.location,
        code: Some(made.code),
        pickup: made.pickup,
    })
    .collect()
}
