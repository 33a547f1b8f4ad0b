"""Makes divisions.csv from the adcodes.csv inside the PyPI package cpca 0.5.5 (MIT). See data/README.md for how to run it.

The package lists one row for each place with a 12-digit code. Here a row is a district with the names of its province and
city beside it, as a Chinese address writes them, because that is what an address is looked up by.
"""

import csv
import sys

HEADER = ["adcode", "province", "city", "district", "latitude", "longitude"]

# Names in the source that stand for a level of the hierarchy and are no places.
CITY_ITSELF = "市辖区"
COUNTIES_OF_A_MUNICIPALITY = "县"
COUNTIES_OF_A_PROVINCE = {"省直辖县级行政区划", "自治区直辖县级行政区划"}


def read(path):
    with open(path, encoding="utf-8", newline="") as source:
        # The first six digits are the administrative code; the rest is for streets.
        return {row["adcode"][:6]: (row["name"], row["latitude"], row["longitude"]) for row in csv.DictReader(source)}


def divisions(rows):
    for code, (name, latitude, longitude) in sorted(rows.items()):
        province = rows[code[:2] + "0000"][0]
        city_code = code[:4] + "00"
        city, city_latitude, city_longitude = rows.get(city_code, ("", "", ""))
        if city in (CITY_ITSELF, COUNTIES_OF_A_MUNICIPALITY):
            city = province  # 上海市 上海市 青浦区: a municipality stands twice in an address.
        district = name
        if code.endswith("0000"):
            city = district = ""
        elif code == city_code:
            if name == COUNTIES_OF_A_MUNICIPALITY or name in COUNTIES_OF_A_PROVINCE:
                continue
            district = ""
        elif name == CITY_ITSELF:
            continue
        elif city in COUNTIES_OF_A_PROVINCE:
            city, district = name, ""  # 湖北省 仙桃市: a county of a province stands where its city would.
        if not latitude:
            # A district the source does not place is placed at its city; one without a city is left out.
            latitude, longitude = city_latitude, city_longitude
        if latitude:
            yield [code, province, city, district, latitude, longitude]


def main():
    rows = read(sys.argv[1])
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(HEADER)
    out.writerows(divisions(rows))


if __name__ == "__main__":
    main()
