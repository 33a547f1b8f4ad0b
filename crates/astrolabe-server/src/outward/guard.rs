//! Which addresses a call outward may go to. A merchant types the URL; it must not reach our own network.
//!
//! A URL is checked before every call, and a name's addresses at every dial, so that a name cannot point inside after a check.
//! Callers: [`crate::outward::dial`], and whoever registers an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use std::str::FromStr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A network by its prefix: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

/// Which addresses may be called beside those on the public internet.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Reach {
    pub(crate) everywhere: bool,
    pub(crate) networks: Vec<Network>,
}

/// Why a URL is not called.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum AddressRefused {
    #[error("the registered address is not a URL")]
    NotAUrl,
    #[error("only http and https addresses are called")]
    Scheme,
    #[error("the address has user name or password in it")]
    Credentials,
    #[error("the address lies in a private or reserved network that allowed_networks does not name")]
    Private,
}

/// Checks what can be checked without a look-up. Names are checked when they are resolved, at every dial.
pub(crate) fn check_url(address: &str, reach: &Reach) -> Result<Url, AddressRefused> {
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
        Some(ip) if !reach.allows(ip) => Err(AddressRefused::Private),
        Some(_) | None => Ok(url),
    }
}

impl Reach {
    pub(super) fn allows(&self, ip: IpAddr) -> bool {
        // An IPv4 address may come written as an IPv6 one.
        let ip = ip.to_canonical();
        self.everywhere || is_public(ip) || self.networks.iter().any(|network| network.contains(ip))
    }
}

impl Network {
    fn contains(self, ip: IpAddr) -> bool {
        match (self.base, ip) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                base.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V6(base), IpAddr::V6(ip)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                base.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{text:?} is no network: write 10.0.0.0/8, fd00::/8, or one address");
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits.parse::<u8>().map_err(|_| refused())?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| refused())?;
        let widest = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(widest);
        if bits > widest { Err(refused()) } else { Ok(Self { base, bits }) }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        format!("{}/{}", network.base, network.bits)
    }
}

/// Whether an address is on the public internet, as far as its number tells.
fn is_public(ip: IpAddr) -> bool {
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
#[derive(Clone, Debug)]
pub(super) struct GuardedResolver(pub(super) Arc<Reach>);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| reach.allows(address.ip())).collect();
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
            assert_eq!(check_url(address, &Reach::default()).map(|_| ()), expected, "{address}");
        }
        let everywhere = Reach { everywhere: true, networks: Vec::new() };
        assert!(check_url("http://127.0.0.1:9/", &everywhere).is_ok());
    }

    #[test]
    fn a_deployment_allows_networks_of_its_own() {
        let networks = ["10.1.0.0/16", "192.168.7.9", "fd00:1::/32", "0.0.0.0/32"].map(|text| text.parse().unwrap());
        let reach = Reach { everywhere: false, networks: networks.to_vec() };
        let table = [
            ("http://10.1.255.1/", true),
            ("http://10.2.0.1/", false),
            ("http://192.168.7.9/", true),
            ("http://192.168.7.8/", false),
            ("http://[::ffff:10.1.0.1]/", true),
            ("http://[::ffff:10.2.0.1]/", false),
            ("http://[fd00:1::9]/", true),
            ("http://[fd00:2::9]/", false),
            ("http://93.184.216.34/", true),
            ("http://127.0.0.1/", false),
        ];
        for (address, allowed) in table {
            assert_eq!(check_url(address, &reach).is_ok(), allowed, "{address}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("127.0.0.1".parse().unwrap()) && !all.contains("::1".parse().unwrap()));
    }

    #[test]
    fn a_network_that_is_none_is_named() {
        for text in ["", "10.0.0.0/33", "fd00::/129", "10.0.0.0/x", "intranet", "10.0.0/8"] {
            let error = text.parse::<Network>().unwrap_err();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
        for text in ["10.0.0.0/8", "fd00::/8", "127.0.0.1/32"] {
            assert_eq!(String::from(text.parse::<Network>().unwrap()), text);
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_the_addresses_it_has_when_it_is_dialled() {
        let resolve = async |reach: Reach| {
            let name: Name = "localhost".parse().unwrap();
            GuardedResolver(Arc::new(reach)).resolve(name).await.map(|found| found.count())
        };
        let refused = resolve(Reach::default()).await.map(|_| ()).unwrap_err();
        assert_eq!(refused.downcast_ref(), Some(&AddressRefused::Private));
        let loopback = ["127.0.0.0/8", "::1"].map(|text| text.parse().unwrap()).to_vec();
        assert!(resolve(Reach { everywhere: false, networks: loopback }).await.unwrap() > 0);
        assert!(resolve(Reach { everywhere: true, networks: Vec::new() }).await.unwrap() > 0);
    }
}
