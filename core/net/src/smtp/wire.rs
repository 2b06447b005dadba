//! A connection that speaks in lines and replies, each with a deadline, and that always says goodbye.
//!
//! Not over lettre's low-level connection, which mail programs use: it sends one command at a time and so cannot
//! pipeline, reads a reply's lines without any bound, turns what it cannot parse into an error without the text, and
//! demands a certificate that verifies or none at all.

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
use crate::outlay;

/// The longest command line (RFC 5321 §4.5.3.1.4).
const MAX_LINE: usize = 512;
/// How long a server may take to say goodbye, in the background.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long QUIT may take to leave this machine.
const SENDING: Duration = Duration::from_millis(250);

/// Those that are still to be said: a process that ends waits for them.
static GOODBYES: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Waits until every server that was talked to has heard that we leave, if that takes no longer than it should.
pub async fn goodbyes() {
    GOODBYES.close();
    let _ = timeout(FAREWELL, GOODBYES.wait()).await;
    GOODBYES.reopen();
}

/// Why no reply came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// The deadline passed in silence.
    Silent,
    /// The deadline passed while a reply was coming drop by drop; what had come.
    Tarpit(String),
    /// The server closed the connection; what it had said of a reply.
    Closed(String),
    /// Something else than SMTP.
    Garbage(String),
    /// A reply without end.
    TooLong,
    /// The handshake failed.
    Tls(String),
    /// This lookup has sent all that it may.
    Spared,
}

impl Broken {
    /// In words, with what had been said.
    #[must_use]
    pub fn text(&self) -> String {
        let with = |what: &str, said: &str| {
            if said.is_empty() {
                what.to_owned()
            } else {
                format!("{what}, after: {said}")
            }
        };
        match self {
            Self::Silent => "no reply in time".into(),
            Self::Tarpit(said) => with("the reply did not end in time", said),
            Self::Closed(said) => with("connection closed by the server", said),
            Self::Garbage(said) => format!("not an SMTP reply: {said}"),
            Self::TooLong => "a reply longer than any server may send".into(),
            Self::Tls(why) => format!("TLS failed: {why}"),
            Self::Spared => "broken off: this lookup has sent all that it may".into(),
        }
    }
}

/// One connection to a server.
pub(super) struct Wire {
    /// Gone once the goodbye has been said.
    stream: Option<Stream>,
    parser: Parser,
    /// One clock for the whole lookup.
    deadline: Instant,
    patience: Duration,
    /// It talks without end, and would not hear who we are.
    endless: bool,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, patience: Duration, deadline: Instant) -> Self {
        Self {
            stream: Some(Stream::Plain(stream)),
            parser: Parser::default(),
            deadline,
            patience,
            endless: false,
        }
    }

    /// One reply, within the patience for one stage.
    pub(super) async fn reply(&mut self) -> Result<Reply, Broken> {
        let end = self.deadline.min(Instant::now() + self.patience);
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

    /// Sends lines; they carry their CRLF.
    pub(super) async fn send(&mut self, lines: &str) -> Result<(), Broken> {
        let end = self.deadline.min(Instant::now() + self.patience);
        let Some(stream) = &mut self.stream else {
            return Err(Broken::Closed(String::new()));
        };
        let sending = async {
            outlay::spend(outlay::SYN + lines.len())?;
            stream.write_all(lines.as_bytes()).await?;
            stream.flush().await
        };
        match timeout_at(end, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == io::ErrorKind::QuotaExceeded => Err(Broken::Spared),
            // What the server said before it closed the connection says more than "broken pipe".
            Ok(Err(_)) => Ok(()),
            Err(_) => Err(Broken::Silent),
        }
    }

    /// Whether the server has said something that nobody asked for: an error, or an attack on STARTTLS
    /// (a reply put in before the handshake, read after it as if it had been protected).
    pub(super) fn has_more(&self) -> bool {
        !self.parser.is_empty()
    }

    /// The handshake. After a failure the connection is of no use any more, not even for QUIT.
    pub(super) async fn start_tls(
        &mut self,
        tls: &Opportunistic,
        name: ServerName<'static>,
    ) -> Result<TlsFacts, Broken> {
        let Some(Stream::Plain(plain)) = self.stream.take() else {
            return Err(Broken::Tls("there is no plain connection".into()));
        };
        outlay::spend(outlay::HANDSHAKE).map_err(|_| Broken::Spared)?;
        let end = self.deadline.min(Instant::now() + self.patience);

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
            Ok(Err(error)) => Err(Broken::Tls(error.to_string())),
            Err(_) => Err(Broken::Tls("no answer in time".into())),
        }
    }

    /// Says who asked, where the operator has something to say, and QUIT. The answer is read in the background, or for
    /// as long as the settings want here: nothing depends on it.
    pub(super) async fn quit(&mut self, settings: &Settings) -> Option<Reply> {
        let mut stream = self.stream.take()?;
        let introduction = settings
            .contact
            .as_deref()
            .filter(|_| !self.endless)
            .and_then(introduction);

        if settings.quit.is_zero() {
            let Some(introduction) = introduction else {
                say_quit(&mut stream).await;
                tokio::spawn(hear_out(stream));
                return None;
            };
            GOODBYES.spawn(async move {
                introduce(&mut stream, &introduction).await;
                say_quit(&mut stream).await;
                tokio::spawn(hear_out(stream));
            });
            return None;
        }

        if let Some(introduction) = introduction {
            introduce(&mut stream, &introduction).await;
        }

        say_quit(&mut stream).await;
        self.stream = Some(stream);
        self.patience = settings.quit;
        self.deadline = Instant::now() + settings.quit;
        let reply = self.reply().await.ok();
        self.stream = None;

        reply
    }
}

impl Drop for Wire {
    /// Also when the lookup is given up halfway.
    fn drop(&mut self) {
        if let (Some(mut stream), Ok(runtime)) =
            (self.stream.take(), tokio::runtime::Handle::try_current())
        {
            let goodbye = async move {
                say_quit(&mut stream).await;
                tokio::spawn(hear_out(stream));
            };
            GOODBYES.spawn_on(goodbye, &runtime);
        }
    }
}

/// Leaves a server that was only connected to, politely.
pub fn leave(stream: TcpStream) {
    drop(Wire::new(stream, FAREWELL, Instant::now() + FAREWELL));
}

/// The line that says who asks: EHLO takes nothing but a name, and NOOP any text (RFC 5321 §4.1.1.9).
fn introduction(contact: &str) -> Option<String> {
    let escaped = contact.replace('\\', "\\\\").replace('"', "\\\"");
    let line = format!("NOOP \"{escaped}\"\r\n");
    (line.len() <= MAX_LINE).then_some(line)
}

/// Last of all, when everything that was asked is answered: a reply to this is never taken for one to something else. Alone,
/// since NOOP ends a group of commands (RFC 2920 §3.1).
async fn introduce(stream: &mut Stream, line: &str) {
    let _ = timeout(FAREWELL, async {
        stream.write_all(line.as_bytes()).await?;
        stream.flush().await?;
        stream.read(&mut [0; 512]).await
    })
    .await;
}

async fn say_quit(stream: &mut Stream) {
    let _ = timeout(SENDING, async {
        stream.write_all(b"QUIT\r\n").await?;
        stream.flush().await
    })
    .await;
}

/// Until the server closes, so that its last reply does not meet a closed socket.
async fn hear_out(mut stream: Stream) {
    let _ = timeout(FAREWELL, async {
        let mut bin = [0; 512];
        // 221 and the close come together; a server that only talks on is not listened to.
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
