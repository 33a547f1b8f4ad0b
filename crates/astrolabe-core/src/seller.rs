//! A merchant's settings: who allocates, who accepts, how long each hop may take, which doubts are settled how.

use serde::{Deserialize, Serialize};

use crate::deadlines::{Hop, Ladder};
use crate::ids::{AppKey, SellerId};
use crate::routing::RouterSettings;
use crate::time::Millis;

/// One merchant as decisions see it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Seller {
    pub id: SellerId,
    pub nick: String,
    pub settings: Settings,
}

/// Who decides which location serves a sub-order (white paper §3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allocator {
    /// 星盘分单.
    Platform,
    /// ISV 分单: the app that is asked.
    App(AppKey),
}

/// Who accepts at a store (white paper §3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptor {
    /// 店掌柜: our keeper page.
    Keeper,
    /// The merchant's POS app.
    App(AppKey),
}

/// The pair that names one of the four role modes 3.1–3.4. Fixed for a trade when it enters level 3.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoleMode {
    pub allocator: Allocator,
    pub acceptor: Acceptor,
}

impl RoleMode {
    /// The white paper's section of this mode: "3.1" … "3.4".
    pub fn section(&self) -> &'static str {
        match (&self.allocator, &self.acceptor) {
            (Allocator::Platform, Acceptor::Keeper) => "3.1",
            (Allocator::App(_), Acceptor::Keeper) => "3.2",
            (Allocator::Platform, Acceptor::App(_)) => "3.3",
            (Allocator::App(_), Acceptor::App(_)) => "3.4",
        }
    }
}

/// What a returned unit does to stock (stock life step 7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnPolicy {
    /// Nothing here: the merchant's own report brings the unit back.
    #[default]
    Quarantine,
    /// Back on the receiving location's shelf at once.
    Restock,
}

/// What a reported `finalQuantity` does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalQuantityPolicy {
    /// It is compared, and a difference is a discrepancy.
    #[default]
    Check,
    /// It overwrites the cell by the snapshot rule.
    Trust,
}

/// Everything a merchant may set. Every field has a default that needs no thought.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub allocator: Allocator,
    pub acceptor: Acceptor,
    /// 仓储作业 app that is told of warehouse assignments, if any.
    pub wms: Option<AppKey>,
    /// How long an allocating app may stay silent before the platform takes over (or an exception opens).
    pub allocate_within_ms: Millis,
    /// Whether the platform router takes over from a silent or failing allocator.
    pub takeover: bool,
    /// How long a store may leave an offer unanswered, in opening hours.
    pub accept_within_ms: Millis,
    /// How long a store may take to ship after accepting, in opening hours; late ones become exceptions, nothing moves.
    pub ship_within_ms: Millis,
    /// How long a store may take to say that a pickup lies ready, in opening hours.
    pub confirm_within_ms: Millis,
    /// How long a pickup's goods may be on their way to its store.
    pub transfer_within_ms: Millis,
    /// How long a buyer may take to collect what lies ready.
    pub collect_within_ms: Millis,
    /// How long a location may take to say whether goods can still be stopped, in opening hours.
    pub answer_cancel_within_ms: Millis,
    /// How long goods may be on their way back.
    pub receive_return_within_ms: Millis,
    /// When a hop's location is warned, and when its lateness becomes an exception.
    pub ladder: Ladder,
    /// How long after payment the channel is asked to end what nobody serves or accepts; never, unless set.
    pub ask_cancel_after_ms: Option<Millis>,
    /// How long a paid trade waits before it is routed (later changes by the buyer's service staff).
    pub hold_after_paid_ms: Millis,
    /// Whether an allocator's sync tries to move the hold (§4.3) without a separate `itemadjust`.
    pub auto_adjust: bool,
    /// Whether one sub-order's quantity may be divided when no single location can serve it.
    pub split_quantity: bool,
    /// Whether a refusal for want of goods marks both cells of the article there suspect.
    pub suspect_on_no_goods: bool,
    pub final_quantity: FinalQuantityPolicy,
    pub returns: ReturnPolicy,
    /// Whether `store.consigned` without a prior `logistics.*.send` is refused (§3.4) instead of flagged.
    pub require_channel_consign: bool,
    /// Age at which a residue of `unreported` becomes a discrepancy.
    pub report_lag_ms: Millis,
    pub router: RouterSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allocator: Allocator::Platform,
            acceptor: Acceptor::Keeper,
            wms: None,
            allocate_within_ms: Millis::minutes(5),
            takeover: true,
            accept_within_ms: Millis::minutes(30),
            ship_within_ms: Millis::hours(24),
            confirm_within_ms: Millis::minutes(30),
            transfer_within_ms: Millis::hours(48),
            collect_within_ms: Millis::hours(7 * 24),
            answer_cancel_within_ms: Millis::hours(2),
            receive_return_within_ms: Millis::hours(10 * 24),
            ladder: Ladder::default(),
            ask_cancel_after_ms: None,
            hold_after_paid_ms: Millis(0),
            auto_adjust: true,
            split_quantity: false,
            suspect_on_no_goods: true,
            final_quantity: FinalQuantityPolicy::default(),
            returns: ReturnPolicy::default(),
            require_channel_consign: false,
            report_lag_ms: Millis::hours(48),
            router: RouterSettings::default(),
        }
    }
}

impl Settings {
    /// The merchant's usual time for a hop.
    pub fn within(&self, hop: Hop) -> Millis {
        match hop {
            Hop::Accept => self.accept_within_ms,
            Hop::Ship => self.ship_within_ms,
            Hop::Confirm => self.confirm_within_ms,
            Hop::Transfer => self.transfer_within_ms,
            Hop::Collect => self.collect_within_ms,
            Hop::AnswerCancel => self.answer_cancel_within_ms,
            Hop::ReceiveReturn => self.receive_return_within_ms,
        }
    }

    /// The role mode that a trade entering level 3 now gets.
    pub fn role_mode(&self) -> RoleMode {
        RoleMode { allocator: self.allocator.clone(), acceptor: self.acceptor.clone() }
    }
}
