//! 全渠道标 on items: `omniorder.item.tag.operate` and `qimen.items.marking` set them, `qimen.items.tag.query` and
//! `qimen.tag.items.query` tell them. An item without one is never omnichannel (white paper §2.2).

use astrolabe_core::command::Command;
use astrolabe_core::goods::OmniTag;
use astrolabe_core::ids::{AppKey, ItemId};
use astrolabe_core::seller::{Acceptor, Allocator};
use astrolabe_protocol::{Answer, Fields, Value, WireError};
use astrolabe_store::Role;

use crate::gateway::context::CallContext;
use crate::gateway::refusals::storage_failed;

/// Items of a page.
const PER_PAGE: i64 = 100;
/// Most items of an answer that is not asked for by pages.
const WHOLE_MAX: i64 = 10_000;
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

/// `taobao.qimen.items.marking`; each item is a command.
pub(super) async fn mark(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let items = fields.longs("item_ids")?;
    let tag = tag_of_type(fields.text("tag_type")?)?;
    let add = fields.text("action_type")? == "ADD";
    for (part, item) in items.into_iter().enumerate() {
        let command = Command::TagItem { item: ItemId(item), tags: vec![tag], add, allocator: None, acceptor: None };
        context.submit_part(command, part).await?;
    }
    Ok(Answer::ok())
}

/// `taobao.qimen.items.tag.query`: one row an item and tag. An item that nobody tagged has no row.
pub(super) async fn of_items(context: &CallContext) -> Result<Answer, WireError> {
    let items: Vec<ItemId> = context.fields().longs("item_ids")?.into_iter().map(ItemId).collect();
    let found =
        context.app.store.tags_of_items(context.seller, &items).await.map_err(|error| storage_failed(&error))?;
    let rows = found.iter().flat_map(|(item, tags)| {
        tags.iter().map(|tag| Fields::new().with("tag_type", tag_type(*tag)).with("item_id", item.0))
    });
    Ok(Answer::ok().with("item_tags", Value::List(rows.map(Value::Struct).collect())))
}

/// `taobao.qimen.tag.items.query`: all items with the tag, as published; a page of them where `page` is given.
pub(super) async fn items_with(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let asked = fields.text("tag_type")?;
    let tag = tag_of_type(asked)?;
    let paged = fields.opt_long("page")?;
    let (page, per_page) = paged.map_or((1, WHOLE_MAX), |page| (page, PER_PAGE));
    let found = context.app.store.items_with_tag(context.seller, tag, page, per_page).await;
    let (items, total) = found.map_err(|error| storage_failed(&error))?;
    if paged.is_none() && total > WHOLE_MAX {
        let why = format!("is needed: more than {WHOLE_MAX} items have the tag");
        return Err(WireError::invalid("page", why));
    }
    let items: Vec<i64> = items.into_iter().map(|item| item.0).collect();
    Ok(Answer::ok().with("tag_type", asked).with("item_ids", items).with_opt("total_lines", paged.map(|_| total)))
}

/// The wire's words for a tag: those of `items.marking` where it has one, else those of `item.tag.operate`.
fn tag_type(tag: OmniTag) -> &'static str {
    match tag {
        OmniTag::SyncStock => "TBKU",
        OmniTag::StoreCollect => "MDZT",
        OmniTag::StoreDeliver => "storeDeliver",
        OmniTag::AllocateByFront => "AllocateByFront",
    }
}

/// TBKU marks stock that is kept in step, MDZT pickup; `item.tag.operate` has its own words.
fn tag_of_type(text: &str) -> Result<OmniTag, WireError> {
    match text {
        "TBKU" => Ok(OmniTag::SyncStock),
        "MDZT" => Ok(OmniTag::StoreCollect),
        other => tag(other).map_err(|_unknown| WireError::invalid("tag_type", "is no item tag")),
    }
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
