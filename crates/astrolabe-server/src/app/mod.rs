//! The use cases: every change of decided state is a command that goes through its seller's lane.

mod clock;
mod directory;
mod geography;
mod handover_codes;
pub(crate) mod hours;
mod ids;
mod job;
mod lane;
mod lanes;
mod places;
pub(crate) mod settling;
mod unreachable;

use std::sync::Arc;
use std::time::Duration;

use astrolabe_core::command::{Command, Outcome};
use astrolabe_core::ids::SellerId;
use astrolabe_store::{AnswerKey, Store, StoreError};
use tokio::sync::{Notify, oneshot};

pub use clock::Clock;
pub use directory::{AppEntry, DirectoryCache, DirectoryIndex};
pub use geography::Geography;
pub(crate) use handover_codes::fresh_handover_code;
pub(crate) use ids::new_request;
pub use ids::{IdSource, NODE_MAX};
pub use job::{Job, LaneAnswer, LaneError};
pub use lane::{GROUP_COMMANDS_MAX, GROUP_ROWS_MAX, LANE_QUEUE_MAX};
pub use lanes::Lanes;
pub(crate) use places::{Claim, PlaceBook, PlaceError, store_by_code, wire_name};
pub use unreachable::Unreachable;

use crate::outward::{Dialer, Network, RdsDatabases, Reach};
use crate::workers::OutwardQueue;

/// How long a caller waits for an answer; every call answers within this time.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How long attempts at calls outward are kept unless an operator says otherwise: a week, and enough to see a bad day.
pub const ATTEMPTS_KEPT_DAYS: i64 = 7;
pub const ATTEMPTS_KEPT_NEWEST: usize = 50_000;

/// How many days figures of single days are kept, two years and what a comparison with the same week needs. Those of months
/// stay for ever: a thousand stores have some ten thousand of them a month.
pub(crate) const FIGURE_DAYS_KEPT: i64 = 800;

/// What an operator may turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Most commands of one group; 1 commits every command alone.
    pub group_commands_max: usize,
    /// Whether calls outward may go to loopback and private addresses.
    pub allow_private_addresses: bool,
    /// Networks that calls outward may go to beside the public internet.
    pub allowed_networks: Vec<Network>,
    /// How many days attempts at calls outward are kept, and how many of each receiver of a seller.
    pub attempts_kept_days: i64,
    pub attempts_kept_newest: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            group_commands_max: GROUP_COMMANDS_MAX,
            allow_private_addresses: false,
            allowed_networks: Vec::new(),
            attempts_kept_days: ATTEMPTS_KEPT_DAYS,
            attempts_kept_newest: ATTEMPTS_KEPT_NEWEST,
        }
    }
}

/// Everything that the doors and the workers share.
#[derive(Debug)]
pub struct App {
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    pub node: i64,
    pub ids: IdSource,
    pub directory: DirectoryCache,
    pub geography: Geography,
    pub(crate) places: PlaceBook,
    pub limits: Limits,
    pub lanes: Lanes,
    /// Where committed calls outward are handed over, without a detour through the database.
    pub(crate) outward: OutwardQueue,
    /// The way to everybody who is called.
    pub(crate) dialer: Dialer,
    /// Apps that do not answer.
    pub unreachable: Unreachable,
    /// Apps' databases that orders are pushed into.
    pub(crate) databases: RdsDatabases,
    /// Rung when a group left work rows.
    pub work_left: Notify,
}

impl App {
    /// On an opened store, with an empty directory cache filled once.
    pub async fn new(store: Arc<dyn Store>, clock: Clock, node: i64, limits: Limits) -> Result<Arc<Self>, StoreError> {
        let directory = DirectoryCache::load(store.as_ref()).await?;
        let networks = limits.allowed_networks.clone();
        let dialer = Dialer::new(Reach { everywhere: limits.allow_private_addresses, networks });
        Ok(Arc::new(Self {
            store,
            clock,
            node,
            ids: IdSource::new(node),
            directory,
            geography: Geography::bundled(),
            places: PlaceBook::default(),
            limits,
            lanes: Lanes::default(),
            outward: OutwardQueue::default(),
            dialer,
            unreachable: Unreachable::default(),
            databases: RdsDatabases::default(),
            work_left: Notify::new(),
        }))
    }

    /// Sends a command through the seller's lane and waits for the answer, which comes after the commit.
    pub async fn submit(
        self: &Arc<Self>,
        seller: SellerId,
        command: Command,
        answer_key: Option<AnswerKey>,
    ) -> Result<Outcome, LaneError> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(seller, Job { command, answer_key, reply: Some(reply) })?;
        match tokio::time::timeout(ANSWER_WITHIN, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(LaneError::TimedOut),
        }
    }

    /// Sends a command of the platform's own; its answer interests nobody.
    pub fn post(self: &Arc<Self>, seller: SellerId, command: Command) -> Result<(), LaneError> {
        self.enqueue(seller, Job { command, answer_key: None, reply: None })
    }

    fn enqueue(self: &Arc<Self>, seller: SellerId, job: Job) -> Result<(), LaneError> {
        self.lanes.queue_of(self, seller).try_send(job).map_err(|_full| {
            metrics::counter!("astrolabe_lane_full_total").increment(1);
            LaneError::Busy
        })
    }
}
