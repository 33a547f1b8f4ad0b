//! White paper §6.1: stores, and the binding of items to stores. TOP forms: published pages of `taobao.qimen.store*`.

use super::definition::{AnswerShape, Field, FieldsAt, Method, ResultCode, Role};
use super::errors;

/// Most stores one item may be bound to in one call (§6.1.6).
const STORES_MAX: usize = 200;

pub(super) const METHODS: &[Method] = &[
    Method::qimen("taobao.qimen.store.create", "门店新增接口", "§6.1.1")
        .errors(errors::CREATE_STORE)
        .writes()
        .takes(STORE_CREATE)
        .answers(STORE_ANSWER.with(&[Field::id("store_id")]).at(FieldsAt::AfterFlag)),
    Method::qimen("taobao.qimen.storecategory.get", "门店类目获取接口", "§6.1.2")
        .takes(&[REMARK])
        .answers(STORE_ANSWER.with(&[Field::long_text("store_category")]).at(FieldsAt::AfterFlag)),
    Method::qimen("taobao.qimen.store.update", "门店更新接口", "§6.1.3")
        .errors(errors::UPDATE_STORE)
        .writes()
        .takes(STORE_UPDATE)
        .answers(STORE_ANSWER),
    Method::qimen("taobao.qimen.store.delete", "门店删除接口", "§6.1.4")
        .errors(errors::DELETE_STORES)
        .writes_by("storeId: a deleted store stays deleted")
        .takes(&[Field::ids("store_id", "storeId").required().repeated().at_most(STORES_MAX)])
        .answers(STORE_ANSWER),
    Method::qimen("taobao.qimen.store.query", "门店信息查询接口", "§6.1.5")
        .errors(errors::ONE_STORE)
        .takes(&[Field::id("store_id").required()])
        .answers(STORE_ANSWER.with(STORE_INFO)),
    Method::qimen("taobao.qimen.itemstore.banding", "商品关联绑定接口", "§6.1.6")
        .errors(errors::BIND)
        .by(&[Role::Merchant, Role::Allocator, Role::Pos])
        .writes()
        .takes(&[
            Field::choice("action_type", &["ADD", "DELETE"]).required(),
            Field::id("item_id").required(),
            Field::ids("store_ids", "storeId").required().at_most(STORES_MAX),
            REMARK,
        ])
        .answers(STORE_ANSWER),
    Method::qimen("taobao.qimen.itemstore.query", "商品关联门店查询接口", "§6.1.7")
        .takes(&[Field::id("item_id").required(), Field::long("page")])
        .answers(
            STORE_ANSWER
                .with(&[Field::ids("store_ids", "storeId"), Field::long("total_lines").top_only()])
                .at(FieldsAt::AfterCode),
        ),
    Method::qimen("taobao.qimen.storeitem.query", "门店关联商品查询接口", "§6.1.8")
        .errors(errors::ONE_STORE)
        .takes(&[Field::id("store_id").required(), Field::long("page")])
        .answers(
            STORE_ANSWER
                .with(&[Field::texts("item_ids", "itemId", 20), Field::long("total_lines").top_only()])
                .at(FieldsAt::AfterCode),
        ),
];

const STORE_ANSWER: AnswerShape = AnswerShape::flagged(ResultCode::QIMEN_CODE);
const REMARK: Field = Field::text("remark", 500);

/// A store's types: only the last is a warehouse.
const STORE_TYPES: &[&str] = &["NORMAL", "MALL", "MALL_SHOP", "LIGHT_SHOP", "HOSPITAL", "DEPARTMENT", "WAREHOUSE"];
const STORE_STATUS: &[&str] = &["HOLD", "CLOSE", "NORMAL"];

const STORE_CODE: Field = Field::text("store_code", 50);
const SHOP_ID: Field = Field::id("shop_id");
const COMPANY_NAME: Field = Field::text("company_name", 50);
const STORE_NAME: Field = Field::text("store_name", 50);
const STORE_TYPE: Field = Field::choice("store_type", STORE_TYPES);
const MAIN_CATEGORY: Field = Field::int("main_category");
const START_TIME: Field = Field::hour_minute("start_time");
const END_TIME: Field = Field::hour_minute("end_time");
const STATUS: Field = Field::choice("store_status", STORE_STATUS);
const DESCRIPTION: Field = Field::text("store_description", 500);

const ADDRESS: &[Field] = &[
    Field::text("region", 50),
    Field::text("province", 50).required(),
    Field::text("city", 50).required(),
    Field::text("area", 50).required(),
    Field::text("town", 50),
    Field::text("detail_address", 50).required(),
    Field::text("country_code", 50),
];

/// The published TOP form of the update does not require the city; the white paper does.
const ADDRESS_UPDATE: &[Field] = &[
    Field::text("region", 50),
    Field::text("province", 50).required(),
    Field::text("city", 50),
    Field::text("area", 50).required(),
    Field::text("town", 50),
    Field::text("detail_address", 50).required(),
    Field::text("country_code", 50),
];

const KEEPER: &[Field] = &[
    Field::text("name", 50),
    Field::text("tel", 50).required(),
    Field::text("mobile", 50).required(),
    Field::text("fax", 50),
    Field::text("zip_code", 50),
];

const STORE_CREATE: &[Field] = &[
    STORE_CODE.required(),
    SHOP_ID,
    COMPANY_NAME.required(),
    STORE_NAME.required(),
    STORE_TYPE.required(),
    MAIN_CATEGORY.required(),
    START_TIME.required(),
    END_TIME.required(),
    Field::structure("address", ADDRESS).required(),
    STATUS,
    DESCRIPTION,
    Field::structure("store_keeper", KEEPER).required(),
    REMARK,
];

/// The white paper requires the shop here; the published form does not.
const STORE_UPDATE: &[Field] = &[
    Field::id("store_id").required(),
    STORE_CODE.required(),
    SHOP_ID,
    COMPANY_NAME.required(),
    STORE_NAME.required(),
    STORE_TYPE.required(),
    MAIN_CATEGORY.required(),
    START_TIME.required(),
    END_TIME.required(),
    Field::structure("address", ADDRESS_UPDATE).required(),
    STATUS,
    DESCRIPTION,
    Field::structure("store_keeper", KEEPER).required(),
    REMARK,
];

const STORE_INFO: &[Field] = &[
    STORE_CODE,
    Field::text("shop_id", 20),
    COMPANY_NAME,
    STORE_NAME,
    STORE_TYPE,
    MAIN_CATEGORY,
    START_TIME,
    END_TIME,
    Field::structure("address", ADDRESS),
    STATUS,
    DESCRIPTION,
    Field::structure("store_keeper", KEEPER),
    REMARK,
];
