//! White paper §6.4 and §6.5: order states reported and updated by the merchant's systems. The white paper writes
//! `orderStatus`; names match without regard to case.

use super::definition::{Alias, AnswerShape, ByMode, Field, Method, ResultCode, Role};
use super::errors;

/// Most sub-orders in one call (published).
const SUB_ORDERS_MAX: usize = 20;

/// Nobody in §3.1, where keeper and platform know themselves.
const SYNC_BY_MODE: ByMode = ByMode {
    platform_keeper: &[],
    app_keeper: &[Role::Allocator],
    platform_pos: &[Role::Pos],
    app_pos: &[Role::Allocator, Role::Pos],
};
const UPDATE_BY_MODE: ByMode =
    ByMode { platform_keeper: &[], app_keeper: &[], platform_pos: &[Role::Pos], app_pos: &[Role::Pos] };

pub(super) const METHODS: &[Method] = &[
    Method::qimen("taobao.qimen.orderstatus.sync", "订单全链路同步", "§6.4")
        .errors(errors::ORDER_STATUS)
        .in_mode(SYNC_BY_MODE)
        .alias(&[Alias::with_code("taobao.jst.astrolabe.orderstatus.sync", ResultCode::RESULT_CODE)])
        .by(&[Role::Allocator, Role::Pos, Role::Merchant])
        .writes_by("the fact on the assignment's timeline")
        .takes(&[
            SELLER_CODE,
            Field::id("parent_order_code").required(),
            Field::ids("order_codes", "orderCode").also(&["sub_order_ids"]).at_most(SUB_ORDERS_MAX),
            Field::id("store_id"),
            BUSINESS_TYPE,
            Field::text("status", 50).required(),
            Field::text("operator", 50),
            Field::datetime("action_time"),
            TRACE_ID,
            REMARK,
        ])
        .answers(AnswerShape::coded(ResultCode { name: "qimen_code", ok: "Success" })),
    Method::qimen("taobao.qimen.orderstatus.update", "订单状态更新接口", "§6.5")
        .errors(errors::ORDER_STATUS)
        .in_mode(UPDATE_BY_MODE)
        .alias(&[Alias::same("taobao.jst.astrolabe.orderstatus.update")])
        .by(&[Role::Pos, Role::Merchant])
        .writes_by("the fact on the assignment's timeline")
        .takes(&[
            Field::text("allocation_code", 50),
            SELLER_CODE,
            Field::id("parent_order_code"),
            Field::ids("order_codes", "orderCode").required().also(&["sub_order_ids"]).at_most(SUB_ORDERS_MAX),
            Field::id("store_id"),
            BUSINESS_TYPE,
            Field::text("status", 50).required(),
            Field::text("operator", 50).required(),
            Field::datetime("action_time"),
            TRACE_ID,
            REMARK,
        ])
        .answers(AnswerShape::coded(ResultCode::RESULT_CODE).success("is_success")),
];

const SELLER_CODE: Field = Field::text("seller_code", 50);
const BUSINESS_TYPE: Field = Field::choice("type", &["FAHUO", "ZITI"]);
const TRACE_ID: Field = Field::text("trace_id", 64);
const REMARK: Field = Field::text("remark", 500);
