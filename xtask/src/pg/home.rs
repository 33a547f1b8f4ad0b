//! Where the server's files lie, and as whom it runs.
//!
//! PostgreSQL refuses to run as root, so root runs it as the user `postgres`, who must be able to reach the directory:
//! below a root-only directory he cannot, and a place under `/var/tmp` is taken instead.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::apt;
use crate::checkout::Checkout;
use crate::failure::{Failure, OrFail, Outcome};
use crate::run::Run;
use crate::say;

const REMEDY: &str = "remove the directory named above and run the command again";

/// The directory of data, log, password and port, and who owns them.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    dir: PathBuf,
    owner: Owner,
}

#[derive(Debug, Clone, Copy)]
enum Owner {
    Ourselves,
    PostgresUser { uid: u32 },
}

impl Home {
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.dir.join(inside)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// `program` as the owner of the server. It starts in `/`: PostgreSQL's programs fail in a directory they may not read.
    pub(crate) fn run(&self, program: impl AsRef<Path>) -> Run {
        let run = match self.owner {
            Owner::Ourselves => Run::new(program.as_ref()),
            Owner::PostgresUser { .. } => Run::new("runuser").args(["-u", "postgres", "--"]).arg(program.as_ref()),
        };
        run.dir("/")
    }

    /// Writes a file that only the owner may read.
    pub(crate) fn write_private(&self, inside: &str, text: &str) -> Outcome {
        let path = self.path(inside);
        fs::write(&path, text).or_fail(path.display(), REMEDY)?;
        self.give(&path, 0o600)
    }

    fn give(&self, path: &Path, mode: u32) -> Outcome {
        if let Owner::PostgresUser { uid } = self.owner {
            chown(path, Some(uid), None).or_fail(path.display(), REMEDY)?;
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).or_fail(path.display(), REMEDY)
    }
}

/// Whether [`prepare`] was ever called in this checkout.
pub(crate) fn exists(checkout: &Checkout) -> bool {
    inside_target(checkout).is_dir() || outside(checkout).is_dir()
}

/// Finds or makes the directory.
pub(crate) fn prepare(checkout: &Checkout) -> Outcome<Home> {
    if !apt::is_root()? {
        let home = Home { dir: inside_target(checkout), owner: Owner::Ourselves };
        fs::create_dir_all(&home.dir).or_fail(home.dir.display(), REMEDY)?;
        return Ok(home);
    }
    let uid = postgres_uid()?;
    for dir in [inside_target(checkout), outside(checkout)] {
        let home = Home { dir, owner: Owner::PostgresUser { uid } };
        if take(&home, uid)? {
            return Ok(home);
        }
        say::note(&format!("the user postgres cannot reach {}", home.dir.display()));
    }
    Err(Failure::new(
        "the user postgres can write neither below the target directory nor in /var/tmp",
        "set CARGO_TARGET_DIR to a directory below one that every user may enter, such as /srv",
    ))
}

fn postgres_uid() -> Outcome<u32> {
    let remedy = "run `useradd --system postgres`, or run this command as an ordinary user";
    let said = Run::new("id").args(["-u", "postgres"]).read(remedy)?;
    said.trim().parse().map_err(|_| Failure::new(format!("`id -u postgres` said {said:?}"), remedy))
}

/// Makes the directory the user's own; false where he cannot get to it.
fn take(home: &Home, uid: u32) -> Outcome<bool> {
    match fs::symlink_metadata(&home.dir) {
        Err(_) => fs::create_dir_all(&home.dir).or_fail(home.dir.display(), REMEDY)?,
        // Somebody else's directory or link under a name that can be guessed must not receive our files.
        Ok(found) if !found.is_dir() || ![0, uid].contains(&found.uid()) => {
            return Err(Failure::new(format!("{} belongs to somebody else", home.dir.display()), REMEDY));
        }
        Ok(_) => {}
    }
    home.give(&home.dir, 0o700)?;
    let reached = home.run("test").arg("-w").arg(&home.dir).succeeds();
    if !reached {
        fs::remove_dir(&home.dir).or_fail(home.dir.display(), REMEDY)?;
    }
    Ok(reached)
}

fn inside_target(checkout: &Checkout) -> PathBuf {
    checkout.target("pg")
}

fn outside(checkout: &Checkout) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    checkout.target("pg").hash(&mut hasher);
    PathBuf::from(format!("/var/tmp/astrolabe-pg-{:016x}", hasher.finish()))
}
