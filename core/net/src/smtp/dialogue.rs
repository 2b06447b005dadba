//! One session: from the greeting to QUIT, in as few round trips as the server allows.
//!
//! With PIPELINING (RFC 2920), MAIL and both RCPTs are sent together. Without it, the random
//! address is only probed if the real one was accepted, or rejected without a clear reason. If the server allows only one recipient
//! with the null sender (RFC 5321 §4.5.5: bounces have one), the random address is probed after
//! RSET in a second transaction on the same connection.

mod lines;

use std::{collections::VecDeque, net::IpAddr};

use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, time::Instant};

use lines::Lines;

use super::{
    Cleartext, Settings,
    connection::{Broken, Wire},
    extensions::Extensions,
    meaning::{Meaning, meaning},
    reply::Reply,
    tls::{Opportunistic, TlsFacts},
    transcript::{Stage, Transcript},
};
use crate::metrics;

/// The recipient to probe and a random one to compare with.
#[derive(Debug, Clone)]
pub struct RecipientProbe {
    /// The address as sent in RCPT: quoted if needed, domain in A-labels.
    pub recipient: String,
    /// Its local part, to recognize it in replies.
    pub local: String,
    /// A random address in the same domain, to detect a catch-all.
    pub random: String,
    /// Whether the local part needs SMTPUTF8 (RFC 6531).
    pub utf8: bool,
}

/// Result of one session.
#[derive(Debug, Default)]
pub struct ProbeResult {
    /// Why the session ended early; `None` if `recipient` is set.
    pub end: Option<End>,
    /// Reply to RCPT for the address.
    pub recipient: Option<Reply>,
    /// Reply to RCPT for the random address; `None` if it was not probed.
    pub random: Option<Reply>,
    /// TLS parameters after a successful STARTTLS.
    pub tls: Option<TlsFacts>,
    /// STARTTLS was offered, but rejected or the handshake failed.
    pub tls_failed: bool,
}

/// Why there is no reply to RCPT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The server rejected an earlier command or the connection.
    Refused(Stage, Reply),
    /// The connection failed at this stage.
    Broken(Stage, Broken),
    /// The address needs SMTPUTF8, which the server does not offer.
    NoUtf8,
    /// The connection is not encrypted, and the settings do not allow cleartext.
    Unencrypted,
}

struct Dialogue<'a, 't> {
    wire: Wire,
    /// Name of the server in the transcript.
    label: &'a str,
    settings: &'a Settings,
    question: &'a RecipientProbe,
    /// Commands that were sent, whose replies are still to come.
    pending: VecDeque<String>,
    transcript: &'a mut Transcript<'t>,
    outcome: ProbeResult,
}

/// Runs a session over `stream`; QUIT has been sent when this returns. Without `tls`, STARTTLS is
/// not used.
#[tracing::instrument(
    level = "debug",
    target = "netvane::trace",
    skip_all,
    name = "smtp",
    fields(host)
)]
pub async fn converse(
    stream: TcpStream,
    (host, label): (&str, &str),
    tls: Option<&Opportunistic>,
    (settings, question): (&Settings, &RecipientProbe),
    deadline: Instant,
    transcript: &mut Transcript<'_>,
) -> ProbeResult {
    let wire = Wire::new(stream, settings.stage, deadline);
    let outcome = ProbeResult::default();
    let mut dialogue = Dialogue {
        wire,
        label,
        settings,
        question,
        pending: VecDeque::new(),
        transcript,
        outcome,
    };

    let started = Instant::now();
    let ended = dialogue.run(host, tls).await;

    metrics::upstream(
        "smtp",
        if ended.is_ok() {
            "answered"
        } else {
            "ended early"
        },
        started.elapsed(),
    );

    dialogue.outcome.end = ended.err();
    if let Some(reply) = dialogue.wire.quit(settings).await {
        let command = Some("QUIT".to_owned());
        dialogue
            .transcript
            .reply(label, Stage::Quit, command, &reply);
    }

    dialogue.outcome
}

