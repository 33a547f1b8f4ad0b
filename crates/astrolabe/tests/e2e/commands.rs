//! The commands beside the server: what they say to a person, and that they change what they should and nothing else.

use std::ffi::OsString;

use astrolabe_rehearsal::ids::Tid;
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};

use crate::database::Database;
use crate::ear::Ear;
use crate::paper::{first_oid, listing, paid, tid};
use crate::server::{Ran, Server, apply, assert_healthy, run};
use crate::shop::{self, NEAR, Shop};

const TID: Tid = tid(70);

async fn apply_with(database: &Database, text: &str, flags: &[&str]) -> Ran {
    let file = database.file("declared.toml");
    std::fs::write(&file, text).expect("a file in the test's directory");
    let mut args: Vec<OsString> = vec!["apply".into(), "-f".into(), file.into()];
    args.extend(flags.iter().map(OsString::from));
    run(database, args).await
}

fn last_line(ran: &Ran) -> &str {
    ran.stdout.lines().last().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declaration_is_applied_once_and_a_dry_run_changes_nothing() {
    let database = Database::sqlite();
    let text = shop::declaration(&shop::parties(Mode::PlatformPos), &Addresses::default(), &[]);
    let dry = apply_with(&database, &text, &["--dry-run"]).await;
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(dry.stdout.contains("seller 21230") && last_line(&dry).contains("to change"), "{dry:?}");
    let again = apply_with(&database, &text, &["--dry-run"]).await;
    assert_eq!(again.stdout, dry.stdout, "the dry run changed something");

    let first = apply(&database, &text).await;
    assert!(last_line(&first).ends_with("changed"), "{first:?}");
    let second = apply(&database, &text).await;
    assert_eq!(last_line(&second), "nothing to change");

    // Beside a running server, which takes the change over by itself.
    let server = Server::start(&database).await;
    let shop = Shop::at(&server, shop::parties(Mode::PlatformKeeper));
    let changed = apply(&database, &shop::declaration(&shop.parties, &Addresses::default(), &[])).await;
    assert!(changed.stdout.contains("changed    seller 21230"), "{changed:?}");
    let goods = listing(70);
    let store = shop.open_store("COMMANDS", NEAR, &[goods]).await;
    shop.load(store, goods, StockClass::Certain, 1).await;
    let mode = crate::wait::until("the server knows the new mode", || {
        let shop = shop.clone();
        let number = tid(71 + NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        async move {
            shop.push("trades", &paid(number, goods, 1)).await;
            let seen = shop.trade(number).await;
            crate::wait::wanted(seen.mode().map(str::to_owned), &Some("3.1".to_owned()))
        }
    });
    mode.await;
    assert_healthy(&database).await;
}

/// Trades pushed while waiting for a mode: each gets the mode of its moment.
static NEXT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_is_refused_whole_and_the_table_is_named() {
    let database = Database::sqlite();
    let good = "[[seller]]\nid = 21230\nnick = \"店\"\n";
    let table = [
        (format!("{good}[[session]]\ntoken = \"t\"\napp = \"nobody\"\nseller = 21230\n"), "session"),
        (format!("{good}allocator = \"app:nobody\"\n"), "seller 21230"),
        (format!("{good}colour = \"red\"\n"), "colour"),
        (format!("{good}[seller.settings]\naccept_within = 1\n"), "seller 21230"),
        (
            format!(
                "{good}[[user]]\nname = \"小王\"\nseller = 21230\nrole = \"store_clerk\"\nstore_code = \"S1\"\ntoken = \"t\"\n"
            ),
            "user 小王",
        ),
        (format!("{good}[[warehouse]]\nseller = 99\ncode = \"W\"\nname = \"仓\"\n"), "warehouse W"),
    ];
    for (text, named) in table {
        let ran = apply_with(&database, &text, &[]).await;
        assert_eq!(ran.code, Some(2), "{text}\n{ran:?}");
        assert!(ran.stderr.contains(named) && ran.stderr.contains("declared.toml"), "{named}: {ran:?}");
        let dry = apply_with(&database, good, &["--dry-run"]).await;
        assert!(dry.stdout.contains("new        seller 21230"), "something of a refused file was written: {dry:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_said_so() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let other = Database::sqlite();
    let ran = run(&other, ["serve", "--listen", &server.address().to_string()]).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let expected = format!("cannot listen on {}", server.address());
    assert!(ran.stderr.contains(&expected) && ran.stderr.contains("in use"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_say_where_they_come_from() {
    let database = Database::sqlite();
    let file = database.file("own.toml");
    std::fs::write(&file, "node = 7\nlisten = \"127.0.0.1:9\"\n").expect("a file in the test's directory");
    let args = ["config", "show", "--listen", "127.0.0.1:10", "--config", file.to_str().expect("a UTF-8 path")];
    let ran = run(&database, args).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let line = |name: &str| {
        let found = ran.stdout.lines().find(|line| line.starts_with(name));
        found.unwrap_or_else(|| panic!("no {name}: {ran:?}")).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("listen"), "listen 127.0.0.1:10 flag");
    assert!(line("node").starts_with("node 7 ") && line("node").contains("own.toml"), "{}", line("node"));
    // The tests' own way to say it.
    assert!(line("allow_private_addresses").starts_with("allow_private_addresses true "));
    assert!(line("group_commands_max").ends_with(" default"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_and_explain_beside_a_running_server() {
    let database = Database::sqlite();
    let pos = Ear::of_app(&shop::parties(Mode::PlatformPos).pos).await;
    let addresses = Addresses { pos: Some(pos.url()), ..Addresses::default() };
    let (_server, shop) = shop::open(&database, Mode::PlatformPos, &addresses, &[]).await;
    let goods = listing(71);
    let store = shop.open_store("EXPLAIN", NEAR, &[goods]).await;
    shop.load(store, goods, StockClass::Certain, 3).await;
    shop.push("trades", &paid(TID, goods, 1)).await;
    shop.reaches(TID, store, "notified").await;
    shop.accept(TID, store).await;
    shop.ship(TID, store).await;
    pos.hears(TID, &["allocatedinfo.sync"]).await;

    let doctor = run(&database, ["doctor"]).await;
    for number in 1..=9 {
        assert!(doctor.stdout.contains(&format!("INV-STOCK-{number} ")), "{doctor:?}");
    }
    assert!(doctor.stdout.contains("INV-SETTLE-1 "), "{doctor:?}");
    assert_eq!((doctor.code, last_line(&doctor)), (Some(0), "ok"));

    let ran = run(&database, ["explain", &TID.to_string()]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let said = [
        format!("trade {TID} of 星盘示例旗舰店, role mode 3.3"),
        "to 浙江省 杭州市 西湖区".to_owned(),
        format!("sub-order {}: 1 × item {}", first_oid(TID), goods.item),
        format!("1 at store {store} EXPLAIN店, shipped (X_SHOP_HANDLED), SF {}", shop::waybill(TID)),
        "omniorder.allocatedinfo.sync".to_owned(),
        "timeline".to_owned(),
    ];
    for sentence in said {
        assert!(ran.stdout.contains(&sentence), "{sentence:?} is missing in\n{}", ran.stdout);
    }
    for private in ["张", "138*", "古荡", "文**"] {
        assert!(!ran.stdout.contains(private), "the buyer's {private} in\n{}", ran.stdout);
    }
    let unknown = run(&database, ["explain", "1"]).await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("trade 1 is not known"), "{unknown:?}");
}
