#!/usr/bin/env python3
"""DNS over QUIC (RFC 9250) in front of a resolver that speaks TCP. Needs aioquic (PyPI).

    doq_relay.py --cert FILE --key FILE --upstream ADDRESS [--port N] [--seconds N]
                 [--ready FILE] ADDRESS...

Prints "ready ADDRESS PORT" once per address; stops by itself after --seconds.
"""
import argparse
import asyncio
import struct

from aioquic.asyncio import QuicConnectionProtocol, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import StreamDataReceived


def protocol(upstream):
    class Doq(QuicConnectionProtocol):
        def __init__(self, *args, **more):
            super().__init__(*args, **more)
            self.streams = {}
            self.tasks = set()

        def quic_event_received(self, event):
            # a query is all that a client says on a stream: length, message, end
            if not isinstance(event, StreamDataReceived):
                return
            query = self.streams.get(event.stream_id, b"") + event.data
            self.streams[event.stream_id] = query
            if event.end_stream:
                del self.streams[event.stream_id]
                task = asyncio.ensure_future(self.relay(event.stream_id, query))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)

        async def relay(self, stream, query):
            try:
                reader, writer = await asyncio.open_connection(upstream, 53)
                writer.write(query)
                size = await reader.readexactly(2)
                reply = size + await reader.readexactly(struct.unpack("!H", size)[0])
                writer.close()
                self._quic.send_stream_data(stream, reply, end_stream=True)
            except (OSError, asyncio.IncompleteReadError):
                self._quic.reset_stream(stream, 1)  # DOQ_INTERNAL_ERROR
            self.transmit()

    return Doq


async def main():
    options = argparse.ArgumentParser(description="DNS over QUIC in front of a resolver.")
    options.add_argument("--cert", required=True)
    options.add_argument("--key", required=True)
    options.add_argument("--upstream", required=True)
    options.add_argument("--port", type=int, default=853)
    options.add_argument("--seconds", type=float, default=300)
    options.add_argument("--ready", help="file for the ready lines")
    options.add_argument("address", nargs="+")
    options = options.parse_args()
    quic = QuicConfiguration(is_client=False, alpn_protocols=["doq"])
    quic.load_cert_chain(options.cert, options.key)
    ready = ""
    for address in options.address:
        await serve(address, options.port, configuration=quic,
                    create_protocol=protocol(options.upstream))
        ready += f"ready {address} {options.port}\n"
    print(ready, end="", flush=True)
    if options.ready:
        with open(options.ready, "w", encoding="ascii") as file:
            file.write(ready)
    await asyncio.sleep(options.seconds)


if __name__ == "__main__":
    asyncio.run(main())
