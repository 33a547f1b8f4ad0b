//! The platform's own workers: calls outward, work rows, clocks. Each does one thing, in any order and as late as the
//! steps want.

use astrolabe_core::command::Command;
use astrolabe_core::ids::HoldKey;
use astrolabe_core::outward::OutwardState;
use astrolabe_core::time::{Millis, Timestamp};

use super::choose;
use crate::step::{PlatformDeed, Step};
use crate::town::Shop;

pub(super) fn act(shop: &mut Shop, deed: PlatformDeed, step: &Step, now: Timestamp) -> Option<Command> {
    match deed {
        PlatformDeed::Deliver => deliver(shop, step, now),
        PlatformDeed::DeliverTwice => {
            // It arrives, and its answer is lost: it goes again later.
            let id = *choose(&shop.calls_to_deliver(), step.first)?;
            shop.deliver(id);
            let (call, _) = shop.keep.outward.get(&id)?;
            let error = Some("timed out".to_owned());
            let state = OutwardState::Pending { attempts: 1, next_at: now + Millis::seconds(1), last_error: error };
            Some(Command::SettleOutward { id, tid: call.tid, state })
        }
        PlatformDeed::FailToDeliver => {
            let id = *choose(&shop.calls_to_deliver(), step.first)?;
            let (call, _) = shop.keep.outward.get(&id)?;
            let state = OutwardState::Dead { attempts: 9, at: now, error: "isv.refused".to_owned() };
            Some(Command::SettleOutward { id, tid: call.tid, state })
        }
        PlatformDeed::Work => {
            let work: Vec<_> = shop.keep.work.values().collect();
            let work = choose(&work, step.first)?;
            Some(Command::DoWork { id: work.id, work: work.work.clone() })
        }
        PlatformDeed::LookAtClock => {
            let due = shop.due_trades(now);
            // Now and then a timer fires too early.
            let all: Vec<_> = shop.keep.trades.keys().copied().collect();
            let tid = *if step.second.is_multiple_of(5) { choose(&all, step.first) } else { choose(&due, step.first) }?;
            Some(Command::LookAtClock { tid })
        }
        PlatformDeed::ExpireAhead => {
            let keys: Vec<HoldKey> = shop.keep.ahead.keys().cloned().collect();
            choose(&keys, step.first).map(|key| Command::ExpireAhead { key: key.clone() })
        }
    }
}

fn deliver(shop: &mut Shop, step: &Step, now: Timestamp) -> Option<Command> {
    let id = *choose(&shop.calls_to_deliver(), step.first)?;
    shop.deliver(id);
    let (call, _) = shop.keep.outward.get(&id)?;
    Some(Command::SettleOutward { id, tid: call.tid, state: OutwardState::Delivered { attempts: 1, at: now } })
}
