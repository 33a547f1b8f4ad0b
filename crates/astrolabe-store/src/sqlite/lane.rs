//! How a group gets its turn: one writer thread serves groups one after another and commits those that were already
//! waiting together, which costs one fsync. Nobody waits for company: with nothing queued, a group commits alone.
//!
//! The first group of a transaction needs no savepoint, because undoing it undoes the transaction; each later one has
//! its own, so that a failed or dropped group takes nobody with it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use astrolabe_core::ids::{OutwardId, SellerId};

use crate::error::StoreError;
use crate::rows::Fields;
use crate::sqlite::fields::{commit_failure, failure, first};
use crate::sqlite::group::{GroupCall, GroupCommit, SqliteGroup};
use crate::sqlite::lease::{CallKey, Leases};
use crate::sqlite::{load, save};

/// Groups in one COMMIT.
const GROUPS_MAX: usize = 16;
/// Rows in one COMMIT, after which no further group joins.
const ROWS_MAX: usize = 20_000;
/// Text in one COMMIT, after which no further group joins.
const TEXT_BYTES_MAX: usize = 512 * 1_024;
/// How long the first group of a COMMIT may be kept by those that join it.
const JOINING_MAX: Duration = Duration::from_millis(20);
/// How long a group may keep the lane; then it is undone, because everybody else waits for it.
const GROUP_TIME_MAX: Duration = Duration::from_secs(10);

/// What the writer thread is asked for.
enum Turn {
    Group(GroupTurn),
    /// A write of its own, in a transaction of its own.
    Write(Box<dyn FnOnce(&mut Connection) + Send>),
}

/// A group that waits for its turn.
struct GroupTurn {
    seller: SellerId,
    reply: oneshot::Sender<Result<SqliteGroup, StoreError>>,
}

/// A group whose rows are written and not committed yet.
struct Written {
    reply: oneshot::Sender<Result<Vec<OutwardId>, StoreError>>,
    given: Vec<CallKey>,
    settled: Vec<CallKey>,
}

/// The way to the writer thread.
#[derive(Debug)]
pub(super) struct Lanes {
    turns: Sender<Turn>,
}

impl Lanes {
    /// Starts the writer thread; it ends when this is dropped and the last group has ended.
    pub(super) fn start(connection: Connection, leases: Arc<Leases>) -> Result<Self, StoreError> {
        let (turns, waiting) = channel();
        let writer = Writer { connection, waiting, leases };
        std::thread::Builder::new()
            .name("astrolabe-sqlite".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| StoreError::Unavailable(format!("cannot start the writer thread: {error}")))?;
        Ok(Self { turns })
    }

    /// Waits for a group's turn.
    pub(super) async fn begin(&self, seller: SellerId) -> Result<SqliteGroup, StoreError> {
        let (reply, begun) = oneshot::channel();
        self.turns.send(Turn::Group(GroupTurn { seller, reply })).map_err(|_| closed())?;
        begun.await.map_err(|_| closed())?
    }

    /// Runs one write between groups.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, done) = oneshot::channel();
        let run = move |connection: &mut Connection| {
            // Nobody listens when the caller gave up; the write stands.
            let _ = reply.send(work(connection));
        };
        self.turns.send(Turn::Write(Box::new(run))).map_err(|_| closed())?;
        done.await.map_err(|_| closed())?
    }
}

/// The writer thread's end of things is gone.
pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("the writer thread has ended".to_owned())
}

struct Writer {
    connection: Connection,
    waiting: Receiver<Turn>,
    leases: Arc<Leases>,
}

impl Writer {
    fn run(mut self) {
        let mut next = self.waiting.recv().ok();
        while let Some(turn) = next {
            next = match turn {
                Turn::Write(work) => {
                    work(&mut self.connection);
                    None
                }
                Turn::Group(first) => self.commit_together(first),
            };
            if next.is_none() {
                next = self.waiting.recv().ok();
            }
        }
    }

    /// Serves a group and those that wait behind it, commits, and answers all. Gives back a turn that could not join.
    fn commit_together(&mut self, first: GroupTurn) -> Option<Turn> {
        let started = Instant::now();
        let mut batch = Batch::default();
        let mut turn = first;
        let left_over = loop {
            self.serve(turn, &mut batch);
            if batch.is_full() || started.elapsed() >= JOINING_MAX {
                break None;
            }
            turn = match self.waiting.try_recv() {
                Ok(Turn::Group(joining)) => joining,
                Ok(Turn::Write(work)) => break Some(Turn::Write(work)),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break None,
            };
        };
        self.finish(batch);
        left_over
    }

