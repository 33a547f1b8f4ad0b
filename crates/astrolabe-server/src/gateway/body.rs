//! Reading a request body: bounded, unzipped, and multipart text parts taken apart.
//!
//! A bound holds for what comes over the network and again for what it unzips to. What the bytes mean is the protocol
//! crate's business.

use std::io::Read;
use std::time::Duration;

use astrolabe_protocol::limits::{BODY_BYTES_MAX_ANY, PARAMS_MAX};
use astrolabe_protocol::{PlatformCode, WireError};
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use flate2::Compression;
use flate2::read::{GzEncoder, MultiGzDecoder};

/// Answers up to this many bytes are not worth zipping.
pub(super) const GZIP_ABOVE_BYTES: usize = 1024;

/// How long a body may take as a whole. With the lane's time it stays below what the listener gives a request, so that a
/// trickling caller is answered here, with status 200.
const BODY_WITHIN: Duration = Duration::from_secs(15);

/// A body as it was signed.
#[derive(Debug, Default)]
pub(super) struct ReadBody {
    pub(super) bytes: Bytes,
    /// The text parts of a multipart body; `bytes` is then the body they were taken from.
    pub(super) multipart: Option<Vec<(String, String)>>,
}

/// Reads, unzips and takes apart.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<ReadBody, WireError> {
    read_within(BODY_WITHIN, headers, body).await
}

async fn read_within(within: Duration, headers: &HeaderMap, body: Body) -> Result<ReadBody, WireError> {
    let arriving = tokio::time::timeout(within, axum::body::to_bytes(body, BODY_BYTES_MAX_ANY));
    let received = arriving.await.map_err(|_elapsed| unreadable("the body took too long to arrive"))?;
    let received = received.map_err(|_cut| too_long())?;
    let bytes = match text_of(headers, CONTENT_ENCODING).map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "identity") => received,
        Some("gzip" | "x-gzip") => unzip(&received, BODY_BYTES_MAX_ANY)?,
        Some(_) => return Err(unreadable("the body's Content-Encoding is neither gzip nor identity")),
    };
    let content_type = text_of(headers, CONTENT_TYPE).unwrap_or_default();
    let multipart = if content_type.to_ascii_lowercase().trim_start().starts_with("multipart/") {
        Some(text_parts(content_type, bytes.clone()).await?)
    } else {
        None
    };
    Ok(ReadBody { bytes, multipart })
}

/// Whether the client takes zipped answers.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    text_of(headers, ACCEPT_ENCODING).unwrap_or_default().split(',').any(|offer| {
        let mut pieces = offer.split(';').map(str::trim);
        let named = pieces.next().is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"));
        named && !pieces.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// The zipped form; nothing where zipping failed, and the plain one is sent.
pub(super) fn zip(plain: &[u8]) -> Option<Vec<u8>> {
    let mut zipped = Vec::with_capacity(plain.len() / 4);
    GzEncoder::new(plain, Compression::fast()).read_to_end(&mut zipped).ok().map(|_read| zipped)
}

