//! The business codes of the chapters' methods: what a caller's code branches on. Codes that any method may answer are in
//! [`super::ERRORS_OF_ANY`]; what each means is on the page of errors, which the server writes.

/// Stores: §6.1.1–§6.1.5.
pub(super) const CREATE_STORE: &[&str] = &["isv.store-code-exists"];
pub(super) const UPDATE_STORE: &[&str] =
    &["isv.store-not-exist", "isv.store-code-exists", "isv.location-type-mismatch"];
pub(super) const DELETE_STORES: &[&str] =
    &["isv.store-not-exist", "isv.location-type-mismatch", "isv.store-has-live-orders", "isv.store-has-certain-stock"];
/// Whatever names one store and nothing else.
pub(super) const ONE_STORE: &[&str] = &["isv.store-not-exist"];
/// Bindings: §6.1.6.
pub(super) const BIND: &[&str] = &["isv.store-not-exist", "isv.location-type-mismatch"];

/// Stock bills: each bill has its own, all of one kind are the answer's.
pub(super) const INITIAL_BILLS: &[&str] = &[
    "isv.bills-failed",
    "isv.bill-num-reused",
    "isv.combo-has-no-stock",
    "isv.item-not-mapped",
    "isv.location-type-mismatch",
    "isv.quantity-negative",
    "isv.sc-item-not-exist",
    "isv.stock-already-initialised",
    "isv.stock-report-stale",
    "isv.store-not-exist",
    "isv.warehouse-not-exist",
];
pub(super) const CHANGE_BILLS: &[&str] = &[
    "isv.bills-failed",
    "isv.bill-num-reused",
    "isv.combo-has-no-stock",
    "isv.item-not-mapped",
    "isv.location-type-mismatch",
    "isv.quantity-negative",
    "isv.sc-item-not-exist",
    "isv.stock-below-zero",
    "isv.stock-report-stale",
    "isv.store-not-exist",
    "isv.warehouse-not-exist",
];
pub(super) const QUERY_STOCK: &[&str] =
    &["isv.location-type-mismatch", "isv.sc-item-not-exist", "isv.store-not-exist", "isv.warehouse-not-exist"];
/// §6.2.4, §6.3.4.
pub(super) const ADJUST: &[&str] = &[
    "isv.accepted-elsewhere",
    "isv.bill-num-reused",
    "isv.cancel-requested",
    "isv.goods-mismatch",
    "isv.location-type-mismatch",
    "isv.not-in-role-mode",
    "isv.order-state-invalid",
    "isv.pickup-store-chosen",
    "isv.quantity-exceeds-order",
    "isv.quantity-not-positive",
    "isv.stock-insufficient",
    "isv.stock-not-held-there",
    "isv.store-not-exist",
    "isv.sub-order-not-exist",
    "isv.trade-not-exist",
    "isv.trade-not-omnichannel",
    "isv.warehouse-not-exist",
];

