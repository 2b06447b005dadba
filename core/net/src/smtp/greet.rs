//! A mail server as one that has mail for it sees it first: greeting, EHLO, STARTTLS, EHLO again, QUIT.
//!
//! No sender, no recipient, no message: there is nothing that the server could refuse or deliver.

use rustls_pki_types::ServerName;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::{net::TcpStream, time::Instant};

use super::{
    Settings, extensions,
    reply::Reply,
    tls::{Opportunistic, TlsFacts},
    wire::{Broken, Wire},
};

/// Extensions that are kept; the longest honest list has about twenty.
const MAX_EXTENSIONS: usize = 32;
/// Characters kept of what went wrong: a stranger's words may be in it.
const MAX_FAULT: usize = 200;

/// What a server shows of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Welcome {
    /// What it said first, with its code. Text from a stranger: escape it.
    pub greeting: Option<String>,
    /// What it can do, as EHLO announced it; inside TLS where that came about. Text from a stranger.
    pub extensions: Vec<String>,
    /// Whether STARTTLS was offered; `null` where EHLO was not answered.
    pub starttls: Option<bool>,
    /// What STARTTLS led to.
    pub tls: Option<TlsFacts>,
    /// What ended it early.
    pub fault: Option<String>,
}

/// Looks at the server at the other end of `stream`; QUIT has been sent when this returns.
pub async fn greet(
    stream: TcpStream,
    host: &str,
    tls: Option<&Opportunistic>,
    settings: &Settings,
    deadline: Instant,
) -> Welcome {
    let mut wire = Wire::new(stream, settings.stage, deadline);
    let mut welcome = Welcome::default();
    let talk = welcome.hear(&mut wire, host, tls, &settings.helo);
    if let Err(fault) = talk.await {
        welcome.fault = Some(fault.trim_end().chars().take(MAX_FAULT).collect());
    }
    wire.quit(settings).await;
    welcome
}

impl Welcome {
    async fn hear(
        &mut self,
        wire: &mut Wire,
        host: &str,
        tls: Option<&Opportunistic>,
        helo: &str,
    ) -> Result<(), String> {
        let banner = wire
            .reply()
            .await
            .map_err(|broken| during("greeting", &broken))?;
        self.greeting = Some(said(&banner));
        if banner.code != 220 {
            return Err(format!("it refuses to talk to us: {}", said(&banner)));
        }

        self.ask(wire, helo).await?;
        let offered = self.announces("STARTTLS");
        self.starttls = Some(offered);
        let (true, Some(tls)) = (offered, tls) else {
            return Ok(());
        };

        // A name that no certificate can be for is not asked to prove itself.
        let Ok(name) = ServerName::try_from(host.to_owned()) else {
            return Ok(());
        };
        let reply = exchange(wire, "STARTTLS", "STARTTLS\r\n").await?;

        if reply.code != 220 {
            return Err(format!(
                "STARTTLS is offered, then refused: {}",
                said(&reply)
            ));
        }

        if wire.has_more() {
            return Err("it talks on in the clear after its consent to STARTTLS".into());
        }

        self.tls = Some(
            wire.start_tls(tls, name)
                .await
                .map_err(|broken| broken.text())?,
        );

        // RFC 3207 §4.2: what was said before does not count any more.
        self.ask(wire, helo).await
    }

    /// EHLO, or HELO for a server that does not know it (RFC 5321 §3.2).
    async fn ask(&mut self, wire: &mut Wire, helo: &str) -> Result<(), String> {
        let reply = exchange(wire, "EHLO", &format!("EHLO {helo}\r\n")).await?;
        self.extensions.clear();
        if reply.class() == 2 {
            // The first line is the server's name.
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
            return Err(format!("EHLO is refused: {}", said(&reply)));
        }

        let reply = exchange(wire, "HELO", &format!("HELO {helo}\r\n")).await?;

        match reply.class() {
            2 => Ok(()),
            _ => Err(format!("HELO is refused: {}", said(&reply))),
        }
    }

    /// Whether an extension was announced, its parameters aside.
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
        .map_err(|broken| during(stage, &broken))?;
    wire.reply().await.map_err(|broken| during(stage, &broken))
}

fn during(stage: &str, broken: &Broken) -> String {
    format!("{stage}: {}", broken.text())
}

fn said(reply: &Reply) -> String {
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
