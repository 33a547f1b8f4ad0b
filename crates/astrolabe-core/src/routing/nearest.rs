//! Where a seller's live locations are, kept so that "the next nearest" needs no scan: a k-d tree over points on the unit
//! sphere, walked best first. Built once from the places and reused until one of them changes
//! ([`crate::place::Places::nearest`] sees to that). It knows nothing of stock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::geo::Point;
use crate::ids::LocationId;
use crate::place::{Location, StoreStatus};

/// What routing must know of a location beside its stock.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Site {
    pub location: LocationId,
    pub warehouse: bool,
    pub status: StoreStatus,
    /// Whether its service is restricted in any way: only then its settings are looked at.
    pub restricted: bool,
    /// On the unit sphere; `None` when the address names no known division.
    at: Option<Spot>,
}

/// A point on the unit sphere.
type Spot = [f64; 3];

/// All live locations of a seller.
#[derive(Clone, Debug, Default)]
pub struct Nearest {
    /// Ascending by location.
    sites: Vec<Site>,
    /// Sites with a point, grouped leaf by leaf.
    mapped: Vec<(Spot, u32)>,
    nodes: Vec<Node>,
    unmapped: Vec<u32>,
    warehouses: Vec<u32>,
}

/// A box around `mapped[from..to]`.
#[derive(Clone, Copy, Debug)]
struct Node {
    low: Spot,
    high: Spot,
    from: u32,
    to: u32,
    /// The two halves; none for a leaf.
    halves: Option<(u32, u32)>,
}

const LEAF_SITES_MAX: usize = 8;
const EARTH_RADIUS_M: f64 = 6_371_000.0;

impl Site {
    /// What routing sees of a location.
    pub fn of(location: &Location) -> Self {
        Self {
            location: location.id,
            warehouse: location.is_warehouse(),
            status: location.status,
            restricted: !location.service.is_default(),
            at: location.point.map(spot),
        }
    }

    /// Great-circle metres to a destination; `None` when either end has no point.
    pub(super) fn metres(&self, to: Option<Aim>) -> Option<i64> {
        Some(metres(chord2(self.at?, to?.0)))
    }
}

/// A destination, ready to measure to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aim(Spot);

impl Aim {
    pub(super) fn at(point: Point) -> Self {
        Self(spot(point))
    }
}

fn spot(point: Point) -> Spot {
    let lat = (f64::from(point.lat_micro) / 1e6).to_radians();
    let lng = (f64::from(point.lng_micro) / 1e6).to_radians();
    [lat.cos() * lng.cos(), lat.cos() * lng.sin(), lat.sin()]
}

/// Squared straight distance through the sphere: grows with the way over it.
fn chord2(a: Spot, b: Spot) -> f64 {
    (0..3).map(|axis| (a[axis] - b[axis]) * (a[axis] - b[axis])).sum()
}

fn metres(chord2: f64) -> i64 {
    (2.0 * EARTH_RADIUS_M * (chord2.sqrt() / 2.0).min(1.0).asin()).round() as i64
}

impl Nearest {
    /// From the live locations, in id order.
    pub fn of<'a>(locations: impl Iterator<Item = &'a Location>) -> Self {
        let sites: Vec<Site> = locations.map(Site::of).collect();
        let numbered = || sites.iter().zip(0_u32..);
        let mut mapped: Vec<(Spot, u32)> = numbered().filter_map(|(site, at)| Some((site.at?, at))).collect();
        let unmapped = numbered().filter(|(site, _)| site.at.is_none()).map(|(_, at)| at).collect();
        let warehouses = numbered().filter(|(site, _)| site.warehouse).map(|(_, at)| at).collect();
        let mut nodes = Vec::new();
        if !mapped.is_empty() {
            grow(&mut nodes, &mut mapped, 0);
        }
        Self { sites, mapped, nodes, unmapped, warehouses }
    }

    /// Number of live locations.
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// Whether the seller has no live location.
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }

    /// Position of a live location.
    pub(super) fn position(&self, location: LocationId) -> Option<usize> {
        self.sites.binary_search_by_key(&location, |site| site.location).ok()
    }

    /// The site at a position.
    pub(super) fn site(&self, at: usize) -> &Site {
        &self.sites[at]
    }

    /// Positions of the warehouses.
    pub(super) fn warehouses(&self) -> impl Iterator<Item = usize> {
        self.warehouses.iter().map(|&at| at as usize)
    }

    /// Walks all sites from the nearest on. Sites whose way is not known come at `unknown_metres`.
    pub(super) fn walk(&self, to: Option<Aim>, unknown_metres: i64) -> Walk<'_> {
        let mut heap = BinaryHeap::new();
        if let (Some(aim), Some(root)) = (to, self.nodes.first()) {
            heap.push(Reverse((root.chord2(aim.0).to_bits(), Step::Node(0))));
        }
        Walk { nearest: self, to, unknown_metres, heap, unknown: 0 }
    }
}

