//! Addresses to points: the bundled divisions of China (data/divisions.csv; its source is named in data/README.md).
//!
//! The most exact division that an address names decides; an address that names none has no point, and distance then
//! decides nothing about it.

use std::collections::HashMap;

use astrolabe_core::geo::Point;

const DIVISIONS: &str = include_str!("../../../../data/divisions.csv");

/// Division names by level, without their suffixes (省, 市, 区 …), which people leave out.
#[derive(Debug)]
pub struct Geography {
    points: HashMap<(String, String, String), Point>,
    divisions: Vec<Division>,
}

/// One row of the divisions file.
#[derive(Clone, Debug)]
pub struct Division {
    pub province: String,
    pub city: String,
    pub district: String,
    pub point: Point,
}

impl Geography {
    /// The divisions that the program carries.
    pub fn bundled() -> Self {
        Self::parse(DIVISIONS)
    }

    fn parse(csv: &str) -> Self {
        let mut points = HashMap::new();
        let mut divisions = Vec::new();
        for line in csv.lines().filter(|line| !line.starts_with('#')).skip(1) {
            let mut columns = line.split(',').skip(1);
            let mut next = || columns.next().unwrap_or_default().to_owned();
            let (province, city, district) = (next(), next(), next());
            let (Ok(lat), Ok(lng)) = (next().parse::<f64>(), next().parse::<f64>()) else { continue };
            let point = Point::from_degrees(lat, lng);
            points.insert((stem(&province), stem(&city), stem(&district)), point);
            divisions.push(Division { province, city, district, point });
        }
        Self { points, divisions }
    }

    /// The point of the most exact division that is known.
    pub fn locate(&self, province: &str, city: &str, district: &str) -> Option<Point> {
        let (province, mut city, district) = (stem(province), stem(city), stem(district));
        // In the four municipalities the city is named like the province, or not at all.
        if city.is_empty() || city == "市辖" || city == "县" {
            city.clone_from(&province);
        }
        let none = String::new;
        let keys =
            [(province.clone(), city.clone(), district), (province.clone(), city, none()), (province, none(), none())];
        keys.iter().find_map(|key| self.points.get(key)).copied()
    }

    /// All districts, for those who need real places (the demo merchant).
    pub fn districts(&self) -> impl Iterator<Item = &Division> {
        self.divisions.iter().filter(|division| !division.district.is_empty())
    }
}

/// A division's name without its kind: 浙江省 → 浙江, 广西壮族自治区 → 广西, 西湖区 → 西湖. Names of two characters stay.
fn stem(name: &str) -> String {
    const SUFFIXES: [&str; 9] =
        ["维吾尔自治区", "壮族自治区", "回族自治区", "特别行政区", "自治区", "省", "市", "区", "县"];
    let name = name.trim();
    for suffix in SUFFIXES {
        if let Some(stem) = name.strip_suffix(suffix)
            && stem.chars().count() >= 2
        {
            return stem.to_owned();
        }
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_find_their_most_exact_division() {
        let geography = Geography::bundled();
        let west_lake = geography.locate("浙江省", "杭州市", "西湖区").expect("a district");
        let table = [
            ("浙江", "杭州", "西湖", Some(west_lake)),
            ("浙江省", "杭州市", "不存在区", geography.locate("浙江省", "杭州市", "")),
            ("上海市", "上海市", "青浦区", geography.locate("上海", "", "青浦")),
            ("不存在省", "杭州市", "西湖区", None),
        ];
        for (province, city, district, expected) in table {
            assert_eq!(geography.locate(province, city, district), expected, "{province}{city}{district}");
        }
        assert!(geography.locate("上海市", "上海市", "青浦区") != geography.locate("上海市", "", ""));
        assert!(geography.districts().count() > 2_500);
    }
}
