//! Published after 2016 beside chapter 6 and wanted here: re-allocation, pickup codes, door-to-door, a store's settings, item
//! tags, back-end articles and their mapping.

use super::definition::{AnswerShape, ByMode, Field, Method, ResultCode, Role, Thing};
use super::errors;

pub(super) const METHODS: &[Method] = &[
    Method::top("taobao.omniorder.store.reallocate", "门店发货提供改派接口", "published omniorder page")
        .errors(errors::REALLOCATE)
        .in_mode(REALLOCATORS_BY_MODE)
        .by(&[Role::Allocator, Role::Pos])
        .writes()
        .takes(&[
            MAIN_ORDER_ID.required(),
            Field::texts("sub_order_ids", "subOrderId", 20).required().at_most(100),
            Field::id("store_id"),
            Field::text("warehouse_code", 50),
        ])
        .answers(RESULT_DATA),
    Method::top("taobao.omniorder.storecollect.consume", "门店自提核销订单", "published omniorder page")
        .errors(errors::SHOW_CODE)
        .in_mode(STORE_SIDE_BY_MODE)
        .by(STORE_SIDE)
        .writes_by("the code: it is consumed once")
        .takes(&[MAIN_ORDER_ID.required(), CODE.required(), OPERATOR])
        .answers(AnswerShape::coded(ResultCode::ERR_CODE).message("err_msg")),
    Method::top("taobao.omniorder.storecollect.query", "门店自提根据核销码查询订单", "published omniorder page")
        .errors(errors::FIND_BY_CODE)
        .by(STORE_SIDE)
        .takes(&[CODE.required()])
        .answers(
            AnswerShape::coded(ResultCode::ERR_CODE)
                .message("err_msg")
                .within("result")
                .with(&[Field::structure("data", &[MAIN_ORDER_ID])]),
        ),
    Method::top("taobao.omniorder.dtd.consign", "门店自送发货", "published omniorder page")
        .errors(errors::BRING)
        .in_mode(STORE_SIDE_BY_MODE)
        .by(STORE_SIDE)
        .writes()
        .takes(&[MAIN_ORDER_ID.required(), Field::id("store_id").required()])
        .answers(RESULT_CODED),
    Method::top("taobao.omniorder.dtd.consume", "门店自送核销", "published omniorder page")
        .errors(errors::SHOW_CODE)
        .in_mode(STORE_SIDE_BY_MODE)
        .by(STORE_SIDE)
        .writes_by("the code: it is consumed once")
        .takes(&[Field::structure(
            "param_door2door_consume_request",
            &[CODE.required(), OPERATOR, MAIN_ORDER_ID.required()],
        )
        .required()])
        .answers(RESULT_CODED),
    Method::top("taobao.omniorder.dtd.query", "门店自送根据核销码查订单", "published omniorder page")
        .errors(errors::FIND_BY_CODE)
        .in_mode(BROUGHT_BY_MODE)
        .by(STORE_SIDE)
        .takes(&[CODE.required()])
        .answers(RESULT_CODED.with(&[Field::structure("data", &[MAIN_ORDER_ID])])),
    Method::top("taobao.omniorder.dtd.resend", "门店自送重发码", "published omniorder page")
        .errors(errors::SEND_CODE_AGAIN)
        .in_mode(STORE_SIDE_BY_MODE)
        .by(STORE_SIDE)
        .writes()
        .takes(&[MAIN_ORDER_ID.required()])
        .answers(RESULT_CODED),
    Method::top("taobao.omniorder.store.deliverconfig.get", "查询门店发货配置", "published omniorder page")
        .errors(errors::ONE_STORE)
        .takes(&[Field::id("store_id").required(), Field::bool("activity")])
        .answers(result(&[Field::structure("data", DELIVER_CONFIG)])),
    Method::top("taobao.omniorder.store.deliverconfig.update", "修改门店发货配置", "published omniorder page")
        .errors(errors::ONE_STORE)
        .writes()
        .takes(&[Field::id("store_id").required(), Field::structure("store_deliver_config", DELIVER_CONFIG).required()])
        .answers(RESULT_DATA),
    Method::top("taobao.omniorder.store.collectconfig.get", "查询门店自提配置", "published omniorder page")
        .errors(errors::ONE_STORE)
        .takes(&[Field::id("store_id").required(), Field::bool("activity")])
        .answers(result(&[Field::structure("data", COLLECT_CONFIG)])),
    Method::top("taobao.omniorder.store.collectconfig.update", "修改门店自提配置", "published omniorder page")
        .errors(errors::ONE_STORE)
        .writes()
        .takes(&[Field::id("store_id").required(), Field::structure("store_collect_config", COLLECT_CONFIG).required()])
        .answers(RESULT_DATA),
    Method::top("taobao.omniorder.store.switchstatus.get", "查询门店发货自提状态", "published omniorder page")
        .errors(errors::ONE_STORE)
        .takes(&[Field::id("store_id").required(), Field::id("seller_id")])
        .answers(RESULT_DATA),
    Method::top("taobao.omniorder.store.switchstatus.update", "修改门店发货自提状态", "published omniorder page")
        .errors(errors::ONE_STORE)
        .writes()
        .takes(&[Field::id("store_id").required(), Field::text("status", 50).required()])
        .answers(RESULT_DATA),
    Method::top("taobao.omniorder.item.tag.operate", "全渠道商品打标与去标", "published omniorder page")
        .writes()
        .takes(&[
            Field::id("item_id").required(),
            Field::choices("types", "type", &["storeDeliver", "AllocateByFront", "storeCollect"]).required(),
            Field::whole("status", -1, 1).required(),
            Field::structure(
                "omni_setting",
                &[Field::text("allocated_system", 50), Field::whole("accepted_system", 0, 1)],
            ),
        ])
        // The one published exception that keeps a bare `code`.
        .answers(AnswerShape::coded(ResultCode { name: "code", ok: "0" })),
    Method::qimen("taobao.qimen.items.marking", "商品通自动打标", "published qimen page")
        .writes()
        .takes(&[
            Field::ids("item_ids", "itemId").required().at_most(TAGGED_ITEMS_MAX),
            Field::choice("action_type", &["ADD", "DELETE"]).required(),
            TAG_TYPE.required(),
            REMARK,
        ])
        .answers(FLAG_ONLY),
    Method::qimen("taobao.qimen.items.tag.query", "打标结果查询-商品维度", "published qimen page")
        .takes(&[Field::ids("item_ids", "itemId").required().at_most(TAGGED_ITEMS_MAX), REMARK])
        .answers(FLAG_ONLY.with(&[Field::structs(
            "item_tags",
            "item_tag",
            &[Field::text("tag_type", 50), Field::id("item_id")],
        )])),
    Method::qimen("taobao.qimen.tag.items.query", "打标结果查询-标维度", "published qimen page")
        // Published without pages: `page` and `total_lines` are those of the sibling `itemstore.query`.
        .takes(&[Field::choice("tag_type", ANY_TAG_TYPE).required(), Field::page("page"), REMARK])
        .answers(FLAG_ONLY.with(&[
            Field::text("tag_type", 50),
            Field::ids("item_ids", "itemId"),
            Field::long("total_lines").top_only(),
        ])),
    Method::top("taobao.scitem.add", "发布后端商品", "§4.2, published scitem page")
        .errors(errors::ADD_ARTICLE)
        .writes_by("outer_code per seller")
        .takes(SC_ITEM_ADD)
        .answers(AnswerShape::NONE.with(&[Field::structure(
            "sc_item",
            &[
                Field::id("item_id"),
                Field::text("item_name", 255),
                Field::text("outer_code", 50),
                Field::int("item_type"),
            ],
        )])),
    Method::top("taobao.scitem.map.add", "创建IC商品与后端商品的映射关系", "§4.2, published scitem page")
        .errors(errors::MAP)
        .writes()
        .takes(&[
            Field::id("item_id").required(),
            Field::id("sku_id"),
            Field::id("sc_item_id"),
            Field::text("outer_code", 50),
            Field::bool("need_check"),
        ])
        .answers(AnswerShape::NONE.with(&[Field::text("outer_code", 50)])),
    Method::top("taobao.scitem.map.delete", "失效指定用户的商品与后端商品的映射关系", "published scitem page")
        .errors(errors::ONE_ARTICLE)
        .writes()
        .takes(&[Field::id("sc_item_id").required(), Field::text("user_nick", 64)])
        .answers(AnswerShape::NONE.with(&[Field::int("module")])),
    Method::top("taobao.scitem.map.query", "查找IC商品或分销商品与后端商品的关联信息", "published scitem page")
        .takes(&[Field::id("item_id").required(), Field::id("sku_id")])
        .answers(AnswerShape::NONE.with(&[Field::structs("sc_item_maps", "sc_item_map", SC_ITEM_MAP)])),
];

