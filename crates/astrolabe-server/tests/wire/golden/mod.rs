//! Golden exchanges: every method in every shape it is served in, good and broken, against a real server.
//!
//! The files in `tests/golden/` are what these tests wrote (`ASTROLABE_BLESS=1`) and compare with. What is broken is derived
//! from the catalogue ([`cases`]); what is good is one sample a method ([`samples`]). Here also: that a call has the same effect
//! in every shape, that every refused call left nothing behind, and that a served method's sample is answered with success.

mod cases;
mod effects;
mod outward;
mod page;
mod permissions;
mod receiver;
mod samples;
mod spoken;
mod stage;
mod tenant;
mod tenants;

use std::collections::BTreeMap;

use astrolabe_protocol::catalogue::{self, Effect, Role};
use astrolabe_protocol::client::{self, ClientError, Outgoing, Shape};
use astrolabe_protocol::{Answer, Fields, Method};

use cases::Case;
use page::Page;
use samples::Sample;
use spoken::{Broken, Said, Speech, Spoken};
use stage::{Mode, Stage, credentials};
use tenant::{Tenant, masked};

/// Requests of ten thousand items are said once to each reader: form, XML, JSON.
const LONG_WAYS: [Spoken; 3] =
    [Spoken::Posted(Shape::TopJson), Spoken::Posted(Shape::Qimen), Spoken::Posted(Shape::CloudJson)];

macro_rules! golden {
    ($($test:ident: $chapter:literal;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            chapter($chapter).await;
        })*

        #[test]
        fn every_chapter_has_its_goldens() {
            let tested = [$($chapter),*];
            let chapters: Vec<&str> = catalogue::CHAPTERS.iter().map(|chapter| chapter.name).collect();
            assert_eq!(tested.as_slice(), chapters);
        }
    };
}

golden! {
    stores_read_as_they_did: "stores";
    inventory_reads_as_it_did: "inventory";
    order_states_read_as_they_did: "orders";
    allocation_reads_as_it_did: "allocation";
    siblings_read_as_they_did: "siblings";
    the_trade_side_reads_as_it_did: "trade-side";
    stock_ahead_reads_as_it_did: "stock-ahead";
}

/// What was published and never will be served here says so, in every TOP shape.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_supported_says_so() {
    let stage = Stage::open(vec![Mode::PlatformPos]).await;
    let tenant = stage.tenant(Mode::PlatformPos);
    let (method, fields) = (crate::merchant::method("taobao.logistics.companies.get"), Fields::new());
    for (name, _why) in catalogue::NOT_SUPPORTED {
        for shape in [Shape::TopXml, Shape::TopJson, Shape::TopSimplified] {
            let outgoing = Outgoing { called_as: name, ..Outgoing::new(method, &fields, shape) };
            let request = client::build(&outgoing, &credentials(Role::Merchant, tenant.seller), stage.now());
            let said = Speech::posted(request).send(&stage).await;
            assert!(said.body.contains("isv.not-supported"), "{name} {shape:?}: {}", said.body);
        }
    }
    stage.close().await;
}

async fn chapter(name: &str) {
    let samples = samples::of_chapter(name);
    let sellers = samples.iter().flat_map(|sample| vec![sample.mode; Spoken::ways(sample.method()).len()]);
    let stage = Stage::open(sellers.collect()).await;
    let mut stale = Vec::new();
    for sample in samples {
        page_of(&stage, sample).await.check(&mut stale);
    }
    stage.close().await;
    assert!(stale.is_empty(), "not as in tests/golden: {}", stale.join("\n"));
}

/// Everything there is to say about a method, said in every shape, for a seller of its own each.
async fn page_of(stage: &Stage, sample: &Sample) -> Page {
    let method = sample.method();
    let mut page = Page::new(method);
    let mut refused: Vec<(String, Vec<(Spoken, Refusal)>)> = Vec::new();
    let mut effects: Vec<(Spoken, Vec<String>)> = Vec::new();
    for spoken in Spoken::ways(method) {
        let tenant = stage.tenant(sample.mode);
        let good = (sample.prepare)(&tenant).await;
        tenant.settle().await;
        let told = refusals(&tenant, sample, &good, spoken).await;
        for (at, (case, told)) in told.into_iter().enumerate() {
            if refused.len() == at {
                refused.push((case.clone(), Vec::new()));
            }
            assert_eq!(refused[at].0, case, "every shape has the same cases");
            if let Some(told) = told {
                refused[at].1.push((spoken, told));
            }
        }
        let before = tenant.version().await;
        let speech = Speech::of(spoken, method, &good, &credentials(sample.caller, tenant.seller), stage.now());
        let said = speech.send(stage).await;
        tenant.learn(&judge(sample, spoken, &said));
        tenant.settle().await;
        if matches!(method.effect, Effect::Reads) {
            assert_eq!(tenant.version().await, before, "{} reads", method.name);
        }
        effects.push((spoken, tenant.state().await));
        page.exchange(spoken, &speech, &said, &tenant.masks().await);
    }
    agree(method, &effects);
    page.add(&refused_section(&refused));
    page
}

