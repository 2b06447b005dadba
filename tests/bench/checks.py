"""Measurements of tests/bench/checks: checks.py servers|route PROGRAM SCRATCH.

Netvane and its peer take turns; the medians of whole processes are compared.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time

TURNS = 9


def read_env(path):
    with open(path) as lines:
        return dict(line.rstrip("\n").split("=", 1) for line in lines if "=" in line)


def run(command, env=None, accept=(0,)):
    """Runs a command; its time in milliseconds and what it printed."""
    started = time.perf_counter()
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    elapsed = (time.perf_counter() - started) * 1000
    if done.returncode not in accept:
        raise SystemExit("%s failed: %s%s" % (command, done.stdout[-300:], done.stderr[-300:]))
    return elapsed, done.stdout


class Bench:
    def __init__(self, program, lab):
        self.program, self.lab, self.rows = program, lab, 0
        self.env = dict(
            os.environ,
            NETVANE__POLICY__ALLOW="198.51.100.0/24,203.0.113.0/24,2001:db8::/32",
            NETVANE__TLS__CA_FILES=lab.get("CA_FILE", ""),
            NETVANE__SMTP__HELO=lab.get("FAR_NAME", "far.lab.test"),
        )

    def netvane(self, line, **settings):
        env = dict(self.env, **settings)
        elapsed, out = run([self.program, "--json", *line.split()], env)
        return elapsed, json.loads(out)

    def turns(self, own, peer, turns=TURNS):
        """Medians of both, taken in turns; the first of each is not counted."""
        times = ([], [])
        for turn in range(turns + 1):
            for kept, measure in zip(times, (own, peer)):
                elapsed = measure()
                if turn:
                    kept.append(elapsed)
        return [statistics.median(kept) for kept in times]

    def row(self, what, own, peer, who, goal, unit="ms"):
        if not self.rows:
            print("%-34s %11s  %-38s %6s  %-7s result" % ("median", "netvane", "peer", "ratio", "target"))
        self.rows += 1
        ratio = own / peer
        met = "met" if ratio <= goal else "NOT MET"
        figures = "%.1f %s" % (own, unit), "%.1f %s %s" % (peer, unit, who)
        print("%-34s %11s  %-38s %6.2f  ≤ %-5g %s" % (what, *figures, ratio, goal, met), flush=True)

    def compare(self, what, line, peer, who, goal, turns=TURNS, **settings):
        own, other = self.turns(lambda: self.netvane(line, **settings)[0], peer, turns)
        self.row(what, own, other, who, goal)
        return own


def dig(*arguments):
    return run(["dig", "+noall", "+answer", "+tries=1", "+time=3", *arguments])[0]


def round_trip(address):
    """The round trip to a server in milliseconds."""
    out = run(["ping", "-n", "-c", "5", "-i", "0.2", address])[1]
    return float(re.search(r"= [\d.]+/([\d.]+)/", out).group(1))


def servers(program, lab):
    bench = Bench(program, lab)
    rtt = round_trip(lab["WEB4"])
    url = "https://mta-sts.lab.test/.well-known/mta-sts.txt"

    curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{time_total}", "--cacert", lab["CA_FILE"], url]
    bench.compare("http, whole process", "http " + url, lambda: run(curl)[0], "curl -w", 1.1)

    client = ["openssl", "s_client", "-brief", "-CAfile", lab["CA_FILE"], "-connect"]
    direct = client + ["mail.lab.test:993", "-servername", "mail.lab.test"]
    own = bench.compare("tls, whole process", "tls mail.lab.test:993", lambda: run(direct)[0], "openssl s_client", 1)
    _, reply = bench.netvane("tls mail.lab.test:993")
    # The name, TCP and TLS.
    bench.row("tls, round trips", reply["elapsed_ms"] / rtt, 3, "DNS, TCP, TLS", 1.15, "")

    starttls = client + ["mx1.lab.test:25", "-starttls", "smtp"]

    def chain():
        return dig("clear.test", "MX") + dig("mx1.lab.test", "A") + run(starttls)[0]

    bench.compare("mailcheck", "mailcheck lab.test", chain, "MX, A, STARTTLS in turn", 1.3,
                  NETVANE__BLOCKLIST__LISTS="listed.bl.test", NETVANE__SMTP__CONTROL="")

    resolvers = ",".join("r%d=203.0.113.%d" % (last, last) for last in range(41, 47))
    slowest = lambda: max(dig("@203.0.113.%d" % last, "lab.test", "MX") for last in range(41, 47))
    bench.compare("propagation, 6 public resolvers", "propagation lab.test MX", slowest, "slowest dig", 1.1,
                  NETVANE__DNS__PUBLIC_RESOLVERS=resolvers)

    zones = ["n%d.bl.test" % number for number in range(1, 21)]
    name = ".".join(reversed(lab["MX2_4"].split(".")))
    slowest = lambda: max(dig("%s.%s" % (name, zone), "A") for zone in zones)
    bench.compare("blocklist, 20 lists", "blocklist " + lab["MX2_4"], slowest, "slowest dig", 1.3,
                  NETVANE__BLOCKLIST__LISTS=",".join(zones))

    for depth in (0, 4):
        times = [bench.netvane("spf depth%d.test" % depth)[1]["elapsed_ms"] for _ in range(TURNS)]
        trips = statistics.median(times) / rtt
        bench.row("spf of depth %d, round trips" % depth, trips, depth + 2, "depth + 2", 1, "")


def route(program, lab):
    bench = Bench(program, lab)
    target = lab["SERVER4"]
    mtr = ["mtr", "-n", "-r", "-c", "10", "-i", "0.25", target]
    bench.compare("mtr count=10", "mtr %s count=10 names=false" % target, lambda: run(mtr)[0], "mtr -c 10 -i 0.25", 1,
                  turns=3)


if __name__ == "__main__":
    measurement, program, scratch = sys.argv[1:]
    which = {"servers": (servers, "mail"), "route": (route, "route")}[measurement]
    which[0](program, read_env("%s/%s/env" % (scratch, which[1])))
