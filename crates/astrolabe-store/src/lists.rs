//! What lists are asked for, and what they answer: trades by time, and who gets trades pushed into a database. Asked by the
//! reading methods of the doors.

use astrolabe_core::command::PushUser;
use astrolabe_core::ids::{AppKey, SellerId};
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::time::Timestamp;

/// Which of a trade's times a list goes by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SoldBy {
    /// When the buyer made it.
    Created,
    /// When the channel last changed it.
    Modified,
}

/// Trades of a span of time, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SoldQuery {
    pub by: SoldBy,
    /// The first instant that counts.
    pub from: Timestamp,
    /// The last instant that counts.
    pub to: Timestamp,
    /// The channel's words for the trade's status, any of them; `None`: whatever it is.
    pub statuses: Option<Vec<String>>,
    /// The channel's words for the trade's type, any of them (an empty one: where the channel told none); `None`: whatever
    /// it is.
    pub kinds: Option<Vec<String>>,
    /// From 1.
    pub page: i64,
    pub per_page: i64,
    /// Count what the span has, up to so many; `None`: do not count.
    pub count_up_to: Option<i64>,
}

/// A page of them.
#[derive(Clone, Debug, Default)]
pub struct SoldPage {
    pub trades: Vec<SoldTrade>,
    /// Whether there are more behind this page.
    pub more: bool,
    pub total: Option<i64>,
}

/// A trade as a list shows it. The file has no reservations: nobody who reads a list asks for them.
#[derive(Clone, Debug)]
pub struct SoldTrade {
    pub file: TradeFile,
    /// The trade object as the channel published it.
    pub published: String,
}

/// That a seller's trades are pushed into one of an app's databases (订单推送库), with whose they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushUserRow {
    pub seller: SellerId,
    pub user: PushUser,
}

/// An app's push users, by seller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushUserQuery {
    pub app: AppKey,
    pub seller: Option<SellerId>,
    /// Changed not before.
    pub from: Option<Timestamp>,
    /// Changed not after.
    pub to: Option<Timestamp>,
    /// From 1.
    pub page: i64,
    pub per_page: i64,
}
