//! `astrolabe rehearse` as people run it: one program drives an ISV, another plays one; a POS is played for a running server.

use std::process::Stdio;

use astrolabe_rehearsal::ids::{Listing, SkuId, Tid};
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};
use astrolabe_rehearsal::wire::BaseUrl;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::database::Database;
use crate::paper::{listing, paid};
use crate::server::{assert_healthy, free_port, program};
use crate::shop::{self, NEAR};
use crate::wait::DEADLINE;

const TID: Tid = Tid(2_004_574_256_073_903);
/// Driver and player, a platform between them, and the waiting at the end: longer than other things take.
const REHEARSED_WITHIN: std::time::Duration = std::time::Duration::from_secs(120);

fn rehearse(words: &str) -> Command {
    let mut command = program();
    command.arg("rehearse").args(words.split_whitespace());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_isv_passes_and_the_report_is_written_three_ways() {
    let dir = TempDir::new().expect("a directory");
    let (spi, doors) = (free_port(), free_port());
    let app = "--app-key 4272 --secret helloworld --session e2e-session";
    let _player =
        rehearse(&format!("isv --play --target http://127.0.0.1:{doors} --listen 127.0.0.1:{spi} {app} --seconds 300"))
            .spawn()
            .expect("the program runs");
    let mut driver = rehearse(&format!(
        "isv --spi http://127.0.0.1:{spi}/spi --listen 127.0.0.1:{doors} {app} --seconds 3 --rate 5 --settle 40"
    ));
    for name in ["report.json", "report.md", "report.html"] {
        driver.arg("--report").arg(dir.path().join(name));
    }
    let ran = timeout(REHEARSED_WITHIN, driver.output()).await.expect("it ends").expect("it runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains("passed 通过: 0 errors"), "{said}");
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&read("report.json")).expect("JSON");
    assert_eq!(report["passed"], true);
    let synced = report["timeliness"][2].clone();
    assert_eq!(synced["method"], "taobao.omniorder.allocatedinfo.sync");
    assert!(synced["in_time"].as_u64().is_some_and(|count| count >= 10) && synced["late"] == 0, "{synced}");
    for fault in report["faults"].as_array().expect("faults") {
        assert!(fault["played"].as_u64() > Some(0) && fault["played"] == fault["met"], "{fault}");
    }
    assert!(read("report.md").contains("X_ALLOCATION_NOTIFIED") && read("report.html").contains("</html>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_nobody_answers_is_exit_code_1_and_named() {
    let spi = free_port();
    let mut driver = rehearse(&format!("isv --spi http://127.0.0.1:{spi}/spi --app 4272 --secret s --seconds 1"));
    let ran = timeout(DEADLINE, driver.output()).await.expect("it ends").expect("it runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains("no-answer") && said.contains("not passed 未通过"), "{said}");
    let wrong =
        timeout(DEADLINE, rehearse("isv --spi http://127.0.0.1:1/spi --app 1 --secret s --fault nonsense").output());
    let wrong = wrong.await.expect("it ends").expect("it runs");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("there is no fault nonsense"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_played_pos_ships_and_the_platform_bears_its_faults() {
    let database = Database::sqlite();
    let spi = free_port();
    let url = BaseUrl::parse(&format!("http://127.0.0.1:{spi}/spi")).expect("loopback");
    let addresses = Addresses { pos: Some(url), ..Addresses::default() };
    let (server, shop) = shop::open(&database, Mode::PlatformPos, &addresses, &[]).await;
    let goods: Listing = Listing { sku: SkuId(listing(81).sku.0), ..listing(81) };
    let store = shop.open_store("PLAYED", NEAR, &[goods]).await;
    shop.load(store, goods, StockClass::Certain, 5).await;
    let pos = &shop.parties.pos;
    let player = rehearse(&format!(
        "pos --server {} --listen 127.0.0.1:{spi} --app-key {} --secret {} --session {} --seed 3 --seconds 12 \
         --fault bad-sign=1 --fault duplicate=1 --fault 5xx",
        server.url(),
        pos.key,
        format_args!("secret-pos-{}", shop.parties.seller),
        pos.session
    ))
    .spawn()
    .expect("the program runs");
    shop.push("trades", &paid(TID, goods, 1)).await;
    shop.reaches(TID, store, "shipped").await;
    let ran = timeout(REHEARSED_WITHIN, player.wait_with_output()).await.expect("it ends").expect("it runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{said}");
    assert!(said.contains("1 accepted") && said.contains("1 shipped"), "{said}");
    assert!(said.contains("5xx 1/1"), "{said}");
    assert_healthy(&database).await;
}
