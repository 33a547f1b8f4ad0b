//! What may be kept and shown of an exchange: secrets masked, long texts cut.
//!
//! An app's secret never goes over the wire; what does is a session, and whatever an address or a header that somebody
//! registered has in it. A signature stays: it is of one request, and its receiver's author needs to compare it.

use astrolabe_protocol::pairs::Charset;
use astrolabe_store::{GotReply, SentRequest, SpiAddress, SpiAddresses};

use crate::outward::dial::{Got, Post, USER_AGENT};

/// Stands for a secret.
pub(super) const MASK: &str = "***";
/// Parts of names whose values are masked.
const SECRET_NAMES: [&str; 9] =
    ["secret", "token", "session", "password", "passwd", "authorization", "cookie", "credential", "apikey"];
/// Most of a request's body that is kept, in bytes.
const REQUEST_BODY_MAX: usize = 16 << 10;
/// Most of a reply's body that is kept, in bytes.
const REPLY_BODY_MAX: usize = 4 << 10;
/// Headers of a reply that are kept, and most of the value of one, in bytes.
const REPLY_HEADERS_MAX: usize = 32;
const HEADER_VALUE_MAX: usize = 256;

/// A request as it is kept.
pub(super) fn request(post: &Post) -> SentRequest {
    let own = [("content-type", post.content_type), ("user-agent", USER_AGENT)];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    SentRequest {
        url: url(&post.url),
        headers: own.into_iter().chain(post.headers.iter().cloned()).map(header).collect(),
        body: cut(&body(post), REQUEST_BODY_MAX).0,
    }
}

/// A reply as it is kept.
pub(super) fn reply(got: &Got) -> GotReply {
    let charset = Charset::of_content_type(got.content_type()).unwrap_or(Charset::Utf8);
    let text = charset.decode(&got.body).unwrap_or_else(|_| String::from_utf8_lossy(&got.body));
    let (body, shortened) = cut(&text, REPLY_BODY_MAX);
    GotReply {
        status: got.status,
        headers: got.headers.iter().take(REPLY_HEADERS_MAX).cloned().map(header).collect(),
        body,
        cut: shortened,
    }
}

/// Registered addresses as they are shown.
pub fn shown_addresses(addresses: &SpiAddresses) -> SpiAddresses {
    let mut shown = addresses.clone();
    let own = [&mut shown.online, &mut shown.test].into_iter();
    let bound = shown.methods.values_mut().flat_map(|method| [&mut method.online, &mut method.test]);
    for address in own.chain(bound).flatten() {
        mask_address(address);
    }
    shown
}

fn mask_address(address: &mut SpiAddress) {
    address.url = url(&address.url);
    for (name, value) in &mut address.headers {
        if is_secret(name) {
            MASK.clone_into(value);
        }
    }
}

/// Whether a shown text stands for a secret: such a text is not taken for a new value.
pub(super) fn is_masked(text: &str) -> bool {
    text.contains(MASK)
}

/// A URL with the values of its query masked where their names say that they are secret.
fn url(url: &str) -> String {
    match url.split_once('?') {
        Some((base, query)) => format!("{base}?{}", form(query)),
        None => url.to_owned(),
    }
}

/// A form is pairs like a query; a document has no secrets of ours in it.
fn body(post: &Post) -> String {
    let text = String::from_utf8_lossy(&post.body);
    if post.content_type.contains("form") { form(&text) } else { text.into_owned() }
}

fn form(pairs: &str) -> String {
    let parts = pairs.split('&').map(|part| match part.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={MASK}"),
        Some(_) | None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("&")
}

fn header((name, value): (String, String)) -> (String, String) {
    let value = if is_secret(&name) { MASK.to_owned() } else { cut(&value, HEADER_VALUE_MAX).0 };
    (name, value)
}

fn is_secret(name: &str) -> bool {
    let name: String = name.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// A text's first bytes, whole characters only, and whether that is less than all.
fn cut(text: &str, bytes_max: usize) -> (String, bool) {
    if text.len() <= bytes_max {
        return (text.to_owned(), false);
    }
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= bytes_max).last().unwrap_or(0);
    (text[..end].to_owned(), true)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use astrolabe_protocol::pairs::Pairs;

    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn secrets_are_masked_and_signatures_stay() {
        let post = Post {
            url: "http://isv/spi?access_token=hush&shop=1&session=hush&sign=AB12&app_key=7".to_owned(),
            content_type: "application/json",
            headers: pairs(&[("Authorization", "hush"), ("x-api-key", "hush"), ("x-shop", "east")]),
            body: "{\"tid\":1}".into(),
            within: Duration::ZERO,
        };
        let kept = request(&post);
        assert_eq!(kept.url, "http://isv/spi?access_token=***&shop=1&session=***&sign=AB12&app_key=7");
        assert_eq!(kept.headers[2..], pairs(&[("Authorization", "***"), ("x-api-key", "***"), ("x-shop", "east")]));
        assert!(!format!("{kept:?}").contains("hush"));
    }

    #[test]
    fn long_replies_are_cut_between_characters_and_read_as_they_say() {
        let got = |content_type: &str, body: Vec<u8>| Got {
            status: 200,
            headers: pairs(&[("content-type", content_type), ("set-cookie", "hush")]),
            body,
        };
        let long = reply(&got("text/plain", "好".repeat(REPLY_BODY_MAX).into_bytes()));
        assert!(long.cut && long.body.len() <= REPLY_BODY_MAX && long.body.chars().all(|letter| letter == '好'));
        assert_eq!(long.headers[1].1, "***");
        let gbk = reply(&got("text/plain;charset=GBK", vec![0xba, 0xc3]));
        assert_eq!((gbk.body.as_str(), gbk.cut), ("好", false));
    }

    #[test]
    fn registered_secrets_are_not_shown() {
        let address = SpiAddress {
            headers: pairs(&[("x-token", "hush"), ("x-shop", "east")]).into_iter().collect(),
            ..SpiAddress::plain("http://isv/?token=hush&a=b")
        };
        let mut all = SpiAddresses { online: Some(address.clone()), ..SpiAddresses::default() };
        all.methods.entry("m".to_owned()).or_default().test = Some(address);
        let shown = shown_addresses(&all);
        assert!(!serde_json::to_string(&shown).unwrap().contains("hush"));
        assert_eq!(shown.online.map(|online| online.headers["x-shop"].clone()).as_deref(), Some("east"));
    }
}
