//! Where a connector's author looks first when a call to it failed: sentences, from what can be told at this end.

use astrolabe_protocol::Method;
use astrolabe_protocol::spi::SpiReply;
use astrolabe_store::{AttemptOutcome, BodyKind, SpiAddress};

use crate::outward::dial::DialFailure;
use crate::outward::guard::AddressRefused;
use crate::outward::meaning::{Meaning, Spoken};

/// What to look at; nothing where all is well.
pub(super) fn advise(method: &Method, address: &SpiAddress, body: BodyKind, spoken: &Spoken) -> Vec<String> {
    match &spoken.meaning {
        Meaning::Failed(failure) => of_failure(failure, spoken),
        Meaning::Unreadable(_) => of_unreadable(spoken),
        Meaning::Said { code, .. } => match spoken.meaning.outcome() {
            AttemptOutcome::Delivered => of_success(method, spoken.reply.as_ref()),
            AttemptOutcome::Fault => {
                vec!["the reply asks for patience: real calls are repeated for five minutes, then given up".to_owned()]
            }
            AttemptOutcome::Refused | AttemptOutcome::Unreachable => of_refusal(code, address, body),
        },
    }
}

fn one(sentence: &str) -> Vec<String> {
    vec![sentence.to_owned()]
}

fn of_failure(failure: &DialFailure, spoken: &Spoken) -> Vec<String> {
    match failure {
        DialFailure::PrivateName | DialFailure::Address(AddressRefused::Private) => one(
            "the address is inside a private network: name that network in the server's setting allowed_networks, or register a public address",
        ),
        DialFailure::Address(AddressRefused::NotAUrl | AddressRefused::Scheme | AddressRefused::Credentials) => {
            one("register the address anew: it cannot be called as it stands")
        }
        DialFailure::TimedOut => one(
            "no complete reply in time: answer first and work afterwards, or register a longer within_ms (at most 15000)",
        ),
        DialFailure::NobodyListens => one("nothing listens on that port: is the service running, and is it this port?"),
        DialFailure::UnknownName => {
            one("the host name does not resolve from here: check its spelling and its DNS entry")
        }
        DialFailure::Tls => one(
            "TLS failed: the certificate must be valid for this host name, complete with its chain, and signed by a public authority",
        ),
        DialFailure::NotConnected => one("no connection came about within 3 s: look for a firewall on the way"),
        DialFailure::BrokeOff => {
            one("the connection ended inside the reply: compare Content-Length with what is written")
        }
        DialFailure::TooLong => one("the reply is far longer than any SPI's: is this the address of a page?"),
        DialFailure::Status(status) => of_status(*status, spoken),
        DialFailure::NoClient | DialFailure::Failed => one("the request could not be made here: see the server's log"),
    }
}

fn of_status(status: u16, spoken: &Spoken) -> Vec<String> {
    match status {
        300..=399 => {
            let reply = spoken.exchange.reply.as_ref();
            let headers = reply.map(|reply| reply.headers.as_slice()).unwrap_or_default();
            let target = headers.iter().find(|(name, _)| name == "location").map(|(_, value)| value.as_str());
            let target = target.map_or_else(String::new, |target| format!(" ({target})"));
            vec![format!("redirects are not followed: register the address that it points to{target}")]
        }
        401 | 403 => one(
            "something before the service asks for a login or filters addresses: an SPI is authenticated by its signature alone",
        ),
        404 => one("there is nothing at that path: check the path of the registered address"),
        405 => one("the service does not take POST at that path"),
        411 | 413 | 414 => one("a proxy before the service refuses the size of the request: raise its limits"),
        415 => one("the service does not take this Content-Type: register the other body kind, or teach it this one"),
        500..=599 => one("the service failed: its own log says why; a business error is HTTP 200 with a code"),
        _ => one("reply with HTTP 200 and say what is wrong by code and message"),
    }
}

fn of_unreadable(spoken: &Spoken) -> Vec<String> {
    let body = spoken.exchange.reply.as_ref().map(|reply| reply.body.trim()).unwrap_or_default();
    if body.is_empty() {
        return one("the reply is empty: it must be {\"code\":\"0\",\"message\":\"\"} at least");
    }
    let lower = body.to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return one("the reply is a page: the address leads to a login, a proxy's error page or another service");
    }
    let mut advice = Vec::new();
    if lower.contains("\"success\"") || lower.contains("\"status\"") || lower.contains("\"errcode\"") {
        advice.push("success is told by the field \"code\" with \"0\", not by another field".to_owned());
    }
    advice.push(
        "the reply must be a flat JSON object, or XML, with \"code\" (or \"flag\"), in UTF-8 or in GBK that its Content-Type names"
            .to_owned(),
    );
    advice
}

fn of_refusal(code: &str, address: &SpiAddress, body: BodyKind) -> Vec<String> {
    if code == "sign-check-failure" {
        return of_signature(address, body);
    }
    if ["200", "1", "ok", "success", "true", "00", "000", "0000"].contains(&code.to_ascii_lowercase().as_str()) {
        return vec![format!("code {code:?} is read as a refusal: success is code \"0\" and nothing else")];
    }
    one("the service refused the call in its own words; real calls are not repeated after that")
}

fn of_signature(address: &SpiAddress, body: BodyKind) -> Vec<String> {
    let mut advice = one(
        "compare the app's secret on both sides; base string: secret + sorted names and values without separators + secret, MD5, upper-case hex",
    );
    advice.push("signed are the decoded parameters of the query, `sign` left out, in UTF-8".to_owned());
    advice.push(match body {
        BodyKind::Form => {
            "and the decoded fields of the form: read them before anything else consumes the body".to_owned()
        }
        BodyKind::Json => {
            "and the body byte for byte after the parameters: sign it as it came, not written anew".to_owned()
        }
    });
    if address.url.contains('?') {
        advice.push("and the parameters that the registered address itself has".to_owned());
    }
    if !address.headers.is_empty() {
        advice.push("and the headers that top-sign-list names, in their percent-decoded form".to_owned());
    }
    advice.push("the timestamp is Shanghai time (GMT+8) and may be five minutes old: compare the clocks".to_owned());
    advice
}

/// What is missing in a reply that was taken.
fn of_success(method: &Method, reply: Option<&SpiReply>) -> Vec<String> {
    let has = |name: &str| reply.is_some_and(|reply| reply.fields.has(name));
    match method.name {
        "taobao.qimen.omniorder.allocate" if !has("app_key") => one(
            "taken, but without appKey: name the app keys to whose RDS the order is pushed, separated by commas (white paper 6.6.1)",
        ),
        "taobao.qimen.omniorder.allocatedinfo.get" if !has("store_allocated_list") && !has("status") => {
            one("taken, but without status and store_allocated_list: nothing is learnt from it (white paper 6.6.3)")
        }
        _ => Vec::new(),
    }
}
