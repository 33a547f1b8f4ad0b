//! `cargo xtask tidy`: the rules of the house that a compiler or linter does not know, each with what to do instead.
//!
//! The checks are pure functions of what is read here: cargo's metadata and the files git would commit. They find, they
//! never change anything. Called by people, and by `ci` first because it is the quickest to fail.

mod arrows;
mod licence;
mod lines;
mod names;
mod packages;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;

use cargo_metadata::{Metadata, MetadataCommand};

use crate::checkout::Checkout;
use crate::failure::{Failure, OrFail, Outcome};
use crate::run::Run;
use crate::say;

/// One breach of a rule: where, what, and what to do instead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    place: String,
    what: String,
    instead: String,
}

impl Finding {
    pub(crate) fn new(place: impl Into<String>, what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), instead: instead.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n      instead: {}", self.place, self.what, self.instead)
    }
}

/// A file as git would commit it.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// From the root, with `/`.
    pub(crate) path: String,
    /// Empty for a file that is not text.
    pub(crate) text: String,
}

pub(crate) fn run(checkout: &Checkout) -> Outcome {
    say::step("Checking the rules of the house (tidy)");
    let metadata = metadata(checkout)?;
    let files = files(checkout)?;

    let mut findings = arrows::check(&arrows::members(&metadata));
    findings.extend(packages::check(&packages::third_party(&metadata)));
    findings.extend(names::check(&files));
    findings.extend(files.iter().flat_map(lines::check));
    if findings.is_empty() {
        say::note(&format!("{} files and {} packages are in order", files.len(), metadata.packages.len()));
        return Ok(());
    }
    for finding in &findings {
        say::note(&finding.to_string());
    }
    Err(Failure::new(format!("tidy found {} things", findings.len()), "each line above says what to do instead"))
}

pub(crate) fn workspace_members(checkout: &Checkout) -> Outcome<BTreeSet<String>> {
    let metadata = metadata(checkout)?;
    Ok(metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect())
}

fn metadata(checkout: &Checkout) -> Outcome<Metadata> {
    MetadataCommand::new().manifest_path(checkout.path("Cargo.toml")).exec().map_err(|error| {
        Failure::new(
            format!("cargo metadata: {error}"),
            "correct the Cargo.toml it names, or Cargo.lock with `cargo check`",
        )
    })
}

/// Tracked files and new ones that git does not ignore, so that a mistake is found before it is added.
fn files(checkout: &Checkout) -> Outcome<Vec<SourceFile>> {
    let listed = Run::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
        .dir(checkout.root())
        .read("run this in a git checkout with git installed")?;
    let mut files = Vec::new();
    for path in listed.split_terminator('\0') {
        let full = checkout.path(path);
        // Listed but deleted, or a link: nothing of ours to read.
        if !full.is_file() {
            continue;
        }
        let bytes = fs::read(&full).or_fail(path, "make the file readable")?;
        files.push(SourceFile { path: path.to_owned(), text: String::from_utf8(bytes).unwrap_or_default() });
    }
    Ok(files)
}
