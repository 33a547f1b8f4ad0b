//! The stand-ins take what the platform signed and refuse what somebody else did, over real connections. The platform's side is
//! played by the rehearsal itself; no platform runs.

use std::sync::Arc;

use astrolabe_protocol::catalogue::{Found, find_inward};
use astrolabe_protocol::client::{Credentials, Outgoing, Shape, build};
use astrolabe_protocol::{AppKey, Fields, Secret};
use astrolabe_rehearsal::clock;
use astrolabe_rehearsal::ids::{Location, SellerId, StoreId};
use astrolabe_rehearsal::listener::{Listener, Party};
use astrolabe_rehearsal::merchant::{Merchant, MerchantSpec, TradeMaker};
use astrolabe_rehearsal::parties::{Mode, Parties};
use astrolabe_rehearsal::recorder::Recorder;
use astrolabe_rehearsal::rehearse::{DriveSpec, Driven, Tempo, drive};
use astrolabe_rehearsal::seed::Seeded;
use astrolabe_rehearsal::standins::Stage;
use astrolabe_rehearsal::standins::channel::Channel;
use astrolabe_rehearsal::standins::isv::Isv;
use astrolabe_rehearsal::standins::pos::{Pos, RefundAnswers};
use astrolabe_rehearsal::standins::till::Till;
use astrolabe_rehearsal::tally::{Counted, Tally};
use astrolabe_rehearsal::temper::Temper;
use astrolabe_rehearsal::wire::{BaseUrl, Http};
use tokio::sync::watch;

const SELLER: SellerId = SellerId(21_230);

struct Set {
    parties: Parties,
    merchant: Arc<Merchant>,
    tally: Arc<Tally>,
    stage: Stage,
    http: Http,
    // Nobody listens there: what the stand-ins want to tell the platform goes nowhere, and they must bear it.
    nowhere: BaseUrl,
    _curtain: watch::Sender<bool>,
}

fn set() -> Set {
    let spec = MerchantSpec { seed: 1, seller: SELLER, nick: "店".into(), stores: 5, skus_min: 5, orders: 10 };
    let (curtain, seen) = watch::channel(false);
    let tally = Arc::new(Tally::default());
    let stage = Stage {
        seller: SELLER,
        temper: Arc::new(Temper { allocator_silent: 1.0, ..Temper::default() }),
        tally: Arc::clone(&tally),
        recorder: Arc::new(Recorder::none()),
        curtain: seen,
    };
    Set {
        parties: Parties::of(SELLER, "店", Mode::IsvPos),
        merchant: Arc::new(Merchant::generate(&spec)),
        tally,
        stage,
        http: Http::new().expect("an HTTP client"),
        nowhere: BaseUrl::parse("http://127.0.0.1:9").expect("local"),
        _curtain: curtain,
    }
}

fn seeded(set: &Set) -> Seeded {
    Seeded { merchant: Arc::clone(&set.merchant), stores: (1..=5).map(StoreId).collect() }
}

async fn seat(party: Arc<dyn Party>) -> (Listener, BaseUrl) {
    let listener = Listener::open().await.expect("a free port");
    listener.seat(party);
    let url = listener.url("/spi").expect("local");
    (listener, url)
}

fn drive_spec(set: &Set, address: BaseUrl, party: Driven) -> DriveSpec {
    let app = if party == Driven::Isv { &set.parties.isv } else { &set.parties.pos };
    DriveSpec {
        address,
        app_key: app.key.clone(),
        secret: app.secret(),
        seller: SELLER,
        nick: "店".into(),
        trades: Vec::new(),
        party,
        tempo: Tempo { rate: 50.0, seconds: 1 },
        wanted: Vec::new(),
        knee: false,
    }
}

