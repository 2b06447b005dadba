//! An SMTP connection: sends lines, reads replies, each with a deadline, and always sends QUIT.
//!
//! lettre's low-level connection is not used: it sends one command at a time and so cannot
//! pipeline, reads the lines of a reply without a limit, drops the text of what it cannot parse,
//! and either requires a valid certificate or checks none at all.

use std::{io, sync::LazyLock, time::Duration};

use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;
use tokio_util::task::TaskTracker;

use super::{
    Settings,
    reply::{Malformed, Parser, Reply},
    stream::Stream,
    tls::{Opportunistic, TlsFacts},
};
use crate::{
    connect::connection_reason,
    egress_budget,
    tls_check::{Hello, of_connection},
};

/// Longest command line in bytes, with CRLF (RFC 5321 §4.5.3.1.4).
const MAX_LINE: usize = 512;
/// Timeout of the reply to QUIT, in the background.
const QUIT_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout of sending QUIT.
const SEND_TIMEOUT: Duration = Duration::from_millis(250);

/// Background tasks that still have to send QUIT; the process waits for them when it exits.
static PENDING_QUITS: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Waits until QUIT has been sent on every open connection, for at most two seconds.
pub async fn drain_quits() {
    PENDING_QUITS.close();
    let _ = timeout(QUIT_TIMEOUT, PENDING_QUITS.wait()).await;
    PENDING_QUITS.reopen();
}

/// Why a session broke off without a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// The deadline passed without any data.
    Silent,
    /// The deadline passed in the middle of a reply (tarpit); holds the part received.
    Tarpit(String),
    /// The server closed the connection; holds the part of a reply received.
    Closed(String),
    /// The data is not SMTP; holds its beginning.
    Garbage(String),
    /// The reply exceeds the size limit.
    TooLong,
    /// The TLS handshake failed; holds the reason.
    Tls(String),
    /// The egress limit of this lookup is reached.
    BudgetExhausted,
}

impl Broken {
    /// Returns a description, with the part of the reply received.
    #[must_use]
    pub fn text(&self) -> String {
        let with = |what: &str, partial: &str| {
            if partial.is_empty() {
                what.to_owned()
            } else {
                format!("{what}, after: {partial}")
            }
        };
        match self {
            Self::Silent => "no reply in time".into(),
            Self::Tarpit(partial) => with("timed out in the middle of a reply", partial),
            Self::Closed(partial) => with("connection closed by the server", partial),
            Self::Garbage(partial) => format!("not an SMTP reply: {partial}"),
            Self::TooLong => "reply too long".into(),
            Self::Tls(why) => format!("TLS failed: {why}"),
            Self::BudgetExhausted => "stopped: egress limit of this lookup reached".into(),
        }
    }
}

