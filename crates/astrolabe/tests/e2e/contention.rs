//! Two thousand clients, each on a connection of its own, want one unit of a hundred. Nobody gets what is not there, nobody is
//! turned away while something is, and what is given back is there again.

use std::net::SocketAddr;
use std::sync::Arc;

use astrolabe_protocol::Fields;
use astrolabe_protocol::Method;
use astrolabe_protocol::client::{ClientError, ClientRequest, Shape, parse_answer};
use astrolabe_rehearsal::bounded::for_each;
use astrolabe_rehearsal::ids::Listing;
use astrolabe_rehearsal::merchant::StockClass;
use astrolabe_rehearsal::parties::{Addresses, Mode};
use astrolabe_rehearsal::wire::door_path;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::database::Database;
use crate::paper::listing;
use crate::server::{Server, assert_healthy};
use crate::shop::{self, NEAR, Shop, balance};
use crate::socket::{Socket, post};
use crate::wait::DEADLINE;

const CLIENTS: usize = 2_000;
const UNITS: usize = 100;
/// Connections opened at once: more would overflow the listen queue before anything begins.
const CONNECTING_AT_ONCE: usize = 200;
/// The clients' ends, the server's ends if it inherits the limit, and room for the rest.
const FILES_MIN: u64 = CLIENTS as u64 + 500;

const OUT_OF_STOCK: &str = "isv.stock-insufficient";

/// What one client was told in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Done,
    Refused(String),
}

/// One client's signed request.
#[derive(Debug, Clone)]
struct Wish {
    method: &'static Method,
    request: ClientRequest,
    name: &'static str,
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_clients_for_a_hundred_units_on_sqlite() {
    contest(Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_clients_for_a_hundred_units_on_postgres() {
    if let Some(database) = Database::postgres().await {
        contest(database).await;
    }
}

async fn contest(database: Database) {
    raise_file_limit();
    let wanted = listing(1);
    let (server, shop) = shop::open(&database, Mode::PlatformPos, &Addresses::default(), &[]).await;
    let store = shop.open_store("CROWD", NEAR, &[wanted]).await;
    shop.load(store, wanted, StockClass::Certain, UNITS as i64).await;

    let told = all_at_once(&server, (0..CLIENTS).map(|number| reserve(&shop, wanted, number)).collect()).await;
    let lucky: Vec<usize> = (0..CLIENTS).filter(|number| told[*number] == Told::Done).collect();
    let others: Vec<&Told> = told.iter().filter(|told| **told != Told::Done).collect();
    assert_eq!(lucky.len(), UNITS);
    assert!(others.iter().all(|told| **told == Told::Refused(OUT_OF_STOCK.to_owned())), "{others:?}");
    assert_eq!(shop.balance(store, wanted, StockClass::Certain).await, balance(0, 100));
    assert_healthy(&database).await;

    let told = all_at_once(&server, lucky.into_iter().map(|number| release(&shop, number)).collect()).await;
    assert!(told.iter().all(|told| *told == Told::Done), "{told:?}");
    assert_eq!(shop.balance(store, wanted, StockClass::Certain).await, balance(100, 0));
    assert_healthy(&database).await;
    drop(server);
    database.remove().await;
}

fn key(number: usize) -> String {
    format!("cart-{number:04}")
}

fn reserve(shop: &Shop, listing: Listing, number: usize) -> Wish {
    let fields = Fields::new()
        .with("reserve_key", key(number))
        .with("item_id", listing.item.0)
        .with("sku_id", listing.sku.0)
        .with("quantity", 1_i64);
    wish(shop, "astrolabe.stock.reserve", &fields)
}

fn release(shop: &Shop, number: usize) -> Wish {
    wish(shop, "astrolabe.stock.release", &Fields::new().with("reserve_key", key(number)))
}

fn wish(shop: &Shop, name: &'static str, fields: &Fields) -> Wish {
    let (method, request) = shop.signed(&shop.parties.erp, name, Shape::TopJson, fields);
    Wish { method, request, name }
}

/// Everybody connects, waits for everybody else, and asks. Answers in the order of the wishes.
async fn all_at_once(server: &Server, wishes: Vec<Wish>) -> Vec<Told> {
    let address = server.address();
    let connect = |_| async move { Socket::connect(address).await };
    let sockets = for_each(CONNECTING_AT_ONCE, 0..wishes.len(), connect).await.expect("every client can connect");
    let gate = Arc::new(Barrier::new(wishes.len()));
    let mut clients = JoinSet::new();
    for (number, (socket, wish)) in sockets.into_iter().zip(wishes).enumerate() {
        let gate = Arc::clone(&gate);
        clients.spawn(async move {
            gate.wait().await;
            (number, ask(address, socket, &wish).await)
        });
    }
    let mut told = clients.join_all().await;
    told.sort_by_key(|(number, _)| *number);
    told.into_iter().map(|(_, told)| told).collect()
}

/// One client: asks again while the platform is busy, and on a new connection when the old one broke, as clients do.
async fn ask(address: SocketAddr, mut socket: Socket, wish: &Wish) -> Told {
    let ClientRequest { door, query, content_type, body } = &wish.request;
    let bytes = post(address, &format!("{}?{query}", door_path(*door)), content_type, body);
    let end = Instant::now() + DEADLINE;
    loop {
        assert!(Instant::now() < end, "a client got no answer within {DEADLINE:?}");
        let Ok(reply) = socket.exchange(&bytes).await else {
            if let Ok(again) = Socket::connect(address).await {
                socket = again;
            }
            continue;
        };
        assert_eq!(reply.status, 200, "a router door always says 200");
        match parse_answer(wish.method, &Shape::TopJson.style(wish.name), &reply.body) {
            Ok(answer) => {
                assert_eq!(answer.failure_code(), None, "{answer:?}");
                return Told::Done;
            }
            Err(ClientError::Refused { code, .. }) if code == "10" => {}
            Err(ClientError::Refused { code, sub_code, .. }) => return Told::Refused(sub_code.unwrap_or(code)),
            Err(ClientError::Unreadable(why)) => panic!("{why}: {}", String::from_utf8_lossy(&reply.body)),
        }
    }
}

/// Two thousand connections need as many files; the server inherits the limit.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= FILES_MIN) {
        return;
    }
    let raised = Rlimit { current: limit.maximum.map(|maximum| maximum.max(FILES_MIN)).or(Some(FILES_MIN)), ..limit };
    setrlimit(Resource::Nofile, raised).expect("this test needs `ulimit -Hn` of 2500 or more");
}
