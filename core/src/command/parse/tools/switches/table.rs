//! The options of well-known tools, with their meaning.

use super::{
    Follows::{self, Nothing},
    Meaning::{self, Default, Fixed, Instead, Number, Unsupported, Value},
};

/// An option without its first hyphen: the command, the option and its meaning. The command `*` stands for all.
type Switch = (&'static str, &'static str, Meaning);

const fn with_value(reason: &'static str) -> Meaning {
    Unsupported(Follows::Value, reason)
}

const fn with_number(reason: &'static str) -> Meaning {
    Unsupported(Follows::Number, reason)
}

const fn alone(reason: &'static str) -> Meaning {
    Unsupported(Nothing, reason)
}

const PING_INTERVAL: &str = "requests are sent 250 ms apart, and 1 s apart with `count=0`";
const PING_TIMEOUT: &str = "the timeout is chosen from the round trips, and is at most 3.2 s";
const PROBE_SIZE: &str = "the size of a probe is fixed";
const ROUTE_INTERVAL: &str = "rounds are sent 250 ms apart";
const ROUTE_TIMEOUT: &str = "a probe is waited for at most 3.5 s";
const FIRST_HOP: &str = "a route begins at the first hop; `max_hops` sets its end";
const SOURCE: &str = "the system chooses the source address";
const CONNECT_SCAN: &str = "TCP ports are checked with connections, as with `-sT`";
const SCAN_TIMING: &str = "the timing is adapted to the target";
const PORT_TIMEOUT: &str = "the timeout is chosen from the round trips";
const VERSIONS: &str = "only banners that servers send on their own are shown";
const PORT_CHOICE: &str =
    "`ports` takes numbers, ranges and names; without it common ports are checked";
const NOT_SENT: &str = "a request has no body, credentials or headers of its own";
const NOT_SAVED: &str = "the reply shows status, headers, timings and title; the body is not saved";
const TSIG: &str = "queries are not signed";
const SERVER_LIMITS: &str =
    "the operator's settings decide how often and how long a server is queried";
const AS_WRITTEN: &str = "names are queried as written, without a search list";
const NO_OPTION: &str = "EDNS options are `subnet` and `nsid`";

