//! A receiver of calls from the platform that does nothing by itself: it checks the signature, remembers the call and says what
//! the test told it to say.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrolabe_protocol::answer::{Answer, Rendered, RequestId};
use astrolabe_protocol::spi::{ReplyShape, SpiReply, reply};
use astrolabe_protocol::{Door, Envelope, Fields, Incoming, Method};
use astrolabe_rehearsal::clock;
use astrolabe_rehearsal::ids::Tid;
use astrolabe_rehearsal::listener::{Heard, Listener, Party, Saying};
use astrolabe_rehearsal::parties::AppParty;
use astrolabe_rehearsal::wire::BaseUrl;
use tokio::sync::Mutex;

use crate::wait::until;

/// One call as it was heard.
#[derive(Debug, Clone)]
pub(crate) struct HeardCall {
    pub(crate) method: String,
    pub(crate) fields: Fields,
    /// Without its parameters.
    pub(crate) media_type: String,
}

impl HeardCall {
    fn of(heard: &Heard, method: &Method, fields: &Fields) -> Self {
        let content_type = heard.content_type().unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_owned();
        Self { method: short(method.name), fields: fields.clone(), media_type }
    }

    fn tid(&self) -> Option<Tid> {
        self.fields.long("tid").ok().map(Tid)
    }
}

/// Whose calls it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An ISV's SPI address.
    App,
    /// The channel's `/router/rest`.
    Channel,
}

/// An open address that listens.
#[derive(Debug)]
pub(crate) struct Ear {
    url: BaseUrl,
    hearing: Arc<Hearing>,
    _listener: Listener,
}

#[derive(Debug)]
struct Hearing {
    party: AppParty,
    kind: Kind,
    calls: Mutex<Vec<HeardCall>>,
    /// What it says of a trade to a method, where that is not a plain yes.
    told_to_say: Mutex<BTreeMap<(Tid, String), SpiReply>>,
}

impl Ear {
    /// An app's SPI address.
    pub(crate) async fn of_app(party: &AppParty) -> Self {
        Self::open(party, Kind::App, "/spi").await
    }

    /// The channel's own router door.
    pub(crate) async fn of_channel(party: &AppParty) -> Self {
        Self::open(party, Kind::Channel, "/router/rest").await
    }

    async fn open(party: &AppParty, kind: Kind, path: &str) -> Self {
        let listener = Listener::open().await.expect("a free port");
        let url = listener.url(path).expect("a loopback address");
        let (calls, told_to_say) = (Mutex::default(), Mutex::default());
        let hearing = Arc::new(Hearing { party: party.clone(), kind, calls, told_to_say });
        listener.seat(Arc::clone(&hearing) as Arc<dyn Party>);
        Self { url, hearing, _listener: listener }
    }

    pub(crate) fn url(&self) -> BaseUrl {
        self.url.clone()
    }

    /// From now on it says this to a method about a trade.
    pub(crate) async fn will_say(&self, tid: Tid, method: &str, reply: SpiReply) {
        self.hearing.told_to_say.lock().await.insert((tid, method.to_owned()), reply);
    }

    /// Waits until it has heard a method of a trade so many times.
    pub(crate) async fn hears_times(&self, tid: Tid, method: &str, times: usize) {
        until(&format!("{times} calls of {method} about trade {tid}"), || async {
            let heard = self.heard_of(tid).await;
            let names: Vec<&str> = heard.iter().map(|call| call.method.as_str()).collect();
            let count = names.iter().filter(|name| **name == method).count();
            if count >= times { Ok(()) } else { Err(format!("{names:?}")) }
        })
        .await;
    }

    /// What it heard of a trade, in order.
    pub(crate) async fn heard_of(&self, tid: Tid) -> Vec<HeardCall> {
        self.hearing.calls.lock().await.iter().filter(|call| call.tid() == Some(tid)).cloned().collect()
    }

    /// Waits until it has heard exactly these methods of a trade, and gives the last call.
    pub(crate) async fn hears(&self, tid: Tid, methods: &[&str]) -> HeardCall {
        until(&format!("calls about trade {tid}"), || async {
            let heard = self.heard_of(tid).await;
            let names: Vec<&str> = heard.iter().map(|call| call.method.as_str()).collect();
            match heard.last() {
                Some(last) if names == methods => Ok(last.clone()),
                _ => Err(format!("{names:?} instead of {methods:?}")),
            }
        })
        .await
    }
}

impl Hearing {
    async fn answer(&self, heard: &Heard) -> Rendered {
        match self.kind {
            Kind::App => self.answer_spi(heard).await,
            Kind::Channel => self.answer_channel(heard).await,
        }
    }

    async fn answer_spi(&self, heard: &Heard) -> Rendered {
        let call = match heard.spi(&self.party.secret()) {
            Ok(call) => call,
            Err(refusal) => return refusal.render(),
        };
        let heard = HeardCall::of(heard, call.method, &call.fields);
        let told = heard.tid().map(|tid| (tid, heard.method.clone()));
        self.calls.lock().await.push(heard);
        let told_to_say = self.told_to_say.lock().await;
        if let Some(say) = told.and_then(|told| told_to_say.get(&told).cloned()) {
            return reply(call.method, &say, ReplyShape::Flat);
        }
        // Whoever is asked what it has allocated, has nothing to say.
        let waiting = call.method.name == "taobao.qimen.omniorder.allocatedinfo.get";
        let fields = if waiting { Fields::new().with("status", "Waiting") } else { Fields::new() };
        reply(call.method, &SpiReply { code: "0".to_owned(), message: String::new(), fields }, ReplyShape::Flat)
    }

    async fn answer_channel(&self, heard: &Heard) -> Rendered {
        let incoming = Incoming {
            door: Door::Top,
            query: &heard.query,
            content_type: heard.content_type(),
            body: &heard.body,
            multipart: None,
        };
        let id = RequestId::new("of-the-channel");
        let envelope = match Envelope::parse(&incoming) {
            Ok(envelope) => envelope,
            Err(refused) => return refused.error.render(&refused.style, &id),
        };
        let style = envelope.style().clone();
        let judged = envelope.verify(&self.party.secret(), clock::now()).and_then(|()| envelope.decode_at_channel());
        let call = match judged {
            Ok(call) => call,
            Err(error) => return error.render(&style, &id),
        };
        self.calls.lock().await.push(HeardCall::of(heard, call.method, &call.fields));
        // Of these each method has the member it declares; what it does not declare is not rendered.
        let answer = Answer::ok().with("shipping", Fields::new().with("is_success", true));
        answer.render(call.method, &style, &id)
    }
}

/// Names without what they all begin with.
fn short(name: &str) -> String {
    name.trim_start_matches("taobao.").trim_start_matches("qimen.").trim_start_matches("omniorder.").to_owned()
}

impl Party for Hearing {
    fn hear(self: Arc<Self>, heard: Heard) -> Saying {
        Box::pin(async move { self.answer(&heard).await })
    }
}
