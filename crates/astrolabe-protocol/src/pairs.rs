//! Query strings and forms as ordered pairs: nothing dropped, merged or guessed.
//!
//! Not a general form decoder: broken percent signs, bytes that are no text in the declared encoding, empty names and
//! duplicates are refused here because the signature's base string joins pairs without separators.

use std::borrow::Cow;

use encoding_rs::{Encoding, GBK, UTF_8};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{PlatformCode, WireError};
use crate::limits::PARAMS_MAX;

/// Parameters in wire order, decoded.
pub type Pairs = Vec<(String, String)>;

/// A text encoding the wire knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// The default.
    Utf8,
    /// Where the Content-Type names a `GB…` charset.
    Gbk,
}

impl Charset {
    /// The encoding that a Content-Type names; UTF-8 where it names none.
    ///
    /// # Errors
    /// Platform 47 for any other charset.
    pub fn of_content_type(content_type: Option<&str>) -> Result<Self, WireError> {
        let Some(label) = content_type.and_then(charset_parameter) else {
            return Ok(Self::Utf8);
        };
        if label.to_ascii_lowercase().starts_with("gb") {
            return Ok(Self::Gbk);
        }
        match Encoding::for_label(label.as_bytes()) {
            Some(encoding) if encoding == UTF_8 => Ok(Self::Utf8),
            Some(_) | None => Err(WireError::platform_because(
                PlatformCode::InvalidEncoding,
                format!("charset {label} is neither UTF-8 nor GBK"),
            )),
        }
    }

    /// Decodes text strictly: no replacement characters.
    ///
    /// # Errors
    /// Platform 47 for bytes that are no text in this encoding.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, WireError> {
        let decoded = match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Gbk => GBK.decode_without_bom_handling_and_without_replacement(bytes),
        };
        decoded.ok_or_else(|| WireError::platform(PlatformCode::InvalidEncoding))
    }
}

fn charset_parameter(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })
}

/// The media type of a Content-Type, lower case, without parameters.
#[must_use]
pub fn media_type(content_type: Option<&str>) -> Option<String> {
    let media = content_type?.split(';').next()?.trim();
    (!media.is_empty()).then(|| media.to_ascii_lowercase())
}

/// Splits a query string or a form body into pairs; `+` is a space.
///
/// # Errors
/// Platform 47 for broken encoding, 41 for an empty name or too many parameters.
pub fn parse(text: &[u8], charset: Charset) -> Result<Pairs, WireError> {
    let mut pairs = Pairs::new();
    for piece in text.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
        if pairs.len() == PARAMS_MAX {
            return Err(WireError::platform_because(
                PlatformCode::InvalidArguments,
                format!("more than {PARAMS_MAX} parameters"),
            ));
        }
        let at = piece.iter().position(|byte| *byte == b'=');
        let (name, value) = at.map_or((piece, &[][..]), |at| (&piece[..at], &piece[at + 1..]));
        if name.is_empty() {
            return Err(WireError::platform_because(PlatformCode::InvalidArguments, "a parameter without a name"));
        }
        pairs.push((decode_piece(name, charset)?, decode_piece(value, charset)?));
    }
    Ok(pairs)
}

/// Those pairs of a refused query or form that can be read: enough to say the refusal in the format that was asked for.
pub(crate) fn legible(text: &[u8], charset: Charset) -> Pairs {
    let pieces = text.split(|byte| *byte == b'&').take(PARAMS_MAX);
    pieces.filter_map(|piece| parse(piece, charset).ok()).flatten().collect()
}

/// Refuses a name that occurs twice, whichever part of the request it stands in.
///
/// # Errors
/// Platform 41 naming the parameter.
pub fn refuse_duplicates(pairs: &[(String, String)]) -> Result<(), WireError> {
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|two| two[0] == two[1]) {
        Some(two) => Err(WireError::invalid(two[0], "is given twice")),
        None => Ok(()),
    }
}

fn decode_piece(piece: &[u8], charset: Charset) -> Result<String, WireError> {
    let escapes = piece.iter().filter(|byte| **byte == b'%').count();
    let mut bytes = Vec::with_capacity(piece.len().saturating_sub(2 * escapes));
    let mut rest = piece.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => escaped(rest.next(), rest.next()).ok_or_else(|| {
                WireError::platform_because(PlatformCode::InvalidEncoding, "a percent sign without two hex digits")
            })?,
            other => *other,
        });
    }
    match charset {
        Charset::Utf8 => String::from_utf8(bytes).map_err(|_error| WireError::platform(PlatformCode::InvalidEncoding)),
        Charset::Gbk => charset.decode(&bytes).map(Cow::into_owned),
    }
}

fn escaped(high: Option<&u8>, low: Option<&u8>) -> Option<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Writes pairs as a form body: spaces as `+`.
#[must_use]
pub fn write_form(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// What stands as itself in our query strings (RFC 3986 unreserved). Published SPI verifiers split on `&` and `=` before
/// decoding, and some read `+` as a plus, so spaces go as `%20`.
const QUERY_ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Header values: what must not stand in a header line, and `%` itself, because the receiver decodes.
const HEADER_ENCODED: &AsciiSet = &CONTROLS.add(b'%').add(b' ').add(b'"').add(b'+');

/// Writes pairs as a query string.
#[must_use]
pub fn write_query(pairs: &[(String, String)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, QUERY_ENCODED).to_string();
    pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

/// Writes a header value that `top-sign-list` covers; the receiver percent-decodes it.
#[must_use]
pub fn write_header_value(text: &str) -> String {
    utf8_percent_encode(text, HEADER_ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Pairs, WireError> {
        parse(text.as_bytes(), Charset::Utf8)
    }

    #[test]
    fn order_and_duplicates_are_kept_until_refused() {
        let pairs = parsed("b=1&a=&b=2&c").expect("well formed");
        let names: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(names, [("b", "1"), ("a", ""), ("b", "2"), ("c", "")]);
        assert_eq!(refuse_duplicates(&pairs), Err(WireError::invalid("b", "is given twice")));
    }

    #[test]
    fn broken_encodings_are_refused() {
        for text in ["a=%", "a=%4", "a=%zz", "%ff=1", "a=%C3"] {
            assert_eq!(parsed(text).map_err(|e| e.code()), Err(PlatformCode::InvalidEncoding), "{text}");
        }
        assert_eq!(parsed("=1").map_err(|e| e.code()), Err(PlatformCode::InvalidArguments));
    }

    #[test]
    fn gbk_where_the_content_type_says_so() {
        let charset =
            Charset::of_content_type(Some("application/x-www-form-urlencoded; charset=\"GB2312\"")).expect("known");
        assert_eq!(parse(b"a=%D0%A1%CD%F5", charset).expect("text"), [("a".to_owned(), "小王".to_owned())]);
        assert!(Charset::of_content_type(Some("text/xml;charset=latin1")).is_err());
        assert_eq!(Charset::of_content_type(Some("text/xml")), Ok(Charset::Utf8));
    }

    #[test]
    fn both_writers_are_read_back() {
        let pairs = vec![("k=&".to_owned(), "a b+c%小王".to_owned()), ("e".to_owned(), String::new())];
        assert_eq!(parsed(&write_query(&pairs)), Ok(pairs.clone()));
        assert_eq!(parsed(&write_form(&pairs)), Ok(pairs));
    }
}
