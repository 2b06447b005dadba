//! One connection: from the greeting to QUIT, in as few round trips as the server allows.
//!
//! With PIPELINING (RFC 2920) MAIL and both RCPTs travel together; without it, the random address is only asked for
//! when the real one was taken. A server that wants one recipient for each null sender (RFC 5321 §4.5.5: bounces go
//! to one) gets RSET and a second transaction on the same connection.

use std::net::IpAddr;

use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, time::Instant};

use super::{
    Settings,
    extensions::Extensions,
    meaning::{Meaning, meaning},
    reply::Reply,
    tls::{Opportunistic, TlsFacts},
    transcript::{Stage, Transcript},
    wire::{Broken, Wire},
};
use crate::metrics;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The address as the wire takes it: quoted where needed, domain in A-labels.
    pub recipient: String,
    /// Its local part, to recognise it in replies.
    pub local: String,
    /// An address of the same domain that nobody has.
    pub random: String,
    /// The local part needs SMTPUTF8 (RFC 6531).
    pub utf8: bool,
}

/// What came of one connection.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What ended it early, if anything did; otherwise `recipient` is there.
    pub end: Option<End>,
    /// The reply about the address.
    pub recipient: Option<Reply>,
    /// The reply about the random one.
    pub random: Option<Reply>,
    /// What STARTTLS led to.
    pub tls: Option<TlsFacts>,
    /// Offered, but the handshake did not come about.
    pub tls_failed: bool,
}

/// Why there is no reply about the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The server said no before it was asked.
    Refused(Stage, Reply),
    /// The connection failed.
    Broken(Stage, Broken),
    /// The address needs SMTPUTF8, which is not offered.
    NoUtf8,
}

struct Dialogue<'a, 't> {
    wire: Wire,
    /// As the transcript names the server.
    label: &'a str,
    settings: &'a Settings,
    question: &'a Question,
    transcript: &'a mut Transcript<'t>,
    outcome: Outcome,
}

/// Asks over `stream`; QUIT has been sent when this returns. Without `tls`, STARTTLS is left alone.
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
    (settings, question): (&Settings, &Question),
    deadline: Instant,
    transcript: &mut Transcript<'_>,
) -> Outcome {
    let wire = Wire::new(stream, settings.stage, deadline);
    let outcome = Outcome::default();
    let mut dialogue = Dialogue {
        wire,
        label,
        settings,
        question,
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
        dialogue.transcript.reply(label, Stage::Quit, &reply);
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
            // RFC 3207 §4.2: what was said before does not count any more.
            extensions = self.ehlo().await?;
        }
        if self.question.utf8 && !extensions.smtputf8 {
            return Err(End::NoUtf8);
        }
        if self.ask("", extensions).await? {
            return Ok(());
        }
        // `<>` is refused as a sender: once more with one of the operator's.
        let sender = self.settings.mail_from.clone().unwrap_or_default();
        self.ask(&sender, extensions).await?;
        Ok(())
    }

    async fn reply(&mut self, stage: Stage) -> Result<Reply, End> {
        match self.wire.reply().await {
            Ok(reply) => {
                self.transcript.reply(self.label, stage, &reply);
                Ok(reply)
            }
            Err(broken) => {
                self.transcript.note(self.label, stage, broken.text());
                Err(End::Broken(stage, broken))
            }
        }
    }

    async fn send(&mut self, stage: Stage, lines: &str) -> Result<(), End> {
        self.wire.send(lines).await.map_err(|broken| {
            self.transcript.note(self.label, stage, broken.text());
            End::Broken(stage, broken)
        })
    }

    /// EHLO, or HELO for a server that does not know it (RFC 5321 §3.2).
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

    /// Whether the connection is encrypted now. A server that changes its mind is asked in the clear.
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
                "the server talked on in the clear after its consent".into(),
            ))
        } else {
            self.wire.start_tls(tls, name).await
        };

        match started {
            Ok(facts) => {
                let verdict = match (facts.trusted, &facts.fault) {
                    (Some(true), _) => "certificate valid".to_owned(),
                    (Some(false), Some(fault)) => format!("certificate not valid: {fault}"),
                    _ => "certificate not judged".to_owned(),
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

    /// One transaction from `sender`. False: the null sender is refused as such, and another one can be tried.
    async fn ask(&mut self, sender: &str, extensions: Extensions) -> Result<bool, End> {
        let lines = Lines::new(self.question, sender);

        if extensions.pipelining {
            self.send(Stage::Mail, &lines.together()).await?;
        } else {
            self.send(Stage::Mail, &lines.mail).await?;
        }

        let reply = self.reply(Stage::Mail).await?;

        if reply.class() != 2 {
            let refused_as_such = meaning(Stage::Mail, &reply, "") == Meaning::SenderRefused;
            if sender.is_empty() && self.settings.mail_from.is_some() && refused_as_such {
                if extensions.pipelining {
                    // 503 to each, since there is no transaction; a few servers answer them all the same.
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
        let (taken, leaves) = (reply.class() == 2, reply.code == 421);
        self.outcome.recipient = Some(reply);

        // From here on the question is answered: a failure costs the catch-all check, nothing else.
        if !leaves {
            self.outcome.random = self.ask_random(&lines, taken, extensions).await;
        }

        Ok(true)
    }

    /// The reply about the random address; `taken` is whether the real one was.
    async fn ask_random(
        &mut self,
        lines: &Lines,
        taken: bool,
        extensions: Extensions,
    ) -> Option<Reply> {
        if !extensions.pipelining {
            if !taken {
                return None;
            }
            self.send(Stage::RcptRandom, &lines.random).await.ok()?;
        }

        let reply = self.reply(Stage::RcptRandom).await.ok()?;
        let only_one = meaning(Stage::RcptRandom, &reply, "") == Meaning::TooManyRecipients;

        if taken && only_one {
            self.ask_random_alone(lines, extensions).await.ok()
        } else {
            Some(reply)
        }
    }

    async fn reset(&mut self) -> Result<(), End> {
        self.send(Stage::Rset, "RSET\r\n").await?;
        self.reply(Stage::Rset).await.map(drop)
    }

    async fn ask_random_alone(
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

/// The commands of one transaction.
struct Lines {
    mail: String,
    /// RCPT for the address.
    rcpt: String,
    /// RCPT for the random one.
    random: String,
}

impl Lines {
    fn new(question: &Question, sender: &str) -> Self {
        let parameter = if question.utf8 { " SMTPUTF8" } else { "" };
        Self {
            mail: format!("MAIL FROM:<{sender}>{parameter}\r\n"),
            rcpt: format!("RCPT TO:<{}>\r\n", question.recipient),
            random: format!("RCPT TO:<{}>\r\n", question.random),
        }
    }

    /// As one group (RFC 2920).
    fn together(&self) -> String {
        format!("{}{}{}", self.mail, self.rcpt, self.random)
    }
}

#[cfg(test)]
mod tests;
