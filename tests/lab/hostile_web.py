#!/usr/bin/env python3
"""Servers that misbehave: hostile_web.py ADDRESS CHAIN KEY LIFETIME_S.

Each behaviour has a port of its own; see PLAIN and MAIL. What speaks TLS uses CHAIN and KEY.
"""
import asyncio
import gzip
import ssl
import sys

BOMB = gzip.compress(bytes(64 << 20), 9)


def head(status, *fields):
    return ("HTTP/1.1 %s\r\n%s\r\n" % (status, "".join(f + "\r\n" for f in fields))).encode("latin-1")


async def silent(reader, writer):
    await asyncio.sleep(600)


async def closing(reader, writer):
    pass


async def text(reader, writer):
    writer.write(b"220 mail.lab.test ESMTP\r\n")
    await asyncio.sleep(5)


async def garbage(reader, writer):
    await reader.read(4096)
    writer.write(bytes(range(256)) * 4096)


def record(content):
    return b"\x16\x03\x03" + len(content).to_bytes(2, "big") + content


async def huge(reader, writer):
    """A ServerHello of TLS 1.2 and 1 MB of certificates."""
    await reader.read(4096)
    hello = b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x2f\x00"
    certificate = b"\x0f\x42\x40" + bytes(1000000)
    body = len(certificate).to_bytes(3, "big") + certificate
    flight = b"\x02" + len(hello).to_bytes(3, "big") + hello + b"\x0b" + len(body).to_bytes(3, "big") + body
    for at in range(0, len(flight), 16384):
        writer.write(record(flight[at:at + 16384]))
        await writer.drain()


async def trickle(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.2)


async def endless(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(head("200 OK", "Content-Type: text/html") + b"<title>Endless</title>")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def headers(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Header: " + b"y" * 1000 + b"\r\n")
        await writer.drain()


async def bomb(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(head("200 OK", "Content-Type: text/html", "Content-Encoding: gzip", "Content-Length: %d" % len(BOMB)))
    writer.write(BOMB)
    await writer.drain()


async def looping(reader, writer):
    request = await reader.readuntil(b"\r\n\r\n")
    number = int(request.split(b" ")[1].strip(b"/") or 0) + 1
    writer.write(head("302 Found", "Location: /%d" % number, "Content-Length: 0", "Connection: close"))
    await writer.drain()


async def controls(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    body = b"<title>\x1b[31mred\x07 \xe2\x80\xaeevil</title>"
    writer.write(head("200 OK", "Server: a\tb \xff", "Content-Type: text/html", "Content-Length: %d" % len(body)))
    writer.write(body)
    await writer.drain()


async def not_http(reader, writer):
    await reader.read(4096)
    writer.write(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    await writer.drain()


PLAIN = {
    1101: silent, 1102: closing, 1103: text, 1104: garbage, 1105: huge,
    1110: trickle, 1111: endless, 1112: headers, 1113: bomb, 1114: looping, 1115: controls, 1116: not_http,
}


class Lines:
    """A protocol in which a line starts TLS: greeting, replies by the first word of a line, the command."""

    def __init__(self, greeting, replies, command, go):
        self.greeting, self.replies, self.command, self.go = greeting, replies, command, go


MAIL = {
    1201: Lines(b"220-hello\r\n220 mail\r\n", {b"EHLO": b"250-mail\r\n250-SIZE\r\n250 STARTTLS\r\n"}, b"STARTTLS",
                b"220 go\r\n"),
    1202: Lines(b"* OK [CAPABILITY IMAP4rev1] hi\r\n", {}, b"a STARTTLS", b"* note\r\na OK go\r\n"),
    1203: Lines(b"+OK hi\r\n", {}, b"STLS", b"+OK go\r\n"),
    1204: Lines(b"220 mail\r\n", {b"EHLO": b"250-mail\r\n250 SIZE\r\n"}, b"STARTTLS", b"502 no\r\n"),
    1205: Lines(b"554 go away\r\n", {}, b"STARTTLS", b"502 no\r\n"),
}


def line_server(protocol, context):
    async def serve(reader, writer):
        writer.write(protocol.greeting)
        while line := (await reader.readline()).strip():
            if line.upper() != protocol.command.upper() or b"502" in protocol.go:
                writer.write(protocol.replies.get(line.split(b" ")[0].upper(), b"502 what\r\n"))
                continue
            writer.write(protocol.go)
            await writer.drain()
            await writer.start_tls(context)
            await reader.read(1)
            break
    return serve


def postgres(context, answer):
    async def serve(reader, writer):
        if await reader.readexactly(8) == bytes([0, 0, 0, 8, 4, 0xD2, 0x16, 0x2F]):
            writer.write(answer)
            await writer.drain()
            if answer == b"S":
                await writer.start_tls(context)
                await reader.read(1)
    return serve


def ldap(context, code):
    async def serve(reader, writer):
        request = await reader.readexactly(31)
        if request[9:] != b"1.3.6.1.4.1.1466.20037":
            return
        writer.write(bytes([0x30, 12, 2, 1, 1, 0x78, 7, 0x0A, 1, code, 4, 0, 4, 0]))
        await writer.drain()
        if code == 0:
            await writer.start_tls(context)
            await reader.read(1)
    return serve


def xmpp(context):
    async def serve(reader, writer):
        await reader.readuntil(b"version='1.0'>")
        writer.write(b"<?xml version='1.0'?><stream:stream from='x' xmlns='jabber:client' "
                     b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features>"
                     b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>")
        await reader.readuntil(b"/>")
        writer.write(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        await writer.drain()
        await writer.start_tls(context)
        await reader.read(1)
    return serve


def quiet(serve):
    async def guarded(reader, writer):
        try:
            await serve(reader, writer)
        except (OSError, EOFError, ssl.SSLError, asyncio.LimitOverrunError):
            pass
        writer.close()
    return guarded


async def main():
    address, chain, key, lifetime = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    servers = dict(PLAIN)
    servers.update({port: line_server(protocol, context) for port, protocol in MAIL.items()})
    servers.update({1206: postgres(context, b"S"), 1207: postgres(context, b"N"), 1208: ldap(context, 0),
                    1209: ldap(context, 2), 1210: xmpp(context)})
    for port, serve in servers.items():
        await asyncio.start_server(quiet(serve), address, port)
    print("ready", flush=True)
    await asyncio.sleep(lifetime)


asyncio.run(main())
