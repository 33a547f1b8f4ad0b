//! Where things are. Names of places are resolved to points by the caller.

use serde::{Deserialize, Serialize};

/// A point in micro-degrees, so that equality and storage are exact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Point {
    pub lat_micro: i32,
    pub lng_micro: i32,
}

const EARTH_RADIUS_M: f64 = 6_371_000.0;

impl Point {
    /// From degrees.
    pub fn from_degrees(lat: f64, lng: f64) -> Self {
        Self { lat_micro: (lat * 1e6).round() as i32, lng_micro: (lng * 1e6).round() as i32 }
    }

    /// Great-circle distance in whole metres (haversine).
    pub fn metres_to(self, other: Point) -> i64 {
        let radians = |micro: i32| (f64::from(micro) / 1e6).to_radians();
        let (lat_a, lat_b) = (radians(self.lat_micro), radians(other.lat_micro));
        let half_lat = ((lat_b - lat_a) / 2.0).sin();
        let half_lng = ((radians(other.lng_micro) - radians(self.lng_micro)) / 2.0).sin();
        let h = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lng * half_lng;
        (2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()).round() as i64
    }
}
