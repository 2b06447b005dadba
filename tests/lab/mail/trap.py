#!/usr/bin/env python3
"""Where nobody may connect to: trap.py PORT listens on every address and writes down who comes."""
import asyncio
import socket
import sys


async def caught(reader, writer):
    print("caught", writer.get_extra_info("sockname")[0], flush=True)
    writer.write(b"220 trap.lab.test ESMTP\r\n")
    writer.close()


async def main():
    sock = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
    server = await asyncio.start_server(caught, sock=sock)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
