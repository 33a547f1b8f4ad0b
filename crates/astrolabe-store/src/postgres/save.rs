//! Writing one group: its statements in order of the tables, then the lane's own row. Nothing here sends anything.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use astrolabe_core::ids::{OutwardId, SellerId};
use astrolabe_core::time::Timestamp;
use astrolabe_core::world::Changes;

use crate::contract::{ANSWERS_KEPT, AnswerKey, Lease, StoredAnswer};
use crate::error::StoreError;
use crate::postgres::script::{Script, column, value};
use crate::postgres::{exceptions, push, save_goods, save_orders, save_outward, save_stock};
use crate::rows::Fields;

/// A group's place in its seller's history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing {
    pub(super) seller: SellerId,
    /// The version that the group makes.
    pub(super) version: i64,
    pub(super) lease: Lease,
    pub(super) now: Timestamp,
}

/// What to send, and where the answer about new calls outward will be.
#[derive(Debug)]
pub(super) struct GroupScript {
    pub(super) statements: Script,
    pub(super) calls: NewCalls,
}

/// The number of the statement that writes new calls, if there are any.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewCalls(Option<usize>);

impl NewCalls {
    /// The calls that the caller was given.
    pub(super) fn given(self, answers: &[Vec<Row>]) -> Result<Vec<OutwardId>, StoreError> {
        let rows = self.0.and_then(|statement| answers.get(statement)).map(Vec::as_slice).unwrap_or_default();
        let mut given = Vec::with_capacity(rows.len());
        for row in rows {
            if row.flag(1)? {
                given.push(OutwardId(row.int(0)?));
            }
        }
        given.sort_unstable();
        Ok(given)
    }
}

/// The lane's row fails the whole group if somebody moved it, which nobody can while the group holds it: the version
/// then becomes NULL, which its column refuses.
const BUMP: &str = "\
    UPDATE seller_lane SET version = CASE WHEN version = $2::bigint - 1 THEN $2::bigint END, \
    places_version = CASE WHEN $3::boolean THEN $2::bigint ELSE places_version END WHERE seller_id = $1";

/// The statements of a group.
pub(super) fn group(
    writing: Writing,
    changes: &Changes,
    answers: Vec<StoredAnswer>,
) -> Result<GroupScript, StoreError> {
    let mut script = Script::default();
    save_goods::write(&mut script, writing, changes)?;
    save_stock::write(&mut script, writing, changes)?;
    save_orders::write(&mut script, writing, changes)?;
    exceptions::write(&mut script, writing, changes)?;
    let calls = NewCalls(save_outward::write(&mut script, writing, changes)?);
    push::write(&mut script, writing, changes);
    keep_answers(&mut script, writing, answers);
    let places_changed = !changes.locations.is_empty() || !changes.push_users.is_empty();
    script.add(BUMP, vec![value(writing.seller.0), value(writing.version), value(places_changed)]);
    Ok(GroupScript { statements: script, calls })
}

fn keep_answers(script: &mut Script, writing: Writing, answers: Vec<StoredAnswer>) {
    if answers.is_empty() {
        return;
    }
    script.add(
        "DELETE FROM stored_answer WHERE seller_id = $1 AND kept_at < $2",
        vec![value(writing.seller.0), value(writing.now.0 - ANSWERS_KEPT.0)],
    );
    // One statement may name a key once: of two answers the later stands.
    let answers: BTreeMap<AnswerKey, String> = answers.into_iter().map(|answer| (answer.key, answer.body)).collect();
    script.add(
        "INSERT INTO stored_answer (seller_id, app_key, sign, body, kept_at) \
         SELECT $1, app, by_sign, body, $5 FROM unnest($2::text[], $3::text[], $4::text[]) AS new (app, by_sign, body) \
         ON CONFLICT (seller_id, app_key, sign) DO UPDATE SET body = excluded.body, kept_at = excluded.kept_at",
        vec![
            value(writing.seller.0),
            column(answers.keys(), |key| key.app.0.clone()),
            column(answers.keys(), |key| key.sign.clone()),
            column(answers.values(), String::clone),
            value(writing.now.0),
        ],
    );
}
