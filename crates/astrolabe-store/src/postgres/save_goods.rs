//! Places, listings and articles of one group.

use astrolabe_core::goods::{Item, Mapping, OmniTag, ScItem};
use astrolabe_core::ids::{ItemId, LocationId, ScItemId, SkuId};
use astrolabe_core::world::{Changes, SlotChange};

use crate::error::StoreError;
use crate::postgres::save::Writing;
use crate::postgres::save_stock::note_changes;
use crate::postgres::script::{Script, column, try_column, value};
use crate::rows::{item_doc, to_doc, to_word};

pub(super) fn write(script: &mut Script, writing: Writing, changes: &Changes) -> Result<(), StoreError> {
    locations(script, writing, changes)?;
    items(script, writing, &changes.items)?;
    sc_items(script, writing, &changes.sc_items)?;
    note_changes(script, writing, 1, changes.items.iter().map(|change| change.key.0).collect());
    Ok(())
}

fn locations(script: &mut Script, writing: Writing, changes: &Changes) -> Result<(), StoreError> {
    let places = &changes.locations;
    if places.is_empty() {
        return Ok(());
    }
    script.add(
        "INSERT INTO location (seller_id, location_id, deleted, doc) \
         SELECT $1, * FROM unnest($2::bigint[], $3::boolean[], $4::text[]) \
         ON CONFLICT (seller_id, location_id) DO UPDATE SET deleted = excluded.deleted, doc = excluded.doc",
        vec![
            value(writing.seller.0),
            column(places, |place| place.id.0),
            column(places, |place| place.deleted),
            try_column(places, to_doc)?,
        ],
    );
    Ok(())
}

/// The rows in which listings differ from what was loaded.
#[derive(Default)]
struct ItemRows<'a> {
    put: Vec<&'a Item>,
    gone: Vec<ItemId>,
    put_skus: Vec<(ItemId, SkuId, &'a Mapping)>,
    gone_skus: Vec<(ItemId, SkuId)>,
    bound: Vec<(ItemId, LocationId)>,
    unbound: Vec<(ItemId, LocationId)>,
    tagged: Vec<(ItemId, OmniTag)>,
    untagged: Vec<(ItemId, OmniTag)>,
}

impl<'a> ItemRows<'a> {
    fn of(changes: &'a [SlotChange<ItemId, Item>]) -> Self {
        let mut rows = Self::default();
        for change in changes {
            let id = change.key;
            let known = |sku: &SkuId| change.before.as_ref().and_then(|item| item.skus.get(sku));
            let wanted = |sku: &SkuId| change.after.as_ref().is_some_and(|item| item.skus.contains_key(sku));
            let was_bound = |at: &LocationId| change.before.as_ref().is_some_and(|item| item.bound.contains(at));
            let stays_bound = |at: &LocationId| change.after.as_ref().is_some_and(|item| item.bound.contains(at));
            let tags = |item: &Option<Item>| item.as_ref().map(|item| item.tags.clone()).unwrap_or_default();
            let (had, has) = (tags(&change.before), tags(&change.after));
            rows.tagged.extend(has.difference(&had).map(|tag| (id, *tag)));
            rows.untagged.extend(had.difference(&has).map(|tag| (id, *tag)));
            match &change.after {
                Some(after) => {
                    rows.put.push(after);
                    let new = after.skus.iter().filter(|(sku, mapping)| known(sku) != Some(mapping));
                    rows.put_skus.extend(new.map(|(sku, mapping)| (id, *sku, mapping)));
                    rows.bound.extend(after.bound.iter().filter(|at| !was_bound(at)).map(|at| (id, *at)));
                }
                None => rows.gone.push(id),
            }
            if let Some(before) = &change.before {
                rows.gone_skus.extend(before.skus.keys().filter(|sku| !wanted(sku)).map(|sku| (id, *sku)));
                rows.unbound.extend(before.bound.iter().filter(|at| !stays_bound(at)).map(|at| (id, *at)));
            }
        }
        rows
    }
}

