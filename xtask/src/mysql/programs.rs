//! Finding the server's programs, and installing them and the server's user where there are none.

use std::path::{Path, PathBuf};

use crate::apt;
use crate::failure::{Failure, Outcome};
use crate::home::Kind;
use crate::run::Run;

use super::KIND;

/// The server alone (`mariadb-server` would bring a service and start it), and the package with a program that
/// `mariadb-install-db` calls.
const PACKAGES: [&str; 2] = ["mariadb-server-core", "mariadb-client-core"];

/// What the server's set-up needs of the second package.
const CALLED: &str = "my_print_defaults";

const PURPOSE: &str = "the tests of orders pushed into an app's database";

/// Debian keeps the server out of an ordinary user's PATH.
const DEBIAN_DIRS: [&str; 2] = ["/usr/sbin", "/usr/bin"];

#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) server: PathBuf,
    pub(crate) install_db: PathBuf,
}

impl Programs {
    pub(crate) fn find_or_install() -> Outcome<Self> {
        if Self::find().is_none() {
            apt::install(&PACKAGES, PURPOSE)?;
        }
        ensure_user()?;
        Self::find().ok_or_else(|| {
            Failure::new(
                format!("MariaDB was installed, but mariadbd, mariadb-install-db or {CALLED} is missing"),
                "install a MariaDB server by hand and put its programs on the PATH",
            )
        })
    }

    fn find() -> Option<Self> {
        find(CALLED)?;
        Some(Self { server: find("mariadbd")?, install_db: find("mariadb-install-db")? })
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let fixed = DEBIAN_DIRS.iter().map(|dir| Path::new(dir).to_owned());
    fixed.chain(std::env::split_paths(&path)).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// The server refuses to run as root; the user it runs as then comes with the package that we leave out.
fn ensure_user() -> Outcome {
    let Kind { user, .. } = KIND;
    if !apt::is_root()? || Run::new("id").args(["-u", user]).succeeds() {
        return Ok(());
    }
    let made = Run::new("useradd").args(["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", user]);
    made.read(&format!("make a system user {user} by hand, or run this command as an ordinary user")).map(drop)
}
