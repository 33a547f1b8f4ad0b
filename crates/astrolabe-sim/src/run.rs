//! A seed's run: takes steps, commits groups, lets machines die, and has everything judged after every step. At the end
//! it waits until nothing is left to do, and then has everybody do his part.

use std::panic::{AssertUnwindSafe, catch_unwind};

use astrolabe_core::command::{Command, Outcome};
use astrolabe_core::order::timeline::Fact;
use astrolabe_core::stock::invariants::audit;
use astrolabe_core::time::{Millis, Timestamp};

use crate::actors;
use crate::model::{Seen, quiet};
use crate::scenario::{OPENING, Scenario};
use crate::session::Session;
use crate::step::{Deed, Fate, MachineDeed, Step, Way};
use crate::town::{NODES, Shop};

#[cfg(feature = "disk")]
use crate::disk::Disk;

/// Commands that stand and may be said again.
const SENT_MAX: usize = 60;
/// Rounds in which a merchant must come to rest.
const QUIET_ROUNDS_MAX: usize = 4_000;
/// How far ahead clocks are followed at the end.
const QUIET_HORIZON: Millis = Millis::hours(24 * 12);

/// Where and how a run failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The step's place in the list, or its length for the end of the run.
    pub at: usize,
    /// The sentence's id.
    pub id: String,
    pub what: String,
}

/// What a run was.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    pub steps: usize,
    pub commands: usize,
    pub refused: usize,
    pub crashes: usize,
    pub facts: usize,
}

/// A run under way.
#[derive(Debug)]
pub struct Run {
    now: Timestamp,
    clock_went_back: bool,
    shops: Vec<Shop>,
    tally: Tally,
    /// What was said, one line a command, when somebody wants to read it.
    story: Option<Vec<String>>,
    #[cfg(feature = "disk")]
    disk: Option<Disk>,
}

/// Runs the steps from the scenario's beginning to the end.
///
/// # Errors
/// The first sentence that did not hold.
pub fn run(scenario: &Scenario, steps: &[Step]) -> Result<Tally, Failure> {
    told(scenario, steps, false).0
}

/// As [`run`], with everything that was said.
pub fn tell(scenario: &Scenario, steps: &[Step]) -> (Result<Tally, Failure>, Vec<String>) {
    told(scenario, steps, true)
}

fn told(scenario: &Scenario, steps: &[Step], tell: bool) -> (Result<Tally, Failure>, Vec<String>) {
    let mut at = 0;
    let mut story = Vec::new();
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut run = Run::open(scenario, tell)?;
        for step in steps {
            let taken = run.take_step(step);
            story.extend(run.story.as_mut().map(std::mem::take).unwrap_or_default());
            taken?;
            at += 1;
        }
        let ended = run.end();
        story.extend(run.story.as_mut().map(std::mem::take).unwrap_or_default());
        ended.map(|()| run.tally)
    }));
    let verdict = match result {
        Ok(verdict) => verdict.map_err(|(id, what)| Failure { at, id, what }),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let what = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(Failure { at, id: "PANIC".to_owned(), what: what.unwrap_or_default() })
        }
    };
    (verdict, story)
}

type Verdict<T = ()> = Result<T, (String, String)>;

fn storage(what: String) -> (String, String) {
    ("SIM-STORE".to_owned(), what)
}

impl Run {
    fn open(scenario: &Scenario, tell: bool) -> Verdict<Self> {
        let mut run = Self {
            now: OPENING,
            clock_went_back: false,
            shops: scenario.merchants.iter().map(Shop::open).collect(),
            tally: Tally::default(),
            story: tell.then(Vec::new),
            #[cfg(feature = "disk")]
            disk: if scenario.on_disk { Some(Disk::create(scenario).map_err(storage)?) } else { None },
        };
        #[cfg(feature = "disk")]
        run.declare_on_disk()?;
        for at in 0..run.shops.len() {
            run.open_stock(at)?;
        }
        Ok(run)
    }

