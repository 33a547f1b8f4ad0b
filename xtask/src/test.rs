//! `cargo xtask test`: all tests, or those of one part, with PostgreSQL, MariaDB and the SDKs set up and taken down around them.

use std::collections::BTreeSet;

use crate::checkout::Checkout;
use crate::failure::{Failure, Outcome};
use crate::mysql::Mysql;
use crate::pg::Postgres;
use crate::run::Run;
use crate::{say, sdk, suites, tidy};

/// The address of a PostgreSQL superuser; suites that need one skip nothing, they fail without it.
pub(crate) const PG_URL_VARIABLE: &str = "ASTROLABE_TEST_PG_URL";

/// The same of a MariaDB, for the suites that push orders into an app's database.
pub(crate) const MYSQL_URL_VARIABLE: &str = "ASTROLABE_TEST_MYSQL_URL";

const REMEDY: &str = "read the failing test above; `cargo xtask test PART` runs one part again";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Run one part only
    #[arg(value_enum)]
    part: Option<Part>,
}

/// A part is a question somebody works on, not a crate: it may take tests from several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The domain: stock, orders, routing, rules
    Core,
    /// Both databases: the conformance suite
    Store,
    /// The protocol, the doors, and unmodified public SDKs against a running server
    Wire,
    /// Of those, the SDKs alone
    Sdk,
    /// The order states, and the server that carries them
    Orders,
    /// The seeded simulation
    Sim,
    /// The router
    Router,
    /// The web applications
    Console,
}

/// Tests of one crate whose path holds `filter`; all of them without one.
#[derive(Debug, Clone, Copy)]
struct Tests {
    package: &'static str,
    filter: Option<&'static str>,
}

impl Part {
    fn tests(self) -> &'static [Tests] {
        const fn all(package: &'static str) -> Tests {
            Tests { package, filter: None }
        }
        const fn some(package: &'static str, filter: &'static str) -> Tests {
            Tests { package, filter: Some(filter) }
        }
        match self {
            Self::Core => const { &[all("astrolabe-core")] },
            Self::Store => const { &[all("astrolabe-store")] },
            Self::Wire => {
                const {
                    &[
                        all("astrolabe-protocol"),
                        some("astrolabe-server", "gateway"),
                        some("astrolabe-server", "naughty"),
                    ]
                }
            }
            Self::Orders => const { &[some("astrolabe-core", "order"), all("astrolabe-server"), all("astrolabe")] },
            Self::Sim => const { &[all("astrolabe-sim")] },
            Self::Router => const { &[some("astrolabe-core", "routing")] },
            Self::Sdk | Self::Console => &[],
        }
    }

    /// Whether it sends the collections of bad and odd input.
    fn needs_suites(self) -> bool {
        match self {
            Self::Wire | Self::Orders => true,
            Self::Sdk | Self::Core | Self::Store | Self::Sim | Self::Router | Self::Console => false,
        }
    }

    fn needs_postgres(self) -> bool {
        match self {
            Self::Store | Self::Wire | Self::Orders | Self::Sim => true,
            Self::Sdk | Self::Core | Self::Router | Self::Console => false,
        }
    }

    fn needs_mysql(self) -> bool {
        match self {
            Self::Store | Self::Orders => true,
            Self::Wire | Self::Sdk | Self::Core | Self::Sim | Self::Router | Self::Console => false,
        }
    }
}

/// The servers that the tests use, for as long as it lives.
struct Databases {
    postgres: Option<Postgres>,
    mysql: Option<Mysql>,
}

impl Databases {
    fn start(checkout: &Checkout, postgres: bool, mysql: bool) -> Outcome<Self> {
        let postgres = postgres.then(|| Postgres::start(checkout)).transpose()?;
        let mysql = mysql.then(|| Mysql::start(checkout)).transpose()?;
        Ok(Self { postgres, mysql })
    }

    /// `cargo` told where they are.
    fn told(&self, cargo: Run) -> Run {
        let cargo = match &self.postgres {
            Some(postgres) => cargo.env(PG_URL_VARIABLE, postgres.url()),
            None => cargo,
        };
        match &self.mysql {
            Some(mysql) => cargo.env(MYSQL_URL_VARIABLE, mysql.url()),
            None => cargo,
        }
    }
}

pub(crate) fn run(options: &Options, checkout: &Checkout) -> Outcome {
    match options.part {
        None => everything(checkout),
        Some(part) => one_part(part, checkout),
    }
}

