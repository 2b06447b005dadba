#!/usr/bin/env python3
"""A DNS server that misbehaves (UDP and TCP), by the first label of the question.

    hostile_dns.py [--port N] [--seconds N] [--ready FILE] ADDRESS...

Prints "ready ADDRESS PORT" once per address (port 0 takes a free one) and writes the
same lines to FILE. Stops by itself after --seconds.

  wrongid      only answers with a wrong id
  lateid       a wrong id with a wrong address first, the right answer after 100 ms
  oversize     60 KB over UDP, whatever the client allowed
  garbage      the right id and the response bit, then random bytes
  cut          ends in the middle of a record
  pointerloop  a compression pointer that points to itself
  pointerfar   a compression pointer past the end
  liar         counts 60000 answers, holds one
  control      TXT, CAA: control characters, escapes, bidi, markup; MX, NS, CNAME, PTR,
               SRV, SOA: names made of such bytes
  tcmute       TC over UDP; TCP is accepted and never answered
  tcclose      TC over UDP; TCP is closed at once
  tchalf       TC over UDP; TCP sends half of the answer and closes
  drip         TC over UDP; TCP sends one byte a second
  silent       nothing
  slow         the right answer after 2 s
  many         TC over UDP; 4000 A records over TCP
  loop         a CNAME to itself
  longchain    30 CNAMEs, then an address
  foreign      answers another question
  noquestion   the question section is empty
  bailiwick    the right answer, and addresses for names nobody asked about
  servfail refused notimp formerr nxdomain badvers
  nodata       NOERROR without records, without SOA
  upward       a referral to the root
  edeonly      SERVFAIL with the extended error 15 (Blocked) and a hostile text
  edebad       the same with a text that is not UTF-8
  empty        a UDP packet without a byte; TCP says length 0
  echo         the query comes back as it is
  ede0 to ede65535
               SERVFAIL with that extended error and a harmless text
  ns           the addresses of this server
  anything else: 192.0.2.7, 2001:db8::7, a TXT, no data for other types
"""
import argparse
import random
import socket
import struct
import sys
import threading
import time

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, OPT, CAA = 1, 2, 5, 6, 12, 15, 16, 28, 33, 41, 257
QR, AA, TC, RA = 0x8000, 0x0400, 0x0200, 0x0080
RCODES = {"formerr": 1, "servfail": 2, "nxdomain": 3, "notimp": 4, "refused": 5}
OVER_TCP = {"tcmute", "tcclose", "tchalf", "drip", "many"}

ADDRESSES = []  # our own

HOSTILE = [
    bytes(range(32)) + b"\x7f",
    b"\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J\x1b[H \x9b31m \xc2\x9b31m",
    "abc\u202egpj.exe\u202c \u2066iso\u2069 zero\u200bwidth \ufeffbom \u2028line".encode(),
    b"@everyone @here <@123456789012345678> <#1> <!channel>",
    b"`code` ```block``` **bold** __u__ ~~s~~ ||spoiler|| [text](https://evil.test/)",
    b"<script>alert(1)</script><img src=x onerror=alert(1)>&amp;&#x202e;",
    b"| a | b |\r\n# heading\r\n> quote\r\n- item",
    b"\xff\xfe\xc3(\xed\xa0\x80 not utf-8",
]
HOSTILE_LABELS = [b"a.b\x1b[31m\r\n", "\u202e`@everyone`".encode(), b"<b>\x00\x9b"]


def name(labels):
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(owner, kind, data, ttl=60):
    return owner + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def text(*strings):
    return b"".join(bytes([len(s[:255])]) + s[:255] for s in strings)


class Query:
    """What was asked; raises ValueError when it cannot be read."""

    def __init__(self, wire):
        if len(wire) < 12:
            raise ValueError("short")
        self.wire = wire
        self.id, self.flags, questions = struct.unpack_from("!HHH", wire)
        if self.flags & QR or questions != 1:
            raise ValueError("not a query")
        self.labels, at = [], 12
        while True:
            size = wire[at] if at < len(wire) else 255
            if size > 63 or at + 1 + size > len(wire):
                raise ValueError("bad name")
            at += 1
            if not size:
                break
            self.labels.append(wire[at : at + size])
            at += size
        if at + 4 > len(wire):
            raise ValueError("no type")
        self.kind = struct.unpack_from("!H", wire, at)[0]
        self.question = wire[12 : at + 4]
        # an OPT record straight after the question is enough for every client we meet
        self.edns = wire[at + 4 : at + 7] == b"\0\0\x29" and len(wire) >= at + 15
        self.room = max(512, struct.unpack_from("!H", wire, at + 7)[0] if self.edns else 0)
        first = self.labels[0] if self.labels else b""
        self.behaviour = first.decode("ascii", "replace").lower()

    def reply(self, answers=(), rcode=0, flags=AA, authority=(), extra=(), options=b"",
              question=None, ident=None):
        extra = list(extra)
        if self.edns:
            extra.append(b"\0" + struct.pack("!HHIH", OPT, 1232, rcode >> 4 << 24, len(options))
                         + options)
        question = self.question if question is None else question
        header = struct.pack(
            "!HHHHHH", self.id if ident is None else ident,
            QR | (self.flags & 0x0100) | RA | flags | (rcode & 15),
            1 if question else 0, len(answers), len(authority), len(extra))
        return header + question + b"".join([*answers, *authority, *extra])

    def plain(self, **more):
        """The answer of a decent server."""
        owner, kind = b"\xc0\x0c", self.kind
        data = {
            A: bytes([192, 0, 2, 7]),
            AAAA: socket.inet_pton(socket.AF_INET6, "2001:db8::7"),
            TXT: text(b"plain"),
        }.get(kind)
        return self.reply([record(owner, kind, data)] if data else [], **more)


