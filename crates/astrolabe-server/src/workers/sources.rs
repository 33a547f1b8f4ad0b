//! Channels' own databases, read as they are written: every row is what the channel door would have been told, goes through
//! the same reader and the same command, and what cannot be taken in is written down and holds up nothing else. How far it
//! came is kept after the commands were committed; rows that were committed there late are found because each reading
//! starts a while before the last one ended. Each source is a task of its own: a dead one slows nobody.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use astrolabe_core::command::Command;
use astrolabe_core::ids::{SellerId, Tid};
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_store::{
    ChannelRow, Source, SourceConfig, SourceException, SourcePlace, SourceProgress, SourceQuery, SourceRow,
    SourceState, SourceTable,
};
use futures::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::{ApiFailure, read_refund, read_trade};
use crate::app::{App, LaneError};
use crate::workers::until_stopped;

/// How often the directory is asked which sources there are.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Rows of one page, which is one batch of commands in the seller's lane.
const ROWS_MAX: usize = 100;
/// How far before the last place a reading starts.
const OVERLAP: Millis = Millis::minutes(2);
/// How far the source's clock may be before ours.
const AHEAD: Millis = Millis::minutes(5);
/// How often a reading that finds nothing new is kept, so that it shows that the source is alive.
const KEEP_EVERY: Millis = Millis::seconds(5);
/// Waits after a failure, doubled each time.
const BACK_OFF_MIN: Duration = Duration::from_secs(1);
const BACK_OFF_MAX: Duration = Duration::from_secs(60);

const MICROS: i64 = 1_000;

/// A source being followed.
struct Followed {
    config: SourceConfig,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Runs until told to stop.
pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut followed: HashMap<(SellerId, String), Followed> = HashMap::new();
    let mut tick = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            () = until_stopped(&mut stopped) => break,
            _ = tick.tick() => {}
        }
        let directory = app.directory.get();
        let declared: HashMap<_, _> = directory
            .channels()
            .filter_map(|row| Some(((row.seller, row.name.clone()), (row, row.rds.clone().filter(|rds| !rds.paused)?))))
            .collect();
        let over: Vec<_> = followed
            .iter()
            .filter(|(key, known)| declared.get(*key).is_none_or(|(_, config)| *config != known.config))
            .map(|(key, _)| key.clone())
            .collect();
        for key in over {
            if let Some(known) = followed.remove(&key) {
                end(known).await;
            }
        }
        for (key, (row, config)) in declared {
            followed.entry(key).or_insert_with(|| {
                let (stop, told) = watch::channel(false);
                let nick = directory.seller(row.seller).map(|seller| seller.nick.clone()).unwrap_or_default();
                let reader = Reader::new(Arc::clone(&app), row.clone(), config.clone(), nick);
                Followed { config, stop, task: tokio::spawn(reader.follow(told)) }
            });
        }
    }
    for (_, known) in followed {
        end(known).await;
    }
}

async fn end(followed: Followed) {
    followed.stop.send_replace(true);
    if let Err(error) = followed.task.await {
        tracing::error!(%error, "a channel's source ended badly");
    }
}

/// How far one table was read.
#[derive(Debug)]
struct Progress {
    table: SourceTable,
    place: SourcePlace,
    /// Rows of the overlap that were taken in as they were.
    known: HashMap<i64, (i64, u64)>,
    kept_at: Timestamp,
    failed: bool,
}

/// One source.
struct Reader {
    app: Arc<App>,
    row: ChannelRow,
    config: SourceConfig,
    nick: String,
    source: Option<Source>,
    tables: Vec<Progress>,
}

impl Reader {
    fn new(app: Arc<App>, row: ChannelRow, config: SourceConfig, seller_nick: String) -> Self {
        let nick = config.seller_nick.clone().unwrap_or(seller_nick);
        Self { app, row, config, nick, source: None, tables: Vec::new() }
    }