    #[cfg(feature = "disk")]
    fn declare_on_disk(&mut self) -> Verdict {
        let Some(disk) = &self.disk else { return Ok(()) };
        for shop in &mut self.shops {
            let group = disk.begin(shop.merchant.seller.id).map_err(storage)?;
            shop.keep.version = group.version() + 1;
            group.commit(shop.keep.opening(), self.now).map_err(storage)?;
        }
        Ok(())
    }

    /// Every cell is counted once, in two classes by turns.
    fn open_stock(&mut self, at: usize) -> Verdict {
        let bills = crate::actors::opening_bills(&self.shops[at], self.now);
        self.group(at, 0, vec![Command::ReportStock(bills)], Fate::Fine)
    }

    fn take_step(&mut self, step: &Step) -> Verdict {
        self.tally.steps += 1;
        self.now = self.now + Millis(i64::from(step.pause_ms));
        let at = usize::from(step.merchant) % self.shops.len();
        let now = self.now;
        let first = match step.deed {
            Deed::Machine(deed) => self.machine(at, deed, step)?,
            Deed::Channel(_) | Deed::Merchant(_) | Deed::Stores(_) | Deed::Platform(_) => {
                let asked = actors::act(&mut self.shops[at], step, now);
                self.by_way(at, step.way, asked)
            }
        };
        let mut commands: Vec<Command> = first.into_iter().collect();
        for turn in 0..step.company {
            let mail = &mut self.shops[at].mail;
            if !mail.is_empty() {
                let which = (step.third as usize + usize::from(turn)) % mail.len();
                commands.push(mail.remove(which));
            }
        }
        if commands.is_empty() { Ok(()) } else { self.group(at, usize::from(step.node), commands, step.fate) }
    }

    fn by_way(&mut self, at: usize, way: Way, asked: Option<Command>) -> Option<Command> {
        let command = asked?;
        match way {
            _ if !has_a_sender(&command) => Some(command),
            Way::Straight => Some(command),
            Way::Slow => {
                self.shops[at].mail.push(command);
                None
            }
            Way::Twice => {
                self.shops[at].mail.push(command.clone());
                Some(command)
            }
        }
    }

    fn machine(&mut self, at: usize, deed: MachineDeed, step: &Step) -> Verdict<Option<Command>> {
        match deed {
            MachineDeed::Straggler => {
                let mail = &mut self.shops[at].mail;
                let which = step.first as usize % mail.len().max(1);
                return Ok((!mail.is_empty()).then(|| mail.remove(which)));
            }
            MachineDeed::Repeat => {
                let sent = &self.shops[at].sent;
                return Ok(sent.get(step.first as usize % sent.len().max(1)).cloned());
            }
            MachineDeed::JumpAhead => self.now = self.now + Millis::minutes(i64::from(step.first % 1_800)),
            MachineDeed::JumpBack => {
                self.clock_went_back = true;
                self.now = Timestamp(self.now.0 - i64::from(step.first % 1_200_000));
            }
            MachineDeed::Restart => self.restart(at)?,
        }
        Ok(None)
    }

    /// Working sets are gone; what is committed is there.
    fn restart(&mut self, at: usize) -> Verdict {
        self.tally.crashes += 1;
        self.shops[at].lanes.iter_mut().for_each(crate::lane::Lane::drop_world);
        #[cfg(feature = "disk")]
        if let Some(disk) = &mut self.disk {
            self.shops.iter_mut().flat_map(|shop| shop.lanes.iter_mut()).for_each(crate::lane::Lane::drop_world);
            disk.reopen().map_err(storage)?;
        }
        Ok(())
    }

