//! The verbs on tables. A cell is written `2c9`: location 2, certain, 9 on hand (`u` uncertain, `!` suspect); a held
//! part `-:2c4` for unassigned units, `7:2c4` for assignment 7's, `7:2cG4` for its Guard. Location 9 is deleted. A kit's
//! second article is written in capitals: `2C9`.

use super::*;
use crate::ids::{ReservationId, ScItemId, StoreCode, TMALL};
use crate::place::Location;
use crate::place::{LocationCard, LocationKind, StoreStatus, StoreType};
use crate::service_settings::ServiceSettings;
use crate::stock::book::DiscrepancyKind;
use crate::stock::moves::Move;
use crate::time::OpeningHours;

const FIRST: ScItemId = ScItemId(1);
const SECOND: ScItemId = ScItemId(2);
const NOW: Timestamp = Timestamp(1_000);

struct Bench {
    stock: Stock,
    mint: IdMint,
    places: Places,
    held: Vec<Reservation>,
    owner: Owner,
}

fn store(id: i64) -> Location {
    let code = StoreCode(format!("S{id}"));
    Location {
        id: LocationId(id),
        kind: LocationKind::Store { store_type: StoreType::Normal, code },
        name: String::new(),
        status: StoreStatus::Close,
        hours: OpeningHours::ALWAYS,
        service: ServiceSettings::default(),
        point: None,
        deleted: id == 9,
        card: LocationCard::default(),
    }
}

/// `2c9!` → (cell, 9, suspect).
fn parse(text: &str) -> (CellKey, i64, bool) {
    let letter = text.find(|c: char| c.is_ascii_alphabetic()).unwrap();
    let (location, rest) = text.split_at(letter);
    let (letter, rest) = rest.split_at(1);
    let (sc_item, class) = match letter {
        "c" => (FIRST, StockClass::Certain),
        "u" => (FIRST, StockClass::Uncertain),
        "C" => (SECOND, StockClass::Certain),
        "U" => (SECOND, StockClass::Uncertain),
        _ => panic!("{text}"),
    };
    let cell = CellKey::of(sc_item, LocationId(location.parse().unwrap()), class, TMALL);
    (cell, rest.trim_end_matches('!').parse().unwrap(), rest.ends_with('!'))
}

fn name(cell: CellKey) -> String {
    let letter = match (cell.sc_item == FIRST, cell.class) {
        (true, StockClass::Certain) => "c",
        (true, StockClass::Uncertain) => "u",
        (false, StockClass::Certain) => "C",
        (false, StockClass::Uncertain) => "U",
    };
    format!("{}{letter}", cell.location)
}

impl Bench {
    /// With these cells, and an owner of one plain article.
    fn new(cells: &str) -> Self {
        let mut places = Places::default();
        (1..=9).for_each(|id| places.put(store(id)));
        let mut stock = Stock::default();
        let cause = Cause::SubOrder { tid: Tid(0), oid: Oid(0) };
        for text in cells.split_whitespace() {
            let (cell, on_hand, suspect) = parse(text);
            let change = Change { on_hand, ..Change::default() };
            stock.post(cell, EntryKind::Initial, change, &cause, Moment::now(NOW));
            stock.annotate(cell, |cell| cell.suspect = suspect);
        }
        stock.take_changes();
        let owner = Owner {
            tid: Tid(1),
            oid: Oid(2),
            channel: TMALL,
            pay_time: NOW,
            components: vec![Component { sc_item: FIRST, per_unit: 1 }],
            avoid: Vec::new(),
            pickup: None,
        };
        Self { stock, mint: IdMint::new(0, 1, 0, 1), places, held: Vec::new(), owner }
    }

    /// One of the first and two of the second article make a unit.
    fn kit(cells: &str) -> Self {
        let mut bench = Self::new(cells);
        bench.owner.components.push(Component { sc_item: SECOND, per_unit: 2 });
        bench
    }

