//! Where the rows of a batch are written.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

use super::{checkpoint::Checkpoint, progress::Progress};

/// Time between two saves of the checkpoint.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// The rows of a batch: standard output, or a file with its checkpoint.
pub(super) struct Rows {
    file: Option<OutputFile>,
}

struct OutputFile {
    path: PathBuf,
    checkpoint: PathBuf,
    writer: BufWriter<File>,
    saved: Instant,
}

impl Rows {
    /// Writes to standard output.
    pub(super) fn stdout() -> Self {
        Self { file: None }
    }

    /// Opens a file. Goes on after the rows of an interrupted batch, unless `restart` is set.
    ///
    /// # Errors
    /// The file cannot be written, or the rest of an earlier run does not fit this batch.
    pub(super) fn resume(
        path: &Path,
        fresh: Checkpoint,
        restart: bool,
    ) -> anyhow::Result<(Self, Checkpoint)> {
        let state = Checkpoint::path(path);
        let earlier = if restart { None } else { fresh.load(&state)? };
        let checkpoint = earlier.unwrap_or(fresh);

        let shown = || path.display().to_string();
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .with_context(shown)?;
        let length = file.metadata().with_context(shown)?.len();
        ensure!(
            length >= checkpoint.bytes,
            "{} is shorter than at the interruption; --restart starts over",
            path.display()
        );
        file.set_len(checkpoint.bytes).with_context(shown)?;
        file.seek(SeekFrom::End(0)).with_context(shown)?;

        let rows = Self {
            file: Some(OutputFile {
                path: path.to_owned(),
                checkpoint: state,
                writer: BufWriter::new(file),
                saved: Instant::now(),
            }),
        };
        rows.save_to_disk(&checkpoint)?;
        Ok((rows, checkpoint))
    }

    /// Writes a row and adds it to the checkpoint; `false` if nobody reads standard output any more.
    ///
    /// # Errors
    /// The file or the checkpoint cannot be written.
    pub(super) fn write(
        &mut self,
        text: &str,
        checkpoint: &mut Checkpoint,
        progress: &Progress,
    ) -> anyhow::Result<bool> {
        let Some(file) = &mut self.file else {
            return Ok(progress.suspend(|| write_stdout(text)).is_ok());
        };
        file.writer
            .write_all(text.as_bytes())
            .with_context(|| file.path.display().to_string())?;
        checkpoint.bytes += text.len() as u64;
        if file.saved.elapsed() >= SAVE_EVERY {
            self.save(checkpoint)?;
        }
        Ok(true)
    }

    /// Writes what is buffered, then the checkpoint.
    pub(super) fn save(&mut self, checkpoint: &Checkpoint) -> anyhow::Result<()> {
        if let Some(file) = &mut self.file {
            file.writer
                .flush()
                .with_context(|| file.path.display().to_string())?;
            file.saved = Instant::now();
        }
        self.save_to_disk(checkpoint)
    }

    fn save_to_disk(&self, checkpoint: &Checkpoint) -> anyhow::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| {
            checkpoint
                .save(&file.checkpoint)
                .with_context(|| file.checkpoint.display().to_string())
        })
    }

    /// Removes the checkpoint of a complete batch.
    pub(super) fn finish(&self) -> anyhow::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| {
            fs::remove_file(&file.checkpoint).with_context(|| file.checkpoint.display().to_string())
        })
    }
}

fn write_stdout(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
