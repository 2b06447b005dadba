#!/usr/bin/env python3
"""Listeners for the port check: servers.py LIFETIME_S CERT PORT... (a dual-stack socket each).

Ports 22 and 25 speak first, 80 answers HTTP, 443 speaks TLS (with the PEM file CERT, key and
certificate in one; "-" for none), the others accept and say nothing.
"""
import asyncio
import socket
import ssl
import sys

BANNERS = {22: b"SSH-2.0-OpenSSH_9.2p1 Lab\r\n", 25: b"220 mail.lab.test ESMTP\r\n"}
HTTP = b"HTTP/1.0 200 OK\r\nServer: lab/1.0\r\nContent-Length: 0\r\n\r\n"


def handler(port):
    async def serve(reader, writer):
        try:
            if port in BANNERS:
                writer.write(BANNERS[port])
                await writer.drain()
            while await reader.read(4096):
                if port == 80:
                    writer.write(HTTP)
                    await writer.drain()
                    break
        except OSError:
            pass
        writer.close()

    return serve


async def main():
    lifetime, cert, ports = float(sys.argv[1]), sys.argv[2], map(int, sys.argv[3:])
    for port in ports:
        tls = None
        if port == 443 and cert != "-":
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(cert)
        sock = socket.create_server(("::", port), family=socket.AF_INET6, backlog=1024,
                                    dualstack_ipv6=True)
        await asyncio.start_server(handler(port), sock=sock, ssl=tls)
    print("ready", flush=True)
    await asyncio.sleep(lifetime)


asyncio.run(main())
