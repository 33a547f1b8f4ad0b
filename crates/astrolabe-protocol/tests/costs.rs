//! What a request may cost us, whatever it says: at most 200 ms of CPU, and at most eight times its size in memory beside a
//! fixed allowance. The bodies are the worst that the three readers can be given at each size.
//!
//! A program of its own with one test: memory is counted for the whole process.

mod wire;

use std::time::Duration;

use astrolabe_protocol::limits::{BODY_BYTES_MAX, BODY_BYTES_MAX_BATCH};
use astrolabe_protocol::pairs;
use astrolabe_protocol::sign::SignMethod;
use astrolabe_protocol::{Call, Door, PlatformCode, WireError};
use peak_alloc::PeakAlloc;
use rustix::time::{ClockId, clock_gettime};
use wire::{FORM, OnWire};

#[global_allocator]
static COUNTED: PeakAlloc = PeakAlloc;

/// In the optimised program; without optimisation it takes five to eight times as long.
const CPU_MAX: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1600 } else { 200 });
const MEMORY_TIMES_MAX: usize = 8;
/// For parameters, error texts and the nodes that a body may have whatever its length.
const MEMORY_FREE: usize = 512 << 10;
const SIZES: [usize; 3] = [BODY_BYTES_MAX, 16 << 10, BODY_BYTES_MAX_BATCH];

const REPORT: &str = "taobao.qimen.storeinventory.itemupdate";
const DELETE: &str = "taobao.qimen.store.delete";

/// A way to fill a body: a beginning, a piece that is repeated with a running number for `#`, an end.
struct Filling {
    name: &'static str,
    method: &'static str,
    begin: &'static str,
    piece: &'static str,
    end: &'static str,
}

const fn filling(name: &'static str, begin: &'static str, piece: &'static str, end: &'static str) -> Filling {
    Filling { name, method: REPORT, begin, piece, end }
}

impl Filling {
    fn of_size(&self, size: usize) -> Vec<u8> {
        let room = size - self.begin.len() - self.end.len();
        let mut middle = String::with_capacity(size);
        if self.piece.contains('#') {
            let mut pieces = (100_u32..).map(|number| self.piece.replace('#', &number.to_string()));
            while let Some(piece) = pieces.next().filter(|piece| middle.len() + piece.len() <= room) {
                middle.push_str(&piece);
            }
        } else {
            middle.push_str(&self.piece.repeat(room / self.piece.len()));
        }
        [self.begin, &middle, self.end].concat().into_bytes()
    }
}

const LINE_XML: &str = "<storeInventory><billNum>B#</billNum><billType>BALANCE</billType><itemId>#</itemId><outerId>o</outerId>\
    <inventoryType>CERTAINTY</inventoryType><quantity>1</quantity></storeInventory>";
const LINE_JSON: &str =
    r#"{"bill_num":"B#","bill_type":"BALANCE","item_id":#,"outer_id":"o","inventory_type":"CERTAINTY","quantity":1},"#;

const XML: [Filling; 13] = [
    filling("empty elements", "<request>", "<a/>", "</request>"),
    filling("pairs of tags", "<request>", "<a></a>", "</request>"),
    filling("texts in pieces", "<request>", "x<a>&lt;&#x41;</a>", "</request>"),
    filling("chains of elements", "<request>", "<a><b><c><d><e/></d></c></b></a>", "</request>"),
    filling("attributes", "<request>", "<a b='' c='' d='' e='' f='' g='' h='' i='' j='' k=''/>", "</request>"),
    filling(
        "long attributes",
        "<request>",
        "<a b='&lt;&gt;&amp;&quot;&lt;&gt;&amp;&quot;&lt;&gt;&amp;&quot;'/>",
        "</request>",
    ),
    filling("references", "<request>", "<a>&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;</a>", "</request>"),
    filling("CDATA", "<request>", "<a><![CDATA[<<<<]]>\r\n<![CDATA[>>>>]]></a>", "</request>"),
    filling("comments", "<request>", "<!--<a<a<a<a<a<a<a<a<a<a<a<a-->", "</request>"),
    filling("tags that never close", "<request>", "<a>", ""),
    filling("a known list of unknown things", "<request><stores>", "<store/>", "</stores></request>"),
    Filling { method: DELETE, ..filling("repeated ids", "<request>", "<storeId>#</storeId>", "</request>") },
    filling(
        "a true report",
        "<request><operationTime>2016-09-22 10:00:00</operationTime><stores><store><warehouseType>STORE</warehouseType>\
         <warehouseId>1</warehouseId><storeInventories>",
        LINE_XML,
        "</storeInventories></store></stores></request>",
    ),
];

