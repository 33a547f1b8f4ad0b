//! Reading a source that speaks PostgreSQL.

use tokio_postgres::{Client, Config, NoTls};

use crate::source::{SourceError, SourcePlace, SourceQuery, SourceRow, SourceTable};

#[derive(Debug)]
pub struct PostgresSource(Client);

impl PostgresSource {
    pub(super) async fn connect(url: &str) -> Result<Self, SourceError> {
        // The driver's error would repeat the address, and the address has the password.
        let config: Config = url.parse().map_err(|_| SourceError::Address("it is no postgres:// address"))?;
        let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
        tokio::spawn(async move {
            // Its end is seen by whoever asks next.
            let _ended = connection.await;
        });
        Ok(Self(client))
    }

    pub(super) async fn read(&mut self, query: &SourceQuery<'_>) -> Result<Vec<SourceRow>, SourceError> {
        let SourceQuery { table, seller_nick, after, until, limit } = query;
        let limit = i64::try_from(*limit).unwrap_or(i64::MAX);
        let statement = select(*table);
        let given: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
            [seller_nick, &after.moment, until, &after.row_id, &limit];
        let rows = self.0.query(&statement, &given).await.map_err(failed)?;
        let read = rows.iter().map(|row| {
            let place = SourcePlace { moment: row.try_get(0)?, row_id: row.try_get(1)? };
            Ok(SourceRow { place, tid: row.try_get(2)?, response: row.try_get(3)? })
        });
        read.collect::<Result<_, tokio_postgres::Error>>().map_err(failed)
    }
}

/// By the key on (seller_nick, jdp_modified).
fn select(table: SourceTable) -> String {
    let (name, id) = (table.name(), table.id());
    let moment = |place: u8| format!("timestamp '1970-01-01 08:00:00' + ${place}::bigint * interval '1 microsecond'");
    let (after, until) = (moment(2), moment(3));
    format!(
        "SELECT (extract(epoch FROM jdp_modified - timestamp '1970-01-01 08:00:00') * 1000000)::bigint, \
         {id}::bigint, tid::bigint, jdp_response::text \
         FROM {name} WHERE seller_nick = $1::text AND jdp_modified >= {after} AND jdp_modified < {until} \
         AND (jdp_modified > {after} OR {id} > $4::bigint) ORDER BY jdp_modified, {id} LIMIT $5::bigint"
    )
}

fn failed(error: tokio_postgres::Error) -> SourceError {
    SourceError::Failed(match error.as_db_error() {
        Some(told) => format!("{} {}", told.code().code(), told.message()),
        None if error.is_closed() => "the connection is closed".to_owned(),
        None => error.to_string(),
    })
}
