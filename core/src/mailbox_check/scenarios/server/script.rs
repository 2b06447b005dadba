//! A script of replies, and the ways to send one of its lines.

use std::{io, time::Duration};

use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::sleep,
};

use super::Inner;

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Lines {
    One(String),
    Each(Vec<String>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    /// Whether connections to the server are refused.
    #[serde(default)]
    pub refused: bool,
    /// Number of addresses before the real one that refuse connections.
    #[serde(default)]
    pub refused_first: usize,
    #[serde(default)]
    pub ipv6: bool,
    #[serde(default)]
    pub pipelining: bool,
    #[serde(default)]
    pub smtputf8: bool,
    /// `ok`, or the failure after the reply: `garbage`, `drop`, `silence`, `inject`.
    pub starttls: Option<String>,
    pub banner: Option<Lines>,
    pub ehlo: Option<Lines>,
    pub helo: Option<Lines>,
    /// The server's reply to STARTTLS.
    pub consent: Option<Lines>,
    pub mail: Option<Lines>,
    pub rcpt: Option<Lines>,
    pub random: Option<Lines>,
    pub rset: Option<Lines>,
    pub quit: Option<Lines>,
}

/// Whether the session continues after a line of the script.
pub(super) type Go = io::Result<bool>;

/// Splits `100 220 hello` into a number and the rest.
fn number(rest: &str) -> (u64, &str) {
    let (number, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let number = number.parse();
    (
        number.unwrap_or_else(|_| panic!("expected a number, got {rest}")),
        text,
    )
}

/// Ends each line with CRLF.
fn crlf(text: &str) -> String {
    text.split('|').map(|line| format!("{line}\r\n")).collect()
}

/// Malformed bytes for a directive of the script.
fn odd_bytes(direction: &str, rest: &str) -> Vec<u8> {
    match direction {
        "lf" => crlf(rest).replace('\r', "").into_bytes(),
        "latin1" => crlf(rest)
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
            .collect(),
        "raw" => rest
            .replace("\\r", "\r")
            .replace("\\n", "\n")
            .replace("\\x16", "\x16")
            .replace("\\0", "\0")
            .into_bytes(),
        other => panic!("unknown directive `{other}`"),
    }
}

/// Sends byte by byte with a delay in milliseconds; false if the client disconnected.
async fn drip<S: AsyncWrite + Unpin>(stream: &mut S, rest: &str) -> Go {
    let (ms, text) = number(rest);
    for byte in crlf(text).bytes() {
        if stream.write_all(&[byte]).await.is_err() {
            return Ok(false);
        }
        stream.flush().await?;
        sleep(Duration::from_millis(ms)).await;
    }
    Ok(true)
}

/// Sends the same piece `count` times; false if the client disconnected.
async fn flood<S: AsyncWrite + Unpin>(stream: &mut S, count: u64, piece: &str) -> Go {
    for _ in 0..count {
        if stream.write_all(piece.as_bytes()).await.is_err() {
            return Ok(false);
        }
    }
    stream.flush().await?;
    Ok(true)
}

impl Inner {
    pub(super) async fn write<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        line: &str,
    ) -> Go {
        let (direction, rest) = match line.strip_prefix('!') {
            Some(line) => line.split_once(' ').unwrap_or((line, "")),
            None => ("", line),
        };

        match direction {
            "" => stream.write_all(crlf(rest).as_bytes()).await?,
            "silence" => {
                // no reply; commands are still read
            }
            "drop" => return Ok(false),
            "close" => {
                stream.write_all(crlf(rest).as_bytes()).await?;
                stream.shutdown().await?;
                return Ok(false);
            }
            "wait" => {
                let (ms, text) = number(rest);
                sleep(Duration::from_millis(ms)).await;
                stream.write_all(crlf(text).as_bytes()).await?;
            }
            "drip" => return drip(stream, rest).await,
            "huge" => return flood(stream, 200, &"550-x".repeat(1000)).await,
            "lines" => {
                let (count, text) = number(rest);
                let more = format!("{}-{}\r\n", &text[..3], text.get(4..).unwrap_or_default());
                if !flood(stream, count, &more).await? {
                    return Ok(false);
                }
                stream.write_all(crlf(text).as_bytes()).await?;
            }
            other => stream.write_all(&odd_bytes(other, rest)).await?,
        }

        stream.flush().await?;

        Ok(true)
    }
}
