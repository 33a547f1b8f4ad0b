//! Judging commands. [`decide`] either changes the working set and answers, or refuses and leaves it to the caller to
//! take back what it had begun. Who calls it has loaded [`first_names`] and then [`second_names`].

mod adjust;
mod ahead;
mod allocation;
mod answers;
mod cancel;
mod capacity;
mod carry;
mod case;
mod clock;
mod consign;
mod early;
mod exceptions;
mod give_up;
mod handover;
mod holdback;
mod hops;
mod intake;
mod master;
mod names;
mod partial;
mod pickup;
mod planning;
mod push;
mod reallocate;
mod report;
mod returns;
mod revise;
mod route;
mod tell;
mod unreported;
mod verdicts;
mod who;
mod work;

pub use ahead::AHEAD_TTL_MAX;
pub use handover::usable;
pub use holdback::holder_name;
pub use names::{first_names, second_names};
pub use who::{Deed, Party, who_may};

use crate::command::{Command, Outcome};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Judges one command at `now`. What it means for other orders is left as work rows.
///
/// # Errors
/// The one reason why the command is refused. The working set may then hold half of it: the caller reverts.
pub fn decide(world: &mut World, command: &Command, now: Timestamp) -> Result<Outcome, Refusal> {
    let outcome = judge(world, command, now)?;
    work::leave_work(world, now);
    Ok(outcome)
}

fn judge(world: &mut World, command: &Command, now: Timestamp) -> Result<Outcome, Refusal> {
    match command {
        Command::ReportStock(bills) => Ok(report::report_stock(world, bills, now)),
        Command::AdjustHold(asked) => adjust::adjust_hold(world, asked, now),
        Command::ReserveAhead(reserve) => ahead::reserve_ahead(world, reserve, now),
        Command::ReleaseAhead { key } => ahead::release_ahead(world, key, now),
        Command::ExpireAhead { key } => Ok(ahead::expire_ahead(world, key, now)),
        Command::SeeTrade(seen) => intake::see_trade(world, seen, now),
        Command::SeeRefund(seen) => cancel::see_refund(world, seen, now),
        Command::SeeChannelConsign { tid, sub_orders, consign, who } => {
            consign::see_channel_consign(world, *tid, sub_orders, consign, who, now)
        }
        Command::SyncAllocation(sync) => allocation::sync(world, sync, now),
        Command::Accept(answer) => answers::accept(world, answer, now),
        Command::Refuse { answer, reasons } => answers::refuse(world, answer, reasons, now),
        Command::Ship { answer, shipments } => answers::ship(world, answer, shipments, now),
        Command::AnswerCancel { answer, confirmed, refund } => {
            cancel::answer_cancel(world, answer, *confirmed, *refund, now)
        }
        Command::ReceiveReturn(answer) => returns::receive_return(world, answer, now),
        Command::ConfirmPickup { answer, fresh } => pickup::confirm(world, answer, fresh, now),
        Command::StartTransfer(answer) => pickup::start_transfer(world, answer, now),
        Command::ReceiveTransfer { answer, fresh } => pickup::receive_transfer(world, answer, fresh, now),
        Command::SetOut(asked) => handover::set_out(world, asked, now),
        Command::UseCode(asked) => handover::use_code(world, asked, now),
        Command::ResendCodes { tid, who } => handover::resend(world, *tid, who, now),
        Command::SeeSigned { tid, sub_orders, at } => returns::see_signed(world, *tid, sub_orders, *at, now),
        Command::RecordMilestone { answer, fact } => returns::record_milestone(world, answer, *fact, now),
        Command::Reallocate(asked) => reallocate::reallocate(world, asked, now),
        Command::SetHold { tid, who, why, until } => holdback::set_hold(world, *tid, who, why, *until, now),
        Command::LiftHold { tid, who, holder } => holdback::lift_hold(world, *tid, who, holder.as_deref(), now),
        Command::LookAtClock { tid } => clock::look(world, *tid, now),
        Command::SettleOutward { id, tid, state } => clock::settle_outward(world, *id, *tid, state, now),
        Command::ResendCall { tid, call, attempts, who } => clock::resend_call(world, *tid, *call, *attempts, who, now),
        Command::TakeException { id, who } => exceptions::take(world, *id, who, now),
        Command::NoteException { id, who, text } => exceptions::note(world, *id, who, text, now),
        Command::CloseException { id, who, why } => exceptions::close_by_hand(world, *id, who, why, now),
        Command::SeeSourceRow { source, row, fault } => {
            Ok(exceptions::see_source_row(world, source, row, fault.as_deref(), now))
        }
        Command::AskCancel { tid, sub_orders, who, why } => give_up::ask_cancel(world, *tid, sub_orders, who, why, now),
        Command::JudgeUnreported { cell, as_of } => Ok(unreported::judge(world, *cell, *as_of, now)),
        Command::SeeSettings => Ok(master::see_settings(world, now)),
        Command::SettleFirst(first) => push::settle_first(world, first, now),
        Command::RegisterPush(asked) => Ok(push::register(world, asked, now)),
        Command::UnregisterPush { app } => Ok(push::unregister(world, app, now)),
        Command::DoWork { id, work } => work::do_work(world, *id, work, now),
        Command::CreateStore(asked) => master::create_store(world, asked),
        Command::UpdateStore(asked) => master::update_store(world, asked, now),
        Command::DeclareWarehouse(asked) => master::declare_warehouse(world, asked, now),
        Command::SetService { location, change } => master::set_service(world, *location, change, now),
        Command::DeleteStores(locations) => master::delete_stores(world, locations),
        Command::BindItem { item, locations, bind } => master::bind_item(world, *item, locations, *bind, now),
        Command::TagItem { item, tags, add, allocator, acceptor } => {
            Ok(master::tag_item(world, *item, tags, *add, (allocator.as_ref(), acceptor.as_ref())))
        }
        Command::AddScItem { outer_code, name, combo } => master::add_sc_item(world, outer_code, name, combo),
        Command::MapItem { item, sku, sc_item, outer_code } => {
            master::map_item(world, *item, *sku, *sc_item, outer_code.as_deref())
        }
        Command::UnmapArticle { sc_item } => master::unmap_article(world, *sc_item),
    }
}

#[cfg(test)]
mod tests;