pub(super) const SWITCHES: &[Switch] = &[
    ("*", "4", Fixed("ipv", "4")),
    ("*", "6", Fixed("ipv", "6")),
    ("ping", "c", Value("count")),
    ("ping", "n", Number("count")),
    ("ping", "p", Value("port")),
    ("ping", "P", Value("port")),
    ("ping", "T", Fixed("protocol", "tcp")),
    ("ping", "i", with_number(PING_INTERVAL)),
    ("ping", "-interval", with_number(PING_INTERVAL)),
    ("ping", "W", with_number(PING_TIMEOUT)),
    ("ping", "w", with_number(PING_TIMEOUT)),
    ("ping", "-timeout", with_number(PING_TIMEOUT)),
    ("ping", "s", with_number(PROBE_SIZE)),
    ("ping", "l", with_number(PROBE_SIZE)),
    (
        "ping",
        "t",
        with_number("the TTL is the system's; `count=0` in a terminal goes on until Ctrl-C"),
    ),
    ("ping", "f", alone("requests are sent 250 ms apart")),
    ("ping", "A", alone("requests are sent 250 ms apart")),
    (
        "ping",
        "q",
        alone("every reply is shown; `short` prints the average alone"),
    ),
    ("ping", "I", with_value(SOURCE)),
    ("trace", "n", Fixed("names", "no")),
    ("trace", "d", Fixed("names", "no")),
    ("trace", "m", Value("max_hops")),
    ("trace", "h", Value("max_hops")),
    ("trace", "q", Value("probes")),
    ("trace", "-queries", Value("probes")),
    ("trace", "c", Value("count")),
    ("trace", "p", Value("port")),
    ("trace", "P", Value("port")),
    ("trace", "T", Fixed("protocol", "tcp")),
    ("trace", "-tcp", Fixed("protocol", "tcp")),
    ("trace", "U", Fixed("protocol", "udp")),
    ("trace", "-udp", Fixed("protocol", "udp")),
    ("trace", "I", Fixed("protocol", "icmp")),
    ("trace", "-icmp", Fixed("protocol", "icmp")),
    // Hops are shown with their AS anyway.
    ("trace", "A", Default),
    ("trace", "-as-path-lookups", Default),
    ("trace", "w", with_value(ROUTE_TIMEOUT)),
    ("trace", "-wait", with_value(ROUTE_TIMEOUT)),
    ("trace", "z", with_number(ROUTE_INTERVAL)),
    ("trace", "N", with_number(ROUTE_INTERVAL)),
    ("trace", "f", with_number(FIRST_HOP)),
    ("trace", "-first", with_number(FIRST_HOP)),
    ("trace", "i", with_value(SOURCE)),
    ("trace", "s", with_value(SOURCE)),
    ("trace", "F", alone("probes are never fragmented")),
    ("trace", "l", with_number(PROBE_SIZE)),
    ("mtr", "n", Fixed("names", "no")),
    ("mtr", "-no-dns", Fixed("names", "no")),
    ("mtr", "m", Value("max_hops")),
    ("mtr", "-max-ttl", Value("max_hops")),
    ("mtr", "c", Value("count")),
    ("mtr", "-report-cycles", Value("count")),
    ("mtr", "P", Value("port")),
    ("mtr", "p", Value("port")),
    ("mtr", "T", Fixed("protocol", "tcp")),
    ("mtr", "-tcp", Fixed("protocol", "tcp")),
    ("mtr", "u", Fixed("protocol", "udp")),
    ("mtr", "-udp", Fixed("protocol", "udp")),
    // A report after `count` rounds, with names, addresses and AS at full width, is the reply.
    ("mtr", "r", Default),
    ("mtr", "-report", Default),
    ("mtr", "w", Default),
    ("mtr", "-report-wide", Default),
    ("mtr", "b", Default),
    ("mtr", "-show-ips", Default),
    ("mtr", "z", Default),
    ("mtr", "-aslookup", Default),
    ("mtr", "i", with_number(ROUTE_INTERVAL)),
    ("mtr", "-interval", with_number(ROUTE_INTERVAL)),
    ("mtr", "G", with_number(ROUTE_TIMEOUT)),
    ("mtr", "-gracetime", with_number(ROUTE_TIMEOUT)),
    ("mtr", "Z", with_number(ROUTE_TIMEOUT)),
    ("mtr", "-timeout", with_number(ROUTE_TIMEOUT)),
    ("mtr", "f", with_number(FIRST_HOP)),
    ("mtr", "-first-ttl", with_number(FIRST_HOP)),
    ("mtr", "s", with_number(PROBE_SIZE)),
    ("mtr", "-psize", with_number(PROBE_SIZE)),
    ("mtr", "a", with_value(SOURCE)),
    ("mtr", "-address", with_value(SOURCE)),
    ("mtr", "I", with_value(SOURCE)),
    (
        "mtr",
        "o",
        with_value("the columns of the report are fixed"),
    ),
    (
        "ports",
        "p-",
        Instead("-p 1-1024", "at most 1,024 ports are checked at once"),
    ),
    ("ports", "p", Value("ports")),
    ("ports", "Pn", Default),
    ("ports", "n", Default),
    ("ports", "sT", Default),
    ("ports", "sU", Fixed("protocol", "udp")),
    ("ports", "z", Default),
    ("ports", "v", Default),
    ("ports", "vv", Default),
    ("ports", "u", Fixed("protocol", "udp")),
    ("ports", "sS", alone(CONNECT_SCAN)),
    ("ports", "sA", alone(CONNECT_SCAN)),
    ("ports", "sF", alone(CONNECT_SCAN)),
    ("ports", "sN", alone(CONNECT_SCAN)),
    ("ports", "sX", alone(CONNECT_SCAN)),
    ("ports", "sn", alone("`ping` tells whether a host is up")),
    ("ports", "sP", alone("`ping` tells whether a host is up")),
    ("ports", "sV", alone(VERSIONS)),
    ("ports", "sC", alone(VERSIONS)),
    ("ports", "A", alone(VERSIONS)),
    ("ports", "O", alone(VERSIONS)),
    ("ports", "F", alone(PORT_CHOICE)),
    ("ports", "-top-ports", with_number(PORT_CHOICE)),
    (
        "ports",
        "-open",
        alone("every port is shown with its state; `short` prints the open ones"),
    ),
    ("ports", "T0", alone(SCAN_TIMING)),
    ("ports", "T1", alone(SCAN_TIMING)),
    ("ports", "T2", alone(SCAN_TIMING)),
    ("ports", "T3", alone(SCAN_TIMING)),
    ("ports", "T4", alone(SCAN_TIMING)),
    ("ports", "T5", alone(SCAN_TIMING)),
    ("ports", "w", with_number(PORT_TIMEOUT)),
    ("ports", "S", with_value(SOURCE)),
    ("ports", "s", with_value(SOURCE)),
    ("dig", "t", Value("type")),
    ("dig", "q", Value("name")),
    ("dig", "b", with_value(SOURCE)),
    ("dig", "k", with_value(TSIG)),
    ("dig", "y", with_value(TSIG)),
    ("dig", "f", with_value("a file of queries is a batch")),
    // There is no .digrc to be read.
    ("dig", "r", Default),
    ("propagation", "t", Value("type")),
    ("delegation", "t", Value("type")),
    ("whois", "h", Value("server")),
    ("http", "I", Fixed("method", "HEAD")),
    ("http", "-head", Fixed("method", "HEAD")),
    ("http", "-spider", Fixed("method", "HEAD")),
    ("http", "X", Value("method")),
    ("http", "-request", Value("method")),
    ("http", "L", Fixed("follow", "yes")),
    ("http", "-location", Fixed("follow", "yes")),
    ("http", "s", Default),
    ("http", "-silent", Default),
    ("http", "S", Default),
    ("http", "-show-error", Default),
    ("http", "v", Default),
    ("http", "-verbose", Default),
    ("http", "i", Default),
    ("http", "-include", Default),
    // With a bad certificate the page is read all the same, and the certificate is reported.
    ("http", "k", Default),
    ("http", "-insecure", Default),
    ("http", "-compressed", Default),
    ("http", "o", with_value(NOT_SAVED)),
    ("http", "-output", with_value(NOT_SAVED)),
    ("http", "O", alone(NOT_SAVED)),
    ("http", "w", with_value(NOT_SAVED)),
    ("http", "-write-out", with_value(NOT_SAVED)),
    ("http", "H", with_value(NOT_SENT)),
    ("http", "-header", with_value(NOT_SENT)),
    ("http", "d", with_value(NOT_SENT)),
    ("http", "-data", with_value(NOT_SENT)),
    ("http", "A", with_value(NOT_SENT)),
    ("http", "-user-agent", with_value(NOT_SENT)),
    ("http", "b", with_value(NOT_SENT)),
    ("http", "u", with_value(NOT_SENT)),
    ("http", "-user", with_value(NOT_SENT)),
    ("http", "m", with_number("the timeout is fixed")),
    ("http", "-max-time", with_number("the timeout is fixed")),
    (
        "http",
        "-connect-timeout",
        with_number("the timeout is fixed"),
    ),
];