const STORE_SIDE: &[Role] = &[Role::Merchant, Role::Pos];
/// The POS app where it accepts; elsewhere the keeper, over REST.
const STORE_SIDE_BY_MODE: ByMode =
    ByMode { platform_keeper: &[], app_keeper: &[], platform_pos: &[Role::Pos], app_pos: &[Role::Pos] };
/// Where no app can send goods on their way with a code, there is none to ask for.
const BROUGHT_BY_MODE: ByMode =
    ByMode { platform_keeper: &[], app_keeper: &[], platform_pos: STORE_SIDE, app_pos: STORE_SIDE };
/// Whoever allocates or accepts.
const REALLOCATORS_BY_MODE: ByMode = ByMode {
    platform_keeper: &[],
    app_keeper: &[Role::Allocator],
    platform_pos: &[Role::Pos],
    app_pos: &[Role::Allocator, Role::Pos],
};
const RESULT_CODED: AnswerShape = AnswerShape::coded(ResultCode::RESULT_CODE);
const RESULT_DATA: AnswerShape = result(&[Field::long_text("data")]);
const FLAG_ONLY: AnswerShape = {
    let mut shape = AnswerShape::NONE.message("message");
    shape.flag = true;
    shape
};

/// `{"result":{"code":"0","message":"","data":…}}`.
const fn result(fields: &'static [Field]) -> AnswerShape {
    AnswerShape::coded(ResultCode { name: "code", ok: "0" }).within("result").with(fields)
}

