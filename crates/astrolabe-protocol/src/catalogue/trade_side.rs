//! The trade side: what a connector calls next to chapter 6 (§3.4: the channel's consignment comes first), the RDS
//! subscriptions, and the platform's own call to the channel.

use super::definition::{AnswerShape, ByMode, Field, Method, Role};
use super::errors;

pub(super) const METHODS: &[Method] = &[
    Method::top("taobao.trade.fullinfo.get", "获取单笔交易的详细信息", "published trade page")
        .errors(errors::ONE_TRADE)
        .takes(&[FIELDS.required(), Field::id("tid").required(), Field::text("include_oaid", 50)])
        .answers(AnswerShape::NONE.with(&[Field::tree("trade")])),
    Method::top("taobao.trades.sold.get", "查询卖家已卖出的交易数据", "published trade page")
        .errors(errors::LIST_TRADES)
        .takes(&[
            FIELDS.required(),
            Field::datetime("start_created"),
            Field::datetime("end_created"),
            Field::text("status", 64),
            Field::text("buyer_nick", 256),
            Field::text("buyer_open_id", 256),
            Field::long_text("type"),
            Field::text("ext_type", 64),
            Field::text("rate_status", 64),
            Field::text("tag", 64),
            PAGE_NO,
            PAGE_SIZE,
            USE_HAS_NEXT,
        ])
        .answers(TRADES),
    Method::top("taobao.trades.sold.increment.get", "查询卖家已卖出的增量交易数据", "published trade page")
        .errors(errors::LIST_TRADES)
        .takes(&[
            FIELDS.required(),
            Field::datetime("start_modified").required(),
            Field::datetime("end_modified").required(),
            Field::text("status", 64),
            Field::text("buyer_nick", 256),
            Field::text("buyer_open_uid", 256),
            Field::long_text("type"),
            Field::text("ext_type", 64),
            Field::text("tag", 64),
            PAGE_NO,
            PAGE_SIZE,
            USE_HAS_NEXT,
        ])
        .answers(TRADES),
    Method::top("taobao.logistics.offline.send", "自己联系物流（线下物流）发货", "published logistics page; §3.4")
        .errors(errors::CHANNEL_CONSIGN)
        .by(SHIPPERS)
        .writes_by("the fact on the assignment's timeline")
        .also_outward()
        .takes(&[
            Field::id("tid").required(),
            SUB_TID,
            Field::whole("is_split", 0, 1),
            Field::text("out_sid", 50).required(),
            Field::text("company_code", 50).required(),
            Field::id("sender_id"),
            Field::id("cancel_id"),
            Field::long_text("feature"),
            Field::text("seller_ip", 64),
        ])
        .answers(SHIPPING),
    Method::top("taobao.logistics.online.send", "在线订单发货处理", "published logistics page")
        .errors(errors::CHANNEL_CONSIGN)
        .by(SHIPPERS)
        .writes_by("the fact on the assignment's timeline")
        .takes(&[
            Field::id("tid").required(),
            SUB_TID,
            Field::whole("is_split", 0, 1),
            Field::text("out_sid", 50),
            Field::text("company_code", 50).required(),
            Field::id("sender_id"),
            Field::id("cancel_id"),
            Field::long_text("feature"),
            Field::text("seller_ip", 64),
        ])
        .answers(SHIPPING),
    Method::top("taobao.logistics.dummy.send", "无需物流（虚拟）发货处理", "published logistics page")
        .errors(errors::CHANNEL_CONSIGN)
        .by(SHIPPERS)
        .writes_by("the fact on the assignment's timeline")
        .also_outward()
        .takes(&[Field::id("tid").required(), SUB_TID, Field::long_text("feature"), Field::text("seller_ip", 64)])
        .answers(SHIPPING),
    Method::top("taobao.logistics.companies.get", "查询物流公司信息", "published logistics page")
        .takes(&[FIELDS.required(), Field::bool("is_recommended"), Field::text("order_mode", 50)])
        .answers(AnswerShape::NONE.with(&[Field::structs(
            "logistics_companies",
            "logistics_company",
            &[Field::long("id"), Field::text("code", 50), Field::text("name", 50), Field::text("reg_mail_no", 256)],
        )])),
    Method::top("taobao.refund.get", "获取单笔退款详情", "published refund page")
        .errors(errors::ONE_REFUND)
        .takes(&[FIELDS.required(), Field::id("refund_id").required()])
        .answers(AnswerShape::NONE.with(&[Field::tree("refund")])),
    Method::top("tmall.storedeliver.allocation.accept", "门店接单", "published tmall page")
        .errors(errors::ANSWER)
        .in_mode(ANSWERERS_BY_MODE)
        .by(&[Role::Pos, Role::Wms])
        .writes_by("the fact on the assignment's timeline")
        .takes(&[
            Field::text("allocation_code", 50).required(),
            Field::bool("is_accept").required(),
            Field::texts("sub_order_code", "subOrderCode", 20).required().at_most(20),
        ])
        .answers(AnswerShape::NONE.success("is_success")),
    Method::top("taobao.jushita.jdp.user.add", "添加数据推送用户", "published jushita page")
        .writes()
        .takes(&[
            Field::text("rds_name", 64).required(),
            Field::whole("history_days", 0, 90),
            Field::long_text("topics"),
        ])
        .answers(AnswerShape::NONE.success("is_success")),
    Method::top("taobao.jushita.jdp.user.delete", "删除数据推送用户", "published jushita page")
        .errors(errors::PUSH_NO_MORE)
        .for_the_app()
        .writes()
        .takes(&[Field::text("nick", 64), Field::id("user_id")])
        .answers(AnswerShape::NONE.success("is_success")),
    Method::top("taobao.jushita.jdp.users.get", "获取开通的订单同步服务的用户", "published jushita page")
        .for_the_app()
        .takes(&[
            Field::datetime("start_modified"),
            Field::datetime("end_modified"),
            Field::id("user_id"),
            PAGE_NO,
            Field::whole("page_size", 1, 200),
        ])
        .answers(
            AnswerShape::NONE.with(&[Field::structs("users", "jdp_user", JDP_USER), Field::long("total_results")]),
        ),
];

const SHIPPERS: &[Role] = &[Role::Merchant, Role::Pos, Role::Wms];
/// As with the other answers of a store: the POS app where it accepts, the WMS app at warehouses.
const ANSWERERS_BY_MODE: ByMode = ByMode {
    platform_keeper: &[Role::Wms],
    app_keeper: &[Role::Wms],
    platform_pos: &[Role::Pos, Role::Wms],
    app_pos: &[Role::Pos, Role::Wms],
};
const FIELDS: Field = Field::long_text("fields");
const PAGE_NO: Field = Field::page("page_no");
const PAGE_SIZE: Field = Field::whole("page_size", 1, 100);
const USE_HAS_NEXT: Field = Field::bool("use_has_next");
const SUB_TID: Field = Field::ids("sub_tid", "subTid").at_most(50);

const TRADES: AnswerShape =
    AnswerShape::NONE.with(&[Field::long("total_results"), Field::bool("has_next"), Field::trees("trades", "trade")]);
const SHIPPING: AnswerShape = AnswerShape::NONE.with(&[Field::structure("shipping", &[Field::bool("is_success")])]);

const JDP_USER: &[Field] = &[
    Field::id("user_id"),
    Field::text("user_nick", 64),
    Field::text("rds_name", 64),
    Field::int("status"),
    Field::text("seller_type", 50),
    Field::text("hl_appkey", 50),
    Field::id("rds_id"),
    Field::long("level"),
    Field::datetime("created"),
    Field::datetime("modified"),
];
