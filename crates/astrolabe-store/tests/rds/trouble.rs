//! Databases that are not as they should be: each is told by its name, and nothing is lost by it.

use std::net::TcpListener;

use astrolabe_store::{RdsError, RdsKind, RdsRow, RdsTable, RdsValue, RdsWritten, TableFound, TableState};

use crate::databases::{Fresh, both, open};

fn row(buyer: &str) -> RdsRow {
    let text = |text: &str| RdsValue::Text(text.to_owned());
    RdsRow::new(RdsTable::Trade, 7, format!("{{\"buyer\":\"{buyer}\"}}"), "2026-11-24 12:00:00")
        .with("seller_nick", text("shop"))
        .with("buyer_nick", text(buyer))
        .with("modified", text("2026-11-24 12:00:00"))
}

fn states(found: &[TableFound]) -> Vec<TableState> {
    found.iter().map(|found| found.state).collect()
}

/// A user who may do as little as `grants` says; the tables may be there already.
async fn user_with(home: &Fresh, grants: &[&str]) -> String {
    let user = format!("u_{}", home.name());
    match home.kind {
        RdsKind::Mysql => home.at_base(&format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'pw-of-user'")).await,
        RdsKind::Postgres => {
            home.at_base(&format!("CREATE USER {user} PASSWORD 'pw-of-user'")).await;
            home.run(&format!("GRANT USAGE ON SCHEMA public TO {user}")).await;
        }
    }
    for grant in grants {
        match home.kind {
            RdsKind::Mysql => home.run(&format!("GRANT {grant} ON {}.* TO '{user}'@'%'", home.name())).await,
            RdsKind::Postgres => home.run(&format!("GRANT {grant} ON ALL TABLES IN SCHEMA public TO {user}")).await,
        }
    }
    home.url_of(&user, "pw-of-user")
}

async fn drop_user(home: &Fresh) {
    let user = format!("u_{}", home.name());
    match home.kind {
        RdsKind::Mysql => home.at_base(&format!("DROP USER '{user}'@'%'")).await,
        RdsKind::Postgres => {
            home.run(&format!("DROP OWNED BY {user}")).await;
            home.at_base(&format!("DROP USER {user}")).await;
        }
    }
}

#[tokio::test]
async fn what_is_wrong_has_a_name_and_no_secret_in_it() {
    for home in both().await {
        let wrong = open(&home.url_of("astrolabe", "not-the-password")).write(&row("b")).await.unwrap_err();
        assert_eq!(wrong, RdsError::Credentials);
        let nowhere = open(&home.url.replace(home.name(), "no_such_database")).write(&row("b")).await.unwrap_err();
        assert_eq!(nowhere, RdsError::NoDatabase);
        // A port that was free a moment ago.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut url = url::Url::parse(&home.url).unwrap();
        url.set_port(Some(free)).unwrap();
        let closed = open(url.as_str()).write(&row("b")).await.unwrap_err();
        assert_eq!(closed.name(), "unreachable");
        for error in [wrong, nowhere, closed] {
            assert!(error.may_pass(), "{error}: the push is tried again");
            assert!(!error.to_string().contains("password:") && !error.to_string().contains("127.0.0.1"), "{error}");
        }
        home.drop().await;
    }
}

#[tokio::test]
async fn a_missing_table_is_made_where_that_is_allowed_and_named_where_not() {
    for home in both().await {
        let all = home.open().examine().await.unwrap();
        assert_eq!(states(&all), [TableState::WillBeMade; 3]);
        let narrow = user_with(&home, &["SELECT"]).await;
        assert_eq!(open(&narrow).write(&row("b")).await, Err(RdsError::NoTable("jdp_tb_trade")));
        assert_eq!(open(&narrow).examine().await, Err(RdsError::NoTable("jdp_tb_trade")));
        drop_user(&home).await;
        home.drop().await;
    }
}

#[tokio::test]
async fn the_test_writes_nothing_and_finds_missing_privileges_and_columns() {
    for home in both().await {
        let target = home.open();
        target.write(&row("b")).await.unwrap();
        let all = target.examine().await.unwrap();
        assert_eq!(states(&all), [TableState::Ready, TableState::WillBeMade, TableState::WillBeMade]);
        let narrow = user_with(&home, &["SELECT"]).await;
        assert_eq!(open(&narrow).examine().await, Err(RdsError::Privileges("jdp_tb_trade")));
        drop_user(&home).await;
        assert_eq!(home.read("SELECT CAST(tid AS CHAR(20)) FROM jdp_tb_trade").await.len(), 1);
        home.run("ALTER TABLE jdp_tb_trade DROP COLUMN jdp_hashcode").await;
        let lacking = RdsError::NoColumn { table: "jdp_tb_trade", columns: "jdp_hashcode".to_owned() };
        assert_eq!(home.open().examine().await, Err(lacking));
        // The table is remembered, and looked at again after the first failure.
        assert_eq!(target.write(&row("c")).await.unwrap_err().name(), "missing_column");
        let type_of_hash = "ALTER TABLE jdp_tb_trade ADD COLUMN jdp_hashcode varchar(128)";
        home.run(type_of_hash).await;
        assert_eq!(target.write(&row("c")).await, Ok(RdsWritten::Changed));
        home.drop().await;
    }
}

#[tokio::test]
async fn narrow_columns_of_an_older_table_take_what_fits() {
    for home in both().await {
        home.open().write(&row("b")).await.unwrap();
        let narrower = match home.kind {
            RdsKind::Mysql => "ALTER TABLE jdp_tb_trade MODIFY buyer_nick varchar(32)",
            RdsKind::Postgres => "ALTER TABLE jdp_tb_trade ALTER buyer_nick TYPE varchar(32)",
        };
        home.run(narrower).await;
        let long = "长".repeat(40);
        assert_eq!(home.open().write(&row(&long)).await, Ok(RdsWritten::Changed));
        assert_eq!(home.one("SELECT buyer_nick FROM jdp_tb_trade").await, "长".repeat(32));
        home.drop().await;
    }
}

#[tokio::test]
async fn a_row_that_is_refused_is_told_without_its_values() {
    for home in both().await {
        let target = home.open();
        let bad = row("secret buyer").with("created", RdsValue::Text("secret buyer".to_owned()));
        let error = target.write(&bad).await.unwrap_err();
        assert_eq!((error.name(), error.may_pass()), ("rejected", false));
        assert!(!error.to_string().contains("secret"), "{error}");
        home.drop().await;
    }
}
