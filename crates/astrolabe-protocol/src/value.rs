//! The neutral tree between a wire shape and a handler: what a request decodes to and an answer is made of.
//!
//! Names are the published TOP ones (`snake_case`), whatever shape the call came in. A tree says nothing about how it
//! was or will be written; [`crate::catalogue`] does.

use std::borrow::Cow;

use crate::error::WireError;
use crate::time::{self, EpochMs};

/// A name of the wire: `'static` where it comes from the catalogue.
pub type Name = Cow<'static, str>;

/// One node of the neutral tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, also for enumerations, dates (`yyyy-MM-dd HH:mm:ss`) and money (`"12.30"`).
    Text(String),
    /// A whole number.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// Items in order.
    List(Vec<Value>),
    /// Named members in order.
    Struct(Fields),
}

impl Value {
    /// The text of a [`Value::Text`].
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number of a [`Value::Int`].
    #[must_use]
    pub fn as_long(&self) -> Option<i64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// The members of a [`Value::Struct`].
    #[must_use]
    pub fn as_struct(&self) -> Option<&Fields> {
        if let Self::Struct(fields) = self { Some(fields) } else { None }
    }

    /// The items of a [`Value::List`].
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Self::Struct(fields)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// Named values in wire order.
///
/// The readers (`long`, `text`, …) answer [`WireError::Missing`] for a required name that is absent and
/// [`WireError::Invalid`] for one of another kind, so that a handler reads its fields with `?`. Their `opt_` twins answer
/// `None` for an absent one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(Name, Value)>);

impl Fields {
    /// No members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No members yet, and room for exactly so many.
    pub(crate) fn with_capacity(members: usize) -> Self {
        Self(Vec::with_capacity(members))
    }

    /// Adds a member at the end and returns the whole: for building answers.
    #[must_use]
    pub fn with(mut self, name: impl Into<Name>, value: impl Into<Value>) -> Self {
        self.push(name, value);
        self
    }

    /// Adds a member where there is a value for it.
    #[must_use]
    pub fn with_opt(self, name: impl Into<Name>, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds a member at the end.
    pub fn push(&mut self, name: impl Into<Name>, value: impl Into<Value>) {
        self.0.push((name.into(), value.into()));
    }

    /// The member of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// Whether there is a member of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(n, v)| (n.as_ref(), v))
    }

    /// The required text of that name.
    ///
    /// # Errors
    /// Absent, or not text.
    pub fn text(&self, name: &str) -> Result<&str, WireError> {
        self.opt_text(name)?.ok_or_else(|| WireError::missing(name))
    }

    /// The text of that name, if given.
    ///
    /// # Errors
    /// Not text.
    pub fn opt_text(&self, name: &str) -> Result<Option<&str>, WireError> {
        self.read(name, "text", Value::as_text)
    }

    /// The required number of that name.
    ///
    /// # Errors
    /// Absent, or not a number.
    pub fn long(&self, name: &str) -> Result<i64, WireError> {
        self.opt_long(name)?.ok_or_else(|| WireError::missing(name))
    }

    /// The number of that name, if given.
    ///
    /// # Errors
    /// Not a number.
    pub fn opt_long(&self, name: &str) -> Result<Option<i64>, WireError> {
        self.read(name, "a number", Value::as_long)
    }

    /// The truth value of that name, if given.
    ///
    /// # Errors
    /// Not true or false.
    pub fn opt_bool(&self, name: &str) -> Result<Option<bool>, WireError> {
        self.read(name, "true or false", |v| if let Value::Bool(b) = v { Some(*b) } else { None })
    }

    /// The required truth value of that name.
    ///
    /// # Errors
    /// Absent, or not true or false.
    pub fn boolean(&self, name: &str) -> Result<bool, WireError> {
        self.opt_bool(name)?.ok_or_else(|| WireError::missing(name))
    }

    /// The items of that name; none if it is absent.
    ///
    /// # Errors
    /// Not a list.
    pub fn list(&self, name: &str) -> Result<&[Value], WireError> {
        Ok(self.read(name, "a list", Value::as_list)?.unwrap_or_default())
    }

    /// The items of a list of structs; none if it is absent.
    ///
    /// # Errors
    /// Not a list of structs.
    pub fn structs(&self, name: &str) -> Result<Vec<&Fields>, WireError> {
        self.list(name)?
            .iter()
            .map(|v| v.as_struct().ok_or_else(|| WireError::invalid(name, "is not a list of structs")))
            .collect()
    }

    /// The items of a list of numbers; none if it is absent.
    ///
    /// # Errors
    /// Not a list of numbers.
    pub fn longs(&self, name: &str) -> Result<Vec<i64>, WireError> {
        self.list(name)?
            .iter()
            .map(|v| v.as_long().ok_or_else(|| WireError::invalid(name, "is not a list of numbers")))
            .collect()
    }

    /// The items of a list of texts; none if it is absent.
    ///
    /// # Errors
    /// Not a list of texts.
    pub fn texts(&self, name: &str) -> Result<Vec<&str>, WireError> {
        self.list(name)?
            .iter()
            .map(|v| v.as_text().ok_or_else(|| WireError::invalid(name, "is not a list of texts")))
            .collect()
    }

    /// The struct of that name, if given.
    ///
    /// # Errors
    /// Not a struct.
    pub fn opt_structure(&self, name: &str) -> Result<Option<&Fields>, WireError> {
        self.read(name, "a struct", Value::as_struct)
    }

    /// The required struct of that name.
    ///
    /// # Errors
    /// Absent, or not a struct.
    pub fn structure(&self, name: &str) -> Result<&Fields, WireError> {
        self.opt_structure(name)?.ok_or_else(|| WireError::missing(name))
    }

    /// The instant of a `yyyy-MM-dd HH:mm:ss` (GMT+8) field, if given.
    ///
    /// # Errors
    /// Not such a date.
    pub fn opt_time(&self, name: &str) -> Result<Option<EpochMs>, WireError> {
        match self.opt_text(name)? {
            None => Ok(None),
            Some(text) => time::parse_datetime(text)
                .map(Some)
                .ok_or_else(|| WireError::invalid(name, "is not a date yyyy-MM-dd HH:mm:ss")),
        }
    }

    /// The required instant of a `yyyy-MM-dd HH:mm:ss` (GMT+8) field.
    ///
    /// # Errors
    /// Absent, or not such a date.
    pub fn time(&self, name: &str) -> Result<EpochMs, WireError> {
        self.opt_time(name)?.ok_or_else(|| WireError::missing(name))
    }

    fn read<'a, T>(
        &'a self,
        name: &str,
        wanted: &str,
        view: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, WireError> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => view(value).map(Some).ok_or_else(|| WireError::invalid(name, format!("is not {wanted}"))),
        }
    }
}

impl FromIterator<(Name, Value)> for Fields {
    fn from_iter<T: IntoIterator<Item = (Name, Value)>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl IntoIterator for Fields {
    type Item = (Name, Value);
    type IntoIter = std::vec::IntoIter<(Name, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
