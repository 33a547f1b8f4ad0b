//! What a connector is told before it sends, in the words of the published SDKs. That good calls pass is a part of `round_trip`.

use astrolabe_protocol::client::{Outgoing, Shape};
use astrolabe_protocol::{Fields, Value};

#[test]
fn what_is_wrong_is_said_before_anything_is_sent() {
    let accepted = "taobao.omniorder.store.accepted";
    let line = |name: &'static str, value: Value| {
        Fields::new().with("tid", 5).with("sub_order_list", vec![Fields::new().with(name, value)])
    };
    let store = |ids: Value| Fields::new().with("action_type", "ADD").with("item_id", 5).with("store_ids", ids);
    let band = "taobao.qimen.itemstore.banding";
    for (method, fields, told) in [
        (accepted, Fields::new(), "client-error:Missing required arguments:tid (40)"),
        (
            accepted,
            line("sub_oid", Value::from("x")),
            "client-error:Invalid arguments:sub_oid is not a whole number from 1 to 9223372036854775807 (in sub_order_list[0]) (41)",
        ),
        (
            accepted,
            line("suboid", Value::Int(7)),
            "client-error:Invalid arguments:suboid is not a parameter of this method (41)",
        ),
        (accepted, line("subOid", Value::Int(7)), "client-error:Invalid arguments:subOid is called sub_oid here (41)"),
        (band, store(Value::Int(5)), "client-error:Invalid arguments:store_ids is not a list (41)"),
        (band, store(Value::List(Vec::new())), "client-error:Missing required arguments:store_ids (40)"),
        (
            band,
            store(vec![1_i64].into()).with("action_type", "DEL"),
            "client-error:Invalid arguments:action_type is given twice (41)",
        ),
        ("taobao.no.such.method", Fields::new(), "client-error:Invalid method (22)"),
    ] {
        let refused = Outgoing::checked(method, &fields, Shape::TopJson).expect_err("not sendable");
        assert_eq!(refused.to_string(), told);
    }
    let at_the_wrong_door = Outgoing::checked(accepted, &Fields::new(), Shape::Qimen).expect_err("no such door");
    assert_eq!(at_the_wrong_door.to_string(), "client-error:Invalid method (22)");
    let control = Fields::new().with("action_type", "ADD").with("item_id", 5).with("store_ids", vec!["\u{1}"]);
    assert!(Outgoing::checked(band, &control, Shape::Qimen).is_err(), "no XML can carry it");
}