/// Makes the node of `mapped` (which starts at `from` of the whole) and of its halves; returns the node's number.
fn grow(nodes: &mut Vec<Node>, mapped: &mut [(Spot, u32)], from: u32) -> u32 {
    let (mut low, mut high) = ([f64::MAX; 3], [f64::MIN; 3]);
    for (spot, _) in mapped.iter() {
        for axis in 0..3 {
            low[axis] = low[axis].min(spot[axis]);
            high[axis] = high[axis].max(spot[axis]);
        }
    }
    let number = nodes.len() as u32;
    nodes.push(Node { low, high, from, to: from + mapped.len() as u32, halves: None });
    if mapped.len() > LEAF_SITES_MAX {
        let width = |axis: &usize| high[*axis] - low[*axis];
        let axis = (0..3).max_by(|a, b| width(a).total_cmp(&width(b))).unwrap_or(0);
        let middle = mapped.len() / 2;
        mapped.select_nth_unstable_by(middle, |(a, at_a), (b, at_b)| a[axis].total_cmp(&b[axis]).then(at_a.cmp(at_b)));
        let (left, right) = mapped.split_at_mut(middle);
        let left = grow(nodes, left, from);
        let right = grow(nodes, right, from + middle as u32);
        nodes[number as usize].halves = Some((left, right));
    }
    number
}

impl Node {
    /// Squared distance from a point to the box.
    fn chord2(&self, to: Spot) -> f64 {
        (0..3)
            .map(|axis| {
                let outside = (self.low[axis] - to[axis]).max(to[axis] - self.high[axis]).max(0.0);
                outside * outside
            })
            .sum()
    }
}

/// What the walk may do next; its squared distance, as ordered bits, stands beside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Step {
    /// Open a box: before a site of the same distance, which may tie with one inside.
    Node(u32),
    Site(u32),
}

/// Sites from the nearest on, with their metres (`None`: not known).
#[derive(Clone, Debug)]
pub(super) struct Walk<'a> {
    nearest: &'a Nearest,
    to: Option<Aim>,
    unknown_metres: i64,
    heap: BinaryHeap<Reverse<(u64, Step)>>,
    unknown: usize,
}

impl Iterator for Walk<'_> {
    type Item = (usize, Option<i64>);

    fn next(&mut self) -> Option<Self::Item> {
        let Some(aim) = self.to else {
            let at = self.unknown;
            self.unknown += 1;
            return (at < self.nearest.sites.len()).then_some((at, None));
        };
        loop {
            let Some(Reverse((bits, step))) = self.heap.peek().copied() else {
                return self.next_unknown();
            };
            let known = metres(f64::from_bits(bits));
            match step {
                Step::Site(at) => {
                    if known > self.unknown_metres
                        && let Some(unknown) = self.next_unknown()
                    {
                        return Some(unknown);
                    }
                    self.heap.pop();
                    return Some((at as usize, Some(known)));
                }
                Step::Node(number) => {
                    self.heap.pop();
                    self.open(aim.0, self.nearest.nodes[number as usize]);
                }
            }
        }
    }
}

impl Walk<'_> {
    fn open(&mut self, to: Spot, node: Node) {
        match node.halves {
            Some((left, right)) => {
                for half in [left, right] {
                    let bits = self.nearest.nodes[half as usize].chord2(to).to_bits();
                    self.heap.push(Reverse((bits, Step::Node(half))));
                }
            }
            None => {
                for &(spot, at) in &self.nearest.mapped[node.from as usize..node.to as usize] {
                    self.heap.push(Reverse((chord2(spot, to).to_bits(), Step::Site(at))));
                }
            }
        }
    }

    fn next_unknown(&mut self) -> Option<(usize, Option<i64>)> {
        let at = *self.nearest.unmapped.get(self.unknown)?;
        self.unknown += 1;
        Some((at as usize, None))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::StoreCode;
    use crate::place::{LocationCard, LocationKind, StoreType};
    use crate::time::OpeningHours;

    fn store(id: i64, point: Option<Point>) -> Location {
        Location {
            id: LocationId(id),
            kind: LocationKind::Store { store_type: StoreType::Normal, code: StoreCode(id.to_string()) },
            name: String::new(),
            status: StoreStatus::Normal,
            hours: OpeningHours::ALWAYS,
            service: crate::service_settings::ServiceSettings::default(),
            point,
            deleted: false,
            card: LocationCard::default(),
        }
    }

    fn degrees() -> impl Strategy<Value = Point> {
        // Coarse steps, so that equal points and equal distances happen.
        (-80_i32..80, -180_i32..180)
            .prop_map(|(lat, lng)| Point { lat_micro: lat * 1_000_000, lng_micro: lng * 1_000_000 })
    }

    proptest! {
        #[test]
        fn the_walk_is_a_scan_sorted_by_distance(
            points in proptest::collection::vec(proptest::option::weighted(0.9, degrees()), 0..120),
            to in proptest::option::weighted(0.9, degrees()),
            unknown_km in 0_i64..20_000,
        ) {
            let stores: Vec<Location> = points.iter().zip(1..).map(|(point, id)| store(id, *point)).collect();
            let nearest = Nearest::of(stores.iter());
            let walked: Vec<_> = nearest.walk(to.map(Aim::at), unknown_km * 1_000).collect();
            let effective = |metres: Option<i64>| metres.unwrap_or(unknown_km * 1_000);
            prop_assert!(walked.windows(2).all(|pair| effective(pair[0].1) <= effective(pair[1].1)));
            let mut seen: Vec<usize> = walked.iter().map(|(at, _)| *at).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..stores.len()).collect::<Vec<_>>());
            for (at, metres) in walked {
                let real = stores[at].point.zip(to).map(|(from, to)| from.metres_to(to));
                prop_assert_eq!(metres.is_some(), real.is_some());
                prop_assert!((metres.unwrap_or(0) - real.unwrap_or(0)).abs() <= 1, "{:?} {:?}", metres, real);
            }
        }
    }
}
