//! `omnichannel_param` and the published trade with what has happened to it since (white paper §2.3, §2.4).
//!
//! The format is what connectors parse in the wild: records separated by `;`, members by `,`, name and value by the first
//! `:`; readers take the first record whose text holds an oid. It is made from a trade's file alone and changes nothing.

use std::collections::BTreeMap;

use astrolabe_core::ids::{LocationId, Oid};
use astrolabe_core::order::assignment::{Assignment, AssignmentState, Shipment};
use astrolabe_core::order::file::TradeFile;
use astrolabe_core::order::trade::{Delivery, SubOrder};
use astrolabe_core::place::{Location, LocationKind};
use astrolabe_core::time::Timestamp;
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{EpochMs, Fields, Value, json};

/// The records of all sub-orders that were allocated: live assignments in the order they were made, else the latest.
/// Empty where nothing was allocated yet. `places` holds the locations of the assignments.
pub fn omnichannel_param(file: &TradeFile, places: &BTreeMap<LocationId, Location>) -> String {
    let records = file.trade.sub_orders.iter().flat_map(|line| {
        let live: Vec<&Assignment> = file.live_of(line.oid).collect();
        let shown = if live.is_empty() { latest(file, line.oid).into_iter().collect() } else { live };
        shown.into_iter().map(|assignment| record(file, line, assignment, places)).collect::<Vec<_>>()
    });
    records.collect::<Vec<_>>().join(";")
}

fn latest(file: &TradeFile, oid: Oid) -> Option<&Assignment> {
    file.assignments.iter().rfind(|assignment| assignment.oid == oid)
}

fn record(
    file: &TradeFile,
    line: &SubOrder,
    assignment: &Assignment,
    places: &BTreeMap<LocationId, Location>,
) -> String {
    let order_type = match line.delivery {
        Delivery::Ship => "STORE_DELIVER",
        Delivery::Pickup { .. } => "STORE_COLLECT",
    };
    let mut members = vec![("orderType".to_owned(), order_type.to_owned())];
    let mut add = |name: &str, value: String| members.push((name.to_owned(), encoded(&value)));
    add("allocationCode", assignment.code.to_string());
    add("subOrderCode", line.oid.to_string());
    add("targetType", if assignment.warehouse { "WAREHOUSE" } else { "STORE" }.to_owned());
    match places.get(&assignment.location).map(|place| &place.kind) {
        Some(LocationKind::Warehouse { code }) => add("targetCode", code.0.clone()),
        Some(LocationKind::Store { code, .. }) => {
            add("targetCode", assignment.location.to_string());
            add("targetStoreOuterId", code.0.clone());
        }
        None => add("targetCode", assignment.location.to_string()),
    }
    add("orderState", assignment.state.white_paper_state().to_owned());
    if let (AssignmentState::Notified, false, Some(due)) = (&assignment.state, assignment.warehouse, assignment.due_at)
    {
        add("acceptExpirationTime", expiration(due));
    }
    if file.assignments.iter().any(|known| known.oid == line.oid && !known.warehouse) {
        add("everStoreAllocated", "1".to_owned());
    }
    if assignment.units != line.quantity {
        add("quantity", assignment.units.to_string());
    }
    let own = members.len();
    for (name, value) in attributes(assignment.attributes.as_deref()) {
        // What the allocator wrote never hides what the platform says.
        if members[..own].iter().all(|(known, _)| *known != name) {
            members.push((name, value));
        }
    }
    members.iter().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>().join(",")
}

/// §2.4: gifts, batch numbers and the like, as the allocator wrote them: the members of a JSON object one by one, anything
/// else as one member `attributes`. Texts and numbers go as they are, trees as JSON.
fn attributes(text: Option<&str>) -> Vec<(String, String)> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Vec::new() };
    match json::parse(text) {
        Ok(Some(Value::Struct(members))) => members
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    Value::Text(text) => text.clone(),
                    Value::Int(_) | Value::Bool(_) | Value::List(_) | Value::Struct(_) => json::write(value),
                };
                (encoded_name(name), encoded(&value))
            })
            .collect(),
        Ok(Some(Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::List(_)) | None) | Err(_) => {
            vec![("attributes".to_owned(), encoded(text))]
        }
    }
}

