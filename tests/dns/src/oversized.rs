//! Answers that are as large as they may be, and servers on loopback that send them.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinHandle,
};

/// Kinds of DNS responses of 64 KiB.
pub const SHAPES: [&str; 6] = [
    "pointers",
    "targets",
    "addresses",
    "texts",
    "bytes",
    "others",
];

/// A DNS server whose responses over UDP are truncated, and over TCP are 64 KiB of one kind.
pub struct DnsAnswers {
    /// Address of the server, the same for UDP and TCP.
    pub address: SocketAddr,
    shape: Arc<Mutex<&'static str>>,
}

impl DnsAnswers {
    /// Starts the server. Names with a label of [`SHAPES`] have answers of that kind, others do not exist.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start() -> Self {
        let shape = Arc::new(Mutex::new("none"));
        let current = shape.clone();
        let address = serve_dns(move |query| {
            let name = String::from_utf8_lossy(question(query)).to_ascii_lowercase();
            let named = SHAPES.into_iter().find(|shape| name.contains(shape));
            response(
                query,
                named.unwrap_or_else(|| *current.lock().expect("a shape")),
            )
        })
        .await;
        Self { address, shape }
    }

    /// Answers for all other names with this one of [`SHAPES`] from now on.
    ///
    /// # Panics
    /// If a task of the server has panicked.
    pub fn answer_with(&self, shape: &'static str) {
        *self.shape.lock().expect("a shape") = shape;
    }
}

/// Starts a DNS server on loopback that truncates all answers over UDP, and answers over TCP as `respond` says.
///
/// # Panics
/// If no port is free.
pub async fn serve_dns(respond: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> SocketAddr {
    let (udp, tcp) = crate::sockets().await;
    let address = udp.local_addr().expect("an address");
    let respond = Arc::new(respond);

    tokio::spawn(async move {
        let mut query = [0; 1024];
        while let Ok((length, peer)) = udp.recv_from(&mut query).await {
            let truncated = header(&query[..length], 0x8380, 0);
            let _ = udp.send_to(&truncated, peer).await;
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let respond = respond.clone();
            tokio::spawn(async move {
                while let Ok(length) = stream.read_u16().await {
                    let mut query = vec![0; length.into()];
                    let _ = stream.read_exact(&mut query).await;
                    let response = respond(&query);
                    let _ = stream.write_u16(response.len() as u16).await;
                    let _ = stream.write_all(&response).await;
                }
            });
        }
    });
    address
}

/// Returns the question of a query with one question: name, type and class in wire format.
///
/// # Panics
/// If the query has no name.
#[must_use]
pub fn question(query: &[u8]) -> &[u8] {
    let length = query[12..].iter().position(|octet| *octet == 0);
    &query[12..12 + length.expect("a name") + 5]
}

/// Returns header and question of the response to a query, with these flags and this number of answers.
///
/// # Panics
/// If the query has no name.
#[must_use]
pub fn header(query: &[u8], flags: u16, answers: u16) -> Vec<u8> {
    let mut wire = [&query[..12], question(query)].concat();
    wire[2..4].copy_from_slice(&flags.to_be_bytes());
    wire[6..8].copy_from_slice(&answers.to_be_bytes());
    wire[8..12].fill(0);
    wire
}

/// Returns a record of class IN with a TTL of 256 seconds; `owner` is a name in wire format.
#[must_use]
pub fn record(owner: &[u8], rtype: u16, data: &[u8]) -> Vec<u8> {
    let mut wire = owner.to_vec();
    wire.extend(rtype.to_be_bytes());
    wire.extend([0, 1, 0, 0, 1, 0]);
    wire.extend((data.len() as u16).to_be_bytes());
    wire.extend(data);
    wire
}

/// As many records as fit in 64 KiB, all of the queried name and, but for `others`, of the queried type.
fn response(query: &[u8], shape: &str) -> Vec<u8> {
    let start = header(query, 0x8180, 0);
    let rtype = u16::from_be_bytes([start[start.len() - 4], start[start.len() - 3]]);
    let owner = [0xc0, 12];

    // A long name in the data of the first record, to which the others point.
    let mut name = Vec::new();
    for length in [63, 63, 63, 20] {
        name.push(length);
        name.extend(vec![0xff; usize::from(length)]);
    }
    name.extend([0xc0, 12]);
    let place = start.len() + 12 + 2;
    let pointer = (0xc000 | place as u16).to_be_bytes();
    let first = record(&owner, 15, &[&[0, 1][..], &name].concat());

    let data = match (shape, rtype) {
        ("none", _) => return header(query, 0x8183, 0),
        ("texts", _) => [&[255][..], &[b'"'; 255]].concat(),
        ("bytes", _) => vec![0xff; 30],
        ("addresses", 28) => vec![0x20; 16],
        ("addresses" | "others", _) => vec![192, 0, 2, 1],
        (_, 6) => [&pointer[..], &pointer, &[0; 20]].concat(),
        (_, 15) => [&[0, 1][..], &pointer].concat(),
        (_, 33) => [&[0, 1, 0, 2, 0, 53][..], &pointer].concat(),
        (_, 1) => vec![192, 0, 2, 1],
        _ => pointer.to_vec(),
    };
    let rtype = if shape == "others" { 2 } else { rtype };
    let owner = if shape == "pointers" { pointer } else { owner };
    let next = record(&owner, rtype, &data);
    let count = (usize::from(u16::MAX) - start.len() - first.len()) / next.len();

    let mut wire = header(query, 0x8180, count as u16 + 1);
    wire.extend(&first);
    wire.extend(next.repeat(count));
    wire
}

/// Returns whois answers of 256 KiB, each with a short description.
#[must_use]
pub fn whois_answers() -> Vec<(&'static str, Vec<u8>)> {
    let of = |part: &[u8]| part.repeat((256 << 10) / part.len());
    vec![
        ("line ends", of(b"\n")),
        ("short lines", of(b"a: b\n")),
        (
            "domains",
            of(b"Domain Name: EXAMPLE.TEST\nName Server: ns1.example.test\n"),
        ),
        ("status lines", of(b"Status: ok\n\n")),
        (
            "control characters",
            [&b"Domain Name: EXAMPLE.TEST\n"[..], &of(&[1])].concat(),
        ),
        (
            "Latin-1",
            [&b"Domain Name: EXAMPLE.TEST\n"[..], &of(&[0xfc])].concat(),
        ),
        ("one line", of(b"x")),
    ]
}

/// Starts a whois server with this answer; returns its address.
///
/// # Panics
/// If no port is free.
pub async fn whois(text: Vec<u8>) -> SocketAddr {
    let (_, listener) = crate::sockets().await;
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut line = [0; 512];
            let _ = stream.read(&mut line).await;
            let _ = stream.write_all(&text).await;
        }
    });
    address
}

