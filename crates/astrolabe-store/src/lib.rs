//! Where the truth is kept: one operation-shaped contract, two databases.
//!
//! [`Store`] and [`Group`] say what may be asked; `sqlite/` and `postgres/` are the two answers, with the same files in
//! the same order. Nothing here decides anything, and nothing here knows a wire format. Row types stay inside.

mod addresses;
mod attempts;
mod contract;
mod derive;
mod directory;
mod error;
mod exceptions;
mod figures;
mod lists;
mod migrate;
mod open;
mod postgres;
mod rds;
mod readers;
mod rows;
mod settlement;
mod source;
mod sqlite;
mod views;

pub use addresses::{BodyKind, Environment, MethodAddresses, SpiAddress, SpiAddresses};
pub use attempts::{
    Attempt, AttemptId, AttemptKey, AttemptOutcome, AttemptsKept, AttemptsOf, Exchange, GotReply, SentRequest,
};
pub use contract::{ANSWERS_KEPT, AnswerKey, ChangedSince, Group, Lease, SellerState, Store, StoredAnswer};
pub use derive::{DerivedStep, derive_figures};
pub use directory::{
    AppRow, ChannelRow, Directory, DirectoryDraft, Grant, OrdersBy, RdsTarget, Role, SessionRow, UserRole, UserRow,
    WebhookRow,
};
pub use error::StoreError;
pub use exceptions::{ExceptionPlace, ExceptionQuery};
pub use figures::{FigureGroup, FigureQuery, FiguresBy, FiguresFound, FiguresOf};
pub use lists::{PushUserQuery, PushUserRow, SoldBy, SoldPage, SoldQuery, SoldTrade};
pub use open::{StoreTarget, open};
pub use rds::{
    RdsAddress, RdsDatabase, RdsError, RdsKind, RdsRow, RdsTable, RdsValue, RdsWritten, TableFound, TableState,
    rds_database,
};
pub use readers::{FactPlace, PlacedFact, TimelineReader};
pub use settlement::{
    RuleSetChange, RuleSetChanged, RuleSetDeed, RuleSetRow, RuleSetState, SettlementBalance, SettlementCase,
    SettlementFault, SettlementLoad, SettlementStep, StatementLine, StatementPlace, StatementQuery,
};
pub use source::{
    Source, SourceConfig, SourceError, SourceException, SourcePlace, SourceProgress, SourceQuery, SourceRow,
    SourceState, SourceTable,
};
pub use views::{AssignmentView, DueOutward, OutwardView, Overview, StateCount, TradeView};
