//! Third-party packages: the banned ones, and the licences of all.

use cargo_metadata::Metadata;
use cargo_metadata::semver::Version;

use super::Finding;
use super::licence;

/// A package from a registry.
#[derive(Debug)]
pub(crate) struct ThirdParty {
    name: String,
    version: Version,
    licence: Option<String>,
}

/// A package that may not be in the tree, below a version or at all, and what to use.
struct Ban {
    name: &'static str,
    below: Option<Version>,
    instead: &'static str,
}

const TLS_INSTEAD: &str = "use rustls with the ring provider (features `rustls-no-provider` or `ring`); `cargo tree -i NAME` shows who brings it";

static BANS: [Ban; 4] = [
    Ban { name: "openssl-sys", below: None, instead: TLS_INSTEAD },
    Ban { name: "aws-lc-sys", below: None, instead: TLS_INSTEAD },
    Ban { name: "aws-lc-rs", below: None, instead: TLS_INSTEAD },
    Ban {
        name: "quick-xml",
        below: Some(Version::new(0, 42, 0)),
        instead: "raise it to 0.42 or later: before, a small document can occupy the server for ever",
    },
];

pub(crate) fn third_party(metadata: &Metadata) -> Vec<ThirdParty> {
    let foreign = metadata.packages.iter().filter(|package| package.source.is_some());
    foreign
        .map(|package| ThirdParty {
            name: package.name.to_string(),
            version: package.version.clone(),
            licence: package.license.clone(),
        })
        .collect()
}

pub(crate) fn check(packages: &[ThirdParty]) -> Vec<Finding> {
    let banned = packages.iter().flat_map(|package| BANS.iter().filter_map(|ban| check_ban(package, ban)));
    banned.chain(packages.iter().filter_map(check_licence)).collect()
}

fn check_ban(package: &ThirdParty, ban: &Ban) -> Option<Finding> {
    let hit = package.name == ban.name && ban.below.as_ref().is_none_or(|below| package.version < *below);
    hit.then(|| Finding::new(place(package), "is banned", ban.instead))
}

fn check_licence(package: &ThirdParty) -> Option<Finding> {
    let stated = package.licence.as_deref().unwrap_or("");
    (!licence::is_accepted(stated)).then(|| {
        let what = format!("is under `{stated}`, which is not on the list of accepted licences");
        let instead =
            "choose another package; a licence as free as those in xtask/src/tidy/licence.rs may be added there";
        Finding::new(place(package), what, instead)
    })
}

fn place(package: &ThirdParty) -> String {
    format!("package {} {}", package.name, package.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, licence: Option<&str>) -> ThirdParty {
        ThirdParty { name: name.to_owned(), version: version.parse().unwrap(), licence: licence.map(str::to_owned) }
    }

    #[test]
    fn bans() {
        for (name, version, found) in [
            ("openssl-sys", "0.9.100", 1),
            ("aws-lc-sys", "0.30.0", 1),
            ("aws-lc-rs", "1.14.0", 1),
            ("quick-xml", "0.41.9", 1),
            ("quick-xml", "0.42.0", 0),
            ("rustls", "0.23.0", 0),
        ] {
            assert_eq!(check(&[package(name, version, Some("MIT"))]).len(), found, "{name} {version}");
        }
    }

    #[test]
    fn a_package_needs_an_accepted_licence() {
        let findings = check(&[
            package("free", "1.0.0", Some("MIT OR Apache-2.0")),
            package("copyleft", "1.0.0", Some("AGPL-3.0-only")),
            package("silent", "1.0.0", None),
        ]);
        let places: Vec<&str> = findings.iter().map(|finding| finding.place.as_str()).collect();
        assert_eq!(places, ["package copyleft 1.0.0", "package silent 1.0.0"]);
    }
}