impl Dialogue<'_, '_> {
    async fn run(&mut self, host: &str, tls: Option<&Opportunistic>) -> Result<(), End> {
        let banner = self.reply(Stage::Banner).await?;
        if banner.code != 220 {
            return Err(End::Refused(Stage::Banner, banner));
        }
        let mut extensions = self.ehlo().await?;
        if let (true, Some(tls)) = (extensions.starttls, tls)
            && self.starttls(host, tls).await?
        {
            // RFC 3207 §4.2: discard what was announced before TLS.
            extensions = self.ehlo().await?;
        }
        self.require_encryption(extensions.starttls)?;
        if self.question.utf8 && !extensions.smtputf8 {
            return Err(End::NoUtf8);
        }
        if self.run_transaction("", extensions).await? {
            return Ok(());
        }
        // The server rejects `<>`: retry with the operator's sender address.
        let sender = self.settings.mail_from.clone().unwrap_or_default();
        self.run_transaction(&sender, extensions).await?;
        Ok(())
    }

    /// Ends the session if it would go on in cleartext against the settings; otherwise notes that
    /// it does although the server offers STARTTLS.
    fn require_encryption(&mut self, is_offered: bool) -> Result<(), End> {
        if self.outcome.tls.is_some() {
            return Ok(());
        }

        let what = match (is_offered, self.outcome.tls_failed) {
            (true, true) => "STARTTLS was refused",
            (true, false) => "STARTTLS was not tried",
            (false, _) => "STARTTLS is not offered",
        };

        if self.settings.cleartext == Cleartext::Never {
            let text = format!("{what}; cleartext is not allowed (smtp.cleartext)");
            self.transcript.note(self.label, Stage::Starttls, text);
            return Err(End::Unencrypted);
        }

        if self.outcome.tls_failed {
            let text = format!("{what}; continuing in cleartext");
            self.transcript.note(self.label, Stage::Starttls, text);
        }

        Ok(())
    }

    async fn reply(&mut self, stage: Stage) -> Result<Reply, End> {
        let command = self.pending.pop_front();
        match self.wire.reply().await {
            Ok(reply) => {
                self.transcript.reply(self.label, stage, command, &reply);
                Ok(reply)
            }
            Err(broken) => {
                let text = broken.text();
                self.transcript.error(self.label, stage, command, text);
                Err(End::Broken(stage, broken))
            }
        }
    }

    async fn send(&mut self, stage: Stage, lines: &str) -> Result<(), End> {
        self.pending.extend(lines.lines().map(str::to_owned));
        self.wire.send(lines).await.map_err(|broken| {
            let command = self.pending.pop_front();
            let text = broken.text();
            self.transcript.error(self.label, stage, command, text);
            End::Broken(stage, broken)
        })
    }

    /// Sends EHLO, or HELO if the server does not support EHLO (RFC 5321 §3.2).
    async fn ehlo(&mut self) -> Result<Extensions, End> {
        let name = &self.settings.helo;
        let (ehlo, helo) = (format!("EHLO {name}\r\n"), format!("HELO {name}\r\n"));
        self.send(Stage::Ehlo, &ehlo).await?;
        let reply = self.reply(Stage::Ehlo).await?;
        if reply.class() == 2 {
            return Ok(Extensions::announced(&reply));
        }
        if !matches!(reply.code, 500..=504) {
            return Err(End::Refused(Stage::Ehlo, reply));
        }
        self.send(Stage::Ehlo, &helo).await?;
        let reply = self.reply(Stage::Ehlo).await?;
        match reply.class() {
            2 => Ok(Extensions::default()),
            _ => Err(End::Refused(Stage::Ehlo, reply)),
        }
    }

    /// Returns whether the connection is now encrypted. If the server rejects STARTTLS, the session
    /// continues in plaintext.
    async fn starttls(&mut self, host: &str, tls: &Opportunistic) -> Result<bool, End> {
        let name = match host.parse::<IpAddr>() {
            Ok(address) => ServerName::from(address),
            Err(_) => match ServerName::try_from(host.to_owned()) {
                Ok(name) => name,
                Err(_) => return Ok(false),
            },
        };

        self.send(Stage::Starttls, "STARTTLS\r\n").await?;
        let reply = self.reply(Stage::Starttls).await?;

        match reply.code {
            220 => {}
            421 => return Err(End::Refused(Stage::Starttls, reply)),
            _ => {
                self.outcome.tls_failed = true;
                return Ok(false);
            }
        }

        let started = if self.wire.has_more() {
            Err(Broken::Tls(
                "the server sent plaintext after accepting STARTTLS".into(),
            ))
        } else {
            self.wire.start_tls(tls, name).await
        };

        match started {
            Ok(facts) => {
                let verdict = match (facts.trusted, &facts.fault) {
                    (Some(true), _) => "certificate valid".to_owned(),
                    (Some(false), Some(fault)) => format!("certificate not valid: {fault}"),
                    _ => "certificate not checked".to_owned(),
                };
                let text = format!("{}, {}, {verdict}", facts.version, facts.cipher);
                self.transcript.note(self.label, Stage::Starttls, text);
                self.outcome.tls = Some(facts);
                Ok(true)
            }
            Err(broken) => {
                self.outcome.tls_failed = true;
                self.transcript
                    .note(self.label, Stage::Starttls, broken.text());
                Err(End::Broken(Stage::Starttls, broken))
            }
        }
    }

