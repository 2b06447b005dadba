//! What a batch has done, kept in a file beside its output so that it can be resumed.
//!
//! The file `OUTPUT.state` is replaced as a whole, at most once a second and at the end. It says how many bytes of the output
//! are complete rows, so that rows that a crash left unfinished are removed, and it holds a digest of the lines that
//! are done, so that a batch is not resumed with another input.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use data_encoding::HEXLOWER;
use netvane_core::document::Severity;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::{
    Batch,
    input::{InputLines, Line},
    row::OutputRow,
};

/// Version of the file's format.
const VERSION: u32 = 1;

/// What a batch has done.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    version: u32,
    /// Name of the lookup.
    command: String,
    /// Arguments that are added to each line.
    arguments: Vec<String>,
    /// Format of the rows.
    format: String,
    /// Number of the last line that has a row, or that is skipped.
    pub(super) lines: u64,
    /// Rows in the output, without the header.
    pub(super) rows: u64,
    /// Rows with an error.
    pub(super) failed: u64,
    /// Severity of the worst reply.
    pub(super) worst: Option<Severity>,
    /// Bytes of the output up to the end of the last row.
    pub(super) bytes: u64,
    /// SHA-256 of the lines that have a row, in hexadecimal.
    digest: String,
    #[serde(skip, default = "new_digest")]
    running: Context,
}

fn new_digest() -> Context {
    Context::new(&SHA256)
}

impl Checkpoint {
    /// Nothing is done yet, apart from the lines that the user skips.
    pub(super) fn new(command: &str, batch: &Batch) -> Self {
        Self {
            version: VERSION,
            command: command.to_owned(),
            arguments: batch.arguments.clone(),
            format: batch.format.name().to_owned(),
            lines: batch.skip,
            rows: 0,
            failed: 0,
            worst: None,
            bytes: 0,
            digest: String::new(),
            running: new_digest(),
        }
    }

    /// Path of the file beside this output.
    pub(super) fn path(output: &Path) -> PathBuf {
        let mut name = output.as_os_str().to_owned();
        name.push(".state");
        name.into()
    }

    /// Whether the output has nothing of this batch yet, and a header belongs at its start. A batch that goes on with
    /// `--skip` appends to rows that have one.
    pub(super) fn is_fresh(&self) -> bool {
        self.bytes == 0 && self.lines == 0
    }

    /// Returns what an earlier run of the same batch has done; `None` if there is no file.
    ///
    /// # Errors
    /// The file cannot be read, or belongs to another batch.
    pub(super) fn load(&self, path: &Path) -> anyhow::Result<Option<Self>> {
        let shown = path.display();
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| shown.to_string())?,
        };
        let earlier: Self = serde_json::from_str(&text).with_context(|| {
            format!("{shown} is not the state of a batch; --restart starts over")
        })?;

        let of = |checkpoint: &Self| {
            let Checkpoint {
                version,
                command,
                arguments,
                format,
                ..
            } = checkpoint;
            (*version, command.clone(), arguments.clone(), format.clone())
        };
        if of(&earlier) != of(self) {
            let (_, command, arguments, format) = of(&earlier);
            let words = [&[command], &arguments[..]].concat().join(" ");
            bail!(
                "{shown} belongs to another batch (`{words}` as {format}); --restart starts over"
            );
        }
        Ok(Some(earlier))
    }

    /// Writes the checkpoint in place of the file's previous content.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let digest = HEXLOWER.encode(self.running.clone().finish().as_ref());
        let current = Self {
            digest,
            ..self.clone()
        };
        let mut next = path.as_os_str().to_owned();
        next.push(".new");
        fs::write(&next, serde_json::to_vec(&current)?)?;
        fs::rename(&next, path)
    }

    /// Takes the lines that are done from the input.
    ///
    /// # Errors
    /// They are not those of the earlier run.
    pub(super) async fn skip_done(&mut self, lines: &mut InputLines) -> anyhow::Result<()> {
        let is_resumed = self.rows > 0;
        while let Some(line) = lines.next_up_to(self.lines).await.transpose()? {
            if is_resumed {
                self.digest_line(&line);
            }
        }

        let digest = HEXLOWER.encode(self.running.clone().finish().as_ref());
        ensure!(
            !is_resumed || digest == self.digest,
            "the input is not the one of the interrupted batch; --restart starts over"
        );
        Ok(())
    }

    /// Notes that a line has a row. The bytes are added when the row is written.
    pub(super) fn add(&mut self, row: &OutputRow) {
        self.lines = row.line.number;
        self.rows += 1;
        match row.severity {
            None => self.failed += 1,
            severity => self.worst = self.worst.max(severity),
        }
        self.digest_line(&row.line);
    }

    fn digest_line(&mut self, line: &Line) {
        let text = format!("{}:{}\n", line.number, line.input);
        self.running.update(text.as_bytes());
    }

    /// Says what is done, for the user.
    pub(super) fn sentence(&self) -> String {
        let lookups = match self.rows {
            1 => "1 lookup".to_owned(),
            rows => format!("{rows} lookups"),
        };
        match (self.failed, self.rows.saturating_sub(self.failed)) {
            (0, _) => format!("{lookups} done"),
            (failed, answered) => format!("{lookups}: {answered} answered, {failed} failed"),
        }
    }
}
