#!/usr/bin/env python3
"""A host that lies: liar.py LIFETIME_S, run in the server's namespace (IPv4).

Answers each echo request (the kernel must not: net.ipv4.icmp_echo_ignore_all=1) with a reply that
carries other data, a reply cut short, a reply from another address, the reply itself and two
copies of it; and each UDP probe with an ICMP host unreachable that quotes other data.
"""
import select
import socket
import struct
import sys
import time


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def icmp(kind, code, rest):
    sum_ = checksum(struct.pack("!BBH", kind, code, 0) + rest)
    return struct.pack("!BBH", kind, code, sum_) + rest


def packet(source, target, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, 1, 0, source, target)
    return head + payload


def main():
    echo = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    udp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    stop = time.monotonic() + float(sys.argv[1])
    print("ready", flush=True)
    while time.monotonic() < stop:
        for sock in select.select([echo, udp], [], [], 0.5)[0]:
            data = sock.recv(65536)
            source, target, body = data[12:16], data[16:20], data[20:]
            to = (socket.inet_ntoa(source), 0)
            if sock is echo and body[0] == 8:
                rest, other = body[4:], target[:3] + bytes([99])
                true = packet(target, source, icmp(0, 0, rest))
                out.sendto(packet(target, source, icmp(0, 0, rest[:4] + b"x" * len(rest[4:]))), to)
                out.sendto(packet(target, source, icmp(0, 0, rest[:6])), to)
                out.sendto(packet(other, source, icmp(0, 0, rest)), to)
                for _ in range(3):
                    out.sendto(true, to)
            elif sock is udp and data[8] > 0:
                quoted = data[:28] + b"x" * len(data[28:])
                out.sendto(packet(target, source, icmp(3, 1, b"\0" * 4 + quoted)), to)


main()
