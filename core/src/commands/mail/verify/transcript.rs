//! The SMTP transcript as text: `C:` for what was sent, `S:` for what the server replied.

use netvane_document::{Block, Document, Mark, Role};
use netvane_net::smtp::{Stage, TranscriptEntry};

use crate::mailbox_check::{Reason, Report, Verdict};

/// Adds the transcript under its heading; the reply that decided has the color of the verdict.
pub(super) fn add(document: &mut Document, report: &Report, in_progress: bool) {
    if report.transcript.is_empty() {
        return;
    }

    let deciding = (!in_progress).then(|| deciding_entry(report)).flatten();
    let role = match report.verdict {
        Verdict::Deliverable => Role::Good,
        Verdict::Undeliverable => Role::Bad,
        Verdict::Risky | Verdict::Unknown => Role::Warning,
    };

    let mut lines = Vec::new();
    let mut marks = Vec::new();
    let mut previous: Option<&TranscriptEntry> = None;

    for (at, entry) in report.transcript.iter().enumerate() {
        lines.extend(connection_lines(previous, entry));
        lines.extend(entry.command.iter().map(|command| format!("C: {command}")));
        let replied = reply_lines(entry);
        if deciding == Some(at) {
            let marked = lines.len()..lines.len() + replied.len();
            marks.extend(marked.map(|line| Mark { line, role }));
        }
        lines.extend(replied);
        previous = Some(entry);
    }

    document.heading("SMTP transcript");
    document.block(Block::Code {
        text: lines.join("\n"),
        marks,
    });
}

/// The lines before the first entry of a connection: the host, once, and an empty line between
/// connections.
fn connection_lines(previous: Option<&TranscriptEntry>, entry: &TranscriptEntry) -> Vec<String> {
    match previous {
        None => vec![entry.host.clone()],
        Some(previous) if previous.host != entry.host => vec![String::new(), entry.host.clone()],
        Some(_) if entry.stage == Stage::Banner => vec![String::new()],
        Some(_) => Vec::new(),
    }
}

/// The reply as it was on the wire, or the error in its place.
fn reply_lines(entry: &TranscriptEntry) -> Vec<String> {
    let Some(code) = entry.code else {
        return entry
            .text
            .lines()
            .map(|line| format!("-- {line}"))
            .collect();
    };

    // Some servers write the enhanced code elsewhere in the text, where it is kept.
    let enhanced = entry
        .enhanced
        .map(|enhanced| enhanced.to_string())
        .filter(|enhanced| !entry.text.contains(enhanced))
        .map(|enhanced| format!("{enhanced} "))
        .unwrap_or_default();

    let text: Vec<&str> = if entry.text.is_empty() {
        vec![""]
    } else {
        entry.text.split('\n').collect()
    };
    let last = text.len() - 1;

    text.iter()
        .enumerate()
        .map(|(at, line)| {
            let separator = if at < last { '-' } else { ' ' };
            let reply = format!("S: {code}{separator}{enhanced}{line}");
            reply.trim_end().to_owned()
        })
        .collect()
}

/// The entry that the verdict is based on.
fn deciding_entry(report: &Report) -> Option<usize> {
    let is_of_server = |entry: &TranscriptEntry| match &report.exchange {
        Some(host) => entry
            .host
            .strip_prefix(host.as_str())
            .is_some_and(|rest| rest.starts_with(" (") || rest.is_empty()),
        None => true,
    };

    report.transcript.iter().rposition(|entry| {
        let is_failure = match entry.code {
            Some(code) => code >= 300,
            None => entry.command.is_some() || entry.stage == Stage::Connect,
        };
        let decides = match report.reason {
            Reason::CatchAll => entry.stage == Stage::RcptRandom && entry.code.is_some(),
            Reason::Accepted | Reason::Unverified => {
                entry.stage == Stage::Rcpt && entry.code.is_some()
            }
            _ => is_failure && !matches!(entry.stage, Stage::RcptRandom | Stage::Quit),
        };
        decides && is_of_server(entry)
    })
}

#[cfg(test)]
mod tests;
