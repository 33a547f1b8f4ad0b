//! Registering addresses: what is wrong with one is said when it is written down, not when an order needs it.
//!
//! Called by `apply` and by the REST side. That a name resolves to a private address shows only when it is dialled.

use astrolabe_protocol::limits::SIGNED_HEADERS_MAX;
use astrolabe_protocol::spi;
use astrolabe_store::{Environment, SpiAddress, SpiAddresses};

use crate::outward::guard::{Reach, check_url};
use crate::outward::mask;

/// Longest address, in characters.
const URL_CHARS_MAX: usize = 2_048;
/// Longest value of a header, in characters.
const HEADER_CHARS_MAX: usize = 256;
/// How long an attempt may be allowed to take, in milliseconds; at most, so that it is shorter than the lease of a call.
const WITHIN_MS: std::ops::RangeInclusive<i64> = 100..=15_000;
/// Headers that are the protocol's own or say how a message is framed.
const RESERVED_HEADERS: [&str; 12] = [
    spi::SIGN_LIST,
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "user-agent",
];

/// What is wrong with registered addresses, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct AddressFault {
    /// The path of the field below the app's `spi`, or `use_test`.
    pub field: String,
    pub problem: String,
}

fn fault(field: impl Into<String>, problem: impl Into<String>) -> AddressFault {
    AddressFault { field: field.into(), problem: problem.into() }
}

/// Checks an app's addresses and writes the methods' names as the catalogue has them.
///
/// # Errors
/// The first [`AddressFault`].
pub fn check_addresses(addresses: SpiAddresses) -> Result<SpiAddresses, AddressFault> {
    let mut checked = SpiAddresses { methods: Default::default(), ..addresses };
    for (name, bound) in addresses.methods {
        let path = format!("methods.{name}");
        let Some(method) = spi::find(&name) else {
            let known: Vec<&str> = spi::methods().map(|method| method.name).collect();
            return Err(fault(path, format!("is no SPI; there are {}", known.join(", "))));
        };
        if bound.online.is_none() && bound.test.is_none() {
            return Err(fault(path, "names neither an online nor a test address"));
        }
        if checked.methods.insert(method.name.to_owned(), bound).is_some() {
            return Err(fault(path, "is named twice"));
        }
    }
    for (field, address) in places(&checked) {
        check_address(&field, address)?;
    }
    if checked.use_test && !has_test(&checked) {
        return Err(fault("use_test", "asks for test addresses, and there is none"));
    }
    Ok(checked)
}

fn has_test(addresses: &SpiAddresses) -> bool {
    addresses.test.is_some() || addresses.methods.values().any(|bound| bound.test.is_some())
}

/// Every address with the path of its field.
fn places(addresses: &SpiAddresses) -> impl Iterator<Item = (String, &SpiAddress)> {
    let own = [(Environment::Online, &addresses.online), (Environment::Test, &addresses.test)]
        .map(|(environment, address)| (environment.name().to_owned(), address));
    let bound = addresses.methods.iter().flat_map(|(name, bound)| {
        [(Environment::Online, &bound.online), (Environment::Test, &bound.test)]
            .map(|(environment, address)| (format!("methods.{name}.{}", environment.name()), address))
    });
    own.into_iter().chain(bound).filter_map(|(field, address)| Some((field, address.as_ref()?)))
}

fn check_address(field: &str, address: &SpiAddress) -> Result<(), AddressFault> {
    let at = |part: &str| format!("{field}.{part}");
    if address.url.chars().count() > URL_CHARS_MAX {
        return Err(fault(at("url"), format!("is longer than {URL_CHARS_MAX} characters")));
    }
    // Whether a private network may be called is the deployment's setting of today, and looked at with every call.
    let anywhere = Reach { everywhere: true, networks: Vec::new() };
    let url = check_url(&address.url, &anywhere).map_err(|refused| fault(at("url"), refused.to_string()))?;
    if let Some((name, _)) = url.query_pairs().find(|(name, _)| is_protocol_parameter(name)) {
        return Err(fault(at("url"), format!("has a parameter {name:?}, which the protocol itself sends")));
    }
    if let Some(within) = address.within_ms
        && !WITHIN_MS.contains(&within)
    {
        let (least, most) = (WITHIN_MS.start(), WITHIN_MS.end());
        return Err(fault(at("within_ms"), format!("must be {least} to {most}, not {within}")));
    }
    check_headers(&at("headers"), address)
}

