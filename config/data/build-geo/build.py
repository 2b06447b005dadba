#!/usr/bin/env python3
"""Builds geo.mmdb: country code, AS number and AS organization for IPv4 and IPv6 in one file.

Run by hand by a maintainer, never by the build. Needs Python 3.9+ and nothing else.

    build.py --asn DIR --country DIR --delegations DIR --out geo.mmdb

--asn      the unpacked npm package `@ip-location-db/asn` (asn-ipv4-num.csv, asn-ipv6-num.csv, package.json)
--country  the unpacked Debian package `tor-geoipdb` (geoip, geoip6 somewhere below it)
--delegations  the unpacked crate `iptocc` (src/data/v6.bin): the registries' delegations, for IPv6 ranges without country

The same inputs give the same bytes: the build time in the metadata is the older of the two inputs' dates.
"""
import argparse, csv, datetime, email.utils, ipaddress, json, pathlib, re, struct, sys
from heapq import merge

NO_COUNTRY = ("EU", "AP", "XX", "ZZ", "A1", "A2", "T1")  # pseudo codes that name no country
ORG_MAX = 80  # characters; longer names carry no more information for a reader of a chat


def asn_rows(path):
    """(first, last, (number, organization)) sorted by first."""
    rows = []
    with open(path, encoding="utf-8", newline="") as file:
        for first, last, number, org in csv.reader(file):
            org = " ".join(org.split())[:ORG_MAX].rstrip()
            # Where the source has no name it repeats the number; the number is in its own field.
            if org.upper() in ("", f"AS{number}"):
                org = ""
            if int(number):
                rows.append((int(first), int(last), (int(number), org)))
    rows.sort()
    return rows


def country_rows(path):
    """(first, last, code) sorted by first; `??` and the pseudo codes that name no country are left out."""
    rows = []
    number = (lambda s: int(ipaddress.ip_address(s))) if path.name.endswith("6") else int
    for line in path.read_text().splitlines():
        if line.startswith("#") or not line:
            continue
        first, last, code = line.split(",")
        if re.fullmatch("[A-Z]{2}", code) and code not in NO_COUNTRY:
            rows.append((number(first), number(last), code))
    rows.sort()
    return rows


def delegation_rows(path):
    """(first, last, code) sorted by first, from the table of iptocc: the five registries' `delegated` files. It has
    an entry for each range in order, by the first 16 bits of the address; before them come indexes that are skipped."""
    data = path.read_bytes()
    u32 = lambda at: struct.unpack_from("<I", data, at)[0]
    u128 = lambda at: int.from_bytes(data[at:at + 16], "little")
    populated, at = u32(65536), 65540
    firsts = [u32(at + 4 * i) for i in range(populated + 1)]
    at += 4 * (populated + 1) + populated * 257 * 2
    for _ in range(2):
        at += 4 + u32(at) * (2 + 257 * 2 * 2)
    codes = [data[at + 4 + 2 * i:at + 6 + 2 * i].decode() for i in range(u32(at))]
    side = at + 4 + 2 * len(codes) + 4
    entries = side + 33 * u32(side - 4) + 4

    rows = []
    for top, index in enumerate(data[:65536]):
        if index == 0xFF:
            continue
        for entry in range(firsts[index], firsts[index + 1]):
            offset, length, code = struct.unpack_from("<IBB", data, entries + 6 * entry)
            if length:
                first = top << 112 | offset << 80
                last = first | (1 << 128 - length) - 1
            else:
                irregular = side + 33 * offset
                first, last, code = u128(irregular), u128(irregular + 16), data[irregular + 32]
            rows.append((first, last, codes[code]))
    assert len(rows) == u32(entries - 4) and rows == sorted(rows), "not the table that this script knows"
    return [row for row in rows if re.fullmatch("[A-Z]{2}", row[2]) and row[2] not in NO_COUNTRY]


def filled(rows, others):
    """`rows` with the parts of `others` that they do not cover; both sorted, each without overlaps."""
    out, index = list(rows), 0
    for first, last, value in others:
        while index < len(rows) and rows[index][1] < first:
            index += 1
        at, next_row = first, index
        while next_row < len(rows) and rows[next_row][0] <= last:
            if rows[next_row][0] > at:
                out.append((at, rows[next_row][0] - 1, value))
            at = rows[next_row][1] + 1
            next_row += 1
        if at <= last:
            out.append((at, last, value))
    return sorted(out)


