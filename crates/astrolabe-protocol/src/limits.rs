//! Every bound of the wire, by name. The server puts [`crate::Method::body_bytes_max`] and
//! [`BODY_BYTES_MAX_ANY`] on its body limit; the rest is enforced here.

/// Largest request body of an ordinary method, in bytes.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Largest request body of a batch stock call, in bytes.
pub const BODY_BYTES_MAX_BATCH: usize = 4 << 20;
/// Largest request body of any method: what the server may read before the method is known.
pub const BODY_BYTES_MAX_ANY: usize = BODY_BYTES_MAX_BATCH;
/// Longest query string, in bytes. HTTP libraries take no longer request line than 65,534 bytes; what is refused here is
/// answered as every other call is.
pub const QUERY_BYTES_MAX: usize = 60 << 10;
/// Parameters of one request, query and form together.
pub const PARAMS_MAX: usize = 256;
/// Deepest nesting of XML elements, and of JSON objects and arrays.
pub const DEPTH_MAX: usize = 32;
/// Attributes of one XML element.
pub const ATTRIBUTES_MAX: usize = 64;
/// Longest XML document, in bytes: an answer with a page of trades is longer than any request.
pub const DOCUMENT_BYTES_MAX: usize = 64 << 20;
/// Elements of one XML document.
pub const ELEMENTS_MAX: usize = 250_000;
/// Members and items of one JSON text.
pub const JSON_NODES_MAX: usize = 250_000;
/// Members and items that a JSON text may have whatever its length.
pub const JSON_NODES_FREE: usize = 4_096;
/// Bytes that every further member or item must bring on average. What the catalogue describes brings more, names included;
/// a text of fewer is made to fill our memory.
pub const JSON_NODE_BYTES_MIN: usize = 12;
/// Members of one JSON object.
pub const JSON_MEMBERS_MAX: usize = 1_024;
/// Longest text of one field, in bytes.
pub const TEXT_BYTES_MAX: usize = 64 << 10;
/// Items of a list that no document bounds otherwise.
pub const ITEMS_MAX: usize = 10_000;
/// How far a request's timestamp may lie from our clock, either way, in milliseconds.
pub const TIMESTAMP_SKEW_MS_MAX: i64 = 10 * 60 * 1000;
/// How far an SPI call's timestamp may lie in the past for a receiver (published samples: 5 minutes).
pub const SPI_AGE_MS_MAX: i64 = 5 * 60 * 1000;
/// Headers that `top-sign-list` may name.
pub const SIGNED_HEADERS_MAX: usize = 32;
