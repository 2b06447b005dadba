//! The arguments of `netvane batch`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::input::Source;
use crate::output::FailAt;

/// Arguments of `netvane batch`.
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Batch {
    /// The lookup to run, such as `mx`.
    pub command: String,
    /// File with one lookup per line; without it, or with `-`, standard input.
    pub file: Option<PathBuf>,
    /// Format of the rows.
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    pub format: Format,
    /// Write the rows to this file; such a batch can be resumed.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Lookups that run at the same time.
    #[arg(long, short, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=128))]
    pub parallel: u16,
    /// Skip this many lines of the input.
    #[arg(
        long,
        value_name = "LINES",
        default_value_t = 0,
        conflicts_with = "output"
    )]
    pub skip: u64,
    /// Start over instead of resuming an interrupted batch.
    #[arg(long, requires = "output")]
    pub restart: bool,
    /// Print values only, instead of a summary.
    #[arg(long)]
    pub short: bool,
    /// Exit with status 3 if a result is bad, or a warning with `--fail=warning`.
    #[arg(long, value_enum, value_name = "SEVERITY", num_args = 0..=1, require_equals = true, default_missing_value = "bad")]
    pub fail: Option<FailAt>,
    /// Arguments that are added to each line, such as `resolver=192.0.2.1`.
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<String>,
}

const AFTER_HELP: &str = "\
Each line holds the arguments of one lookup, as they are typed after the command.
Blank lines and lines that start with # are skipped. The rows have the order of the
lines; a line whose lookup fails has a row with the error.

After Ctrl-C, a batch with --output resumes where it stopped when the same command
is run again. The file OUTPUT.state says what is done; it is removed at the end.

Exit status: 0 if every line has a reply, 1 if some lookups failed, 2 for a usage
error or a file that cannot be read or written, 3 if a reply is as bad as --fail
says, 130 if the batch was interrupted.

Examples:
  netvane batch mx domains.txt --output mx.ndjson
  netvane batch tls hosts.txt --format csv --output certificates.csv
  netvane batch ping hosts.txt --format table -- count=2";

/// Format of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object per line: the input with the reply or the error.
    Ndjson,
    /// Comma-separated values (RFC 4180) with a header.
    Csv,
    /// A table for people: severity, input and summary.
    Table,
}

impl Format {
    /// The name as it is written after `--format`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Table => "table",
        }
    }
}

impl Batch {
    /// Where the lines come from.
    pub(super) fn source(&self) -> Source {
        match &self.file {
            Some(path) if !self.reads_stdin() => Source::File(path.clone()),
            _ => Source::Stdin,
        }
    }

    /// Whether the lines come from standard input.
    pub(super) fn reads_stdin(&self) -> bool {
        self.file
            .as_ref()
            .is_none_or(|path| path.as_os_str() == "-")
    }
}

/// Joins arguments into the end of a command line that the grammar splits in the same places.
pub(super) fn line(arguments: &[String]) -> String {
    crate::lookup::line(arguments)
}

/// Joins words into a command line for a shell.
pub(super) fn quoted(words: impl Iterator<Item = String>) -> String {
    let quote = |word: String| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
        if !word.is_empty() && word.chars().all(is_plain) {
            word
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    let line = words.map(quote).collect::<Vec<_>>().join(" ");
    netvane_core::document::render::printable_line(&line).into_owned()
}
