#!/usr/bin/env python3
"""A wire with delay and loss, for kernels without netem.

    wire.py TAP_A TAP_B DELAY_MS LOSS_PERCENT LIFETIME_S [JITTER_MS]

Creates two TAP devices in its own network namespace and carries frames between them, each
DELAY_MS late, up to JITTER_MS more at random, and lost with a probability of LOSS_PERCENT, each way.
Without jitter, frames stay in order. The devices may be moved to other namespaces afterwards. Both vanish when the process ends: on SIGTERM or after LIFETIME_S.
"""
import fcntl
import heapq
import os
import random
import select
import signal
import struct
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000


def tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def main():
    names, delay, loss, lifetime = sys.argv[1:3], *map(float, sys.argv[3:6])
    jitter = float(sys.argv[6]) / 1000 if sys.argv[6:] else 0.0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    delay, loss, clock = delay / 1000, loss / 100, time.monotonic
    ends = [tap(name) for name in names]
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    queue, count = [], 0  # a heap of (due, number, fd, frame)
    poll, stop = select.epoll(), clock() + lifetime
    for fd in ends:
        poll.register(fd, select.EPOLLIN)
    print("ready", flush=True)
    while (now := clock()) < stop:
        wait = queue[0][0] - now if queue else 1.0
        # epoll_wait counts whole milliseconds: sleep short of the time, then look again.
        ready = poll.poll(max(0.0, wait - 0.001) if wait > 0.0012 else 0)
        for fd, _ in ready:
            for _ in range(64):
                try:
                    frame = os.read(fd, 65536)
                except OSError:
                    break
                if loss == 0 or random.random() >= loss:
                    count += 1
                    due = clock() + delay + random.uniform(0, jitter)
                    heapq.heappush(queue, (due, count, other[fd], frame))
        now = clock()
        while queue and queue[0][0] <= now:
            _, _, fd, frame = heapq.heappop(queue)
            try:
                os.write(fd, frame)
            except OSError:
                pass


main()
