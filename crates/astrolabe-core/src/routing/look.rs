//! One look at one location: may it serve the lines, with how many units, at what cost. `gather` decides where to look.

use std::collections::{BTreeMap, BTreeSet};

use crate::goods::Component;
use crate::ids::{LocationId, Oid, ScItemId};
use crate::place::Places;
use crate::routing::eligibility::Reason;
use crate::routing::gather::{Ask, Snapshot};
use crate::routing::input::{Candidate, Supply, shared_articles};
use crate::routing::nearest::{Aim, Nearest, Site};
use crate::routing::settings::RouterSettings;
use crate::routing::shelf::{OnShelf, Shelf};
use crate::service_settings::{DayKey, Service, ServiceSettings};
use crate::stock::cell::StockClass;
use crate::stock::hold::{Reservation, Role};
use crate::time::Timestamp;
use crate::world::DayLoads;

/// A trade's lines with all that is needed to judge a location for them.
pub(super) struct Look<'a> {
    pub nearest: &'a Nearest,
    pub aim: Option<Aim>,
    pub settings: RouterSettings,
    pub lines: Vec<Wanted<'a>>,
    /// Positions in `shelves` of the articles that lines share.
    pub shared: Vec<usize>,
    places: &'a Places,
    day_loads: &'a DayLoads,
    is_offer: bool,
    now: Timestamp,
    split_quantity: bool,
    shelves: Vec<Shelf<'a>>,
    /// Uncertain units that the trade holds: (shelf, location, units).
    held_uncertain: Vec<(usize, LocationId, i64)>,
}

/// A line to place.
pub(super) struct Wanted<'a> {
    pub oid: Oid,
    pub units: i64,
    /// Each article once.
    pub components: Vec<Component>,
    /// Whether it is known what to ship.
    pub known: bool,
    ask: Ask<'a>,
    /// For each component its shelf.
    shelves: Vec<usize>,
    /// Units of the listing held by the line where.
    held: Vec<(LocationId, i64)>,
}

/// A location that can serve something.
pub(super) struct Found {
    pub candidate: Candidate,
    /// Cost of a package from here.
    pub open: i64,
    /// Cost of each line here; `None` where it cannot be served whole.
    pub serve: Vec<Option<i64>>,
}