/// Returns RDAP answers of one megabyte, each with a short description.
#[must_use]
pub fn rdap_answers() -> Vec<(&'static str, String)> {
    let of = |part: &str| {
        let start = r#"{"objectClassName":"ip network","startAddress":"192.0.2.0","endAddress":"192.0.2.255","x":["#;
        let count = ((1 << 20) - 200) / part.len();
        format!("{start}{}0]}}", part.repeat(count))
    };
    vec![
        ("empty arrays", of("[],")),
        ("arrays", of("[[1]],")),
        ("objects", of(r#"{"a":{}},"#)),
        ("numbers", of("1,")),
        (
            "deep arrays",
            of(&format!("{}{},", "[".repeat(100), "]".repeat(100))),
        ),
        ("one text", of(&format!("\"{}\",", "x".repeat(500_000)))),
        ("escapes", of(&format!("\"{}\",", "\\u0001".repeat(80_000)))),
        ("texts", of(&format!("\"{}\",", "y".repeat(1000)))),
    ]
}

/// Starts an RDAP server with this answer, and writes bootstrap files that name it to a directory.
///
/// # Panics
/// If no port is free, or the files cannot be written.
pub async fn rdap(body: String, directory: &Path) -> JoinHandle<()> {
    let (_, listener) = crate::sockets().await;
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/rdap+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(body.as_bytes()).await;
        }
    });

    for (file, key) in [
        ("dns", "test"),
        ("ipv4", "192.0.2.0/24"),
        ("ipv6", "2001:db8::/32"),
        ("asn", "64496-64511"),
    ] {
        let text = format!(
            r#"{{"version":"1.0","publication":"2026-01-01T00:00:00Z","services":[[["{key}"],["http://{address}/"]]]}}"#
        );
        std::fs::write(directory.join(format!("{file}.json")), text).expect("writes");
    }
    server
}

/// Returns mail messages of half a megabyte, each with a short description.
#[must_use]
pub fn messages() -> Vec<(&'static str, String)> {
    let of = |part: &str| part.repeat((500 << 10) / part.len());
    let received = "Received: from a.test (a.test [192.0.2.1]) by b.test with ESMTPS id 1; Mon, 2 Mar 2026 10:00:00 +0000\n";
    let long = format!(
        "Received: from {} by b.test; Mon, 2 Mar 2026 10:00:00 +0000\n",
        "x".repeat(7000)
    );
    let signature = "DKIM-Signature: v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=AAAA; b=AAAA\n";
    vec![
        ("hops", of(received)),
        ("long hops", of(&long)),
        ("signatures", format!("{}\nbody", of(signature))),
        ("short fields", format!("{}{}", received, of("X: y\n"))),
        (
            "authentication results",
            format!(
                "{}{}",
                received,
                of("Authentication-Results: b.test; dkim=pass header.d=a.test\n")
            ),
        ),
    ]
}