def control(query):
    owner, kind = b"\xc0\x0c", query.kind
    bad = name([*HOSTILE_LABELS, b"test"])
    data = {
        TXT: [text(s) for s in HOSTILE],
        CAA: [b"\0\5issue" + s for s in HOSTILE] + [b"\0\7\x1b[31m`<" + b"x"],
        MX: [struct.pack("!H", 10) + bad],
        SRV: [struct.pack("!HHH", 0, 0, 443) + bad],
        SOA: [bad + bad + struct.pack("!IIIII", 1, 2, 3, 4, 5)],
        NS: [bad], CNAME: [bad], PTR: [bad],
    }.get(kind)
    if data is None:
        return query.plain()
    return query.reply([record(owner, kind, d) for d in data])


def chain(query, length):
    tail = struct.pack("!H", 0xC000 | 12 + 1 + len(query.labels[0]))
    records, owner = [], b"\xc0\x0c"
    for n in range(1, length + 1):
        label = b"c%d" % n
        target = bytes([len(label)]) + label + tail
        records.append(record(owner, CNAME, target))
        owner = target
    if query.kind == A:
        records.append(record(owner, A, bytes([192, 0, 2, 7])))
    return query.reply(records)


def extended(query, code, why):
    """SERVFAIL with an extended error (RFC 8914)."""
    return query.reply(rcode=2, options=struct.pack("!HHH", 15, 2 + len(why), code) + why)


def many(query):
    return query.reply([record(b"\xc0\x0c", A, struct.pack("!I", 0xC6120000 + n))
                        for n in range(4000)])


def answer(query):
    """The bytes that go out at once, over UDP as over TCP."""
    what, owner = query.behaviour, b"\xc0\x0c"
    if what in RCODES:
        return query.reply(rcode=RCODES[what])
    if what == "badvers":
        return query.reply(rcode=16)
    if what == "wrongid":
        return query.plain(ident=query.id ^ 0x5555)
    if what == "oversize":
        return query.reply([record(owner, TXT, text(b"x" * 255)) for _ in range(224)])
    if what == "garbage":
        noise = random.Random(query.id).randbytes(120)
        return query.wire[:2] + b"\x81\x80" + noise
    if what == "cut":
        first = record(owner, A, bytes([192, 0, 2, 7]))
        return query.reply([first, record(owner, TXT, text(b"x" * 200))])[:-100]
    if what == "pointerloop":
        at = 12 + len(query.question)
        return query.reply([record(struct.pack("!H", 0xC000 | at), query.kind, bytes(4))])
    if what == "pointerfar":
        return query.reply([record(b"\xff\xff", query.kind, bytes(4))])
    if what == "liar":
        out = bytearray(query.plain())
        out[6:8] = struct.pack("!H", 60000)
        return bytes(out)
    if what == "control":
        return control(query)
    if what == "many":
        return many(query)
    if what == "loop":
        return query.reply([record(owner, CNAME, query.question[:-4])])
    if what == "longchain":
        return chain(query, 30)
    if what == "foreign":
        other = name([b"www", b"foreign", b"test"])
        return query.reply([record(other, A, bytes([192, 0, 2, 66]))],
                           question=other + struct.pack("!HH", A, 1))
    if what == "noquestion":
        full = name(query.labels)
        return query.reply([record(full, A, bytes([192, 0, 2, 7]))], question=b"")
    if what == "bailiwick":
        other = name([b"www", b"example", b"test"])
        return query.plain(extra=[record(other, A, bytes([192, 0, 2, 66]))],
                           authority=[record(name([b"test"]), NS, other)])
    if what == "nodata":
        return query.reply()
    if what == "upward":
        return query.reply(authority=[record(b"\0", NS, name([b"ns", b"root"]))], flags=0)
    if what == "edeonly":
        escapes = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \u009b31m\r\n\0 ".encode()
        return extended(query, 15, escapes + HOSTILE[2] + HOSTILE[3] + HOSTILE[5])
    if what == "edebad":
        return extended(query, 15, HOSTILE[7])
    if what.startswith("ede") and what[3:].isdecimal() and int(what[3:]) < 65536:
        return extended(query, int(what[3:]), b"said by the lab")
    if what == "ns":
        size = {A: 4, AAAA: 16}.get(query.kind)
        return query.reply([record(owner, query.kind, a) for a in ADDRESSES if len(a) == size])
    if what == "empty":
        return b""
    if what == "echo":
        return query.wire
    return query.plain()


