//! Lists as columns.

use astrolabe_core::command::PushUser;
use astrolabe_core::ids::{AppKey, SellerId};
use astrolabe_core::time::Timestamp;

use crate::error::StoreError;
use crate::lists::{PushUserRow, SoldBy};
use crate::rows::Fields;

/// The columns of a push user.
macro_rules! push_user_columns {
    () => {
        "seller_id, app_key, rds_name, history_days, topics, deleted, created, modified"
    };
}
pub(crate) use push_user_columns;

pub(crate) fn push_user(row: &impl Fields) -> Result<PushUserRow, StoreError> {
    let user = PushUser {
        app: AppKey(row.text(1)?),
        rds_name: row.text(2)?,
        history_days: row.opt_int(3)?,
        topics: row.opt_text(4)?,
        deleted: row.flag(5)?,
        created: Timestamp(row.int(6)?),
        modified: Timestamp(row.int(7)?),
    };
    Ok(PushUserRow { seller: SellerId(row.int(0)?), user })
}

/// The column that a list goes by.
pub(crate) fn sold_by(by: SoldBy) -> &'static str {
    match by {
        SoldBy::Created => "created",
        SoldBy::Modified => "modified",
    }
}
