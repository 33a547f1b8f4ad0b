//! Bugs to plant in the core, each a change of one exact text, to prove that the simulation finds them. `cargo xtask sim
//! --planted` makes a copy, plants one after the other, and runs seeds until each is found; a text that is no longer there
//! fails a test and the command, so that none is ever skipped.
//!
//! What found them is in `docs/simulation.md`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// One bug.
#[derive(Clone, Copy, Debug)]
pub struct Planted {
    /// Its name on the command line and in the docs.
    pub name: &'static str,
    /// What goes wrong, in a sentence.
    pub what: &'static str,
    /// Below `crates/astrolabe-core/src`.
    pub file: &'static str,
    /// Stands there exactly once.
    pub text: &'static str,
    pub becomes: &'static str,
}

/// All of them.
pub const PLANTED: [Planted; 14] = [
    Planted {
        name: "suspect-promises",
        what: "units of a suspect cell are promised",
        file: "stock/cell.rs",
        text: "if self.suspect { 0 } else { self.available().max(0) }",
        becomes: "self.available().max(0)",
    },
    Planted {
        name: "revert-keeps-queue",
        what: "a refused command leaves its place in the shortage queue",
        file: "stock/book.rs",
        text: "                        article.dequeue(&waiting);\n                    }\n                }\n                QueueChange::Dequeued(sc_item, waiting) => {\n                    if let Some(article) = self.articles.get_mut(&sc_item) {",
        becomes: "                        let _ = (&article, &waiting);\n                    }\n                }\n                QueueChange::Dequeued(sc_item, waiting) => {\n                    if let Some(article) = self.articles.get_mut(&sc_item) {",
    },
    Planted {
        name: "absorbs-too-much",
        what: "a report that includes our own sales absorbs more than was sold",
        file: "stock/report.rs",
        text: "quantity.max(cell.unreported.max(0).saturating_neg())",
        becomes: "quantity.max(cell.unreported.max(1).saturating_neg())",
    },
    Planted {
        name: "count-forgets",
        what: "a count of stock that comes late forgets what left the shelf after it",
        file: "decide/report.rs",
        text: "committed_since: saved.saturating_add(committed_after(",
        becomes: "committed_since: saved.min(0).saturating_add(committed_after(",
    },
    Planted {
        name: "bill-acts-again",
        what: "a repeated bill acts again when its figure is not above 0",
        file: "decide/report.rs",
        text: "if let Some(applied) = known.and_then(|sc_item| world.bills.get(&key_of(bill, sc_item))) {",
        becomes: "if let Some(applied) = known.and_then(|sc_item| world.bills.get(&key_of(bill, sc_item))).filter(|applied| applied.quantity > 0) {",
    },
    Planted {
        name: "guard-stays",
        what: "accepting leaves the Guard held elsewhere",
        file: "order/machine/delivery.rs",
        text: "Event::Accept => to(AssignmentState::Accepted, StockStep::ReleaseGuard),",
        becomes: "Event::Accept => to(AssignmentState::Accepted, StockStep::Keep),",
    },
    Planted {
        name: "closed-keeps-hold",
        what: "a line that the channel closes while it is asked back keeps its units",
        file: "order/machine/delivery.rs",
        text: "        (Event::Close, CancelAim::Refund(_) | CancelAim::Reallocate(_)) => {\n            to(AssignmentState::Closed, StockStep::Release)",
        becomes: "        (Event::Close, CancelAim::Refund(_) | CancelAim::Reallocate(_)) => {\n            to(AssignmentState::Closed, StockStep::Keep)",
    },
    Planted {
        name: "denied-falls-back",
        what: "a store that will not give an order back is asked again whether it accepts",
        file: "order/machine/delivery.rs",
        text: "        (Event::DenyCancel, CancelAim::Reallocate(_)) => to(back(from), StockStep::Keep),",
        becomes: "        (Event::DenyCancel, CancelAim::Reallocate(_)) => to(AssignmentState::Notified, StockStep::Keep),",
    },
    Planted {
        name: "refund-of-another",
        what: "withdrawing one refund lifts the cancel request of another",
        file: "order/machine/delivery.rs",
        text: "(Event::LiftRefund { refund }, CancelAim::Refund(asked)) if refund == asked =>",
        becomes: "(Event::LiftRefund { .. }, CancelAim::Refund(_)) =>",
    },
    Planted {
        name: "units-vanish",
        what: "units given back replace those that wait instead of joining them",
        file: "decide/carry.rs",
        text: "line.unassigned = Some(Unassigned { units: before + units, state });",
        becomes: "line.unassigned = Some(Unassigned { units: before.max(units), state });",
    },
    Planted {
        name: "silent-shipment",
        what: "the allocating app is not told of what a keeper ships",
        file: "decide/tell.rs",
        text: "    let moved = gone.iter().map(|(oid, _)| *oid).collect();\n    tell_allocator(case,",
        becomes: "    let moved = gone.iter().skip(1).map(|(oid, _)| *oid).collect();\n    tell_allocator(case,",
    },
    Planted {
        name: "withdrawn-unsaid",
        what: "a store whose offer ran out is not told that it is gone",
        file: "decide/carry.rs",
        text: "if let AssignmentState::Withdrawn | AssignmentState::Unanswered | AssignmentState::Closed = &assignment.state {",
        becomes: "if let AssignmentState::Withdrawn | AssignmentState::Closed = &assignment.state {",
    },
    Planted {
        name: "forgotten-changes",
        what: "what a group changes of known things stays in memory and is not written",
        file: "world/slots.rs",
        text: "        self.undo.clear();\n        std::mem::take(&mut self.base)\n            .into_iter()\n            .filter_map(|(key, before)| {\n                let after = self.now.get(&key).cloned().flatten();\n                (before != after)",
        becomes: "        self.undo.clear();\n        std::mem::take(&mut self.base)\n            .into_iter()\n            .filter_map(|(key, before)| {\n                let after = self.now.get(&key).cloned().flatten();\n                (before.is_none() && before != after)",
    },
    Planted {
        name: "work-undone",
        what: "nobody who waits hears of units that another order gave back",
        file: "decide/work.rs",
        text: "    for sc_item in risen {",
        becomes: "    for sc_item in risen.into_iter().skip(1) {",
    },
];

