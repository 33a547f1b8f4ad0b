//! Who gets money: as a rule names them, and as an account that entries are posted to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::LocationId;

/// Characters of a named party.
pub const PARTY_NAME_MAX: usize = 50;

const NAMED: &str = "named:";
const STORE: &str = "store:";

/// A party as a rule names it: `store`, `company`, `platform`, `guide`, or `named:…`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Party {
    /// The location that served the units, a warehouse too.
    Store,
    Company,
    Platform,
    /// 导购.
    Guide,
    /// Anybody else the merchant shares with.
    Named(String),
}

/// Where an entry is posted. `Clearing` stands against all parties: what was paid in and is to be paid out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Account {
    Clearing,
    Store(LocationId),
    Company,
    Platform,
    Guide,
    Named(String),
}

impl Party {
    /// The party's account where the units came from `location`.
    pub fn account(&self, location: LocationId) -> Account {
        match self {
            Party::Store => Account::Store(location),
            Party::Company => Account::Company,
            Party::Platform => Account::Platform,
            Party::Guide => Account::Guide,
            Party::Named(name) => Account::Named(name.clone()),
        }
    }
}

/// A text that names no party.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoParty;

impl fmt::Display for NoParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a party is store, company, platform, guide, or named: and 1 to {PARTY_NAME_MAX} characters without \
             control characters or spaces at the ends"
        )
    }
}

fn name(text: &str) -> Option<String> {
    let usable = text.trim() == text && !text.chars().any(char::is_control);
    (usable && (1..=PARTY_NAME_MAX).contains(&text.chars().count())).then(|| text.to_owned())
}

impl TryFrom<String> for Party {
    type Error = NoParty;

    fn try_from(text: String) -> Result<Self, NoParty> {
        match text.as_str() {
            "store" => Ok(Party::Store),
            "company" => Ok(Party::Company),
            "platform" => Ok(Party::Platform),
            "guide" => Ok(Party::Guide),
            other => other.strip_prefix(NAMED).and_then(name).map(Party::Named).ok_or(NoParty),
        }
    }
}

impl From<Party> for String {
    fn from(party: Party) -> Self {
        party.to_string()
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Party::Store => f.write_str("store"),
            Party::Company => f.write_str("company"),
            Party::Platform => f.write_str("platform"),
            Party::Guide => f.write_str("guide"),
            Party::Named(name) => write!(f, "{NAMED}{name}"),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::Clearing => f.write_str("clearing"),
            Account::Store(location) => write!(f, "{STORE}{location}"),
            Account::Company => f.write_str("company"),
            Account::Platform => f.write_str("platform"),
            Account::Guide => f.write_str("guide"),
            Account::Named(name) => write!(f, "{NAMED}{name}"),
        }
    }
}

impl Account {
    /// The account that a text names, as `Display` writes it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "clearing" => Some(Account::Clearing),
            "company" => Some(Account::Company),
            "platform" => Some(Account::Platform),
            "guide" => Some(Account::Guide),
            other => match other.strip_prefix(STORE) {
                Some(location) => location.parse().ok().map(|id| Account::Store(LocationId(id))),
                None => other.strip_prefix(NAMED).and_then(name).map(Account::Named),
            },
        }
    }
}
