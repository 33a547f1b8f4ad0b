//! For whom a caller acts, and whether it may call at all.
//!
//! The seller comes from the session (TOP) or from `customerId` or the session (Qimen), and only with a grant of that
//! seller for the app; a seller named in the body decides nothing and must be the same one. Whether the caller may do
//! this to that order is the core's question: it knows the trade's role mode.

use std::collections::BTreeSet;

use astrolabe_core::ids::{AppKey, SellerId};
use astrolabe_protocol::catalogue::{self, Thing};
use astrolabe_protocol::{Call, Door, PlatformCode, Value, WireError};
use astrolabe_store::Role;

use crate::app::DirectoryIndex;
use crate::gateway::refusals::invalid_permission;

/// A caller that may call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Admitted {
    pub(super) seller: SellerId,
    pub(super) roles: BTreeSet<Role>,
}

/// Finds the seller and checks grant and role.
pub(super) fn admit(directory: &DirectoryIndex, app: &AppKey, call: &Call) -> Result<Admitted, WireError> {
    let seller = seller_of(directory, app, call)?;
    let roles = directory.roles(app, seller);
    if roles.is_empty() || directory.seller(seller).is_none() {
        return Err(invalid_permission("the seller has granted this app nothing"));
    }
    if !call.method.callers.iter().any(|wanted| roles.contains(&role(*wanted))) {
        return Err(no_role());
    }
    let nick = directory.seller(seller).map(|known| known.nick.as_str()).unwrap_or_default();
    body_names_nobody_else(call, seller, nick)?;
    Ok(Admitted { seller, roles })
}

/// Checks an app that acts for itself: no session is needed, one that is sent must be the app's own.
pub(super) fn admit_app(directory: &DirectoryIndex, app: &AppKey, call: &Call) -> Result<(), WireError> {
    if call.session.as_ref().is_some_and(|token| directory.session(token, app).is_none()) {
        return Err(WireError::platform(PlatformCode::InvalidSession));
    }
    let may = |seller| {
        let roles = directory.roles(app, seller);
        call.method.callers.iter().any(|wanted| roles.contains(&role(*wanted)))
    };
    if directory.sellers_of(app).any(may) { Ok(()) } else { Err(no_role()) }
}

fn no_role() -> WireError {
    WireError::platform_sub(
        PlatformCode::InsufficientIsvPermissions,
        "isv.permission-api-package-limit",
        "the seller granted this app none of the roles that may call the method",
    )
}

fn seller_of(directory: &DirectoryIndex, app: &AppKey, call: &Call) -> Result<SellerId, WireError> {
    let by_session = match &call.session {
        Some(token) => match directory.session(token, app) {
            Some(session) => Some(session.seller),
            None => return Err(WireError::platform(PlatformCode::InvalidSession)),
        },
        None => None,
    };
    let by_customer = match (call.door, &call.customer_id) {
        (Door::Qimen | Door::QimenCloud, Some(text)) => {
            Some(text.parse().map(SellerId).map_err(|_error| invalid_permission("customerId is no seller's id"))?)
        }
        (Door::Qimen | Door::QimenCloud, None) | (Door::Top, _) => None,
    };
    match (by_session, by_customer) {
        (Some(session), Some(customer)) if session != customer => {
            Err(invalid_permission("customerId is not the session's seller"))
        }
        (Some(seller), _) | (None, Some(seller)) => Ok(seller),
        (None, None) => match call.door {
            Door::Top => Err(WireError::platform(PlatformCode::MissingSession)),
            Door::Qimen | Door::QimenCloud => Err(WireError::missing("customerId")),
        },
    }
}

/// `userId`, `seller_id`, `sellerCode`, `user_nick` (§6.2 to §6.6) repeat who the seller is: by id, or, as a text, by nick.
fn body_names_nobody_else(call: &Call, seller: SellerId, nick: &str) -> Result<(), WireError> {
    let same = |name: &str| match call.fields.get(name) {
        Some(Value::Int(id)) => *id == seller.0,
        Some(Value::Text(text)) => text.trim() == seller.0.to_string() || text.trim() == nick,
        Some(Value::Bool(_) | Value::List(_) | Value::Struct(_)) => false,
        None => true,
    };
    let repeats = call.method.fields.iter().filter(|field| field.names == Some(Thing::Seller));
    match repeats.map(|field| field.name).find(|name| !same(name)) {
        Some(name) => Err(invalid_permission(&format!("{name} names another seller"))),
        None => Ok(()),
    }
}

fn role(wanted: catalogue::Role) -> Role {
    match wanted {
        catalogue::Role::Merchant => Role::Erp,
        catalogue::Role::Allocator => Role::Allocator,
        catalogue::Role::Pos => Role::Pos,
        catalogue::Role::Wms => Role::Wms,
    }
}
