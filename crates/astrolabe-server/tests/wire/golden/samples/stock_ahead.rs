//! Our own methods: stock held before payment.

use astrolabe_protocol::Fields;
use astrolabe_protocol::catalogue::Role;

use super::samples;
use crate::golden::tenant::Tenant;
use crate::merchant::sku;

samples! {
    "astrolabe.stock.reserve" as Merchant in PlatformPos => reserve;
    "astrolabe.stock.release" as Merchant in PlatformPos => release;
}

async fn reserve(tenant: &Tenant<'_>) -> Fields {
    tenant.selling(5).await;
    Fields::new()
        .with("reserve_key", tenant.key("cart"))
        .with("item_id", tenant.item())
        .with("sku_id", sku(tenant.item()))
        .with("quantity", 2)
        .with("ttl_seconds", 600)
}

async fn release(tenant: &Tenant<'_>) -> Fields {
    let held = reserve(tenant).await;
    tenant.done(Role::Merchant, "astrolabe.stock.reserve", held).await;
    Fields::new().with("reserve_key", tenant.key("cart"))
}
