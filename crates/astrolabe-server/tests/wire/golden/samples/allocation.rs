//! §6.6: an allocating app's result, and what the POS answers.

use astrolabe_protocol::catalogue::Role;
use astrolabe_protocol::{Fields, Value};

use super::samples;
use crate::golden::tenant::Tenant;

samples! {
    "taobao.omniorder.allocatedinfo.sync" as Allocator in AppPos => allocated;
    "taobao.omniorder.store.accpeted" as Pos in PlatformPos => accepted;
    "taobao.omniorder.store.refused" as Pos in PlatformPos => refused;
    "taobao.omniorder.store.consigned" as Pos in PlatformPos => consigned;
}

/// 2026-01-02 09:59:30, as the published form says it.
const REPORTED_MS: i64 = 1_767_319_170_000;

async fn allocated(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.selling(5).await;
    tenant.pay().await;
    tenant.allocated(store).with("report_timestamp", REPORTED_MS).with("trace_id", "t-1")
}

/// What the POS says of the offered line.
fn report(tenant: &Tenant<'_>, store: i64, change: impl FnOnce(Fields) -> Fields) -> Fields {
    let line = Fields::new()
        .with("sub_oid", tenant.oid(1))
        .with("store_id", store.to_string())
        .with("store_type", tenant.place_type())
        .with("operator", "小王")
        .with("code", "0");
    Fields::new()
        .with("tid", tenant.tid())
        .with("report_timestamp", REPORTED_MS)
        .with("trace_id", "t-1")
        .with("sub_order_list", Value::List(vec![Value::Struct(change(line))]))
}

async fn accepted(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.notified().await;
    report(tenant, store, |line| line)
}

async fn refused(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.notified().await;
    report(tenant, store, |line| line.with("message", "本店缺货"))
}

async fn consigned(tenant: &Tenant<'_>) -> Fields {
    let store = tenant.accepted().await;
    if tenant.mode.pos_accepts() && tenant.mode.app_allocates() && tenant.place_type() == "Store" {
        let sent = Fields::new().with("tid", tenant.tid()).with("out_sid", "SF1000001").with("company_code", "SF");
        tenant.done(Role::Pos, "taobao.logistics.offline.send", sent).await;
    }
    tenant.settle().await;
    let parcel = |line: Fields| {
        line.with("logistic_company_code", "SF").with("logistic_company", "顺丰速运").with("logistic_no", "SF1000001")
    };
    report(tenant, store, parcel)
}