def serve_udp(sock):
    def late(wire, peer, seconds):
        time.sleep(seconds)
        sock.sendto(wire, peer)

    while True:
        try:
            wire, peer = sock.recvfrom(65535)
            query = Query(wire)
        except (ValueError, OSError):
            continue
        what, wire = query.behaviour, None
        if what == "silent":
            continue
        if what in OVER_TCP:
            wire = query.reply(flags=AA | TC)
        elif what == "lateid":
            wire = query.reply([record(b"\xc0\x0c", A, bytes([192, 0, 2, 66]))],
                               ident=query.id ^ 0x5555)
            threading.Thread(target=late, args=(query.plain(), peer, 0.1), daemon=True).start()
        elif what == "slow":
            threading.Thread(target=late, args=(query.plain(), peer, 2), daemon=True).start()
            continue
        if wire is None:
            wire = answer(query)
            if len(wire) > query.room and what != "oversize":
                wire = query.reply(flags=AA | TC)
        try:
            sock.sendto(wire, peer)
        except OSError as error:
            print(f"udp {what}: {error}", file=sys.stderr, flush=True)


def read_exactly(conn, size):
    out = b""
    while len(out) < size:
        more = conn.recv(size - len(out))
        if not more:
            raise OSError("closed")
        out += more
    return out


def serve_connection(conn, deadline):
    with conn:
        conn.settimeout(30)
        try:
            while True:
                query = Query(read_exactly(conn, struct.unpack("!H", read_exactly(conn, 2))[0]))
                what = query.behaviour
                if what == "tcclose":
                    return
                if what in ("silent", "tcmute"):
                    # until the client gives up
                    conn.settimeout(max(1, deadline - time.monotonic()))
                    while conn.recv(4096):
                        pass
                    return
                if what == "slow":
                    time.sleep(2)
                if what == "lateid":
                    wrong = query.plain(ident=query.id ^ 0x5555)
                    conn.sendall(struct.pack("!H", len(wrong)) + wrong)
                    time.sleep(0.1)
                wire = answer(query)
                wire = struct.pack("!H", len(wire)) + wire
                if what == "tchalf":
                    conn.sendall(wire[: len(wire) // 2])
                    return
                if what == "drip":
                    for n in range(len(wire)):
                        conn.sendall(wire[n : n + 1])
                        time.sleep(1)
                else:
                    conn.sendall(wire)
        except (ValueError, OSError):
            pass


def serve_tcp(sock, deadline):
    while True:
        try:
            conn, _ = sock.accept()
        except OSError:
            continue
        threading.Thread(target=serve_connection, args=(conn, deadline), daemon=True).start()


def listen(address, port):
    """A UDP and a TCP socket on one port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(50):
        tcp = socket.socket(family, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((address, port))
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            udp.bind((address, tcp.getsockname()[1]))
        except OSError:
            tcp.close()
            udp.close()
            if port:
                raise
            continue
        tcp.listen(64)
        return udp, tcp
    raise OSError("no port is free for both UDP and TCP")


def main():
    options = argparse.ArgumentParser(description="A DNS server that misbehaves.")
    options.add_argument("--port", type=int, default=53)
    options.add_argument("--seconds", type=float, default=300)
    options.add_argument("--ready", help="file for the ready lines")
    options.add_argument("address", nargs="+")
    options = options.parse_args()
    deadline = time.monotonic() + options.seconds
    ready = ""
    for address in options.address:
        udp, tcp = listen(address, options.port)
        ADDRESSES.append(socket.inet_pton(udp.family, address))
        threading.Thread(target=serve_udp, args=(udp,), daemon=True).start()
        threading.Thread(target=serve_tcp, args=(tcp, deadline), daemon=True).start()
        ready += f"ready {address} {udp.getsockname()[1]}\n"
    print(ready, end="", flush=True)
    if options.ready:
        with open(options.ready, "w", encoding="ascii") as file:
            file.write(ready)
    try:
        time.sleep(max(0, deadline - time.monotonic()))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
