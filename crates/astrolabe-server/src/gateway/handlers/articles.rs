//! Articles and what listings map to (white paper §4.2, scheme 1): the published `taobao.scitem.*`.

use astrolabe_core::command::{Command, Outcome};
use astrolabe_core::ids::{ItemId, ScItemId, SkuId};
use astrolabe_protocol::{Answer, Fields, Value, WireError};

use crate::gateway::context::CallContext;
use crate::gateway::refusals::{bug, not_supported, storage_failed};

/// `taobao.scitem.add`. The published call has no field for a combo's components, so it makes plain articles.
pub(super) async fn add(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    if fields.opt_long("item_type")? == Some(1) {
        return Err(not_supported("item_type 1: this call does not say what a combo is made of"));
    }
    let (name, outer_code) = (fields.text("item_name")?, fields.text("outer_code")?);
    let command = Command::AddScItem { outer_code: outer_code.to_owned(), name: name.to_owned(), combo: Vec::new() };
    match context.submit(command).await? {
        Outcome::ScItemAdded(id) => {
            let sc_item = Fields::new()
                .with("item_id", id.0)
                .with("item_name", name)
                .with("outer_code", outer_code)
                .with("item_type", 0);
            Ok(Answer::ok().with("sc_item", sc_item))
        }
        Outcome::Done
        | Outcome::Bills(_)
        | Outcome::StoreCreated(_)
        | Outcome::Reserved { .. }
        | Outcome::Mapped { .. }
        | Outcome::Unmapped { .. }
        | Outcome::Released { .. }
        | Outcome::Seen { .. } => Err(bug()),
    }
}

/// `taobao.scitem.map.add`: by article or by its code, one of them.
pub(super) async fn map(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let (sc_item, outer_code) = (fields.opt_long("sc_item_id")?, fields.opt_text("outer_code")?);
    if sc_item.is_none() && outer_code.is_none() {
        return Err(WireError::missing("sc_item_id"));
    }
    let command = Command::MapItem {
        item: ItemId(fields.long("item_id")?),
        sku: SkuId(fields.opt_long("sku_id")?.unwrap_or(0)),
        sc_item: sc_item.map(ScItemId),
        outer_code: outer_code.map(str::to_owned),
    };
    match context.submit(command).await? {
        Outcome::Mapped { outer_code } => Ok(Answer::ok().with("outer_code", outer_code)),
        Outcome::Done
        | Outcome::Bills(_)
        | Outcome::StoreCreated(_)
        | Outcome::Reserved { .. }
        | Outcome::ScItemAdded(_)
        | Outcome::Unmapped { .. }
        | Outcome::Released { .. }
        | Outcome::Seen { .. } => Err(bug()),
    }
}

/// `taobao.scitem.map.delete`: `module` says how many mappings there were.
pub(super) async fn unmap(context: &CallContext) -> Result<Answer, WireError> {
    let sc_item = ScItemId(context.fields().long("sc_item_id")?);
    match context.submit(Command::UnmapArticle { sc_item }).await? {
        Outcome::Unmapped { mappings } => Ok(Answer::ok().with("module", mappings)),
        Outcome::Done
        | Outcome::Bills(_)
        | Outcome::StoreCreated(_)
        | Outcome::Reserved { .. }
        | Outcome::ScItemAdded(_)
        | Outcome::Mapped { .. }
        | Outcome::Released { .. }
        | Outcome::Seen { .. } => Err(bug()),
    }
}

/// `taobao.scitem.map.query`: what one SKU, or the listing itself, maps to. Listing and article are one seller's.
pub(super) async fn mappings(context: &CallContext) -> Result<Answer, WireError> {
    let fields = context.fields();
    let item = ItemId(fields.long("item_id")?);
    let sku = SkuId(fields.opt_long("sku_id")?.unwrap_or(0));
    let found = context.app.store.mappings(context.seller, &[(item, sku)]).await;
    let found = found.map_err(|error| storage_failed(&error))?;
    let ids: Vec<ScItemId> = found.values().map(|mapping| mapping.sc_item).collect();
    let articles = context.app.store.articles(context.seller, &ids).await.map_err(|error| storage_failed(&error))?;
    let directory = context.app.directory.get();
    let nick = directory.seller(context.seller).map(|seller| seller.nick.as_str());
    let rows = found.into_iter().map(|((item, sku), mapping)| {
        let article = articles.iter().find(|article| article.id == mapping.sc_item);
        let outer_code = article.map(|article| article.outer_code.as_str()).filter(|code| !code.is_empty());
        let row = Fields::new()
            .with("item_id", item.0)
            .with_opt("sku_id", (sku.0 != 0).then_some(sku.0))
            .with("rel_item_id", mapping.sc_item.0)
            .with_opt("rel_outer_code", outer_code)
            .with("rel_user_id", context.seller.0)
            .with_opt("rel_user_nick", nick)
            .with("user_id", context.seller.0)
            .with_opt("user_nick", nick);
        Value::Struct(row)
    });
    Ok(Answer::ok().with("sc_item_maps", Value::List(rows.collect())))
}
