//! The method catalogue as data: what every method takes and answers, in every shape it exists in.
//!
//! Each chapter file reads like a page of documentation; adding a method is one entry there. The catalogue does not say
//! which methods have a handler (the server does) nor what a method means. Decoding ([`crate::request`]), rendering
//! ([`crate::answer`]), the outward calls ([`crate::spi`]) and the client side ([`crate::client`]) are all driven by it.

mod allocation;
mod definition;
mod entry;
mod errors;
mod inventory;
mod orders;
mod ours;
mod siblings;
mod stores;
mod things;
mod trade_side;

use std::collections::HashMap;
use std::sync::LazyLock;

pub(crate) use definition::is_camel_case_of;
pub use definition::{
    ActsFor, Alias, AnswerShape, ByMode, Direction, Doors, Effect, Field, FieldsAt, Inherited, Item, Kind, Layout,
    Leaf, List, Method, Need, Repeat, ResultCode, Role, Thing, WrapName, camel_case,
};

/// One file of the catalogue: methods that are read together.
#[derive(Debug, Clone, Copy)]
pub struct Chapter {
    /// The name of its pages.
    pub name: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Its methods.
    pub methods: &'static [Method],
}

/// Every chapter, in the order of the white paper.
pub const CHAPTERS: &[Chapter] = &[
    Chapter { name: "stores", title: "Stores and bindings (§6.1)", methods: stores::METHODS },
    Chapter { name: "inventory", title: "Inventory (§6.2, §6.3)", methods: inventory::METHODS },
    Chapter { name: "orders", title: "Order states (§6.4, §6.5)", methods: orders::METHODS },
    Chapter { name: "allocation", title: "Allocation and the store's answers (§6.6)", methods: allocation::METHODS },
    Chapter { name: "siblings", title: "Published beside chapter 6", methods: siblings::METHODS },
    Chapter { name: "trade-side", title: "The trade side", methods: trade_side::METHODS },
    Chapter { name: "stock-ahead", title: "Stock held before payment (§4.3)", methods: ours::METHODS },
];

/// Every served method, by chapter.
pub fn all() -> impl Iterator<Item = &'static Method> {
    CHAPTERS.iter().flat_map(|chapter| chapter.methods)
}

/// Business codes that any method may answer: what is refused before the method's own handler, and our own failures.
pub const ERRORS_OF_ANY: &[&str] = &[
    "isv.missing-parameter",
    "isv.invalid-parameter",
    "isv.invalid-permission",
    "isv.permission-api-package-limit",
    "isv.timestamp-limit-error",
    "isp.call-limited",
    "isp.remote-service-error",
    "isp.remote-service-timeout",
    "isp.unknown-error",
];

/// Methods that were published and that this platform answers with `isv.not-supported`, and why each.
pub const NOT_SUPPORTED: &[(&str, &str)] = &[
    ("taobao.omniorder.guide.data.get", "sales by shop assistants' recommendation are not recorded here"),
    ("taobao.omniorder.print.sale.judge", "no sales slips are printed here"),
    ("taobao.omniorder.store.getconsignmailcode", "no carrier gives waybill numbers out through here"),
    ("taobao.omniorder.store.sdtcancel", "there is no courier to call off"),
    ("taobao.omniorder.store.sdtconsign", "there is no courier to hand over to"),
    ("taobao.omniorder.store.sdtquerystation", "there is no courier whose stations could be looked up"),
    ("taobao.omniorder.store.sdtstatus", "there is no courier whose state could be asked for"),
    ("taobao.omniorder.store.warehouse", "warehouses are declared by the operator, not over the wire"),
];

/// What a method name on the wire stands for.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    /// A method of the catalogue, under its canonical name or one of its aliases.
    Method(&'static Method, Option<&'static Alias>),
    /// Published, and refused with `isv.not-supported`.
    NotSupported(&'static str),
}

/// Finds a method that callers may call inward, by name or alias, whatever its case.
#[must_use]
pub fn find_inward(name: &str) -> Option<Found> {
    INWARD.get(name.to_ascii_lowercase().as_str()).copied()
}

/// Finds a method that the platform calls outward (an SPI, or a channel's TOP method), by name or alias, whatever its case.
#[must_use]
pub fn find_outward(name: &str) -> Option<&'static Method> {
    OUTWARD.get(name.to_ascii_lowercase().as_str()).copied()
}

static INWARD: LazyLock<HashMap<String, Found>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for (name, _why) in NOT_SUPPORTED {
        names.insert(name.to_ascii_lowercase(), Found::NotSupported(name));
    }
    for method in all().filter(|method| method.direction.is_inward()) {
        names.insert(method.name.to_ascii_lowercase(), Found::Method(method, None));
        for alias in method.aliases {
            names.insert(alias.name.to_ascii_lowercase(), Found::Method(method, Some(alias)));
        }
    }
    names
});

static OUTWARD: LazyLock<HashMap<String, &'static Method>> = LazyLock::new(|| {
    all()
        .filter(|method| method.direction.is_outward())
        .flat_map(|method| {
            std::iter::once(method.name)
                .chain(method.aliases.iter().map(|a| a.name))
                .map(move |name| (name.to_ascii_lowercase(), method))
        })
        .collect()
});