fn check_headers(field: &str, address: &SpiAddress) -> Result<(), AddressFault> {
    if address.headers.len() > SIGNED_HEADERS_MAX {
        return Err(fault(field, format!("are more than {SIGNED_HEADERS_MAX}")));
    }
    for (name, value) in &address.headers {
        let lower = name.to_ascii_lowercase();
        let at = format!("{field}.{name}");
        if reqwest::header::HeaderName::try_from(name).is_err() {
            return Err(fault(at, "is no name of a header"));
        }
        if RESERVED_HEADERS.contains(&lower.as_str()) {
            return Err(fault(at, "is set by the protocol itself"));
        }
        if *name != lower {
            return Err(fault(at, "must be written in small letters, because its name is signed as it is written"));
        }
        if value.chars().count() > HEADER_CHARS_MAX || value.chars().any(char::is_control) {
            return Err(fault(at, format!("must be at most {HEADER_CHARS_MAX} characters without line breaks")));
        }
    }
    Ok(())
}

fn is_protocol_parameter(name: &str) -> bool {
    ["method", "app_key", "timestamp", "format", "v", "sign_method", "sign"].contains(&name)
}

/// Puts back what was shown masked and comes back unchanged: whoever changes one field need not know the others' secrets.
///
/// # Errors
/// [`AddressFault`] for a mask that stands where nothing was.
pub(crate) fn unmask(mut wanted: SpiAddresses, present: &SpiAddresses) -> Result<SpiAddresses, AddressFault> {
    let shown = mask::shown_addresses(present);
    let own = [
        ("online", &mut wanted.online, &present.online, &shown.online),
        ("test", &mut wanted.test, &present.test, &shown.test),
    ];
    for (field, wanted, present, shown) in own {
        unmask_address(field, wanted, present.as_ref().zip(shown.as_ref()))?;
    }
    for (name, wanted) in &mut wanted.methods {
        let bound = present.methods.get(name).zip(shown.methods.get(name));
        let online = bound.and_then(|(present, shown)| present.online.as_ref().zip(shown.online.as_ref()));
        let test = bound.and_then(|(present, shown)| present.test.as_ref().zip(shown.test.as_ref()));
        unmask_address(&format!("methods.{name}.online"), &mut wanted.online, online)?;
        unmask_address(&format!("methods.{name}.test"), &mut wanted.test, test)?;
    }
    Ok(wanted)
}

