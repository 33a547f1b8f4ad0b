//! White paper §6.2 (back-end articles) and §6.3 (front-end items): inventory. TOP forms: the published
//! `taobao.jst.astrolabe.storeinventory.*`, which have no `userId` and share one item struct.

use super::definition::{Alias, AnswerShape, ByMode, Field, Method, ResultCode, Role};
use super::errors;

/// Most stores in one stock call (published).
const STORES_MAX: usize = 20;

pub(super) const METHODS: &[Method] = &[
    Method::qimen("taobao.qimen.storeinventory.initial", "门店库存初始化接口", "§6.2.1")
        .errors(errors::INITIAL_BILLS)
        .alias(&[Alias::same("taobao.jst.astrolabe.storeinventory.initial")])
        .writes_by(BILL)
        .batch()
        .takes(&[USER_ID, OPERATION_TIME.required(), stores(STORES_INITIAL)])
        .answers(BACK_END.with(ERRORS_MISSPELT)),
    Method::qimen("taobao.qimen.storeinventory.update", "门店库存更新接口", "§6.2.2")
        .errors(errors::CHANGE_BILLS)
        .alias(&[Alias::same("taobao.jst.astrolabe.storeinventory.update")])
        .writes_by(BILL)
        .batch()
        .takes(&[USER_ID, OPERATION_TIME.required(), stores(STORES_UPDATE)])
        .answers(BACK_END.with(ERRORS)),
    Method::qimen("taobao.qimen.storeinventory.query", "门店库存查询接口", "§6.2.3")
        .errors(errors::QUERY_STOCK)
        .alias(&[Alias::same("taobao.jst.astrolabe.storeinventory.query")])
        .batch()
        .takes(&[USER_ID, stores(STORES_QUERY)])
        .answers(BACK_END.with(STORES_ANSWER)),
    Method::qimen("taobao.qimen.storeinventory.adjust", "库存占用调整接口", "§6.2.4")
        .errors(errors::ADJUST)
        .in_mode(ADJUSTERS_BY_MODE)
        .alias(&[Alias::same("taobao.jst.astrolabe.storeinventory.adjust")])
        .by(ADJUSTERS)
        .writes_by("billNum and sub-order")
        .takes(&[
            USER_ID,
            OPERATION_TIME.required(),
            Field::structure("inventory_adjust_info", ADJUST_BACK_END).required(),
        ])
        .answers(BACK_END),
    Method::qimen("taobao.qimen.storeinventory.iteminitial", "库存初始化接口", "§6.3.1")
        .errors(errors::INITIAL_BILLS)
        .alias(&[Alias::same("taobao.jst.astrolabe.storeinventory.iteminitial")])
        .writes_by(BILL)
        .batch()
        .takes(&[USER_ID, OPERATION_TIME.required(), stores(STORES_ITEM_INITIAL)])
        .answers(FRONT_END.with(ERRORS_MISSPELT)),
    Method::qimen("taobao.qimen.storeinventory.itemupdate", "库存增量更新接口", "§6.3.2")
        .errors(errors::CHANGE_BILLS)
        .alias(&[Alias::same("taobao.jst.astrolabe.storeinventory.itemupdate")])
        .writes_by(BILL)
        .batch()
        .takes(&[USER_ID, OPERATION_TIME.required(), stores(STORES_ITEM_UPDATE)])
        .answers(FRONT_END.with(ERRORS_MISSPELT)),
    Method::qimen("taobao.qimen.storeinventory.itemquery", "库存查询接口", "§6.3.3")
        .errors(errors::QUERY_STOCK)
        .alias(&[Alias::same("taobao.jst.astrolabe.storeinventory.itemquery")])
        .batch()
        .takes(&[USER_ID, stores(STORES_ITEM_QUERY)])
        .answers(FRONT_END.with(STORES_ANSWER_FRONT_END)),
    Method::qimen("taobao.qimen.storeinventory.itemadjust", "库存占用调整接口", "§6.3.4")
        .errors(errors::ADJUST)
        .in_mode(ADJUSTERS_BY_MODE)
        .alias(&[Alias::same("taobao.jst.astrolabe.storeinventory.itemadjust")])
        .by(ADJUSTERS)
        .writes_by("billNum and sub-order")
        .takes(&[
            USER_ID,
            OPERATION_TIME.required(),
            Field::structure("inventory_adjust_info", ADJUST_FRONT_END).required(),
        ])
        .answers(FRONT_END),
];

