//! Reads the lines of a request body one by one, holding at most one line in memory.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use netvane_core::{Failure, UsageError};

/// The lines of a request body, read as they arrive.
pub(crate) struct NdjsonLines {
    body: BodyDataStream,
    /// Longest line in bytes, and the longest wait for more data.
    longest: usize,
    patience: Duration,
    /// Bytes received and not yet returned, and how many of them are known to contain no end of
    /// line.
    buffer: BytesMut,
    looked_at: usize,
    number: u64,
    /// The start of a line that is too long, while the rest of it is being discarded.
    skipping: Option<Bytes>,
    ended: bool,
}

/// A line with its number, starting at 1.
pub(crate) type Line = (u64, Result<Bytes, LineFault>);

/// Why a line cannot be read, and its start, which may say which request it was.
#[derive(Debug)]
pub(crate) struct LineFault {
    pub(crate) failure: Failure,
    pub(crate) start: Bytes,
}

/// Bytes that are kept of a line that is too long.
const START: usize = 4096;

impl NdjsonLines {
    /// Splits this body into lines.
    pub(crate) fn of(body: Body, longest: usize, patience: Duration) -> Self {
        Self {
            body: body.into_data_stream(),
            longest,
            patience,
            buffer: BytesMut::new(),
            looked_at: 0,
            number: 0,
            skipping: None,
            ended: false,
        }
    }

    /// Returns the next line that is not empty. Returns an error in place of a line that is too
    /// long, and when the body stalls or breaks off.
    pub(crate) async fn next(&mut self) -> Option<Line> {
        loop {
            let line = match self.buffered() {
                Some(line) => line,
                None if self.ended => return None,
                None => match self.receive().await {
                    Ok(()) => continue,
                    Err(failure) => {
                        self.ended = true;
                        self.buffer.clear();
                        self.looked_at = 0;
                        let start = Bytes::new();
                        return Some((self.number + 1, Err(LineFault { failure, start })));
                    }
                },
            };
            self.number += 1;
            match line {
                Ok(line) if line.iter().all(u8::is_ascii_whitespace) => {}
                Ok(line) => return Some((self.number, Ok(line))),
                Err(start) => {
                    let failure = self.too_large();
                    return Some((self.number, Err(LineFault { failure, start })));
                }
            }
        }
    }

    fn too_large(&self) -> Failure {
        Failure::TooLarge {
            what: "the line".into(),
            limit: self.longest,
        }
    }

    /// Takes a whole line from the buffer, or the start of a line that was too long; `None` if more
    /// data must be received.
    fn buffered(&mut self) -> Option<Result<Bytes, Bytes>> {
        let end = self.buffer[self.looked_at..]
            .iter()
            .position(|byte| *byte == b'\n');
        let line = match end {
            Some(end) => {
                let mut line = self.buffer.split_to(self.looked_at + end + 1);
                line.truncate(line.len() - 1);
                line
            }
            None if self.ended && (self.skipping.is_some() || !self.buffer.is_empty()) => {
                self.buffer.split()
            }
            None => {
                self.looked_at = self.buffer.len();
                if self.buffer.len() > self.longest {
                    let start = || Bytes::copy_from_slice(&self.buffer[..START.min(self.longest)]);
                    self.skipping.get_or_insert_with(start);
                    self.buffer.clear();
                    self.looked_at = 0;
                }
                return None;
            }
        };

        self.looked_at = 0;
        let line = line.freeze();

        Some(match self.skipping.take() {
            Some(start) => Err(start),
            None if line.len() > self.longest => Err(line.slice(..START.min(self.longest))),
            None => Ok(line),
        })
    }

    async fn receive(&mut self) -> Result<(), Failure> {
        match tokio::time::timeout(self.patience, self.body.next()).await {
            Ok(Some(Ok(data))) => self.buffer.extend_from_slice(&data),
            Ok(None) => self.ended = true,
            Ok(Some(Err(error))) => {
                let message = format!("the rest of the request body could not be read: {error}");
                return Err(UsageError::argument(message).into());
            }
            Err(_) => {
                return Err(Failure::Timeout {
                    what: "the rest of the request body".into(),
                    after: self.patience,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;

    /// Returns all lines of a body that arrives in pieces of this size; `!` marks a line that is
    /// too long.
    async fn lines(text: &str, piece: usize, longest: usize) -> Vec<(u64, String)> {
        let pieces: Vec<_> = text
            .as_bytes()
            .chunks(piece)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
            .collect();
        let body = Body::from_stream(stream::iter(pieces));
        let mut lines = NdjsonLines::of(body, longest, Duration::from_secs(1));
        let mut all = Vec::new();
        while let Some((number, line)) = lines.next().await {
            let line = line.map_or_else(
                |_| "!".into(),
                |line| {
                    String::from_utf8_lossy(&line)
                        .trim_end_matches('\r')
                        .to_owned()
                },
            );
            all.push((number, line));
        }
        all
    }

    #[tokio::test]
    async fn lines_are_the_same_however_they_arrive() {
        let text = "one\r\n\n  \ntwo\nmuch too long\nthree\n\nfour";
        let wanted = [(1, "one"), (4, "two"), (5, "!"), (6, "three"), (8, "four")];

        for piece in 1..=text.len() {
            let got = lines(text, piece, 6).await;
            assert!(
                got.iter()
                    .map(|(number, line)| (*number, line.as_str()))
                    .eq(wanted),
                "{piece}: {got:?}"
            );
        }

        for (text, wanted) in [
            ("", &[][..]),
            ("\n\n", &[]),
            ("much too long", &[(1, "!")]),
            ("a\nmuch too long\n", &[(1, "a"), (2, "!")]),
        ] {
            for piece in 1..=text.len().max(1) {
                let got = lines(text, piece, 6).await;
                assert!(
                    got.iter()
                        .map(|(n, line)| (*n, line.as_str()))
                        .eq(wanted.iter().copied()),
                    "{text:?} {piece}: {got:?}"
                );
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_body_ends_with_an_error() {
        let some =
            stream::iter([Ok::<_, std::io::Error>("one\ntw"), Ok("o")]).chain(stream::pending());
        let mut lines = NdjsonLines::of(Body::from_stream(some), 100, Duration::from_secs(7));
        assert_eq!(
            lines
                .next()
                .await
                .map(|(number, line)| (number, line.is_ok())),
            Some((1, true))
        );
        let (number, late) = lines.next().await.expect("an error");
        assert_eq!(number, 2);
        assert_eq!(
            late.expect_err("late").failure.to_string(),
            "the rest of the request body did not answer within 7 s"
        );
        assert!(lines.next().await.is_none());
    }
}
