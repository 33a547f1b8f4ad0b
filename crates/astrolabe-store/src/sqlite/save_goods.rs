//! Places, listings and articles of one group.

use rusqlite::params;

use astrolabe_core::goods::Item;
use astrolabe_core::ids::ItemId;
use astrolabe_core::world::{Changes, SlotChange};

use crate::error::StoreError;
use crate::rows::{item_doc, to_doc, to_word};
use crate::sqlite::fields::run;
use crate::sqlite::save::Place;
use crate::sqlite::save_stock::note_change;

pub(super) fn write(place: Place<'_>, changes: &Changes) -> Result<(), StoreError> {
    for location in &changes.locations {
        run(
            place.connection,
            "INSERT INTO location (seller_id, location_id, deleted, doc) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (seller_id, location_id) DO UPDATE SET deleted = excluded.deleted, doc = excluded.doc",
            params![place.seller.0, location.id.0, location.deleted, to_doc(location)?],
        )?;
    }
    for change in &changes.items {
        item(place, change)?;
        note_change(place, 1, change.key.0)?;
    }
    for change in &changes.sc_items {
        note_change(place, 0, change.key.0)?;
        let Some(article) = &change.after else {
            run(
                place.connection,
                "DELETE FROM sc_item WHERE seller_id = ?1 AND sc_item = ?2",
                (place.seller.0, change.key.0),
            )?;
            continue;
        };
        run(
            place.connection,
            "INSERT INTO sc_item (seller_id, sc_item, outer_code, name, combo) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (seller_id, sc_item) \
             DO UPDATE SET outer_code = excluded.outer_code, name = excluded.name, combo = excluded.combo",
            params![place.seller.0, article.id.0, article.outer_code, article.name, to_doc(&article.combo)?],
        )?;
    }
    Ok(())
}

fn item(place: Place<'_>, change: &SlotChange<ItemId, Item>) -> Result<(), StoreError> {
    let unknown = Item::unknown(change.key);
    let before = change.before.as_ref().unwrap_or(&unknown);
    let key = (place.seller.0, change.key.0);
    match &change.after {
        Some(after) => run(
            place.connection,
            "INSERT INTO item (seller_id, item_id, doc) VALUES (?1, ?2, ?3) \
             ON CONFLICT (seller_id, item_id) DO UPDATE SET doc = excluded.doc",
            params![key.0, key.1, to_doc(&item_doc(after))?],
        )?,
        None => run(place.connection, "DELETE FROM item WHERE seller_id = ?1 AND item_id = ?2", key)?,
    };
    let after = change.after.as_ref().unwrap_or(&unknown);
    for sku in before.skus.keys().filter(|sku| !after.skus.contains_key(sku)) {
        run(
            place.connection,
            "DELETE FROM item_sku WHERE seller_id = ?1 AND item_id = ?2 AND sku_id = ?3",
            (key.0, key.1, sku.0),
        )?;
    }
    for (sku, mapping) in after.skus.iter().filter(|(sku, mapping)| before.skus.get(sku) != Some(mapping)) {
        run(
            place.connection,
            "INSERT INTO item_sku (seller_id, item_id, sku_id, sc_item, components) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (seller_id, item_id, sku_id) \
             DO UPDATE SET sc_item = excluded.sc_item, components = excluded.components",
            params![key.0, key.1, sku.0, mapping.sc_item.0, to_doc(&mapping.components)?],
        )?;
    }
    for tag in before.tags.difference(&after.tags) {
        run(
            place.connection,
            "DELETE FROM item_tag WHERE seller_id = ?1 AND tag = ?2 AND item_id = ?3",
            (key.0, to_word(tag)?, key.1),
        )?;
    }
    for tag in after.tags.difference(&before.tags) {
        run(
            place.connection,
            "INSERT INTO item_tag (seller_id, tag, item_id) VALUES (?1, ?2, ?3) \
             ON CONFLICT (seller_id, tag, item_id) DO NOTHING",
            (key.0, to_word(tag)?, key.1),
        )?;
    }
    for location in before.bound.difference(&after.bound) {
        run(
            place.connection,
            "DELETE FROM item_store WHERE seller_id = ?1 AND item_id = ?2 AND location_id = ?3",
            (key.0, key.1, location.0),
        )?;
    }
    for location in after.bound.difference(&before.bound) {
        run(
            place.connection,
            "INSERT INTO item_store (seller_id, item_id, location_id) VALUES (?1, ?2, ?3) \
             ON CONFLICT (seller_id, item_id, location_id) DO NOTHING",
            (key.0, key.1, location.0),
        )?;
    }
    Ok(())
}