/// An allocating app's result: §6.6.2.
pub(super) const ALLOCATE: &[&str] = &[
    "isv.accepted-elsewhere",
    "isv.allocation-closed",
    "isv.cancel-requested",
    "isv.location-type-mismatch",
    "isv.not-in-role-mode",
    "isv.order-state-invalid",
    "isv.pickup-store-chosen",
    "isv.stock-insufficient",
    "isv.store-not-exist",
    "isv.sub-order-not-exist",
    "isv.trade-not-exist",
    "isv.trade-not-omnichannel",
    "isv.warehouse-not-exist",
];
/// What a store, POS or WMS answers: §6.6.8–§6.6.10.
pub(super) const ANSWER: &[&str] = &[
    "isv.accepted-elsewhere",
    "isv.allocation-not-exist",
    "isv.cancel-requested",
    "isv.channel-consign-missing",
    "isv.location-type-mismatch",
    "isv.not-allocated-there",
    "isv.not-in-role-mode",
    "isv.offer-withdrawn",
    "isv.order-state-invalid",
    "isv.store-not-exist",
    "isv.sub-order-not-exist",
    "isv.trade-not-exist",
    "isv.trade-not-omnichannel",
    "isv.warehouse-not-exist",
];
/// Order states: §6.4 and §6.5 say the same as [`ANSWER`] and [`ALLOCATE`], and answer refunds.
pub(super) const ORDER_STATUS: &[&str] = &[
    "isv.accepted-elsewhere",
    "isv.allocation-closed",
    "isv.allocation-not-exist",
    "isv.cancel-requested",
    "isv.channel-consign-missing",
    "isv.location-type-mismatch",
    "isv.not-allocated-there",
    "isv.not-in-role-mode",
    "isv.not-supported",
    "isv.nothing-to-answer",
    "isv.offer-withdrawn",
    "isv.order-state-invalid",
    "isv.pickup-store-chosen",
    "isv.stock-insufficient",
    "isv.store-not-exist",
    "isv.sub-order-not-exist",
    "isv.trade-not-exist",
    "isv.trade-not-omnichannel",
];
pub(super) const REALLOCATE: &[&str] = &[
    "isv.cancel-requested",
    "isv.not-in-role-mode",
    "isv.order-state-invalid",
    "isv.pickup-store-chosen",
    "isv.store-not-exist",
    "isv.sub-order-not-exist",
    "isv.trade-not-exist",
    "isv.trade-not-omnichannel",
    "isv.warehouse-not-exist",
];

/// Articles and what listings map to.
pub(super) const ADD_ARTICLE: &[&str] = &["isv.not-supported", "isv.outer-code-exists"];
pub(super) const MAP: &[&str] = &["isv.item-mapped-elsewhere", "isv.outer-code-not-exist", "isv.sc-item-not-exist"];
pub(super) const ONE_ARTICLE: &[&str] = &["isv.sc-item-not-exist"];

pub(super) const ONE_TRADE: &[&str] = &["isv.trade-not-exist"];
/// The channel's own shipping call.
pub(super) const CHANNEL_CONSIGN: &[&str] =
    &["isv.order-state-invalid", "isv.sub-order-not-exist", "isv.trade-not-exist"];

/// Stock held before payment.
pub(super) const RESERVE: &[&str] = &[
    "isv.item-not-mapped",
    "isv.quantity-not-positive",
    "isv.reserve-ended",
    "isv.reserve-key-reused",
    "isv.reserve-too-long",
    "isv.stock-insufficient",
];
pub(super) const RELEASE: &[&str] = &["isv.reserve-not-exist", "isv.reserve-taken-over"];

/// Codes that a buyer shows: pickup and what a store brings.
pub(super) const SHOW_CODE: &[&str] = &[
    "isv.cancel-requested",
    "isv.handover-code-mismatch",
    "isv.handover-code-not-exist",
    "isv.handover-code-used",
    "isv.not-in-role-mode",
    "isv.order-state-invalid",
    "isv.pickup-not-confirmed",
    "isv.trade-not-exist",
    "isv.trade-not-omnichannel",
];
pub(super) const FIND_BY_CODE: &[&str] = &["isv.handover-code-not-exist", "isv.handover-code-used"];
pub(super) const BRING: &[&str] = &[
    "isv.cancel-requested",
    "isv.channel-consign-missing",
    "isv.not-allocated-there",
    "isv.not-in-role-mode",
    "isv.order-state-invalid",
    "isv.store-not-exist",
    "isv.trade-not-exist",
    "isv.trade-not-omnichannel",
];
pub(super) const SEND_CODE_AGAIN: &[&str] = &[
    "isv.handover-code-not-exist",
    "isv.handover-code-sent-today",
    "isv.handover-code-used",
    "isv.not-in-role-mode",
    "isv.order-state-invalid",
    "isv.trade-not-exist",
    "isv.trade-not-omnichannel",
];

/// Lists and refunds as the channel told them, and pushes into an app's database.
pub(super) const LIST_TRADES: &[&str] = &["isv.not-supported"];
pub(super) const ONE_REFUND: &[&str] = &["isv.refund-not-exist"];
pub(super) const PUSH_NO_MORE: &[&str] = &["isv.push-user-not-exist"];
