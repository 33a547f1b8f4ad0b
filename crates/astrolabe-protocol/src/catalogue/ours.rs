//! Our own methods: stock held before payment (§4.3: 避免超卖), telling a channel the code its buyer will need, and asking it to end
//! what nobody serves. They follow
//! the TOP shape and keep their prefix.

use super::definition::{AnswerShape, Field, Method, ResultCode, Role};
use super::errors;

/// Longest hold before payment, in seconds.
const HOLD_SECONDS_MAX: i64 = 30 * 60;

pub(super) const METHODS: &[Method] = &[
    Method::top("astrolabe.stock.reserve", "付款前占用库存", "ours; §4.3")
        .errors(errors::RESERVE)
        .by(Role::ANY)
        .writes_by("reserve_key")
        .takes(&[
            Field::text("reserve_key", 50).required(),
            Field::id("item_id").required(),
            Field::id("sku_id"),
            Field::whole("quantity", 1, i32::MAX as i64).required(),
            Field::whole("ttl_seconds", 1, HOLD_SECONDS_MAX),
        ])
        .answers(
            AnswerShape::coded(ResultCode::RESULT_CODE).with(&[Field::long("quantity"), Field::datetime("expires_at")]),
        ),
    Method::top("astrolabe.stock.release", "释放付款前的占用", "ours; §4.3")
        .errors(errors::RELEASE)
        .by(Role::ANY)
        .writes_by("reserve_key")
        .takes(&[Field::text("reserve_key", 50).required()])
        .answers(AnswerShape::coded(ResultCode::RESULT_CODE).with(&[Field::long("quantity")])),
    Method::to_channel("astrolabe.handover.code.tell", "请渠道把核销码告知买家", "ours; storecollect and dtd")
        .takes(&[
            Field::id("tid").required(),
            Field::ids("sub_tid", "subTid").at_most(50),
            Field::id("store_id").required(),
            Field::text("code", 50).required(),
            // The buyer asked for it again (`dtd.resend`): it is the same code.
            Field::bool("again"),
        ])
        .answers(AnswerShape::NONE.success("is_success")),
    Method::to_channel("astrolabe.order.cancel.ask", "请渠道关闭无人接单的子订单并退款", "ours; §2.2, §5.5")
        .takes(&[
            Field::id("tid").required(),
            Field::ids("sub_tid", "subTid").at_most(50),
            Field::text("reason", 1_000).required(),
        ])
        .answers(AnswerShape::NONE.success("is_success")),
];
