//! The whole life of orders around one real party: a platform of its own on a database that is thrown away afterwards.

use std::path::{Path, PathBuf};

use astrolabe_rehearsal::rehearse::{Life, LifeSpec, Report, Role};
use astrolabe_rehearsal::seed::Seeded;
use astrolabe_rehearsal::wire::{BaseUrl, Http};
use astrolabe_server::config::ServerConfig;
use astrolabe_server::{RunningServer, declare};

use crate::terminal::say;

/// Rehearses to the end.
pub(super) async fn rehearse(http: &Http, spec: LifeSpec) -> Result<Report, String> {
    let dir = Scratch::make()?;
    let life = Life::prepare(spec.clone()).await.map_err(|error| error.to_string())?;
    let server = start(dir.path()).await?;
    let outcome = perform(http, &spec, life, &server).await;
    server.stop().await;
    outcome
}

async fn start(dir: &Path) -> Result<RunningServer, String> {
    let config = ServerConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        data_dir: dir.to_owned(),
        database_url: None,
        // Relay and stand-ins are all on this machine.
        allow_private_addresses: true,
        ..ServerConfig::default()
    };
    astrolabe_server::start(&config).await.map_err(|error| error.to_string())
}

async fn perform(http: &Http, spec: &LifeSpec, life: Life, server: &RunningServer) -> Result<Report, String> {
    let url = BaseUrl::parse(&format!("http://{}", server.address())).map_err(|error| error.to_string())?;
    let declaration = life.declaration().map_err(|error| error.to_string())?;
    declare::apply(&server.app, &declaration, false).await.map_err(|error| error.to_string())?;
    let seeded = life.seed(http, &url).await.map_err(|error| error.to_string())?;
    introduce(spec, &life, &seeded)?;
    Ok(life.run(http, &url, &seeded).await)
}

/// What the party must know to take part.
fn introduce(spec: &LifeSpec, life: &Life, seeded: &Seeded) -> Result<(), String> {
    let doors = life.doors().map_err(|error| error.to_string())?;
    let role = match spec.role {
        Role::Isv => "ISV 分单 (§3.4)",
        Role::Pos => "POS 接单 (§3.3)",
    };
    say(format!("rehearsing the {role} at {}", spec.address));
    say(format!("  doors    {doors}/router/rest · /router/qimen/service · /router/qm"));
    say(format!("  app_key  {}", spec.app_key));
    say(format!("  session  {}", spec.session));
    say(format!("  seller   {} {}", spec.seller, spec.nick));
    let (first, last) = (seeded.stores.first(), seeded.stores.last());
    if let (Some(first), Some(last)) = (first, last) {
        let stores = seeded.stores.len();
        say(format!("  stores   {stores}, {first} to {last}; which serve an item: taobao.qimen.itemstore.query"));
    }
    Ok(())
}

/// A directory that goes away with the rehearsal.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Self, String> {
        let name = format!("astrolabe-rehearse-{}-{}", std::process::id(), astrolabe_rehearsal::clock::now().0);
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).map_err(|error| format!("cannot make {}: {error}", path.display()))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "the rehearsal's directory stays");
        }
    }
}

#[cfg(test)]
mod tests {
    //! Our own stand-ins as the party under test, right and with each fault planted: every fault is found and named, and a right
    //! party gets a clean report. Both sides speak over real sockets; the platform is a real one.

    use std::net::TcpListener;
    use std::sync::Arc;
    use std::time::Duration;

    use astrolabe_protocol::{AppKey, Secret};
    use astrolabe_rehearsal::fault::Wanted;
    use astrolabe_rehearsal::ids::SellerId;
    use astrolabe_rehearsal::rehearse::{PlaySpec, Severity, Tempo, play_isv, play_pos};
    use astrolabe_rehearsal::temper::{Delay, Temper};
    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;

    use super::*;

    const AT_ONCE: usize = 6;
    const SESSION: &str = "a-session-nobody-may-see";
    const SECRET: &str = "a-secret-nobody-may-see";

    /// A party that is wrong in one way, how the rehearsal treats it, and the rule that must be found broken.
    #[derive(Clone, Copy, Debug)]
    struct Row {
        role: Role,
        party: &'static str,
        driven: &'static str,
        rule: Option<&'static str>,
    }

    const fn isv(party: &'static str, rule: Option<&'static str>) -> Row {
        Row { role: Role::Isv, party, driven: "right", rule }
    }

    const fn pos(party: &'static str, rule: Option<&'static str>) -> Row {
        Row { role: Role::Pos, party, driven: "right", rule }
    }

