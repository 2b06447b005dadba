//! One row of the output: NDJSON, CSV or a table.

use std::{borrow::Cow, io::IsTerminal, time::Duration};

use netvane_core::{
    Failure, Reply, UsageError,
    command::Entry,
    document::{Severity, render},
};
use serde_json::{Value, json};
use terminal_size::{Width, terminal_size};
use unicode_width::UnicodeWidthStr;

use super::{
    Format, columns,
    input::{Count, Line},
};

/// Widest column of inputs in a table; longer inputs move their summary to the right.
const MAX_INPUT: usize = 40;
/// Width of the column of inputs where the lines cannot be counted.
const DEFAULT_INPUT: usize = 24;

/// The row of a line.
pub(super) struct OutputRow {
    /// The line of the input.
    pub(super) line: Line,
    /// The row with its line break.
    pub(super) text: String,
    /// Severity of the reply; `None` if the lookup failed.
    pub(super) severity: Option<Severity>,
}

/// How rows are written.
pub(super) struct RowFormat {
    format: Format,
    /// Members of `data` that are columns of CSV.
    columns: Vec<String>,
    /// Width of the column of inputs in a table.
    input_width: usize,
    /// Width of the terminal that shows the table; `None` for a file or a pipe.
    screen: Option<usize>,
    /// Whether standard output is a terminal, where some characters are instructions.
    to_terminal: bool,
}

impl RowFormat {
    pub(super) fn new(format: Format, entry: &Entry, count: &Count, to_stdout: bool) -> Self {
        let to_terminal = to_stdout && std::io::stdout().is_terminal();
        let input_width = match count.lines {
            Some(_) => count.width.clamp("Input".len(), MAX_INPUT),
            None => DEFAULT_INPUT,
        };
        Self {
            format,
            columns: columns::of(entry),
            input_width,
            screen: terminal_size()
                .filter(|_| to_terminal)
                .map(|(Width(width), _)| usize::from(width)),
            to_terminal,
        }
    }

    /// The text above the rows; empty for NDJSON.
    pub(super) fn header(&self) -> String {
        match self.format {
            Format::Ndjson => String::new(),
            Format::Csv => {
                let first = columns::FIRST.map(Cow::Borrowed);
                let members = self.columns.iter().map(|name| name.as_str().into());
                self.record(first.into_iter().chain(members))
            }
            Format::Table => self.table_row(" ", "Input", "Summary"),
        }
    }

    fn write(&self, line: &Line, answer: &Result<Reply, Failure>, elapsed: Duration) -> String {
        match self.format {
            Format::Ndjson => {
                let json = ndjson(line, answer);
                let json = if self.to_terminal {
                    render::printable_json(&json).into_owned()
                } else {
                    json
                };
                json + "\n"
            }
            Format::Csv => self.csv(line, answer, elapsed),
            Format::Table => match answer {
                Ok(reply) => {
                    let severity = reply.document().severity;
                    self.table_row(severity.symbol(), &line.input, &summary(reply))
                }
                Err(failure) => self.table_row("?", &line.input, &failure.to_string()),
            },
        }
    }

    fn csv(&self, line: &Line, answer: &Result<Reply, Failure>, elapsed: Duration) -> String {
        let (severity, summary, milliseconds) = match answer {
            Ok(reply) => {
                let document = reply.document();
                let severity = json!(document.severity)
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                (
                    severity,
                    summary(reply),
                    columns::milliseconds(reply.elapsed),
                )
            }
            Err(failure) => (
                "error".into(),
                failure.to_string(),
                columns::milliseconds(elapsed),
            ),
        };
        let data = answer
            .as_ref()
            .map_or(Value::Null, |reply| reply.rendition.finding.data());
        let members = self
            .columns
            .iter()
            .map(|name| columns::cell(data.get(name)).into());
        let first = [line.input.clone(), severity, summary, milliseconds];
        self.record(first.into_iter().map(Cow::Owned).chain(members))
    }

    /// Writes a record of CSV. A terminal gets no characters that it would act on.
    fn record<'a>(&self, fields: impl Iterator<Item = Cow<'a, str>>) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for field in fields {
            let shown = if self.to_terminal {
                render::printable(&field).into_owned()
            } else {
                field.into_owned()
            };
            // Writing to memory does not fail.
            let _ = writer.write_field(shown);
        }
        let _ = writer.write_record(None::<&[u8]>);
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Writes a row of the table. On a terminal, the summary wraps below itself.
    fn table_row(&self, symbol: &str, input: &str, summary: &str) -> String {
        let (input, summary) = (
            render::printable_line(input),
            render::printable_line(summary),
        );
        let padding = " ".repeat(self.input_width.saturating_sub(input.width()));
        let start = format!("{symbol} {input}{padding}  ");

        let room = self
            .screen
            .map_or(usize::MAX, |screen| screen.saturating_sub(start.width()));
        let indent = if room < MIN_SUMMARY { 4 } else { start.width() };
        let summary = match self.screen {
            None => summary.into_owned(),
            Some(screen) if room < MIN_SUMMARY => {
                let lines = render::wrap(&summary, screen.saturating_sub(indent));
                return format!("{}\n{}\n", start.trim_end(), indented(&lines, indent));
            }
            Some(_) => {
                let lines = render::wrap(&summary, room);
                indented(&lines, indent).trim_start().to_owned()
            }
        };
        format!("{}\n", format!("{start}{summary}").trim_end())
    }
}