fn text_of(headers: &HeaderMap, name: axum::http::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn unzip(zipped: &[u8], bytes_max: usize) -> Result<Bytes, WireError> {
    let mut plain = Vec::new();
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(zipped)
        .take(bound)
        .read_to_end(&mut plain)
        .map_err(|_broken| unreadable("the body is not gzip, though its Content-Encoding says so"))?;
    if plain.len() > bytes_max { Err(too_long()) } else { Ok(Bytes::from(plain)) }
}

/// No method of this platform takes a file, and file parts are never signed: one that comes is refused.
async fn text_parts(content_type: &str, bytes: Bytes) -> Result<Vec<(String, String)>, WireError> {
    let broken = |_error| unreadable("the multipart body cannot be taken apart");
    let boundary = multer::parse_boundary(content_type).map_err(broken)?;
    let whole = futures::stream::once(async move { Ok::<_, std::convert::Infallible>(bytes) });
    let mut multipart = multer::Multipart::new(whole, boundary);
    let mut parts = Vec::new();
    while let Some(part) = multipart.next_field().await.map_err(broken)? {
        if parts.len() == PARAMS_MAX {
            return Err(unreadable(&format!("more than {PARAMS_MAX} parts")));
        }
        let name = part.name().unwrap_or_default().to_owned();
        if part.file_name().is_some() {
            return Err(WireError::invalid(name, "is a file, and no method takes one"));
        }
        let value = part.bytes().await.map_err(broken)?;
        let value = String::from_utf8(value.to_vec())
            .map_err(|_error| WireError::platform_because(PlatformCode::InvalidEncoding, "a part is not UTF-8"))?;
        parts.push((name, value));
    }
    Ok(parts)
}

fn too_long() -> WireError {
    WireError::platform_because(
        PlatformCode::InvalidArguments,
        format!("a body longer than {BODY_BYTES_MAX_ANY} bytes, or one that broke off"),
    )
}

fn unreadable(why: &str) -> WireError {
    WireError::platform_because(PlatformCode::ParameterError, why)
}

#[cfg(test)]
mod tests {
    use astrolabe_protocol::sign::{self, SignMethod};
    use astrolabe_protocol::{Door, Envelope, EpochMs, Incoming, Secret};
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(axum::http::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[tokio::test]
    async fn a_body_that_does_not_end_is_given_up() {
        let endless = Body::from_stream(futures::stream::pending::<Result<Bytes, std::convert::Infallible>>());
        let told = read_within(Duration::from_millis(1), &HeaderMap::new(), endless).await.expect_err("does not end");
        assert_eq!(told.code(), PlatformCode::ParameterError);
    }

    #[tokio::test]
    async fn a_zipped_body_is_read_and_a_bomb_is_not() {
        let zipped_headers = headers(&[(CONTENT_ENCODING, "gzip")]);
        let zipped = zip(b"a=1&b=2").expect("zips");
        let read_back = read(&zipped_headers, Body::from(zipped)).await.expect("unzips");
        assert_eq!(&read_back.bytes[..], b"a=1&b=2");

        let bomb = zip(&vec![0; BODY_BYTES_MAX_ANY + 1]).expect("zips");
        assert!(bomb.len() < BODY_BYTES_MAX_ANY / 10);
        assert!(read(&zipped_headers, Body::from(bomb)).await.is_err());
        let plain = vec![b'a'; BODY_BYTES_MAX_ANY + 1];
        assert!(read(&HeaderMap::new(), Body::from(plain)).await.is_err());
        assert!(read(&zipped_headers, Body::from("no gzip")).await.is_err());
        assert!(read(&headers(&[(CONTENT_ENCODING, "br")]), Body::from("x")).await.is_err());
    }

    #[tokio::test]
    async fn multipart_text_parts_are_pairs_and_files_are_refused() {
        let as_python_sends_it = headers(&[(CONTENT_TYPE, "multipart/form-data; boundary=PYTHON_SDK_BOUNDARY")]);
        let text = "--PYTHON_SDK_BOUNDARY\r\nContent-Disposition: form-data; name=\"tid\"\r\n\
                    Content-Type: text/plain; charset=UTF-8\r\n\r\n小王 1\r\n--PYTHON_SDK_BOUNDARY--\r\n";
        let parts = read(&as_python_sends_it, Body::from(text)).await.expect("is taken apart").multipart;
        assert_eq!(parts, Some(vec![("tid".to_owned(), "小王 1".to_owned())]));

        let file = text.replace("form-data; name=\"tid\"", "file; name=\"pic\"; filename=\"a.png\"");
        let refused = read(&as_python_sends_it, Body::from(file)).await.expect_err("files are refused");
        assert_eq!(refused.sub_code().as_deref(), Some("isv.invalid-parameter:pic"));
        assert!(read(&as_python_sends_it, Body::from("no parts")).await.is_err());
    }

    /// The bytes of a multipart body are not signed, what they say is: whatever changes, the parameters are the same or are refused.
    #[tokio::test]
    async fn one_byte_of_a_multipart_body_changes_nothing_or_is_refused() {
        let secret = Secret::new("helloworld");
        let mut pairs = [
            ("method", "taobao.qimen.itemstore.query"),
            ("app_key", "12345678"),
            ("timestamp", "2016-09-22 10:00:00"),
            ("v", "2.0"),
            ("sign_method", "hmac-sha256"),
            ("item_id", "10"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        pairs.push(("sign".to_owned(), sign::sign(SignMethod::HmacSha256, &secret, &pairs, None)));
        let part = |(name, value): &(String, String)| {
            format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\nContent-Type: text/plain\r\n\r\n{value}\r\n"
            )
        };
        let whole = pairs.iter().map(part).collect::<String>() + "--b--\r\n";

        let multipart = headers(&[(CONTENT_TYPE, "multipart/form-data; boundary=b")]);
        let serve = async |body: Vec<u8>| -> Result<String, WireError> {
            let parts = read(&multipart, Body::from(body)).await?.multipart;
            let content_type = Some("multipart/form-data; boundary=b");
            let incoming =
                Incoming { door: Door::Top, query: "", content_type, body: b"", multipart: parts.as_deref() };
            let envelope = Envelope::parse(&incoming).map_err(|refused| refused.error)?;
            envelope.verify(&secret, EpochMs(1_474_509_600_000))?;
            envelope.decode(&|_| false).map(|call| format!("{call:?}"))
        };
        let said = serve(whole.clone().into_bytes()).await.expect("is good");
        let mut refused = 0;
        for at in 0..whole.len() {
            let (before, here, behind) = (&whole.as_bytes()[..at], whole.as_bytes()[at], &whole.as_bytes()[at + 1..]);
            let flipped = (0..8).map(|bit| vec![here ^ (1 << bit)]);
            let others = [vec![], vec![here, b'x'], vec![here, b'\r', b'\n'], vec![here, b'"'], vec![here, b'-']];
            for instead in flipped.chain(others) {
                match serve([before, &instead, behind].concat()).await {
                    Ok(changed) => assert_eq!(changed, said, "{at} {instead:?}"),
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(refused > 3_000, "{refused}");
    }

    #[test]
    fn zipped_answers_go_to_those_who_take_them() {
        let table = [("gzip", true), ("deflate, GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false), ("", false)];
        for (offer, expected) in table {
            assert_eq!(accepts_gzip(&headers(&[(ACCEPT_ENCODING, offer)])), expected, "{offer}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
