//! One small function a method: decoded fields in, a command or a look, the answer's fields out.
//!
//! The table below and the protocol's catalogue together are the list of what is served: every method that callers may
//! call stands in exactly one of [`HANDLERS`] and [`NOT_SERVED`].

mod adjust;
mod allocation;
mod answers;
mod articles;
mod bindings;
mod handover;
mod inventory_queries;
mod inventory_reports;
mod order_status;
mod reallocate;
mod reserve;
mod stores;
mod tags;
mod trade_side;

use std::collections::HashMap;
use std::sync::LazyLock;

use astrolabe_protocol::{Answer, WireError};
use futures::future::BoxFuture;

use crate::gateway::context::CallContext;

/// Serves one method.
pub(super) type Handler = for<'a> fn(&'a CallContext) -> BoxFuture<'a, Result<Answer, WireError>>;

/// The handler of a catalogue method, by its canonical name.
pub(super) fn find(method: &str) -> Option<Handler> {
    BY_NAME.get(method).copied()
}

/// Whether a catalogue method has something behind it in this version, for the generated page of methods.
pub fn is_served(method: &str) -> bool {
    find(method).is_some()
}

macro_rules! handlers {
    ($($method:literal => $handler:path;)*) => {
        const HANDLERS: &[(&str, Handler)] = &[$(($method, |context| Box::pin($handler(context)))),*];
    };
}

handlers! {
    // §6.1
    "taobao.qimen.store.create" => stores::create;
    "taobao.qimen.storecategory.get" => stores::categories;
    "taobao.qimen.store.update" => stores::update;
    "taobao.qimen.store.delete" => stores::delete;
    "taobao.qimen.store.query" => stores::query;
    "taobao.qimen.itemstore.banding" => bindings::bind;
    "taobao.qimen.itemstore.query" => bindings::stores_of_item;
    "taobao.qimen.storeitem.query" => bindings::items_of_store;
    // §6.2, §6.3
    "taobao.qimen.storeinventory.initial" => inventory_reports::initial;
    "taobao.qimen.storeinventory.update" => inventory_reports::update;
    "taobao.qimen.storeinventory.query" => inventory_queries::query;
    "taobao.qimen.storeinventory.adjust" => adjust::adjust;
    "taobao.qimen.storeinventory.iteminitial" => inventory_reports::item_initial;
    "taobao.qimen.storeinventory.itemupdate" => inventory_reports::item_update;
    "taobao.qimen.storeinventory.itemquery" => inventory_queries::item_query;
    "taobao.qimen.storeinventory.itemadjust" => adjust::item_adjust;
    // §6.4, §6.5
    "taobao.qimen.orderstatus.sync" => order_status::sync;
    "taobao.qimen.orderstatus.update" => order_status::update;
    // §6.6
    "taobao.omniorder.allocatedinfo.sync" => allocation::sync;
    "taobao.omniorder.store.accpeted" => answers::accepted;
    "taobao.omniorder.store.refused" => answers::refused;
    "taobao.omniorder.store.consigned" => answers::consigned;
    // Published beside chapter 6.
    "taobao.omniorder.store.reallocate" => reallocate::reallocate;
    "taobao.omniorder.storecollect.query" => handover::collect_query;
    "taobao.omniorder.storecollect.consume" => handover::collect_consume;
    "taobao.omniorder.dtd.consign" => handover::door_consign;
    "taobao.omniorder.dtd.consume" => handover::door_consume;
    "taobao.omniorder.dtd.query" => handover::door_query;
    "taobao.omniorder.dtd.resend" => handover::door_resend;
    "taobao.omniorder.item.tag.operate" => tags::operate;
    "taobao.qimen.items.marking" => tags::mark;
    "taobao.scitem.add" => articles::add;
    "taobao.scitem.map.add" => articles::map;
    "taobao.scitem.map.delete" => articles::unmap;
    "taobao.scitem.map.query" => articles::mappings;
    // The trade side.
    "taobao.trade.fullinfo.get" => trade_side::fullinfo;
    "taobao.logistics.offline.send" => trade_side::send;
    "taobao.logistics.online.send" => trade_side::send;
    "taobao.logistics.dummy.send" => trade_side::send;
    "taobao.logistics.companies.get" => trade_side::companies;
    "tmall.storedeliver.allocation.accept" => answers::accept_by_code;
    // Ours.
    "astrolabe.stock.reserve" => reserve::reserve;
    "astrolabe.stock.release" => reserve::release;
}

/// In the catalogue, and answered with `isv.not-supported` until what they speak of exists here: a store's delivery
/// settings, lists of trades and of tags, pushes to an ISV's own database.
#[cfg(test)]
const NOT_SERVED: &[&str] = &[
    "taobao.omniorder.store.deliverconfig.get",
    "taobao.omniorder.store.deliverconfig.update",
    "taobao.omniorder.store.collectconfig.get",
    "taobao.omniorder.store.collectconfig.update",
    "taobao.omniorder.store.switchstatus.get",
    "taobao.omniorder.store.switchstatus.update",
    "taobao.qimen.items.tag.query",
    "taobao.qimen.tag.items.query",
    "taobao.trades.sold.get",
    "taobao.trades.sold.increment.get",
    "taobao.refund.get",
    "taobao.jushita.jdp.user.add",
    "taobao.jushita.jdp.user.delete",
    "taobao.jushita.jdp.users.get",
];

static BY_NAME: LazyLock<HashMap<&'static str, Handler>> = LazyLock::new(|| HANDLERS.iter().copied().collect());

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use astrolabe_protocol::catalogue;

    use super::*;

    #[test]
    fn every_inward_method_is_served_or_said_not_to_be() {
        let inward: BTreeSet<&str> =
            catalogue::all().filter(|method| method.direction.is_inward()).map(|method| method.name).collect();
        let served = HANDLERS.iter().map(|(name, _)| *name);
        let listed: Vec<&str> = served.chain(NOT_SERVED.iter().copied()).collect();
        assert_eq!(listed.len(), inward.len(), "no method twice, none missing");
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), inward);
    }
}
