//! One node's lane of one merchant, as the server runs it: load in two rounds, decide command by command, hand out what
//! one transaction writes. The working set stays in memory between groups; whoever stops the machine drops it.
//!
//! It keeps of each command what the reference model looks at: the trades before and after, and what it left.

use std::collections::{BTreeMap, BTreeSet};

use astrolabe_core::command::{Command, Outcome};
use astrolabe_core::decide::{decide, first_names, second_names};
use astrolabe_core::ids::{IdMint, Tid};
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::order::timeline::TimelineFact;
use astrolabe_core::outward::Outward;
use astrolabe_core::refusal::Refusal;
use astrolabe_core::stock::cell::{CellKey, StockCell};
use astrolabe_core::stock::entry::StockEntry;
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::{Changes, Names, World};

use crate::session::Session;

/// A working set between groups.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    world: Option<World>,
}

/// Where a lane's ids go on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastIds {
    pub(crate) long: i64,
    pub(crate) short: i64,
}

/// One command as it was judged.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) command: Command,
    pub(crate) verdict: Result<Outcome, Refusal>,
    pub(crate) at: Timestamp,
    /// The trades in the working set as they were, and as they became.
    pub(crate) before: BTreeMap<Tid, TradeFile>,
    pub(crate) after: BTreeMap<Tid, TradeFile>,
    /// All cells in the working set as they were.
    pub(crate) cells: BTreeMap<CellKey, StockCell>,
    pub(crate) facts: Vec<TimelineFact>,
    pub(crate) calls: Vec<Outward>,
    pub(crate) entries: Vec<StockEntry>,
}

/// A group as decided, not yet committed.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) judged: Vec<Judged>,
    pub(crate) changes: Changes,
    world: World,
}

impl Lane {
    /// Decides a group.
    ///
    /// # Errors
    /// What a store answered that it should not have.
    pub(crate) fn decide(
        &mut self,
        session: &mut Session<'_>,
        ids: &mut LastIds,
        commands: Vec<Command>,
        now: Timestamp,
    ) -> Result<Decided, String> {
        let mut world = self.ready_world(session)?;
        load(session, &mut world, &commands, now)?;
        world.mint = IdMint::new(ids.long, 1, ids.short, 1);
        let judged = commands.into_iter().map(|command| judge(&mut world, command, now)).collect();
        let changes = world.take_changes();
        ids.long = world.mint.last_long();
        ids.short = world.mint.short();
        world.end_group();
        Ok(Decided { judged, changes, world })
    }

    /// The group stands: the working set is what the transaction left.
    pub(crate) fn keep(&mut self, world: World, articles_max: usize) {
        let mut world = world;
        world.trim(articles_max);
        self.world = Some(world);
    }

    /// The machine stops, or the group failed.
    pub(crate) fn drop_world(&mut self) {
        self.world = None;
    }

    fn ready_world(&mut self, session: &mut Session<'_>) -> Result<World, String> {
        let version = session.version();
        if let Some(mut world) = self.world.take() {
            if world.version == version {
                return Ok(world);
            }
            let changed = session.changed_since(world.version)?;
            if !changed.seller {
                changed.articles.iter().for_each(|article| world.stock.forget(*article));
                changed.items.iter().for_each(|item| world.items.forget(item));
                world.day_loads.refresh(changed.day_loads.into_iter().collect());
                world.version = version;
                return Ok(world);
            }
        }
        session.world()
    }
}

impl Decided {
    /// The working set after a commit or a group that changed nothing.
    pub(crate) fn into_world(self, committed: bool) -> World {
        let mut world = self.world;
        world.version += i64::from(committed);
        world
    }
}

fn load(session: &mut Session<'_>, world: &mut World, commands: &[Command], now: Timestamp) -> Result<(), String> {
    let mut named = Names { days: BTreeSet::from([now.shanghai_day()]), ..Names::default() };
    commands.iter().for_each(|command| named.merge(first_names(command)));
    load_missing(session, world, named)?;
    let mut pointed_at = Names::default();
    commands.iter().for_each(|command| pointed_at.merge(second_names(world, command)));
    load_missing(session, world, pointed_at)
}

fn load_missing(session: &mut Session<'_>, world: &mut World, names: Names) -> Result<(), String> {
    let missing = world.missing(names);
    if !missing.is_empty() {
        let loaded = session.load(&missing)?;
        world.load(&missing, loaded);
    }
    Ok(())
}

fn judge(world: &mut World, command: Command, now: Timestamp) -> Judged {
    let before = files(world);
    let cells = world.stock.articles().flat_map(|article| article.cells()).map(|(key, cell)| (*key, cell.clone()));
    let cells = cells.collect();
    let (facts, calls, entries) =
        (world.journal.facts().len(), world.journal.calls().len(), world.stock.entries().len());
    world.begin();
    let verdict = decide(world, &command, now);
    if verdict.is_err() {
        world.revert();
    }
    Judged {
        verdict,
        at: now,
        before,
        after: files(world),
        cells,
        facts: world.journal.facts().get(facts..).unwrap_or_default().to_vec(),
        calls: world.journal.calls().get(calls..).unwrap_or_default().to_vec(),
        entries: world.stock.entries().get(entries..).unwrap_or_default().to_vec(),
        command,
    }
}

fn files(world: &World) -> BTreeMap<Tid, TradeFile> {
    world.files.iter().map(|(tid, file)| (*tid, file.clone())).collect()
}
