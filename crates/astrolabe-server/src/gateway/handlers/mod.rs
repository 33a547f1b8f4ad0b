//! One small function a method: decoded fields in, a command or a look, the answer's fields out.
//!
//! The table below and the protocol's catalogue together are the list of what is served: every method that callers may
//! call stands in exactly one of [`OF_SELLERS`] and [`OF_APPS`].

mod adjust;
mod allocation;
mod answers;
mod articles;
mod bindings;
mod handover;
mod inventory_queries;
mod inventory_reports;
mod order_status;
mod push_users;
mod reallocate;
mod reserve;
mod sold;
mod store_settings;
mod stores;
mod tags;
mod trade_side;

use std::collections::HashMap;
use std::sync::LazyLock;

use astrolabe_protocol::{Answer, WireError};
use futures::future::BoxFuture;

use crate::gateway::context::{AppContext, CallContext};

/// Serves one method.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// For the seller that the call acts for.
    OfSeller(for<'a> fn(&'a CallContext) -> BoxFuture<'a, Result<Answer, WireError>>),
    /// For the calling app itself.
    OfApp(for<'a> fn(&'a AppContext) -> BoxFuture<'a, Result<Answer, WireError>>),
}

/// The handler of a catalogue method, by its canonical name.
pub(super) fn find(method: &str) -> Option<Handler> {
    BY_NAME.get(method).copied()
}

/// Whether a catalogue method has something behind it in this version, for the generated page of methods.
pub fn is_served(method: &str) -> bool {
    find(method).is_some()
}

macro_rules! handlers {
    ($list:ident, $kind:path: $($method:literal => $handler:path;)*) => {
        const $list: &[(&str, Handler)] = &[$(($method, $kind(|context| Box::pin($handler(context))))),*];
    };
}

handlers! { OF_APPS, Handler::OfApp:
    "taobao.jushita.jdp.user.delete" => push_users::delete;
    "taobao.jushita.jdp.users.get" => push_users::users;
}

handlers! { OF_SELLERS, Handler::OfSeller:
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
    "taobao.omniorder.store.deliverconfig.get" => store_settings::delivery;
    "taobao.omniorder.store.deliverconfig.update" => store_settings::set_delivery;
    "taobao.omniorder.store.collectconfig.get" => store_settings::pickup;
    "taobao.omniorder.store.collectconfig.update" => store_settings::set_pickup;
    "taobao.omniorder.store.switchstatus.get" => store_settings::switches;
    "taobao.omniorder.store.switchstatus.update" => store_settings::set_switches;
    "taobao.omniorder.storecollect.query" => handover::collect_query;
    "taobao.omniorder.storecollect.consume" => handover::collect_consume;
    "taobao.omniorder.dtd.consign" => handover::door_consign;
    "taobao.omniorder.dtd.consume" => handover::door_consume;
    "taobao.omniorder.dtd.query" => handover::door_query;
    "taobao.omniorder.dtd.resend" => handover::door_resend;
    "taobao.omniorder.item.tag.operate" => tags::operate;
    "taobao.qimen.items.marking" => tags::mark;
    "taobao.qimen.items.tag.query" => tags::of_items;
    "taobao.qimen.tag.items.query" => tags::items_with;
    "taobao.scitem.add" => articles::add;
    "taobao.scitem.map.add" => articles::map;
    "taobao.scitem.map.delete" => articles::unmap;
    "taobao.scitem.map.query" => articles::mappings;
    // The trade side.
    "taobao.trade.fullinfo.get" => trade_side::fullinfo;
    "taobao.trades.sold.get" => sold::by_created;
    "taobao.trades.sold.increment.get" => sold::by_modified;
    "taobao.refund.get" => trade_side::refund;
    "taobao.logistics.offline.send" => trade_side::send;
    "taobao.logistics.online.send" => trade_side::send;
    "taobao.logistics.dummy.send" => trade_side::send;
    "taobao.logistics.companies.get" => trade_side::companies;
    "tmall.storedeliver.allocation.accept" => answers::accept_by_code;
    "taobao.jushita.jdp.user.add" => push_users::add;
    // Ours.
    "astrolabe.stock.reserve" => reserve::reserve;
    "astrolabe.stock.release" => reserve::release;
}

static BY_NAME: LazyLock<HashMap<&'static str, Handler>> =
    LazyLock::new(|| OF_SELLERS.iter().chain(OF_APPS).copied().collect());

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use astrolabe_protocol::catalogue;

    use super::*;

    #[test]
    fn every_inward_method_is_served_once() {
        let inward: BTreeSet<&str> =
            catalogue::all().filter(|method| method.direction.is_inward()).map(|method| method.name).collect();
        let served: Vec<&str> = OF_SELLERS.iter().chain(OF_APPS).map(|(name, _)| *name).collect();
        assert_eq!(served.len(), inward.len(), "no method twice, none missing");
        assert_eq!(served.into_iter().collect::<BTreeSet<_>>(), inward);
    }

    #[test]
    fn a_method_acts_for_whom_the_catalogue_says() {
        let of_apps: BTreeSet<&str> = OF_APPS.iter().map(|(name, _)| *name).collect();
        for method in catalogue::all().filter(|method| method.direction.is_inward() && is_served(method.name)) {
            assert_eq!(method.acts_for == catalogue::ActsFor::App, of_apps.contains(method.name), "{}", method.name);
        }
    }
}
