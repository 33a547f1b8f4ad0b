//! Golden calls outward: what the platform sends to an ISV, a POS or a channel, word for word, the replies it takes, and what it
//! makes of each. A real receiver listens; the ISV's side of the protocol crate reads what came, as an ISV would.

use astrolabe_core::outward::OutwardState;
use astrolabe_protocol::answer::response_root;
use astrolabe_protocol::catalogue::{self, Role};
use astrolabe_protocol::spi::{self, ReplyShape, SpiBody, SpiCaller, SpiIncoming, SpiReply};
use astrolabe_protocol::{AppKey, Fields, Method, Secret, Value};
use futures::future::BoxFuture;

use super::page::Page;
use super::receiver::{Received, Receiver, Reply};
use super::stage::{Mode, Stage, app_key, secret};
use super::tenant::{Tenant, masked};

/// A call outward: who gets it, and what brings it about.
struct Call {
    name: &'static str,
    /// The receiving app; the channel where there is none.
    to: Option<Role>,
    mode: Mode,
    /// The core's name for it.
    message: &'static str,
    bring_about: for<'a> fn(&'a Tenant<'a>, &'a Receiver) -> BoxFuture<'a, ()>,
}

const CALLS: &[Call] = &[
    Call {
        name: "taobao.qimen.omniorder.allocate",
        to: Some(Role::Allocator),
        mode: Mode::AppKeeper,
        message: "AskAllocation",
        bring_about: |tenant, _| Box::pin(paid(tenant)),
    },
    Call {
        name: "taobao.qimen.omniorder.allocatedinfo.sync",
        to: Some(Role::Pos),
        mode: Mode::PlatformPos,
        message: "TellAllocations",
        bring_about: |tenant, _| Box::pin(paid(tenant)),
    },
    Call {
        name: "taobao.qimen.omniorder.allocatedinfo.get",
        to: Some(Role::Allocator),
        mode: Mode::AppKeeper,
        message: "QueryAllocation",
        bring_about: |tenant, receiver| Box::pin(paid_and_not_understood(tenant, receiver)),
    },
    Call {
        name: "taobao.qimen.omniorder.customer.refund",
        to: Some(Role::Pos),
        mode: Mode::PlatformPos,
        message: "TellRefund",
        bring_about: |tenant, _| Box::pin(tenant.refunded()),
    },
    Call {
        name: "taobao.qimen.omniorder.store.accpeted",
        to: Some(Role::Allocator),
        mode: Mode::AppKeeper,
        message: "TellAccepted",
        bring_about: |tenant, _| Box::pin(accepted(tenant)),
    },
    Call {
        name: "taobao.qimen.omniorder.store.refused",
        to: Some(Role::Allocator),
        mode: Mode::AppKeeper,
        message: "TellRefused",
        bring_about: |tenant, _| Box::pin(refused(tenant)),
    },
    Call {
        name: "taobao.qimen.omniorder.store.consigned",
        to: Some(Role::Allocator),
        mode: Mode::AppKeeper,
        message: "TellShipped",
        bring_about: |tenant, _| Box::pin(shipped(tenant)),
    },
    Call {
        name: "taobao.logistics.offline.send",
        to: None,
        mode: Mode::PlatformKeeper,
        message: "ConsignToChannel",
        bring_about: |tenant, _| Box::pin(shipped(tenant)),
    },
    Call {
        name: "taobao.logistics.dummy.send",
        to: None,
        mode: Mode::PlatformKeeper,
        message: "ConsignToChannel",
        bring_about: |tenant, _| Box::pin(collected(tenant)),
    },
    Call {
        name: "astrolabe.handover.code.tell",
        to: None,
        mode: Mode::PlatformPos,
        message: "TellHandoverCode",
        bring_about: |tenant, _| Box::pin(ready_to_collect(tenant)),
    },
    Call {
        name: "astrolabe.order.cancel.ask",
        to: None,
        mode: Mode::PlatformKeeper,
        message: "AskCancel",
        bring_about: |tenant, _| Box::pin(nobody_serves(tenant)),
    },
];

/// The calls that the catalogue has: codes are told where they are issued.
fn calls() -> impl Iterator<Item = &'static Call> {
    CALLS.iter().filter(|call| catalogue::find_outward(call.name).is_some())
}

async fn paid(tenant: &Tenant<'_>) {
    tenant.selling(5).await;
    tenant.pay().await;
}

/// An allocating app that does not understand the question is asked what it has.
async fn paid_and_not_understood(tenant: &Tenant<'_>, receiver: &Receiver) {
    let method = catalogue::find_outward("taobao.qimen.omniorder.allocate").expect("is in the catalogue");
    receiver.answers(method.name, &flat("", &failure("isv.unknown-trade", "不认识该交易")));
    paid(tenant).await;
}

async fn accepted(tenant: &Tenant<'_>) {
    tenant.accepted().await;
}

