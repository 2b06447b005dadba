//! Banner of an open port: its greeting, the response to a minimal HTTP request, or that it speaks
//! TLS. The bytes and the time are limited; the content is untrusted data.

use std::time::{Duration, Instant};

use tokio::{net::TcpStream, time::timeout_at};

use crate::egress_budget;

/// Most bytes read from a port.
const MAX_BYTES: usize = 256;
/// Most characters in a banner.
const MAX_CHARACTERS: usize = 120;

/// Protocol expected on a port, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BannerKind {
    /// The server sends a greeting first.
    Greets,
    Http,
    Tls,
    Unknown,
}

fn kind(port: u16) -> BannerKind {
    match port {
        21..=23
        | 25
        | 110
        | 119
        | 143
        | 194
        | 587
        | 2121
        | 2222
        | 2525
        | 3306
        | 3307
        | 4190
        | 5900..=5903
        | 6667 => BannerKind::Greets,
        80 | 81 | 591 | 3000 | 5000 | 8000 | 8008 | 8080 | 8081 | 8088 | 8888 | 9000 | 9090 => {
            BannerKind::Http
        }
        443
        | 465
        | 563
        | 636
        | 853
        | 989
        | 990
        | 992..=995
        | 4443
        | 5061
        | 5223
        | 5671
        | 6443
        | 6697
        | 8443
        | 8883
        | 9443 => BannerKind::Tls,
        _ => BannerKind::Unknown,
    }
}

/// Whether a banner is expected from this port.
pub(super) fn is_expected(port: u16) -> bool {
    kind(port) != BannerKind::Unknown
}

/// Reads the banner of a new connection for at most `timeout`. Sends a request first if the
/// protocol needs one.
pub(super) async fn read(stream: TcpStream, port: u16, timeout: Duration) -> Option<String> {
    let deadline = Instant::now() + timeout;
    let hello = client_hello();
    let request: &[u8] = match kind(port) {
        BannerKind::Greets | BannerKind::Unknown => &[],
        BannerKind::Http => b"HEAD / HTTP/1.0\r\n\r\n",
        BannerKind::Tls => &hello,
    };

    if !request.is_empty()
        && egress_budget::charge_bytes(egress_budget::SYN + request.len()).is_ok()
    {
        // The request fits into an empty send buffer, so a failed write is not retried.
        let _ = stream.try_write(request);
    }

    let mut bytes = Vec::with_capacity(MAX_BYTES);

    while !is_enough(&bytes, kind(port)) {
        let mut buffer = [0; MAX_BYTES];
        match timeout_at(deadline.into(), stream.readable()).await {
            Ok(Ok(())) => {}
            _ => break,
        }
        match stream.try_read(&mut buffer[..MAX_BYTES - bytes.len()]) {
            Ok(0) => break,
            Ok(read) => bytes.extend(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }

    parse(&bytes)
}

/// Whether the bytes suffice: any greeting, or a complete HTTP header for the name of the server.
fn is_enough(bytes: &[u8], kind: BannerKind) -> bool {
    bytes.len() >= MAX_BYTES
        || match kind {
            BannerKind::Http => bytes.windows(4).any(|end| end == b"\r\n\r\n"),
            BannerKind::Tls => bytes.len() >= 3,
            BannerKind::Greets | BannerKind::Unknown => !bytes.is_empty(),
        }
}

fn parse(bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() {
        return None;
    }
    // A handshake or alert record of any version (RFC 8446 §5.1).
    if let [0x15 | 0x16, 3, 0..=4, ..] = bytes {
        return Some("TLS".into());
    }
    if let Some(version) = mysql(bytes) {
        return printable(&format!("MySQL {version}"));
    }
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let first = lines.next()?;
    if first.starts_with("HTTP/") {
        let server = lines
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("server"))
            .map(|(_, value)| format!(", {}", value.trim()));
        return printable(&format!("{first}{}", server.unwrap_or_default()));
    }
    printable(first)
}

/// Reads the version from a `MySQL` greeting: length, sequence 0, protocol 10, NUL-terminated text.
fn mysql(bytes: &[u8]) -> Option<String> {
    let [_, _, 0, 0, 10, version @ ..] = bytes else {
        return None;
    };
    let end = version.iter().position(|byte| *byte == 0)?;
    std::str::from_utf8(&version[..end]).ok().map(str::to_owned)
}

/// Replaces control and invisible formatting characters and limits the length.
fn printable(text: &str) -> Option<String> {
    let clean: String = text
        .chars()
        .map(|c| {
            if c.is_control() || is_formatting(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .take(MAX_CHARACTERS)
        .collect();
    let clean = clean.trim_matches(|c: char| c.is_whitespace() || c == '\u{fffd}');
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// Whether a character can reorder or hide text: zero width, direction, byte order, line and
/// paragraph separators.
fn is_formatting(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Returns a minimal TLS 1.2 `ClientHello` (RFC 5246 §7.4.1.2) without a server name. Any TLS
/// record in response proves TLS, even the alert of a server that requires TLS 1.3; the handshake
/// is not completed.
fn client_hello() -> Vec<u8> {
    const EXTENSIONS: [u8; 28] = [
        0, 10, 0, 6, 0, 4, 0, 29, 0, 23, // groups: X25519, P-256
        0, 13, 0, 8, 0, 6, 4, 1, 4, 3, 8, 4, // signatures with SHA-256: RSA, ECDSA, RSA-PSS
        0, 11, 0, 2, 1, 0, // uncompressed points
    ];
    let mut body = vec![3, 3];
    // Client random: constant, since the handshake ends here.
    body.extend([0x4e; 32]);
    // No session; ECDHE-RSA and ECDHE-ECDSA with AES-128-GCM; no compression.
    body.extend([0, 0, 4, 0xc0, 0x2f, 0xc0, 0x2b, 1, 0]);
    body.extend([0, 28]);
    body.extend(EXTENSIONS);
    // 73 bytes of it in a handshake message of 77 in a record.
    let mut hello = vec![0x16, 3, 1, 0, 77, 1, 0, 0, 73];
    hello.append(&mut body);
    hello
}

#[cfg(test)]
mod tests;
