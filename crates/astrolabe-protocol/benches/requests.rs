//! What one request of 1 KiB costs: a stock report, read, verified, decoded and answered, in the two shapes that connectors
//! send most. `cargo bench -p astrolabe-protocol`.
//!
//! The floor beside it is what nobody can leave out: percent-decoding the same bytes and one digest over them. The ratio is
//! taken in the same run, call by call in turns, so that a busy machine slows both.

use std::hint::black_box;
use std::time::{Duration, Instant};

use astrolabe_protocol::answer::{Answer, RequestId};
use astrolabe_protocol::catalogue::{self, Found, Method};
use astrolabe_protocol::client::{self, ClientRequest, Credentials, Outgoing, Shape, Signing};
use astrolabe_protocol::sign::SignMethod;
use astrolabe_protocol::{AppKey, Envelope, EpochMs, Fields, Incoming, Secret, Value};
use criterion::{Criterion, criterion_group};
use md5::{Digest, Md5};

const NOW: EpochMs = EpochMs(1_474_509_600_000);
const REPORT: &str = "taobao.qimen.storeinventory.itemupdate";
const TURNS: usize = 20_000;

fn method() -> &'static Method {
    match catalogue::find_inward(REPORT) {
        Some(Found::Method(method, _)) => method,
        other => panic!("{REPORT} is {other:?}"),
    }
}

fn credentials() -> Credentials {
    Credentials {
        app_key: AppKey::new("12345678"),
        secret: Secret::new("helloworld"),
        session: Some("6100e23657fb0b2d0c78568e55a3031134be9a3a5d4b3a365753805".to_owned()),
        customer_id: Some("21230".to_owned()),
    }
}

/// A stock report of as many lines as fit in one KiB on the wire.
fn request(shape: Shape, signing: SignMethod) -> ClientRequest {
    let written = |lines: i64| {
        let fields = report(lines);
        let mut outgoing = Outgoing::new(method(), &fields, shape);
        outgoing.signing = Signing { method: signing, millis: false };
        client::build(&outgoing, &credentials(), NOW)
    };
    let size = |request: &ClientRequest| request.query.len() + request.body.len();
    let mut lines = 1;
    while size(&written(lines)) < 1024 {
        lines += 1;
    }
    written(lines)
}

fn report(lines: i64) -> Fields {
    let line = |number: i64| {
        Fields::new()
            .with("bill_num", format!("PD-20160922-{number}"))
            .with("bill_type", "TAOBAO_EXCLUDED")
            .with("item_id", 520_000_000_000 + number)
            .with("outer_id", format!("SP-{number}"))
            .with("inventory_type", "CERTAINTY")
            .with("quantity", 12)
    };
    let lines: Vec<Value> = (0..lines).map(|number| Value::Struct(line(number))).collect();
    let store = Fields::new()
        .with("warehouse_type", "STORE")
        .with("warehouse_id", "10001")
        .with("store_inventories", Value::List(lines));
    Fields::new().with("operation_time", "2016-09-22 10:00:00").with("stores", Value::List(vec![Value::Struct(store)]))
}

fn serve(request: &ClientRequest, secret: &Secret, id: &RequestId) -> usize {
    let incoming = Incoming {
        door: request.door,
        query: &request.query,
        content_type: Some(request.content_type),
        body: &request.body,
        multipart: None,
    };
    let envelope = Envelope::parse(&incoming).expect("parses");
    envelope.verify(secret, NOW).expect("the signature holds");
    let call = envelope.decode(&|_| false).expect("decodes");
    let rendered = Answer::ok().render(call.method, envelope.style(), id);
    rendered.body.len() + call.fields.len()
}

fn floor(request: &ClientRequest) -> u8 {
    let mut digest = Md5::new();
    digest.update(percent_encoding::percent_decode_str(&request.query).collect::<Vec<u8>>());
    digest.update(percent_encoding::percent_decode(&request.body).collect::<Vec<u8>>());
    digest.finalize()[0]
}

const CASES: [(&str, Shape, SignMethod); 4] = [
    ("TOP form with JSON, md5", Shape::TopJson, SignMethod::Md5),
    ("TOP form with JSON, hmac-sha256", Shape::TopJson, SignMethod::HmacSha256),
    ("Qimen XML, md5", Shape::Qimen, SignMethod::Md5),
    ("Qimen XML, hmac-sha256", Shape::Qimen, SignMethod::HmacSha256),
];

fn requests(criterion: &mut Criterion) {
    let (secret, id) = (credentials().secret, RequestId::new("2swi5veg6778"));
    let mut group = criterion.benchmark_group("request of 1 KiB");
    for (name, shape, signing) in CASES {
        let request = request(shape, signing);
        group.bench_function(name, |bencher| bencher.iter(|| serve(black_box(&request), &secret, &id)));
    }
    let floor_request = request(Shape::TopJson, SignMethod::Md5);
    group.bench_function("floor: percent-decoding and one MD5", |bencher| {
        bencher.iter(|| floor(black_box(&floor_request)));
    });
    group.finish();
}

/// The middle of many single calls, taken in turns.
#[expect(clippy::print_stdout, reason = "a bench prints what it measured")]
fn ratios() {
    let (secret, id) = (credentials().secret, RequestId::new("2swi5veg6778"));
    for (name, shape, signing) in CASES {
        let request = request(shape, signing);
        let (mut served, mut floors) = (Vec::with_capacity(TURNS), Vec::with_capacity(TURNS));
        for _ in 0..TURNS {
            served.push(timed(|| serve(black_box(&request), &secret, &id)));
            floors.push(timed(|| usize::from(floor(black_box(&request)))));
        }
        let (served, floor) = (middle(served), middle(floors));
        let ratio = served.as_secs_f64() / floor.as_secs_f64();
        let bytes = request.query.len() + request.body.len();
        println!("{name}: {bytes} bytes, {served:?} a call, floor {floor:?}, ratio {ratio:.1}");
    }
}

fn timed(work: impl FnOnce() -> usize) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

criterion_group!(benches, requests);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    ratios();
}
