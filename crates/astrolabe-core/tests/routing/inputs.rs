//! Random inputs, small enough to try every plan on, mean enough that ties, caps, shared stock and holds all happen.

use astrolabe_core::goods::Component;
use astrolabe_core::ids::{LocationId, Oid, ScItemId};
use astrolabe_core::routing::{Candidate, Input, Line, Reason, RouterSettings, Supply};
use astrolabe_core::time::Timestamp;
use proptest::prelude::*;

/// Lines and candidates at most.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub lines: usize,
    pub candidates: usize,
}

fn settings() -> impl Strategy<Value = RouterSettings> {
    // Weights of 0 to 3 make ties; the large ones look like money.
    let small = (0_i64..3, 0_i64..3, 0_i64..2, 0_i64..3, 0_i64..4, 0_i64..5, 0_i64..20);
    let large = (
        1_i64..900_000,
        1_i64..900_000,
        0_i64..1_000,
        0_i64..90_000,
        0_i64..900_000,
        0_i64..200_000,
        500_000_i64..9_000_000,
    );
    let weights = prop_oneof![small, large];
    (weights, 0_u8..4, prop_oneof![Just(0_i64), 1_i64..3, 1_i64..200_000]).prop_map(
        |(weights, packages_max, per_priority)| {
            let (store_package, warehouse_package, per_km, per_line, split, scarcity, unfilled) = weights;
            RouterSettings {
                store_package,
                warehouse_package,
                per_km,
                per_line,
                split,
                scarcity,
                unfilled,
                packages_max,
                per_priority,
                ..RouterSettings::default()
            }
        },
    )
}

/// Numbers that a candidate is made of.
type Raw = (bool, u8, Option<i64>, Vec<(u8, i64, i64)>, Vec<i64>);

fn raw(size: Size) -> impl Strategy<Value = Raw> {
    let supply = proptest::collection::vec((0_u8..10, 1_i64..6, 0_i64..3), size.lines);
    let metres = proptest::option::weighted(0.9, 0_i64..2_000_000);
    (any::<bool>(), 0_u8..=10, metres, supply, proptest::collection::vec(-1_i64..7, 3))
}

/// An input of up to `size`; articles are few, so that lines share them.
pub(crate) fn input(size: Size) -> impl Strategy<Value = Input> {
    let line = (1_i64..4, proptest::collection::btree_set(1_i64..12, 1..3));
    (
        settings(),
        any::<bool>(),
        proptest::collection::vec(line, 1..=size.lines),
        proptest::collection::vec(raw(size), 0..=size.candidates),
    )
        .prop_map(|(settings, split_quantity, lines, candidates)| {
            let lines = lines.into_iter().zip(1..).map(|((units, articles), oid)| Line {
                oid: Oid(oid),
                units,
                components: articles
                    .into_iter()
                    .map(|id| Component { sc_item: ScItemId(id), per_unit: 1 + id % 2 })
                    .collect(),
                misses: Vec::new(),
            });
            let mut input = Input {
                version: 7,
                now: Timestamp(1_700_000_000_000),
                settings,
                split_quantity,
                destination: None,
                lines: lines.collect(),
                candidates: Vec::new(),
                cut: None,
            };
            let shared = input.shared();
            input.candidates = candidates
                .into_iter()
                .zip(1..)
                .map(|(raw, id)| candidate(&input, &shared, LocationId(id), &raw))
                .collect();
            input
        })
}

/// A candidate whose shared pools and per-line availability agree, as gathering makes them.
fn candidate(input: &Input, shared: &[ScItemId], location: LocationId, raw: &Raw) -> Candidate {
    let (warehouse, priority, metres, supplies, spares) = raw;
    let pools: Vec<i64> = shared.iter().zip(spares.iter().cycle()).map(|(_, spare)| *spare).collect();
    let supply = input.lines.iter().zip(supplies).map(|(line, &(kind, own, held))| {
        if kind < 2 {
            return Supply::Refused(if kind == 0 { Reason::NotBound } else { Reason::RefusedBefore });
        }
        let held = held.min(line.units);
        let free = shared.iter().zip(&pools).filter(|(article, _)| line.per_unit(**article) > 0);
        let free = free.map(|(article, spare)| spare.div_euclid(line.per_unit(*article))).min();
        let only_shared = line.components.iter().all(|part| shared.contains(&part.sc_item));
        let free = match free {
            Some(free) if only_shared => free,
            Some(free) => free.min(own),
            None => own,
        };
        match held + free {
            available if available > 0 => Supply::Units { available, held: held.min(available) },
            _ => Supply::Refused(Reason::NoStock),
        }
    });
    let (warehouse, priority, metres) = (*warehouse, *priority, *metres);
    Candidate { location, warehouse, priority, metres, supply: supply.collect(), pools }
}
