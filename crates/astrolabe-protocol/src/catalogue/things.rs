//! Which published field names name a thing, and what kind of thing: one list, because the wire uses a name alike in every
//! method. A chapter says `.names(…)` where one of its fields means something else. `entry` alone asks.

use super::definition::Thing;

const THINGS: &[(&str, Thing)] = &[
    ("user_id", Thing::Seller),
    ("user_nick", Thing::Seller),
    ("nick", Thing::Seller),
    ("seller_id", Thing::Seller),
    ("seller_nick", Thing::Seller),
    ("seller_code", Thing::Seller),
    ("store_id", Thing::Store),
    ("store_ids", Thing::Store),
    ("store_code", Thing::StoreCode),
    ("warehouse_id", Thing::Location),
    ("target_warehouse_id", Thing::Location),
    ("original_warehouse_id", Thing::Location),
    ("warehouse_code", Thing::Location),
    ("item_id", Thing::Item),
    ("item_ids", Thing::Item),
    ("sku_id", Thing::Sku),
    ("sc_item_id", Thing::Article),
    ("outer_id", Thing::ArticleCode),
    ("outer_code", Thing::ArticleCode),
    ("tid", Thing::Trade),
    ("main_order_id", Thing::Trade),
    ("parent_order_code", Thing::Trade),
    ("tb_trade_order", Thing::Trade),
    ("sub_oid", Thing::SubOrder),
    ("sub_tid", Thing::SubOrder),
    ("sub_order_ids", Thing::SubOrder),
    ("sub_order_code", Thing::SubOrder),
    ("order_codes", Thing::SubOrder),
    ("tb_sub_trade_order", Thing::SubOrder),
    ("allocation_code", Thing::Allocation),
    ("refund_id", Thing::Refund),
    ("bill_num", Thing::CallersKey),
    ("reserve_key", Thing::CallersKey),
    ("allocated_system", Thing::App),
    ("shop_id", Thing::Elsewhere),
    ("brand_id", Thing::Elsewhere),
    ("spu_id", Thing::Elsewhere),
    ("sender_id", Thing::Elsewhere),
    ("cancel_id", Thing::Elsewhere),
    ("package_id", Thing::Elsewhere),
    ("logistic_id", Thing::Elsewhere),
    ("logistic_company_code", Thing::Elsewhere),
    ("logistic_no", Thing::Elsewhere),
    ("company_code", Thing::Elsewhere),
    ("out_sid", Thing::Elsewhere),
    ("trace_id", Thing::Elsewhere),
    ("bar_code", Thing::Elsewhere),
    ("wms_code", Thing::Elsewhere),
    ("country_code", Thing::Elsewhere),
    ("zip_code", Thing::Elsewhere),
    ("buyer_nick", Thing::Elsewhere),
    ("buyer_open_id", Thing::Elsewhere),
    ("buyer_open_uid", Thing::Elsewhere),
];

/// What fields of that name name, if anything.
pub(super) const fn of(name: &str) -> Option<Thing> {
    let mut at = 0;
    while at < THINGS.len() {
        if same(THINGS[at].0, name) {
            return Some(THINGS[at].1);
        }
        at += 1;
    }
    None
}

/// `==` of texts is not const.
const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_once_and_is_found() {
        for (at, (name, thing)) in THINGS.iter().enumerate() {
            assert_eq!(of(name), Some(*thing));
            assert!(THINGS[..at].iter().all(|(earlier, _)| earlier != name), "{name} is there twice");
        }
        assert_eq!(of("store_name"), None);
    }
}