def overlay(asns, countries):
    """Cuts two sorted range lists at each other's borders: (first, last, (code, number, org)), equal neighbours joined."""
    events = merge(
        (event for i, rows in enumerate((asns, countries)) for first, last, value in rows
         for event in ((first, 1, i, value), (last + 1, 0, i, None))),
    )
    events = sorted(events, key=lambda e: (e[0], e[1]))
    state, start, out = [None, None], 0, []
    for at, _, which, value in events:
        if at > start and (state[0] or state[1]):
            record = (state[1] or "",) + (state[0] or (0, ""))
            if out and out[-1][2] == record and out[-1][1] + 1 == start:
                out[-1] = (out[-1][0], at - 1, record)
            else:
                out.append((start, at - 1, record))
        start, state[which] = at, value
    return out


def prefixes(first, last, bits):
    """The CIDR blocks that cover first..=last exactly: (bits of the network, prefix length)."""
    while first <= last:
        size = (first & -first).bit_length() - 1 if first else bits
        size = min(size, (last - first + 1).bit_length() - 1)
        yield first, bits - size
        first += 1 << size


class Tree:
    """The binary search tree. A child is None, an inner node (a list of two) or a record's index (an int)."""

    def __init__(self):
        self.root = [None, None]

    def insert(self, network, length, value):
        node = self.root
        for depth in range(127, 127 - length + 1, -1):
            bit = network >> depth & 1
            if node[bit] is None:
                node[bit] = [None, None]
            elif not isinstance(node[bit], list):  # a wider block is split; cannot happen with disjoint ranges
                node[bit] = [node[bit], node[bit]]
            node = node[bit]
        node[network >> (128 - length) & 1] = value

    def pack(self):
        """Nodes in an order of first use, equal subtrees stored once. Children: ('n', id) | ('d', index) | None."""
        sys.setrecursionlimit(1000)
        known, nodes = {}, []

        def number(node):
            if node is None or isinstance(node, int):
                return None if node is None else ("d", node)
            left, right = number(node[0]), number(node[1])
            if left == right and (left is None or left[0] == "d") and node is not self.root:
                return left
            if (left, right) not in known:
                known[left, right] = len(nodes)
                nodes.append((left, right))
            return ("n", known[left, right])

        number(self.root)
        # Children were numbered before parents, the root last; the format wants the root first.
        last = len(nodes) - 1
        flip = lambda child: ("n", last - child[1]) if child and child[0] == "n" else child
        return [tuple(map(flip, pair)) for pair in reversed(nodes)]


