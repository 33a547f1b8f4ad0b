//! What an attempt brought, in the words that decide what follows.

use astrolabe_core::ids::{OutwardId, SellerId, Tid};
use astrolabe_core::outward::Receiver;
use astrolabe_core::time::{Millis, Timestamp};
use astrolabe_protocol::spi::SpiReply;
use astrolabe_store::{Attempt, AttemptId, AttemptKey, AttemptOutcome, Exchange};

use crate::outward::dial::{DialFailure, Dialled, Post};
use crate::outward::mask;

/// Most of a foreign message that is kept.
const SAID_CHARS_MAX: usize = 200;

/// What an attempt brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Meaning {
    /// A readable reply.
    Said { code: String, message: String },
    /// A reply with status 2xx that says neither code nor flag, or is no JSON or XML.
    Unreadable(String),
    /// No reply to read.
    Failed(DialFailure),
}

impl Meaning {
    /// `0` is success, `5xx` and `isp.*` ask for patience, anything else is a no.
    pub(crate) fn outcome(&self) -> AttemptOutcome {
        match self {
            Meaning::Said { code, .. } if code == "0" => AttemptOutcome::Delivered,
            Meaning::Said { code, .. } if code.starts_with("isp.") || (code.len() == 3 && code.starts_with('5')) => {
                AttemptOutcome::Fault
            }
            Meaning::Said { .. } | Meaning::Failed(DialFailure::Address(_)) => AttemptOutcome::Refused,
            Meaning::Unreadable(_)
            | Meaning::Failed(
                DialFailure::NoClient
                | DialFailure::TimedOut
                | DialFailure::NobodyListens
                | DialFailure::UnknownName
                | DialFailure::PrivateName
                | DialFailure::Tls
                | DialFailure::NotConnected
                | DialFailure::BrokeOff
                | DialFailure::TooLong
                | DialFailure::Status(_)
                | DialFailure::Failed,
            ) => AttemptOutcome::Unreachable,
        }
    }

    /// In a sentence, bounded.
    pub(crate) fn said(&self) -> String {
        let text = match self {
            Meaning::Said { code, message } => format!("{code} {message}"),
            Meaning::Unreadable(why) => why.clone(),
            Meaning::Failed(failure) => failure.to_string(),
        };
        text.trim_end().chars().take(SAID_CHARS_MAX).collect()
    }
}

/// One attempt that was made.
#[derive(Debug)]
pub(crate) struct Spoken {
    pub(crate) method: &'static str,
    pub(crate) meaning: Meaning,
    /// A readable reply of an app.
    pub(crate) reply: Option<SpiReply>,
    pub(crate) exchange: Exchange,
    pub(crate) started_at: Timestamp,
    pub(crate) took: Millis,
}

impl Spoken {
    /// The exchange as it is kept, with why it failed.
    pub(super) fn exchange(post: &Post, dialled: &Dialled, meaning: &Meaning) -> Exchange {
        let failure = match meaning.outcome() {
            AttemptOutcome::Delivered => String::new(),
            AttemptOutcome::Fault | AttemptOutcome::Refused | AttemptOutcome::Unreachable => meaning.said(),
        };
        Exchange { request: mask::request(post), reply: dialled.got.as_ref().map(mask::reply), failure }
    }

    /// The same without a word that must not be kept, whoever said it.
    pub(super) fn without(mut self, word: &str) -> Self {
        let hide = |text: &mut String| *text = text.replace(word, mask::MASK);
        hide(&mut self.exchange.request.body);
        hide(&mut self.exchange.failure);
        if let Some(reply) = &mut self.exchange.reply {
            reply.headers.iter_mut().for_each(|(_, value)| hide(value));
            // The word may have lain across the cut.
            if reply.cut {
                let end =
                    reply.body.char_indices().rev().nth(word.chars().count().saturating_sub(1)).map_or(0, |(at, _)| at);
                reply.body.truncate(end);
            }
            hide(&mut reply.body);
        }
        match &mut self.meaning {
            Meaning::Said { code, message } => [code, message].into_iter().for_each(hide),
            Meaning::Unreadable(why) => hide(why),
            Meaning::Failed(_) => {}
        }
        self
    }

    /// The row that keeps it.
    pub(crate) fn into_attempt(self, about: About) -> Attempt {
        Attempt {
            seller: about.seller,
            receiver: about.receiver,
            key: AttemptKey { started_at: self.started_at, id: AttemptId(rand::random_range(0..AttemptId::BOUND)) },
            call: about.call,
            tid: about.tid,
            method: self.method.to_owned(),
            number: about.number,
            took: self.took,
            outcome: self.meaning.outcome(),
            exchange: self.exchange,
        }
    }
}

/// What an attempt was about.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) seller: SellerId,
    pub(crate) receiver: Receiver,
    pub(crate) call: Option<OutwardId>,
    pub(crate) tid: Tid,
    pub(crate) number: u32,
}

#[cfg(test)]
mod tests {
    use astrolabe_store::GotReply;

    use super::*;

    #[test]
    fn a_word_that_must_not_be_kept_is_not_even_in_pieces() {
        let reply = |body: &str, cut| GotReply { body: body.to_owned(), cut, ..GotReply::default() };
        let kept = |reply: GotReply| {
            let exchange = Exchange { reply: Some(reply), ..Exchange::default() };
            let meaning = Meaning::Said { code: "isv.x".to_owned(), message: "123456 is used".to_owned() };
            let (started_at, took) = (Timestamp(0), Millis(1));
            let spoken = Spoken { method: "m", meaning, reply: None, exchange, started_at, took }.without("123456");
            assert_eq!(spoken.meaning.said(), "isv.x *** is used");
            spoken.exchange.reply.map(|reply| reply.body).unwrap_or_default()
        };
        assert_eq!(kept(reply("code 123456.", false)), "code ***.");
        assert_eq!(kept(reply("a longer answer, code 12345", true)), "a longer answer, code");
        assert_eq!(kept(reply("1234", true)), "");
    }

    #[test]
    fn replies_mean_what_they_should() {
        let said = |code: &str| Meaning::Said { code: code.to_owned(), message: "m".to_owned() };
        let table = [
            (said("0"), AttemptOutcome::Delivered),
            (said("500"), AttemptOutcome::Fault),
            (said("503"), AttemptOutcome::Fault),
            (said("isp.remote-service-timeout"), AttemptOutcome::Fault),
            (said("5"), AttemptOutcome::Refused),
            (said("50"), AttemptOutcome::Refused),
            (said("5000"), AttemptOutcome::Refused),
            (said("isv.invalid-parameter"), AttemptOutcome::Refused),
            (said("sign-check-failure"), AttemptOutcome::Refused),
            (Meaning::Unreadable("x".to_owned()), AttemptOutcome::Unreachable),
            (Meaning::Failed(DialFailure::Status(500)), AttemptOutcome::Unreachable),
            (Meaning::Failed(DialFailure::TimedOut), AttemptOutcome::Unreachable),
        ];
        for (meaning, expected) in table {
            assert_eq!(meaning.outcome(), expected, "{meaning:?}");
        }
        let long = Meaning::Said { code: "1".to_owned(), message: "长".repeat(500) };
        assert_eq!(long.said().chars().count(), SAID_CHARS_MAX);
    }
}
