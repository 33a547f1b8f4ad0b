//! A merchant changes his role mode while orders are on their way: each keeps the mode that it entered level 3 in.

use super::every_command::{commands, states};
use super::stages::*;
use crate::command::Command;
use crate::decide::tests::kit::*;
use crate::ids::Tid;
use crate::seller::RoleMode;
use crate::time::Millis;

fn change(shop: &mut Shop, to: &RoleMode) {
    shop.world.seller.settings.allocator = to.allocator.clone();
    shop.world.seller.settings.acceptor = to.acceptor.clone();
}

/// Orders of a mode in every state that this mode has.
fn orders(mode: &RoleMode) -> Vec<(&'static str, Shop)> {
    let waiting = ["held", "cancelled", "closed"].into_iter().map(|stage| {
        let mut shop = merchant_in(mode);
        if stage == "held" {
            shop.world.seller.settings.hold_after_paid_ms = Millis::hours(1);
            let paid = seen(trade(&shop, false, false));
            shop.tell(&paid);
        } else {
            lead_waiting(&mut shop, stage);
        }
        (stage, shop)
    });
    let given = DELIVERY.into_iter().filter(|stage| !stage.contains("warehouse")).map(|stage| {
        let mut shop = offered_in(mode);
        lead_delivery(&mut shop, stage);
        (stage, shop)
    });
    waiting.chain(given).collect()
}

#[test]
fn a_change_of_mode_changes_nothing_for_orders_on_their_way() {
    let mut compared = 0;
    for from in &modes() {
        for (stage, shop) in orders(from) {
            let mut kept = shop;
            kept.later(Millis::seconds(10));
            for to in modes().iter().filter(|to| *to != from) {
                for (name, command) in commands(&kept, false) {
                    let (mut kept, mut changed) = (kept.clone(), kept.clone());
                    change(&mut changed, to);
                    let asked = (kept.ask(&command), changed.ask(&command));
                    let context = format!("{} to {}, {stage}: {name}", from.section(), to.section());
                    assert_eq!(asked.0, asked.1, "{context}");
                    assert_eq!(states(&kept), states(&changed), "{context}");
                    assert_eq!((kept.story(), kept.told()), (changed.story(), changed.told()), "{context}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 12 * 20 * 30, "{compared}");
}

#[test]
fn an_order_that_enters_after_the_change_has_the_new_mode() {
    for from in &modes() {
        for to in modes().iter().filter(|to| *to != from) {
            let mut shop = merchant_in(from);
            lead_waiting(&mut shop, "created");
            change(&mut shop, to);
            shop.later(Millis::seconds(1));
            let paid = seen(trade(&shop, false, false));
            shop.tell(&paid);
            assert_eq!(shop.file(1).trade.mode.as_ref(), Some(to), "known before, paid after");
            let next = seen(crate::decide::tests::kit::paid(2, &[(ITEM, 1)], shop.now));
            shop.tell(&next);
            assert_eq!(shop.file(2).trade.mode.as_ref(), Some(to));
            assert_eq!(shop.ask(&Command::LookAtClock { tid: Tid(2) }).map(|_| ()), Ok(()));
        }
    }
}
