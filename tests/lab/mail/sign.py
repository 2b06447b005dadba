#!/usr/bin/env python3
"""Messages as a reader has them, signed with the lab's key: sign.py KEY FOLDER SENDER FORWARDER STRANGER.

SENDER, FORWARDER and STRANGER are the addresses that a message came from: lab.test's exchange, the mailing list of
forward.test, and one that may send for nobody. The files and what is true of them:

    good.eml       DKIM pass, SPF pass, DMARC pass
    changed.eml    DKIM fail (another body), SPF pass, DMARC pass by SPF
    strayed.eml    DKIM pass, SPF fail, DMARC pass by DKIM
    forged.eml     DKIM fail, SPF fail, DMARC fail
    unsigned.eml   SPF fail and nothing else
    list.eml       ARC pass; DKIM fail and DMARC fail, since the list added a footer
    broken.eml     the same with a body that was changed after the seal: ARC fail
"""
import pathlib
import sys
from email.utils import formatdate

import dkim

key_file, folder, sender, forwarder, stranger = sys.argv[1:]
key = pathlib.Path(key_file).read_bytes()
folder = pathlib.Path(folder)

BODY = "Good morning,\r\n\r\nthe lamps are lit.\r\n"
OTHER = BODY.replace("lit", "out")
FOOTER = "-- \r\nlist@forward.test\r\n"
HEADERS = (
    "From: Known <known@lab.test>\r\n"
    "To: reader@reader.test\r\n"
    "Subject: lamps\r\n"
    f"Date: {formatdate()}\r\n"
    "Message-ID: <lamps@lab.test>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=us-ascii\r\n"
)


def received(host, address, envelope):
    """What the reader's server writes above a message."""
    return (
        f"Return-Path: <{envelope}>\r\n"
        f"Received: from {host} ({host} [{address}])\r\n"
        "\tby mx.reader.test (Postfix) with ESMTPS id 4XYZ1234\r\n"
        f"\tfor <reader@reader.test>; {formatdate()}\r\n"
    )


def signed(body):
    message = (HEADERS + "\r\n" + body).encode()
    signature = dkim.sign(
        message, b"s1", b"lab.test", key, canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[b"from", b"to", b"subject", b"date", b"message-id"],
    )
    return signature.decode() + HEADERS


def forwarded(headers):
    """Through the list, which adds its footer and seals what it saw."""
    headers = (
        "Authentication-Results: list.forward.test; arc=none; spf=pass smtp.mailfrom=known@lab.test;\r\n"
        "\tdkim=pass header.d=lab.test\r\n"
        f"Received: from mx1.lab.test (mx1.lab.test [{sender}])\r\n"
        "\tby list.forward.test (Postfix) with ESMTPS id 4XYZ1233\r\n"
        f"\tfor <list@forward.test>; {formatdate()}\r\n" + headers
    )
    message = (headers + "\r\n" + BODY + FOOTER).encode()
    seal = dkim.arc_sign(
        message, b"arc", b"forward.test", key, b"list.forward.test",
        include_headers=[b"from", b"to", b"subject", b"date", b"message-id"],
    )
    return b"".join(seal).decode() + headers


def write(name, *parts):
    (folder / f"{name}.eml").write_bytes("".join(parts).encode())


headers = signed(BODY)
ours = received("mx1.lab.test", sender, "known@lab.test")
strange = received("stranger.test", stranger, "known@lab.test")
write("good", ours, headers, "\r\n", BODY)
write("changed", ours, headers, "\r\n", OTHER)
write("strayed", strange, headers, "\r\n", BODY)
write("forged", strange, headers, "\r\n", OTHER)
write("unsigned", strange, HEADERS, "\r\n", BODY)
sealed = forwarded(headers)
listed = received("list.forward.test", forwarder, "bounces@forward.test")
write("list", listed, sealed, "\r\n", BODY, FOOTER)
write("broken", listed, sealed, "\r\n", OTHER, FOOTER)
