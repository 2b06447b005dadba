//! A scripted mail server: its reply to each command, delays, fragments, and when it disconnects.
//!
//! A line of a script is the reply, its lines divided by `|`, or starts with a direction:
//! `!silence`, `!drop`, `!close TEXT` (say it and hang up), `!wait MS TEXT`, `!drip MS TEXT` (a
//! byte at a time), `!lf TEXT` (bare LF), `!raw TEXT` (as it is, with \r \n \xNN), `!latin1 TEXT`,
//! `!huge`, `!lines N TEXT`. A list of lines is used up command by command over all connections;
//! the last one stays.

mod script;

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use script::Go;

pub(crate) use script::{Lines, Script};

/// Commands and events of one connection.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    pub lines: Vec<String>,
    /// The script closed the connection or the handshake failed, so no QUIT is expected.
    pub left: bool,
    /// A command came before the reply to the last one, although PIPELINING was not offered.
    pub early: bool,
    pub encrypted: bool,
}

pub(crate) struct Server {
    pub addresses: Vec<SocketAddr>,
    inner: Arc<Inner>,
    accepting: tokio::task::JoinHandle<()>,
}

struct Inner {
    script: Script,
    recipient: String,
    used: Mutex<HashMap<&'static str, usize>>,
    seen: Mutex<Vec<Seen>>,
    open: tokio::sync::watch::Sender<usize>,
    tls: Arc<ServerConfig>,
}

impl Server {
    pub(crate) async fn start(
        script: Script,
        recipient: &str,
        tls: Arc<ServerConfig>,
    ) -> io::Result<Self> {
        let host = if script.ipv6 {
            "[::1]:0"
        } else {
            "127.0.0.1:0"
        };

        let mut addresses = Vec::new();
        let mut closed = Vec::new();

        for _ in 0..script.refused_first {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            addresses.push(listener.local_addr()?);
            closed.push(listener);
        }

        let listener = TcpListener::bind(host).await?;
        addresses.push(listener.local_addr()?);
        drop(closed);
        let inner = Arc::new(Inner {
            recipient: format!("RCPT TO:<{recipient}>").to_lowercase(),
            used: Mutex::default(),
            seen: Mutex::default(),
            open: tokio::sync::watch::Sender::new(0),
            tls,
            script,
        });

        let listener = (!inner.script.refused).then_some(listener);
        let accepting = tokio::spawn(accept(listener, inner.clone()));

        Ok(Self {
            addresses,
            inner,
            accepting,
        })
    }

    /// Waits for all connections to end and returns what they received.
    pub(crate) async fn finish(self) -> Vec<Seen> {
        let mut open = self.inner.open.subscribe();
        let _ =
            tokio::time::timeout(Duration::from_secs(5), open.wait_for(|open| *open == 0)).await;
        self.accepting.abort();
        self.inner
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn accept(listener: Option<TcpListener>, inner: Arc<Inner>) {
    let Some(listener) = listener else { return };
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        inner.open.send_modify(|open| *open += 1);
        let at = {
            let mut seen = inner.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.push(Seen::default());
            seen.len() - 1
        };
        let inner = inner.clone();
        connections.spawn(async move {
            let mut seen = Seen::default();
            let left = inner.serve(stream, &mut seen).await;
            seen.left |= matches!(left, Ok(true));
            inner.seen.lock().unwrap_or_else(PoisonError::into_inner)[at] = seen;
            inner.open.send_modify(|open| *open -= 1);
        });
    }
}

impl Inner {
    /// Serves one session; true if the script closed it before QUIT.
    async fn serve(&self, mut stream: TcpStream, seen: &mut Seen) -> io::Result<bool> {
        stream.set_nodelay(true)?;
        if !self
            .say(&mut stream, "banner", "220 mx.example.test ESMTP")
            .await?
        {
            return Ok(true);
        }

        if !self.commands(&mut stream, seen, false).await? {
            return Ok(true);
        }

        if seen.lines.last().map(String::as_str) != Some("STARTTLS") {
            return Ok(false);
        }

        seen.left = true;
        match self.script.starttls.as_deref() {
            Some("garbage") => {
                stream.write_all(b"what is this, a handshake?\r\n").await?;
                // Closing at once might discard the data before the client reads it.
                let mut bin = [0; 4096];
                while stream.read(&mut bin).await? > 0 {}
                return Ok(true);
            }
            Some("silence") => {
                let mut bin = [0; 4096];
                while stream.read(&mut bin).await? > 0 {}
                return Ok(true);
            }
            Some("drop" | "inject") => return Ok(true),
            _ => {}
        }

        let mut stream = tokio_rustls::TlsAcceptor::from(self.tls.clone())
            .accept(stream)
            .await?;
        (seen.encrypted, seen.left) = (true, false);

        Ok(!self.commands(&mut stream, seen, true).await?)
    }

