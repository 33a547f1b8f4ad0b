//! Finding the server's programs, and installing them where there are none.

use std::fs;
use std::path::{Path, PathBuf};

use crate::apt;
use crate::failure::{Failure, OrFail, Outcome};
use crate::run::Run;

/// Where Debian puts the programs of each major version; they are not on the PATH there.
const DEBIAN_DIR: &str = "/usr/lib/postgresql";

/// Debian's wrapper makes a cluster of its own on installation unless told not to by this file.
const CREATECLUSTER: &str = "/etc/postgresql-common/createcluster.conf";

/// The directory with `initdb` and `pg_ctl`. `psql` alone (the client package) is not enough.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    dir: PathBuf,
}

impl Binaries {
    pub(crate) fn find_or_install() -> Outcome<Self> {
        if let Some(found) = Self::find() {
            return Ok(found);
        }
        let purpose = "the tests on PostgreSQL";
        // In two steps: the first brings the file that says whether the second creates a cluster and a service.
        apt::install(&["postgresql-common"], purpose)?;
        refuse_main_cluster()?;
        apt::install(&["postgresql"], purpose)?;
        Self::find().ok_or_else(|| {
            Failure::new(
                format!("PostgreSQL was installed, but {DEBIAN_DIR}/*/bin has no initdb"),
                "install a PostgreSQL server by hand and put its bin directory on the PATH",
            )
        })
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Such as `15`, as it stands in a data directory's `PG_VERSION`.
    pub(crate) fn major(&self) -> Outcome<String> {
        let said = Run::new(self.program("initdb")).arg("--version").read("reinstall PostgreSQL")?;
        major_of(&said).ok_or_else(|| {
            Failure::new(format!("`initdb --version` said {said:?}"), "reinstall PostgreSQL from your distribution")
        })
    }

    fn find() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        newest_first(Path::new(DEBIAN_DIR))
            .into_iter()
            .chain(std::env::split_paths(&path))
            .find(|dir| ["initdb", "pg_ctl"].iter().all(|name| dir.join(name).is_file()))
            .map(|dir| Self { dir })
    }
}

fn newest_first(debian_dir: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(debian_dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by(|left, right| right.cmp(left));
    versions.into_iter().map(|(_, bin)| bin).collect()
}

fn major_of(version_line: &str) -> Option<String> {
    let number = version_line.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let major: String = number.chars().take_while(char::is_ascii_digit).collect();
    Some(major)
}

fn refuse_main_cluster() -> Outcome {
    let remedy = "run as root, or install PostgreSQL by hand";
    let before = fs::read_to_string(CREATECLUSTER).unwrap_or_default();
    fs::write(CREATECLUSTER, without_main_cluster(&before)).or_fail(CREATECLUSTER, remedy)
}

fn without_main_cluster(config: &str) -> String {
    let mut lines: Vec<&str> =
        config.lines().filter(|line| !line.trim_start().starts_with("create_main_cluster")).collect();
    lines.push("create_main_cluster = false");
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first_and_by_number() {
        let dir = tempfile::tempdir().unwrap();
        for version in ["9", "15", "13", "readme"] {
            fs::create_dir_all(dir.path().join(version).join("bin")).unwrap();
        }
        let order: Vec<PathBuf> = newest_first(dir.path());
        let expected: Vec<PathBuf> = ["15", "13", "9"].iter().map(|v| dir.path().join(v).join("bin")).collect();
        assert_eq!(order, expected);
    }

    #[test]
    fn reads_the_major_version() {
        assert_eq!(major_of("initdb (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)").as_deref(), Some("15"));
        assert_eq!(major_of("initdb (PostgreSQL) 18beta1").as_deref(), Some("18"));
        assert_eq!(major_of("no version here"), None);
    }

    #[test]
    fn main_cluster_is_refused_once_and_the_rest_kept() {
        let shipped = "#create_main_cluster = true\ncreate_main_cluster = true\nstart_conf = 'auto'\n";
        let ours = without_main_cluster(shipped);
        assert_eq!(ours, "#create_main_cluster = true\nstart_conf = 'auto'\ncreate_main_cluster = false\n");
        assert_eq!(without_main_cluster(&ours), ours);
    }
}