const JSON: [Filling; 11] = [
    filling("numbers", r#"{"a":["#, "1,", "1]}"),
    filling("arrays of numbers", r#"{"a":["#, "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],", "1]}"),
    filling("longer numbers", r#"{"a":["#, "[100000000,10000000000],", "1]}"),
    filling("empty objects", r#"{"stores":["#, "{},", "{}]}"),
    filling("members", "{", r#""m#":1,"#, r#""z":1}"#),
    filling("objects of members", r#"{"a":["#, r#"{"a":"1234567","b":12345678,"c":12345678},"#, "1]}"),
    filling("nulls", r#"{"a":["#, "null,", "1]}"),
    filling("escapes", r#"{"a":["#, r#""\u4e2d\n\u4e2d\n\u4e2d\n","#, "1]}"),
    filling("fractions", r#"{"a":["#, "1e1,", "1]}"),
    filling("chains of arrays", r#"{"a":["#, "[[[[[[[[[[]]]]]]]]]],", "1]}"),
    filling(
        "a true report",
        r#"{"operation_time":"2016-09-22 10:00:00","stores":[{"warehouse_type":"STORE","warehouse_id":"1","store_inventories":["#,
        LINE_JSON,
        r#"{"bill_num":"B","bill_type":"BALANCE","item_id":1,"outer_id":"o","inventory_type":"CERTAINTY","quantity":1}]}]}"#,
    ),
];

const FORMS: [Filling; 6] = [
    filling("parameters", "", "p#=1&", ""),
    filling("one long parameter", "stores=", "x", ""),
    filling("one escaped parameter", "stores=", "%E4%B8%AD", ""),
    filling("separators", "", "&", ""),
    Filling { method: DELETE, ..filling("a list of numbers", "store_id=", "1,", "1") },
    Filling { method: DELETE, ..filling("a list of many numbers", "store_id=", "1%2C", "1") },
];

#[test]
fn no_body_costs_more_than_its_size_warrants() {
    let mut weighed: Vec<Weighed> = Vec::new();
    for (at, size) in SIZES.into_iter().enumerate() {
        let signing = SignMethod::ALL[at];
        // Another encoding costs one more copy, which shows at any size.
        let charsets: &[&str] = if at == 0 { &["", ";charset=gbk"] } else { &[""] };
        for (fillings, door, media) in [(&XML[..], Door::Qimen, "text/xml"), (&FORMS[..], Door::Top, FORM)] {
            for filling in fillings {
                let body = filling.of_size(size);
                for charset in charsets {
                    let content_type = format!("{media}{charset}");
                    weighed.push(weigh(
                        filling,
                        &OnWire::signed(door, filling.method, signing, &content_type, body.clone()),
                    ));
                }
            }
        }
        for filling in &JSON {
            let body = filling.of_size(size);
            // The same list inside the parameter of a form, escaped and as it is.
            let text = std::str::from_utf8(&body).expect("is text");
            let list = text.find('[').map_or(text, |start| &text[start..text.len() - 1]);
            let escaped = pairs::write_form(&[("stores".to_owned(), list.to_owned())]).into_bytes();
            let plain = format!("stores={list}").into_bytes();
            for body in [escaped, plain] {
                weighed.push(weigh(filling, &OnWire::signed(Door::Top, filling.method, signing, FORM, body)));
            }
            weighed.push(weigh(
                filling,
                &OnWire::signed(Door::QimenCloud, filling.method, signing, "application/json", body),
            ));
        }
    }
    let over: Vec<_> = weighed.iter().filter(|weighed| weighed.is_over()).collect();
    assert!(over.is_empty(), "{over:#?}");
    // The measure itself measures.
    assert!(weighed.iter().any(|weighed| weighed.cpu > Duration::from_millis(1)), "no CPU time was seen");
    assert!(weighed.iter().any(|weighed| weighed.memory > weighed.size), "no memory was seen");
}

/// What one request cost.
#[derive(Debug)]
#[expect(dead_code, reason = "shown when the test fails")]
struct Weighed {
    what: String,
    size: usize,
    cpu: Duration,
    memory: usize,
    ended: String,
}

impl Weighed {
    fn is_over(&self) -> bool {
        self.cpu > CPU_MAX || self.memory > MEMORY_TIMES_MAX * self.size + MEMORY_FREE
    }
}

fn weigh(filling: &Filling, request: &OnWire) -> Weighed {
    COUNTED.reset_peak_usage();
    let before = COUNTED.current_usage();
    let start = thread_time();
    let outcome = request.serve();
    let cpu = thread_time().saturating_sub(start);
    let memory = COUNTED.peak_usage().saturating_sub(before);
    let what = format!("{:?} {} {}", request.door, request.content_type, filling.name);
    assert!(is_an_answer(&outcome), "{what}: {outcome:?}");
    let ended = outcome.map_or_else(|error| error.to_string(), |call| format!("{} fields", call.fields.len()));
    Weighed {
        what,
        size: request.body.len() + request.query.len(),
        cpu,
        memory,
        ended: ended.chars().take(80).collect(),
    }
}

/// A call, or a refusal that tells the caller what to change: never a failure of ours.
fn is_an_answer(outcome: &Result<Call, WireError>) -> bool {
    outcome.as_ref().err().is_none_or(|error| {
        let ours = error.sub_code().is_some_and(|code| code.starts_with("isp."));
        !ours && !matches!(error.code(), PlatformCode::ServiceUnavailable | PlatformCode::InvalidSignature)
    })
}

fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
