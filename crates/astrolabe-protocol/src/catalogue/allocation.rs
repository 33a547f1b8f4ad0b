//! White paper §6.6 and §3.3: allocation results and the POS's answers inward, notices to ISVs outward.
//!
//! Inward methods accept two forms: the published one (everything per sub-order in `sub_order_list`) and the white paper's flat
//! one, whose head fields (`store_id`, `type`, `operator`, `logistic_*`, `mail_no`) the items inherit.

use super::definition::{Alias, AnswerShape, ByMode, Field, Method, ResultCode, Role, Thing};
use super::errors;

/// Most sub-orders in an allocation result (published).
const ALLOCATED_MAX: usize = 50;
/// Most sub-orders in an acceptance or a refusal (published).
const ANSWERED_MAX: usize = 20;
/// Most sub-orders in a consignment (the published metadata; its page says 20).
const CONSIGNED_MAX: usize = 200;

pub(super) const METHODS: &[Method] = &[
    Method::top("taobao.omniorder.allocatedinfo.sync", "分单结果同步给星盘", "§6.6.2")
        .errors(errors::ALLOCATE)
        .in_mode(ALLOCATORS_BY_MODE)
        .by(&[Role::Allocator])
        .writes_by("sub-order and location")
        .takes(ALLOCATED_INFO)
        .answers(ERR_CODED),
    Method::top("taobao.omniorder.store.accpeted", "POS 接单通知星盘", "§6.6.8")
        .errors(errors::ANSWER)
        .in_mode(ANSWERERS_BY_MODE)
        .alias(&[Alias::same("taobao.omniorder.store.accepted")])
        .by(ANSWERERS)
        .writes_by("the fact on the assignment's timeline")
        .takes(ANSWERED)
        .inherits("sub_order_list", HEAD)
        .answers(ERR_CODED),
    Method::top("taobao.omniorder.store.refused", "POS 拒单通知星盘", "§6.6.9")
        .errors(errors::ANSWER)
        .in_mode(ANSWERERS_BY_MODE)
        .alias(&[Alias::same("taobao.omniorder.store.refuse")])
        .by(ANSWERERS)
        .writes_by("the fact on the assignment's timeline")
        .takes(ANSWERED)
        .inherits("sub_order_list", HEAD)
        .answers(ERR_CODED),
    Method::top("taobao.omniorder.store.consigned", "POS 发货通知星盘", "§6.6.10")
        .errors(errors::ANSWER)
        .in_mode(ANSWERERS_BY_MODE)
        .by(ANSWERERS)
        .writes_by("the fact on the assignment's timeline")
        .takes(CONSIGNED)
        .inherits("sub_order_list", HEAD_CONSIGNED)
        .answers(ERR_CODED.with(&[Field::structure(
            "data",
            &[Field::text("short_id", 64), Field::text("mail_no", 64), Field::text("got_code", 64)],
        )])),
    Method::spi("taobao.qimen.omniorder.allocate", "派单/重新分单", "§6.6.1")
        .takes(&[TID.required(), SELLER_ID.required(), Field::text("seller_nick", 64)])
        .answers(AnswerShape::spi().with(&[Field::long_text("app_key").also(&["appKey"]).qimen("appKey")])),
    Method::spi("taobao.qimen.omniorder.allocatedinfo.sync", "星盘同步派单结果到 POS", "§3.3, body as §6.6.2")
        .takes(ALLOCATED_NOTICE)
        .answers(AnswerShape::spi()),
    Method::spi("taobao.qimen.omniorder.allocatedinfo.get", "派单结果查询", "§6.6.3")
        .takes(&[TID.required(), SELLER_ID])
        .answers(AnswerShape::spi().with(&[
            TID,
            Field::text("status", 50),
            Field::structs("store_allocated_list", "allocated_info", ALLOCATED_ANSWER).at_most(ALLOCATED_MAX),
        ])),
    Method::spi("taobao.qimen.omniorder.customer.refund", "客户退款通知 ISV", "§6.6.4")
        .takes(&[
            TID.required(),
            SELLER_ID,
            Field::structs("sub_order_list", "sub_order", &[SUB_OID.required(), SUB_ORDER_STATUS.required()])
                .required(),
        ])
        .answers(AnswerShape::spi()),
    Method::spi("taobao.qimen.omniorder.store.accpeted", "星盘通知 POS 已接单", "§6.6.5")
        .takes(NOTICE)
        .answers(AnswerShape::spi()),
    Method::spi("taobao.qimen.omniorder.store.refused", "星盘通知 POS 已拒单", "§6.6.6")
        .takes(NOTICE)
        .answers(AnswerShape::spi()),
    Method::spi("taobao.qimen.omniorder.store.consigned", "星盘通知 POS 已发货", "§6.6.7")
        .takes(NOTICE)
        .answers(AnswerShape::spi()),
];