    fn holding(mut self, parts: &str) -> Self {
        for text in parts.split_whitespace() {
            let (code, text) = text.split_once(':').unwrap();
            let role = if text.contains('G') { Role::Guard } else { Role::Primary };
            let (cell, units, _) = parse(&text.replace('G', ""));
            let code = code.parse().ok().map(AllocationCode);
            let cause = self.owner.cause(code);
            let change = Change { reserved: units, ..Change::default() };
            self.stock.post(cell, EntryKind::Reserve, change, &cause, Moment::now(NOW));
            let id = ReservationId(self.mint.long());
            let (tid, oid, made_at) = (self.owner.tid, self.owner.oid, NOW);
            self.held.push(Reservation { id, tid, oid, code, cell, role, units, made_at });
        }
        self.stock.take_changes();
        self
    }

    fn avoiding(mut self, location: i64) -> Self {
        self.owner.avoid.push(LocationId(location));
        self
    }

    fn act<T>(&mut self, verb: impl FnOnce(&mut Ledger<'_>, &mut Vec<Reservation>, &Owner) -> T) -> T {
        let Self { stock, mint, places, held, owner } = self;
        let outcome = verb(&mut Ledger { stock, mint, places, at: Moment::now(NOW) }, held, owner);
        self.check_reserved();
        outcome
    }

    /// INV-STOCK-2, after every verb.
    fn check_reserved(&self) {
        for (key, cell) in self.stock.articles().flat_map(|article| article.cells()) {
            let held: i64 = self.held.iter().filter(|held| held.cell == *key).map(|held| held.units).sum();
            assert_eq!(cell.reserved, held, "{key}: reserved and held");
        }
    }

    fn held(&self) -> String {
        let mut parts: Vec<String> = self
            .held
            .iter()
            .map(|held| {
                let code = held.code.map_or("-".to_owned(), |code| code.to_string());
                let role = if held.role == Role::Guard { "G" } else { "" };
                format!("{code}:{}{role}{}", name(held.cell), held.units)
            })
            .collect();
        parts.sort();
        parts.join(" ")
    }

    /// Entries since the start, as `kind cell on_hand/reserved/unreported`.
    fn posted(&self) -> String {
        let lines = self.stock.entries().iter().map(|entry| {
            let (on_hand, reserved, unreported) = (entry.on_hand, entry.reserved, entry.unreported);
            format!("{:?} {} {on_hand}/{reserved}/{unreported}", entry.kind, name(entry.cell))
        });
        lines.collect::<Vec<_>>().join(", ")
    }
}

#[test]
fn default_deduction() {
    let table = [
        // what                                cells           units  avoid  pickup  held
        ("the largest certain cell", "1c5 2c9 3u50", 4, 0, 0, "-:2c4"),
        ("ties go to the lower location", "2c9 1c9", 4, 0, 0, "-:1c4"),
        ("one uncertain cell before a spread", "1c3 2u7 3u9", 4, 0, 0, "-:3u4"),
        ("a spread, certain first, largest first", "1c1 2c2 3u1 4u2", 5, 0, 0, "-:1c1 -:2c2 -:4u2"),
        ("too little in all", "1c3 2u2", 6, 0, 0, "6 units wanted, 5 available"),
        ("nothing at all", "", 1, 0, 0, "1 units wanted, 0 available"),
        ("not where it was refused", "1c5 2c9", 4, 2, 0, "-:1c4"),
        ("not in a suspect cell", "1c5 2c9!", 4, 0, 0, "-:1c4"),
        ("not at a deleted location", "1c5 9c9", 4, 0, 0, "-:1c4"),
        ("a pickup's store first", "1c9 3u4", 4, 0, 3, "-:3u4"),
        ("a pickup's store, both its cells", "1c9 3c1 3u3", 4, 0, 3, "-:3c1 -:3u3"),
        ("a pickup's store that has too little", "1c9 3c1", 4, 0, 3, "-:1c4"),
        ("a spread begins at a pickup's store", "1c3 3c1 3u1", 4, 0, 3, "-:1c2 -:3c1 -:3u1"),
    ];
    for (what, cells, units, avoid, pickup, expected) in table {
        let mut bench = Bench::new(cells).avoiding(avoid);
        bench.owner.pickup = (pickup != 0).then_some(LocationId(pickup));
        let outcome = bench.act(|ledger, held, owner| ledger.hold_by_default(held, owner, units));
        match outcome {
            Ok(()) => assert_eq!(bench.held(), expected, "{what}"),
            Err(refusal) => {
                assert_eq!(refusal.to_string(), expected, "{what}");
                assert_eq!((bench.held(), bench.posted()), (String::new(), String::new()), "{what}");
            }
        }
    }
}

#[test]
fn default_deduction_of_a_kit() {
    let table = [
        ("everything at one location", "1c9 2c2 2C4", 2, "-:2C4 -:2c2"),
        ("or nothing", "1c9 2C9", 1, "1 units wanted, 4 available"),
        ("certain alone before both classes", "1c9 1U9 2c2 2C4", 2, "-:2C4 -:2c2"),
        ("both classes if need be", "1c1 1u1 1C1 1U3", 2, "-:1C1 -:1U3 -:1c1 -:1u1"),
        ("where most is left", "1c3 1C9 2c9 2C9", 2, "-:2C4 -:2c2"),
        ("ties go to the lower location", "2c3 2C6 1c3 1C6", 2, "-:1C4 -:1c2"),
    ];
    for (what, cells, units, expected) in table {
        let mut bench = Bench::kit(cells);
        match bench.act(|ledger, held, owner| ledger.hold_by_default(held, owner, units)) {
            Ok(()) => assert_eq!(bench.held(), expected, "{what}"),
            Err(refusal) => assert_eq!(refusal.to_string(), expected, "{what}"),
        }
    }
}

#[test]
fn a_newcomer_does_not_overtake_who_waits() {
    let table = [
        // what                                   on hand, who waits: (paid, units, passed)    served
        ("an earlier one that could be served", 5, (500, 3, false), false),
        ("an earlier one that needs more than there is", 5, (500, 6, false), true),
        ("an earlier one that was tried in vain", 5, (500, 3, true), true),
        ("a later one", 5, (1_500, 3, false), true),
        ("one that holds all it needs", 5, (500, 0, false), true),
    ];
    for (what, on_hand, (paid, units, passed), served) in table {
        let mut bench = Bench::new(&format!("1c{on_hand}"));
        let waiting = Waiting { pay_time: Timestamp(paid), tid: Tid(50), oid: Oid(51), units, passed };
        bench.stock.enqueue(FIRST, waiting);
        let outcome = bench.act(|ledger, held, owner| ledger.hold_by_default(held, owner, 1));
        assert_eq!(outcome.is_ok(), served, "{what}: {outcome:?}");
    }
    let mut bench = Bench::new("1c5");
    bench.act(|ledger, held, owner| {
        ledger.wait(owner, 1);
        ledger.hold_by_default(held, owner, 1).unwrap();
    });
    assert_eq!(bench.held(), "-:1c1", "nobody waits behind himself");
}

#[test]
fn the_queue_holds_a_sub_order_once() {
    let mut bench = Bench::new("1c5");
    let queue = |bench: &Bench| -> Vec<(i64, bool)> {
        let article = bench.stock.article(FIRST).unwrap();
        article.waiting().iter().map(|waiting| (waiting.units, waiting.passed)).collect()
    };
    bench.act(|ledger, _, owner| ledger.wait(owner, 3));
    bench.act(|ledger, _, owner| ledger.wait(owner, 2));
    assert_eq!(queue(&bench), [(2, false)]);
    bench.act(|ledger, _, owner| ledger.let_pass(owner, 2));
    bench.act(|ledger, _, owner| ledger.wait(owner, 2));
    assert_eq!(queue(&bench), [(2, true)], "tried in vain");
    bench.act(|ledger, _, owner| ledger.wait(owner, 9));
    bench.act(|ledger, _, owner| ledger.let_pass(owner, 9));
    assert_eq!(queue(&bench), [(9, false)], "there was not enough: it keeps its place");
    bench.act(|ledger, _, owner| ledger.stop_waiting(owner));
    assert_eq!(queue(&bench), []);
}

#[test]
fn moves_to_an_assignment() {
    let table = [
        // what                              cells        held before      to, units   held after
        ("certain to certain", "1c5 2c9", "-:2c4", (1, 4), "7:1c4"),
        ("own certain units turn Guard", "1u5 2c9", "-:2c4", (1, 4), "7:1u4 7:2cG4"),
        ("certain first, a Guard for the rest", "1c1 1u5 2c9", "-:2c4", (1, 4), "7:1c1 7:1u3 7:2cG3"),
        ("a Guard from the largest certain cell", "1u5 2u9 3c4 4c5", "-:2u4", (1, 4), "7:1u4 7:4cG4"),
        ("no Guard where none suffices", "1u5 2u9 3c3 4c2", "-:2u4", (1, 4), "7:1u4"),
        ("own certain units guard what they can", "1u5 2c1 2u3 3c9", "-:2c1 -:2u3", (1, 4), "7:1u4 7:2cG1"),
        ("what is held there counts", "1c4 2c9", "-:1c4", (1, 4), "7:1c4"),
        ("in part", "1c4 2c9", "-:1c2 -:2c2", (1, 4), "7:1c4"),
        ("held there in a suspect cell", "1c4! 2c9", "-:1c4", (1, 4), "7:1c4"),
        ("certain first, though uncertain is held there", "1c4 1u4", "-:1u4", (1, 4), "7:1c4"),
        ("nothing held before", "1c4", "", (1, 4), "7:1c4"),
        ("part of the units", "1u5 2c9", "-:2c5", (1, 2), "-:2c3 7:1u2 7:2cG2"),
        ("lacking", "1c3 2c9", "-:2c4", (1, 4), "4 units wanted, 3 available"),
        ("lacking, the rest held there", "1c3 2c9", "-:1c2 -:2c2", (1, 4), "4 units wanted, 3 available"),
        ("a suspect cell gives nothing new", "1c9! 2c4", "-:2c4", (1, 4), "4 units wanted, 0 available"),
        ("a deleted location gives nothing", "9c9 2c4", "-:2c4", (9, 4), "4 units wanted, 0 available"),
    ];
    for (what, cells, before, (location, units), expected) in table {
        let mut bench = Bench::new(cells).holding(before);
        let wanted = Move::to_assignment(AllocationCode(7), LocationId(location), units);
        match bench.act(|ledger, held, owner| ledger.move_to(held, owner, wanted)) {
            Ok(()) => assert_eq!(bench.held(), expected, "{what}"),
            Err(refusal) => {
                assert_eq!(refusal.to_string(), expected, "{what}");
                assert_eq!((bench.held(), bench.posted()), (before.to_owned(), String::new()), "{what}");
            }
        }
    }
}

#[test]
fn a_plan_takes_its_guards_when_all_its_parts_have_their_units() {
    let mut bench = Bench::new("1u1 2c1");
    for (code, location) in [(7, 1), (8, 2)] {
        let wanted = Move::planned(AllocationCode(code), LocationId(location), 1);
        bench.act(|ledger, held, owner| ledger.move_to(held, owner, wanted)).unwrap();
    }
    for (code, location) in [(7, 1), (8, 2)] {
        bench.act(|ledger, held, owner| {
            ledger.take_guard(held, owner, AllocationCode(code), LocationId(location));
        });
    }
    assert_eq!(bench.held(), "7:1u1 8:2c1", "the second part's unit is not the first's Guard");
    let mut bench = Bench::new("1u1 2c1");
    let wanted = Move::planned(AllocationCode(7), LocationId(1), 1);
    bench.act(|ledger, held, owner| {
        ledger.move_to(held, owner, wanted).unwrap();
        ledger.take_guard(held, owner, AllocationCode(7), LocationId(1));
        ledger.take_guard(held, owner, AllocationCode(7), LocationId(1));
    });
    assert_eq!(bench.held(), "7:1u1 7:2cG1");
}

#[test]
fn a_kit_moves_whole() {
    let mut bench = Bench::kit("1c2 1U9 2c9 2C9").holding("-:2c2 -:2C4");
    let wanted = Move::to_assignment(AllocationCode(7), LocationId(1), 2);
    bench.act(|ledger, held, owner| ledger.move_to(held, owner, wanted)).unwrap();
    assert_eq!(bench.held(), "7:1U4 7:1c2 7:2CG4");
    let mut bench = Bench::kit("1c2 1U3 2c9 2C9").holding("-:2c2 -:2C4");
    bench.act(|ledger, held, owner| ledger.move_to(held, owner, wanted)).unwrap_err();
    assert_eq!((bench.held(), bench.posted()), ("-:2C4 -:2c2".to_owned(), String::new()));
}

#[test]
fn moves_between_assignments() {
    let table = [
        ("the Guard goes on guarding", "1u4 2u4 3c4", "7:1u4 7:3cG4", (2, 4), "8:2u4 8:3cG4"),
        ("to where the Guard is", "1u4 3c4", "7:1u4 7:3cG4", (3, 4), "8:3c4"),
        ("part of it", "1u4 2u4 3c4", "7:1u4 7:3cG4", (2, 1), "7:1u3 7:3cG3 8:2u1 8:3cG1"),
        ("to certain units: no Guard", "1u4 2c4 3c4", "7:1u4 7:3cG4", (2, 4), "8:2c4"),
    ];
    for (what, cells, before, (location, units), expected) in table {
        let mut bench = Bench::new(cells).holding(before);
        let wanted = Move::between(AllocationCode(7), AllocationCode(8), LocationId(location), units);
        bench.act(|ledger, held, owner| ledger.move_to(held, owner, wanted)).unwrap();
        assert_eq!(bench.held(), expected, "{what}");
    }
}

#[test]
fn adjusts_within_an_assignment() {
    let table = [
        // what                       cells         held before          to    class  from  held after
        ("the whole", "1c4 2c9", "7:2c4", ("1c4", 0), "7:1c4"),
        ("a part, then the rest", "1c4 2c9", "7:1c3 7:2c1", ("1c1", 0), "7:1c4"),
        ("the class that was asked for", "1c4 1u4 3c9", "7:1u4", ("1c4", 0), "7:1c4"),
        ("uncertain though certain is there", "1c4 1u4 3c9", "7:3c4", ("1u4", 0), "7:1u4 7:3cG4"),
        ("it is there already", "1c4", "7:1c4", ("1c4", 0), "7:1c4"),
        ("from the named location only", "1c4 2c9 3u9", "7:2c2 7:3u2", ("1c2", 3), "7:1c2 7:2c2"),
        ("that class lacks", "1c4 1u3 2c9", "7:2c4", ("1u4", 0), "4 units wanted, 3 available"),
    ];
    for (what, cells, before, (to, original), expected) in table {
        let mut bench = Bench::new(cells).holding(before);
        let (target, units, _) = parse(to);
        let code = Some(AllocationCode(7));
        let wanted = Move {
            from: code,
            to: code,
            location: target.location,
            units,
            class: Some(target.class),
            original: (original != 0).then_some(LocationId(original)),
            guarded: true,
            guard_later: false,
        };
        match bench.act(|ledger, held, owner| ledger.move_to(held, owner, wanted)) {
            Ok(()) => assert_eq!(bench.held(), expected, "{what}"),
            Err(refusal) => assert_eq!(refusal.to_string(), expected, "{what}"),
        }
    }
}

#[test]
fn acceptance_releases_the_guard_alone() {
    let mut bench = Bench::new("1u4 3c4").holding("7:1u4 7:3cG4");
    bench.act(|ledger, held, owner| ledger.release_guard(held, owner, AllocationCode(7)));
    assert_eq!(bench.posted(), "Release 3c 0/-4/0");
    assert_eq!(bench.held(), "7:1u4");
}

#[test]
fn refused_or_withdrawn() {
    let table = [
        // what                                   cells         held before     avoid   held after   unheld
        ("the Guard becomes Primary", "1u4 3c4", "7:1u4 7:3cG4", 1, "-:3c4", 0),
        ("no Guard: deducted anew", "1c4 2c9", "7:1c4", 1, "-:2c4", 0),
        ("not where it was refused", "1c9", "7:1c4", 1, "", 4),
        ("withdrawn without blame: there again", "1c9", "7:1c4", 0, "-:1c4", 0),
        ("a Guard of a part", "1u4 3c9", "7:1u4 7:3cG2", 1, "-:3c4", 0),
        ("a Guard of a part, nothing else", "1u4 3c2", "7:1u4 7:3cG2", 1, "-:3c2", 2),
        ("a hold that never moved stays", "1c9 5u9", "7:5u4", 1, "-:5u4", 0),
        ("what others hold stays", "1u9 3c9", "7:1u4 8:1u2 -:3c1", 1, "-:3c5 8:1u2", 0),
        ("too much is not kept", "1c9 5u9 3c9", "7:5u4 7:3cG4", 1, "-:5u4", 0),
    ];
    for (what, cells, before, avoid, expected, unheld) in table {
        let mut bench = Bench::new(cells).holding(before).avoiding(avoid);
        let rest = bench.act(|ledger, held, owner| ledger.give_back(held, owner, AllocationCode(7), LocationId(1), 4));
        assert_eq!((bench.held().as_str(), rest), (expected, unheld), "{what}");
    }
}

#[test]
fn a_refused_kit_is_held_whole_or_not_at_all() {
    let table = [
        ("deducted anew as a whole", "1c2 1U4 2C9 3c9 3C9", "7:1c2 7:1U4 7:2CG4", "-:3C4 -:3c2", 0),
        ("half a kit is not kept", "1c2 1U4 2C9", "7:1c2 7:1U4 7:2CG4", "", 2),
        ("Guards of everything at one location are", "1u2 1U4 2c2 2C4", "7:1u2 7:1U4 7:2cG2 7:2CG4", "-:2C4 -:2c2", 0),
    ];
    for (what, cells, before, expected, unheld) in table {
        let mut bench = Bench::kit(cells).holding(before).avoiding(1);
        let rest = bench.act(|ledger, held, owner| ledger.give_back(held, owner, AllocationCode(7), LocationId(1), 2));
        assert_eq!((bench.held().as_str(), rest), (expected, unheld), "{what}");
    }
}

#[test]
fn a_short_cell_takes_unassigned_units_back() {
    let table = [
        ("what lies in it", "1c9 2c9", "-:1c4 -:2c1", "1c", "-:2c1"),
        ("a Guard takes their place", "1u9 2c9", "-:1u4 -:2cG4", "1u", "-:2c4"),
        ("as far as it reaches", "1u9 2c9 3u9", "-:1u4 -:2cG2 -:3u3", "1u", "-:2c2 -:3u3"),
        ("an assignment's stay", "1c9", "7:1c2 -:1c4", "1c", "7:1c2"),
    ];
    for (what, cells, before, cell, expected) in table {
        let mut bench = Bench::new(cells).holding(before);
        let (cell, ..) = parse(&format!("{cell}0"));
        bench.act(|ledger, held, owner| ledger.free_unassigned(held, owner, cell));
        assert_eq!(bench.held(), expected, "{what}");
    }
    let mut bench = Bench::kit("1c9 1C9").holding("-:1c1 -:1C2");
    bench.act(|ledger, held, owner| ledger.free_unassigned(held, owner, parse("1c0").0));
    assert_eq!(bench.held(), "", "a kit as a whole");
}

#[test]
fn shipping() {
    use DiscrepancyKind::{ShippedElsewhere, ShippedUnheld};
    let (away, nowhere) = (Some(ShippedElsewhere), Some(ShippedUnheld));
    let table = [
        ("held there", "1c9", "7:1c4", "Commit 1c -4/-4/4", None),
        ("both classes", "1c1 1u9", "7:1c1 7:1u3", "Commit 1c -1/-1/1, Commit 1u -3/-3/3", None),
        ("the Guard goes first", "1u9 3c9", "7:1u4 7:3cG4", "Release 3c 0/-4/0, Commit 1u -4/-4/4", None),
        ("moved there first", "1c9 2c9", "7:2c4", "MoveOut 2c 0/-4/0, MoveIn 1c 0/4/0, Commit 1c -4/-4/4", away),
        (
            "as far as there are units there",
            "1c3 2c9",
            "7:2c4",
            "MoveOut 2c 0/-3/0, MoveIn 1c 0/3/0, Commit 1c -3/-3/3, Commit 2c -1/-1/1",
            away,
        ),
        ("a suspect cell takes nothing in", "1c9! 2c9", "7:2c4", "Commit 2c -4/-4/4", away),
        ("held nowhere: the certain cell", "1c3 1u9", "", "CommitUnheld 1c -4/0/4", nowhere),
        ("held nowhere: else the uncertain one", "1u9", "", "CommitUnheld 1u -4/0/4", nowhere),
        ("held nowhere, no cell", "", "", "CommitUnheld 1u -4/0/4", nowhere),
        ("partly held", "1c9", "7:1c3", "Commit 1c -3/-3/3, CommitUnheld 1c -1/0/1", nowhere),
    ];
    for (what, cells, before, posted, discrepancy) in table {
        let mut bench = Bench::new(cells).holding(before);
        let gone = bench.act(|ledger, held, owner| ledger.commit(held, owner, AllocationCode(7), LocationId(1), 4));
        assert_eq!(bench.posted(), posted, "{what}");
        assert_eq!(bench.held(), "", "{what}: nothing is held");
        assert_eq!(gone.iter().map(|part| part.units).sum::<i64>(), 4, "{what}");
        let noted = bench.stock.take_changes().discrepancies;
        assert_eq!(noted.first().map(|noted| noted.kind), discrepancy, "{what}");
    }
}

#[test]
fn a_collected_pickup_goes_off_where_it_lies() {
    let mut bench = Bench::new("1c9 2c9").holding("7:2c4");
    bench.act(|ledger, held, owner| ledger.commit_where_held(held, owner, AllocationCode(7), LocationId(1), 4));
    assert_eq!(bench.posted(), "Commit 2c -4/-4/4");
    assert!(bench.stock.take_changes().discrepancies.is_empty());
}

#[test]
fn assigned_in_place() {
    let table = [
        ("held there", "1c4", "-:1c4", "7:1c4", true),
        ("held elsewhere", "2c4", "-:2c4", "7:2c4", false),
        ("held nowhere", "2c4", "", "", false),
        ("a Guard goes along", "1u4 2c4", "-:1u4 -:2cG4", "7:1u4 7:2cG4", true),
        ("part of it stays behind", "1c6", "-:1c6", "-:1c2 7:1c4", true),
    ];
    for (what, cells, before, expected, there) in table {
        let mut bench = Bench::new(cells).holding(before);
        let outcome =
            bench.act(|ledger, held, owner| ledger.assign_in_place(held, owner, AllocationCode(7), LocationId(1), 4));
        assert_eq!((bench.held().as_str(), outcome), (expected, there), "{what}");
        assert_eq!(bench.posted(), "", "{what}");
    }
}

#[test]
fn a_hold_before_payment_is_taken_over() {
    use crate::ids::{HoldKey, ItemId, SkuId};
    use crate::stock::hold::AheadPart;
    let table = [
        // what                    cells     ahead   state   wanted  held        released   unheld
        ("exactly", "1c9", "1c4", true, 4, "-:1c4", "", 0),
        ("a surplus is released", "1c9", "1c4", true, 3, "-:1c3", "Release 1c 0/-1/0", 0),
        ("a lack is deducted", "1c4 2c9", "1c4", true, 6, "-:1c4 -:2c2", "Reserve 2c 0/2/0", 0),
        ("a lack stays", "1c4", "1c4", true, 6, "-:1c4", "", 2),
        ("one that has ended", "1c4 2c9", "1c4", false, 2, "-:2c2", "Reserve 2c 0/2/0", 0),
    ];
    for (what, cells, ahead, live, units, expected, posted, unheld) in table {
        let mut bench = Bench::new(cells);
        let (cell, ahead_units, _) = parse(ahead);
        let mut hold = AheadHold {
            key: HoldKey("k".to_owned()),
            item: ItemId(1),
            sku: SkuId(0),
            sc_item: FIRST,
            quantity: ahead_units,
            state: if live { AheadState::Held } else { AheadState::Expired },
            parts: vec![AheadPart { cell, units: ahead_units }],
            made_at: NOW,
            expires_at: NOW,
        };
        if live {
            let change = Change { reserved: ahead_units, ..Change::default() };
            let cause = Cause::Ahead { key: hold.key.clone() };
            bench.stock.post(cell, EntryKind::Reserve, change, &cause, Moment::now(NOW));
            bench.stock.take_changes();
        }
        let rest = bench.act(|ledger, held, owner| ledger.take_over(held, &mut hold, owner, units));
        assert_eq!((bench.held().as_str(), bench.posted().as_str(), rest), (expected, posted, unheld), "{what}");
        let taken = hold.state == AheadState::TakenOver { tid: Tid(1), oid: Oid(2) };
        assert_eq!(taken, live, "{what}");
    }
}

#[test]
fn restocking_goes_to_the_class_it_left_and_is_not_counted_twice() {
    let mut bench = Bench::new("1c9").holding("7:1c4");
    let gone = bench.act(|ledger, held, owner| ledger.commit(held, owner, AllocationCode(7), LocationId(1), 4));
    let class = gone[0].cell.class;
    bench.act(|ledger, _, owner| ledger.restock(owner, AllocationCode(7), LocationId(2), 1, class));
    assert_eq!(bench.posted(), "Commit 1c -4/-4/4, Restock 2c 1/0/-1");
}

#[test]
fn no_goods_marks_both_cells_there() {
    let mut bench = Bench::new("1c9 1u9 2c9");
    bench.act(|ledger, _, owner| ledger.mark_suspect(owner, AllocationCode(7), LocationId(1)));
    let suspect: Vec<String> = bench
        .stock
        .articles()
        .flat_map(|article| article.cells())
        .filter(|(_, cell)| cell.suspect)
        .map(|(key, _)| name(*key))
        .collect();
    assert_eq!(suspect, ["1c", "1u"]);
    bench.act(|ledger, held, owner| ledger.hold_by_default(held, owner, 1)).unwrap();
    assert_eq!(bench.held(), "-:2c1");
}

#[test]
fn a_one_cell_hold_is_three_rows_and_a_moved_one_stays_one_row() {
    let mut bench = Bench::new("1c9 2c9");
    bench.act(|ledger, held, owner| ledger.hold_by_default(held, owner, 2)).unwrap();
    let changes = bench.stock.take_changes();
    assert_eq!((changes.cells.len(), changes.entries.len(), bench.held.len()), (1, 1, 1));
    let id = bench.held[0].id;
    let wanted = Move::to_assignment(AllocationCode(7), LocationId(2), 2);
    bench.act(|ledger, held, owner| ledger.move_to(held, owner, wanted)).unwrap();
    assert_eq!((bench.held(), bench.held[0].id), ("7:2c2".to_owned(), id));
}