impl<'a> Look<'a> {
    pub(super) fn new(snapshot: &Snapshot<'a>, asks: &[Ask<'a>]) -> Self {
        let components: Vec<Vec<Component>> = asks.iter().map(|ask| merged(ask.components)).collect();
        let articles: BTreeSet<ScItemId> = components.iter().flatten().map(|part| part.sc_item).collect();
        let shelves: Vec<Shelf<'a>> =
            articles.iter().map(|&sc_item| Shelf::of(snapshot.stock, sc_item, snapshot.channel)).collect();
        let shelf = |sc_item: ScItemId| shelves.iter().position(|shelf| shelf.sc_item == sc_item);
        let shared = shared_articles(components.iter().map(Vec::as_slice));
        let lines = asks.iter().zip(&components).map(|(ask, components)| Wanted {
            oid: ask.oid,
            units: ask.units,
            known: ask.units > 0 && !components.is_empty() && components.iter().all(|part| part.per_unit > 0),
            shelves: components.iter().filter_map(|part| shelf(part.sc_item)).collect(),
            held: held_of(ask.oid, components, snapshot.reservations),
            components: components.clone(),
            ask: *ask,
        });
        let lines: Vec<Wanted<'a>> = lines.collect();
        let mut held_uncertain = Vec::new();
        for hold in snapshot.reservations.iter().filter(|hold| is_unassigned(hold)) {
            let asked = asks.iter().any(|ask| ask.oid == hold.oid);
            if let (StockClass::Uncertain, true, Some(shelf)) = (hold.cell.class, asked, shelf(hold.cell.sc_item)) {
                held_uncertain.push((shelf, hold.cell.location, hold.units));
            }
        }
        Self {
            nearest: snapshot.places.nearest(),
            aim: snapshot.destination.map(Aim::at),
            settings: snapshot.settings,
            shared: shared.into_iter().filter_map(shelf).collect(),
            places: snapshot.places,
            day_loads: snapshot.day_loads,
            is_offer: snapshot.is_offer,
            now: snapshot.now,
            split_quantity: snapshot.split_quantity,
            lines,
            shelves,
            held_uncertain,
        }
    }

    /// Judges the location at a position for every line; `None` when it can serve nothing.
    pub(super) fn at(&self, at: usize, metres: Option<i64>) -> Option<Found> {
        let site = self.nearest.site(at);
        let enough = |line: &Wanted<'_>| if self.split_quantity { 1 } else { line.units };
        if self.reason_of_place(site).is_some() {
            return None;
        }
        let first = self.lines.iter().position(|line| {
            line.known && self.available(line, site) >= enough(line) && self.reason_against(line, site).is_none()
        })?;
        let mut supply = Vec::with_capacity(self.lines.len());
        supply.extend(self.lines[..first].iter().map(|line| self.supply(line, site)));
        supply.extend(self.lines[first..].iter().map(|line| self.supply(line, site)));
        let serve = self.lines.iter().zip(&supply).map(|(line, supply)| {
            let whole = line.known && supply.available() >= line.units;
            whole.then(|| self.settings.serving(line.units, supply.available()).total())
        });
        let serve = serve.collect();
        let pools = self.shared.iter().map(|&shelf| self.spare(shelf, site)).collect();
        let priority = self.priority(site);
        let candidate =
            Candidate { location: site.location, warehouse: site.warehouse, priority, metres, supply, pools };
        let open = self.settings.opening(site.warehouse, metres, priority).total();
        Some(Found { candidate, open, serve })
    }

    /// Whether the location at a position can serve each of these lines whole.
    pub(super) fn has_all(&self, at: usize, lines: &[usize]) -> bool {
        let site = self.nearest.site(at);
        let whole = |line: &Wanted<'_>| self.available(line, site) >= line.units;
        lines.iter().all(|&line| whole(&self.lines[line]) && self.reason_against(&self.lines[line], site).is_none())
    }

    /// Reads all stocked locations of a line at once, so that looks at them are cheaper.
    pub(super) fn sweep(&mut self, line: usize) {
        for shelf in self.lines[line].shelves.clone() {
            self.shelves[shelf].sweep();
        }
    }

    fn supply(&self, line: &Wanted<'_>, site: &Site) -> Supply {
        if let Some(reason) = self.reason_against(line, site) {
            return Supply::Refused(reason);
        }
        let available = self.available(line, site);
        if available > 0 {
            return Supply::Units { available, held: line.held_at(site.location).min(available) };
        }
        Supply::Refused(self.lack(line, site.location))
    }

    /// Why a location may not serve a line, its stock aside.
    pub(super) fn reason_against(&self, line: &Wanted<'_>, site: &Site) -> Option<Reason> {
        let location = site.location;
        let bound = || line.ask.item.is_some_and(|item| item.bound.contains(&location));
        if let Some(reason) = self.reason_of_place(site) {
            return Some(reason);
        }
        if line.ask.left_out.contains(&location) {
            return Some(Reason::LeftOut);
        }
        if let Some(exclusion) = line.ask.excluded.iter().find(|exclusion| exclusion.location == location) {
            return Some(Reason::of_exclusion(exclusion));
        }
        (!site.warehouse && !bound()).then_some(Reason::NotBound)
    }

    /// Why a location serves nobody now, whatever the line.
    fn reason_of_place(&self, site: &Site) -> Option<Reason> {
        Reason::of_status(site.status).or_else(|| {
            let settings = self.service(site)?;
            let key = DayKey { day: self.now.shanghai_day(), location: site.location, service: Service::Delivery };
            Reason::of_service(settings, Service::Delivery, self.now, self.day_loads.taken(key))
        })
    }

    /// What the merchant has set about a location's offers, if anything and if it is offered something.
    fn service(&self, site: &Site) -> Option<&'a ServiceSettings> {
        if !site.restricted || !self.is_offer {
            return None;
        }
        self.places.live(site.location).map(|place| &place.service)
    }

    fn priority(&self, site: &Site) -> u8 {
        self.service(site).map_or(0, |settings| settings.delivery.at(self.now).priority.steps())
    }

    /// When the calendar may let in a location that has a line's units and keeps shut now; of all of them, the first.
    pub(super) fn next_opening(&mut self, line: usize) -> Option<Timestamp> {
        let places = self.places_of(line);
        let wanted = &self.lines[line];
        let opens = |at: usize| {
            let site = self.nearest.site(at);
            let shut = match self.reason_against(wanted, site)? {
                Reason::OutsideWorkingTime | Reason::OutsideDispatchTime | Reason::DayFull => self.service(site)?,
                Reason::Deleted
                | Reason::OnHold
                | Reason::Shut
                | Reason::SwitchedOff
                | Reason::LeftOut
                | Reason::RefusedBefore
                | Reason::SilentBefore
                | Reason::GaveBackBefore
                | Reason::NotBound
                | Reason::Suspect
                | Reason::NoStock
                | Reason::TooFew => return None,
            };
            let some = self.available(wanted, site) > 0;
            some.then(|| shut.next_change(Service::Delivery, self.now)).flatten()
        };
        places.into_iter().filter_map(opens).min()
    }

    /// Which kind of nothing a location has for a line.
    pub(super) fn lack(&self, line: &Wanted<'_>, location: LocationId) -> Reason {
        let suspect = line.shelves.iter().any(|&shelf| self.shelves[shelf].is_suspect_at(location));
        if suspect { Reason::Suspect } else { Reason::NoStock }
    }

    /// Units of the listing that can come from a location: what the line holds there and what is free after safety stock.
    pub(super) fn available(&self, line: &Wanted<'_>, site: &Site) -> i64 {
        if !line.known {
            return 0;
        }
        let free = line.components.iter().zip(&line.shelves);
        let free = free.map(|(part, &shelf)| self.spare(shelf, site).div_euclid(part.per_unit)).min().unwrap_or(0);
        line.held_at(site.location).saturating_add(free).max(0)
    }

    /// Units of an article beyond what the trade holds, after safety stock. Safety stock is kept back of the uncertain
    /// units of stores alone: certain units are the channel's own, the shop floor has no claim on them. Below 0 when the
    /// trade's own hold reaches into it.
    fn spare(&self, shelf: usize, site: &Site) -> i64 {
        let OnShelf { certain, uncertain } = self.shelves[shelf].at(site.location);
        let free = certain.saturating_add(uncertain);
        if site.warehouse || self.settings.safety_stock == 0 {
            return free;
        }
        let held = self.held_uncertain.iter().filter(|(of, at, _)| *of == shelf && *at == site.location);
        let lying = held.fold(uncertain, |sum, (.., units)| sum.saturating_add(*units));
        free.saturating_sub(self.settings.safety_stock.min(lying))
    }

    /// The least that serving a line can cost at a location that holds nothing of it for the trade.
    pub(super) fn least_serving(&self, line: usize) -> i64 {
        let wanted = &self.lines[line];
        let most = wanted.components.iter().zip(&wanted.shelves);
        let most = most.map(|(part, &shelf)| self.shelves[shelf].units_at_most().div_euclid(part.per_unit.max(1)));
        self.settings.serving(wanted.units, most.min().unwrap_or(0)).total()
    }

    /// At most this many locations have anything of a line's goods that they may give.
    pub(super) fn stocked(&self, line: usize) -> usize {
        let wanted = &self.lines[line];
        let stocked = wanted.shelves.iter().map(|&shelf| self.shelves[shelf].stocked_at_most()).min().unwrap_or(0);
        stocked.min(self.bound(wanted))
    }

    /// Locations per line that a report should be able to compare.
    pub(super) fn company(&self) -> usize {
        let known = self.lines.iter().filter(|line| line.known).count().max(1);
        (self.settings.candidates_per_line / known).max(self.rivals() + 1)
    }

    /// As many of a line's cheapest locations as must be known for one to be free in any plan: one, or, where lines
    /// share stock, as many as there are lines.
    pub(super) fn rivals(&self) -> usize {
        if self.shared.is_empty() { 1 } else { self.lines.len() }
    }

    fn bound(&self, line: &Wanted<'_>) -> usize {
        line.ask.item.map_or(0, |item| item.bound.len()).saturating_add(self.nearest.warehouses().count())
    }

    /// Positions of the live locations that may have a line's goods: from its bindings or from its stock, whichever is
    /// less.
    pub(super) fn places_of(&mut self, line: usize) -> Vec<usize> {
        let wanted = &self.lines[line];
        let rarest = wanted.shelves.iter().copied().min_by_key(|&shelf| self.shelves[shelf].stocked_at_most());
        let Some(rarest) = rarest else { return Vec::new() };
        let nearest = self.nearest;
        if self.bound(wanted).saturating_mul(2) < self.shelves[rarest].stocked_at_most() {
            let bound = wanted.ask.item.into_iter().flat_map(|item| &item.bound);
            return bound.filter_map(|&location| nearest.position(location)).chain(nearest.warehouses()).collect();
        }
        self.sweep(line);
        self.shelves[rarest].sweep().iter().filter_map(|(location, _)| nearest.position(*location)).collect()
    }

    /// Positions where the trade holds something.
    pub(super) fn held_positions(&self) -> impl Iterator<Item = usize> {
        let held = self.lines.iter().flat_map(|line| &line.held);
        held.filter_map(|(location, _)| self.nearest.position(*location))
    }

    /// Why the stocked locations cannot serve a line, counted by reason.
    pub(super) fn misses(&mut self, line: usize) -> Vec<(Reason, u32)> {
        if !self.lines[line].known {
            return Vec::new();
        }
        let Some(&shelf) = self.lines[line].shelves.first() else { return Vec::new() };
        let stocked: Vec<LocationId> = self.shelves[shelf].sweep().iter().map(|(location, _)| *location).collect();
        let mut counts: BTreeMap<Reason, u32> = BTreeMap::new();
        for location in stocked {
            if let Some(reason) = self.miss(line, location) {
                *counts.entry(reason).or_default() += 1;
            }
        }
        counts.into_iter().collect()
    }

    /// Why a location with some stock does not serve a line whole: its stock first, so that "on hold" and the like always
    /// mean that the units are there.
    fn miss(&self, line: usize, location: LocationId) -> Option<Reason> {
        let wanted = &self.lines[line];
        let Some(at) = self.nearest.position(location) else {
            return self.places.get(location).map(|_| Reason::Deleted);
        };
        let site = self.nearest.site(at);
        if self.available(wanted, site) < wanted.units {
            return Some(Reason::TooFew);
        }
        self.reason_against(wanted, site)
    }
}

