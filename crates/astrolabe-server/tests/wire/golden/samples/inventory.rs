//! §6.2 by article, §6.3 by listing.

use astrolabe_protocol::catalogue::Role;
use astrolabe_protocol::{Fields, Value};

use super::samples;
use crate::golden::tenant::Tenant;
use crate::merchant::{bill, place_fields, sku, stock_report};

samples! {
    "taobao.qimen.storeinventory.initial" as Merchant in PlatformPos => initial;
    "taobao.qimen.storeinventory.update" as Merchant in PlatformPos => update;
    "taobao.qimen.storeinventory.query" as Merchant in PlatformPos => query;
    "taobao.qimen.storeinventory.adjust" as Allocator in AppPos => adjust;
    "taobao.qimen.storeinventory.iteminitial" as Merchant in PlatformPos => item_initial;
    "taobao.qimen.storeinventory.itemupdate" as Merchant in PlatformPos => item_update;
    "taobao.qimen.storeinventory.itemquery" as Merchant in PlatformPos => item_query;
    "taobao.qimen.storeinventory.itemadjust" as Allocator in AppPos => item_adjust;
}

fn article_bill(tenant: &Tenant<'_>, prefix: &str, article: i64) -> Fields {
    Fields::new()
        .with("bill_num", tenant.key(prefix))
        .with("sc_item_id", article)
        .with("outer_id", tenant.key("SC"))
        .with("inventory_type", "CERTAINTY")
}

async fn initial(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.store("S001").await;
    let article = tenant.article("SC").await;
    let line = article_bill(tenant, "I", article).with("quantity", 20);
    stock_report("STORE", &store.to_string(), vec![line])
}

async fn update(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.store("S001").await;
    let article = tenant.article("SC").await;
    let place = store.to_string();
    let line = article_bill(tenant, "I", article).with("quantity", 20);
    let initial = "taobao.qimen.storeinventory.initial";
    tenant.done(Role::Merchant, initial, stock_report("STORE", &place, vec![line])).await;
    let line = article_bill(tenant, "U", article).with("bill_type", "TAOBAO_EXCLUDED").with("quantity", -3);
    stock_report("STORE", &place, vec![line])
}

async fn query(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.store("S001").await;
    let article = tenant.article("SC").await;
    let line = article_bill(tenant, "I", article).with("quantity", 20);
    let place = store.to_string();
    let initial = "taobao.qimen.storeinventory.initial";
    tenant.done(Role::Merchant, initial, stock_report("STORE", &place, vec![line])).await;
    let line = Fields::new().with("sc_item_id", article).with("outer_id", tenant.key("SC"));
    Fields::new().with("stores", Value::List(vec![place_fields("STORE", &place, vec![line])]))
}

/// A paid trade that is offered to S001; S002 has stock too and shall have it.
async fn offered_elsewhere(tenant: &Tenant<'_>) -> Fields {
    let other = tenant.store("S002").await;
    tenant.bind(other).await;
    tenant.stock(other, "S002", 5).await;
    let store = tenant.notified().await;
    // Where the platform allocates, the hold may be brought to the assigned location only.
    let target = if tenant.mode.app_allocates() { other } else { store };
    let target_type = if target == other { "STORE".to_owned() } else { tenant.place_type().to_uppercase() };
    Fields::new()
        .with("bill_num", tenant.key("A"))
        .with("tb_trade_order", tenant.tid().to_string())
        .with("tb_sub_trade_order", tenant.oid(1).to_string())
        .with("target_warehouse_type", target_type)
        .with("target_warehouse_id", target.to_string())
        .with("inventory_type", "CERTAINTY")
        .with("quantity", 1)
}

async fn adjust(tenant: &Tenant<'_>) -> Fields {
    let info = offered_elsewhere(tenant).await;
    let listing = (astrolabe_core::ids::ItemId(tenant.item()), astrolabe_core::ids::SkuId(sku(tenant.item())));
    let seller = astrolabe_core::ids::SellerId(tenant.seller);
    let mappings = tenant.stage.app().store.mappings(seller, &[listing]).await.expect("reads");
    let article = mappings.values().next().expect("is mapped").sc_item.0;
    let operated = Fields::new().with("operation_time", "2026-01-02 10:00:00");
    operated.with("inventory_adjust_info", info.with("sc_item_id", article))
}

async fn item_initial(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.store("S001").await;
    let line = bill(&tenant.key("I"), tenant.item()).with("inventory_type", "CERTAINTY").with("quantity", 20);
    stock_report("STORE", &store.to_string(), vec![line])
}

async fn item_update(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.store("S001").await;
    tenant.stock(store, "S001", 20).await;
    let line = bill(&tenant.key("U"), tenant.item())
        .with("bill_type", "TAOBAO_EXCLUDED")
        .with("inventory_type", "CERTAINTY")
        .with("quantity", -3);
    stock_report("STORE", &store.to_string(), vec![line])
}

async fn item_query(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.store("S001").await;
    tenant.stock(store, "S001", 20).await;
    let item = tenant.item();
    let line = Fields::new().with("item_id", item).with("outer_id", format!("SP-{item}")).with("sku_id", sku(item));
    Fields::new().with("stores", Value::List(vec![place_fields("STORE", &store.to_string(), vec![line])]))
}

async fn item_adjust(tenant: &Tenant<'_>) -> Fields {
    let item = tenant.item();
    let info = offered_elsewhere(tenant).await;
    let info = info.with("item_id", item).with("outer_id", format!("SP-{item}")).with("sku_id", sku(item));
    Fields::new().with("operation_time", "2026-01-02 10:00:00").with("inventory_adjust_info", info)
}
