//! The tenant matrix: every method, every field that names something, another seller's name in it.
//!
//! Which fields those are comes from the catalogue (`Field::names`); what is put there is a thing that another seller really
//! has. The call must leave that seller as he was, and must answer and do exactly what it does for a name that nobody has: then
//! nobody learns what others have. What the platform keeps for a seller is refused on top of that, or not looked at.

use astrolabe_protocol::catalogue::{Field, Item, Kind, Leaf, Thing};
use astrolabe_protocol::client::{self, ClientError};
use astrolabe_protocol::{Fields, Method, Value};

use super::cases::{self, put, walk};
use super::page::Table;
use super::samples::{self, Sample};
use super::spoken::{Speech, Spoken};
use super::stage::{OWNERS_APP, OWNERS_WAREHOUSE, Stage, credentials};
use super::tenant::{Tenant, masked};
use crate::merchant::sku;

/// The door a connector uses most; that all doors decode alike is shown elsewhere.
const WAY: Spoken = Spoken::Posted(client::Shape::TopJson);

macro_rules! matrix {
    ($($test:ident: $chapter:literal;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            chapter($chapter).await;
        })*

        #[test]
        fn every_chapter_has_its_matrix() {
            let tested = [$($chapter),*];
            let chapters: Vec<&str> = astrolabe_protocol::catalogue::CHAPTERS.iter().map(|chapter| chapter.name).collect();
            assert_eq!(tested.as_slice(), chapters);
        }
    };
}

matrix! {
    stores_are_out_of_anothers_reach: "stores";
    inventory_is_out_of_anothers_reach: "inventory";
    order_states_are_out_of_anothers_reach: "orders";
    allocation_is_out_of_anothers_reach: "allocation";
    siblings_are_out_of_anothers_reach: "siblings";
    the_trade_side_is_out_of_anothers_reach: "trade-side";
    stock_ahead_is_out_of_anothers_reach: "stock-ahead";
}

/// One field that names something.
struct Reach {
    path: Vec<&'static str>,
    field: &'static Field,
    thing: Thing,
}

fn reaches(method: &'static Method) -> Vec<Reach> {
    let mut found = Vec::new();
    walk(method.fields, &mut Vec::new(), &mut |path, field| {
        if let Some(thing) = field.names.filter(|thing| *thing != Thing::Elsewhere) {
            found.push(Reach { path: path.to_vec(), field, thing });
        }
    });
    found
}

async fn chapter(name: &str) {
    let samples = samples::of_chapter(name);
    // For each field: one seller who reaches, one who names what nobody has, one who leaves the field out.
    let sellers = samples.iter().flat_map(|sample| vec![sample.mode; 3 * reaches(sample.method()).len()]);
    let stage = Stage::open(sellers.collect()).await;
    let owner = Owner::open(&stage).await;
    let title = format!("Another seller's names: {name}");
    let mut table = Table::new(&title, &["method", "field", "names", "another seller's there"]);
    for sample in samples {
        for reach in reaches(sample.method()) {
            let verdict = reach_for(&stage, &owner, sample, &reach).await;
            let thing = format!("{:?}", reach.thing).to_lowercase();
            table.row(&[&format!("`{}`", sample.name), &format!("`{}`", reach.path.join(".")), &thing, &verdict]);
        }
    }
    stage.close().await;
    table.check(&format!("tenants-{name}"));
}