/// Separators inside a value are percent-encoded, and so is `%`; a `:` may stand in a value (readers split at the first).
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '%' => out.push_str("%25"),
            ',' => out.push_str("%2C"),
            ';' => out.push_str("%3B"),
            '\n' => out.push_str("%0A"),
            '\r' => out.push_str("%0D"),
            other => out.push(other),
        }
    }
    out
}

fn encoded_name(name: &str) -> String {
    encoded(name).replace(':', "%3A")
}

/// `yyyy/MM/dd-HH:mm:ss`, as published.
fn expiration(at: Timestamp) -> String {
    format_datetime(EpochMs(at.0)).replace('-', "/").replace(' ', "-")
}

/// The published trade with `omnichannel_param`, and with statuses, carriers and waybills of what has shipped since the
/// channel told it. Statuses only go forward, from "waits for the seller".
pub fn merged_trade(file: &TradeFile, published: &str, places: &BTreeMap<LocationId, Location>) -> Fields {
    let trade = match json::parse(published) {
        Ok(Some(Value::Struct(trade))) => trade,
        Ok(Some(Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::List(_)) | None) | Err(_) => {
            Fields::new().with("tid", file.trade.tid.0)
        }
    };
    let param = omnichannel_param(file, places);
    let mut merged = Fields::new();
    for (name, value) in trade {
        let value = match (name.as_ref(), value) {
            ("omnichannel_param", _) if !param.is_empty() => continue,
            ("orders", orders) => merged_orders(file, orders),
            ("status", Value::Text(status)) => Value::Text(trade_status(file, status)),
            (_, other) => other,
        };
        merged.push(name, value);
    }
    if !param.is_empty() {
        merged.push("omnichannel_param", param);
    }
    merged
}

const WAITS_FOR_SELLER: &str = "WAIT_SELLER_SEND_GOODS";
const PARTLY_SENT: &str = "SELLER_CONSIGNED_PART";
const SENT: &str = "WAIT_BUYER_CONFIRM_GOODS";

fn trade_status(file: &TradeFile, published: String) -> String {
    if published != WAITS_FOR_SELLER && published != PARTLY_SENT {
        return published;
    }
    let open = file.trade.sub_orders.iter().filter(|line| !line.channel_closed);
    let (mut all, mut sent) = (0, 0);
    for line in open {
        all += 1;
        sent += usize::from(parcel_of(file, line).is_some());
    }
    match sent {
        0 => published,
        sent if sent == all => SENT.to_owned(),
        _ => PARTLY_SENT.to_owned(),
    }
}

/// `{"order":[…]}` or a bare list, whichever was published.
fn merged_orders(file: &TradeFile, orders: Value) -> Value {
    match orders {
        Value::List(items) => Value::List(items.into_iter().map(|order| merged_order(file, order)).collect()),
        Value::Struct(wrapper) => {
            Value::Struct(wrapper.into_iter().map(|(name, inner)| (name, merged_orders(file, inner))).collect())
        }
        leaf @ (Value::Text(_) | Value::Int(_) | Value::Bool(_)) => leaf,
    }
}

fn merged_order(file: &TradeFile, order: Value) -> Value {
    let Value::Struct(members) = order else { return order };
    let oid = match (members.get("oid_str"), members.get("oid")) {
        (Some(Value::Text(text)), _) | (None, Some(Value::Text(text))) => text.parse().ok(),
        (_, Some(Value::Int(oid))) => Some(*oid),
        _ => None,
    };
    let parcel = oid.and_then(|oid| file.trade.sub_order(Oid(oid))).and_then(|line| parcel_of(file, line));
    let waits = members.get("status").and_then(Value::as_text) == Some(WAITS_FOR_SELLER);
    let Some(parcel) = parcel.filter(|_| waits) else { return Value::Struct(members) };
    let company = if parcel.company_name.is_empty() { &parcel.company_code } else { &parcel.company_name };
    let told = [
        ("status", SENT.to_owned()),
        ("consign_time", format_datetime(EpochMs(parcel.at.0))),
        ("logistics_company", company.clone()),
        ("invoice_no", parcel.waybill.clone()),
    ];
    let kept = members.into_iter().filter(|(name, _)| told.iter().all(|(told, _)| told != name));
    let mut merged: Fields = kept.collect();
    for (name, text) in told {
        if !text.is_empty() {
            merged.push(name, text);
        }
    }
    Value::Struct(merged)
}