    const ROWS: &[Row] = &[
        Row { role: Role::Isv, party: "right", driven: "", rule: None },
        Row { role: Role::Pos, party: "right", driven: "", rule: None },
        isv("late=0.3", None),
        isv("slow-drip=0.3", None),
        isv("duplicate=1", None),
        Row { role: Role::Isv, party: "unchecked-sign=1", driven: "bad-sign", rule: Some("bad-sign-taken") },
        Row { role: Role::Isv, party: "gives-up", driven: "silent=0.5", rule: Some("not-repeated") },
        Row { role: Role::Isv, party: "forgetful", driven: "duplicate=1", rule: Some("allocated-twice") },
        isv("misnamed-code=1", Some("code-misnamed")),
        isv("no-code=1", Some("code-missing")),
        isv("garbage=1", Some("unreadable-answer")),
        isv("5xx=1", Some("http-status")),
        isv("silent=1", Some("no-answer")),
        isv("never-reports=1", Some("never-reported")),
        isv("no-timestamp=1", Some("timestamp-missing")),
        isv("future-timestamp=1", Some("timestamp-future")),
        isv("late-timestamp=1", Some("late")),
        isv("wrong-store=1", Some("store-unknown")),
        isv("unknown-tid=1", Some("trade-unknown")),
        isv("bad-sign=1", Some("call-signature")),
        isv("stale=1", Some("call-signature")),
        isv("missing-field=1", Some("call-field-missing")),
        isv("unknown-field=1", Some("call-field-unknown")),
        pos("out-of-order=1", Some("status-order")),
        pos("late-timestamp=1", Some("late")),
        pos("wrong-store=1", Some("store-unknown")),
        pos("never-reports=1", Some("never-reported")),
        pos("garbage=1", Some("unreadable-answer")),
        Row { role: Role::Pos, party: "unchecked-sign=1", driven: "bad-sign", rule: Some("bad-sign-taken") },
    ];

    fn wanted(text: &str) -> Vec<Wanted> {
        text.split_whitespace().map(|one| one.parse().expect("a fault")).collect()
    }

    fn free_address() -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address")
    }

    fn local(address: std::net::SocketAddr, path: &str) -> BaseUrl {
        BaseUrl::parse(&format!("http://{address}{path}")).expect("loopback")
    }

    async fn rehearsed(row: Row) -> Report {
        let http = Http::new().expect("an HTTP client");
        let (spi, doors) = (free_address(), free_address());
        let play = PlaySpec {
            server: local(doors, ""),
            listen: spi,
            app_key: AppKey::new("4272"),
            secret: Secret::new(SECRET),
            session: SESSION.to_owned(),
            seller: SellerId(21_230),
            tempo: Tempo { rate: 1.0, seconds: 600 },
            temper: Temper {
                silent: 0.0,
                allocator_silent: 0.0,
                allocator_only_when_asked: 0.0,
                itemadjust: 0.0,
                answer_after: Delay::ms(20, 200),
                ship_after: Delay::ms(20, 200),
                ..Temper::default()
            },
            wanted: wanted(row.party),
        };
        let life = LifeSpec {
            role: row.role,
            address: local(spi, "/spi"),
            app_key: play.app_key.clone(),
            secret: SECRET.to_owned(),
            session: SESSION.to_owned(),
            seller: play.seller,
            nick: "演练".to_owned(),
            tempo: Tempo { rate: 8.0, seconds: 2 },
            listen: doors,
            wanted: wanted(row.driven),
            within: Duration::from_secs(300),
            settle: Duration::from_secs(if row.rule.is_some() { 6 } else { 30 }),
            knee: false,
            seed: 3,
        };
        let player = http.clone();
        let played = tokio::spawn(async move {
            match row.role {
                Role::Isv => play_isv(&player, &play).await,
                Role::Pos => play_pos(&player, &play).await,
            }
        });
        let report = rehearse(&http, life).await.expect("the rehearsal runs");
        played.abort();
        report
    }

    async fn all_rehearsed() -> Vec<(Row, Report)> {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let mut rows = JoinSet::new();
        for row in ROWS {
            let permits = Arc::clone(&permits);
            rows.spawn_local(async move {
                let _permit = permits.acquire_owned().await.expect("never closed");
                (*row, rehearsed(*row).await)
            });
        }
        rows.join_all().await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_fault_is_found_and_named_and_a_right_party_is_clean() {
        let reports = tokio::task::LocalSet::new().run_until(all_rehearsed()).await;
        let mut wrong = Vec::new();
        for (row, report) in reports {
            let errors: Vec<String> = report
                .findings
                .iter()
                .filter(|finding| finding.severity != Severity::Note)
                .map(|finding| format!("{} at {}: {}", finding.rule, finding.method, finding.came))
                .collect();
            let as_it_should = match row.rule {
                None => report.passed() && errors.is_empty(),
                Some(rule) => !report.passed() && report.findings.iter().any(|finding| finding.rule == rule),
            };
            if !as_it_should {
                wrong.push(format!("{row:?}: {errors:#?} {:?}", report.faults));
            }
            let shown = serde_json::to_string(&report).expect("JSON") + &report.html() + &report.markdown();
            assert!(!shown.contains(SECRET) && !shown.contains(SESSION), "{row:?} shows a secret");
            for finding in &report.findings {
                let shows = !finding.exchanges.is_empty() || ["never-reported", "not-repeated"].contains(&finding.rule);
                assert!(shows, "{row:?}: {} without an exchange", finding.rule);
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
