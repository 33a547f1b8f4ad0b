//! The part of `docs/states.md` that says who may report what: status × method × role mode. A method's own callers are from
//! the protocol's catalogue, whose permissions the golden exchanges hold the server to; what they may say of an assignment
//! is the core's to know. A cell is what both allow.

use astrolabe_core::decide::{Deed, Party, who_may};
use astrolabe_core::ids::AppKey;
use astrolabe_core::seller::{Acceptor, Allocator, RoleMode};
use astrolabe_protocol::catalogue::{CHAPTERS, Role};

use super::table::{head, row};

const SYNC: &str = "taobao.qimen.orderstatus.sync";
const UPDATE: &str = "taobao.qimen.orderstatus.update";
const KEEPER: &str = "keeper page";
const ALLOCATION: &str = "X_ALLOCATION_NOTIFIED";

/// What is reported, as which deed, by which methods.
const REPORTED: [(&str, Deed, &[&str]); 9] = [
    (
        "X_SHOP_ALLOCATION",
        Deed::Accept,
        &["taobao.omniorder.store.accpeted", "tmall.storedeliver.allocation.accept", SYNC, UPDATE, KEEPER],
    ),
    (
        "X_SHOP_DENY",
        Deed::Refuse,
        &["taobao.omniorder.store.refused", "tmall.storedeliver.allocation.accept", SYNC, UPDATE, KEEPER],
    ),
    (
        "X_SHOP_HANDLED",
        Deed::Ship,
        &["taobao.omniorder.store.consigned", "taobao.omniorder.dtd.consign", SYNC, UPDATE, KEEPER],
    ),
    ("X_SHOP_CANCEL_CONFIRM, X_SHOP_CANCEL_DENIED", Deed::AnswerCancel, &[SYNC, UPDATE, KEEPER]),
    ("X_MATCHED", Deed::ReceiveReturn, &[SYNC, UPDATE]),
    ("X_TO_SYSTEM and the other milestones", Deed::Milestone, &[SYNC, UPDATE]),
    ("X_COMMODITY_CONFIRM", Deed::Confirm, &[SYNC, UPDATE, KEEPER]),
    ("X_COMMODITY_TRANSER, X_TRANSFER_SUCCESS", Deed::Transfer, &[SYNC, UPDATE, KEEPER]),
    (
        "the handover code is used",
        Deed::HandOver,
        &["taobao.omniorder.storecollect.consume", "taobao.omniorder.dtd.consume", KEEPER],
    ),
];

/// What is asked for of a trade rather than said of an assignment: the catalogue alone knows who.
const ASKED: [(&str, &[&str]); 3] = [
    (ALLOCATION, &["taobao.omniorder.allocatedinfo.sync", SYNC]),
    ("another location", &["taobao.omniorder.store.reallocate"]),
    ("the hold moves", &["taobao.qimen.storeinventory.adjust", "taobao.qimen.storeinventory.itemadjust"]),
];

const INTRO: &str = "
## Who may report what

By role mode: the white paper's sections of the four. An app is meant only where it is the one that the trade's mode names; the
mode is the one in which the trade entered level 3. An operator may do everything that the console offers, in every mode.
";

/// The section.
pub(super) fn section(page: &mut String) {
    page.push_str(INTRO);
    for (title, warehouse) in [("Of a store's assignments", false), ("Of a warehouse's assignments", true)] {
        page.push_str(&format!("\n### {title}\n\n"));
        head(page, &["status", "method", "3.1", "3.2", "3.3", "3.4"]);
        for (status, deed, methods) in REPORTED.iter().filter(|(_, deed, _)| !warehouse || !is_of_stores(*deed)) {
            for method in methods.iter().filter(|method| !warehouse || is_of_warehouses(method)) {
                let cells = modes().map(|mode| said_by(&mode, *deed, warehouse, method));
                row(page, &[&[*status, &shown(method)], &cells.each_ref().map(String::as_str)[..]].concat());
            }
        }
    }
    page.push_str("\n### Of the trade\n\n");
    head(page, &["status", "method", "3.1", "3.2", "3.3", "3.4"]);
    for (status, methods) in ASKED {
        for method in methods {
            // An allocation is reported where an app allocates.
            let nobody = |mode: &RoleMode| status == ALLOCATION && mode.allocator == Allocator::Platform;
            let cells =
                modes().map(|mode| if nobody(&mode) { listed(&[]) } else { listed(&callers(method, mode.section())) });
            row(page, &[&[status, &shown(method)], &cells.each_ref().map(String::as_str)[..]].concat());
        }
    }
}

