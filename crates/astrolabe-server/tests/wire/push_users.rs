//! Who gets trades pushed into which database of an app.

use astrolabe_core::command::{Command, PushUser};
use astrolabe_core::ids::{AppKey, SellerId};
use astrolabe_protocol::client::{self, ClientError, Credentials, Outgoing, Shape};
use astrolabe_protocol::{Answer, Fields, Secret};

use crate::merchant::{Caller, Merchant, NEIGHBOUR, SELLER, method};

const ADD: &str = "taobao.jushita.jdp.user.add";
const DELETE: &str = "taobao.jushita.jdp.user.delete";
const USERS: &str = "taobao.jushita.jdp.users.get";

/// Methods for the app itself are published as needing no session.
fn without_session(caller: Caller) -> Credentials {
    Credentials { session: None, ..caller.credentials() }
}

async fn call(merchant: &Merchant, by: &Credentials, name: &str, fields: Fields) -> Result<Answer, ClientError> {
    let outgoing = Outgoing::new(method(name), &fields, Shape::TopJson);
    let body = merchant.send(client::build(&outgoing, by, merchant.now())).await;
    client::parse_answer(method(name), &outgoing.style(), &body)
}

fn refused(result: Result<Answer, ClientError>) -> String {
    match result {
        Err(ClientError::Refused { code, sub_code, .. }) => sub_code.unwrap_or(code),
        other => panic!("not refused: {other:?}"),
    }
}

/// (seller, database, status) of the app's users.
async fn users(merchant: &Merchant, by: &Credentials, fields: Fields) -> Vec<(i64, String, i64)> {
    let answer = call(merchant, by, USERS, fields).await.expect("answers");
    let users = answer.fields().structs("users").expect("users");
    let told = users.iter().map(|user| {
        let status = user.long("status").expect("a status");
        (user.long("user_id").expect("an id"), user.text("rds_name").expect("a name").to_owned(), status)
    });
    told.collect()
}

fn on(rds: &str) -> Fields {
    Fields::new().with("rds_name", rds.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_is_added_changed_deleted_and_brought_back() {
    let merchant = Merchant::open().await;
    let app = without_session(Caller::Erp);
    assert_eq!(users(&merchant, &app, Fields::new()).await, []);
    let by_id = || Fields::new().with("user_id", SELLER);
    assert_eq!(refused(call(&merchant, &app, DELETE, by_id()).await), "isv.push-user-not-exist");
    for _ in 0..2 {
        let added = merchant.done(ADD, on("rds-1").with("history_days", 30).with("topics", "taobao_trade")).await;
        assert!(added.failure_code().is_none());
    }
    let told = call(&merchant, &app, USERS, by_id()).await.expect("answers");
    let user = told.fields().structs("users").expect("users")[0];
    assert_eq!((user.text("user_nick"), told.fields().long("total_results")), (Ok("星盘示例旗舰店"), Ok(1)));
    assert_eq!(user.text("created"), user.text("modified"), "the same again changed nothing");
    assert_eq!(users(&merchant, &app, Fields::new()).await, [(SELLER, "rds-1".to_owned(), 1)]);
    // The second database is paused by the operator.
    merchant.done(ADD, on("rds-2")).await;
    assert_eq!(users(&merchant, &app, Fields::new()).await, [(SELLER, "rds-2".to_owned(), 0)]);
    let by_nick = Fields::new().with("nick", "星盘示例旗舰店");
    for fields in [by_nick.clone(), by_id(), by_nick.with("user_id", SELLER)] {
        call(&merchant, &app, DELETE, fields).await.expect("deleted, or deleted before");
        assert_eq!(users(&merchant, &app, Fields::new()).await, [(SELLER, "rds-2".to_owned(), 3)]);
    }
    merchant.done(ADD, on("rds-1")).await;
    assert_eq!(users(&merchant, &app, by_id()).await, [(SELLER, "rds-1".to_owned(), 1)]);
    let none = Fields::new().with("start_modified", "2020-01-01 00:00:00").with("end_modified", "2020-01-02 00:00:00");
    assert_eq!(users(&merchant, &app, none).await, []);
    assert_eq!(users(&merchant, &app, Fields::new().with("page_no", 2)).await, []);
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_sees_and_changes_its_own_users_alone() {
    let merchant = Merchant::open().await;
    merchant.done(ADD, on("rds-1")).await;
    let neighbour = without_session(Caller::Neighbour);
    assert_eq!(users(&merchant, &neighbour, Fields::new()).await, []);
    assert_eq!(users(&merchant, &neighbour, Fields::new().with("user_id", SELLER)).await, []);
    let table = [
        (DELETE, Fields::new().with("user_id", SELLER), "isv.invalid-permission"),
        (DELETE, Fields::new().with("nick", "星盘示例旗舰店"), "isv.invalid-permission"),
        (DELETE, Fields::new().with("nick", "星盘示例旗舰店").with("user_id", NEIGHBOUR), "isv.invalid-permission"),
        (DELETE, Fields::new(), "isv.missing-parameter:nick"),
        (USERS, Fields::new().with("page_no", 0), "isv.invalid-parameter:page_no"),
        (USERS, Fields::new().with("page_size", 201), "isv.invalid-parameter:page_size"),
        (ADD, on("rds-8"), "26"),
    ];
    for (name, fields, code) in table {
        assert_eq!(refused(call(&merchant, &neighbour, name, fields.clone()).await), code, "{name} {fields:?}");
    }
    let foreign = Credentials { session: Some("test-session".to_owned()), ..neighbour.clone() };
    assert_eq!(refused(call(&merchant, &foreign, USERS, Fields::new()).await), "27", "another app's session");
    let wrong = Credentials { secret: Secret::new("wrong"), ..neighbour };
    assert_eq!(refused(call(&merchant, &wrong, USERS, Fields::new()).await), "25");
    // A database must be declared for the calling app; days are at most 90.
    let told = merchant.call_as(Caller::Neighbour, Shape::TopJson, ADD, &on("rds-1")).await;
    assert_eq!(refused(told), "isv.invalid-parameter:rds_name");
    let told = merchant.call(ADD, on("rds-1").with("history_days", 91)).await;
    assert_eq!(refused(told), "isv.invalid-parameter:history_days");
    let app = without_session(Caller::Erp);
    assert_eq!(users(&merchant, &app, Fields::new()).await, [(SELLER, "rds-1".to_owned(), 1)], "nothing was changed");
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_without_a_session_is_told_as_such() {
    let merchant = Merchant::open().await;
    let app = AppKey("44444444".to_owned());
    let now = merchant.app().clock.now();
    let user = PushUser {
        app,
        rds_name: "rds-4".to_owned(),
        history_days: None,
        topics: None,
        deleted: false,
        created: now,
        modified: now,
    };
    merchant.app().submit(SellerId(SELLER), Command::RegisterPush(user), None).await.expect("is kept");
    let by = Credentials {
        app_key: astrolabe_protocol::AppKey::new("44444444"),
        secret: Secret::new("sessionless"),
        session: None,
        customer_id: None,
    };
    assert_eq!(users(&merchant, &by, Fields::new()).await, [(SELLER, "rds-4".to_owned(), 2)]);
    merchant.close().await;
}
