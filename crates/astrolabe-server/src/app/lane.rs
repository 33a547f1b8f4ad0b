//! One seller's lane: takes everything that waits, decides it in order, commits it once, answers.
//!
//! While one group commits, the next one queues up: that is the whole of group commit. There is no timer and no added
//! wait when idle. The working set stays in memory between groups and is exact while its version equals the stored
//! one; whenever a group fails in the database it is dropped and loaded again.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use astrolabe_core::command::{Command, Outcome};
use astrolabe_core::decide::{decide, first_names, second_names};
use astrolabe_core::ids::SellerId;
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_core::world::{Changes, Names, World};
use astrolabe_store::{AnswerKey, Group, Lease, StoreError, StoredAnswer};
use tokio::sync::mpsc;

use crate::app::App;
use crate::app::job::{Job, LaneAnswer, LaneError, keep, recall};

/// Most commands of one group.
pub const GROUP_COMMANDS_MAX: usize = 512;
/// Rows after which a group takes no further command.
pub const GROUP_ROWS_MAX: usize = 20_000;
/// Commands that may wait for one lane; beyond it callers are told at once (platform error 10).
pub const LANE_QUEUE_MAX: usize = 8_192;
/// Articles and listings kept in a lane's working set.
const ARTICLES_MAX: usize = 20_000;
/// How often a group is tried again when the database says that it may succeed.
const ATTEMPTS_MAX: u32 = 5;
/// Pause before the second attempt; doubles.
const RETRY_PAUSE: Duration = Duration::from_millis(20);
/// How long a node keeps calls outward to itself before others may take them over.
const OUTWARD_LEASE_MS: i64 = 20_000;

/// Runs until the queue is closed and empty.
pub(crate) async fn run(app: Arc<App>, seller: SellerId, mut queue: mpsc::Receiver<Job>) {
    let commands_max = app.limits.group_commands_max;
    let mut lane = Lane { app, seller, world: None, last_long: 0 };
    let mut batch = Vec::with_capacity(commands_max);
    while queue.recv_many(&mut batch, commands_max).await > 0 {
        metrics::histogram!("astrolabe_group_commands").record(batch.len() as f64);
        let mut jobs: Vec<Job> = std::mem::take(&mut batch);
        while !jobs.is_empty() {
            jobs = lane.run_group(jobs).await;
        }
    }
}

struct Lane {
    app: Arc<App>,
    seller: SellerId,
    world: Option<World>,
    last_long: i64,
}

/// A group as decided, not yet committed.
struct Decided {
    answers: Vec<LaneAnswer>,
    changes: Changes,
    kept: Vec<StoredAnswer>,
}