    /// One group, from its turn to its last word.
    fn serve(&mut self, turn: GroupTurn, batch: &mut Batch) {
        let version = match self.enter(turn.seller, batch) {
            Ok(version) => version,
            Err(error) => {
                self.undo(batch);
                let _ = turn.reply.send(Err(error));
                return;
            }
        };
        let (calls, asked) = channel();
        if turn.reply.send(Ok(SqliteGroup::new(version, calls))).is_err() {
            self.undo(batch);
            return;
        }
        let Some(commit) = self.answer_calls(turn.seller, &asked) else {
            self.undo(batch);
            return;
        };
        let GroupCommit { changes, answers, lease, now, reply } = commit;
        let rows = changes.rows() + answers.len();
        let text = text_bytes(&changes);
        match save::group(&self.connection, turn.seller, version, changes, &answers, now) {
            Ok(calls) => {
                let key = |id: OutwardId| (turn.seller, id);
                let given: Vec<CallKey> = calls.given.into_iter().map(key).collect();
                let settled = calls.settled.into_iter().map(key).collect();
                self.leases.add(&given, lease.until);
                batch.rows += rows;
                batch.text_bytes += text;
                batch.written.push(Written { reply, given, settled });
            }
            Err(error) => {
                self.undo(batch);
                let _ = reply.send(Err(error));
            }
        }
    }

    /// Opens the group's part of the transaction and reads the lane's version.
    fn enter(&self, seller: SellerId, batch: &Batch) -> Result<i64, StoreError> {
        if self.connection.is_autocommit() {
            self.connection.execute_batch("BEGIN IMMEDIATE").map_err(failure)?;
        }
        if !batch.written.is_empty() {
            self.connection.execute_batch("SAVEPOINT member").map_err(failure)?;
        }
        let lane = "SELECT version FROM seller_lane WHERE seller_id = ?1";
        first(&self.connection, lane, [seller.0], |row| row.int(0))?.ok_or(StoreError::UnknownSeller(seller))
    }

    /// Answers what the group asks until it commits (`Some`), is dropped, or takes too long (`None`).
    fn answer_calls(&self, seller: SellerId, asked: &Receiver<GroupCall>) -> Option<GroupCommit> {
        let started = Instant::now();
        loop {
            let left = GROUP_TIME_MAX.saturating_sub(started.elapsed());
            // A reply that nobody waits for any more is followed by the group's own end.
            match asked.recv_timeout(left).ok()? {
                GroupCall::LoadSeller(reply) => {
                    let _ = reply.send(load::seller(&self.connection, seller));
                }
                GroupCall::ChangedSince(version, reply) => {
                    let _ = reply.send(load::changed_since(&self.connection, seller, version));
                }
                GroupCall::Load(names, reply) => {
                    let _ = reply.send(load::names(&self.connection, seller, &names));
                }
                GroupCall::StoredAnswers(keys, now, reply) => {
                    let _ = reply.send(load::stored_answers(&self.connection, seller, &keys, now));
                }
                GroupCall::Commit(commit) => return Some(*commit),
            }
        }
    }

    /// Undoes the group that ran last, and nothing that was written before it. When SQLite has ended the transaction
    /// by itself (a full disk does that), everybody's rows are gone, and everybody is told.
    fn undo(&self, batch: &mut Batch) {
        if self.connection.is_autocommit() {
            batch.fail(&self.leases, || StoreError::Unavailable("SQLite undid the transaction".to_owned()));
            return;
        }
        let undone = if batch.written.is_empty() {
            self.connection.execute_batch("ROLLBACK")
        } else {
            self.connection.execute_batch("ROLLBACK TO member; RELEASE member")
        };
        if let Err(error) = undone {
            tracing::error!(%error, "cannot undo a group: the whole transaction is given up");
            let _ = self.connection.execute_batch("ROLLBACK");
            batch.fail(&self.leases, || StoreError::Unavailable(error.to_string()));
        }
    }

    fn finish(&self, mut batch: Batch) {
        if batch.written.is_empty() {
            return;
        }
        match self.connection.execute_batch("COMMIT") {
            Ok(()) => {
                for written in batch.written {
                    self.leases.end(&written.settled);
                    let given = written.given.into_iter().map(|(_, id)| id).collect();
                    let _ = written.reply.send(Ok(given));
                }
            }
            Err(error) => {
                if !self.connection.is_autocommit() {
                    let _ = self.connection.execute_batch("ROLLBACK");
                }
                let text = error.to_string();
                let class = commit_failure(error);
                batch.fail(&self.leases, || match &class {
                    StoreError::CommitUnknown(_) => StoreError::CommitUnknown(text.clone()),
                    StoreError::Conflict(_) => StoreError::Conflict(text.clone()),
                    StoreError::Unavailable(_)
                    | StoreError::Constraint(_)
                    | StoreError::Corrupt(_)
                    | StoreError::Schema(_)
                    | StoreError::UnknownSeller(_) => StoreError::Unavailable(text.clone()),
                });
            }
        }
    }
}

/// Groups that share the next COMMIT.
#[derive(Default)]
struct Batch {
    written: Vec<Written>,
    rows: usize,
    text_bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.written.len() >= GROUPS_MAX || self.rows >= ROWS_MAX || self.text_bytes >= TEXT_BYTES_MAX
    }

    /// Tells every group that nothing of it is kept (or that nobody knows).
    fn fail(&mut self, leases: &Leases, error: impl Fn() -> StoreError) {
        for written in std::mem::take(&mut self.written) {
            leases.end(&written.given);
            let _ = written.reply.send(Err(error()));
        }
        self.rows = 0;
        self.text_bytes = 0;
    }
}

/// Published trades are the only long texts.
fn text_bytes(changes: &astrolabe_core::world::Changes) -> usize {
    changes.published.iter().map(|(_, published)| published.text.len()).sum()
}
