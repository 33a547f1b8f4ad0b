//! Stock over the wire: bills one by one, in hundreds, at warehouses; holds before payment.

use astrolabe_protocol::client::{ClientError, Shape};
use astrolabe_protocol::{Fields, Value};

use crate::merchant::{Caller, Merchant, bill, place_fields, stock_report};

const INITIAL: &str = "taobao.qimen.storeinventory.iteminitial";
const UPDATE: &str = "taobao.qimen.storeinventory.itemupdate";

fn change(number: &str, item: i64, quantity: i64) -> Fields {
    bill(number, item)
        .with("bill_type", "TAOBAO_EXCLUDED")
        .with("inventory_type", "CERTAINTY")
        .with("quantity", quantity)
}

fn initial(number: &str, item: i64, quantity: i64) -> Fields {
    bill(number, item).with("inventory_type", "CERTAINTY").with("quantity", quantity)
}

/// (failed bill numbers, the answer's code).
fn failures(answer: &astrolabe_protocol::Answer) -> (Vec<String>, Option<String>) {
    let errors = answer.fields().structs("error_descriptions").expect("a list");
    let numbers = errors.iter().map(|error| error.text("failed_bill_num").expect("a number").to_owned()).collect();
    (numbers, answer.failure_code().map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_has_one_effect_and_other_content_fails_by_its_number_in_every_shape() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await.to_string();
    merchant.done(INITIAL, stock_report("STORE", &store, vec![initial("I-1", 7, 20)])).await;
    for (at, shape) in Shape::ALL.into_iter().enumerate() {
        let number = format!("U-{at}");
        let sent = |quantity| stock_report("STORE", &store, vec![change(&number, 7, quantity)]);
        for _ in 0..2 {
            let answer = merchant.call_as(Caller::Erp, shape, UPDATE, &sent(-2)).await.expect("is answered");
            assert_eq!(answer.failure_code(), None, "{shape:?}");
        }
        let answer = merchant.call_as(Caller::Erp, shape, UPDATE, &sent(-3)).await.expect("is answered");
        assert_eq!(failures(&answer), (vec![number.clone()], Some("isv.bill-num-reused".to_owned())), "{shape:?}");
        let left = 20 - 2 * (i64::try_from(at).expect("is small") + 1);
        assert_eq!(merchant.stock_at("STORE", &store, 7).await, (left, 0), "{shape:?}");
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_bills_are_answered_together_and_bad_ones_do_not_stop_good_ones() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await.to_string();
    let many: Vec<Fields> = (0..450).map(|n| initial(&format!("M-{n}"), 1_000 + n % 225, n)).collect();
    let nowhere = place_fields("WAREHOUSE", "NO-SUCH", vec![initial("N-1", 7, 1), initial("N-2", 8, 1)]);
    let stores = Value::List(vec![place_fields("STORE", &store, many), nowhere]);
    let report = Fields::new().with("operation_time", "2026-01-01 10:00:00").with("stores", stores);
    let answer = merchant.call(INITIAL, report).await.expect("is answered");
    // Certain stock is initialised once: the second half of the numbers comes too late, each by itself.
    let (numbers, code) = failures(&answer);
    assert_eq!(code.as_deref(), Some("isv.bills-failed"));
    let mut expected: Vec<String> = (225..450).map(|n| format!("M-{n}")).chain(["N-1".into(), "N-2".into()]).collect();
    let mut numbers = numbers;
    numbers.sort();
    expected.sort();
    assert_eq!(numbers, expected);
    assert_eq!(merchant.stock_at("STORE", &store, 1_224).await, (224, 0));
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warehouse_is_named_by_its_code_and_is_no_store() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await.to_string();
    merchant.done(INITIAL, stock_report("WAREHOUSE", "WH-EAST", vec![initial("W-1", 7, 9)])).await;
    assert_eq!(merchant.stock_at("WAREHOUSE", "WH-EAST", 7).await, (9, 0));
    let table = [
        ("WAREHOUSE", "WH-WEST", "isv.warehouse-not-exist"),
        ("WAREHOUSE", store.as_str(), "isv.location-type-mismatch"),
        ("STORE", "1", "isv.store-not-exist"),
    ];
    for (kind, place, code) in table {
        let answer = merchant.call(INITIAL, stock_report(kind, place, vec![initial("W-2", 8, 1)])).await;
        assert_eq!(failures(&answer.expect("is answered")).1.as_deref(), Some(code), "{kind} {place}");
    }
    let told = merchant.call(INITIAL, stock_report("STORE", "WH-EAST", vec![initial("W-3", 8, 1)])).await;
    assert!(matches!(told, Err(ClientError::Refused { code, .. }) if code == "41"));
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_held_before_payment_and_released() {
    let merchant = Merchant::open().await;
    let store = merchant.store("S001").await;
    merchant.offer(store, 7, 5).await;
    let ask = |key: &str, quantity: i64| {
        Fields::new()
            .with("reserve_key", key)
            .with("item_id", 7)
            .with("sku_id", crate::merchant::sku(7))
            .with("quantity", quantity)
            .with("ttl_seconds", 60)
    };
    let held = merchant.done("astrolabe.stock.reserve", ask("cart-1", 3)).await;
    assert!(held.fields().opt_time("expires_at").is_ok_and(|at| at.is_some()));
    merchant.done("astrolabe.stock.reserve", ask("cart-1", 3)).await;
    let place = store.to_string();
    assert_eq!(merchant.stock_at("STORE", &place, 7).await, (2, 3));
    let table = [(ask("cart-1", 4), "isv.reserve-key-reused"), (ask("cart-2", 3), "isv.stock-insufficient")];
    for (fields, code) in table {
        let told = merchant.call("astrolabe.stock.reserve", fields).await;
        assert!(
            matches!(&told, Err(ClientError::Refused { sub_code: Some(sub_code), .. }) if sub_code == code),
            "{told:?}"
        );
    }
    merchant.done("astrolabe.stock.release", Fields::new().with("reserve_key", "cart-1")).await;
    assert_eq!(merchant.stock_at("STORE", &place, 7).await, (5, 0));
    merchant.close().await;
}
