"""Makes the NKey of a NATS user: writes the seed to a new file, prints the public key.

    nkey.py FILE

Written from NATS's description of NKeys, apart from the program's own, which it is a check of.
"""

import base64
import os
import subprocess
import sys

SEED = 18 << 3
USER = 20 << 3


def crc16(data: bytes) -> int:
    """CRC-16/XMODEM."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = crc << 1 ^ (0x1021 if crc & 0x8000 else 0)
        crc &= 0xFFFF
    return crc


def encode(prefix: bytes, key: bytes) -> str:
    data = prefix + key
    data += crc16(data).to_bytes(2, "little")
    return base64.b32encode(data).decode().rstrip("=")


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=given, stdout=subprocess.PIPE, check=True).stdout


def main() -> None:
    private = openssl("genpkey", "-algorithm", "ed25519", "-outform", "DER")
    public = openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER", given=private)
    # Both encodings end in the 32 bytes of the key.
    seed = encode(bytes([SEED | USER >> 5, (USER & 31) << 3]), private[-32:])
    with open(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(seed + "\n")
    print(encode(bytes([USER]), public[-32:]))


main()