/// The last parcel of a line all of whose units have left.
fn parcel_of<'a>(file: &'a TradeFile, line: &SubOrder) -> Option<&'a Shipment> {
    let mut parcel = None;
    if line.unassigned.is_some() {
        return None;
    }
    for assignment in file.live_of(line.oid) {
        match assignment.state {
            AssignmentState::Shipped
            | AssignmentState::Signed
            | AssignmentState::Collected
            | AssignmentState::ReturnRequested { .. } => {
                parcel = assignment.shipment.as_ref().or(parcel);
            }
            AssignmentState::Notified
            | AssignmentState::Accepted
            | AssignmentState::Confirmed
            | AssignmentState::Transferring
            | AssignmentState::CancelRequested { .. }
            | AssignmentState::CancelDenied { .. } => return None,
            AssignmentState::Returned
            | AssignmentState::Refunded
            | AssignmentState::Refused
            | AssignmentState::Unanswered
            | AssignmentState::Withdrawn
            | AssignmentState::Cancelled
            | AssignmentState::Closed => {}
        }
    }
    parcel
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use astrolabe_core::ids::{AllocationCode, ItemId, SkuId, StoreCode, TMALL, Tid, WarehouseCode};
    use astrolabe_core::money::Fen;
    use astrolabe_core::order::assignment::AllocatedBy;
    use astrolabe_core::order::trade::{AllocationAsk, Destination, Level, Trade, TradePayment};
    use astrolabe_core::place::{LocationCard, StoreStatus, StoreType};
    use astrolabe_core::time::OpeningHours;

    use super::*;

    const STORE: LocationId = LocationId(1342);
    const WAREHOUSE: LocationId = LocationId(7);

    fn places() -> BTreeMap<LocationId, Location> {
        let kinds = [
            (STORE, LocationKind::Store { store_type: StoreType::Normal, code: StoreCode("S001".into()) }),
            (WAREHOUSE, LocationKind::Warehouse { code: WarehouseCode("WH-EAST".into()) }),
        ];
        let place = |(id, kind)| {
            let location = Location {
                id,
                kind,
                name: String::new(),
                status: StoreStatus::Normal,
                hours: OpeningHours::ALWAYS,
                service: astrolabe_core::service_settings::ServiceSettings::default(),
                point: None,
                deleted: false,
                card: LocationCard::default(),
            };
            (id, location)
        };
        kinds.into_iter().map(place).collect()
    }

    fn line(oid: i64, quantity: i64) -> SubOrder {
        SubOrder {
            oid: Oid(oid),
            item: ItemId(1),
            sku: SkuId(0),
            outer_code: String::new(),
            quantity,
            payment: Fen(0),
            components: Vec::new(),
            delivery: Delivery::Ship,
            reserve_key: None,
            omni: true,
            unassigned: None,
            excluded: Vec::new(),
            channel_consigned: None,
            channel_closed: false,
            cancel_asked: None,
            milestones: BTreeSet::new(),
            told: None,
        }
    }

    fn assignment(code: i64, oid: i64, location: LocationId, state: AssignmentState) -> Assignment {
        Assignment {
            code: AllocationCode(code),
            tid: Tid(10),
            oid: Oid(oid),
            location,
            warehouse: location == WAREHOUSE,
            pickup: false,
            units: 1,
            state,
            allocated_at: Timestamp(0),
            allocated_by: AllocatedBy::Router,
            decided_at_version: 0,
            attributes: None,
            shipment: None,
            facts: BTreeSet::new(),
            due_at: None,
            clock: None,
            committed: Vec::new(),
            day_place: None,
            handover: None,
            bound_for: None,
        }
    }

    fn file(sub_orders: Vec<SubOrder>, assignments: Vec<Assignment>) -> TradeFile {
        let trade = Trade {
            tid: Tid(10),
            channel: TMALL,
            created: Timestamp(0),
            pay_time: None,
            modified: Timestamp(0),
            payment: TradePayment::Paid,
            destination: Destination {
                province: String::new(),
                city: String::new(),
                district: String::new(),
                point: None,
            },
            level: Level::Routed,
            mode: None,
            allocation: AllocationAsk::None,
            holds: Vec::new(),
            sub_orders,
            refunds: Vec::new(),
            pushed_to: BTreeSet::new(),
            due_at: None,
            told: astrolabe_core::order::told::TradeTold::default(),
        };
        TradeFile { trade, assignments, reservations: Vec::new() }
    }

    #[test]
    fn a_record_per_sub_order_reads_as_published() {
        let mut offered = assignment(68002, 11, STORE, AssignmentState::Notified);
        offered.due_at = Some(Timestamp(1_474_509_600_000));
        let refused = assignment(68001, 11, STORE, AssignmentState::Refused);
        let mut split = assignment(68003, 12, WAREHOUSE, AssignmentState::Shipped);
        split.units = 2;
        let file = file(vec![line(11, 1), line(12, 3), line(13, 1)], vec![refused, offered, split]);
        assert_eq!(
            omnichannel_param(&file, &places()),
            "orderType:STORE_DELIVER,allocationCode:68002,subOrderCode:11,targetType:STORE,targetCode:1342,\
             targetStoreOuterId:S001,orderState:X_ALLOCATION_NOTIFIED,acceptExpirationTime:2016/09/22-10:00:00,\
             everStoreAllocated:1;\
             orderType:STORE_DELIVER,allocationCode:68003,subOrderCode:12,targetType:WAREHOUSE,targetCode:WH-EAST,\
             orderState:X_SHOP_HANDLED,quantity:2"
        );
    }

    #[test]
    fn attributes_are_carried_and_cannot_break_or_fake_a_record() {
        let table = [
            (
                r#"{"batch":"B:7","gift":[{"code":"G1","num":2}],"n":5}"#,
                "batch:B:7,gift:[{\"code\":\"G1\"%2C\"num\":2}],n:5",
            ),
            (r#"{"orderState":"X_SHOP_HANDLED","a;b":"c,d"}"#, "a%3Bb:c%2Cd"),
            ("gift,of;the%house", "attributes:gift%2Cof%3Bthe%25house"),
            (" ", ""),
        ];
        for (text, expected) in table {
            let mut accepted = assignment(1, 11, STORE, AssignmentState::Accepted);
            accepted.attributes = Some(text.to_owned());
            let param = omnichannel_param(&file(vec![line(11, 1)], vec![accepted]), &places());
            let tail = param.split_once("everStoreAllocated:1").expect("is an own member").1;
            assert_eq!(tail.trim_start_matches(','), expected, "{text}");
            assert_eq!(param.matches("orderState:").count(), 1);
            assert!(!param.contains(';'));
        }
    }

    #[test]
    fn shipping_moves_published_statuses_forward_only() {
        let published = r#"{"tid":10,"status":"WAIT_SELLER_SEND_GOODS","x_unknown":{"kept":true},"orders":{"order":[
            {"oid":11,"oid_str":"11","status":"WAIT_SELLER_SEND_GOODS"},
            {"oid":12,"status":"TRADE_CLOSED"},{"oid":13,"status":"WAIT_SELLER_SEND_GOODS"}]}}"#;
        let mut shipped = assignment(1, 11, STORE, AssignmentState::Shipped);
        shipped.shipment = Some(Shipment {
            company_code: "SF".into(),
            company_name: "顺丰速运".into(),
            waybill: "SF1".into(),
            at: Timestamp(1_474_509_600_000),
        });
        let mut closed = line(12, 1);
        closed.channel_closed = true;
        let second = assignment(2, 13, STORE, AssignmentState::Accepted);
        let part = file(vec![line(11, 1), closed.clone(), line(13, 1)], vec![shipped.clone(), second]);
        let told = json::write(&Value::Struct(merged_trade(&part, published, &places())));
        assert!(told.contains(r#""tid":10,"status":"SELLER_CONSIGNED_PART","x_unknown":{"kept":true}"#), "{told}");
        let order = r#"{"oid":11,"oid_str":"11","status":"WAIT_BUYER_CONFIRM_GOODS","consign_time":"2016-09-22 10:00:00","logistics_company":"顺丰速运","invoice_no":"SF1"}"#;
        assert!(told.contains(order), "{told}");
        assert!(told.contains(r#"{"oid":12,"status":"TRADE_CLOSED"}"#) && told.contains("omnichannel_param"));

        let whole = file(vec![line(11, 1), closed], vec![shipped]);
        let told = merged_trade(&whole, published, &places());
        assert_eq!(told.text("status"), Ok("WAIT_BUYER_CONFIRM_GOODS"));
        let finished = merged_trade(&whole, r#"{"status":"TRADE_FINISHED"}"#, &places());
        assert_eq!(finished.text("status"), Ok("TRADE_FINISHED"));
    }
}
