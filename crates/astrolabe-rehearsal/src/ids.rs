//! Names of things as they stand on the wire. The platform has its own; these are the merchant's side of them.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

number_ids! {
    /// The merchant.
    SellerId;
    /// 淘宝交易主订单 id.
    Tid;
    /// 子订单 id.
    Oid;
    /// 宝贝.
    ItemId;
    /// SKU of a listing; 0 where the listing has none.
    SkuId;
    /// 门店 id, given by the platform.
    StoreId;
    /// 退款单号.
    RefundId;
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

text_ids! {
    /// The merchant's own code of a store.
    StoreCode;
    /// 电商仓 code.
    WarehouseCode;
    /// 流水号 of a stock bill.
    BillNum;
    /// Key of a hold before payment.
    HoldKey;
    /// 运单号.
    Waybill;
    /// 星盘派单号 as text.
    AllocationCode;
}

/// Where stock lies, as the wire names it: `warehouseType` and `warehouseId`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Location {
    /// 门店.
    Store(StoreId),
    /// 电商仓.
    Warehouse(WarehouseCode),
}

impl Location {
    /// The stock methods' `warehouse_type`.
    #[must_use]
    pub fn stock_type(&self) -> &'static str {
        match self {
            Self::Store(_) => "STORE",
            Self::Warehouse(_) => "WAREHOUSE",
        }
    }

    /// The omniorder methods' `store_type`.
    #[must_use]
    pub fn order_type(&self) -> &'static str {
        match self {
            Self::Store(_) => "Store",
            Self::Warehouse(_) => "Warehouse",
        }
    }

    /// The id as text, as the wire carries it.
    #[must_use]
    pub fn id_text(&self) -> String {
        match self {
            Self::Store(id) => id.to_string(),
            Self::Warehouse(code) => code.0.clone(),
        }
    }

    /// Reads the pair of the omniorder methods; nothing if the type is unknown or a store's id is no number.
    #[must_use]
    pub fn read(order_type: &str, id: &str) -> Option<Self> {
        if order_type.eq_ignore_ascii_case("Warehouse") {
            Some(Self::Warehouse(WarehouseCode(id.to_owned())))
        } else if order_type.eq_ignore_ascii_case("Store") {
            id.parse().ok().map(|id| Self::Store(StoreId(id)))
        } else {
            None
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id_text())
    }
}

/// One listing with one of its SKUs: what a sub-order buys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Listing {
    /// The listing.
    pub item: ItemId,
    /// Its SKU; 0 where it has none.
    pub sku: SkuId,
}