#[tokio::test]
async fn an_isv_and_a_pos_pass_the_rehearsal() {
    let set = set();
    let seeded = seeded(&set);
    let connector = set.parties.isv.connector(&set.http, &set.nowhere, SELLER);
    let isv =
        Isv::new(connector.clone(), set.parties.isv.key.as_str(), set.parties.isv.secret(), &seeded, set.stage.clone());
    let till = Arc::new(Till::new(connector.clone(), &seeded, set.stage.clone()));
    let pos = Pos::new(connector, set.parties.pos.secret(), RefundAnswers::ByUpdate, till, set.stage.clone());
    for (party, driven) in [
        (isv as Arc<dyn Party>, Driven::Isv),
        (pos as Arc<dyn Party>, Driven::Pos { store: Location::Store(StoreId(1)) }),
    ] {
        let (listener, address) = seat(party).await;
        let before = set.tally.get(Counted::BadSignatures);
        let report = drive(&set.http, &drive_spec(&set, address, driven)).await;
        assert!(report.passed(), "{report:?}");
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        assert!(report.faults.iter().all(|fault| fault.played > 0 && fault.met == fault.played), "{:?}", report.faults);
        let played = |name| report.faults.iter().find(|fault| fault.fault == name).map_or(0, |fault| fault.played);
        let refused = set.tally.get(Counted::BadSignatures) - before;
        assert_eq!(refused, played("bad-sign") + played("stale"));
        listener.close().await;
    }
    assert!(set.tally.get(Counted::AllocationsIgnored) >= 50, "every trade was heard of");
}

#[tokio::test]
async fn a_party_that_does_not_check_signatures_fails_the_rehearsal() {
    struct Careless;
    impl Party for Careless {
        fn hear(self: Arc<Self>, _: astrolabe_rehearsal::listener::Heard) -> astrolabe_rehearsal::listener::Saying {
            Box::pin(async {
                astrolabe_protocol::answer::Rendered {
                    content_type: "application/json",
                    body: r#"{"code":"0","message":""}"#.into(),
                }
            })
        }
    }
    let set = set();
    let (listener, address) = seat(Arc::new(Careless)).await;
    let report = drive(&set.http, &drive_spec(&set, address, Driven::Isv)).await;
    assert!(!report.passed());
    let failed: Vec<&str> = report.findings.iter().map(|finding| finding.rule).collect();
    let careless = [
        "garbage-taken",
        "missing-field-taken",
        "bad-sign-taken",
        "answer-field-missing",
        "stale-taken",
        "wrong-seller-taken",
    ];
    for rule in careless {
        assert!(failed.contains(&rule), "{rule} is not among {failed:?}");
    }
    let finding = report.findings.iter().find(|finding| finding.rule == "bad-sign-taken").expect("found");
    assert_eq!(finding.method, "taobao.qimen.omniorder.allocate");
    assert!(finding.exchanges[0].request.contains("sign=") && finding.exchanges[0].reply.contains("\"code\":\"0\""));
    listener.close().await;
}

#[tokio::test]
async fn the_channel_takes_a_consignment_signed_with_its_own_secret_and_session_only() {
    let set = set();
    let maker = TradeMaker::new(&set.merchant, 1);
    let channel = Channel::new(set.http.clone(), set.nowhere.clone(), set.parties.clone(), maker, set.stage.clone());
    let listener = Listener::open().await.unwrap();
    listener.seat(channel);
    let url = listener.url("/router/rest").unwrap();
    let party = &set.parties.at_channel;
    let good = Credentials {
        app_key: party.key.clone(),
        secret: party.secret(),
        session: Some(party.session.clone()),
        customer_id: None,
    };
    let table = [
        (good.clone(), true),
        (Credentials { secret: Secret::new("x"), ..good.clone() }, false),
        (Credentials { session: Some("x".into()), ..good.clone() }, false),
        (Credentials { app_key: AppKey::new("x"), ..good.clone() }, false),
    ];
    let Some(Found::Method(method, _)) = find_inward("taobao.logistics.offline.send") else {
        panic!("in the catalogue")
    };
    let fields =
        Fields::new().with("tid", 1_i64).with("sub_tid", vec![2_i64]).with("out_sid", "SF1").with("company_code", "SF");
    for (credentials, taken) in table {
        let request = build(&Outgoing::new(method, &fields, Shape::TopJson), &credentials, clock::now());
        let at = format!("{url}?{}", request.query);
        let (status, body) = set.http.post(&at, &[], request.content_type, request.body).await.unwrap();
        let text = String::from_utf8(body).unwrap();
        assert_eq!(status, 200);
        assert_eq!(text.contains("logistics_offline_send_response"), taken, "{text}");
    }
    assert_eq!((set.tally.get(Counted::ConsignsHeard), set.tally.get(Counted::BadSignatures)), (1, 3));
    listener.close().await;
}