/// Columns that a summary needs beside its input; with less room it is written below.
const MIN_SUMMARY: usize = 24;

fn indented(lines: &[String], columns: usize) -> String {
    let lines = lines.iter().map(|line| format!("{:columns$}{line}", ""));
    lines.collect::<Vec<_>>().join("\n")
}

impl OutputRow {
    /// Writes the row of a line.
    pub(super) fn new(
        line: Line,
        answer: Result<Reply, Failure>,
        elapsed: Duration,
        format: &RowFormat,
    ) -> Self {
        Self {
            text: format.write(&line, &answer, elapsed),
            severity: answer.as_ref().ok().map(|reply| reply.document().severity),
            line,
        }
    }
}

/// What a reply says in one line: its summary, or its values if the line asks for the short form.
fn summary(reply: &Reply) -> String {
    let values = reply.short.as_ref().map(|short| short.text());
    match values.filter(|values| !values.is_empty()) {
        Some(values) => values.lines().collect::<Vec<_>>().join(", "),
        None => reply.document().summary.clone(),
    }
}

/// Converts an error about `COMMAND INPUT ARGUMENTS` to one about the input alone: its position counts from the start of the
/// input, and its suggestion is another input. Both are left out where they are about something else.
pub(super) fn in_terms_of_the_line(
    error: UsageError,
    command: &str,
    input: &str,
    arguments: &str,
) -> UsageError {
    let start = command.chars().count() + 1;
    let length = input.chars().count();
    let position = error.position.clone().and_then(|position| {
        let from = position.start.checked_sub(start)?.min(length);
        let end = position.end.checked_sub(start)?;
        (end <= length || from < length).then(|| from..end.min(length))
    });
    let suggestion = error.suggestion.as_deref().and_then(|line| {
        let line = line.trim_start_matches('/').strip_prefix(command)?;
        let line = line.strip_prefix(' ')?.trim_end().strip_suffix(arguments)?;
        let line = line.trim();
        (!line.is_empty() && line != input.trim()).then(|| line.to_owned())
    });
    UsageError {
        position,
        suggestion,
        ..error
    }
}

/// The reply as one JSON object with the members `line` and `input` in front; an error is an object in `error`, as in
/// `POST /v1/batch`.
fn ndjson(line: &Line, answer: &Result<Reply, Failure>) -> String {
    let start = format!("{{\"line\":{},\"input\":{}", line.number, json!(line.input));
    match answer {
        Ok(reply) => {
            let reply = reply.to_json();
            format!("{start},{}", reply.strip_prefix('{').unwrap_or(&reply))
        }
        Err(failure) => format!("{start},\"error\":{}}}", json!(failure.problem())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_about_the_line_and_not_about_the_command() {
        let error = UsageError::argument("x");
        let in_line = |error| in_terms_of_the_line(error, "mx", "a b", "resolver=192.0.2.53");

        let inside = error.clone().at(5..6).suggest("/mx c resolver=192.0.2.53");
        let inside = in_line(inside);
        assert_eq!(inside.position, Some(2..3));
        assert_eq!(inside.suggestion.as_deref(), Some("c"));

        let to_the_end = in_line(error.clone().at(3..26));
        assert_eq!(to_the_end.position, Some(0..3), "the part in the line");
        for position in [0..2, 7..26] {
            let elsewhere = in_line(error.clone().at(position.clone()));
            assert_eq!(elsewhere.position, None, "{position:?}");
        }
        for suggestion in [
            "/ping c resolver=192.0.2.53",
            "/mx a b resolver=192.0.2.53",
            "/mx c",
            "/help mx",
            "mx",
        ] {
            let other = in_line(error.clone().suggest(suggestion));
            assert_eq!(other.suggestion, None, "{suggestion}");
        }

        let alone = error.at(3..9).suggest("mx example.com");
        let alone = in_terms_of_the_line(alone, "mx", "exmple", "");
        assert_eq!(alone.position, Some(0..6));
        assert_eq!(alone.suggestion.as_deref(), Some("example.com"));
    }
}
