//! §6.4 and §6.5: order states reported by the merchant's systems.

use astrolabe_protocol::Fields;

use super::samples;
use crate::golden::tenant::Tenant;

samples! {
    "taobao.qimen.orderstatus.sync" as Pos in PlatformPos => sync;
    "taobao.qimen.orderstatus.update" as Pos in PlatformPos => update;
}

async fn sync(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.notified().await;
    Fields::new()
        .with("seller_code", tenant.seller.to_string())
        .with("parent_order_code", tenant.tid())
        .with("order_codes", vec![tenant.oid(1)])
        .with("store_id", store)
        .with("type", "FAHUO")
        .with("status", "X_PACKAGED")
        .with("operator", "小王")
        .with("action_time", "2026-01-02 09:59:30")
        .with("trace_id", "t-1")
}

async fn update(tenant: &Tenant<'_>) -> Fields {
    tenant.notified().await;
    Fields::new()
        .with("allocation_code", tenant.allocation_code().await.to_string())
        .with("seller_code", tenant.seller.to_string())
        .with("order_codes", vec![tenant.oid(1)])
        .with("type", "FAHUO")
        .with("status", "X_SHOP_ALLOCATION")
        .with("operator", "小王")
        .with("action_time", "2026-01-02 09:59:30")
}