const BILL: &str = "billNum with location, article and class";
const ADJUSTERS: &[Role] = &[Role::Allocator, Role::Pos];
/// Who allocates; in §3.3, where the platform does, the POS app may bring a hold to the assigned location.
const ADJUSTERS_BY_MODE: ByMode = ByMode {
    platform_keeper: &[],
    app_keeper: &[Role::Allocator],
    platform_pos: &[Role::Pos],
    app_pos: &[Role::Allocator],
};

const FRONT_END: AnswerShape = AnswerShape::flagged(ResultCode::QIMEN_CODE);
const BACK_END: AnswerShape = AnswerShape::flagged(ResultCode::RESULT_CODE);

const USER_ID: Field = Field::id("user_id");
const OPERATION_TIME: Field = Field::datetime("operation_time");
const LOCATION_TYPES: &[&str] = &["WAREHOUSE", "STORE"];
const CLASSES: &[&str] = &["CERTAINTY", "UNCERTAINTY"];

const WAREHOUSE_TYPE: Field = Field::choice("warehouse_type", LOCATION_TYPES).required();
const WAREHOUSE_ID: Field = Field::text("warehouse_id", 50).required();
const BILL_NUM: Field = Field::text("bill_num", 50);
const BILL_TYPE: Field = Field::choice("bill_type", &["TAOBAO_INCLUDED", "TAOBAO_EXCLUDED", "BALANCE"]);
const SC_ITEM_ID: Field = Field::id("sc_item_id");
const ITEM_ID: Field = Field::id("item_id");
const SKU_ID: Field = Field::id("sku_id");
const OUTER_ID: Field = Field::text("outer_id", 50);
const INVENTORY_TYPE: Field = Field::choice("inventory_type", CLASSES);
const QUANTITY: Field = Field::long("quantity");
const QUANTITY_INT: Field = Field::whole("quantity", 0, i32::MAX as i64);
const QUANTITY_CHANGE: Field = Field::int("quantity");
const FINAL_QUANTITY: Field = Field::long("final_quantity");
const FINAL_QUANTITY_INT: Field = Field::whole("final_quantity", 0, i32::MAX as i64);

const fn stores(fields: &'static [Field]) -> Field {
    Field::structs("stores", "store", fields).required().at_most(STORES_MAX)
}

const fn inventories(fields: &'static [Field]) -> Field {
    Field::structs("store_inventories", "store_inventory", fields).required()
}

const STORES_INITIAL: &[Field] = &[
    WAREHOUSE_TYPE,
    WAREHOUSE_ID,
    inventories(&[
        BILL_NUM.required(),
        SC_ITEM_ID.required(),
        OUTER_ID,
        INVENTORY_TYPE.required(),
        QUANTITY.required(),
        BILL_TYPE,
        FINAL_QUANTITY,
        ITEM_ID,
        SKU_ID,
    ]),
];

const STORES_UPDATE: &[Field] = &[
    WAREHOUSE_TYPE,
    WAREHOUSE_ID,
    inventories(&[
        BILL_NUM.required(),
        BILL_TYPE.required(),
        SC_ITEM_ID.required(),
        OUTER_ID,
        INVENTORY_TYPE.required(),
        QUANTITY_CHANGE.required(),
        FINAL_QUANTITY,
        ITEM_ID,
        SKU_ID,
    ]),
];

const STORES_QUERY: &[Field] = &[
    WAREHOUSE_TYPE,
    WAREHOUSE_ID,
    inventories(&[SC_ITEM_ID.required(), OUTER_ID, ITEM_ID, SKU_ID, BILL_NUM, INVENTORY_TYPE]),
];