impl Wanted<'_> {
    /// Units of a shelf's article that one unit takes.
    pub(super) fn per_unit(&self, shelf: usize) -> i64 {
        let parts = self.components.iter().zip(&self.shelves);
        parts.filter(|(_, of)| **of == shelf).map(|(part, _)| part.per_unit).sum()
    }

    fn held_at(&self, location: LocationId) -> i64 {
        self.held.iter().find(|(at, _)| *at == location).map_or(0, |(_, units)| *units)
    }
}

impl Found {
    /// What a plan with this location alone would cost.
    pub(super) fn alone(&self, unfilled: i64) -> i64 {
        self.serve
            .iter()
            .fold(self.open, |sum, serve| sum.saturating_add(serve.map_or(unfilled, |cost| cost.min(unfilled))))
    }

    /// Cost of serving every known line here, beside the package; `None` when that cannot be.
    pub(super) fn serves_all_known(&self, look: &Look<'_>) -> Option<i64> {
        let mut sum = 0_i64;
        for (wanted, serve) in look.lines.iter().zip(&self.serve) {
            if wanted.known {
                sum = sum.saturating_add((*serve)?);
            }
        }
        let bears = look.shared.iter().zip(&self.candidate.pools).all(|(&shelf, &spare)| {
            let taken = look.lines.iter().zip(&self.candidate.supply).fold(0_i64, |sum, (wanted, supply)| {
                let each = wanted.per_unit(shelf);
                let beyond = wanted.units.saturating_sub(supply.held()).max(0);
                sum.saturating_add(beyond.saturating_mul(each))
            });
            taken <= spare
        });
        bears.then_some(sum)
    }
}