impl Lane {
    /// Runs one group and gives back the jobs that did not fit into it.
    async fn run_group(&mut self, mut jobs: Vec<Job>) -> Vec<Job> {
        let mut pause = RETRY_PAUSE;
        for attempt in 1..=ATTEMPTS_MAX {
            match self.attempt(&jobs).await {
                Ok(decided) => {
                    let rest = jobs.split_off(decided.answers.len());
                    for (job, answer) in jobs.into_iter().zip(decided.answers) {
                        reply(job, answer);
                    }
                    return rest;
                }
                Err(error) => {
                    self.world = None;
                    let retry = retryable(&error);
                    tracing::warn!(seller = %self.seller, attempt, %error, retry, "group failed");
                    metrics::counter!("astrolabe_group_failures_total").increment(1);
                    if jobs.len() > 1 && !retry {
                        return self.run_singly(jobs).await;
                    }
                    if !retry || attempt == ATTEMPTS_MAX {
                        fail(jobs, &error);
                        return Vec::new();
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Vec::new()
    }

    /// A group that the database refused as a whole is tried command by command, so that one bad row costs one caller.
    async fn run_singly(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        for job in jobs {
            let single = [job];
            let result = self.attempt(&single).await;
            let [job] = single;
            match result {
                Ok(mut decided) => reply(job, decided.answers.pop().unwrap_or(Err(LaneError::Bug))),
                Err(error) => {
                    self.world = None;
                    fail(vec![job], &error);
                }
            }
        }
        Vec::new()
    }

    async fn attempt(&mut self, jobs: &[Job]) -> Result<Decided, StoreError> {
        let store = Arc::clone(&self.app.store);
        let mut group = store.begin(self.seller).await?;
        let mut world = self.ready_world(group.as_mut()).await?;
        let now = self.app.clock.now();
        let mut repeats = self.load(group.as_mut(), &mut world, jobs, now).await?;
        let shorts = jobs.iter().map(|job| job.command.short_ids_max()).sum();
        world.mint = self.app.ids.mint(now, self.last_long, shorts);

        let mut decided = Decided { answers: Vec::new(), changes: Changes::default(), kept: Vec::new() };
        for job in jobs {
            if let Some(outcome) = job.answer_key.as_ref().and_then(|key| repeats.get(key)) {
                decided.answers.push(Ok(outcome.clone()));
                continue;
            }
            let answer = decide_one(&mut world, &job.command, now);
            if let (Ok(outcome), Some(key)) = (&answer, &job.answer_key)
                && let Some(body) = keep(outcome)
            {
                // The same request may come twice in one group.
                repeats.insert(key.clone(), outcome.clone());
                decided.kept.push(StoredAnswer { key: key.clone(), body });
            }
            decided.answers.push(answer);
            if world.rows_so_far() >= GROUP_ROWS_MAX {
                break;
            }
        }
        decided.changes = world.take_changes();
        self.last_long = world.mint.last_long();
        world.end_group();
        world.trim(ARTICLES_MAX);
        self.finish(group, world, &mut decided).await?;
        Ok(decided)
    }

    async fn finish(
        &mut self,
        group: Box<dyn Group>,
        mut world: World,
        decided: &mut Decided,
    ) -> Result<(), StoreError> {
        if decided.changes.is_empty() && decided.kept.is_empty() {
            self.world = Some(world);
            return Ok(());
        }
        let now = self.app.clock.now();
        let changes = std::mem::take(&mut decided.changes);
        metrics::counter!("astrolabe_rows_written_total").increment(changes.rows() as u64);
        let mut calls = changes.outward.clone();
        let left_work = !changes.work.is_empty();
        let lease = Lease { node: self.app.node, until: now + Millis(OUTWARD_LEASE_MS) };
        // Only what may go now: a call behind an earlier one of its trade and receiver is leased later, in its turn.
        let may_go = group.commit(changes, std::mem::take(&mut decided.kept), lease, now).await?;
        calls.retain(|call| may_go.contains(&call.id));
        world.version += 1;
        self.world = Some(world);
        self.app.outward.hand_over(self.seller, calls);
        if left_work {
            self.app.work_left.notify_one();
        }
        Ok(())
    }

    /// The working set at the lane's present version.
    async fn ready_world(&mut self, group: &mut dyn Group) -> Result<World, StoreError> {
        let version = group.version();
        if let Some(mut world) = self.world.take() {
            if world.version == version {
                return Ok(world);
            }
            let changed = group.changed_since(world.version).await?;
            if !changed.seller {
                for article in changed.articles {
                    world.stock.forget(article);
                }
                for item in changed.items {
                    world.items.forget(&item);
                }
                world.day_loads.refresh(changed.day_loads);
                world.version = version;
                return Ok(world);
            }
        }
        let state = group.load_seller().await?;
        let mut world = World::new(state.seller, version, state.places);
        world.subscriptions = state.subscriptions;
        world.load_push_users(state.push_users);
        Ok(world)
    }

    /// Loads what the group names, then what that points at; answers which jobs are repeats.
    async fn load(
        &mut self,
        group: &mut dyn Group,
        world: &mut World,
        jobs: &[Job],
        now: Timestamp,
    ) -> Result<BTreeMap<AnswerKey, Outcome>, StoreError> {
        let keys: Vec<AnswerKey> = jobs.iter().filter_map(|job| job.answer_key.clone()).collect();
        let repeats = if keys.is_empty() {
            BTreeMap::new()
        } else {
            let stored = group.stored_answers(&keys, now).await?;
            stored.into_iter().filter_map(|(key, body)| recall(&body).map(|outcome| (key, outcome))).collect()
        };
        // Which locations a plan looks at is not known before: the day's counts are there for all of them.
        let mut named = Names { days: BTreeSet::from([now.shanghai_day()]), ..Names::default() };
        for job in jobs {
            named.merge(first_names(&job.command));
        }
        load_missing(group, world, named).await?;
        let mut pointed_at = Names::default();
        for job in jobs {
            pointed_at.merge(second_names(world, &job.command));
        }
        load_missing(group, world, pointed_at).await?;
        Ok(repeats)
    }
}

async fn load_missing(group: &mut dyn Group, world: &mut World, names: Names) -> Result<(), StoreError> {
    let missing = world.missing(names);
    if !missing.is_empty() {
        let loaded = group.load(&missing).await?;
        world.load(&missing, loaded);
    }
    Ok(())
}

/// Decides one command as a whole: a refusal or a panic leaves no trace of it.
fn decide_one(world: &mut World, command: &Command, now: Timestamp) -> LaneAnswer {
    world.begin();
    match catch_unwind(AssertUnwindSafe(|| decide(world, command, now))) {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(refusal)) => {
            world.revert();
            Err(LaneError::Refused(refusal))
        }
        Err(_) => {
            world.revert();
            tracing::error!(command = command.name(), "deciding panicked; the command was dropped");
            metrics::counter!("astrolabe_decide_panics_total").increment(1);
            Err(LaneError::Bug)
        }
    }
}

fn reply(job: Job, answer: LaneAnswer) {
    if let Some(listener) = job.reply {
        // The caller may have gone; the decision stands all the same.
        let _gone = listener.send(answer);
    }
}

fn fail(jobs: Vec<Job>, error: &StoreError) {
    for job in jobs {
        reply(job, Err(LaneError::Storage(error.to_string())));
    }
}

fn retryable(error: &StoreError) -> bool {
    match error {
        StoreError::Unavailable(_) | StoreError::Conflict(_) | StoreError::CommitUnknown(_) => true,
        StoreError::Constraint(_) | StoreError::Corrupt(_) | StoreError::Schema(_) | StoreError::UnknownSeller(_) => {
            false
        }
    }
}
