//! Real places: cities with their districts from the project's division file, weighted by how much shops there sell.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::dice::{Dice, Weights};

const FILE: &str = include_str!("../../../../data/divisions.csv");

/// Weight of a city that is not in the list below.
const SMALL_CITY: u64 = 1;

/// Where chain stores and their buyers are many. Relative weights, roughly by retail sales.
const BIG_CITIES: &[(&str, u64)] = &[
    ("上海市", 160),
    ("北京市", 150),
    ("广州市", 110),
    ("深圳市", 110),
    ("重庆市", 90),
    ("成都市", 90),
    ("杭州市", 80),
    ("武汉市", 75),
    ("苏州市", 75),
    ("南京市", 70),
    ("天津市", 50),
    ("西安市", 50),
    ("长沙市", 50),
    ("郑州市", 45),
    ("青岛市", 45),
    ("宁波市", 45),
    ("合肥市", 40),
    ("福州市", 40),
    ("佛山市", 35),
    ("济南市", 35),
    ("沈阳市", 35),
    ("厦门市", 30),
    ("无锡市", 30),
    ("昆明市", 30),
    ("大连市", 28),
    ("泉州市", 25),
    ("哈尔滨市", 25),
    ("长春市", 25),
    ("南宁市", 20),
    ("石家庄市", 20),
    ("南昌市", 20),
    ("贵阳市", 20),
    ("温州市", 20),
    ("太原市", 18),
    ("乌鲁木齐市", 12),
    ("兰州市", 12),
    ("海口市", 12),
];

/// A point on the globe, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// North.
    pub latitude: f64,
    /// East.
    pub longitude: f64,
}

impl Point {
    /// Great-circle distance in kilometres.
    #[must_use]
    pub fn kilometres_to(self, other: Self) -> f64 {
        const EARTH_RADIUS_KM: f64 = 6_371.0;
        let (lat_a, lat_b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let (half_lat, half_lon) = ((lat_b - lat_a) / 2.0, (other.longitude - self.longitude).to_radians() / 2.0);
        let h = half_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * half_lon.sin().powi(2);
        2.0 * EARTH_RADIUS_KM * h.sqrt().clamp(0.0, 1.0).asin()
    }
}

/// One district of a city.
#[derive(Debug, Clone, PartialEq)]
pub struct District {
    /// 省.
    pub province: &'static str,
    /// 市.
    pub city: &'static str,
    /// 区县.
    pub name: &'static str,
    /// Six digits; the first six of a post code are made from it.
    pub adcode: &'static str,
    /// Where it is.
    pub point: Point,
}

/// All cities that have districts, and how heavy each is.
#[derive(Debug)]
pub struct Atlas {
    cities: Vec<Vec<District>>,
    weights: Weights,
    by_names: BTreeMap<(&'static str, &'static str, &'static str), (usize, usize)>,
}

static ATLAS: LazyLock<Atlas> = LazyLock::new(Atlas::read);

impl Atlas {
    /// The project's division file, read once.
    #[must_use]
    pub fn get() -> &'static Self {
        &ATLAS
    }

    fn read() -> Self {
        let mut by_city: BTreeMap<(&str, &str), Vec<District>> = BTreeMap::new();
        for district in FILE.lines().skip(1).filter_map(district_of) {
            by_city.entry((district.province, district.city)).or_default().push(district);
        }
        let cities: Vec<Vec<District>> = by_city.into_values().collect();
        let weights = cities.iter().map(|districts| weight_of(districts[0].city)).collect();
        let mut by_names = BTreeMap::new();
        for (at, districts) in cities.iter().enumerate() {
            for (inner, district) in districts.iter().enumerate() {
                by_names.insert((district.province, district.city, district.name), (at, inner));
            }
        }
        Self { cities, weights, by_names }
    }

    /// A district, drawn by its city's weight.
    pub fn draw(&self, dice: &mut Dice) -> &District {
        let districts = &self.cities[dice.weighted(&self.weights)];
        dice.one_of(districts)
    }

    /// The district with these names.
    #[must_use]
    pub fn find(&self, province: &str, city: &str, district: &str) -> Option<&District> {
        self.by_names.get(&(province, city, district)).map(|(at, inner)| &self.cities[*at][*inner])
    }
}

fn district_of(line: &'static str) -> Option<District> {
    let mut columns = line.split(',');
    let mut next = || columns.next().unwrap_or_default();
    let (adcode, province, city, name, latitude, longitude) = (next(), next(), next(), next(), next(), next());
    if name.is_empty() {
        return None;
    }
    let point = Point { latitude: latitude.parse().ok()?, longitude: longitude.parse().ok()? };
    Some(District { province, city, name, adcode, point })
}

fn weight_of(city: &str) -> u64 {
    BIG_CITIES.iter().find(|(name, _)| *name == city).map_or(SMALL_CITY, |(_, weight)| *weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_big_city_is_in_the_file() {
        let atlas = Atlas::get();
        for (name, _) in BIG_CITIES {
            assert!(atlas.cities.iter().any(|districts| districts[0].city == *name), "{name}");
        }
        assert!(atlas.cities.len() > 300);
        assert!(atlas.find("浙江省", "杭州市", "西湖区").is_some());
    }

    #[test]
    fn distance_of_two_known_places() {
        let shanghai = Point { latitude: 31.23, longitude: 121.47 };
        let beijing = Point { latitude: 39.90, longitude: 116.41 };
        assert!((shanghai.kilometres_to(beijing) - 1_068.0).abs() < 10.0);
        assert!(shanghai.kilometres_to(shanghai) < 0.001);
    }
}