class Data:
    """The data section: strings once, referred to by pointer afterwards."""

    def __init__(self):
        self.bytes, self.strings = bytearray(), {}

    @staticmethod
    def control(kind, size):
        head, extra = (bytes([kind << 5]), b"") if kind < 8 else (b"\0", bytes([kind - 7]))
        if size < 29:
            low, more = size, b""
        elif size < 285:
            low, more = 29, bytes([size - 29])
        else:
            low, more = 30, (size - 285).to_bytes(2, "big")
        return bytes([head[0] | low]) + extra + more

    @staticmethod
    def pointer(to):
        if to < 2048:
            return bytes([0x20 | to >> 8, to & 255])
        if to < 2048 + (1 << 19):
            to -= 2048
            return bytes([0x28 | to >> 16]) + (to & 0xFFFF).to_bytes(2, "big")
        to -= 2048 + (1 << 19)
        return bytes([0x30 | to >> 24]) + (to & 0xFFFFFF).to_bytes(3, "big")

    @classmethod
    def unsigned(cls, value, kind):
        raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return cls.control(kind, len(raw)) + raw

    @classmethod
    def plain(cls, value):
        if isinstance(value, str):
            raw = value.encode()
            return cls.control(2, len(raw)) + raw
        if isinstance(value, dict):
            return cls.control(7, len(value)) + b"".join(cls.plain(k) + cls.plain(v) for k, v in value.items())
        if isinstance(value, list):
            return cls.control(11, len(value)) + b"".join(map(cls.plain, value))
        kind, number = value
        return cls.unsigned(number, {"u16": 5, "u32": 6, "u64": 9}[kind])

    def string(self, text, out):
        """A string inside a record that starts at `out`'s place in the section: inline first, then by pointer."""
        if text in self.strings and len(text.encode()) > 3:
            return self.pointer(self.strings[text])
        self.strings.setdefault(text, len(self.bytes) + len(out))
        return self.plain(text)

    def record(self, code, number, org):
        at, out = len(self.bytes), bytearray()
        fields = [("country_code", code), ("autonomous_system_number", number), ("autonomous_system_organization", org)]
        fields = [(key, value) for key, value in fields if value]
        out += self.control(7, len(fields))
        for key, value in fields:
            out += self.string(key, out)
            out += self.string(value, out) if isinstance(value, str) else self.unsigned(value, 6)
        self.bytes += out
        return at


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--asn", type=pathlib.Path, required=True)
    args.add_argument("--country", type=pathlib.Path, required=True)
    args.add_argument("--delegations", type=pathlib.Path, required=True)
    args.add_argument("--out", type=pathlib.Path, required=True)
    args = args.parse_args()

    geoip, geoip6 = (next(args.country.rglob(name)) for name in ("geoip", "geoip6"))
    version = json.loads((args.asn / "package.json").read_text())["version"]
    asn_date = datetime.datetime.strptime(version.split(".")[2], "%Y%m%d%H").replace(tzinfo=datetime.timezone.utc)
    header = re.search(r"^# Generated: (.*)$", geoip.read_text()[:4000], re.M).group(1)
    country_date = email.utils.parsedate_to_datetime(header)
    built = min(asn_date, country_date)

    crate = re.search(r'^version = "(.*)"', (args.delegations / "Cargo.toml").read_text(), re.M).group(1)
    delegations = delegation_rows(args.delegations / "src/data/v6.bin")

    tree, data, offsets = Tree(), Data(), {}
    records, ranges = [], 0
    for bits, asn_file, country_file in ((32, "asn-ipv4-num.csv", geoip), (128, "asn-ipv6-num.csv", geoip6)):
        countries = country_rows(country_file)
        if bits == 128:
            countries = filled(countries, delegations)
        for first, last, record in overlay(asn_rows(args.asn / asn_file), countries):
            if record not in offsets:
                offsets[record] = len(records)
                records.append(data.record(*record))
            ranges += 1
            for network, length in prefixes(first, last, bits):
                # IPv4 lives at ::/96, where every reader of the format looks for it.
                tree.insert(network, length + 128 - bits, offsets[record])
    nodes = tree.pack()

    count = len(nodes)
    size = 24 if count + 16 + len(data.bytes) < 1 << 24 else 28
    out = bytearray()
    for pair in nodes:
        left, right = (count if child is None else child[1] if child[0] == "n" else count + 16 + records[child[1]]
                       for child in pair)
        if size == 24:
            out += left.to_bytes(3, "big") + right.to_bytes(3, "big")
        else:
            out += (left & 0xFFFFFF).to_bytes(3, "big") + bytes([left >> 24 << 4 | right >> 24])
            out += (right & 0xFFFFFF).to_bytes(3, "big")
    out += bytes(16) + data.bytes + b"\xab\xcd\xefMaxMind.com"
    out += Data.plain({
        "binary_format_major_version": ("u16", 2), "binary_format_minor_version": ("u16", 0),
        "build_epoch": ("u64", int(built.timestamp())), "database_type": "Netvane-Country-ASN",
        "description": {"en": f"Country: IPFire Location via tor-geoipdb, {country_date:%Y-%m-%d}. "
                              f"IPv6 ranges without one there: the registries' delegations via iptocc {crate}. "
                              f"AS: RouteViews, NRO and DB-IP via @ip-location-db/asn {version}. CC BY-SA 4.0."},
        "ip_version": ("u16", 6), "languages": ["en"], "node_count": ("u32", count), "record_size": ("u16", size),
    })
    args.out.write_bytes(out)
    print(f"{args.out}: {len(out):,} bytes, {ranges:,} ranges, {count:,} nodes of {size} bits, "
          f"{len(records):,} records, {len(data.bytes):,} bytes of data, built {built:%Y-%m-%d}")


if __name__ == "__main__":
    main()