    /// One group of one merchant: decided, committed, judged, answered, as far as the machine gets.
    fn group(&mut self, at: usize, node: usize, commands: Vec<Command>, fate: Fate) -> Verdict {
        let now = self.now;
        let shop = &mut self.shops[at];
        #[cfg(feature = "disk")]
        let mut session = {
            let group = match &self.disk {
                Some(disk) => Some(disk.begin(shop.merchant.seller.id).map_err(storage)?),
                None => None,
            };
            Session::on_disk(&shop.keep, group)
        };
        #[cfg(not(feature = "disk"))]
        let mut session = Session::in_memory(&shop.keep);
        let decided = shop.lanes[node % NODES].decide(&mut session, &mut shop.ids, commands, now).map_err(storage)?;
        if fate == Fate::DiesUncommitted {
            drop(session);
            // Nobody was answered: whoever asked, asks again.
            shop.mail.extend(decided.judged.into_iter().map(|judged| judged.command).filter(has_a_sender));
            return self.restart(at);
        }
        let changes = decided.changes.clone();
        let commits = !changes.is_empty();
        #[cfg(feature = "disk")]
        if let Some(group) = session.into_disk()
            && commits
        {
            group.commit(changes.clone(), now).map_err(storage)?;
        }
        if commits {
            shop.keep.commit(changes).map_err(|what| ("SIM-ROWS".to_owned(), what))?;
        }
        let judged = decided.judged.clone();
        let world = decided.into_world(commits);
        self.judge_all(at, &judged)?;
        self.judge_cache(at, &world)?;
        let shop = &mut self.shops[at];
        if fate == Fate::DiesUnanswered {
            shop.mail.extend(judged.into_iter().map(|judged| judged.command).filter(has_a_sender));
            return self.restart(at);
        }
        shop.lanes[node % NODES].keep(world, shop.merchant.articles_max);
        Ok(())
    }

    fn judge_all(&mut self, at: usize, judged: &[crate::lane::Judged]) -> Verdict {
        let shop = &mut self.shops[at];
        for judged in judged {
            self.tally.commands += 1;
            self.tally.refused += usize::from(judged.verdict.is_err());
            self.tally.facts += judged.facts.len();
            if let Some(story) = &mut self.story {
                story.push(line_of(at, judged));
            }
            let stands = shop.sent.contains(&judged.command);
            let settings = shop.keep.seller.settings.clone();
            let seen = Seen { judged, settings: &settings, stands, clock_went_back: self.clock_went_back };
            if let Some(broken) = shop.model.watch(&seen).into_iter().next() {
                return Err((broken.id.to_owned(), format!("{}: {}", broken.sentence, broken.detail)));
            }
            if judged.verdict.is_ok() && !stands && has_a_sender(&judged.command) && did_it_whole(judged) {
                shop.sent.push(judged.command.clone());
            }
            let surplus = shop.sent.len().saturating_sub(SENT_MAX);
            shop.sent.drain(..surplus);
        }
        audited(&shop.keep.snapshot(None))
    }

    /// A working set is exact while its version is the committed one.
    fn judge_cache(&self, at: usize, world: &astrolabe_core::world::World) -> Verdict {
        let keep = &self.shops[at].keep;
        let stale = |what: String| Err(("SIM-CACHE".to_owned(), format!("the working set differs: {what}")));
        for article in world.stock.articles() {
            for (key, cell) in article.cells() {
                let kept = keep.cells.get(key).cloned().unwrap_or_default();
                if *cell != kept {
                    return stale(format!("{key} is {cell:?}, committed is {kept:?}"));
                }
            }
            let queue = keep.queue.get(&article.sc_item()).cloned().unwrap_or_default();
            if *article.waiting() != queue {
                return stale(format!("queue {:?}, committed is {queue:?}", article.waiting()));
            }
        }
        match world.items.iter().find(|(id, item)| {
            let known = astrolabe_core::goods::Item::unknown(**id);
            *keep.items.get(id).unwrap_or(&known) != **item
        }) {
            Some((id, _)) => stale(format!("listing {id}")),
            None => Ok(()),
        }
    }

    /// Everything that is due is done and everybody is told; then everybody does his part.
    fn end(&mut self) -> Verdict {
        for at in 0..self.shops.len() {
            while let Some(command) = self.shops[at].mail.pop() {
                self.group(at, 0, vec![command], Fate::Fine)?;
            }
            self.rest(at)?;
            self.judge_quiet(at)?;
            for _ in 0..12 {
                let parts = actors::everybody_does_his_part(&mut self.shops[at], self.now);
                if parts.is_empty() {
                    break;
                }
                for command in parts {
                    self.group(at, 0, vec![command], Fate::Fine)?;
                }
                self.rest(at)?;
            }
            self.judge_quiet(at)?;
            if let Some(broken) = quiet::when_done(&self.shops[at]).into_iter().next() {
                return Err((broken.id.to_owned(), format!("{}: {}", broken.sentence, broken.detail)));
            }
        }
        Ok(())
    }