const MAIN_ORDER_ID: Field = Field::id("main_order_id");
const CODE: Field = Field::text("code", 50).names(Thing::PickupCode);
const OPERATOR: Field = Field::text("operator", 50);
const REMARK: Field = Field::text("remark", 500);
const TAG_TYPE: Field = Field::choice("tag_type", &["TBKU", "MDZT"]);
/// Beside the two of `items.marking` those of `item.tag.operate`; MDZT and storeCollect are one tag.
const ANY_TAG_TYPE: &[&str] = &["TBKU", "MDZT", "storeDeliver", "storeCollect", "AllocateByFront"];
/// Items of one call that marks them or asks for their tags.
const TAGGED_ITEMS_MAX: usize = 200;

const DELIVER_CONFIG: &[Field] = &[
    Field::text("working_time", 64),
    Field::json_text("dispatch_time_range"),
    Field::whole("priority", 0, 10),
    Field::long("deliver_threshold"),
    Field::bool("activity"),
    Field::datetime("activity_start_time"),
    Field::datetime("activity_end_time"),
];

const COLLECT_CONFIG: &[Field] = &[
    Field::text("working_time", 64),
    Field::long("collect_threshold"),
    Field::bool("activity"),
    Field::datetime("activity_start_time"),
    Field::datetime("activity_end_time"),
];

const SC_ITEM_ADD: &[Field] = &[
    Field::text("item_name", 255).required(),
    Field::text("outer_code", 50).required(),
    Field::whole("item_type", 0, 1),
    Field::text("bar_code", 64),
    Field::id("brand_id"),
    Field::text("brand_name", 64),
    Field::long("height"),
    Field::long("length"),
    Field::long("width"),
    Field::long("volume"),
    Field::long("weight"),
    Field::int("is_area_sale"),
    Field::int("is_costly"),
    Field::int("is_dangerous"),
    Field::int("is_friable"),
    Field::int("is_warranty"),
    Field::text("matter_status", 50),
    Field::long("price"),
    Field::long_text("properties"),
    Field::text("remark", 500),
    Field::id("spu_id"),
    Field::text("wms_code", 50),
];

const SC_ITEM_MAP: &[Field] = &[
    Field::id("item_id"),
    Field::int("map_type"),
    Field::id("rel_item_id"),
    Field::text("rel_outer_code", 50),
    Field::id("rel_user_id"),
    Field::text("rel_user_nick", 64),
    Field::id("sku_id"),
    Field::id("user_id"),
    Field::text("user_nick", 64),
];
