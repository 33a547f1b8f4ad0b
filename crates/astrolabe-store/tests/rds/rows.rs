//! What is in the tables after writing: columns, types, and which of two rows stands.

use astrolabe_store::{RdsError, RdsKind, RdsRow, RdsTable, RdsValue, RdsWritten};

use crate::databases::both;

fn text(text: &str) -> RdsValue {
    RdsValue::Text(text.to_owned())
}

/// A trade as it stood at `modified`, pushed at `pushed`: seconds of one minute.
fn trade(says: &str, modified: u32, pushed: u32) -> RdsRow {
    let response = format!("{{\"trade_fullinfo_get_response\":{{\"trade\":{{\"says\":\"{says}\",\"tid\":7}}}}}}");
    RdsRow::new(RdsTable::Trade, 7, response, &time(pushed))
        .with("status", text("WAIT_SELLER_SEND_GOODS"))
        .with("type", text("fixed"))
        .with("seller_nick", text("星盘示例旗舰店"))
        .with("buyer_nick", text("买家"))
        .with("created", text("2026-11-24 08:00:00"))
        .with("modified", text(&time(modified)))
}

fn time(second: u32) -> String {
    format!("2026-11-24 12:00:{second:02}")
}

#[tokio::test]
async fn tables_are_made_as_published_and_a_row_has_every_column() {
    for home in both().await {
        let target = home.open();
        assert_eq!(target.write(&trade("一", 1, 2)).await, Ok(RdsWritten::Changed));
        let columns = match home.kind {
            RdsKind::Mysql => {
                "SELECT CONCAT(column_name, ' ', column_type) FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND table_name = 'jdp_tb_trade' ORDER BY ordinal_position"
            }
            RdsKind::Postgres => {
                "SELECT column_name || ' ' || data_type FROM information_schema.columns \
                 WHERE table_name = 'jdp_tb_trade' ORDER BY ordinal_position"
            }
        };
        let expected: [&str; 11] = match home.kind {
            RdsKind::Mysql => [
                "tid bigint(20)",
                "status varchar(64)",
                "type varchar(64)",
                "seller_nick varchar(32)",
                "buyer_nick varchar(256)",
                "created datetime",
                "modified datetime",
                "jdp_hashcode varchar(128)",
                "jdp_response mediumtext",
                "jdp_created datetime",
                "jdp_modified datetime",
            ],
            RdsKind::Postgres => [
                "tid bigint",
                "status character varying",
                "type character varying",
                "seller_nick character varying",
                "buyer_nick character varying",
                "created timestamp without time zone",
                "modified timestamp without time zone",
                "jdp_hashcode character varying",
                "jdp_response text",
                "jdp_created timestamp without time zone",
                "jdp_modified timestamp without time zone",
            ],
        };
        assert_eq!(home.read(columns).await, expected);
        let row = "SELECT CONCAT_WS('|', tid, status, type, seller_nick, buyer_nick, created, modified, jdp_created, \
                   jdp_modified) FROM jdp_tb_trade";
        assert_eq!(
            home.one(row).await,
            "7|WAIT_SELLER_SEND_GOODS|fixed|星盘示例旗舰店|买家|2026-11-24 08:00:00|2026-11-24 12:00:01|2026-11-24 12:00:02|2026-11-24 12:00:02"
        );
        let hash = home.one("SELECT jdp_hashcode FROM jdp_tb_trade").await;
        assert!(hash.parse::<i32>().is_ok(), "{hash}");
        // A reader's own question, with the published index.
        let poll = "SELECT jdp_response FROM jdp_tb_trade WHERE seller_nick = '星盘示例旗舰店' \
                    AND jdp_modified >= '2026-11-24 12:00:00' AND jdp_modified < '2026-11-24 12:01:00' ORDER BY jdp_modified";
        assert_eq!(home.one(poll).await, "{\"trade_fullinfo_get_response\":{\"trade\":{\"says\":\"一\",\"tid\":7}}}");
        home.drop().await;
    }
}

/// What is pushed one after another, and what the row then says: the response's word and the second of `jdp_modified`.
#[tokio::test]
async fn newer_rows_stand_and_jdp_modified_only_grows() {
    let table = [
        ("first", 10, 20, RdsWritten::Changed, "first", 20),
        ("the same again", 10, 20, RdsWritten::Changed, "the same again", 21),
        ("the same again", 10, 30, RdsWritten::Unchanged, "the same again", 21),
        ("older", 9, 40, RdsWritten::Unchanged, "the same again", 21),
        ("in one second", 10, 21, RdsWritten::Changed, "in one second", 22),
        ("our clock went back", 11, 5, RdsWritten::Changed, "our clock went back", 23),
        ("later", 11, 40, RdsWritten::Changed, "later", 40),
        ("LATER", 11, 41, RdsWritten::Changed, "LATER", 41),
    ];
    for home in both().await {
        let target = home.open();
        for (says, modified, pushed, written, stands, grown) in table {
            assert_eq!(target.write(&trade(says, modified, pushed)).await, Ok(written), "{says}");
            let response = home.document("jdp_tb_trade", "tid", 7).await.unwrap();
            assert!(response.contains(&format!("\"{stands}\"")), "{says}: {response}");
            let times = home.one("SELECT CONCAT_WS('|', jdp_created, jdp_modified) FROM jdp_tb_trade").await;
            assert_eq!(times, format!("{}|{}", time(20), time(grown)), "{says}");
        }
        home.drop().await;
    }
}

#[tokio::test]
async fn a_row_of_another_seller_is_left_alone() {
    for home in both().await {
        let target = home.open();
        target.write(&trade("mine", 1, 1)).await.unwrap();
        let other = trade("theirs", 9, 9).with("seller_nick", text("另一家店"));
        assert_eq!(target.write(&other).await, Err(RdsError::OtherSeller("jdp_tb_trade")));
        assert!(home.one("SELECT jdp_response FROM jdp_tb_trade").await.contains("mine"));
        assert_eq!(home.status(7).await, "WAIT_SELLER_SEND_GOODS");
        home.drop().await;
    }
}

#[tokio::test]
async fn refunds_and_items_have_their_tables() {
    for home in both().await {
        let target = home.open();
        let refund = RdsRow::new(RdsTable::Refund, 5, "{\"refund_get_response\":{}}".to_owned(), &time(1))
            .with("tid", RdsValue::Long(7))
            .with("oid", RdsValue::Long(8))
            .with("seller_nick", text("shop"))
            .with("modified", text(&time(1)));
        target.write(&refund).await.unwrap();
        let row = "SELECT CONCAT_WS('|', refund_id, tid, oid, seller_nick, jdp_modified) FROM jdp_tb_refund";
        assert_eq!(home.one(row).await, format!("5|7|8|shop|{}", time(1)));
        let item = RdsRow::new(RdsTable::Item, 6, "{\"item_get_response\":{}}".to_owned(), &time(1))
            .with("nick", text("shop"))
            .with("modified", text(&time(1)));
        target.write(&item).await.unwrap();
        assert_eq!(home.one("SELECT CONCAT_WS('|', num_iid, nick, jdp_delete) FROM jdp_tb_item").await, "6|shop|0");
        home.drop().await;
    }
}