async fn refused(tenant: &Tenant<'_>) {
    tenant.notified().await;
    let code = tenant.allocation_code().await;
    tenant.keeper(&format!("assignments/{code}/refuse"), r#"{"reason":"no_goods"}"#.to_owned()).await;
}

async fn shipped(tenant: &Tenant<'_>) {
    tenant.accepted().await;
    let code = tenant.allocation_code().await;
    let parcel = r#"{"company_code":"SF","waybill":"SF1000001"}"#;
    tenant.keeper(&format!("assignments/{code}/ship"), parcel.to_owned()).await;
}

/// A person gives the order back to the channel.
async fn nobody_serves(tenant: &Tenant<'_>) {
    tenant.pay().await;
    tenant.ask_cancel("本地无货").await;
}

async fn ready_to_collect(tenant: &Tenant<'_>) {
    tenant.ready_to_collect().await;
}

async fn collected(tenant: &Tenant<'_>) {
    tenant.ready_to_collect().await;
    let shown = format!("{{\"code\":\"{}\"}}", tenant.handover_code().await);
    tenant.keeper(&format!("assignments/{}/collect", tenant.allocation_code().await), shown).await;
}

#[test]
fn every_call_outward_has_its_golden() {
    let called: Vec<&str> = calls().map(|call| call.name).collect();
    let all = catalogue::all().filter(|method| method.direction.is_outward()).map(|method| method.name);
    for name in all {
        assert!(called.contains(&name), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_outward_read_as_they_did_and_replies_are_taken_as_they_were() {
    let mut stale = Vec::new();
    for call in calls() {
        let receiver = Receiver::listen().await;
        let replies = replies(call);
        let stage = Stage::open_with(vec![call.mode; replies.len()], Some(&receiver.address)).await;
        page_of(&stage, &receiver, call, &replies).await.check(&mut stale);
        stage.close().await;
        receiver.close();
    }
    assert!(stale.is_empty(), "not as in tests/golden: {}", stale.join("\n"));
}

async fn page_of(stage: &Stage, receiver: &Receiver, call: &Call, replies: &[ReplyMaker]) -> Page {
    let method = catalogue::find_outward(call.name).expect("is in the catalogue");
    let mut page = Page::outward(method);
    for (at, make) in replies.iter().enumerate() {
        let tenant = stage.tenant(call.mode);
        let reply = make(&tenant);
        receiver.answers(call.name, &reply);
        (call.bring_about)(&tenant, receiver).await;
        let received = receiver.call_of(call.name).await;
        let state = ended(&tenant, call).await;
        tenant.settle().await;
        let masks = [tenant.masks().await, vec![(receiver.address.clone(), "{address}".to_owned())]].concat();
        if at == 0 {
            page.add(&masked(&sent_section(stage, call, method, &received), &masks));
            page.add("## Replies, and what is made of them\n\n");
        }
        page.add(&masked(&reply_section(&tenant, &reply, &state).await, &masks));
    }
    page
}

/// How the call ended, once its first attempt has.
async fn ended(tenant: &Tenant<'_>, call: &Call) -> OutwardState {
    for _ in 0..1_000 {
        let view = tenant.trade().await.expect("there is a trade");
        let found =
            view.outward.into_iter().find(|sent| format!("{:?}", sent.outward.message).starts_with(call.message));
        match found.map(|sent| sent.state) {
            None | Some(OutwardState::Pending { attempts: 0, .. }) => {}
            Some(state) => return state,
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("{} has no end", call.name);
}

/// The call as it came, and as it would come to who asked for JSON.
fn sent_section(stage: &Stage, call: &Call, method: &'static Method, received: &Received) -> String {
    let form = fenced(&received.path_and_query, &received.content_type, &received.body);
    let Some(role) = call.to else {
        return format!("\n## What the channel is sent\n\n{form}");
    };
    let key = Secret::new(secret(role));
    let headers = [];
    let incoming = SpiIncoming {
        query: received.query(),
        headers: &headers,
        content_type: Some(&received.content_type),
        body: &received.body,
    };
    let understood = spi::receive(&incoming, &key, stage.now()).expect("an ISV takes it");
    assert_eq!((understood.method.name, understood.app_key.as_str()), (method.name, app_key(role)));
    let (app, caller_key) = (AppKey::new(app_key(role)), Secret::new(secret(role)));
    let caller = SpiCaller { app_key: &app, secret: &caller_key, signed_headers: &[] };
    let as_json = spi::build(method, &understood.fields, &caller, SpiBody::Json, stage.now());
    let address = as_json.url("/spi");
    let json = fenced(&address, as_json.content_type, &as_json.body);
    format!("\n## What the app is sent: form\n\n{form}## What the app is sent: JSON\n\n{json}")
}

fn fenced(path: &str, content_type: &str, body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    format!("```http\nPOST {path}\nContent-Type: {content_type}\n\n{body}\n```\n\n")
}

async fn reply_section(tenant: &Tenant<'_>, reply: &Reply, state: &OutwardState) -> String {
    let made = match state {
        OutwardState::Delivered { .. } => "delivered".to_owned(),
        OutwardState::Pending { last_error, .. } => {
            format!("tried again: {}", last_error.as_deref().unwrap_or_default())
        }
        OutwardState::Dead { error, .. } => format!("given up: {error}"),
        OutwardState::Skipped { .. } => "skipped".to_owned(),
    };
    let view = tenant.trade().await.expect("there is a trade");
    let assignments = view.file.assignments.iter().map(|one| format!("{} at {}", one.state.name(), one.location));
    let then = assignments.collect::<Vec<_>>().join(", ");
    let then = if then.is_empty() { "not allocated".to_owned() } else { then };
    let Reply { title, status, content_type, body } = reply;
    format!(
        "### {title}\n\n```http\n{status}\nContent-Type: {content_type}\n\n{body}\n```\n\n{made}; the line: {then}\n\n"
    )
}

type ReplyMaker = Box<dyn Fn(&Tenant<'_>) -> Reply>;

fn replies(call: &Call) -> Vec<ReplyMaker> {
    let fixed = |reply: Reply| -> ReplyMaker { Box::new(move |_| reply.clone()) };
    let garbage =
        fixed(Reply { title: "no JSON and no XML", status: 200, content_type: "text/html", body: "<p>502".to_owned() });
    let empty = fixed(Reply { title: "nothing", status: 200, content_type: "text/plain", body: String::new() });
    let broken =
        fixed(Reply { title: "HTTP 502", status: 502, content_type: "text/plain", body: "Bad Gateway".to_owned() });
    let mut all: Vec<ReplyMaker> = Vec::new();
    if call.to.is_none() {
        let json =
            |title, body: &str| Reply { title, status: 200, content_type: "application/json", body: body.to_owned() };
        let root = response_root(call.name);
        let taken = match call.name {
            "astrolabe.handover.code.tell" | "astrolabe.order.cancel.ask" => {
                format!("{{\"{root}\":{{\"is_success\":true}}}}")
            }
            _ => format!("{{\"{root}\":{{\"shipping\":{{\"is_success\":true}}}}}}"),
        };
        all.push(fixed(json("taken", &taken)));
        let no = r#"{"error_response":{"code":15,"msg":"Remote service error","sub_code":"isv.logistics-offline-service-error:B04","sub_msg":"订单状态不允许发货"}}"#;
        all.push(fixed(json("refused", no)));
        let later = r#"{"error_response":{"code":15,"msg":"Remote service error","sub_code":"isp.remote-service-timeout","sub_msg":"超时"}}"#;
        all.push(fixed(json("asked to come later", later)));
    } else {
        let method = catalogue::find_outward(call.name).expect("is in the catalogue");
        let titles = ["flat JSON", "wrapped by the method's name", "wrapped as `response`", "XML"];
        for (shape, title) in ReplyShape::ALL.into_iter().zip(titles) {
            all.push(Box::new(move |tenant| {
                let said = SpiReply { code: "0".to_owned(), message: "ok".to_owned(), fields: told(method, tenant) };
                let rendered = spi::reply(method, &said, shape);
                Reply { title, status: 200, content_type: rendered.content_type, body: rendered.body }
            }));
        }
        all.push(fixed(flat("refused", &failure("isv.unknown-trade", "不认识该交易"))));
        all.push(fixed(flat("asked to come later", &failure("500", "系统繁忙"))));
        let sign = r#"{"flag":"failure","sub_code":"sign-check-failure","sub_message":"Illegal request"}"#;
        all.push(fixed(flat("sign-check-failure", sign)));
        all.push(fixed(flat("JSON without a code", r#"{"result":"ok"}"#)));
    }
    all.extend([garbage, empty, broken]);
    all
}

fn flat(title: &'static str, body: &str) -> Reply {
    Reply { title, status: 200, content_type: "application/json;charset=utf-8", body: body.to_owned() }
}

fn failure(code: &str, message: &str) -> String {
    serde_json::json!({"code": code, "message": message}).to_string()
}

/// What an app says beside yes.
fn told(method: &Method, tenant: &Tenant<'_>) -> Fields {
    match method.name {
        "taobao.qimen.omniorder.allocate" => Fields::new().with("app_key", app_key(Role::Allocator)),
        "taobao.qimen.omniorder.allocatedinfo.get" => {
            let line = Fields::new()
                .with("store_id", "WH-EAST")
                .with("store_type", "Warehouse")
                .with("tid", tenant.tid())
                .with("sub_oid", tenant.oid(1))
                .with("status", "Allocated");
            Fields::new()
                .with("tid", tenant.tid())
                .with("status", "Allocated")
                .with("store_allocated_list", Value::List(vec![Value::Struct(line)]))
        }
        _ => Fields::new(),
    }
}
