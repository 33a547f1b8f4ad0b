//! Which addresses a call outward may go to. A merchant types the URL; it must not reach our own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Why a URL is not called.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum AddressRefused {
    #[error("the registered address is not a URL")]
    NotAUrl,
    #[error("only http and https addresses are called")]
    Scheme,
    #[error("the address has user name or password in it")]
    Credentials,
    #[error("the address lies in a private or reserved network")]
    Private,
}

/// Checks what can be checked without a look-up. Names are checked when they are resolved, at every dial.
pub(super) fn check_url(address: &str, allow_private: bool) -> Result<Url, AddressRefused> {
    let url = Url::parse(address).map_err(|_| AddressRefused::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(AddressRefused::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressRefused::Credentials);
    }
    let literal = match url.host() {
        Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
        Some(Host::Domain(_)) => None,
        None => return Err(AddressRefused::NotAUrl),
    };
    match literal {
        Some(ip) if !allow_private && !is_public(ip) => Err(AddressRefused::Private),
        Some(_) | None => Ok(url),
    }
}

/// Whether an address is on the public internet, as far as its number tells.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b)))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    // Addresses that carry an IPv4 one inside are judged by that.
    if let Some(inner) = ip.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    if segments[0] == 0x64 && segments[1] == 0xff9b {
        return false;
    }
    let global_unicast = segments[0] & 0xe000 == 0x2000;
    let documentation = segments[0] == 0x2001 && segments[1] == 0xdb8;
    let teredo = segments[0] == 0x2001 && segments[1] == 0;
    let six_to_four = segments[0] == 0x2002;
    global_unicast && !documentation && !teredo && !six_to_four
}

/// Resolves names and gives only addresses that may be dialled, so that a name cannot point inside after a check.
#[derive(Clone, Copy, Debug)]
pub(super) struct GuardedResolver {
    pub(super) allow_private: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| allow_private || is_public(address.ip())).collect();
            if allowed.is_empty() {
                return Err(AddressRefused::Private.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_called() {
        let table = [
            ("http://93.184.216.34/spi", Ok(())),
            ("https://isv.example.com/spi", Ok(())),
            ("http://127.0.0.1/", Err(AddressRefused::Private)),
            ("http://2130706433/", Err(AddressRefused::Private)),
            ("http://0x7f.1/", Err(AddressRefused::Private)),
            ("http://10.1.2.3/", Err(AddressRefused::Private)),
            ("http://169.254.169.254/latest/meta-data", Err(AddressRefused::Private)),
            ("http://100.64.0.1/", Err(AddressRefused::Private)),
            ("http://0.0.0.0/", Err(AddressRefused::Private)),
            ("http://[::1]/", Err(AddressRefused::Private)),
            ("http://[::ffff:127.0.0.1]/", Err(AddressRefused::Private)),
            ("http://[64:ff9b::7f00:1]/", Err(AddressRefused::Private)),
            ("http://[fd00::1]/", Err(AddressRefused::Private)),
            ("http://[2002:7f00:1::]/", Err(AddressRefused::Private)),
            ("file:///etc/passwd", Err(AddressRefused::Scheme)),
            ("gopher://isv.example.com/", Err(AddressRefused::Scheme)),
            ("http://user:pass@isv.example.com/", Err(AddressRefused::Credentials)),
            ("isv.example.com", Err(AddressRefused::NotAUrl)),
        ];
        for (address, expected) in table {
            assert_eq!(check_url(address, false).map(|_| ()), expected, "{address}");
        }
        assert!(check_url("http://127.0.0.1:9/", true).is_ok());
    }
}