impl Planted {
    /// The file with the bug in it.
    ///
    /// # Errors
    /// Its text is not there, or more than once: the core has changed, and this bug must be planted anew.
    pub fn plant(&self, core: &Path) -> Result<String, String> {
        let path = core.join("src").join(self.file);
        let source = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        match source.matches(self.text).count() {
            1 => Ok(source.replace(self.text, self.becomes)),
            found => Err(format!(
                "planted bug {}: its text stands {found} times in {}; plant it anew in astrolabe-sim/src/planted.rs",
                self.name, self.file
            )),
        }
    }
}

/// What became of a planted bug.
#[derive(Debug)]
pub struct Hunt {
    pub found: bool,
    /// The simulation's own last words: seed, sentence, figures.
    pub words: String,
    pub took: Duration,
}

/// A copy of the core and of the simulation, to plant bugs in.
#[derive(Debug)]
pub struct Plot {
    root: PathBuf,
    source: PathBuf,
}

/// The crates of the copy. The store comes along because a manifest names it; nothing of it is built.
const CRATES: [&str; 3] = ["astrolabe-core", "astrolabe-sim", "astrolabe-store"];

impl Plot {
    /// Copies the checkout's crates below `root`.
    ///
    /// # Errors
    /// What the file system could not do.
    pub fn lay_out(checkout: &Path, root: &Path) -> Result<Self, String> {
        let plot = Self { root: root.to_path_buf(), source: checkout.to_path_buf() };
        for name in CRATES {
            copy(&checkout.join("crates").join(name), &root.join("crates").join(name))?;
        }
        let manifest = read(&checkout.join("Cargo.toml"))?;
        let from = manifest.find("members = ").ok_or("Cargo.toml names no members")?;
        let to = manifest.find("[workspace.package]").ok_or("Cargo.toml has no [workspace.package]")?;
        let members = "members = [\"crates/astrolabe-core\", \"crates/astrolabe-sim\", \"crates/astrolabe-store\"]\n\n";
        let profile = "\n[profile.dev]\ndebug = false\n\n[profile.dev.package.astrolabe-core]\nopt-level = 0\n";
        let profiles = manifest.find("[profile.dev]").ok_or("Cargo.toml has no [profile.dev]")?;
        let head = &manifest[..from];
        write(&root.join("Cargo.toml"), &format!("{head}{members}{}{profile}", &manifest[to..profiles]))?;
        write(&root.join("Cargo.lock"), &read(&checkout.join("Cargo.lock"))?)?;
        Ok(plot)
    }

    /// Plants one bug, builds, and runs seeds until one fails; takes the bug out again.
    ///
    /// # Errors
    /// The bug's text is gone, or the copy does not build.
    pub fn hunt(&self, planted: &Planted, seeds: u64) -> Result<Hunt, String> {
        let core = self.root.join("crates/astrolabe-core");
        let file = core.join("src").join(planted.file);
        let sound = read(&self.source.join("crates/astrolabe-core/src").join(planted.file))?;
        write(&file, &planted.plant(&self.source.join("crates/astrolabe-core"))?)?;
        let built = self.cargo(&["build", "--quiet", "--package", "astrolabe-sim", "--no-default-features"]);
        let hunted = built.and_then(|()| self.run_seeds(seeds));
        write(&file, &sound)?;
        hunted
    }

    fn run_seeds(&self, seeds: u64) -> Result<Hunt, String> {
        let start = Instant::now();
        let program = self.root.join("target/debug/astrolabe-sim");
        let range = format!("0..{seeds}");
        let output = Command::new(&program).args(["--seeds", &range, "--first"]).output();
        let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let wanted = |line: &&str| line.starts_with("seed ") || line.starts_with("  ") || line.starts_with("shortened");
        let words: Vec<&str> = said.lines().filter(wanted).take(3).map(str::trim).collect();
        Ok(Hunt { found: !output.status.success(), words: words.join("; "), took: start.elapsed() })
    }

    fn cargo(&self, args: &[&str]) -> Result<(), String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(args).current_dir(&self.root).env("CARGO_TARGET_DIR", self.root.join("target"));
        let output = build.output().map_err(|error| format!("cargo: {error}"))?;
        let said = || String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(format!("the copy does not build\n{}", said())) }
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", from.display());
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else if std::fs::read(&target).ok() != std::fs::read(&source).ok() {
            // What is the same keeps its time, so that it is not built again.
            std::fs::copy(&source, &target).map_err(failed)?;
        }
    }
    Ok(())
}
