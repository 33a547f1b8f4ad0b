//! Where a test database's files lie, and as whom it runs. Called by `pg` and `mysql`.
//!
//! Both servers refuse to run as root, so root runs each as the user of its package, who must be able to reach the
//! directory: below a root-only directory he cannot, and a place under `/var/tmp` is taken instead.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::apt;
use crate::checkout::Checkout;
use crate::failure::{Failure, OrFail, Outcome};
use crate::run::Run;
use crate::say;

const REMEDY: &str = "remove the directory named above and run the command again";

/// Which server: the name of its directory and its account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// Below the target directory.
    pub(crate) folder: &'static str,
    /// As whom root runs it.
    pub(crate) user: &'static str,
}

/// The directory of data, log, password and port, and who owns them.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    dir: PathBuf,
    owner: Owner,
}

#[derive(Debug, Clone, Copy)]
enum Owner {
    Ourselves,
    Account { user: &'static str, uid: u32 },
}

impl Home {
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.dir.join(inside)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// `program` as the owner of the server. It starts in `/`: the servers' programs fail in a directory they may not read.
    pub(crate) fn run(&self, program: impl AsRef<Path>) -> Run {
        let run = match self.owner {
            Owner::Ourselves => Run::new(program.as_ref()),
            Owner::Account { user, .. } => Run::new("runuser").args(["-u", user, "--"]).arg(program.as_ref()),
        };
        run.dir("/")
    }

    /// Writes a file that only the owner may read.
    pub(crate) fn write_private(&self, inside: &str, text: &str) -> Outcome {
        let path = self.path(inside);
        fs::write(&path, text).or_fail(path.display(), REMEDY)?;
        self.give(&path, 0o600)
    }

    /// What [`Self::write_private`] wrote.
    pub(crate) fn written(&self, inside: &str) -> Outcome<String> {
        let path = self.path(inside);
        let text = fs::read_to_string(&path).or_fail(path.display(), REMEDY)?;
        Ok(text.trim().to_owned())
    }

    /// Whether the server outlives the command that started it.
    pub(crate) fn is_kept(&self) -> bool {
        self.path("keep").exists()
    }

    pub(crate) fn keep(&self, keep: bool) -> Outcome {
        let path = self.path("keep");
        match (keep, path.exists()) {
            (true, false) => fs::write(&path, "").or_fail(path.display(), REMEDY),
            (false, true) => fs::remove_file(&path).or_fail(path.display(), REMEDY),
            (true, true) | (false, false) => Ok(()),
        }
    }

    fn give(&self, path: &Path, mode: u32) -> Outcome {
        if let Owner::Account { uid, .. } = self.owner {
            chown(path, Some(uid), None).or_fail(path.display(), REMEDY)?;
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).or_fail(path.display(), REMEDY)
    }
}

/// Whether [`prepare`] was ever called in this checkout.
pub(crate) fn exists(checkout: &Checkout, kind: Kind) -> bool {
    places(checkout, kind).iter().any(|dir| dir.is_dir())
}

/// Finds or makes the directory.
pub(crate) fn prepare(checkout: &Checkout, kind: Kind) -> Outcome<Home> {
    let [inside, outside] = places(checkout, kind);
    if !apt::is_root()? {
        let home = Home { dir: inside, owner: Owner::Ourselves };
        fs::create_dir_all(&home.dir).or_fail(home.dir.display(), REMEDY)?;
        return Ok(home);
    }
    let Kind { user, .. } = kind;
    let uid = uid_of(user)?;
    for dir in [inside, outside] {
        let home = Home { dir, owner: Owner::Account { user, uid } };
        if take(&home, uid)? {
            return Ok(home);
        }
        say::note(&format!("the user {user} cannot reach {}", home.dir.display()));
    }
    Err(Failure::new(
        format!("the user {user} can write neither below the target directory nor in /var/tmp"),
        "set CARGO_TARGET_DIR to a directory below one that every user may enter, such as /srv",
    ))
}

/// Held while a command uses the server; waits while another command in this checkout does.
pub(crate) fn lock(checkout: &Checkout, kind: Kind) -> Outcome<File> {
    let path = checkout.target(&format!("{}.lock", kind.folder));
    let remedy = "make the target directory writable";
    fs::create_dir_all(checkout.target("")).or_fail("creating the target directory", remedy)?;
    let file = File::create(&path).or_fail(path.display(), remedy)?;
    if file.try_lock().is_err() {
        say::step("Waiting for another `cargo xtask test` in this checkout");
        file.lock().or_fail(path.display(), remedy)?;
    }
    Ok(file)
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> Outcome<u16> {
    let remedy = "check that the loopback interface is up";
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).or_fail("looking for a free port", remedy)?;
    listener.local_addr().map(|address| address.port()).or_fail("looking for a free port", remedy)
}

/// 128 random bits in hex: it guards a superuser on a machine that may have other users.
pub(crate) fn random_password() -> Outcome<String> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|error| Failure::new(format!("/dev/urandom: {error}"), "run on a system with /dev/urandom"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn uid_of(user: &str) -> Outcome<u32> {
    let remedy = format!("run `useradd --system {user}`, or run this command as an ordinary user");
    let said = Run::new("id").args(["-u", user]).read(&remedy)?;
    said.trim().parse().map_err(|_| Failure::new(format!("`id -u {user}` said {said:?}"), remedy))
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

/// Below the target directory, and where the server's user cannot go there, below `/var/tmp`.
fn places(checkout: &Checkout, kind: Kind) -> [PathBuf; 2] {
    let inside = checkout.target(kind.folder);
    let mut hasher = DefaultHasher::new();
    inside.hash(&mut hasher);
    let outside = PathBuf::from(format!("/var/tmp/astrolabe-{}-{:016x}", kind.folder, hasher.finish()));
    [inside, outside]
}
