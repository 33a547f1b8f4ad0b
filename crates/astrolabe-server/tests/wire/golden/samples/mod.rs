//! One good request of every method, and the world it needs. A method joins the goldens, the tenant matrix and the pages by
//! getting its line here; a method without one fails the test below.

mod allocation;
mod inventory;
mod orders;
mod siblings;
mod stock_ahead;
mod stores;
mod trade_side;

use std::collections::BTreeSet;

use astrolabe_protocol::catalogue::{self, Role};
use astrolabe_protocol::{Fields, Method};
use futures::future::BoxFuture;

use super::stage::Mode;
use super::tenant::Tenant;

/// A method's good request.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    /// The app that calls.
    pub(crate) caller: Role,
    /// The role mode of the seller.
    pub(crate) mode: Mode,
    /// Brings the seller to where the call is in order; the call's fields.
    pub(crate) prepare: for<'a> fn(&'a Tenant<'a>) -> BoxFuture<'a, Fields>,
}

impl Sample {
    pub(crate) fn method(&self) -> &'static Method {
        crate::merchant::method(self.name)
    }
}

macro_rules! samples {
    ($($name:literal as $caller:ident in $mode:ident => $prepare:path;)*) => {
        pub(super) const SAMPLES: &[$crate::golden::samples::Sample] = &[$($crate::golden::samples::Sample {
            name: $name,
            caller: astrolabe_protocol::catalogue::Role::$caller,
            mode: $crate::golden::stage::Mode::$mode,
            prepare: |tenant| Box::pin($prepare(tenant)),
        }),*];
    };
}
use samples;

/// The samples of a chapter of the catalogue.
pub(crate) fn of_chapter(name: &str) -> &'static [Sample] {
    match name {
        "stores" => stores::SAMPLES,
        "inventory" => inventory::SAMPLES,
        "orders" => orders::SAMPLES,
        "allocation" => allocation::SAMPLES,
        "siblings" => siblings::SAMPLES,
        "trade-side" => trade_side::SAMPLES,
        "stock-ahead" => stock_ahead::SAMPLES,
        other => panic!("no samples for the chapter {other}"),
    }
}

#[test]
fn every_method_that_callers_may_call_has_a_sample() {
    for chapter in catalogue::CHAPTERS {
        let inward = chapter.methods.iter().filter(|method| method.direction.is_inward());
        let methods: BTreeSet<&str> = inward.map(|method| method.name).collect();
        let samples = of_chapter(chapter.name);
        let sampled: BTreeSet<&str> = samples.iter().map(|sample| sample.name).collect();
        assert_eq!(sampled, methods, "{}", chapter.name);
        assert_eq!(samples.len(), methods.len(), "{}: no method twice", chapter.name);
    }
}