const STORES_ITEM_INITIAL: &[Field] = &[
    WAREHOUSE_TYPE,
    WAREHOUSE_ID,
    inventories(&[
        BILL_NUM.required(),
        ITEM_ID.required(),
        OUTER_ID.required(),
        SKU_ID,
        INVENTORY_TYPE.required(),
        QUANTITY_INT.required(),
        BILL_TYPE,
        FINAL_QUANTITY_INT,
        SC_ITEM_ID,
    ]),
];

const STORES_ITEM_UPDATE: &[Field] = &[
    WAREHOUSE_TYPE,
    WAREHOUSE_ID,
    inventories(&[
        BILL_NUM.required(),
        BILL_TYPE.required(),
        ITEM_ID.required(),
        OUTER_ID.required(),
        SKU_ID,
        INVENTORY_TYPE.required(),
        QUANTITY_CHANGE.required(),
        FINAL_QUANTITY_INT,
        SC_ITEM_ID,
    ]),
];

const STORES_ITEM_QUERY: &[Field] = &[
    WAREHOUSE_TYPE,
    WAREHOUSE_ID,
    inventories(&[ITEM_ID.required(), OUTER_ID.required(), SKU_ID, SC_ITEM_ID, BILL_NUM, INVENTORY_TYPE]),
];

/// The published TOP form has no target type, but an origin and a type of adjustment.
const ADJUST_BACK_END: &[Field] = &[
    BILL_NUM.required(),
    Field::text("tb_trade_order", 50).required(),
    Field::text("tb_sub_trade_order", 50).required(),
    Field::choice("target_warehouse_type", LOCATION_TYPES),
    Field::text("target_warehouse_id", 50).required(),
    Field::text("original_warehouse_id", 50),
    Field::text("adjust_type", 50),
    SC_ITEM_ID.required(),
    OUTER_ID,
    ITEM_ID,
    SKU_ID,
    INVENTORY_TYPE.required(),
    QUANTITY.required(),
];

const ADJUST_FRONT_END: &[Field] = &[
    BILL_NUM.required(),
    Field::text("tb_trade_order", 50).required(),
    Field::text("tb_sub_trade_order", 50).required(),
    Field::choice("target_warehouse_type", LOCATION_TYPES),
    Field::text("target_warehouse_id", 50).required(),
    Field::text("original_warehouse_id", 50),
    Field::text("adjust_type", 50),
    ITEM_ID.required(),
    OUTER_ID.required(),
    SKU_ID,
    SC_ITEM_ID,
    INVENTORY_TYPE.required(),
    QUANTITY.required(),
];

const FAILED_BILL_NUM: Field = Field::long_text("failed_bill_num");

/// Published so: the answers of initial, iteminitial and itemupdate misspell the description.
const ERRORS_MISSPELT: &[Field] = &[Field::structs(
    "error_descriptions",
    "error",
    &[Field::long_text("descrpition").qimen("description"), FAILED_BILL_NUM],
)
.wrapped_by_method("error")];

const ERRORS: &[Field] =
    &[Field::structs("error_descriptions", "error", &[Field::long_text("description"), FAILED_BILL_NUM])
        .wrapped_by_method("error")];

/// The places of a query with what lies there; `article` is how the answer tells the back-end article.
macro_rules! stores_answer {
    ($article:expr) => {
        &[Field::structs(
            "stores",
            "store",
            &[
                Field::choice("warehouse_type", LOCATION_TYPES),
                Field::text("warehouse_id", 50),
                Field::structs(
                    "store_inventories",
                    "store_inventory",
                    &[
                        $article,
                        ITEM_ID,
                        OUTER_ID,
                        SKU_ID,
                        Field::structs(
                            "quantity_details",
                            "quantity_detail",
                            &[INVENTORY_TYPE, Field::long("quantity"), Field::long("occupy_quantity").top_only()],
                        ),
                    ],
                ),
            ],
        )]
    };
}

const STORES_ANSWER: &[Field] = stores_answer!(SC_ITEM_ID);
/// Chapter 6.3.3 prints no article; the published form has it.
const STORES_ANSWER_FRONT_END: &[Field] = stores_answer!(SC_ITEM_ID.top_only());
