//! Who may call what in which role mode: every method by every kind of app in every mode, at a store and at a warehouse, against
//! what the catalogue says (`Method::callers`, narrowed by `Method::by_mode`).
//!
//! Only whether the caller is let do it is judged here: at a store, where every sample is in order, an app that is refused for
//! another reason was let. At a warehouse not every deed exists, and only what was done counts.

use astrolabe_protocol::Fields;
use astrolabe_protocol::catalogue::{self, Role};
use astrolabe_protocol::client::{self, ClientError};

use super::samples::{self, Sample};
use super::spoken::{Speech, Spoken};
use super::stage::{Mode, Stage, credentials};
use super::tenant::Tenant;

const WAY: Spoken = Spoken::Posted(client::Shape::TopJson);
/// What an app is told that may not: at the door for its role, in the lane for the trade's mode; and where no app of the mode
/// could have a code issued, that there is none.
const NOT_LET: [&str; 3] = ["isv.permission-api-package-limit", "isv.not-in-role-mode", "isv.handover-code-not-exist"];

macro_rules! permissions {
    ($($test:ident: $chapter:literal;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            chapter($chapter).await;
        })*

        #[test]
        fn every_chapter_has_its_permissions() {
            let tested = [$($chapter),*];
            let chapters: Vec<&str> = catalogue::CHAPTERS.iter().map(|chapter| chapter.name).collect();
            assert_eq!(tested.as_slice(), chapters);
        }
    };
}

permissions! {
    stores_let_in_whom_they_say: "stores";
    inventory_lets_in_whom_it_says: "inventory";
    order_states_let_in_whom_they_say: "orders";
    allocation_lets_in_whom_it_says: "allocation";
    siblings_let_in_whom_they_say: "siblings";
    the_trade_side_lets_in_whom_it_says: "trade-side";
    stock_ahead_lets_in_whom_it_says: "stock-ahead";
}

async fn chapter(name: &str) {
    let samples = samples::of_chapter(name);
    // One seller a role at most for a store, and as many for a warehouse.
    let sellers = Mode::ALL.into_iter().flat_map(|mode| vec![mode; samples.len() * Role::ANY.len() * 2]);
    let stage = Stage::open(sellers.collect()).await;
    let mut wrong = Vec::new();
    for sample in samples {
        for mode in Mode::ALL {
            let let_in = let_in(&stage, sample, mode).await;
            let said = said(sample, mode);
            if let_in != said {
                wrong.push(format!(
                    "{} in {}: {let_in:?}, and the catalogue says {said:?}",
                    sample.name,
                    mode.section()
                ));
            }
        }
    }
    stage.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The roles that the catalogue lets in.
fn said(sample: &Sample, mode: Mode) -> Vec<Role> {
    let method = sample.method();
    let roles = match method.by_mode {
        None => method.callers,
        Some(by_mode) => {
            let sections = by_mode.sections();
            sections.iter().find(|(section, _)| *section == mode.section()).expect("all four are there").1
        }
    };
    Role::ANY.iter().copied().filter(|role| roles.contains(role)).collect()
}

/// The roles that are let do it at a store or at a warehouse.
async fn let_in(stage: &Stage, sample: &Sample, mode: Mode) -> Vec<Role> {
    let mut found = Vec::new();
    for from_warehouse in [false, true] {
        let mut prepared: Option<(Tenant<'_>, Fields)> = None;
        for role in Role::ANY.iter().copied().filter(|role| !found.contains(role)).collect::<Vec<_>>() {
            let (tenant, fields) = match prepared.take() {
                Some(unchanged) => unchanged,
                None => {
                    let tenant = stage.tenant(mode);
                    let tenant = if from_warehouse { tenant.with_goods_in_the_warehouse() } else { tenant };
                    let fields = (sample.prepare)(&tenant).await;
                    tenant.settle().await;
                    (tenant, fields)
                }
            };
            let before = tenant.version().await;
            if is_let(&tenant, sample, role, &fields, from_warehouse).await {
                found.push(role);
            }
            tenant.settle().await;
            if tenant.version().await == before {
                prepared = Some((tenant, fields));
            }
        }
        let has_trade = match &prepared {
            Some((tenant, _)) => tenant.trade().await.is_some(),
            None => true,
        };
        if !has_trade {
            break;
        }
    }
    found.sort_by_key(|role| Role::ANY.iter().position(|known| known == role));
    found
}

async fn is_let(tenant: &Tenant<'_>, sample: &Sample, role: Role, fields: &Fields, must_be_done: bool) -> bool {
    let method = sample.method();
    let speech = Speech::of(WAY, method, fields, &credentials(role, tenant.seller), tenant.stage.now());
    let said = speech.send(tenant.stage).await;
    match client::parse_answer(method, &WAY.style(method), said.body.as_bytes()) {
        Ok(answer) => !must_be_done || answer.failure_code().is_none(),
        Err(ClientError::Refused { sub_code, .. }) => {
            !must_be_done && !NOT_LET.contains(&sub_code.as_deref().unwrap_or_default())
        }
        Err(error) => panic!("{}: {error}", sample.name),
    }
}
