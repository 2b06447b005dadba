//! The lines of a batch, read a few at a time.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::PathBuf,
    thread,
};

use anyhow::{Context as _, anyhow};
use netvane_core::{Failure, UsageError};
use tokio::sync::mpsc;
use unicode_width::UnicodeWidthStr;

/// Longest line in bytes; a longer one is an error row.
const MAX_LINE: usize = 64 << 10;
/// Characters that are shown of a line that cannot be read.
const MAX_SHOWN: usize = 100;
/// Lines that are read ahead.
const QUEUE: usize = 256;

/// Where the lines of a batch come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    File(PathBuf),
    Stdin,
}

/// Number of lookups of an input, and what the table needs to know of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    /// Lines with arguments; `None` for standard input and pipes.
    pub(super) lines: Option<u64>,
    /// Columns of the widest of these lines.
    pub(super) width: usize,
}

/// A line that holds the arguments of a lookup.
#[derive(Debug)]
pub(super) struct Line {
    /// Position in the input, from 1; skipped lines count.
    pub(super) number: u64,
    /// The arguments, or the start of a line that cannot be read.
    pub(super) input: String,
    /// Why the line cannot be read: it is too long or not UTF-8.
    pub(super) fault: Option<Failure>,
}

impl Source {
    /// Counts the lines of a file in one pass; other inputs can be read only once.
    pub(super) fn count(&self) -> anyhow::Result<Count> {
        let Self::File(path) = self else {
            return Ok(Count::default());
        };
        let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
        if !is_file {
            return Ok(Count::default());
        }

        let (mut lines, mut width) = (0, 0);
        for line in InputReader::new(self.reader()?) {
            lines += 1;
            width = width.max(line.map_err(|error| self.failure(error))?.input.width());
        }
        Ok(Count {
            lines: Some(lines),
            width,
        })
    }

    /// Opens the file or standard input, before its first line is read.
    pub(super) fn open(&self) -> anyhow::Result<InputLines> {
        let reader = InputReader::new(self.reader()?);
        let (sender, lines) = mpsc::channel(QUEUE);
        let source = self.clone();
        // Reading standard input blocks. The thread ends when nobody takes its lines.
        thread::spawn(move || {
            for line in reader {
                let line = line.map_err(|error| source.failure(error));
                if sender.blocking_send(line).is_err() {
                    break;
                }
            }
        });
        Ok(InputLines { lines, next: None })
    }

    fn reader(&self) -> anyhow::Result<Box<dyn BufRead + Send>> {
        Ok(match self {
            Self::Stdin => Box::new(BufReader::new(io::stdin())),
            Self::File(path) => {
                let file = File::open(path).with_context(|| path.display().to_string())?;
                Box::new(BufReader::new(file))
            }
        })
    }

    fn failure(&self, error: io::Error) -> anyhow::Error {
        match self {
            Self::Stdin => anyhow!("standard input: {error}"),
            Self::File(path) => anyhow!("{}: {error}", path.display()),
        }
    }
}

/// The lines of an open input.
pub(super) struct InputLines {
    lines: mpsc::Receiver<anyhow::Result<Line>>,
    /// A line that was looked at and not taken.
    next: Option<anyhow::Result<Line>>,
}

impl InputLines {
    /// Returns the next line with arguments; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<anyhow::Result<Line>> {
        match self.next.take() {
            None => self.lines.recv().await,
            next => next,
        }
    }

    /// Returns the next line if its number is not above `last`.
    pub(super) async fn next_up_to(&mut self, last: u64) -> Option<anyhow::Result<Line>> {
        let next = self.next().await?;
        if next.as_ref().is_ok_and(|line| line.number > last) {
            self.next = Some(next);
            return None;
        }
        Some(next)
    }
}

/// Splits a text into lines and skips those without arguments.
struct InputReader<R> {
    source: R,
    number: u64,
    has_failed: bool,
}

impl<R: BufRead> InputReader<R> {
    fn new(source: R) -> Self {
        Self {
            source,
            number: 0,
            has_failed: false,
        }
    }

    /// Reads one line; `None` at the end of the input.
    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        let most = MAX_LINE as u64 + 1;
        if (&mut self.source).take(most).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        self.number += 1;

        let too_long = line.last() != Some(&b'\n') && line.len() > MAX_LINE;
        if too_long {
            self.source.skip_until(b'\n')?;
        }

        let fault = match str::from_utf8(&line) {
            _ if too_long => Some(Failure::TooLarge {
                what: "the line".into(),
                limit: MAX_LINE,
            }),
            Ok(_) => None,
            Err(_) => Some(UsageError::argument("the line is not valid UTF-8").into()),
        };
        let text = String::from_utf8_lossy(&line);
        // A byte order mark is no part of the first argument.
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) if self.number == 1 => rest,
            _ => &text,
        };
        let most = if fault.is_some() { MAX_SHOWN } else { MAX_LINE };
        Ok(Some(Line {
            number: self.number,
            input: text.trim().chars().take(most).collect(),
            fault,
        }))
    }
}

impl<R: BufRead> Iterator for InputReader<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<io::Result<Line>> {
        while !self.has_failed {
            let line = match self.read() {
                Ok(None) => return None,
                Ok(Some(line)) => line,
                Err(error) => {
                    self.has_failed = true;
                    return Some(Err(error));
                }
            };
            if !line.input.is_empty() && !line.input.starts_with('#') {
                return Some(Ok(line));
            }
        }
        None
    }
}
