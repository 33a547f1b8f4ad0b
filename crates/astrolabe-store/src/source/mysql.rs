//! Reading a source that speaks MySQL.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};

use crate::source::{SourceError, SourcePlace, SourceQuery, SourceRow, SourceTable};

#[derive(Debug)]
pub struct MySqlSource(Conn);

impl MySqlSource {
    pub(super) async fn connect(url: &str) -> Result<Self, SourceError> {
        // The driver's error would repeat the address, and the address has the password.
        let opts = Opts::from_url(url).map_err(|_| SourceError::Address("it is no mysql:// address"))?;
        Ok(Self(Conn::new(opts).await.map_err(failed)?))
    }

    pub(super) async fn read(&mut self, query: &SourceQuery<'_>) -> Result<Vec<SourceRow>, SourceError> {
        let SourceQuery { table, seller_nick, after, until, limit } = query;
        let given = (*seller_nick, after.moment, *until, after.moment, after.row_id, *limit as u64);
        let rows: Vec<(i64, i64, Option<i64>, Option<String>)> =
            self.0.exec(select(*table), given).await.map_err(failed)?;
        let read = rows.into_iter().map(|(moment, row_id, tid, response)| SourceRow {
            place: SourcePlace { moment, row_id },
            tid,
            response,
        });
        Ok(read.collect())
    }
}

/// By the key on (seller_nick, jdp_modified).
fn select(table: SourceTable) -> String {
    const MOMENT: &str = "TIMESTAMPADD(MICROSECOND, ?, TIMESTAMP('1970-01-01 08:00:00'))";
    let (name, id) = (table.name(), table.id());
    format!(
        "SELECT TIMESTAMPDIFF(MICROSECOND, TIMESTAMP('1970-01-01 08:00:00'), jdp_modified), {id}, tid, jdp_response \
         FROM {name} WHERE seller_nick = ? AND jdp_modified >= {MOMENT} AND jdp_modified < {MOMENT} \
         AND (jdp_modified > {MOMENT} OR {id} > ?) ORDER BY jdp_modified, {id} LIMIT ?"
    )
}

fn failed(error: mysql_async::Error) -> SourceError {
    SourceError::Failed(match error {
        mysql_async::Error::Server(told) => format!("{} {}", told.code, told.message),
        mysql_async::Error::Io(error) => error.to_string(),
        mysql_async::Error::Driver(_) | mysql_async::Error::Other(_) | mysql_async::Error::Url(_) => {
            "the connection cannot be used".to_owned()
        }
    })
}
