//! The address of an app's database, as it is declared: a URL with the credentials in it, which is never shown.

use std::fmt;

use url::Url;

/// What speaks at an address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RdsKind {
    Mysql,
    Postgres,
}

/// A checked address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RdsAddress {
    pub kind: RdsKind,
    pub host: String,
    pub port: u16,
    pub(super) url: String,
    database: String,
}

impl RdsAddress {
    /// Reads `mysql://user:password@host:port/database` or `postgres://…`.
    ///
    /// # Errors
    /// What is wrong, without the text itself.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "is not a URL mysql://user:password@host:port/database")?;
        let (kind, port) = match url.scheme() {
            "mysql" => (RdsKind::Mysql, 3306),
            "postgres" | "postgresql" => (RdsKind::Postgres, 5432),
            _ => return Err("must begin with mysql:// or postgres://"),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("names no host")?;
        let database = url.path().trim_start_matches('/');
        if database.is_empty() || database.contains('/') {
            return Err("names no database");
        }
        if url.username().is_empty() {
            return Err("names no user");
        }
        let hosts = |name: &str| matches!(name, "host" | "hostaddr" | "port" | "socket");
        if url.query_pairs().any(|(name, _)| hosts(&name)) {
            return Err("names its host in the parameters: it belongs before the database");
        }
        Ok(Self {
            kind,
            // An IPv6 address stands in brackets in a URL alone.
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(port),
            database: database.to_owned(),
            url: text.to_owned(),
        })
    }
}

/// What may be shown: no user, no password, no parameters.
impl fmt::Display for RdsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            RdsKind::Mysql => "mysql",
            RdsKind::Postgres => "postgres",
        };
        write!(f, "{scheme}://{}:{}/{}", self.host, self.port, self.database)
    }
}

impl fmt::Debug for RdsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RdsAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_shown_without_secrets() {
        let table = [
            ("mysql://u:hidden@db.example.com/sys_info", Ok("mysql://db.example.com:3306/sys_info")),
            ("postgres://u:hidden@[::1]:6432/jdp?application_name=x", Ok("postgres://::1:6432/jdp")),
            ("mysql://u:hidden@db.example.com/", Err("names no database")),
            ("mysql://db.example.com/sys_info", Err("names no user")),
            ("http://u:hidden@db/x", Err("must begin with mysql:// or postgres://")),
            ("postgres://u:hidden@db/x?host=10.0.0.1", Err("names its host in the parameters")),
            ("sys_info", Err("is not a URL")),
        ];
        for (text, expected) in table {
            match (RdsAddress::parse(text), expected) {
                (Ok(address), Ok(shown)) => {
                    assert_eq!(address.to_string(), shown);
                    assert!(!format!("{address:?}").contains("hidden"));
                }
                (Err(problem), Err(expected)) => assert!(problem.starts_with(expected), "{problem}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }
}