/// Every test of the workspace, every documentation example, the SDKs, and the web applications where there are any.
pub(crate) fn everything(checkout: &Checkout) -> Outcome {
    suites::install(checkout)?;
    let databases = Databases::start(checkout, true, true)?;
    say::step("Testing every crate");
    let runner = Runner::choose(checkout);
    runner.cargo(checkout, &databases).arg("--workspace").stream(REMEDY)?;
    if runner == Runner::Nextest {
        say::step("Testing the documentation examples");
        let cargo = databases.told(Run::cargo(checkout.root()));
        cargo.args(["test", "--workspace", "--doc"]).stream(REMEDY)?;
    }
    // The server under the SDKs runs on the embedded database.
    drop(databases);
    sdk::run(checkout)?;
    if checkout.path("console/package.json").exists() { console(checkout) } else { Ok(()) }
}

fn one_part(part: Part, checkout: &Checkout) -> Outcome {
    let members = tidy::workspace_members(checkout)?;
    require_code(part, checkout, &members)?;
    if part.needs_suites() {
        suites::install(checkout)?;
    }
    let databases = Databases::start(checkout, part.needs_postgres(), part.needs_mysql())?;
    let runner = Runner::choose(checkout);
    for tests in part.tests() {
        say::step(&format!("Testing {}{}", tests.package, tests.filter.map_or(String::new(), |f| format!(" ({f})"))));
        let cargo = runner.cargo(checkout, &databases).args(["--package", tests.package]);
        cargo.args(tests.filter).stream(REMEDY)?;
    }
    match part {
        Part::Wire | Part::Sdk => sdk::run(checkout),
        Part::Console => console(checkout),
        Part::Core | Part::Store | Part::Orders | Part::Sim | Part::Router => Ok(()),
    }
}

/// A part without code must not look as if it had passed.
fn require_code(part: Part, checkout: &Checkout, members: &BTreeSet<String>) -> Outcome {
    let missing = if part == Part::Console && !checkout.path("console/package.json").exists() {
        Some("console/package.json")
    } else {
        part.tests().iter().map(|tests| tests.package).find(|package| !members.contains(*package))
    };
    match missing {
        None => Ok(()),
        Some(missing) => Err(Failure::new(
            format!("there is nothing to test here: this checkout has no {missing}"),
            "run `cargo xtask test` for every part that has code",
        )),
    }
}

fn console(checkout: &Checkout) -> Outcome {
    let folder = checkout.path("console");
    say::step("Testing the web applications");
    let remedy = "check that this machine reaches the npm registry";
    Run::new("npm").args(["ci", "--no-audit", "--no-fund"]).dir(&folder).stdin_none().stream(remedy)?;
    Run::new("npm").arg("test").dir(&folder).stdin_none().stream(REMEDY)
}

/// cargo-nextest shows more and runs more at once; where it is not installed, cargo's own runner does the same tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runner {
    Nextest,
    Cargo,
}

impl Runner {
    fn choose(checkout: &Checkout) -> Self {
        let found = Run::cargo(checkout.root()).args(["nextest", "--version"]).succeeds();
        if found { Self::Nextest } else { Self::Cargo }
    }

    fn cargo(self, checkout: &Checkout, databases: &Databases) -> Run {
        let cargo = databases.told(Run::cargo(checkout.root()).stdin_none());
        match self {
            Self::Nextest => cargo.args(["nextest", "run", "--no-fail-fast"]),
            Self::Cargo => cargo.args(["test", "--no-fail-fast"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Parser, ValueEnum};

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn an_unknown_part_is_answered_with_the_parts_there_are() {
        let refusal = Cli::try_parse_from(["test", "stores"]).unwrap_err().to_string();
        for part in Part::value_variants() {
            let name = part.to_possible_value().unwrap();
            assert!(refusal.contains(name.get_name()), "{refusal}");
        }
    }

    #[test]
    fn a_part_without_code_is_refused() {
        let checkout = Checkout::find();
        let core_only = BTreeSet::from(["astrolabe-core".to_owned()]);
        assert!(require_code(Part::Core, &checkout, &core_only).is_ok());
        let refusal = require_code(Part::Sim, &checkout, &core_only).unwrap_err().to_string();
        assert!(refusal.contains("astrolabe-sim"), "{refusal}");
    }
}
