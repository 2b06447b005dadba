"""The peer in Python: dnspython with asyncio, with one worker and socket per concurrent query.

batch.py PORT NAMES AT-ONCE   prints names a second; exit status 3 when dnspython is not installed
"""

import asyncio
import sys
import time

try:
    import dns.asyncbackend
    import dns.asyncquery
    import dns.message
except ImportError:
    sys.exit(3)

port, names, at_once = map(int, sys.argv[1:])


async def worker(numbers):
    backend = dns.asyncbackend.get_default_backend()
    async with await backend.make_socket(2, 2, 0, ("127.0.0.1", 0)) as socket:
        for number in numbers:
            query = dns.message.make_query(f"python{number}.any.bench.test.", "A")
            answer = await dns.asyncquery.udp(query, "127.0.0.1", port=port, timeout=5, sock=socket)
            assert len(answer.answer) == 1, answer


async def main():
    numbers = iter(range(names))
    started = time.perf_counter()
    await asyncio.gather(*(worker(numbers) for _ in range(at_once)))
    print(names / (time.perf_counter() - started))


asyncio.run(main())