    async fn follow(mut self, mut stopped: watch::Receiver<bool>) {
        let mut wait = BACK_OFF_MIN;
        loop {
            let pause = match self.round().await {
                Ok(()) => {
                    wait = BACK_OFF_MIN;
                    Duration::from_millis(u64::from(self.config.poll_ms.max(100)))
                }
                Err(error) => {
                    self.source = None;
                    tracing::warn!(seller = %self.row.seller, channel = self.row.name, error, "a source cannot be read");
                    self.failed(&error).await;
                    let pause = wait;
                    wait = (wait * 2).min(BACK_OFF_MAX);
                    pause
                }
            };
            tokio::select! {
                () = until_stopped(&mut stopped) => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn round(&mut self) -> Result<(), String> {
        if self.tables.is_empty() {
            self.tables = self.begin().await?;
        }
        let mut source = match self.source.take() {
            Some(source) => source,
            None => Source::connect(&self.config).await.map_err(|error| error.to_string())?,
        };
        for at in 0..self.tables.len() {
            self.read(&mut source, at).await?;
        }
        self.source = Some(source);
        Ok(())
    }

    /// Where the last process stopped, or as many days back as the source wants.
    async fn begin(&self) -> Result<Vec<Progress>, String> {
        let states = self.app.store.source_states(self.row.seller, &self.row.name).await;
        let states = states.map_err(|error| error.to_string())?;
        let now = self.app.clock.now();
        let back = Millis::hours(24 * i64::from(self.config.history_days));
        let start = SourcePlace { moment: micros(Timestamp(now.0 - back.0)), row_id: 0 };
        let progress = |table| {
            let place = states.iter().find(|state| state.table == table).map_or(start, |state| state.place);
            Progress { table, place, known: HashMap::new(), kept_at: Timestamp(0), failed: false }
        };
        Ok(SourceTable::ALL.into_iter().map(progress).collect())
    }

    /// Everything new of one table, page by page.
    async fn read(&mut self, source: &mut Source, at: usize) -> Result<(), String> {
        let table = self.tables[at].table;
        let overlap = self.tables[at].place.moment - OVERLAP.0 * MICROS;
        let mut after = SourcePlace { moment: overlap, row_id: 0 };
        loop {
            let until = micros(self.app.clock.now() + AHEAD);
            let query = SourceQuery { table, seller_nick: &self.nick, after, until, limit: ROWS_MAX };
            let rows = source.read(&query).await.map_err(|error| error.to_string())?;
            let more = rows.len() == ROWS_MAX;
            after = rows.last().map_or(after, |row| row.place);
            let known = &self.tables[at].known;
            let is_new = |row: &SourceRow| known.get(&row.place.row_id) != Some(&(row.place.moment, mark(row)));
            let fresh: Vec<SourceRow> = rows.into_iter().filter(is_new).collect();
            self.take_in(at, fresh).await?;
            if !more {
                let overlap = self.tables[at].place.moment - OVERLAP.0 * MICROS;
                self.tables[at].known.retain(|_, (moment, _)| *moment >= overlap);
                return Ok(());
            }
        }
    }

    /// One page through the seller's lane; then, and not before, its place is kept.
    async fn take_in(&mut self, at: usize, rows: Vec<SourceRow>) -> Result<(), String> {
        let table = self.tables[at].table;
        let now = self.app.clock.now();
        let wrong = |row: &SourceRow, field: Option<String>, problem: String| SourceException {
            table,
            row_id: row.place.row_id,
            tid: row.tid.map(Tid),
            field,
            problem,
            at: now,
        };
        let mut bad = Vec::new();
        let mut good = Vec::new();
        let mut commands = Vec::new();
        for row in &rows {
            match self.command(table, row).await {
                Ok(command) => commands.push((row, command)),
                Err(failure) if failure.status.is_server_error() => return Err(failure.body.error.message),
                Err(failure) => bad.push(wrong(row, failure.body.error.field, failure.body.error.message)),
            }
        }
        let (app, seller) = (&self.app, self.row.seller);
        let sent =
            commands.into_iter().map(|(row, command)| async move { (row, app.submit(seller, command, None).await) });
        // Each is queued when first polled, and they are polled in order.
        for (row, answer) in join_all(sent).await {
            match answer {
                Ok(_) => good.push(row.place.row_id),
                Err(LaneError::Refused(refusal)) => bad.push(wrong(row, None, refusal.to_string())),
                Err(error @ (LaneError::Busy | LaneError::Storage(_) | LaneError::TimedOut | LaneError::Bug)) => {
                    return Err(error.to_string());
                }
            }
        }
        let progress = &mut self.tables[at];
        progress.place = rows.last().map_or(progress.place, |row| row.place.max(progress.place));
        progress.known.extend(rows.iter().map(|row| (row.place.row_id, (row.place.moment, mark(row)))));
        if rows.is_empty() && !progress.failed && now < progress.kept_at + KEEP_EVERY {
            return Ok(());
        }
        self.keep(at, None, bad, good).await
    }

    async fn command(&self, table: SourceTable, row: &SourceRow) -> Result<Command, ApiFailure> {
        let text = row.response.as_deref().unwrap_or_default();
        match table {
            SourceTable::Trade => {
                let seen = read_trade(&self.app, self.row.seller, self.row.channel, text).await?;
                Ok(Command::SeeTrade(Box::new(seen)))
            }
            SourceTable::Refund => Ok(Command::SeeRefund(read_refund(text)?)),
        }
    }

    async fn keep(
        &mut self,
        at: usize,
        failure: Option<(Timestamp, String)>,
        bad: Vec<SourceException>,
        good: Vec<i64>,
    ) -> Result<(), String> {
        let now = self.app.clock.now();
        let progress = &mut self.tables[at];
        progress.failed = failure.is_some();
        let read_at = if failure.is_some() { progress.kept_at } else { now };
        progress.kept_at = read_at;
        let state = SourceState { table: progress.table, place: progress.place, read_at, failure };
        let left = SourceProgress { seller: self.row.seller, channel: self.row.name.clone(), state, bad, good };
        self.app.store.keep_source_progress(&left).await.map_err(|error| error.to_string())
    }

    /// That it failed shows in the state of both tables.
    async fn failed(&mut self, error: &str) {
        metrics::counter!("astrolabe_source_failures_total").increment(1);
        for at in 0..self.tables.len() {
            let failure = Some((self.app.clock.now(), error.to_owned()));
            if let Err(error) = self.keep(at, failure, Vec::new(), Vec::new()).await {
                tracing::warn!(error, "how far a source was read cannot be kept");
            }
        }
    }
}

fn micros(at: Timestamp) -> i64 {
    at.0 * MICROS
}

/// Tells two versions of a row apart that were written in the same second.
fn mark(row: &SourceRow) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.response.hash(&mut hasher);
    hasher.finish()
}
