//! Reads what a mail server announces: greeting, EHLO, STARTTLS, EHLO again, QUIT.
//!
//! Sends no sender, recipient or message, so there is nothing for the server to reject or deliver.

use rustls_pki_types::ServerName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpStream, time::Instant};

use super::{
    Settings,
    connection::{Broken, Wire},
    extensions,
    reply::Reply,
    tls::{Opportunistic, TlsFacts},
};
use crate::tls_check::Hello;

/// Most extensions stored; the longest real list has about twenty.
const MAX_EXTENSIONS: usize = 32;
/// Longest error text in characters, since it may quote the server.
const MAX_FAULT: usize = 200;

/// What a mail server announces before any mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EhloInfo {
    /// The greeting with its reply code. Untrusted text: escape it.
    pub greeting: Option<String>,
    /// Extensions announced in the EHLO reply, after STARTTLS if it succeeded. Untrusted text:
    /// escape it.
    pub extensions: Vec<String>,
    /// Whether STARTTLS was offered; `null` if EHLO got no reply.
    pub starttls: Option<bool>,
    /// TLS parameters after a successful STARTTLS.
    pub tls: Option<TlsFacts>,
    /// What the server sent in its TLS handshake; kept for a closer look at its certificates.
    #[serde(skip)]
    pub hello: Option<Box<Hello>>,
    /// Why the session ended early; `null` if it did not.
    pub fault: Option<String>,
}

/// Runs the session over `stream`; QUIT has been sent when this returns.
pub async fn ehlo_probe(
    stream: TcpStream,
    host: &str,
    tls: Option<&Opportunistic>,
    settings: &Settings,
    deadline: Instant,
) -> EhloInfo {
    let mut wire = Wire::new(stream, settings.stage, deadline);
    let mut welcome = EhloInfo::default();
    let session = welcome.run(&mut wire, host, tls, &settings.helo);
    if let Err(fault) = session.await {
        welcome.fault = Some(fault.trim_end().chars().take(MAX_FAULT).collect());
    }
    wire.quit(settings).await;
    welcome
}

impl EhloInfo {
    async fn run(
        &mut self,
        wire: &mut Wire,
        host: &str,
        tls: Option<&Opportunistic>,
        helo: &str,
    ) -> Result<(), String> {
        let banner = wire
            .reply()
            .await
            .map_err(|broken| describe_error("greeting", &broken))?;
        self.greeting = Some(describe(&banner));
        if banner.code != 220 {
            return Err(format!("connection rejected: {}", describe(&banner)));
        }

        self.send_ehlo(wire, helo).await?;
        let offered = self.announces("STARTTLS");
        self.starttls = Some(offered);
        let (true, Some(tls)) = (offered, tls) else {
            return Ok(());
        };

        // Without a valid server name, a certificate cannot be checked: skip STARTTLS.
        let Ok(name) = ServerName::try_from(host.to_owned()) else {
            return Ok(());
        };
        let reply = exchange(wire, "STARTTLS", "STARTTLS\r\n").await?;

        if reply.code != 220 {
            return Err(format!(
                "STARTTLS offered but rejected: {}",
                describe(&reply)
            ));
        }

        if wire.has_more() {
            return Err("the server sent plaintext after accepting STARTTLS".into());
        }

        self.tls = Some(
            wire.start_tls(tls, name)
                .await
                .map_err(|broken| broken.text())?,
        );
        self.hello = wire.hello().map(Box::new);

        // RFC 3207 §4.2: discard what was announced before TLS.
        self.send_ehlo(wire, helo).await
    }

    /// Sends EHLO, or HELO if the server does not support EHLO (RFC 5321 §3.2).
    async fn send_ehlo(&mut self, wire: &mut Wire, helo: &str) -> Result<(), String> {
        let reply = exchange(wire, "EHLO", &format!("EHLO {helo}\r\n")).await?;
        self.extensions.clear();
        if reply.class() == 2 {
            // The first line is the server's name, not an extension.
            let announced = reply
                .lines
                .iter()
                .skip(1)
                .map(|line| line.trim().to_owned());
            self.extensions.extend(
                announced
                    .filter(|line| !line.is_empty())
                    .take(MAX_EXTENSIONS),
            );
            return Ok(());
        }

        if !matches!(reply.code, 500..=504) {
            return Err(format!("EHLO rejected: {}", describe(&reply)));
        }

        let reply = exchange(wire, "HELO", &format!("HELO {helo}\r\n")).await?;

        match reply.class() {
            2 => Ok(()),
            _ => Err(format!("HELO rejected: {}", describe(&reply))),
        }
    }

    /// Whether an extension was announced, with or without parameters.
    #[must_use]
    pub fn announces(&self, keyword: &str) -> bool {
        self.extensions
            .iter()
            .any(|line| extensions::keyword(line).eq_ignore_ascii_case(keyword))
    }
}

async fn exchange(wire: &mut Wire, stage: &str, line: &str) -> Result<Reply, String> {
    wire.send(line)
        .await
        .map_err(|broken| describe_error(stage, &broken))?;
    wire.reply()
        .await
        .map_err(|broken| describe_error(stage, &broken))
}

fn describe_error(stage: &str, broken: &Broken) -> String {
    format!("{stage}: {}", broken.text())
}

fn describe(reply: &Reply) -> String {
    let enhanced = reply
        .enhanced
        .map(|enhanced| format!("{enhanced} "))
        .unwrap_or_default();
    format!("{} {enhanced}{}", reply.code, reply.lines.join(" "))
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests;