/// Nobody collects at a warehouse, and no warehouse brings the goods itself.
fn is_of_stores(deed: Deed) -> bool {
    match deed {
        Deed::Confirm | Deed::Transfer | Deed::HandOver => true,
        Deed::Accept | Deed::Refuse | Deed::Ship | Deed::AnswerCancel | Deed::ReceiveReturn | Deed::Milestone => false,
    }
}

fn is_of_warehouses(method: &str) -> bool {
    method != KEEPER && !method.contains(".dtd.")
}

fn said_by(mode: &RoleMode, deed: Deed, warehouse: bool, method: &str) -> String {
    let parties = who_may(mode, deed, warehouse);
    if method == KEEPER {
        return if parties.contains(&Party::Keeper) { "the keeper of that store" } else { "–" }.to_owned();
    }
    let mut roles = callers(method, mode.section());
    roles.retain(|role| match role {
        Role::Pos => parties.contains(&Party::Pos),
        Role::Wms => parties.contains(&Party::Wms),
        Role::Allocator => parties.contains(&Party::Allocator),
        // A connector with no part in the trade may call some methods, and is refused what it says of one.
        Role::Merchant => false,
    });
    listed(&roles)
}

/// The roles that the catalogue lets call a method in a mode.
fn callers(method: &str, section: &str) -> Vec<Role> {
    let Some(method) = CHAPTERS.iter().flat_map(|chapter| chapter.methods).find(|known| known.name == method) else {
        return Vec::new();
    };
    let by_mode = method.by_mode.map(|by_mode| by_mode.sections());
    let named = by_mode.and_then(|sections| sections.into_iter().find(|(known, _)| *known == section));
    named.map_or(method.callers, |(_, roles)| roles).to_vec()
}

fn listed(roles: &[Role]) -> String {
    let names: Vec<&str> = roles
        .iter()
        .map(|role| match role {
            Role::Merchant => "the merchant's connector",
            Role::Allocator => "the allocating app",
            Role::Pos => "the POS app",
            Role::Wms => "the WMS app",
        })
        .collect();
    if names.is_empty() { "–".to_owned() } else { names.join(", ") }
}

fn shown(method: &str) -> String {
    if method == KEEPER { method.to_owned() } else { format!("`{method}`") }
}

fn modes() -> [RoleMode; 4] {
    let app = || AppKey("app".to_owned());
    let mode = |allocator, acceptor| RoleMode { allocator, acceptor };
    [
        mode(Allocator::Platform, Acceptor::Keeper),
        mode(Allocator::App(app()), Acceptor::Keeper),
        mode(Allocator::Platform, Acceptor::App(app())),
        mode(Allocator::App(app()), Acceptor::App(app())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_named_here_is_in_the_catalogue() {
        let known =
            |name: &&&str| CHAPTERS.iter().flat_map(|chapter| chapter.methods).any(|known| known.name == **name);
        let of_assignments = REPORTED.iter().flat_map(|(_, _, methods)| methods.iter());
        let named = of_assignments.chain(ASKED.iter().flat_map(|(_, methods)| methods.iter()));
        let strange: Vec<&&str> = named.filter(|name| **name != KEEPER && !known(name)).collect();
        assert!(strange.is_empty(), "{strange:?}");
    }
}
