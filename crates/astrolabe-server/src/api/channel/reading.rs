//! Reading members of published JSON, each error with the path of the member that is wrong. It knows no trade.

use astrolabe_core::money::Fen;
use astrolabe_core::time::Timestamp;
use astrolabe_protocol::time::parse_datetime;
use astrolabe_protocol::{Fields, Value};

use crate::api::failure::ApiFailure;

/// The ways one kind of object arrives: `{"trades":[…]}`, `{"trade_fullinfo_get_response":{"trade":{…}}}`,
/// `{"trade":{…}}`, or bare.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) list: &'static str,
    pub(super) one: &'static str,
    pub(super) envelope: &'static str,
}

/// One object of the call with its path.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    path: String,
    pub(super) fields: &'a Fields,
}

/// The objects of a call, in order.
pub(super) fn objects_of<'a>(body: &'a Fields, shape: Shape, most: usize) -> Result<Vec<Object<'a>>, ApiFailure> {
    let root = Object { path: String::new(), fields: body };
    let Some(list) = body.get(shape.list) else { return Ok(vec![root.unwrapped(shape)]) };
    // TOP wraps lists once more: {"trades":{"trade":[…]}}.
    let items = list.as_list().or_else(|| list.as_struct()?.get(shape.one)?.as_list());
    let items = items.ok_or_else(|| root.invalid(shape.list, "is not a list"))?;
    if items.is_empty() || items.len() > most {
        return Err(root.invalid(shape.list, format!("must have 1 to {most} items")));
    }
    let objects = items.iter().enumerate().map(|(at, item)| {
        let path = format!("{}[{at}]", shape.list);
        match item {
            Value::Struct(fields) => Ok(Object { path, fields }.unwrapped(shape)),
            Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::List(_) => {
                Err(ApiFailure::field(path, "is not an object"))
            }
        }
    });
    objects.collect()
}

impl<'a> Object<'a> {
    fn unwrapped(self, shape: Shape) -> Self {
        let mut inner = self;
        for name in [shape.envelope, shape.one] {
            if let Some(Value::Struct(fields)) = inner.fields.get(name) {
                inner = Object { path: inner.at(name), fields };
            }
        }
        inner
    }

    /// The path of a member.
    pub(super) fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The error for a member that cannot be used.
    pub(super) fn invalid(&self, name: &str, why: impl std::fmt::Display) -> ApiFailure {
        let path = self.at(name);
        let message = format!("{path} {why}");
        ApiFailure::field(path, message)
    }

    /// A text, or a number as text; an empty one counts as absent.
    pub(super) fn opt_text(&self, name: &str) -> Result<Option<String>, ApiFailure> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Some(Value::Int(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(truth)) => Ok(Some(truth.to_string())),
            Some(Value::List(_) | Value::Struct(_)) => Err(self.invalid(name, "is not a single value")),
        }
    }

    /// A text that must be there.
    pub(super) fn text(&self, name: &str) -> Result<String, ApiFailure> {
        self.opt_text(name)?.ok_or_else(|| self.invalid(name, "is required"))
    }

    /// A whole number, as number or text.
    pub(super) fn opt_whole(&self, name: &str) -> Result<Option<i64>, ApiFailure> {
        let text = self.opt_text(name)?;
        text.map(|text| text.parse().map_err(|_error| self.invalid(name, "is not a whole number"))).transpose()
    }

    /// A positive identifier. The text twin (`tid_str`) comes first: numbers of this length lose digits in many clients.
    pub(super) fn id(&self, name: &str) -> Result<i64, ApiFailure> {
        let twin = format!("{name}_str");
        let id = match self.opt_whole(&twin)? {
            Some(id) => Some(id),
            None => self.opt_whole(name)?,
        };
        match id {
            Some(id) if id > 0 => Ok(id),
            Some(_) => Err(self.invalid(name, "is not a positive number")),
            None => Err(self.invalid(name, "is required")),
        }
    }

    /// An amount in yuan with at most two decimals.
    pub(super) fn opt_money(&self, name: &str) -> Result<Option<Fen>, ApiFailure> {
        let text = self.opt_text(name)?;
        text.map(|text| fen(&text).ok_or_else(|| self.invalid(name, "is not an amount in yuan"))).transpose()
    }

    /// An instant `yyyy-MM-dd HH:mm:ss` in Shanghai.
    pub(super) fn opt_time(&self, name: &str) -> Result<Option<Timestamp>, ApiFailure> {
        let text = self.opt_text(name)?;
        let wrong = || self.invalid(name, "is not a time yyyy-MM-dd HH:mm:ss");
        text.map(|text| parse_datetime(&text).map(|at| Timestamp(at.0)).ok_or_else(wrong)).transpose()
    }

    /// `true` or `false`, as truth value or text.
    pub(super) fn opt_flag(&self, name: &str) -> Result<Option<bool>, ApiFailure> {
        match self.opt_text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(self.invalid(name, "is neither true nor false")),
        }
    }

    /// A mark that was published as text without a list of values: anything but nothing, 0 and false sets it.
    pub(super) fn mark(&self, name: &str) -> Result<bool, ApiFailure> {
        Ok(self.opt_text(name)?.is_some_and(|text| !matches!(text.as_str(), "0" | "false")))
    }

    /// The objects of a list, bare or wrapped: `"orders":[…]`, `"orders":{"order":[…]}`.
    pub(super) fn list(&self, name: &str, item: &str) -> Result<Vec<Object<'a>>, ApiFailure> {
        let (path, items) = match self.fields.get(name) {
            None => return Err(self.invalid(name, "is required")),
            Some(Value::List(items)) => (self.at(name), items.as_slice()),
            Some(Value::Struct(wrapper)) => match wrapper.get(item).and_then(Value::as_list) {
                Some(items) => (format!("{}.{item}", self.at(name)), items),
                None => return Err(self.invalid(name, format!("has no list {item}"))),
            },
            Some(Value::Text(_) | Value::Int(_) | Value::Bool(_)) => return Err(self.invalid(name, "is not a list")),
        };
        let objects = items.iter().enumerate().map(|(at, item)| match item {
            Value::Struct(fields) => Ok(Object { path: format!("{path}[{at}]"), fields }),
            Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::List(_) => {
                Err(ApiFailure::field(format!("{path}[{at}]"), "is not an object"))
            }
        });
        objects.collect()
    }
}

/// Yuan as text → whole fen, exactly.
fn fen(text: &str) -> Option<Fen> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (yuan, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if yuan.is_empty() || !plain(yuan) || !plain(decimals) || decimals.len() > 2 {
        return None;
    }
    let cents: i64 = format!("{decimals:0<2}").parse().ok()?;
    let fen = yuan.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents)?;
    Some(Fen(if negative { -fen } else { fen }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_become_fen_exactly() {
        let table = [
            ("377.00", Some(37_700)),
            ("0.07", Some(7)),
            ("12.3", Some(1_230)),
            ("5", Some(500)),
            ("-1.50", Some(-150)),
            ("1.234", None),
            ("", None),
            (".5", None),
            ("1e3", None),
            ("+1", None),
            ("１", None),
            ("92233720368547758.08", None),
        ];
        for (text, expected) in table {
            assert_eq!(fen(text), expected.map(Fen), "{text}");
        }
    }
}