/// One connection to a server.
pub(super) struct Wire {
    /// `None` after QUIT was sent.
    stream: Option<Stream>,
    parser: Parser,
    /// Deadline of the whole lookup.
    deadline: Instant,
    stage_timeout: Duration,
    /// The server sent an endless reply; it does not read the NOOP with the contact.
    endless: bool,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, stage_timeout: Duration, deadline: Instant) -> Self {
        Self {
            stream: Some(Stream::Plain(stream)),
            parser: Parser::default(),
            deadline,
            stage_timeout,
            endless: false,
        }
    }

    /// Reads one reply, within the timeout of one stage.
    pub(super) async fn reply(&mut self) -> Result<Reply, Broken> {
        let end = self.deadline.min(Instant::now() + self.stage_timeout);
        let mut piece = [0; 2048];

        loop {
            match self.parser.take() {
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => {}
                Err(Malformed::NotAReply(text)) => return Err(Broken::Garbage(text)),
                Err(Malformed::TooLong) => {
                    self.endless = true;
                    return Err(Broken::TooLong);
                }
            }

            let Some(stream) = &mut self.stream else {
                return Err(Broken::Closed(String::new()));
            };
            stream.acknowledge_at_once();
            match timeout_at(end, stream.read(&mut piece)).await {
                Ok(Ok(0) | Err(_)) => return Err(Broken::Closed(self.parser.partial())),
                Ok(Ok(count)) => self.parser.push(&piece[..count]),
                Err(_) if self.parser.is_amid() => {
                    return Err(Broken::Tarpit(self.parser.partial()));
                }
                Err(_) => return Err(Broken::Silent),
            }
        }
    }

    /// Sends lines, which include their CRLF.
    pub(super) async fn send(&mut self, lines: &str) -> Result<(), Broken> {
        let end = self.deadline.min(Instant::now() + self.stage_timeout);
        let Some(stream) = &mut self.stream else {
            return Err(Broken::Closed(String::new()));
        };
        let sending = async {
            egress_budget::charge_bytes(egress_budget::SYN + lines.len())?;
            stream.write_all(lines.as_bytes()).await?;
            stream.flush().await
        };
        match timeout_at(end, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == io::ErrorKind::QuotaExceeded => {
                Err(Broken::BudgetExhausted)
            }
            // Ignore the error: the reply that the server sent before closing says more than
            // "broken pipe".
            Ok(Err(_)) => Ok(()),
            Err(_) => Err(Broken::Silent),
        }
    }

    /// Whether there is unread data: an error, or STARTTLS injection (a plaintext reply sent before
    /// the handshake, which would be read after it as if it were encrypted).
    pub(super) fn has_more(&self) -> bool {
        !self.parser.is_empty()
    }

    /// Runs the TLS handshake. After a failure the connection is unusable, even for QUIT.
    pub(super) async fn start_tls(
        &mut self,
        tls: &Opportunistic,
        name: ServerName<'static>,
    ) -> Result<TlsFacts, Broken> {
        let Some(Stream::Plain(plain)) = self.stream.take() else {
            return Err(Broken::Tls("no plaintext connection".into()));
        };
        egress_budget::charge_bytes(egress_budget::HANDSHAKE)
            .map_err(|_| Broken::BudgetExhausted)?;
        let end = self.deadline.min(Instant::now() + self.stage_timeout);

        match timeout_at(
            end,
            TlsConnector::from(tls.config()).connect(name.clone(), plain),
        )
        .await
        {
            Ok(Ok(stream)) => {
                let facts = tls.facts(stream.get_ref().1, &name);
                self.stream = Some(Stream::Tls(Box::new(stream)));
                Ok(facts)
            }
            Ok(Err(error)) => Err(Broken::Tls(connection_reason(&error))),
            Err(_) => Err(Broken::Tls("handshake timed out".into())),
        }
    }

    /// Returns what the server sent in its TLS handshake; `None` before STARTTLS.
    pub(super) fn hello(&self) -> Option<Hello> {
        match &self.stream {
            Some(Stream::Tls(stream)) => Some(of_connection(stream.get_ref().1)),
            _ => None,
        }
    }

    /// Sends the operator's contact, if configured, and QUIT. The reply to QUIT is read in the
    /// background, or here for as long as [`Settings::quit`] says.
    pub(super) async fn quit(&mut self, settings: &Settings) -> Option<Reply> {
        let mut stream = self.stream.take()?;
        let contact_line = settings
            .contact
            .as_deref()
            .filter(|_| !self.endless)
            .and_then(contact_line);

        if settings.quit.is_zero() {
            let Some(contact_line) = contact_line else {
                send_quit(&mut stream).await;
                tokio::spawn(read_until_close(stream));
                return None;
            };
            PENDING_QUITS.spawn(async move {
                send_contact(&mut stream, &contact_line).await;
                send_quit(&mut stream).await;
                tokio::spawn(read_until_close(stream));
            });
            return None;
        }

        if let Some(contact_line) = contact_line {
            send_contact(&mut stream, &contact_line).await;
        }

        send_quit(&mut stream).await;
        self.stream = Some(stream);
        self.stage_timeout = settings.quit;
        self.deadline = Instant::now() + settings.quit;
        let reply = self.reply().await.ok();
        self.stream = None;

        reply
    }
}

impl Drop for Wire {
    /// Sends QUIT in the background if the lookup was cancelled.
    fn drop(&mut self) {
        if let (Some(mut stream), Ok(runtime)) =
            (self.stream.take(), tokio::runtime::Handle::try_current())
        {
            let quit = async move {
                send_quit(&mut stream).await;
                tokio::spawn(read_until_close(stream));
            };
            PENDING_QUITS.spawn_on(quit, &runtime);
        }
    }
}

/// Sends QUIT in the background on a connection without a session.
pub fn leave(stream: TcpStream) {
    drop(Wire::new(
        stream,
        QUIT_TIMEOUT,
        Instant::now() + QUIT_TIMEOUT,
    ));
}

/// Returns the NOOP line with the contact (RFC 5321 §4.1.1.9); `None` if it is too long.
fn contact_line(contact: &str) -> Option<String> {
    let escaped = contact.replace('\\', "\\\\").replace('"', "\\\"");
    let line = format!("NOOP \"{escaped}\"\r\n");
    (line.len() <= MAX_LINE).then_some(line)
}

/// Sends the NOOP with the contact. It comes last, so that its reply is not mistaken for another,
/// and on its own, since NOOP must be the last command in a pipelined group (RFC 2920 §3.1).
async fn send_contact(stream: &mut Stream, line: &str) {
    let _ = timeout(QUIT_TIMEOUT, async {
        stream.write_all(line.as_bytes()).await?;
        stream.flush().await?;
        stream.read(&mut [0; 512]).await
    })
    .await;
}

async fn send_quit(stream: &mut Stream) {
    let _ = timeout(SEND_TIMEOUT, async {
        stream.write_all(b"QUIT\r\n").await?;
        stream.flush().await
    })
    .await;
}

/// Reads until the server closes, so that its last reply does not reach a closed socket.
async fn read_until_close(mut stream: Stream) {
    let _ = timeout(QUIT_TIMEOUT, async {
        let mut bin = [0; 512];
        // 221 and the close normally arrive together; give up on a server that keeps sending.
        for _ in 0..32 {
            if !matches!(stream.read(&mut bin).await, Ok(1..)) {
                break;
            }
        }
    })
    .await;
}

#[cfg(test)]
mod tests;
