//! What a connector calls next to chapter 6.

use astrolabe_protocol::Fields;
use astrolabe_protocol::catalogue::Role;

use super::samples;
use crate::golden::tenant::Tenant;

samples! {
    "taobao.trade.fullinfo.get" as Merchant in PlatformPos => fullinfo;
    "taobao.trades.sold.get" as Merchant in PlatformPos => sold;
    "taobao.trades.sold.increment.get" as Merchant in PlatformPos => sold_increment;
    "taobao.logistics.offline.send" as Pos in AppPos => offline_send;
    "taobao.logistics.online.send" as Pos in AppPos => online_send;
    "taobao.logistics.dummy.send" as Pos in AppPos => dummy_send;
    "taobao.logistics.companies.get" as Merchant in PlatformPos => companies;
    "taobao.refund.get" as Merchant in PlatformPos => refund;
    "tmall.storedeliver.allocation.accept" as Pos in PlatformPos => accept;
    "taobao.jushita.jdp.user.add" as Merchant in PlatformPos => push_to;
    "taobao.jushita.jdp.user.delete" as Merchant in PlatformPos => push_no_more;
    "taobao.jushita.jdp.users.get" as Merchant in PlatformPos => pushed_to;
}

async fn fullinfo(tenant: &Tenant<'_>) -> Fields {
    tenant.notified().await;
    Fields::new().with("fields", "tid,status,payment,orders,omnichannel_param").with("tid", tenant.tid())
}

async fn sold(tenant: &Tenant<'_>) -> Fields {
    tenant.notified().await;
    Fields::new()
        .with("fields", "tid,status,payment")
        .with("start_created", "2026-01-01 00:00:00")
        .with("end_created", "2026-01-03 00:00:00")
        .with("page_no", 1)
        .with("page_size", 40)
}

async fn sold_increment(tenant: &Tenant<'_>) -> Fields {
    tenant.notified().await;
    Fields::new()
        .with("fields", "tid,status,modified")
        .with("start_modified", "2026-01-02 00:00:00")
        .with("end_modified", "2026-01-02 12:00:00")
        .with("page_no", 1)
        .with("page_size", 40)
        .with("use_has_next", true)
}

async fn offline_send(tenant: &Tenant<'_>) -> Fields {
    tenant.accepted().await;
    Fields::new()
        .with("tid", tenant.tid())
        .with("sub_tid", vec![tenant.oid(1)])
        .with("is_split", 1)
        .with("out_sid", "SF1000001")
        .with("company_code", "SF")
}

async fn online_send(tenant: &Tenant<'_>) -> Fields {
    tenant.accepted().await;
    Fields::new().with("tid", tenant.tid()).with("out_sid", "SF1000001").with("company_code", "SF")
}

async fn dummy_send(tenant: &Tenant<'_>) -> Fields {
    tenant.accepted().await;
    Fields::new().with("tid", tenant.tid())
}

async fn companies(_tenant: &Tenant<'_>) -> Fields {
    Fields::new().with("fields", "id,code,name,reg_mail_no")
}

async fn refund(tenant: &Tenant<'_>) -> Fields {
    tenant.refunded().await;
    Fields::new().with("fields", "refund_id,tid,oid,status,refund_fee").with("refund_id", tenant.refund_id())
}

async fn accept(tenant: &Tenant<'_>) -> Fields {
    tenant.notified().await;
    Fields::new()
        .with("allocation_code", tenant.allocation_code().await.to_string())
        .with("is_accept", true)
        .with("sub_order_code", vec![tenant.oid(1).to_string()])
}

async fn push_to(_tenant: &Tenant<'_>) -> Fields {
    Fields::new().with("rds_name", "rds-1").with("history_days", 7)
}

/// One registration to take back.
async fn push_no_more(tenant: &Tenant<'_>) -> Fields {
    registered(tenant).await;
    Fields::new().with("user_id", tenant.seller)
}

async fn pushed_to(tenant: &Tenant<'_>) -> Fields {
    registered(tenant).await;
    Fields::new().with("user_id", tenant.seller).with("page_no", 1).with("page_size", 40)
}

async fn registered(tenant: &Tenant<'_>) {
    tenant.done(Role::Merchant, "taobao.jushita.jdp.user.add", push_to(tenant).await).await;
}
