//! Small numbers in columns, for the tables with most rows. The migrations say the same numbers in their comments;
//! once given, a number keeps its meaning.

use astrolabe_core::ids::{AllocationCode, BillNum, HoldKey, Oid, Tid};
use astrolabe_core::service_settings::Service;
use astrolabe_core::stock::cell::StockClass;
use astrolabe_core::stock::entry::{Cause, EntryKind};
use astrolabe_core::stock::hold::{HolderKind, Role};

use crate::error::StoreError;
use crate::rows::Fields;

pub(crate) fn class_code(class: StockClass) -> i16 {
    match class {
        StockClass::Certain => 0,
        StockClass::Uncertain => 1,
    }
}

pub(super) fn class(code: i16) -> Result<StockClass, StoreError> {
    match code {
        0 => Ok(StockClass::Certain),
        1 => Ok(StockClass::Uncertain),
        other => Err(unknown("stock class", other)),
    }
}

pub(crate) fn service_code(service: Service) -> i16 {
    match service {
        Service::Delivery => 0,
        Service::Pickup => 1,
    }
}

pub(super) fn service(code: i16) -> Result<Service, StoreError> {
    match code {
        0 => Ok(Service::Delivery),
        1 => Ok(Service::Pickup),
        other => Err(unknown("service", other)),
    }
}

pub(crate) fn role_code(role: Role) -> i16 {
    match role {
        Role::Primary => 0,
        Role::Guard => 1,
    }
}

pub(super) fn role(code: i16) -> Result<Role, StoreError> {
    match code {
        0 => Ok(Role::Primary),
        1 => Ok(Role::Guard),
        other => Err(unknown("role", other)),
    }
}

/// The kinds that a holders query tells apart, as the query numbers them.
pub(crate) fn holder_kind(code: i16) -> Result<HolderKind, StoreError> {
    match code {
        0 => Ok(HolderKind::Guard),
        1 => Ok(HolderKind::Ahead),
        2 => Ok(HolderKind::Unassigned),
        3 => Ok(HolderKind::Offered),
        4 => Ok(HolderKind::Kept),
        other => Err(unknown("holder kind", other)),
    }
}

const ENTRY_KINDS: [EntryKind; 14] = [
    EntryKind::Reserve,
    EntryKind::Release,
    EntryKind::Expire,
    EntryKind::MoveOut,
    EntryKind::MoveIn,
    EntryKind::Commit,
    EntryKind::CommitUnheld,
    EntryKind::Restock,
    EntryKind::Initial,
    EntryKind::Included,
    EntryKind::Excluded,
    EntryKind::Balance,
    EntryKind::Overwrite,
    EntryKind::Suspect,
];

pub(crate) fn entry_code(kind: EntryKind) -> i16 {
    match kind {
        EntryKind::Reserve => 0,
        EntryKind::Release => 1,
        EntryKind::Expire => 2,
        EntryKind::MoveOut => 3,
        EntryKind::MoveIn => 4,
        EntryKind::Commit => 5,
        EntryKind::CommitUnheld => 6,
        EntryKind::Restock => 7,
        EntryKind::Initial => 8,
        EntryKind::Included => 9,
        EntryKind::Excluded => 10,
        EntryKind::Balance => 11,
        EntryKind::Overwrite => 12,
        EntryKind::Suspect => 13,
    }
}

pub(super) fn entry_kind(code: i16) -> Result<EntryKind, StoreError> {
    usize::try_from(code).ok().and_then(|at| ENTRY_KINDS.get(at).copied()).ok_or_else(|| unknown("entry kind", code))
}

/// A cause as five columns: code, trade, sub-order, assignment, key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CauseColumns<'a> {
    pub(crate) cause: i16,
    pub(crate) tid: Option<i64>,
    pub(crate) oid: Option<i64>,
    pub(crate) code: Option<i64>,
    pub(crate) key: Option<&'a str>,
}

impl<'a> CauseColumns<'a> {
    pub(crate) fn of(cause: &'a Cause) -> Self {
        let none = Self { cause: 0, tid: None, oid: None, code: None, key: None };
        match cause {
            Cause::SubOrder { tid, oid } => Self { tid: Some(tid.0), oid: Some(oid.0), ..none },
            Cause::Assignment { tid, oid, code } => {
                Self { cause: 1, tid: Some(tid.0), oid: Some(oid.0), code: Some(code.0), ..none }
            }
            Cause::Ahead { key } => Self { cause: 2, key: Some(&key.0), ..none },
            Cause::Bill { bill_num } => Self { cause: 3, key: Some(&bill_num.0), ..none },
            Cause::Clock => Self { cause: 4, ..none },
        }
    }
}

/// The cause whose five columns start at `first`.
pub(super) fn cause(row: &impl Fields, first: usize) -> Result<Cause, StoreError> {
    match row.code(first)? {
        0 => Ok(Cause::SubOrder { tid: Tid(row.int(first + 1)?), oid: Oid(row.int(first + 2)?) }),
        1 => Ok(Cause::Assignment {
            tid: Tid(row.int(first + 1)?),
            oid: Oid(row.int(first + 2)?),
            code: AllocationCode(row.int(first + 3)?),
        }),
        2 => Ok(Cause::Ahead { key: HoldKey(row.text(first + 4)?) }),
        3 => Ok(Cause::Bill { bill_num: BillNum(row.text(first + 4)?) }),
        4 => Ok(Cause::Clock),
        other => Err(unknown("cause", other)),
    }
}

pub(super) fn unknown(what: &str, code: i16) -> StoreError {
    StoreError::Corrupt(format!("{code} names no {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_kind_keeps_its_number() {
        for (at, kind) in ENTRY_KINDS.into_iter().enumerate() {
            let code = entry_code(kind);
            assert_eq!(usize::try_from(code).unwrap(), at);
            assert_eq!(entry_kind(code).unwrap(), kind);
        }
        assert!(entry_kind(14).is_err() && entry_kind(-1).is_err());
    }
}