const ERR_CODED: AnswerShape = AnswerShape::coded(ResultCode::ERR_CODE);
const ANSWERERS: &[Role] = &[Role::Pos, Role::Wms];
/// At warehouses the WMS app in every mode; at stores the POS app where it accepts.
const ANSWERERS_BY_MODE: ByMode = ByMode {
    platform_keeper: &[Role::Wms],
    app_keeper: &[Role::Wms],
    platform_pos: &[Role::Pos, Role::Wms],
    app_pos: &[Role::Pos, Role::Wms],
};
const ALLOCATORS_BY_MODE: ByMode =
    ByMode { platform_keeper: &[], app_keeper: &[Role::Allocator], platform_pos: &[], app_pos: &[Role::Allocator] };

const LOCATION_TYPES: &[&str] = &["Store", "Warehouse"];
const TID: Field = Field::id("tid");
const SUB_OID: Field = Field::id("sub_oid");
const SELLER_ID: Field = Field::id("seller_id");
const REPORT_TIMESTAMP: Field = Field::long("report_timestamp");
const TRACE_ID: Field = Field::text("trace_id", 64);
const MESSAGE: Field = Field::text("message", 500).also(&["description"]);
const STORE_ID: Field = Field::text("store_id", 50).names(Thing::Location);
const STORE_NAME: Field = Field::text("store_name", 50);
const STORE_TYPE: Field = Field::choice("store_type", LOCATION_TYPES).also(&["type"]);
const OPERATOR: Field = Field::text("operator", 50);
const ATTRIBUTES: Field = Field::json_text("attributes");
const ALLOCATION_STATUS: Field = Field::choice("status", &["Waiting", "Allocated", "AllocateFail"]);
const SUB_ORDER_STATUS: Field = Field::choice(
    "status",
    // The last occurs in the white paper in three spellings.
    &[
        "STATUS_NOT_PAY",
        "STATUS_PAID",
        "STATUS_REFUNDED",
        "STATUS_TRANSFERRED",
        "STATUS_TRANSFERED",
        "STATUS_TRANSFERRING",
    ],
);
const LOGISTIC_ID: Field = Field::text("logistic_id", 50);
const LOGISTIC_COMPANY: Field = Field::text("logistic_company", 50);
const LOGISTIC_COMPANY_CODE: Field = Field::text("logistic_company_code", 50);
const LOGISTIC_NO: Field = Field::text("logistic_no", 50).also(&["mail_no"]);

/// An item that was not allocated names no location.
const ALLOCATED_ITEM: &[Field] = &[
    Field::text("code", 50),
    SUB_OID.required(),
    STORE_ID.required_when("status", "Allocated"),
    STORE_TYPE.required_when("status", "Allocated"),
    ALLOCATION_STATUS.required(),
    MESSAGE,
    STORE_NAME,
    TID,
    ATTRIBUTES,
];

const ALLOCATED_INFO: &[Field] = &[
    TID.required(),
    SELLER_ID,
    REPORT_TIMESTAMP,
    ALLOCATION_STATUS.required(),
    MESSAGE,
    TRACE_ID,
    Field::structs("sub_order_list", "sub_order", ALLOCATED_ITEM)
        .required_may_be_empty()
        .also(&["store_allocated_list"])
        .at_most(ALLOCATED_MAX),
];

