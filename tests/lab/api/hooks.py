"""What the schema calls by name and cannot spell out: strategies for the formats `netvane:…`.

Names lie in the zone that the test serves, addresses are loopback's: nothing leaves the namespace, and lookups end at
once.
"""

import json
import os

import schemathesis
from hypothesis import strategies as st

# Simple to draw: the fuzzer also tries in vain to draw values of every length from them.
label = st.integers(0, 999).map("host-{}".format)
hosts = st.sampled_from(["example.test", "www.example.test", "web.example.test", "bücher.example.test"])
domains = st.one_of(hosts, label.map(lambda label: f"{label}.example.test"))
addresses = st.one_of(st.integers(1, 250).map(lambda last: f"127.0.0.{last}"), st.just("::1"))
targets = st.one_of(domains, addresses)
types = st.sampled_from(["A", "AAAA", "MX", "TXT", "HTTPS", "TYPE65", "soa"])
users = st.sampled_from(["joe", "jane.doe", "a+b"])
emails = st.one_of(st.builds("{}@{}".format, users, domains), domains)
numbers = st.integers(1, 65535).map(str)
commands = st.one_of(
    st.builds("/a {}".format, domains),
    st.builds("mx {}".format, domains),
    st.builds("dig {} {}".format, domains, types),
    st.builds("geo {}".format, addresses),
    st.builds("port {}".format, numbers),
    st.sampled_from(["help", "/status", "help mx", "myip"]),
)

for name, strategy in {
    "Domain": domains,
    "DnsName": st.one_of(domains, st.just(".")),
    "Host": targets,
    "Registered": st.one_of(targets, st.integers(1, 9999).map("AS{}".format)),
    "Address": addresses,
    "Email": emails,
    "MailAddress": st.builds("{}@{}".format, users, domains),
    "RecordType": types,
    "RecordTypes": st.lists(types, min_size=1, max_size=3, unique=True).map(",".join),
    "Resolver": st.just(os.environ["DNS_SERVER"]),
    "Endpoint": st.just("127.0.0.1:9"),
    "TlsEndpoint": st.one_of(targets, st.just("127.0.0.1:9")),
    "WebUrl": st.one_of(targets, st.just("http://127.0.0.1:9/")),
    "ExpectedStatus": st.sampled_from(["200", "2xx", "200,301"]),
    "Phrase": label,
    "ClientSubnet": st.sampled_from(["192.0.2.0/24", "2001:db8::/48", "0"]),
    "AsNumber": st.integers(1, 9999).map("AS{}".format),
    "NetworkQuery": st.sampled_from(["192.0.2.0/24", "192.0.2.1-192.0.2.9", "2001:db8::/32"]),
    "MacAddress": st.sampled_from(["00:00:5e:00:53:01", "0000.5e00.5301", "00005e"]),
    "Selector": st.sampled_from(["s1", "selector1", "2026-01"]),
    "Word": st.sampled_from(["mx", "a", "help"]),
    "PortSet": st.lists(numbers, min_size=1, max_size=3).map(",".join),
    "PortQuery": st.one_of(numbers, st.sampled_from(["postgres", "443/udp", "8000-8010"])),
    "Message": st.builds("From: {}\nSubject: {}\n\n".format, emails, label),
    "Command": commands,
}.items():
    schemathesis.openapi.format(f"netvane:{name}", strategy)


@schemathesis.serializer("application/x-ndjson")
def ndjson(context, value):
    """A batch is text as it is."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Rules about several arguments, which the schema does not tell."""
    query = case.query
    if query and "port" in query and query.get("protocol") in (None, "icmp", "udp"):
        query["protocol"] = "tcp"
    if query and "ipv" in query and "resolver" in query:
        del query["ipv"]
    if query and "noedns" in query:
        for extension in ("dnssec", "subnet", "nsid", "bufsize"):
            query.pop(extension, None)
    if query and "count" in query and "probes" in query:
        del query["probes"]
    if query and "warn" in query and "bad" in query:
        del query["bad"]
    if query and query.get("ipv") and query.get("target") in ("::1", *(f"127.0.0.{last}" for last in range(1, 251))):
        del query["ipv"]
    if case.method == "POST" and case.path.startswith("/v1/commands/") and not case.body:
        case.body = b"From: joe@example.test\n\n"