/// Makes the call with the owner's name in the field; what came of it, in words.
async fn reach_for(stage: &Stage, owner: &Owner<'_>, sample: &Sample, reach: &Reach) -> String {
    let (foreign, unknown) = (owner.named(reach), nobodys(owner.named(reach)));
    let before = (owner.tenant.version().await, owner.tenant.state().await);
    let reaching = call_with(stage, sample, reach, Some(foreign.clone())).await;
    let guessing = call_with(stage, sample, reach, Some(unknown.clone())).await;
    let place = format!("{} {}", sample.name, reach.path.join("."));
    assert_eq!(owner.tenant.version().await, before.0, "{place} reaches the owner");
    assert_eq!(owner.tenant.state().await, before.1, "{place} reaches the owner");
    let veiled = |called: &Called, name: &Value| {
        let hide = |text: &str| text.replace(&written(name), "{it}");
        (hide(&called.answer), called.state.iter().map(|line| hide(line)).collect::<Vec<_>>())
    };
    alike(
        &veiled(&reaching, &foreign),
        &veiled(&guessing, &unknown),
        &format!("{place}: another's is not like nobody's"),
    );
    if let Some(code) = reaching.refused {
        assert!(!reaching.changed, "{place} is refused with {code} and changed something");
        return format!("refused: `{code}`");
    }
    if !reaching.changed && !sample.method().writes_something() {
        return "answered as for what nobody has".to_owned();
    }
    assert_ne!(reach.thing, Thing::Seller, "{place}: whoever names another seller is refused");
    if !is_kept_for_its_seller(reach.thing) {
        return "taken as a name of the caller's own".to_owned();
    }
    let without = call_with(stage, sample, reach, None).await;
    let taken = format!("{place}: another seller's {:?} was taken", reach.thing);
    alike(&veiled(&reaching, &foreign), &veiled(&without, &foreign), &taken);
    "not looked at".to_owned()
}

fn alike(one: &(String, Vec<String>), other: &(String, Vec<String>), why: &str) {
    assert_eq!(one.0, other.0, "{why}");
    let differing = one.1.iter().zip(&other.1).find(|(one, other)| one != other);
    assert!(one.1 == other.1, "{why}: {differing:#?}");
}

/// Whether a name of another seller's must be refused: the platform knows whose it is. Items and keys are the caller's to choose.
fn is_kept_for_its_seller(thing: Thing) -> bool {
    match thing {
        Thing::Seller
        | Thing::Store
        | Thing::Location
        | Thing::Trade
        | Thing::SubOrder
        | Thing::Allocation
        | Thing::Article
        | Thing::PickupCode
        | Thing::Refund
        | Thing::App => true,
        Thing::ArticleCode | Thing::Item | Thing::Sku | Thing::StoreCode | Thing::CallersKey | Thing::Elsewhere => {
            false
        }
    }
}

/// What a call came to.
struct Called {
    answer: String,
    refused: Option<String>,
    changed: bool,
    state: Vec<String>,
}

async fn call_with(stage: &Stage, sample: &Sample, reach: &Reach, value: Option<Value>) -> Called {
    let method = sample.method();
    let tenant = stage.tenant(sample.mode);
    let good = (sample.prepare)(&tenant).await;
    tenant.settle().await;
    let fields = put(&good, method, &reach.path, value.map(|value| shaped(reach.field, value)));
    let before = tenant.version().await;
    let speech = Speech::of(WAY, method, &fields, &credentials(sample.caller, tenant.seller), stage.now());
    let said = speech.send(stage).await;
    let refused = match client::parse_answer(method, &WAY.style(method), said.body.as_bytes()) {
        Ok(answer) => {
            tenant.learn(&answer);
            answer.failure_code().map(str::to_owned)
        }
        Err(ClientError::Refused { code, sub_code, .. }) => Some(sub_code.unwrap_or(code)),
        Err(error) => panic!("{}: {error}", sample.name),
    };
    tenant.settle().await;
    let masks = tenant.masks().await;
    let answer = super::page::without_volatile(&masked(&said.body, &masks));
    Called { answer, refused, changed: tenant.version().await != before, state: tenant.state().await }
}

/// The value in the kind that the field has.
fn shaped(field: &Field, value: Value) -> Value {
    let leaf = |leaf: Leaf, value: Value| match leaf {
        Leaf::Text { .. } | Leaf::Choice(_) | Leaf::DateTime | Leaf::HourMinute | Leaf::JsonText | Leaf::Bool => {
            Value::Text(written(&value))
        }
        Leaf::Whole { .. } => value,
    };
    match field.kind {
        Kind::Leaf(kind) => leaf(kind, value),
        Kind::List(list) => match list.item {
            Item::Leaf(kind) => Value::List(vec![leaf(kind, value)]),
            Item::Struct(_) | Item::Tree => panic!("{} names nothing itself", field.name),
        },
        Kind::Struct(_) | Kind::Tree => panic!("{} names nothing itself", field.name),
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Bool(_) | Value::List(_) | Value::Struct(_) => panic!("is no name"),
    }
}

