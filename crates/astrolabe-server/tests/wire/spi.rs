//! Calls to apps: the signature on the wire, the addresses they go to, a test call, and what is kept of every attempt.

use std::time::Duration;

use astrolabe_core::ids::{AppKey, SellerId, Tid};
use astrolabe_core::outward::Receiver;
use astrolabe_core::time::Timestamp;
use astrolabe_protocol::Secret;
use astrolabe_protocol::pairs::{self, Charset, Pairs};
use astrolabe_protocol::sign::sign_spi;
use astrolabe_protocol::time::parse_datetime;
use astrolabe_server::app::{Clock, Limits};
use astrolabe_server::declare;
use astrolabe_server::outward::{Trial, TrialError, TrialReport};
use astrolabe_store::{AttemptOutcome, AttemptsOf, BodyKind, Environment};
use serde_json::{Value, json};

use crate::isv::Isv;
use crate::merchant::{Merchant, SELLER};

const ALLOCATE: &str = "taobao.qimen.omniorder.allocate";
const KEY: &str = "12345678";

pub(crate) fn declared(spi: &str) -> String {
    format!(
        r#"
[[seller]]
id = 21230
nick = "xxx旗舰店"
acceptor = "app:12345678"

[[seller]]
id = 21231
nick = "邻居专营店"

[[app]]
key = "12345678"
secret = "helloworld"
roles = ["erp", "pos"]
sellers = [21230]
{spi}

[[app]]
key = "87654321"
secret = "goodbyeworld"
roles = ["erp"]
sellers = [21230, 21231]

[[session]]
token = "test-session"
app = "12345678"
seller = 21230

[[channel]]
name = "tmall"
seller = 21230
token = "channel-token"

[[user]]
name = "小王"
seller = 21230
role = "merchant"
token = "merchant-token"

[[user]]
name = "邻居"
seller = 21231
role = "merchant"
token = "neighbour-token"

[[user]]
name = "平台"
seller = 21230
role = "operator"
token = "operator-token"
"#
    )
}

/// Loopback is a network like any other: a deployment names it.
pub(crate) fn limits() -> Limits {
    Limits { allowed_networks: vec!["127.0.0.1".parse().expect("a network")], ..Limits::default() }
}

async fn open(spi: &str, clock: Clock) -> Merchant {
    Merchant::open_with(&declared(spi), clock, limits()).await
}

fn trial(method: &str) -> Trial {
    Trial {
        app: AppKey(KEY.to_owned()),
        seller: SellerId(SELLER),
        method: method.to_owned(),
        environment: None,
        body: None,
        tid: None,
        fields: Vec::new(),
    }
}

async fn tried(merchant: &Merchant, trial: Trial) -> TrialReport {
    trial.run(merchant.app()).await.expect("is sent")
}