/// A good request is answered with success.
fn judge(sample: &Sample, spoken: Spoken, said: &Said) -> Answer {
    let method = sample.method();
    let answer = client::parse_answer(method, &spoken.style(method), said.body.as_bytes());
    match answer {
        Ok(answer) => {
            assert_eq!(answer.failure_code(), None, "{} {}: {}", method.name, spoken.title(), said.body);
            answer
        }
        Err(error) => panic!("{} {}: {error}: {}", method.name, spoken.title(), said.body),
    }
}

/// The same call leaves the same state behind, whatever its shape.
fn agree(method: &Method, effects: &[(Spoken, Vec<String>)]) {
    let Some(((first, expected), others)) = effects.split_first() else { return };
    for (spoken, state) in others {
        let differing = expected.iter().zip(state).find(|(one, other)| one != other);
        assert!(
            expected == state,
            "{}: {} and {} leave different things behind: {differing:#?}",
            method.name,
            first.title(),
            spoken.title()
        );
    }
}

/// Says everything wrong that can be said, and looks after each that nothing was written. `None` where the shape cannot say it.
async fn refusals(
    tenant: &Tenant<'_>,
    sample: &Sample,
    good: &Fields,
    spoken: Spoken,
) -> Vec<(String, Option<Refusal>)> {
    let (method, stage) = (sample.method(), tenant.stage);
    let caller = credentials(sample.caller, tenant.seller);
    let masks = tenant.masks().await;
    let before = tenant.version().await;
    let mut speeches: Vec<(String, Option<Speech>)> = Vec::new();
    for broken in Broken::ALL {
        let speech = Speech::broken(spoken, broken, method, good, &caller, stage.now());
        speeches.push((broken.title().to_owned(), Some(speech)));
    }
    for Case { name, fields, is_long } in cases::of(method, good) {
        let speech = (!is_long || LONG_WAYS.contains(&spoken))
            .then(|| Speech::of(spoken, method, &fields, &caller, stage.now()))
            .filter(|speech| spoken != Spoken::Get || speech.fits());
        speeches.push((name, speech));
    }
    let mut told = Vec::new();
    for (case, speech) in speeches {
        let Some(speech) = speech else {
            told.push((case, None));
            continue;
        };
        let said = speech.send(stage).await;
        let answer = client::parse_answer(method, &spoken.style(method), said.body.as_bytes());
        let refusal = match answer {
            Err(ClientError::Refused { code, message, sub_code }) => {
                Refusal::of(&code, sub_code.as_deref(), &masked(&message, &masks))
            }
            other => panic!("{} {}: {case} is not refused: {other:?}", method.name, spoken.title()),
        };
        assert_eq!(tenant.version().await, before, "{} {}: {case} left something", method.name, spoken.title());
        told.push((case, Some(refusal)));
    }
    told
}

/// What a refused call was told. Classic Qimen has one code, which is the sub-code where there is one: shapes compare by that
/// and by the sentence.
struct Refusal {
    /// The number of the published table, where the shape has room for it.
    number: Option<String>,
    said: String,
}

impl Refusal {
    fn of(code: &str, sub_code: Option<&str>, message: &str) -> Self {
        let number = code.bytes().all(|byte| byte.is_ascii_digit()).then(|| code.to_owned());
        match sub_code {
            Some(sub_code) => Self { number, said: format!("`{sub_code}` {message}") },
            None => Self { number, said: message.to_owned() },
        }
    }
}

fn refused_section(refused: &[(String, Vec<(Spoken, Refusal)>)]) -> String {
    let mut text = "\n## Refused, and nothing written\n\n\
                    What every shape says; indented, the shapes that say otherwise.\n\n"
        .to_owned();
    for (case, told) in refused {
        let mut by_answer: BTreeMap<&str, (Option<&str>, Vec<&'static str>)> = BTreeMap::new();
        for (spoken, refusal) in told {
            let (number, ways) = by_answer.entry(&refusal.said).or_default();
            *number = number.or(refusal.number.as_deref());
            ways.push(spoken.title());
        }
        let numbered =
            |number: Option<&str>, said: &str| number.map_or(said.to_owned(), |code| format!("{code} {said}"));
        let mut answers: Vec<_> = by_answer.into_iter().collect();
        // What most shapes say, then who says otherwise.
        answers.sort_by_key(|(_, (_, ways))| std::cmp::Reverse(ways.len()));
        let lines = answers.iter().enumerate().map(|(at, (said, (number, ways)))| match at {
            0 => format!("- {case}: {}\n", numbered(*number, said)),
            _ => format!("  - {}: {}\n", ways.join(", "), numbered(*number, said)),
        });
        text.extend(lines);
    }
    text
}