/// A name of the same look that nobody has.
fn nobodys(name: Value) -> Value {
    match name {
        Value::Int(number) => Value::Int(number + 5),
        Value::Text(text) => Value::Text(format!("{text}0")),
        other @ (Value::Bool(_) | Value::List(_) | Value::Struct(_)) => other,
    }
}

/// A seller who has one of everything.
struct Owner<'s> {
    tenant: Tenant<'s>,
    store: i64,
    article: i64,
    allocation: i64,
}

impl<'s> Owner<'s> {
    async fn open(stage: &'s Stage) -> Self {
        let tenant = stage.owner().in_series(1);
        // A lane's ids begin alike for every seller: the first allocation would be one of the reaching seller's too.
        stage.owner().in_series(2).notified_from("S-OWN").await;
        tenant.refunded().await;
        let article = tenant.article("SC").await;
        let held = Fields::new()
            .with("reserve_key", tenant.key("cart"))
            .with("item_id", tenant.item())
            .with("sku_id", sku(tenant.item()))
            .with("quantity", 1);
        let merchant = astrolabe_protocol::catalogue::Role::Merchant;
        tenant.done(merchant, "astrolabe.stock.reserve", held).await;
        // The same content again is the same store.
        let store = tenant.store("S-OWN").await;
        let allocation = tenant.allocation_code().await;
        Self { tenant, store, article, allocation }
    }

    /// The owner's thing of that kind, as the field writes it.
    fn named(&self, reach: &Reach) -> Value {
        let tenant = &self.tenant;
        match reach.thing {
            Thing::Seller if reach.field.name.ends_with("nick") => Value::Text(format!("星盘示例{}", tenant.seller)),
            Thing::Seller => Value::Int(tenant.seller),
            Thing::Location if reach.field.name == "warehouse_code" => Value::from(OWNERS_WAREHOUSE),
            Thing::Store | Thing::Location => Value::Int(self.store),
            Thing::Trade => Value::Int(tenant.tid()),
            Thing::SubOrder => Value::Int(tenant.oid(1)),
            Thing::Allocation => Value::Int(self.allocation),
            Thing::Article => Value::Int(self.article),
            Thing::ArticleCode => Value::Text(tenant.key("SC")),
            Thing::Item => Value::Int(tenant.item()),
            Thing::Sku => Value::Int(sku(tenant.item())),
            Thing::StoreCode => Value::from("S-OWN"),
            Thing::CallersKey if reach.field.name == "reserve_key" => Value::Text(tenant.key("cart")),
            Thing::CallersKey => Value::Text(tenant.key("INIT-S001")),
            Thing::PickupCode => Value::from("223456789012"),
            Thing::Refund => Value::Int(tenant.refund_id()),
            Thing::App => Value::from(OWNERS_APP),
            Thing::Elsewhere => panic!("{} is kept nowhere here", reach.field.name),
        }
    }
}

#[test]
fn the_fields_that_name_something_are_found_in_lists_and_structs_too() {
    let paths = |name: &str| -> Vec<String> {
        reaches(crate::merchant::method(name)).iter().map(|reach| reach.path.join(".")).collect()
    };
    assert!(paths("taobao.omniorder.store.accpeted").contains(&"sub_order_list.sub_oid".to_owned()));
    assert!(paths("taobao.omniorder.dtd.consume").contains(&"param_door2door_consume_request.code".to_owned()));
    assert!(paths("taobao.qimen.store.delete").contains(&"store_id".to_owned()));
    let good = Fields::new().with("sub_order_list", Value::List(vec![Value::Struct(Fields::new().with("sub_oid", 1))]));
    assert_eq!(cases::at(&good, &["sub_order_list", "sub_oid"]), Some(Value::Int(1)));
}