    /// Answers commands until the session ends; false if the script closed it.
    async fn commands<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        seen: &mut Seen,
        encrypted: bool,
    ) -> Go {
        let mut buffer = Vec::new();

        loop {
            let Some(end) = buffer.iter().position(|byte| *byte == b'\n') else {
                let mut piece = [0; 1024];
                match stream.read(&mut piece).await {
                    Ok(0) | Err(_) => return Ok(true),
                    Ok(count) => buffer.extend_from_slice(&piece[..count]),
                }
                continue;
            };

            let line: Vec<u8> = buffer.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line)
                .trim_end_matches("\r\n")
                .to_owned();
            seen.early |=
                !buffer.is_empty() && !self.script.pipelining && !buffer.starts_with(b"QUIT");
            seen.lines.push(line.clone());

            if let Some(end) = self.command(stream, seen, encrypted, &line).await? {
                return Ok(end);
            }
        }
    }

    /// Answers one command; `Some` ends the session, `Some(false)` if the script closed it.
    async fn command<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        seen: &Seen,
        encrypted: bool,
        line: &str,
    ) -> io::Result<Option<bool>> {
        let lower = line.to_lowercase();
        let go = match lower.split(' ').next().unwrap_or_default() {
            "ehlo" => {
                let announcement = self.announcement(encrypted);
                self.say(stream, "ehlo", &announcement).await?
            }
            "helo" => self.say(stream, "helo", "250 mx.example.test").await?,
            "starttls" => {
                let consent = match self.script.starttls.as_deref() {
                    Some("inject") => "220 go ahead|250 injected",
                    _ => "220 2.0.0 go ahead",
                };
                let go = self.say(stream, "consent", consent).await?;
                if go && self.last_was(seen, "consent", "220") {
                    return Ok(Some(true));
                }
                go
            }
            "mail" => self.say(stream, "mail", "250 2.1.0 Ok").await?,
            "rcpt" if lower == self.recipient => self.say(stream, "rcpt", "250 2.1.5 Ok").await?,
            "rcpt" => self.say(stream, "random", "550 5.1.1 User unknown").await?,
            "rset" => self.say(stream, "rset", "250 2.0.0 Ok").await?,
            "quit" => {
                self.say(stream, "quit", "221 2.0.0 Bye").await?;
                return Ok(Some(true));
            }
            "noop" => self.write(stream, "250 2.0.0 Ok").await?,
            _ => self.write(stream, "502 5.5.2 what?").await?,
        };

        Ok((!go).then_some(false))
    }

    /// Whether the last reply for `key` starts with `code`.
    fn last_was(&self, _: &Seen, key: &'static str, code: &str) -> bool {
        self.line(key, false)
            .is_none_or(|line| line.starts_with(code))
    }

    fn announcement(&self, encrypted: bool) -> String {
        let mut lines = vec!["250-mx.example.test"];
        if self.script.pipelining {
            lines.push("250-PIPELINING");
        }
        if self.script.smtputf8 {
            lines.push("250-SMTPUTF8");
        }
        if self.script.starttls.is_some() && !encrypted {
            lines.push("250-STARTTLS");
        }
        lines.push("250 8BITMIME");
        lines.join("|")
    }

    fn line(&self, key: &'static str, advance: bool) -> Option<String> {
        let script = &self.script;
        let lines = match key {
            "banner" => &script.banner,
            "ehlo" => &script.ehlo,
            "helo" => &script.helo,
            "consent" => &script.consent,
            "mail" => &script.mail,
            "rcpt" => &script.rcpt,
            "random" => &script.random,
            "rset" => &script.rset,
            _ => &script.quit,
        };

        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let used = used.entry(key).or_default();
        let at = if advance {
            *used
        } else {
            used.saturating_sub(1)
        };

        *used += usize::from(advance);
        match lines.as_ref()? {
            Lines::One(line) => Some(line.clone()),
            Lines::Each(lines) => lines.get(at).or(lines.last()).cloned(),
        }
    }

    async fn say<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        key: &'static str,
        usual: &str,
    ) -> Go {
        let line = self.line(key, true).unwrap_or_else(|| usual.to_owned());
        self.write(stream, &line).await
    }
}
