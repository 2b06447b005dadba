//! Starts TLS in a protocol that begins in plain text.

use std::{fmt::Write, net::IpAddr};

use netvane_facts::target::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Trouble,
    handshake::{broken, printable},
    wire::Wire,
};

/// Most bytes of one reply.
const MAX_REPLY: usize = 8 << 10;

/// A protocol in which TLS is started by a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StartTls {
    /// SMTP, with the command STARTTLS (RFC 3207).
    Smtp,
    /// IMAP (RFC 9051 §6.2.1).
    Imap,
    /// POP3 (RFC 2595 §4).
    Pop3,
    /// XMPP (RFC 6120 §5).
    Xmpp,
    /// PostgreSQL (its protocol's SSLRequest).
    Postgres,
    /// LDAP (RFC 4511 §4.14).
    Ldap,
}

impl StartTls {
    /// All protocols, in the order in which help lists them.
    pub const ALL: [Self; 6] = [
        Self::Smtp,
        Self::Imap,
        Self::Pop3,
        Self::Xmpp,
        Self::Postgres,
        Self::Ldap,
    ];

    /// The name in JSON and in arguments.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Xmpp => "xmpp",
            Self::Postgres => "postgres",
            Self::Ldap => "ldap",
        }
    }

    /// The protocol that is usual at this port, if it starts TLS by a command.
    pub fn of_port(port: u16) -> Option<Self> {
        match port {
            25 | 587 | 2525 => Some(Self::Smtp),
            143 => Some(Self::Imap),
            110 => Some(Self::Pop3),
            5222 | 5269 => Some(Self::Xmpp),
            5432 => Some(Self::Postgres),
            389 => Some(Self::Ldap),
            _ => None,
        }
    }

    /// The usual port of the protocol.
    pub fn port(self) -> u16 {
        match self {
            Self::Smtp => 25,
            Self::Imap => 143,
            Self::Pop3 => 110,
            Self::Xmpp => 5222,
            Self::Postgres => 5432,
            Self::Ldap => 389,
        }
    }
}

/// Brings the connection to the point where the handshake begins.
pub(super) async fn start(
    wire: &mut Wire,
    protocol: StartTls,
    name: &Host,
    port: u16,
) -> Result<(), Trouble> {
    match protocol {
        StartTls::Smtp => smtp(wire).await,
        StartTls::Imap => imap(wire).await,
        StartTls::Pop3 => pop3(wire).await,
        StartTls::Xmpp => xmpp(wire, name, port).await,
        StartTls::Postgres => postgres(wire).await,
        StartTls::Ldap => ldap(wire).await,
    }
}

async fn smtp(wire: &mut Wire) -> Result<(), Trouble> {
    expect(
        &smtp_reply(wire).await?,
        "220",
        "the SMTP server does not accept connections",
    )?;
    let us = match wire.local_address().map(|address| address.ip()) {
        Ok(IpAddr::V4(address)) => format!("[{address}]"),
        Ok(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
        Err(_) => "[127.0.0.1]".into(),
    };
    send(wire, format!("EHLO {us}\r\n").as_bytes()).await?;
    let extensions = smtp_reply(wire).await?;
    expect(&extensions, "250", "the SMTP server rejects EHLO")?;
    let is_offered = extensions.lines().any(|line| {
        line.get(4..)
            .is_some_and(|name| name.trim().eq_ignore_ascii_case("STARTTLS"))
    });
    if !is_offered {
        return Err(not_offered("SMTP"));
    }
    send(wire, b"STARTTLS\r\n").await?;
    expect(
        &smtp_reply(wire).await?,
        "220",
        "the SMTP server rejects STARTTLS",
    )
}

/// A reply of one or more lines; the last has a space after its code.
async fn smtp_reply(wire: &mut Wire) -> Result<String, Trouble> {
    read_until(wire, |reply| {
        let mut end = 0;
        for line in reply.split_inclusive(|byte| *byte == b'\n') {
            end += line.len();
            let is_last = line.ends_with(b"\n") && line.get(3) != Some(&b'-');
            if is_last {
                return Some(end);
            }
        }
        None
    })
    .await
}

async fn imap(wire: &mut Wire) -> Result<(), Trouble> {
    let greeting = read_line(wire).await?;
    expect(
        &greeting,
        "* OK",
        "the IMAP server does not accept connections",
    )?;
    send(wire, b"a STARTTLS\r\n").await?;
    for _ in 0..16 {
        let line = read_line(wire).await?;
        if !line.starts_with("* ") {
            return expect(&line, "a OK", "the IMAP server rejects STARTTLS");
        }
    }
    Err(not_offered("IMAP"))
}

async fn pop3(wire: &mut Wire) -> Result<(), Trouble> {
    let greeting = read_line(wire).await?;
    expect(
        &greeting,
        "+OK",
        "the POP3 server does not accept connections",
    )?;
    send(wire, b"STLS\r\n").await?;
    expect(
        &read_line(wire).await?,
        "+OK",
        "the POP3 server rejects STLS",
    )
}

async fn xmpp(wire: &mut Wire, name: &Host, port: u16) -> Result<(), Trouble> {
    let namespace = if port == 5269 {
        "jabber:server"
    } else {
        "jabber:client"
    };
    let mut stream = String::new();
    // A host is a domain name or an address, so it has nothing to escape.
    let _ = write!(
        stream,
        "<?xml version='1.0'?><stream:stream to='{name}' xmlns='{namespace}' \
         xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
    );
    send(wire, stream.as_bytes()).await?;
    let features = read_until(
        wire,
        after_any(&["</stream:features>", "</stream:error>", "</stream:stream>"]),
    )
    .await?;
    if !features.contains("urn:ietf:params:xml:ns:xmpp-tls") {
        return Err(not_offered("XMPP"));
    }
    send(wire, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await?;
    let reply = read_until(wire, after_any(&["/>", "</stream:stream>"])).await?;
    if reply.contains("<proceed") {
        return Ok(());
    }
    Err(refused("the XMPP server rejects STARTTLS", &reply))
}

async fn postgres(wire: &mut Wire) -> Result<(), Trouble> {
    // SSLRequest: length 8, code 80877103.
    send(wire, &[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]).await?;
    let reply = read_until(wire, |reply| (!reply.is_empty()).then_some(1)).await?;
    match reply.as_str() {
        "S" => Ok(()),
        "N" => Err(not_offered("PostgreSQL")),
        _ => Err(refused(
            "the server does not speak the PostgreSQL protocol",
            &reply,
        )),
    }
}

async fn ldap(wire: &mut Wire) -> Result<(), Trouble> {
    // Extended request with the OID of StartTLS, message 1.
    let mut request = vec![0x30, 0x1d, 2, 1, 1, 0x77, 0x18, 0x80, 0x16];
    request.extend(b"1.3.6.1.4.1.1466.20037");
    send(wire, &request).await?;

    let mut answer = Vec::new();
    read_bytes_until(wire, |reply| {
        let end = ber_length(reply)?;
        let whole = reply.get(..end)?;
        answer = whole.to_vec();
        Some(end)
    })
    .await?;

    // Extended response (0x78) whose first field is the enumerated result code 0, success.
    let is_success = answer
        .iter()
        .position(|byte| *byte == 0x78)
        .and_then(|at| answer.get(at + 1..))
        .is_some_and(has_success);
    if is_success {
        return Ok(());
    }
    Err(Trouble::NoStartTls(
        "the LDAP server rejects StartTLS".into(),
    ))
}

/// Whether the content of an extended response, after its tag, begins with the result code 0. Its
/// length has one byte, or up to five.
fn has_success(response: &[u8]) -> bool {
    let header = match response.first() {
        Some(length @ 0x81..=0x84) => 1 + usize::from(length & 0x7f),
        _ => 1,
    };
    response
        .get(header..)
        .is_some_and(|content| content.starts_with(&[0x0a, 1, 0]))
}

/// Length of a whole BER value with its header; `None` until the header is complete.
fn ber_length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [_, length @ 0..=0x7f, ..] => Some(2 + usize::from(*length)),
        [_, 0x81, length, ..] => Some(3 + usize::from(*length)),
        [_, 0x82, high, low, ..] => Some(4 + usize::from(u16::from_be_bytes([*high, *low]))),
        [_, 0x84, 0, 0, high, low, ..] => Some(6 + usize::from(u16::from_be_bytes([*high, *low]))),
        [_, 0x80 | 0x83 | 0x85.., ..] => Some(bytes.len()),
        _ => None,
    }
}