    /// Does what is there to do, and follows the clocks until none is left.
    fn rest(&mut self, at: usize) -> Verdict {
        let until = self.now + QUIET_HORIZON;
        for _ in 0..QUIET_ROUNDS_MAX {
            let Some(command) = actors::next_chore(&mut self.shops[at], self.now) else {
                match self.shops[at].next_due().filter(|due| *due <= until) {
                    Some(due) => self.now = self.now.max(due),
                    None => return Ok(()),
                }
                continue;
            };
            self.group(at, 0, vec![command], Fate::Fine)?;
        }
        let next = actors::next_chore(&mut self.shops[at], self.now);
        Err(("SIM-REST".to_owned(), format!("the merchant never comes to rest: next is {next:?}")))
    }

    fn judge_quiet(&self, at: usize) -> Verdict {
        let shop = &self.shops[at];
        audited(&shop.keep.snapshot(Some(self.now)))?;
        #[cfg(feature = "disk")]
        if let Some(disk) = &self.disk {
            audited(&disk.snapshot(shop.merchant.seller.id, self.now).map_err(storage)?)?;
        }
        match quiet::when_quiet(shop).into_iter().next() {
            Some(broken) => Err((broken.id.to_owned(), format!("{}: {}", broken.sentence, broken.detail))),
            None => Ok(()),
        }
    }
}

fn audited(snapshot: &astrolabe_core::stock::invariants::Snapshot) -> Verdict {
    match audit(snapshot).into_iter().next() {
        Some(found) => Err((found.id.to_owned(), format!("{}: {}", found.sentence, found.detail))),
        None => Ok(()),
    }
}

/// Whether somebody outside waits for an answer and asks again without one. Our own chores are found anew in what is
/// committed.
fn has_a_sender(command: &Command) -> bool {
    !matches!(
        command,
        Command::SettleOutward { .. }
            | Command::DoWork { .. }
            | Command::LookAtClock { .. }
            | Command::ExpireAhead { .. }
    )
}

/// An allocation result may find some of its lines done by others; only one that did all of them finds itself again.
fn did_it_whole(judged: &crate::lane::Judged) -> bool {
    if let Command::SyncAllocation(sync) = &judged.command {
        return judged.facts.iter().filter(|told| told.fact == Fact::Allocated).count() == sync.lines.len();
    }
    if let Ok(Outcome::Bills(verdicts)) = &judged.verdict {
        // A bill that failed is judged anew.
        return verdicts.iter().all(|verdict| verdict.refused.is_none());
    }
    if let Command::Reallocate(_) = &judged.command {
        // What only tried again what waits took nothing from anybody: the request is written down nowhere, and a repeat is
        // judged anew.
        return judged.facts.iter().any(|told| told.code.is_some() && told.fact != Fact::Allocated);
    }
    true
}

fn line_of(at: usize, judged: &crate::lane::Judged) -> String {
    let said = format!("{:?}", judged.command);
    let said: String = said.chars().take(420).collect();
    let became = match &judged.verdict {
        Ok(_) => {
            let facts: Vec<String> = judged.facts.iter().map(|told| format!("{:?}", told.fact)).collect();
            if facts.is_empty() { "kept".to_owned() } else { facts.join(", ") }
        }
        Err(refusal) => format!("refused: {refusal}"),
    };
    let calls = judged.calls.iter().map(|call| {
        let told: String = format!("{:?}", call.message).chars().take(240).collect();
        format!("\n        ⇒ {} of {} to {:?}: {told}", call.id, call.tid, call.receiver)
    });
    format!("[{at}] {} {said}\n        → {became}{}", judged.at, calls.collect::<String>())
}
