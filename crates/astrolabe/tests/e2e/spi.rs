//! `astrolabe spi` beside a running server: where apps are called, a test call, and what went over the wire.

use astrolabe_rehearsal::ids::Tid;
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};

use crate::database::Database;
use crate::ear::Ear;
use crate::paper::{listing, paid, tid};
use crate::server::{Ran, assert_healthy, run, run_where};
use crate::shop::{self, NEAR};
use crate::wait::until;

const TID: Tid = tid(80);
const ALLOCATE: &str = "taobao.qimen.omniorder.allocate";
const SYNC: &str = "taobao.qimen.omniorder.allocatedinfo.sync";

fn says(ran: &Ran, sentences: &[&str]) {
    for sentence in sentences {
        assert!(ran.stdout.contains(sentence), "{sentence:?} is missing in\n{}{}", ran.stdout, ran.stderr);
    }
}

/// The whole way, on one database.
async fn looked_at(database: &Database) {
    let parties = shop::parties(Mode::PlatformPos);
    let key = parties.pos.key.as_str().to_owned();
    let pos = Ear::of_app(&parties.pos).await;
    let addresses = Addresses { pos: Some(pos.url()), ..Addresses::default() };
    let (_server, shop) = shop::open(database, Mode::PlatformPos, &addresses, &[]).await;
    let url = pos.url().to_string();

    let shown = run(database, ["spi", "show", "--app", &key]).await;
    says(&shown, &["real calls go to online", &format!("online every SPI: {url} as form")]);

    // A proxy of the environment is none of ours: whoever sets one would read every signature.
    let proxy = [
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("http_proxy", "http://127.0.0.1:9"),
        ("ALL_PROXY", "http://127.0.0.1:9"),
    ];
    let args = ["spi", "test", "--app", &key, "--method", "TAOBAO.qimen.omniorder.allocate", "--json", "--tid", "80"];
    let tried = run_where(database, &proxy, args).await;
    assert_eq!(tried.code, Some(0), "{tried:?}");
    let post = format!("POST {url}?method={ALLOCATE}&app_key={key}&timestamp=");
    says(
        &tried,
        &[
            &post,
            "content-type: application/json;charset=utf-8",
            "\"tid\":80",
            "HTTP 200",
            "delivered after",
            "code \"0\"",
        ],
    );
    says(&tried, &["taken, but without appKey"]);
    assert!(!tried.stdout.contains("secret-pos"), "{tried:?}");
    assert_eq!(pos.heard_of(Tid(80)).await.len(), 1);

    // Trying touches no order: what is told of a trade that exists goes out, and the trade stays as it is.
    let goods = listing(80);
    let store = shop.open_store("SPI", NEAR, &[goods]).await;
    shop.load(store, goods, StockClass::Certain, 3).await;
    shop.push("trades", &paid(TID, goods, 1)).await;
    shop.reaches(TID, store, "notified").await;
    pos.hears(TID, &["allocatedinfo.sync"]).await;
    let args =
        ["spi", "test", "--app", &key, "--method", "taobao.qimen.omniorder.store.refused", "--tid", &TID.to_string()];
    assert_eq!(run(database, args).await.code, Some(0));
    shop.reaches(TID, store, "notified").await;

    let log = until("the attempt is kept", || async {
        let log = run(database, ["spi", "log", "--tid", &TID.to_string(), "--full"]).await;
        if log.stdout.contains(SYNC) { Ok(log) } else { Err(format!("{log:?}")) }
    })
    .await;
    says(
        &log,
        &[
            &format!("{SYNC} to app {key}, attempt 1: delivered after"),
            "store.refused to app",
            "test call: delivered",
            "    POST ",
            "    HTTP 200",
        ],
    );
    let log = run(database, ["spi", "log", "--app", &key, "--limit", "2"]).await;
    assert_eq!(log.stdout.lines().count(), 2, "{log:?}");
    let explained = run(database, ["explain", &TID.to_string()]).await;
    says(&explained, &["omniorder.allocatedinfo.sync to app", "attempt 1: delivered after"]);
    assert_healthy(database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_apps_can_be_looked_at_and_tried() {
    looked_at(&Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_apps_can_be_looked_at_and_tried_on_postgres() {
    let Some(database) = Database::postgres().await else { return };
    looked_at(&database).await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tried_is_said_and_fails() {
    let database = Database::sqlite();
    let parties = shop::parties(Mode::PlatformPos);
    let key = parties.pos.key.as_str().to_owned();
    crate::server::apply(&database, &shop::declaration(&parties, &Addresses::default(), &[])).await;
    let test = |rest: &[&str]| ["spi", "test"].iter().chain(rest).map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
    let table = [
        (test(&["--app", "1", "--method", ALLOCATE]), 2, "app 1 is not registered"),
        (test(&["--app", &key, "--method", "taobao.trade.get"]), 2, "is no SPI; there are"),
        (test(&["--app", &key, "--method", ALLOCATE, "--env", "test"]), 2, "has no test address"),
        (test(&["--app", &key, "--method", ALLOCATE, "--seller", "9"]), 2, "is not registered for seller 9"),
        (test(&["--app", &key, "--method", ALLOCATE, "--field", "tid"]), 2, "write NAME=VALUE"),
        (test(&["--app", &key, "--method", ALLOCATE, "--form", "--json"]), 2, "cannot be used with"),
        (vec!["spi".to_owned(), "log".to_owned()], 2, "--tid"),
        (["spi", "show", "--app", "1"].map(str::to_owned).to_vec(), 2, "app 1 is not registered"),
    ];
    for (args, code, said) in table {
        let ran = run(&database, &args).await;
        assert_eq!(ran.code, Some(code), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(said), "{said:?} is missing: {ran:?}");
    }
}
