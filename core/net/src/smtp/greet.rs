//! A mail server as one that has mail for it sees it first: greeting, EHLO, STARTTLS, EHLO again, QUIT.
//!
//! No sender, no recipient, no message: there is nothing that the server could refuse or deliver.

use rustls_pki_types::ServerName;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::{net::TcpStream, time::Instant};

use super::{
    Settings,
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
        let keywords = self
            .extensions
            .iter()
            .filter_map(|line| line.split([' ', '=']).next());
        keywords
            .into_iter()
            .any(|announced| announced.eq_ignore_ascii_case(keyword))
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
mod tests {
    use std::time::Duration;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A server that says `pieces`, one for each line that it is sent, and keeps what it was sent.
    async fn against(pieces: &[&str]) -> (Welcome, String) {
        let pieces: Vec<String> = pieces.iter().map(ToString::to_string).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let (mut heard, mut buffer) = (String::new(), [0; 512]);
            for piece in pieces {
                if stream.write_all(piece.as_bytes()).await.is_err() || piece.starts_with("221") {
                    return heard;
                }
                match stream.read(&mut buffer).await {
                    Ok(count @ 1..) => heard += &String::from_utf8_lossy(&buffer[..count]),
                    _ => return heard,
                }
            }
            heard
        });
        let stream = TcpStream::connect(address).await.expect("connects");
        let settings = Settings {
            helo: "probe.example.net".into(),
            stage: Duration::from_millis(300),
            ..Settings::default()
        };
        let deadline = Instant::now() + Duration::from_secs(3);
        let welcome = greet(stream, "mx.example.test", None, &settings, deadline).await;
        (welcome, server.await.expect("ends"))
    }

    #[tokio::test]
    async fn greeting_and_extensions_are_kept_and_nothing_else_is_said() {
        let (welcome, heard) = against(&[
            "220-mx.example.test ESMTP\r\n220 at your service\r\n",
            "250-mx.example.test\r\n250-SIZE 1000\r\n250-AUTH=LOGIN\r\n250 8bitmime\r\n",
            "221 bye\r\n",
        ])
        .await;
        assert_eq!(
            welcome.greeting.as_deref(),
            Some("220 mx.example.test ESMTP at your service")
        );
        assert_eq!(welcome.extensions, ["SIZE 1000", "AUTH=LOGIN", "8bitmime"]);
        assert_eq!(
            (welcome.starttls, welcome.tls, welcome.fault),
            (Some(false), None, None)
        );
        assert_eq!(heard, "EHLO probe.example.net\r\nQUIT\r\n");
    }

    #[tokio::test]
    async fn an_old_server_is_asked_with_helo() {
        let (welcome, heard) =
            against(&["220 old\r\n", "502 what?\r\n", "250 old\r\n", "221\r\n"]).await;
        assert_eq!((welcome.starttls, welcome.fault), (Some(false), None));
        assert_eq!(
            heard,
            "EHLO probe.example.net\r\nHELO probe.example.net\r\nQUIT\r\n"
        );
    }

    #[tokio::test]
    async fn hostile_servers_are_told_and_end() {
        for (pieces, fault) in [
            (&[""][..], "greeting: no reply in time"),
            (
                &["SSH-2.0-OpenSSH\r\n"],
                "greeting: not an SMTP reply: SSH-2.0-OpenSSH",
            ),
            (
                &["220 wait"],
                "greeting: the reply did not end in time, after: 220 wait",
            ),
            (
                &["554 5.7.1 go away\r\n", ""],
                "it refuses to talk to us: 554 5.7.1 go away",
            ),
            (&["220 hi\r\n", "550 no\r\n", ""], "EHLO is refused: 550 no"),
        ] {
            assert_eq!(against(pieces).await.0.fault.as_deref(), Some(fault));
        }
        let endless = "2".repeat(40_000);
        let fault = against(&[&endless]).await.0.fault.expect("a fault");
        assert!(
            fault.starts_with("greeting: ") && fault.chars().count() <= MAX_FAULT,
            "{fault}"
        );
    }
}