const ALLOCATED_ANSWER: &[Field] = &[
    STORE_ID,
    STORE_NAME,
    TID,
    SUB_OID,
    Field::text("status", 50),
    Field::text("description", 500).also(&["message"]),
    Field::text("store_type", 50).also(&["type"]),
    ATTRIBUTES,
];

/// Only the white paper defines the outward call (§3.3), so it goes out under the white paper's names.
const ALLOCATED_NOTICE: &[Field] = &[
    TID.required(),
    SELLER_ID,
    ALLOCATION_STATUS.required(),
    Field::text("message", 500),
    Field::structs(
        "store_allocated_list",
        "allocated_info",
        &[
            STORE_ID,
            STORE_NAME,
            TID,
            SUB_OID.required(),
            Field::choice("type", LOCATION_TYPES).also(&["store_type"]),
            ALLOCATION_STATUS.required(),
            Field::text("description", 500).also(&["message"]),
            ATTRIBUTES,
        ],
    )
    .required_may_be_empty()
    .also(&["sub_order_list"])
    .at_most(ALLOCATED_MAX),
];

/// What items inherit from the head in the flat form of §6.6.8 and §6.6.9.
const HEAD: &[&str] = &["store_id", "store_type", "operator"];

const ANSWERED: &[Field] = &[
    TID.required(),
    REPORT_TIMESTAMP,
    TRACE_ID,
    STORE_ID,
    STORE_TYPE,
    OPERATOR,
    Field::structs(
        "sub_order_list",
        "sub_order",
        &[
            SUB_OID.required(),
            TID,
            STORE_ID,
            STORE_TYPE,
            STORE_NAME,
            OPERATOR,
            Field::text("code", 50),
            MESSAGE,
            ATTRIBUTES,
            SUB_ORDER_STATUS,
        ],
    )
    .required()
    .at_most(ANSWERED_MAX),
];

/// What items inherit from the head in the flat form of §6.6.10.
const HEAD_CONSIGNED: &[&str] = &[
    "store_id",
    "store_type",
    "operator",
    "logistic_id",
    "logistic_company",
    "logistic_company_code",
    "logistic_no",
    "message",
];

const CONSIGNED: &[Field] = &[
    TID.required(),
    REPORT_TIMESTAMP,
    TRACE_ID,
    STORE_ID,
    STORE_TYPE,
    OPERATOR,
    LOGISTIC_ID,
    LOGISTIC_COMPANY,
    LOGISTIC_COMPANY_CODE,
    LOGISTIC_NO,
    MESSAGE,
    Field::structs(
        "sub_order_list",
        "sub_order",
        &[
            SUB_OID.required(),
            TID,
            STORE_ID,
            STORE_TYPE,
            STORE_NAME,
            OPERATOR,
            Field::text("code", 50),
            MESSAGE,
            ATTRIBUTES,
            LOGISTIC_ID,
            LOGISTIC_COMPANY,
            LOGISTIC_COMPANY_CODE,
            LOGISTIC_NO,
            Field::id("package_id"),
            SUB_ORDER_STATUS,
        ],
    )
    .required()
    .at_most(CONSIGNED_MAX),
    // Home decoration, published 2026: carried, not used.
    Field::id("sender_id"),
    Field::json_text("ins_receiver_to"),
    Field::json_text("jz_top_args"),
    Field::json_text("ins_tp_dto"),
    Field::json_text("jz_receiver_to"),
    Field::json_text("lg_tp_dto"),
];

/// §6.6.5–6.6.7. The rows after §6.6.7's answer table are a printing slip; we send them, a receiver ignores what it does not
/// know (wire decisions).
const NOTICE: &[Field] = &[
    TID.required(),
    SELLER_ID.required(),
    OPERATOR,
    Field::structs("sub_order_list", "sub_order", &[SUB_OID.required(), SUB_ORDER_STATUS]),
];