fn unmask_address(
    field: &str,
    wanted: &mut Option<SpiAddress>,
    known: Option<(&SpiAddress, &SpiAddress)>,
) -> Result<(), AddressFault> {
    let Some(wanted) = wanted else { return Ok(()) };
    let masked = |place: String| fault(place, "is masked, and there is nothing it could stand for: give the value");
    if mask::is_masked(&wanted.url) {
        match known {
            Some((present, shown)) if shown.url == wanted.url => wanted.url.clone_from(&present.url),
            Some(_) | None => return Err(masked(format!("{field}.url"))),
        }
    }
    for (name, value) in wanted.headers.iter_mut().filter(|(_, value)| mask::is_masked(value)) {
        match known.and_then(|(present, shown)| present.headers.get(name).zip(shown.headers.get(name))) {
            Some((present, shown)) if shown == value => value.clone_from(present),
            Some(_) | None => return Err(masked(format!("{field}.headers.{name}"))),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> SpiAddresses {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        let many = (0..33).map(|n| format!(r#""x-{n}":"v""#)).collect::<Vec<_>>().join(",");
        let table = [
            (r#"{"online":"isv.example.com"}"#.to_owned(), "online.url: the registered address is not a URL"),
            (r#"{"test":"ftp://isv.example.com"}"#.to_owned(), "test.url: only http and https"),
            (r#"{"online":"http://u:p@isv.example.com"}"#.to_owned(), "online.url: the address has user name"),
            (r#"{"online":"http://isv/?sign=1"}"#.to_owned(), "online.url: has a parameter \"sign\""),
            (
                r#"{"online":{"url":"http://isv/","within_ms":20000}}"#.to_owned(),
                "online.within_ms: must be 100 to 15000",
            ),
            (r#"{"online":{"url":"http://isv/","headers":{"Host":"x"}}}"#.to_owned(), "online.headers.Host: is set by"),
            (
                r#"{"online":{"url":"http://isv/","headers":{"X-A":"x"}}}"#.to_owned(),
                "online.headers.X-A: must be written",
            ),
            (r#"{"online":{"url":"http://isv/","headers":{"a b":"x"}}}"#.to_owned(), "online.headers.a b: is no name"),
            (
                r#"{"online":{"url":"http://isv/","headers":{"x-a":"x\ny"}}}"#.to_owned(),
                "online.headers.x-a: must be at most",
            ),
            (
                format!(r#"{{"online":{{"url":"http://isv/","headers":{{{many}}}}}}}"#),
                "online.headers: are more than 32",
            ),
            (
                r#"{"methods":{"taobao.trade.get":{"online":"http://isv/"}}}"#.to_owned(),
                "methods.taobao.trade.get: is no SPI",
            ),
            (
                r#"{"methods":{"taobao.qimen.omniorder.allocate":{}}}"#.to_owned(),
                "methods.taobao.qimen.omniorder.allocate: names neither",
            ),
            (
                r#"{"methods":{"taobao.qimen.omniorder.allocate":{"test":"x"}}}"#.to_owned(),
                "methods.taobao.qimen.omniorder.allocate.test.url: the registered",
            ),
            (r#"{"online":"http://isv/","use_test":true}"#.to_owned(), "use_test: asks for"),
        ];
        for (json, said) in table {
            let error = check_addresses(read(&json)).unwrap_err().to_string();
            assert!(error.starts_with(said), "{json}: {error}");
        }
    }

    #[test]
    fn methods_are_named_as_the_catalogue_has_them() {
        let given = r#"{"test":"http://127.0.0.1/","use_test":true,
            "methods":{"TAOBAO.qimen.OmniOrder.Allocate":{"online":"https://isv/a?tenant=1"}}}"#;
        let checked = check_addresses(read(given)).unwrap();
        assert_eq!(checked.methods.keys().collect::<Vec<_>>(), ["taobao.qimen.omniorder.allocate"]);
    }

    #[test]
    fn a_mask_stands_for_what_was_there_and_for_nothing_else() {
        let present = read(
            r#"{"online":{"url":"http://isv/?token=hush","headers":{"x-token":"hush","x-a":"1"}},
                "methods":{"m":{"test":"http://m/?token=hush"}}}"#,
        );
        let mut wanted = mask::shown_addresses(&present);
        wanted.use_test = true;
        let unmasked = unmask(wanted.clone(), &present).unwrap();
        assert_eq!(unmasked, SpiAddresses { use_test: true, ..present.clone() });
        wanted.online = Some(SpiAddress::plain("http://other/?token=***"));
        assert_eq!(unmask(wanted, &present).unwrap_err().field, "online.url");
        let moved = read(r#"{"test":{"url":"http://isv/","headers":{"x-token":"***"}}}"#);
        assert_eq!(unmask(moved, &present).unwrap_err().field, "test.headers.x-token");
    }
}
