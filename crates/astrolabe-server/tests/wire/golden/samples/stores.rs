//! §6.1: stores and bindings.

use astrolabe_protocol::Fields;

use super::samples;
use crate::golden::tenant::Tenant;
use crate::merchant::store_fields;

samples! {
    "taobao.qimen.store.create" as Merchant in PlatformPos => create;
    "taobao.qimen.storecategory.get" as Merchant in PlatformPos => categories;
    "taobao.qimen.store.update" as Merchant in PlatformPos => update;
    "taobao.qimen.store.delete" as Merchant in PlatformPos => delete;
    "taobao.qimen.store.query" as Merchant in PlatformPos => query;
    "taobao.qimen.itemstore.banding" as Merchant in PlatformPos => banding;
    "taobao.qimen.itemstore.query" as Merchant in PlatformPos => stores_of_item;
    "taobao.qimen.storeitem.query" as Merchant in PlatformPos => items_of_store;
}

async fn create(_tenant: &Tenant<'_>) -> Fields {
    store_fields("S001").with("store_status", "NORMAL").with("store_description", "地铁口").with("remark", "旗舰店")
}

async fn categories(_tenant: &Tenant<'_>) -> Fields {
    Fields::new()
}

async fn update(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.store("S001").await;
    store_fields("S001-B").with("store_id", store).with("store_status", "HOLD")
}

async fn delete(tenant: &Tenant<'_>) -> Fields {
    Fields::new().with("store_id", vec![tenant.store("S001").await, tenant.store("S002").await])
}

async fn query(tenant: &Tenant<'_>) -> Fields {
    Fields::new().with("store_id", tenant.store("S001").await)
}

async fn banding(tenant: &Tenant<'_>) -> Fields {
    let stores = vec![tenant.store("S001").await, tenant.store("S002").await];
    Fields::new().with("action_type", "ADD").with("item_id", tenant.item()).with("store_ids", stores)
}

async fn stores_of_item(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.store("S001").await;
    tenant.bind(store).await;
    Fields::new().with("item_id", tenant.item()).with("page", 1)
}

async fn items_of_store(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.store("S001").await;
    tenant.bind(store).await;
    Fields::new().with("store_id", store).with("page", 1)
}