async fn send(wire: &mut Wire, bytes: &[u8]) -> Result<(), Trouble> {
    wire.send(bytes).await.map_err(|error| silent(&error))
}

async fn read_line(wire: &mut Wire) -> Result<String, Trouble> {
    read_until(wire, |reply| {
        reply
            .iter()
            .position(|byte| *byte == b'\n')
            .map(|at| at + 1)
    })
    .await
}

/// Finds the end of the first of these texts.
fn after_any(ends: &'static [&'static str]) -> impl FnMut(&[u8]) -> Option<usize> {
    move |reply| {
        let text = String::from_utf8_lossy(reply);
        ends.iter()
            .filter_map(|end| text.find(end).map(|at| at + end.len()))
            .min()
            .filter(|end| *end <= reply.len())
    }
}

async fn read_until(
    wire: &mut Wire,
    end: impl FnMut(&[u8]) -> Option<usize>,
) -> Result<String, Trouble> {
    let reply = read_bytes_until(wire, end).await?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

/// Reads until `end` finds the end of the reply. What follows it stays for the handshake.
async fn read_bytes_until(
    wire: &mut Wire,
    mut end: impl FnMut(&[u8]) -> Option<usize>,
) -> Result<Vec<u8>, Trouble> {
    let mut reply = Vec::new();

    loop {
        let bytes = wire.receive().await.map_err(|error| silent(&error))?;
        if bytes.is_empty() {
            let why = match printable(&reply).as_str() {
                "" => "the server closed the connection before TLS".into(),
                said => format!("the server closed the connection before TLS: `{said}`"),
            };
            return Err(Trouble::Silent(why));
        }
        reply.extend(bytes);
        if let Some(end) = end(&reply) {
            let end = end.min(reply.len());
            wire.put_back(reply.split_off(end));
            return Ok(reply);
        }
        if reply.len() > MAX_REPLY {
            return Err(Trouble::NoStartTls(format!(
                "the server's reply is longer than {} KiB",
                MAX_REPLY >> 10
            )));
        }
    }
}

fn silent(error: &std::io::Error) -> Trouble {
    match (error.kind(), broken(error)) {
        (std::io::ErrorKind::TimedOut, _) => Trouble::Silent(
            "the server accepts connections but does not answer in the expected protocol".into(),
        ),
        (_, trouble) => trouble,
    }
}

fn expect(reply: &str, start: &str, otherwise: &str) -> Result<(), Trouble> {
    let is_expected = reply
        .get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start));
    if is_expected {
        return Ok(());
    }
    Err(refused(otherwise, reply))
}

fn refused(what: &str, reply: &str) -> Trouble {
    match printable(reply.as_bytes()).as_str() {
        "" => Trouble::NoStartTls(what.into()),
        said => Trouble::NoStartTls(format!("{what}: `{said}`")),
    }
}

fn not_offered(protocol: &str) -> Trouble {
    Trouble::NoStartTls(format!("the {protocol} server does not offer TLS"))
}
