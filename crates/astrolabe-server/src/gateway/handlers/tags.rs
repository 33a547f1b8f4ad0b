//! 全渠道标 on items: `omniorder.item.tag.operate` and `qimen.items.marking`. An item without one is never omnichannel
//! (white paper §2.2).

use astrolabe_core::command::Command;
use astrolabe_core::goods::OmniTag;
use astrolabe_core::ids::{AppKey, ItemId};
use astrolabe_core::seller::{Acceptor, Allocator};
use astrolabe_protocol::{Answer, Fields, WireError};
use astrolabe_store::Role;

use crate::gateway::context::CallContext;

/// Items of one marking call; each is a command.
const ITEMS_MAX: usize = 200;
/// Published: this word in `allocated_system` means that the platform allocates.
const PLATFORM: &str = "astrolabe";

/// `taobao.omniorder.item.tag.operate`.
pub(super) async fn operate(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let add = match fields.long("status")? {
        1 => true,
        -1 => false,
        _ => return Err(WireError::invalid("status", "is neither 1 nor -1")),
    };
    let tags = fields.texts("types")?.into_iter().map(tag).collect::<Result<Vec<_>, _>>()?;
    let (allocator, acceptor) = match fields.opt_structure("omni_setting")? {
        Some(setting) => (allocator_of(context, setting)?, acceptor_of(context, setting)?),
        None => (None, None),
    };
    let item = ItemId(fields.long("item_id")?);
    context.submit(Command::TagItem { item, tags, add, allocator, acceptor }).await?;
    Ok(Answer::ok())
}

/// `taobao.qimen.items.marking`: TBKU marks stock that is kept in step, MDZT pickup.
pub(super) async fn mark(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let items = fields.longs("item_ids")?;
    if items.len() > ITEMS_MAX {
        return Err(WireError::invalid("item_ids", format!("has more than {ITEMS_MAX} items")));
    }
    let tag = match fields.text("tag_type")? {
        "TBKU" => OmniTag::SyncStock,
        _ => OmniTag::StoreCollect,
    };
    let add = fields.text("action_type")? == "ADD";
    for (part, item) in items.into_iter().enumerate() {
        let command = Command::TagItem { item: ItemId(item), tags: vec![tag], add, allocator: None, acceptor: None };
        context.submit_part(command, part).await?;
    }
    Ok(Answer::ok())
}

fn tag(text: &str) -> Result<OmniTag, WireError> {
    match text {
        "storeDeliver" => Ok(OmniTag::StoreDeliver),
        "storeCollect" => Ok(OmniTag::StoreCollect),
        "AllocateByFront" => Ok(OmniTag::AllocateByFront),
        _ => Err(WireError::invalid("types", "is no item tag")),
    }
}

/// `astrolabe`, or the key of an app that the seller lets allocate.
fn allocator_of(context: &CallContext, setting: &Fields) -> Result<Option<Allocator>, WireError> {
    let Some(text) = setting.opt_text("allocated_system")? else { return Ok(None) };
    if text == PLATFORM {
        return Ok(Some(Allocator::Platform));
    }
    let app = AppKey(text.to_owned());
    if context.app.directory.get().roles(&app, context.seller).contains(&Role::Allocator) {
        return Ok(Some(Allocator::App(app)));
    }
    Err(WireError::invalid("allocated_system", "names no app that may allocate for this seller"))
}

/// 0 is the keeper; 1 the POS app: the calling one where it is one, else the seller's.
fn acceptor_of(context: &CallContext, setting: &Fields) -> Result<Option<Acceptor>, WireError> {
    match setting.opt_long("accepted_system")? {
        None => Ok(None),
        Some(0) => Ok(Some(Acceptor::Keeper)),
        Some(_) if context.roles.contains(&Role::Pos) => Ok(Some(Acceptor::App(context.caller.clone()))),
        Some(_) => {
            let directory = context.app.directory.get();
            match directory.seller(context.seller).map(|seller| seller.settings.acceptor.clone()) {
                Some(acceptor @ Acceptor::App(_)) => Ok(Some(acceptor)),
                Some(Acceptor::Keeper) | None => {
                    Err(WireError::invalid("accepted_system", "the seller has no POS app"))
                }
            }
        }
    }
}
