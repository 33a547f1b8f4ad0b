//! What was published beside chapter 6.

use astrolabe_protocol::Fields;
use astrolabe_protocol::catalogue::Role;

use super::samples;
use crate::golden::tenant::Tenant;
use crate::merchant::sku;

samples! {
    "taobao.omniorder.store.reallocate" as Pos in PlatformPos => reallocate;
    "taobao.omniorder.storecollect.consume" as Pos in PlatformPos => collect_consume;
    "taobao.omniorder.storecollect.query" as Pos in PlatformPos => collect_query;
    "taobao.omniorder.dtd.consign" as Pos in PlatformPos => dtd_consign;
    "taobao.omniorder.dtd.consume" as Pos in PlatformPos => dtd_consume;
    "taobao.omniorder.dtd.query" as Pos in PlatformPos => dtd_query;
    "taobao.omniorder.dtd.resend" as Pos in PlatformPos => dtd_resend;
    "taobao.omniorder.store.deliverconfig.get" as Merchant in PlatformPos => config_get;
    "taobao.omniorder.store.deliverconfig.update" as Merchant in PlatformPos => deliver_config;
    "taobao.omniorder.store.collectconfig.get" as Merchant in PlatformPos => config_get;
    "taobao.omniorder.store.collectconfig.update" as Merchant in PlatformPos => collect_config;
    "taobao.omniorder.store.switchstatus.get" as Merchant in PlatformPos => switch_get;
    "taobao.omniorder.store.switchstatus.update" as Merchant in PlatformPos => switch_update;
    "taobao.omniorder.item.tag.operate" as Merchant in PlatformPos => tag;
    "taobao.qimen.items.marking" as Merchant in PlatformPos => mark;
    "taobao.qimen.items.tag.query" as Merchant in PlatformPos => tags_of_items;
    "taobao.qimen.tag.items.query" as Merchant in PlatformPos => items_of_tag;
    "taobao.scitem.add" as Merchant in PlatformPos => add_article;
    "taobao.scitem.map.add" as Merchant in PlatformPos => map;
    "taobao.scitem.map.delete" as Merchant in PlatformPos => unmap;
    "taobao.scitem.map.query" as Merchant in PlatformPos => mappings;
}

async fn reallocate(tenant: &Tenant<'_>) -> Fields {
    let other = tenant.store("S002").await;
    tenant.bind(other).await;
    tenant.stock(other, "S002", 5).await;
    tenant.notified().await;
    let lines = vec![tenant.oid(1).to_string()];
    Fields::new().with("main_order_id", tenant.tid()).with("sub_order_ids", lines)
}

async fn collect_consume(tenant: &Tenant<'_>) -> Fields {
    tenant.ready_to_collect().await;
    let code = tenant.handover_code().await;
    Fields::new().with("main_order_id", tenant.tid()).with("code", code).with("operator", "小王")
}

async fn collect_query(tenant: &Tenant<'_>) -> Fields {
    tenant.ready_to_collect().await;
    Fields::new().with("code", tenant.handover_code().await)
}

async fn dtd_consign(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.accepted().await;
    Fields::new().with("main_order_id", tenant.tid()).with("store_id", store)
}

async fn dtd_consume(tenant: &Tenant<'_>) -> Fields {
    tenant.under_way().await;
    let request = Fields::new()
        .with("code", tenant.handover_code().await)
        .with("operator", "小王")
        .with("main_order_id", tenant.tid());
    Fields::new().with("param_door2door_consume_request", request)
}

async fn dtd_query(tenant: &Tenant<'_>) -> Fields {
    tenant.under_way().await;
    Fields::new().with("code", tenant.handover_code().await)
}

async fn dtd_resend(tenant: &Tenant<'_>) -> Fields {
    tenant.under_way().await;
    Fields::new().with("main_order_id", tenant.tid())
}

async fn config_get(tenant: &Tenant<'_>) -> Fields {
    Fields::new().with("store_id", tenant.store("S001").await)
}

async fn deliver_config(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.store("S001").await;
    let config = Fields::new().with("working_time", "09:00-12:00").with("priority", 1).with("deliver_threshold", 50);
    Fields::new().with("store_id", store).with("store_deliver_config", config)
}

async fn collect_config(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.store("S001").await;
    let config = Fields::new().with("working_time", "09:00-12:00").with("collect_threshold", 50);
    Fields::new().with("store_id", store).with("store_collect_config", config)
}

async fn switch_get(tenant: &Tenant<'_>) -> Fields {
    Fields::new().with("store_id", tenant.store("S001").await).with("seller_id", tenant.seller)
}

async fn switch_update(tenant: &Tenant<'_>) -> Fields {
    Fields::new().with("store_id", tenant.store("S001").await).with("status", "storeDeliver,storeCollect")
}

async fn tag(tenant: &Tenant<'_>) -> Fields {
    let setting = Fields::new().with("allocated_system", "astrolabe").with("accepted_system", 0);
    Fields::new()
        .with("item_id", tenant.item())
        .with("types", vec!["storeDeliver", "storeCollect"])
        .with("status", 1)
        .with("omni_setting", setting)
}

async fn mark(tenant: &Tenant<'_>) -> Fields {
    let items = vec![tenant.item(), tenant.item() + 1];
    Fields::new().with("item_ids", items).with("action_type", "ADD").with("tag_type", "MDZT")
}

async fn tags_of_items(tenant: &Tenant<'_>) -> Fields {
    tenant.done(Role::Merchant, "taobao.qimen.items.marking", mark(tenant).await).await;
    Fields::new().with("item_ids", vec![tenant.item()])
}

async fn items_of_tag(tenant: &Tenant<'_>) -> Fields {
    tenant.done(Role::Merchant, "taobao.qimen.items.marking", mark(tenant).await).await;
    Fields::new().with("tag_type", "MDZT")
}

async fn add_article(tenant: &Tenant<'_>) -> Fields {
    Fields::new().with("item_name", "示例羊毛衫").with("outer_code", tenant.key("SC")).with("item_type", 0)
}

async fn map(tenant: &Tenant<'_>) -> Fields {
    let article = tenant.article("SC").await;
    let item = tenant.item();
    Fields::new().with("item_id", item).with("sku_id", sku(item)).with("sc_item_id", article).with("need_check", false)
}

async fn unmap(tenant: &Tenant<'_>) -> Fields {
    let mapped = map(tenant).await;
    let article = mapped.long("sc_item_id").expect("an article");
    tenant.done(Role::Merchant, "taobao.scitem.map.add", mapped).await;
    Fields::new().with("sc_item_id", article)
}

async fn mappings(tenant: &Tenant<'_>) -> Fields {
    tenant.done(Role::Merchant, "taobao.scitem.map.add", map(tenant).await).await;
    Fields::new().with("item_id", tenant.item()).with("sku_id", sku(tenant.item()))
}
