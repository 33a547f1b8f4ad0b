//! `kill -9` in the middle of a day's work: all four role modes at play, the server killed at random moments and started again
//! on the same data and port. Whatever the platform acknowledged is in the recorder's file, and must still stand at the end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use astrolabe_rehearsal::dice::Dice;
use astrolabe_rehearsal::ids::SellerId;
use astrolabe_rehearsal::merchant::MerchantSpec;
use astrolabe_rehearsal::parties::{Mode, Parties};
use astrolabe_rehearsal::recorder::{self, Recorder};
use astrolabe_rehearsal::seed::Seeded;
use astrolabe_rehearsal::tally::{Counted, Tally};
use astrolabe_rehearsal::temper::{Delay, Temper};
use astrolabe_rehearsal::troupe::{Performance, Scene, Troupe};
use astrolabe_rehearsal::verify::verify;
use astrolabe_rehearsal::wire::Http;
use tokio::time::{Instant, sleep};

use crate::database::Database;
use crate::server::{Server, apply, assert_healthy};
use crate::wait::until;

/// Other kills for another number; a failure names it.
const SEED: u64 = 20_160_922;
const STORES: usize = 24;
const SKUS: usize = 40;
/// The next kill comes so long after the server is back, in milliseconds.
const BETWEEN_KILLS_MS: (i64, i64) = (150, 1_800);
/// Stand-ins that did nothing for so long have nothing left to do.
const QUIET_FOR: Duration = Duration::from_secs(3);
/// A play that acknowledged less proves nothing.
const FACTS_MIN: usize = 200;

/// Seconds where a merchant takes hours.
const SETTINGS: [(&str, &str); 2] = [("accept_within_ms", "2500"), ("allocate_within_ms", "2000")];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_in_ten_kills_on_sqlite() {
    survive(Database::sqlite(), 10, 70).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_in_three_kills_on_postgres() {
    if let Some(database) = Database::postgres().await {
        survive(database, 3, 30).await;
    }
}

/// `orders` are those of each of the four merchants.
async fn survive(database: Database, kills: u32, orders: usize) {
    let troupes = gather(&database, orders).await;
    let mut server = Server::start(&database).await;
    let file = database.file("acknowledged");
    let scene = scene(&server, &file, orders);
    let mut performances = Vec::new();
    let sellers: Vec<Parties> = troupes.iter().map(|troupe| troupe.parties.clone()).collect();
    let mut cast: Vec<(Troupe, Seeded)> = Vec::new();
    for troupe in troupes {
        let seeded = troupe.seed(&scene.http, &scene.server).await.expect("the merchant is seeded");
        cast.push((troupe, seeded));
    }
    for (troupe, seeded) in cast {
        performances.push(troupe.perform(scene.clone(), &seeded));
    }

    let mut dice = Dice::new(SEED, "kills");
    for _ in 0..kills {
        // The moment is the matter here: it is chosen, and nothing is awaited.
        let moment = Delay::ms(BETWEEN_KILLS_MS.0, BETWEEN_KILLS_MS.1).draw(&mut dice);
        sleep(moment).await;
        server.kill().await;
        server.start_again().await;
    }
    settle(&performances, &scene.tally).await;
    for performance in performances {
        performance.end().await;
    }

    let facts = recorder::read(&file).expect("the recorder's file is readable");
    assert!(facts.len() >= FACTS_MIN, "only {} facts; {}", facts.len(), story(&scene.tally));
    let verdict = verify(&scene.http, &scene.server, &sellers, &facts).await.expect("the platform answers");
    assert_eq!(verdict.lost, 0, "seed {SEED}, of {} facts: {:#?}", verdict.asked, verdict.named);
    assert!(verdict.asked > 0);
    for counted in [Counted::TradesSent, Counted::Allocated, Counted::Accepted, Counted::Shipped, Counted::BillsApplied]
    {
        assert!(scene.tally.get(counted) > 0, "no {counted:?}; {}", story(&scene.tally));
    }
    assert_eq!(scene.tally.get(Counted::BadSignatures), 0);
    assert_healthy(&database).await;
    let (status, _) = server.terminate().await;
    assert_eq!(status.code(), Some(0), "{}", server.said());
    database.remove().await;
}

/// Four merchants, one a mode, declared and not yet seeded.
async fn gather(database: &Database, orders: usize) -> Vec<Troupe> {
    let mut troupes = Vec::new();
    for (number, mode) in (0_i64..).zip(Mode::ALL) {
        let spec = MerchantSpec {
            seed: SEED + number.unsigned_abs(),
            seller: SellerId(21_230 + number),
            nick: format!("星盘示例{}店", mode.section()),
            stores: STORES,
            skus_min: SKUS,
            orders,
        };
        let troupe = Troupe::gather(&spec, mode).await.expect("the parties have addresses");
        let settings = SETTINGS.map(|(name, value)| (name, value.to_owned()));
        apply(database, &troupe.declaration(&settings)).await;
        troupes.push(troupe);
    }
    troupes
}

fn scene(server: &Server, file: &Path, orders: usize) -> Scene {
    let temper = Temper {
        seed: SEED,
        trades_per_second: 5.0,
        patience: Duration::from_secs(4),
        answer_after: Delay::ms(20, 400),
        ship_after: Delay::ms(20, 400),
        report_every: Duration::from_secs(1),
        ..Temper::default()
    };
    Scene {
        http: Http::new().expect("an HTTP client"),
        server: server.url(),
        temper: Arc::new(temper),
        recorder: Arc::new(Recorder::append_to(file).expect("a file in the test's directory")),
        tally: Arc::new(Tally::default()),
        orders,
    }
}

/// Waits until every trade was pushed and nobody has done anything for a while.
async fn settle(performances: &[Performance], tally: &Tally) {
    let mut last = (counts(tally), Instant::now());
    until("the play settles", || {
        let now = counts(tally);
        if now != last.0 {
            last = (now, Instant::now());
        }
        let pushed = performances.iter().all(Performance::all_pushed);
        let quiet = last.1.elapsed() > QUIET_FOR;
        async move { if pushed && quiet { Ok(()) } else { Err(format!("pushed {pushed}, quiet {quiet}")) } }
    })
    .await;
}

/// What moves an order. Sales over the counter go on for ever.
fn counts(tally: &Tally) -> Vec<u64> {
    let of_orders = [
        Counted::TradesSent,
        Counted::Allocated,
        Counted::Accepted,
        Counted::Refused,
        Counted::Shipped,
        Counted::ConsignsHeard,
        Counted::BackOnShelf,
        Counted::AlreadyGone,
    ];
    of_orders.map(|counted| tally.get(counted)).to_vec()
}

fn story(tally: &Tally) -> String {
    let counts: Vec<String> =
        Counted::ALL.iter().map(|counted| format!("{counted:?} {}", tally.get(*counted))).collect();
    format!("{}; errors: {:?}", counts.join(", "), tally.errors())
}
