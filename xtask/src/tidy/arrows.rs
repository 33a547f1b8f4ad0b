//! Which crate may know which. A crate exists because of what it must not see; this is the list of what it may.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Metadata};

use super::Finding;

/// Every crate of ours and the crates of ours it may depend on, tests included.
const ARROWS: [(&str, &[&str]); 8] = [
    ("astrolabe-core", &[]),
    ("astrolabe-protocol", &[]),
    ("astrolabe-store", &["astrolabe-core"]),
    ("astrolabe-server", &["astrolabe-core", "astrolabe-protocol", "astrolabe-store"]),
    ("astrolabe-rehearsal", &["astrolabe-protocol"]),
    // A tool of the workshop: nothing that ships may know it.
    ("astrolabe-sim", &["astrolabe-core", "astrolabe-store"]),
    (
        "astrolabe",
        &["astrolabe-core", "astrolabe-protocol", "astrolabe-store", "astrolabe-server", "astrolabe-rehearsal"],
    ),
    ("xtask", &[]),
];

/// What the domain needs from others: names for its data, the text of a kept decision, and errors. Nothing that reads, waits, draws or logs.
const CORE_DEPENDENCIES: [&str; 3] = ["serde", "serde_json", "thiserror"];

/// A crate of the workspace, as far as the rules look at it.
#[derive(Debug)]
pub(crate) struct Member {
    name: String,
    dependencies: BTreeSet<String>,
    /// Without those of its tests.
    shipped_dependencies: BTreeSet<String>,
}

pub(crate) fn members(metadata: &Metadata) -> Vec<Member> {
    let packages = metadata.workspace_packages();
    packages
        .iter()
        .map(|package| Member {
            name: package.name.to_string(),
            dependencies: package.dependencies.iter().map(|dependency| dependency.name.clone()).collect(),
            shipped_dependencies: package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind != DependencyKind::Development)
                .map(|dependency| dependency.name.clone())
                .collect(),
        })
        .collect()
}

pub(crate) fn check(members: &[Member]) -> Vec<Finding> {
    let ours: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let mut findings: Vec<Finding> = members.iter().flat_map(|member| check_arrows(member, &ours)).collect();
    findings.extend(members.iter().filter(|member| member.name == "astrolabe-core").flat_map(check_core));
    findings
}

fn check_arrows(member: &Member, ours: &BTreeSet<&str>) -> Vec<Finding> {
    let place = format!("crate {}", member.name);
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == member.name) else {
        let instead = "say in docs/decisions/ what this crate must not see, then add it to xtask/src/tidy/arrows.rs";
        return vec![Finding::new(place, "is a crate without a place in the arrows", instead)];
    };
    let known = member.dependencies.iter().filter(|name| ours.contains(name.as_str()));
    known
        .filter(|name| !allowed.contains(&name.as_str()))
        .map(|name| {
            let may = if allowed.is_empty() { "no crate of ours".to_owned() } else { allowed.join(", ") };
            Finding::new(
                place.clone(),
                format!("depends on {name}, but may know {may}"),
                "pass what is needed in as a value or a trait of this crate, or write a decision in docs/decisions/",
            )
        })
        .collect()
}

fn check_core(core: &Member) -> Vec<Finding> {
    let foreign = core.shipped_dependencies.iter().filter(|name| !name.starts_with("astrolabe"));
    foreign
        .filter(|name| !CORE_DEPENDENCIES.contains(&name.as_str()))
        .map(|name| {
            Finding::new(
                "crate astrolabe-core",
                format!("depends on {name}; it may use {} only", CORE_DEPENDENCIES.join(" and ")),
                "take the time, the random draw or the parsed value as an argument, and do the work in the crate that calls",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, shipped: &[&str], for_tests: &[&str]) -> Member {
        let shipped_dependencies: BTreeSet<String> = shipped.iter().map(|&name| name.to_owned()).collect();
        let mut dependencies = shipped_dependencies.clone();
        dependencies.extend(for_tests.iter().map(|&name| name.to_owned()));
        Member { name: name.to_owned(), dependencies, shipped_dependencies }
    }

    fn lawful() -> Vec<Member> {
        vec![
            member("astrolabe-core", &["serde", "thiserror"], &["proptest"]),
            member("astrolabe-protocol", &["quick-xml"], &[]),
            member("astrolabe-store", &["astrolabe-core", "rusqlite"], &[]),
            member("astrolabe-server", &["astrolabe-core", "astrolabe-protocol", "astrolabe-store"], &[]),
            member("astrolabe-rehearsal", &["astrolabe-protocol"], &[]),
            member("astrolabe-sim", &["astrolabe-core", "astrolabe-store"], &[]),
            member("astrolabe", &["astrolabe-server", "astrolabe-rehearsal"], &[]),
            member("xtask", &["clap"], &[]),
        ]
    }

    #[test]
    fn lawful_arrows_pass() {
        assert_eq!(check(&lawful()), Vec::new());
    }

    #[test]
    fn each_forbidden_arrow_is_found() {
        for (from, to) in [
            ("astrolabe-core", "astrolabe-protocol"),
            ("astrolabe-protocol", "astrolabe-core"),
            ("astrolabe-store", "astrolabe-protocol"),
            ("astrolabe-server", "astrolabe-rehearsal"),
            ("astrolabe-rehearsal", "astrolabe-server"),
            ("astrolabe-server", "astrolabe"),
            ("astrolabe", "xtask"),
            ("astrolabe-server", "astrolabe-sim"),
            ("astrolabe-sim", "astrolabe-server"),
        ] {
            let mut members = lawful();
            let member = members.iter_mut().find(|member| member.name == from).unwrap();
            member.dependencies.insert(to.to_owned());
            let findings = check(&members);
            assert_eq!(findings.len(), 1, "{from} → {to}: {findings:?}");
            assert!(findings[0].what.contains(to), "{findings:?}");
        }
    }

    #[test]
    fn core_ships_with_its_short_list_only_but_tests_with_what_they_like() {
        let findings = check(&[member("astrolabe-core", &["serde", "jiff"], &["insta"])]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].what.contains("jiff"), "{findings:?}");
    }

    #[test]
    fn a_new_crate_needs_a_place() {
        let findings = check(&[member("astrolabe-extras", &[], &[])]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].instead.contains("docs/decisions"), "{findings:?}");
    }
}