/// The moment of the published vectors.
fn moment() -> Clock {
    Clock::manual(Timestamp(parse_datetime("2016-09-22 10:00:00").expect("a date").0))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_signatures_go_over_the_wire() {
    let isv = Isv::open(moment()).await;
    let url = isv.url("/good");
    let spi = format!(
        "spi.online = '{url}'\nspi.test = {{ url = '{url}', headers = {{ x-trace = 'abc' }} }}\n\
         spi.methods.'{SHIPPED}' = {{ online = {{ url = '{url}?tenant=a%20b', body = 'json', headers = {{ x-a = '东 100%', x-b = '' }} }} }}"
    );
    let merchant = open(&spi, moment()).await;

    // S1: a form.
    let report = tried(&merchant, trial(ALLOCATE)).await;
    assert_eq!((report.outcome, report.code.as_deref()), (AttemptOutcome::Delivered, Some("0")), "{report:?}");
    let heard = isv.last();
    assert_eq!((heard.sign(), &heard.verified), ("3617C8867003FBE61950CE2E075BF278", &Ok(ALLOCATE.to_owned())));
    assert_eq!(heard.header("content-type"), Some("application/x-www-form-urlencoded;charset=utf-8"));

    // S2 has the same members in another order, and the body is signed byte for byte: ours is verified by its own bytes.
    tried(&merchant, Trial { body: Some(BodyKind::Json), ..trial(ALLOCATE) }).await;
    let heard = isv.last();
    let said: Value = serde_json::from_str(&heard.body).expect("is JSON");
    assert_eq!(said, json!({"seller_id": 21230, "seller_nick": "xxx旗舰店", "tid": 2_004_574_256_073_903_i64}));
    assert_eq!(heard.header("content-type"), Some("application/json;charset=utf-8"));
    assert_eq!(heard.verified, Ok(ALLOCATE.to_owned()));
    let query: Pairs = pairs::parse(heard.query.as_bytes(), Charset::Utf8).expect("is a query");
    let published = r#"{"seller_id":21230,"seller_nick":"xxx旗舰店","tid":2004574256073903}"#;
    let signed = |body: &str| sign_spi(&Secret::new("helloworld"), &query, Some(body.as_bytes()));
    assert_eq!(
        (signed(&heard.body).as_str(), signed(published).as_str()),
        (heard.sign(), "FBED7C89D5398ED942A27F7A001E8494")
    );

    // S3: a form and a header that is signed with it.
    tried(&merchant, Trial { environment: Some(Environment::Test), ..trial(ALLOCATE) }).await;
    let heard = isv.last();
    assert_eq!((heard.header("top-sign-list"), heard.header("x-trace")), (Some("x-trace"), Some("abc")));
    assert_eq!((heard.sign(), &heard.verified), ("B0144755BF9C243EA381D47D93DFF4C8", &Ok(ALLOCATE.to_owned())));

    // Everything at once, with what must be encoded: the receiver decodes it and agrees.
    let report = tried(&merchant, trial(SHIPPED)).await;
    let heard = isv.last();
    assert_eq!(heard.verified, Ok(SHIPPED.to_owned()), "{heard:?}");
    assert_eq!(heard.header("top-sign-list"), Some("x-a,x-b"));
    assert!(heard.header("x-a").is_some_and(|value| value.is_ascii() && value.contains("100%25")), "{heard:?}");
    assert!(heard.query.starts_with("tenant=a%20b&method="), "{}", heard.query);
    assert_eq!(report.exchange.request.url, format!("{url}?{}", heard.query));
    merchant.close().await;
}

const SHIPPED: &str = "taobao.qimen.omniorder.store.consigned";

#[tokio::test(flavor = "multi_thread")]
async fn a_test_call_says_where_to_look() {
    let isv = Isv::open(Clock::System).await;
    let merchant = open("", Clock::System).await;
    let nobody = {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        format!("http://127.0.0.1:{port}/")
    };
    let table = [
        (isv.url("/keyless"), AttemptOutcome::Delivered, Some(200), "without appKey"),
        (isv.url("/wrong-sign"), AttemptOutcome::Refused, Some(200), "compare the app's secret"),
        (isv.url("/two-hundred"), AttemptOutcome::Refused, Some(200), "success is code \"0\""),
        (isv.url("/no"), AttemptOutcome::Refused, Some(200), "in its own words"),
        (isv.url("/later"), AttemptOutcome::Fault, Some(200), "asks for patience"),
        (isv.url("/success"), AttemptOutcome::Unreachable, Some(200), "not by another field"),
        (isv.url("/page"), AttemptOutcome::Unreachable, Some(200), "the reply is a page"),
        (isv.url("/empty"), AttemptOutcome::Unreachable, Some(200), "the reply is empty"),
        (isv.url("/moved"), AttemptOutcome::Unreachable, Some(302), "(http://127.0.0.1:1/good)"),
        (isv.url("/broken"), AttemptOutcome::Unreachable, Some(502), "its own log says why"),
        (isv.url("/forbidden"), AttemptOutcome::Unreachable, Some(403), "authenticated by its signature"),
        (isv.url("/nowhere"), AttemptOutcome::Unreachable, Some(404), "check the path"),
        (isv.url("/silent"), AttemptOutcome::Unreachable, None, "answer first and work afterwards"),
        (nobody, AttemptOutcome::Unreachable, None, "nothing listens"),
        ("http://no-such-host.invalid/".to_owned(), AttemptOutcome::Unreachable, None, "does not resolve"),
        (isv.url("/good").replace("http:", "https:"), AttemptOutcome::Unreachable, None, "TLS failed"),
        ("http://169.254.169.254/latest".to_owned(), AttemptOutcome::Refused, None, "allowed_networks"),
    ];
    for (url, outcome, status, advice) in table {
        let spi = format!("spi = {{ test = {{ url = '{url}', within_ms = 900 }} }}");
        declare::apply(merchant.app(), &declared(&spi), false).await.expect("is declared");
        let report = tried(&merchant, Trial { environment: Some(Environment::Test), ..trial(ALLOCATE) }).await;
        assert_eq!(report.outcome, outcome, "{url}: {report:?}");
        assert_eq!(report.exchange.reply.as_ref().map(|reply| reply.status), status, "{url}: {report:?}");
        assert!(report.advice.iter().any(|sentence| sentence.contains(advice)), "{url}: {report:?}");
        assert_eq!(report.failure.is_empty(), outcome == AttemptOutcome::Delivered, "{url}: {report:?}");
        assert!(!format!("{report:?}").contains("helloworld"), "the secret is shown: {report:?}");
    }
    // Nothing was called that a redirect or a page pointed to, and no order came of it.
    assert!(isv.heard().iter().all(|heard| heard.path != "/good"), "{:?}", isv.heard());
    assert_eq!(merchant.app().store.overview(SellerId(SELLER)).await.expect("reads").trades, 0);
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_call_that_cannot_be_made_says_why() {
    let merchant = open("spi = { online = 'http://127.0.0.1:1/' }", Clock::System).await;
    let field = |name: &str| vec![(name.to_owned(), "x".to_owned())];
    let table = [
        (
            Trial { app: AppKey("11111111".to_owned()), ..trial(ALLOCATE) },
            "app 11111111 is not registered for seller 21230",
        ),
        (Trial { seller: SellerId(21_231), ..trial(ALLOCATE) }, "app 12345678 is not registered for seller 21231"),
        (trial("taobao.trade.fullinfo.get"), "is no SPI; there are taobao.qimen.omniorder.allocate"),
        (
            Trial { environment: Some(Environment::Test), ..trial(ALLOCATE) },
            "has no test address for taobao.qimen.omniorder.allocate",
        ),
        (Trial { fields: field("tit"), ..trial(ALLOCATE) }, "tit"),
        (Trial { fields: field("tid"), ..trial(ALLOCATE) }, "tid"),
    ];
    for (trial, said) in table {
        let error: TrialError = trial.run(merchant.app()).await.expect_err("is not sent");
        assert!(error.to_string().contains(said), "{error}");
    }
    merchant.close().await;
}

/// REST as a person with a token.
pub(crate) async fn rest(
    merchant: &Merchant,
    method: &str,
    path: &str,
    token: &str,
    body: Option<Value>,
) -> (u16, Value) {
    let method = method.parse().expect("a verb");
    let mut request = merchant.http().request(method, merchant.url(path)).bearer_auth(token);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let answer = request.send().await.expect("is answered");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("has a body");
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_registered_over_rest_by_those_whom_they_concern() {
    let isv = Isv::open(Clock::System).await;
    let merchant = open("", Clock::System).await;
    let own = "/api/v1/apps/12345678/spi";
    let (status, empty) = rest(&merchant, "GET", own, "merchant-token", None).await;
    assert_eq!((status, &empty["use_test"], &empty["online"]), (200, &json!(false), &Value::Null));

    let wanted = json!({
        "online": isv.url("/no"),
        "test": {"url": format!("{}?access_token=hush", isv.url("/good")), "headers": {"x-secret": "hush", "x-a": "1"}},
        "use_test": true,
        "methods": {"TAOBAO.QIMEN.OMNIORDER.STORE.CONSIGNED": {"test": {"url": isv.url("/keyless"), "body": "json"}}},
    });
    let (status, shown) = rest(&merchant, "PUT", own, "merchant-token", Some(wanted)).await;
    assert_eq!(status, 200, "{shown}");
    assert!(!shown.to_string().contains("hush"), "{shown}");
    assert_eq!(shown["methods"][SHIPPED]["test"]["body"], "json");
    let (status, read) = rest(&merchant, "GET", own, "operator-token", None).await;
    assert_eq!((status, &read), (200, &shown));

    // What was read is put back, one thing changed: the masked secrets are still what they were.
    let mut changed = read.clone();
    changed["test"]["within_ms"] = json!(700);
    let (status, changed) = rest(&merchant, "PUT", own, "merchant-token", Some(changed)).await;
    assert_eq!(status, 200, "{changed}");
    let report = tried(&merchant, trial(ALLOCATE)).await;
    assert_eq!((report.environment, report.outcome), (Environment::Test, AttemptOutcome::Delivered), "{report:?}");
    assert!(isv.last().query.starts_with("access_token=hush&"), "{:?}", isv.last());
    assert_eq!(isv.last().header("x-secret"), Some("hush"));
    let told = tried(&merchant, trial(SHIPPED)).await;
    assert_eq!((isv.last().path.as_str(), told.body), ("/keyless", BodyKind::Json));

    let refused = [
        ("GET", own, "neighbour-token", None, 404, Value::Null),
        ("PUT", own, "neighbour-token", Some(json!({})), 404, Value::Null),
        ("GET", own, "no-token", None, 401, Value::Null),
        ("PUT", "/api/v1/apps/87654321/spi", "merchant-token", Some(json!({})), 403, Value::Null),
        ("GET", "/api/v1/apps/99999999/spi", "operator-token", None, 404, Value::Null),
        (
            "PUT",
            own,
            "merchant-token",
            Some(json!({"test": {"url": "http://isv/", "within_ms": 1}})),
            400,
            json!("spi.test.within_ms"),
        ),
        ("PUT", own, "merchant-token", Some(json!({"tests": "http://isv/"})), 400, json!("spi")),
        ("PUT", own, "merchant-token", Some(json!({"online": "http://isv/?token=***"})), 400, json!("spi.online.url")),
    ];
    for (method, path, token, body, status, field) in refused {
        let answer = rest(&merchant, method, path, token, body.clone()).await;
        assert_eq!((answer.0, &answer.1["error"]["field"]), (status, &field), "{method} {path} {body:?}: {}", answer.1);
    }
    let (status, shared) = rest(&merchant, "PUT", "/api/v1/apps/87654321/spi", "operator-token", Some(json!({}))).await;
    assert_eq!(status, 200, "{shared}");

    // A declaration that says nothing of addresses leaves them; one that does replaces them.
    declare::apply(merchant.app(), &declared(""), false).await.expect("is declared");
    assert_eq!(rest(&merchant, "GET", own, "merchant-token", None).await.1, changed);
    declare::apply(merchant.app(), &declared("spi = {}"), false).await.expect("is declared");
    assert_eq!(rest(&merchant, "GET", own, "merchant-token", None).await.1, empty);
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_call_over_rest_shows_both_sides_and_is_kept() {
    let isv = Isv::open(Clock::System).await;
    let merchant = open(&format!("spi = {{ test = '{}' }}", isv.url("/good")), Clock::System).await;
    let path = "/api/v1/apps/12345678/spi/test";
    let body = json!({"method": "taobao.qimen.omniorder.customer.refund", "environment": "test", "body": "json", "tid": 5,
        "fields": {"sub_order_list": [{"sub_oid": 51, "status": "STATUS_PAID"}]}});
    let (status, report) = rest(&merchant, "POST", path, "merchant-token", Some(body)).await;
    assert_eq!((status, &report["outcome"], &report["code"]), (200, &json!("delivered"), &json!("0")), "{report}");
    assert_eq!(report["reply"]["status"], 200);
    assert_eq!(report["request"]["body"], isv.last().body);
    assert_eq!(isv.last().verified, Ok("taobao.qimen.omniorder.customer.refund".to_owned()));
    let sent: Value = serde_json::from_str(&isv.last().body).expect("is JSON");
    assert_eq!(sent["sub_order_list"], json!([{"sub_oid": 51, "status": "STATUS_PAID"}]));
    assert_eq!((&sent["tid"], &sent["seller_id"]), (&json!(5), &json!(SELLER)));

    let wrong = json!({"method": ALLOCATE, "environment": "online"});
    let (status, told) = rest(&merchant, "POST", path, "merchant-token", Some(wrong)).await;
    assert_eq!((status, &told["error"]["field"]), (400, &json!("environment")), "{told}");
    let (status, _) = rest(&merchant, "POST", path, "neighbour-token", Some(json!({"method": ALLOCATE}))).await;
    assert_eq!(status, 404);

    let (status, kept) = rest(&merchant, "GET", "/api/v1/outward/attempts?tid=5", "merchant-token", None).await;
    assert_eq!((status, kept["attempts"].as_array().map(Vec::len)), (200, Some(1)), "{kept}");
    assert_eq!(
        (&kept["attempts"][0]["request"], &kept["attempts"][0]["reply"]),
        (&report["request"], &report["reply"])
    );
    assert_eq!(kept["attempts"][0]["call_id"], Value::Null, "a test call belongs to no call of an order");
    let (_, none) = rest(&merchant, "GET", "/api/v1/outward/attempts?tid=5", "neighbour-token", None).await;
    assert_eq!(none["attempts"], json!([]));
    merchant.close().await;
}

/// Looks until so many attempts of a trade are kept.
async fn kept(merchant: &Merchant, tid: i64, count: usize) -> Vec<astrolabe_store::Attempt> {
    for _ in 0..800 {
        let found = merchant.app().store.attempts(SellerId(SELLER), &AttemptsOf::Trade(Tid(tid)), None, 100).await;
        let found = found.expect("reads");
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not {count} attempts of {tid} within 8 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_of_an_order_s_call_is_kept_verbatim() {
    let isv = Isv::open(Clock::System).await;
    let merchant = open(&format!("spi = {{ online = '{}' }}", isv.url("/broken")), Clock::System).await;
    let store = merchant.store("S1").await;
    merchant.offer(store, 900, 9).await;
    merchant.pay(7001, &[(70011, 900, 1)]).await;
    // It fails, and is tried again a second later, where the address has been mended meanwhile.
    let first = kept(&merchant, 7001, 1).await.remove(0);
    assert_eq!((first.number, first.outcome), (1, AttemptOutcome::Unreachable));
    assert_eq!(first.exchange.failure, "HTTP 502");
    // It is loud: the platform is ready, but names it, and so does the merchant's list of apps.
    let ready = |merchant: &Merchant| merchant.http().get(merchant.url("/readyz")).send();
    let answer = ready(&merchant).await.expect("is answered");
    assert_eq!(answer.status(), 200);
    let named = answer.text().await.expect("has a body");
    assert!(named.starts_with("ready\napp 12345678 cannot be reached since "), "{named}");
    let (_, apps) = rest(&merchant, "GET", "/api/v1/apps", "merchant-token", None).await;
    let own = apps["apps"].as_array().expect("a list").iter().find(|app| app["key"] == KEY).expect("is listed").clone();
    let since = own["unreachable_since"].as_i64().expect("says since when");
    assert!(since >= first.key.started_at.0, "{own}");
    declare::apply(merchant.app(), &declared(&format!("spi = {{ online = '{}' }}", isv.url("/good"))), false)
        .await
        .expect("is declared");
    let all = kept(&merchant, 7001, 2).await;
    let last = &all[0];
    assert_eq!(
        (last.outcome, last.method.as_str()),
        (AttemptOutcome::Delivered, "taobao.qimen.omniorder.allocatedinfo.sync")
    );
    assert_eq!((last.call, last.tid, &last.receiver), (first.call, Tid(7001), &Receiver::App(AppKey(KEY.to_owned()))));
    assert!(last.number >= 2 && last.key > first.key);
    assert!(last.call.is_some());
    let named = ready(&merchant).await.expect("is answered").text().await.expect("has a body");
    assert_eq!(named, "ready");
    let heard = isv.last();
    assert_eq!(last.exchange.request.body, heard.body);
    assert_eq!(last.exchange.request.url, format!("{}?{}", isv.url("/good"), heard.query));
    for (name, value) in &last.exchange.request.headers {
        assert_eq!(heard.header(name), Some(value.as_str()), "{name}");
    }
    let reply = last.exchange.reply.as_ref().expect("came back");
    assert_eq!(
        (reply.status, reply.body.as_str(), reply.cut),
        (200, r#"{"code":"0","message":"","appKey":"12345678"}"#, false)
    );

    // Pages follow each other, newest first; whose attempts must be said.
    let path = "/api/v1/outward/attempts";
    let (_, page) = rest(&merchant, "GET", &format!("{path}?app=12345678&limit=1"), "merchant-token", None).await;
    assert_eq!(page["attempts"][0]["started_at"], last.key.started_at.0, "{page}");
    let next = page["next"].as_str().expect("there is more");
    let (_, page) =
        rest(&merchant, "GET", &format!("{path}?app=12345678&limit=1&before={next}"), "merchant-token", None).await;
    assert_eq!(page["attempts"][0]["started_at"], all[1].key.started_at.0, "{page}");
    for (query, field) in [
        ("", "tid"),
        ("?tid=1&app=2", "tid"),
        ("?channel=jd", "channel"),
        ("?tid=1&before=x", "before"),
        ("?tid=1&limit=0", "limit"),
    ] {
        let (status, told) = rest(&merchant, "GET", &format!("{path}{query}"), "merchant-token", None).await;
        assert_eq!((status, &told["error"]["field"]), (400, &json!(field)), "{query}: {told}");
    }
    merchant.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_address_is_called_only_where_the_deployment_names_it() {
    let isv = Isv::open(Clock::System).await;
    let url = isv.url("/good");
    let named = url.replace("127.0.0.1", "localhost");
    for (url, failure) in
        [(url, "the address lies in a private"), (named, "connection failed: the name leads into a private")]
    {
        let spi = format!("spi = {{ online = '{url}' }}");
        let merchant = Merchant::open_with(&declared(&spi), Clock::System, Limits::default()).await;
        let report = tried(&merchant, trial(ALLOCATE)).await;
        assert!(report.failure.starts_with(failure), "{report:?}");
        assert!(report.advice.iter().any(|sentence| sentence.contains("allowed_networks")), "{report:?}");
        merchant.close().await;
    }
    assert!(isv.heard().is_empty());
}