/// dig's names of flags, and ours.
pub(super) const FLAGS: &[(&str, &str, &str)] = &[
    ("do", "dnssec", "yes"),
    ("vc", "tcp", "yes"),
    ("norec", "norecurse", "yes"),
    ("norecurs", "norecurse", "yes"),
    ("nordflag", "norecurse", "yes"),
    ("rec", "norecurse", "no"),
    ("recurse", "norecurse", "no"),
    ("rdflag", "norecurse", "no"),
    ("edns", "noedns", "no"),
    ("noshort", "short", "no"),
    ("bufsiz", "bufsize", ""),
    ("client", "subnet", ""),
];

/// Flags of dig, without `no`, that say which parts to print or how the transport is used; the answer is the same with and
/// without them, and the reply has all parts.
#[rustfmt::skip]
pub(super) const HARMLESS: &[&str] = &[
    "additional", "all", "answer", "authority", "badcookie", "class", "cl", "cmd", "comments", "cookie", "crypto",
    "identify", "idnout", "keepalive", "keepopen", "mapped", "multi", "multiline", "onesoa", "qr", "question",
    "rrcomments", "showsearch", "stats", "ttlid", "ttlunits",
];

/// Flags of dig that change the query: without `no`, whether each query is made that way, and why it is not made the other
/// way.
pub(super) const QUERY_FLAGS: &[(&str, bool, &str)] = &[
    ("aaflag", false, "queries have no AA flag"),
    ("aaonly", false, "queries have no AA flag"),
    ("adflag", true, "every query has the AD flag"),
    ("besteffort", false, "a malformed response is an error"),
    (
        "cdflag",
        false,
        "`dnssec` validates the answer and says what fails",
    ),
    (
        "cd",
        false,
        "`dnssec` validates the answer and says what fails",
    ),
    ("defname", false, AS_WRITTEN),
    ("search", false, AS_WRITTEN),
    ("expire", false, NO_OPTION),
    ("padding", false, NO_OPTION),
    ("fail", false, "after SERVFAIL the next resolver is queried"),
    (
        "idnin",
        true,
        "internationalized names are converted to A-labels",
    ),
    (
        "ignore",
        false,
        "a truncated response is requested again over TCP",
    ),
    (
        "nssearch",
        false,
        "`propagation` compares the authoritative servers, `delegation` walks to them",
    ),
    ("header-only", false, "every query has a question"),
    ("tcflag", false, "queries have no TC flag"),
    ("raflag", false, "queries have no RA flag"),
    ("zflag", false, "queries have no Z flag"),
    ("https", false, "write `@https://…` for DNS over HTTPS"),
    ("tls", false, "write `@tls://…` for DNS over TLS"),
];

/// Flags of dig with a value: the value that each query has, and why it can have no other.
pub(super) const FLAGS_WITH_VALUE: &[(&str, Option<&str>, &str)] = &[
    ("edns", Some("0"), "the only EDNS version is 0 (RFC 6891)"),
    (
        "ednsflags",
        Some("0"),
        "the only EDNS flag is DO (`dnssec`)",
    ),
    ("ednsopt", None, NO_OPTION),
    ("padding", Some("0"), NO_OPTION),
    ("ndots", None, AS_WRITTEN),
    ("domain", None, AS_WRITTEN),
    ("opcode", Some("QUERY"), "only the opcode QUERY is sent"),
    ("retry", None, SERVER_LIMITS),
    ("tries", None, SERVER_LIMITS),
    ("time", None, SERVER_LIMITS),
    ("timeout", None, SERVER_LIMITS),
    ("split", None, "data is not split"),
];
