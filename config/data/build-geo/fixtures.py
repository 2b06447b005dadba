#!/usr/bin/env python3
"""Writes the small mmdb files that the geo tests read, in the layouts that exist in the wild.

Needs the PyPI package `mmdb_writer`. Usage: fixtures.py OUTPUT_DIRECTORY
"""
import pathlib, sys
from mmdb_writer import MMDBWriter
from netaddr import IPSet

out = pathlib.Path(sys.argv[1])
epoch = 1_767_225_600  # 2026-01-01T00:00:00Z


def write(name, kind, rows, version=6):
    writer = MMDBWriter(version, kind, ["en"], f"Netvane test data: {name}", ipv4_compatible=version == 6,
                        int_type="u32", float_type="f64")
    for network, record in rows:
        writer.insert_network(IPSet([network]), record)
    path = out / f"{name}.mmdb"
    writer.to_db_file(str(path))
    # The writer stamps the time of writing; fixed here, so that the files do not change.
    data = bytearray(path.read_bytes())
    at = data.rindex(b"build_epoch") + len(b"build_epoch")
    size = data[at] & 31
    data[at + 2 : at + 2 + size] = epoch.to_bytes(size, "big")
    path.write_bytes(data)


names = lambda en, de: {"en": en, "de": de}
write("nested-city", "GeoLite2-City", [("81.2.69.160/27", {
    "city": {"geoname_id": 2643743, "names": names("London", "London")},
    "continent": {"code": "EU", "names": names("Europe", "Europa")},
    "country": {"iso_code": "GB", "names": names("United Kingdom", "Vereinigtes Königreich")},
    "registered_country": {"iso_code": "US", "names": names("United States", "USA")},
    "location": {"accuracy_radius": 10, "latitude": 51.5142, "longitude": -0.0931, "time_zone": "Europe/London"},
    "postal": {"code": "OX1"},
    "subdivisions": [{"iso_code": "ENG", "names": names("England", "England")},
                     {"iso_code": "WBK", "names": names("West Berkshire", "West Berkshire")}]}),
    ("2001:218::/32", {"registered_country": {"iso_code": "JP", "names": names("Japan", "Japan")}})])
write("nested-asn", "GeoLite2-ASN", [
    ("81.2.69.0/24", {"autonomous_system_number": 20712, "autonomous_system_organization": "Andrews & Arnold Ltd"})])
write("flat-city", "ip-location-db", [("203.0.113.0/24", {
    "city": "Tokyo", "country_code": "JP", "latitude": "35.6895", "longitude": "139.6917", "postcode": "100-0001",
    "state1": "Tokyo", "state2": "", "timezone": "Asia/Tokyo"})], version=4)
write("flat-asn", "ip-location-db", [("203.0.113.0/25", {"as_number": "AS64500", "as_organization": "Example Net"})], 4)
write("lite", "ipinfo generic_country_asn", [("198.51.100.0/24", {
    "country": "Australia", "country_code": "AU", "continent": "Oceania", "continent_code": "OC",
    "asn": "AS13335", "as_name": "Cloudflare, Inc.", "as_domain": "cloudflare.com"})])
write("odd", "Odd", [("192.0.2.0/24", {
    "country": 7, "city": {"names": ["x"]}, "location": "here", "autonomous_system_number": "none", "postal": True,
    "subdivisions": {"a": "b"}, "autonomous_system_organization": "A\u0007\n" + "x" * 5000})])