/// Components with each article once.
fn merged(components: &[Component]) -> Vec<Component> {
    let mut by_article: BTreeMap<ScItemId, i64> = BTreeMap::new();
    for part in components {
        let per_unit = by_article.entry(part.sc_item).or_default();
        *per_unit = per_unit.saturating_add(part.per_unit);
    }
    by_article.into_iter().map(|(sc_item, per_unit)| Component { sc_item, per_unit }).collect()
}

fn is_unassigned(hold: &Reservation) -> bool {
    hold.code.is_none() && hold.role == Role::Primary
}

/// Units of the listing that a line's unassigned holds make at each location: every component must be there.
fn held_of(oid: Oid, components: &[Component], reservations: &[Reservation]) -> Vec<(LocationId, i64)> {
    let own = || reservations.iter().filter(|hold| hold.oid == oid && is_unassigned(hold));
    let locations: BTreeSet<LocationId> = own().map(|hold| hold.cell.location).collect();
    let at = |location: LocationId| {
        let whole = components.iter().filter(|part| part.per_unit > 0).map(|part| {
            let here = own().filter(|hold| hold.cell.location == location && hold.cell.sc_item == part.sc_item);
            here.map(|hold| hold.units).fold(0, i64::saturating_add).div_euclid(part.per_unit)
        });
        whole.min().unwrap_or(0)
    };
    locations.into_iter().map(|location| (location, at(location))).filter(|(_, units)| *units > 0).collect()
}
