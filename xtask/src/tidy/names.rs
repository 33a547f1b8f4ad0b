//! Files by their names and place: what may not be committed, what must be there, and words that say nothing.

use super::{Finding, SourceFile};

/// Names that gather whatever has no better place, and so hide what they hold.
const VAGUE: [&str; 13] = [
    "util",
    "utils",
    "utilities",
    "helper",
    "helpers",
    "common",
    "misc",
    "manager",
    "managers",
    "service",
    "services",
    "stuff",
    "shared",
];

const VAGUE_INSTEAD: &str = "name it after the one thing it holds, or move each part to where it is used";

pub(crate) fn check(files: &[SourceFile]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = files.iter().flat_map(check_path).collect();
    findings.extend(files.iter().filter(|file| is_member_manifest(&file.path)).filter_map(check_lints));
    findings.extend(check_readmes(files));
    findings
}

fn check_path(file: &SourceFile) -> Option<Finding> {
    let path = &file.path;
    let parts: Vec<&str> = path.split('/').collect();
    if let Some(part) = parts.iter().find(|part| ["dist", "node_modules"].contains(part)) {
        let instead = "remove it with `git rm --cached`: it is built, or comes from its registry, where it is needed";
        return Some(Finding::new(path, format!("lies in `{part}`"), instead));
    }
    if path.ends_with(".min.js") || path.ends_with(".min.css") {
        return Some(Finding::new(path, "is compressed code", "name the package it comes from in a package.json"));
    }
    let stem = |part: &str| part.split('.').next().unwrap_or("").to_lowercase();
    let vague = parts.iter().find(|part| VAGUE.contains(&stem(part).as_str()))?;
    Some(Finding::new(path, format!("`{vague}` does not say what it holds"), VAGUE_INSTEAD))
}

/// A module written inside another file hides as well as one with a file of its own.
pub(crate) fn vague_module(line: &str) -> Option<Finding> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
    if words.next() != Some("mod") {
        return None;
    }
    let name = words.next()?.trim_end_matches([';', '{']);
    VAGUE
        .contains(&name)
        .then(|| Finding::new("", format!("module `{name}` does not say what it holds"), VAGUE_INSTEAD))
}

fn is_member_manifest(path: &str) -> bool {
    let in_crates = path.strip_prefix("crates/").and_then(|rest| rest.split_once('/'));
    path == "xtask/Cargo.toml" || in_crates.is_some_and(|(_, rest)| rest == "Cargo.toml")
}

fn check_lints(manifest: &SourceFile) -> Option<Finding> {
    let mut lines = manifest.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let inherits = lines.find(|line| *line == "[lints]").is_some() && lines.next() == Some("workspace = true");
    (!inherits).then(|| {
        let instead = "add `[lints]` with `workspace = true`; an exception belongs at its place in the code";
        Finding::new(&manifest.path, "does not take the lints of the workspace", instead)
    })
}

fn check_readmes(files: &[SourceFile]) -> Option<Finding> {
    let has = |name: &str| files.iter().any(|file| file.path == name);
    let instead = "write the other one too: both languages say the same";
    match (has("README.md"), has("README.zh-CN.md")) {
        (true, false) => Some(Finding::new("README.md", "has no README.zh-CN.md beside it", instead)),
        (false, true) => Some(Finding::new("README.zh-CN.md", "has no README.md beside it", instead)),
        (true, true) | (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn paths() {
        for (path, found) in [
            ("crates/astrolabe-core/src/stock/cell.rs", false),
            ("crates/astrolabe-server/src/gateway/qimen_service.rs", false),
            ("crates/astrolabe-core/src/utils.rs", true),
            ("crates/astrolabe-server/src/common/mod.rs", true),
            ("crates/astrolabe-store/tests/helpers.rs", true),
            ("console/src/OrderManager.tsx", false),
            ("console/src/manager.tsx", true),
            ("console/dist/index.html", true),
            ("tests/sdk/node/node_modules/request/index.js", true),
            ("console/src/chart.min.js", true),
            ("docs/distribution.md", false),
        ] {
            assert_eq!(check(&[file(path, "")]).len(), usize::from(found), "{path}");
        }
    }

    #[test]
    fn modules() {
        for (line, found) in [
            ("mod utils;", true),
            ("pub(crate) mod helpers {", true),
            ("    pub mod common;", true),
            ("mod ledger;", false),
            ("// mod utils;", false),
            ("use crate::common;", false),
        ] {
            assert_eq!(vague_module(line).is_some(), found, "{line}");
        }
    }

    #[test]
    fn every_crate_takes_the_lints_of_the_workspace() {
        let inherits = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n";
        let own = "[package]\nname = \"a\"\n[lints]\nrust = {}\n\n[dependencies]\nserde.workspace = true\n";
        for (path, text, found) in [
            ("crates/a/Cargo.toml", inherits, 0),
            ("crates/a/Cargo.toml", own, 1),
            ("xtask/Cargo.toml", "[package]\n", 1),
            ("Cargo.toml", "[workspace]\n", 0),
            ("crates/a/tests/fixture/Cargo.toml", "[package]\n", 0),
        ] {
            assert_eq!(check(&[file(path, text)]).len(), found, "{path} {text}");
        }
    }

    #[test]
    fn both_readmes_or_none() {
        let both = [file("README.md", ""), file("README.zh-CN.md", "")];
        assert_eq!(check(&both).len(), 0);
        assert_eq!(check(&both[..1]).len(), 1);
        assert_eq!(check(&both[1..]).len(), 1);
        assert_eq!(check(&[]).len(), 0);
    }
}