fn items(script: &mut Script, writing: Writing, changes: &[SlotChange<ItemId, Item>]) -> Result<(), StoreError> {
    let seller = || value(writing.seller.0);
    let rows = ItemRows::of(changes);
    if !rows.gone.is_empty() {
        let gone = column(&rows.gone, |item| item.0);
        script.add("DELETE FROM item WHERE seller_id = $1 AND item_id = ANY($2)", vec![seller(), gone]);
    }
    if !rows.put.is_empty() {
        script.add(
            "INSERT INTO item (seller_id, item_id, doc) SELECT $1, * FROM unnest($2::bigint[], $3::text[]) \
             ON CONFLICT (seller_id, item_id) DO UPDATE SET doc = excluded.doc",
            vec![seller(), column(&rows.put, |item| item.id.0), try_column(&rows.put, |item| to_doc(&item_doc(item)))?],
        );
    }
    if !rows.gone_skus.is_empty() {
        script.add(
            "DELETE FROM item_sku USING unnest($2::bigint[], $3::bigint[]) AS gone (item, sku) \
             WHERE seller_id = $1 AND item_id = gone.item AND sku_id = gone.sku",
            vec![seller(), column(&rows.gone_skus, |(item, _)| item.0), column(&rows.gone_skus, |(_, sku)| sku.0)],
        );
    }
    if !rows.put_skus.is_empty() {
        script.add(
            "INSERT INTO item_sku (seller_id, item_id, sku_id, sc_item, components) \
             SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) \
             ON CONFLICT (seller_id, item_id, sku_id) \
             DO UPDATE SET sc_item = excluded.sc_item, components = excluded.components",
            vec![
                seller(),
                column(&rows.put_skus, |(item, _, _)| item.0),
                column(&rows.put_skus, |(_, sku, _)| sku.0),
                column(&rows.put_skus, |(_, _, mapping)| mapping.sc_item.0),
                try_column(&rows.put_skus, |(_, _, mapping)| to_doc(&mapping.components))?,
            ],
        );
    }
    tags(script, writing, &rows)?;
    bindings(script, writing, &rows);
    Ok(())
}

fn tags(script: &mut Script, writing: Writing, rows: &ItemRows<'_>) -> Result<(), StoreError> {
    let mut add = |sql: &'static str, pairs: &[(ItemId, OmniTag)]| -> Result<(), StoreError> {
        if !pairs.is_empty() {
            let tags = try_column(pairs, |(_, tag)| to_word(tag))?;
            script.add(sql, vec![value(writing.seller.0), tags, column(pairs, |(item, _)| item.0)]);
        }
        Ok(())
    };
    add(
        "DELETE FROM item_tag USING unnest($2::text[], $3::bigint[]) AS gone (tag, item) \
         WHERE seller_id = $1 AND item_tag.tag = gone.tag AND item_id = gone.item",
        &rows.untagged,
    )?;
    add(
        "INSERT INTO item_tag (seller_id, tag, item_id) SELECT $1, * FROM unnest($2::text[], $3::bigint[]) \
         ON CONFLICT (seller_id, tag, item_id) DO NOTHING",
        &rows.tagged,
    )
}

fn bindings(script: &mut Script, writing: Writing, rows: &ItemRows<'_>) {
    let mut add = |sql: &'static str, pairs: &[(ItemId, LocationId)]| {
        if !pairs.is_empty() {
            let items = column(pairs, |(item, _)| item.0);
            let locations = column(pairs, |(_, location)| location.0);
            script.add(sql, vec![value(writing.seller.0), items, locations]);
        }
    };
    add(
        "DELETE FROM item_store USING unnest($2::bigint[], $3::bigint[]) AS gone (item, at) \
         WHERE seller_id = $1 AND item_id = gone.item AND location_id = gone.at",
        &rows.unbound,
    );
    add(
        "INSERT INTO item_store (seller_id, item_id, location_id) \
         SELECT $1, * FROM unnest($2::bigint[], $3::bigint[]) \
         ON CONFLICT (seller_id, item_id, location_id) DO NOTHING",
        &rows.bound,
    );
}

fn sc_items(script: &mut Script, writing: Writing, changes: &[SlotChange<ScItemId, ScItem>]) -> Result<(), StoreError> {
    let gone = changes.iter().filter(|change| change.after.is_none()).map(|change| change.key.0);
    let gone: Vec<i64> = gone.collect();
    if !gone.is_empty() {
        script.add(
            "DELETE FROM sc_item WHERE seller_id = $1 AND sc_item = ANY($2)",
            vec![value(writing.seller.0), value(gone)],
        );
    }
    let put: Vec<&ScItem> = changes.iter().filter_map(|change| change.after.as_ref()).collect();
    if !put.is_empty() {
        script.add(
            "INSERT INTO sc_item (seller_id, sc_item, outer_code, name, combo) \
             SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) \
             ON CONFLICT (seller_id, sc_item) \
             DO UPDATE SET outer_code = excluded.outer_code, name = excluded.name, combo = excluded.combo",
            vec![
                value(writing.seller.0),
                column(&put, |article| article.id.0),
                column(&put, |article| article.outer_code.clone()),
                column(&put, |article| article.name.clone()),
                try_column(&put, |article| to_doc(&article.combo))?,
            ],
        );
    }
    Ok(())
}