    /// Runs one transaction from `sender`. Returns false if the server rejects the null sender and
    /// another can be tried.
    async fn run_transaction(&mut self, sender: &str, extensions: Extensions) -> Result<bool, End> {
        let lines = Lines::new(self.question, sender);

        if extensions.pipelining {
            self.send(Stage::Mail, &lines.pipelined()).await?;
        } else {
            self.send(Stage::Mail, &lines.mail).await?;
        }

        let reply = self.reply(Stage::Mail).await?;

        if reply.class() != 2 {
            let rejects_null_sender = meaning(Stage::Mail, &reply, "") == Meaning::SenderRefused;
            if sender.is_empty() && self.settings.mail_from.is_some() && rejects_null_sender {
                if extensions.pipelining {
                    // Usually 503 to each, since there is no transaction; a few servers accept or
                    // reject them.
                    self.reply(Stage::Rcpt).await?;
                    self.reply(Stage::RcptRandom).await?;
                    self.reset().await?;
                }
                return Ok(false);
            }
            return Err(End::Refused(Stage::Mail, reply));
        }

        if !extensions.pipelining {
            self.send(Stage::Rcpt, &lines.rcpt).await?;
        }

        let reply = self.reply(Stage::Rcpt).await?;
        let (accepted, is_closing) = (reply.class() == 2, reply.code == 421);
        // A difference from the reply for the random address tells what the reply does not.
        let is_unclear = meaning(Stage::Rcpt, &reply, &self.question.local) == Meaning::Ambiguous;
        self.outcome.recipient = Some(reply);

        // The recipient is answered: from here on a failure affects only the catch-all check.
        if !is_closing {
            self.outcome.random = if accepted || is_unclear || extensions.pipelining {
                self.probe_random(&lines, accepted, extensions).await
            } else {
                None
            };
        }

        Ok(true)
    }

    /// Returns the reply for the random address; `accepted` is whether the real one was accepted.
    async fn probe_random(
        &mut self,
        lines: &Lines,
        accepted: bool,
        extensions: Extensions,
    ) -> Option<Reply> {
        if !extensions.pipelining {
            self.send(Stage::RcptRandom, &lines.random).await.ok()?;
        }

        let reply = self.reply(Stage::RcptRandom).await.ok()?;
        let only_one = meaning(Stage::RcptRandom, &reply, "") == Meaning::TooManyRecipients;

        if accepted && only_one {
            self.probe_random_alone(lines, extensions).await.ok()
        } else {
            Some(reply)
        }
    }

    async fn reset(&mut self) -> Result<(), End> {
        self.send(Stage::Rset, "RSET\r\n").await?;
        self.reply(Stage::Rset).await.map(drop)
    }

    async fn probe_random_alone(
        &mut self,
        lines: &Lines,
        extensions: Extensions,
    ) -> Result<Reply, End> {
        let Lines { mail, random, .. } = lines;

        if extensions.pipelining {
            self.send(Stage::Rset, &format!("RSET\r\n{mail}{random}"))
                .await?;
            self.reply(Stage::Rset).await?;
        } else {
            self.reset().await?;
            self.send(Stage::Mail, mail).await?;
        }
        let reply = self.reply(Stage::Mail).await?;
        if reply.class() != 2 {
            return Err(End::Refused(Stage::Mail, reply));
        }
        if !extensions.pipelining {
            self.send(Stage::RcptRandom, random).await?;
        }
        self.reply(Stage::RcptRandom).await
    }
}

#[cfg(test)]
mod tests;
