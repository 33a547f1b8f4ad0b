//! `astrolabe doctor`: every invariant of every seller, one line an invariant.

use std::collections::BTreeMap;
use std::process::ExitCode;

use astrolabe_core::settlement;
use astrolabe_core::stock::invariants::{INVARIANTS, audit};
use astrolabe_core::time::Timestamp;
use astrolabe_server::config::LoadedConfig;
use astrolabe_store::Store;

use crate::cli::DatabaseArgs;
use crate::terminal::say;

/// Violations shown for one invariant.
const SHOWN_MAX: usize = 5;
/// Violations of settlement looked for, of each kind and seller.
const SETTLEMENT_FAULTS_MAX: usize = 1_000;

/// What a check found: sentences by invariant id, all ids present.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) by_invariant: BTreeMap<&'static str, Vec<String>>,
}

impl Findings {
    pub(crate) fn count(&self) -> usize {
        self.by_invariant.values().map(Vec::len).sum()
    }
}

/// Prints one line per invariant and a last line `ok` or `N violations`.
pub(crate) async fn run(args: DatabaseArgs) -> Result<ExitCode, String> {
    let LoadedConfig { config, .. } = args.load()?;
    let app = astrolabe_server::open(&config).await.map_err(|error| error.to_string())?;
    let findings = examine(app.store.as_ref(), app.clock.now()).await?;
    for (id, sentence) in sentences() {
        let found = findings.by_invariant.get(id).map(Vec::as_slice).unwrap_or_default();
        let verdict = if found.is_empty() { "ok".to_owned() } else { format!("{} violations", found.len()) };
        say(format!("{id:<14} {verdict:<14} {sentence}"));
        for sentence in found.iter().take(SHOWN_MAX) {
            say(format!("               - {sentence}"));
        }
    }
    let count = findings.count();
    if count == 0 {
        say("ok");
        return Ok(ExitCode::SUCCESS);
    }
    say(format!("{count} violations"));
    Ok(ExitCode::FAILURE)
}

/// Every invariant's name and what it says.
fn sentences() -> impl Iterator<Item = (&'static str, &'static str)> {
    INVARIANTS.into_iter().map(|invariant| (invariant.id, invariant.sentence)).chain([settlement::INVARIANT])
}

/// Checks every declared seller.
pub(crate) async fn examine(store: &dyn Store, now: Timestamp) -> Result<Findings, String> {
    let directory = store.directory().await.map_err(|error| error.to_string())?;
    let mut findings = Findings::default();
    for (id, _) in sentences() {
        findings.by_invariant.insert(id, Vec::new());
    }
    for seller in directory.sellers {
        let snapshot = store.stock_snapshot(seller.id, now).await.map_err(|error| error.to_string())?;
        for violation in audit(&snapshot) {
            let sentence = format!("seller {}: {}", seller.id, violation.detail);
            findings.by_invariant.entry(violation.id).or_default().push(sentence);
        }
        let faults = store.settlement_faults(seller.id, SETTLEMENT_FAULTS_MAX).await;
        for fault in faults.map_err(|error| error.to_string())? {
            let trade = fault.tid.map(|tid| format!(" trade {tid}:")).unwrap_or_default();
            let sentence = format!("seller {}:{trade} {}", seller.id, fault.what);
            findings.by_invariant.entry(settlement::INVARIANT.0).or_default().push(sentence);
        }
    }
    Ok(findings)
}
