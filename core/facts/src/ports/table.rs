//! The port tables: IANA's registry, and common uses that are not registered.

use std::sync::{LazyLock, OnceLock};

/// IANA's registry: port, service, protocols, description.
const REGISTRY: &str = include_str!("../../../../config/data/ports.tsv");

/// The curated table: mark (`=` registered, `~` unofficial), port or range, and the columns of the registry.
const COMMON: &str = include_str!("../../../../config/data/ports-common.tsv");

/// Transport protocols in display order, with their letters in the tables.
pub(super) const PROTOCOLS: [(u8, &str); 4] =
    [(b't', "tcp"), (b'u', "udp"), (b's', "sctp"), (b'd', "dccp")];

/// One use of a port by one or more protocols.
#[derive(Debug)]
pub(super) struct PortEntry {
    pub(super) port: u16,
    pub(super) service: &'static str,
    /// Protocol letters from [`PROTOCOLS`], e.g. `tu`.
    pub(super) protocols: &'static str,
    pub(super) description: &'static str,
    pub(super) unofficial: bool,
    words: OnceLock<Box<str>>,
}

impl PortEntry {
    /// Text for the word search: service and description as [`normalize`] returns them. Made when a word is first
    /// searched, which takes longer than reading the tables.
    pub(super) fn words(&self) -> &str {
        self.words
            .get_or_init(|| normalize(&format!("{} {}", self.service, self.description)).into())
    }
}

/// All entries by port; within a port registered uses first, and curated ones before those of the registry.
pub(super) static ENTRIES: LazyLock<Vec<PortEntry>> = LazyLock::new(|| {
    let mut entries = Vec::with_capacity(7000);
    for line in COMMON.lines().filter(|line| !line.starts_with('#')) {
        let Some((mark, rest)) = line.split_once('\t') else {
            continue;
        };
        push(&mut entries, rest, mark == "~");
    }
    for line in REGISTRY.lines() {
        push(&mut entries, line, false);
    }
    // Stable sort: keeps the reading order within a port.
    entries.sort_by_key(|entry| (entry.port, entry.unofficial));
    entries
});

/// The entries of a range of ports.
pub(super) fn between(first: u16, last: u16) -> &'static [PortEntry] {
    let from = ENTRIES.partition_point(|entry| entry.port < first);
    let to = ENTRIES.partition_point(|entry| entry.port <= last);
    &ENTRIES[from..to.max(from)]
}

/// Lower-cases a text and replaces `-` and `_` with spaces, because spellings differ in them.
pub(super) fn normalize(text: &str) -> String {
    text.chars()
        .map(|c| {
            if matches!(c, '-' | '_') {
                ' '
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
}

fn push(entries: &mut Vec<PortEntry>, line: &'static str, unofficial: bool) {
    let mut columns = line.split('\t');
    let (Some(ports), Some(service), Some(protocols), Some(description)) = (
        columns.next(),
        columns.next(),
        columns.next(),
        columns.next(),
    ) else {
        return;
    };

    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (Ok(first), Ok(last)) = (first.parse(), last.parse()) else {
        return;
    };

    for port in first..=last {
        entries.push(PortEntry {
            port,
            service,
            protocols,
            description,
            unofficial,
            words: OnceLock::new(),
        });
    }
}

/// Common words and the ports that they mean, the most likely first. If a port has an unofficial use, the alias
/// means that one.
#[rustfmt::skip]
pub(super) static ALIASES: &[(&str, &[u16])] = &[
    ("active directory", &[389, 636, 88, 445, 3268]),
    ("ad", &[389, 636, 88, 445, 3268]),
    ("airplay", &[7000, 5000]),
    ("bitcoin", &[8333]),
    ("database", &[5432, 3306, 1433, 1521, 27017, 6379]),
    ("db", &[5432, 3306, 1433, 1521, 27017, 6379]),
    ("dhcp", &[67, 68, 546, 547]),
    ("dns", &[53, 853, 5353]),
    ("doh", &[443]),
    ("dot", &[853]),
    ("elastic", &[9200, 9300]),
    ("email", &[25, 465, 587, 143, 993, 110, 995]),
    ("etcd", &[2379, 2380]),
    ("file sharing", &[445, 139, 2049, 21]),
    ("ftp", &[21, 20, 990]),
    ("git", &[9418]),
    ("grafana", &[3000]),
    ("http3", &[443]),
    ("ike", &[500, 4500]),
    ("imap", &[143, 993]),
    ("ipsec", &[500, 4500]),
    ("irc", &[6667, 6697, 194]),
    ("k8s", &[6443, 10250, 2379, 10257, 10259]),
    ("kube", &[6443, 10250, 2379, 10257, 10259]),
    ("kubernetes", &[6443, 10250, 2379, 10257, 10259]),
    ("kerberos", &[88, 464, 749]),
    ("ldap", &[389, 636]),
    ("mail", &[25, 465, 587, 143, 993, 110, 995]),
    ("mariadb", &[3306]),
    ("memcached", &[11211]),
    ("mongo", &[27017]),
    ("mqtt", &[1883, 8883]),
    ("mssql", &[1433, 1434]),
    ("netbios", &[137, 138, 139]),
    ("ntp", &[123]),
    ("oracle", &[1521]),
    ("pgsql", &[5432]),
    ("pop", &[110, 995]),
    ("pop3", &[110, 995]),
    ("postgres", &[5432]),
    ("printer", &[631, 515]),
    ("printing", &[631, 515]),
    ("proxy", &[3128, 8080, 1080]),
    ("psql", &[5432]),
    ("quic", &[443]),
    ("rabbitmq", &[5672, 5671, 15672]),
    ("rdp", &[3389]),
    ("remote desktop", &[3389, 5900]),
    ("samba", &[445, 139]),
    ("sftp", &[22]),
    ("scp", &[22]),
    ("sip", &[5060, 5061]),
    ("smb", &[445, 139]),
    ("smtp", &[25, 465, 587]),
    ("smtps", &[465]),
    ("snmp", &[161, 162]),
    ("sql server", &[1433, 1434]),
    ("ssl", &[443]),
    ("syslog", &[514, 6514]),
    ("tls", &[443]),
    ("tor", &[9001, 9050, 9150]),
    ("vnc", &[5900, 5800]),
    ("voip", &[5060, 5061]),
    ("vpn", &[1194, 51820, 500, 4500, 1701, 1723]),
    ("web", &[80, 443, 8080, 8443]),
    ("website", &[80, 443, 8080, 8443]),
    ("webrtc", &[3478, 5349]),
    ("windows share", &[445, 139]),
    ("wg", &[51820]),
    ("www", &[80, 443]),
    ("x11", &[6000]),
];
