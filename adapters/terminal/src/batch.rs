//! `netvane batch`: one lookup for each line of a file, with a row of output for each, in the order of the input.
//!
//! Memory is bounded whatever the size of the input: few lines are read ahead, and at most [`AHEAD`] rows for each running
//! lookup wait for a slower one before them. A batch with `--output` resumes after an interruption; see [`checkpoint`].

mod arguments;
mod checkpoint;
mod columns;
mod input;
mod output;
mod progress;
mod row;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::ensure;
use futures::{Stream, StreamExt as _, stream};
use netvane_core::{
    Caller, Engine, Failure, Input, Platform, Request, command::Entry, document::render,
    spec::CommandNames,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    advice,
    output::{LookupOptions, Output},
    program,
    system::End,
};
pub(crate) use arguments::Batch;
use arguments::Format;
use checkpoint::Checkpoint;
use input::{InputLines, Line};
use output::Rows;
use progress::Progress;
use row::{OutputRow, RowFormat};

/// Rows that may wait for the one before them, for each running lookup.
const AHEAD: usize = 4;

/// How a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// All lines have a row.
    Complete,
    /// The user stopped it.
    Interrupted,
    /// Nobody reads the rows any more, as with `| head`.
    Unread,
}

impl Batch {
    /// Runs the batch. Fails if the command does not exist, or a file cannot be read or written.
    pub(crate) fn run(
        mut self,
        output: &Output,
        options: &LookupOptions,
    ) -> anyhow::Result<ExitCode> {
        ensure!(
            !output.markdown,
            "--markdown cannot be used with `batch`; use --format"
        );
        if output.json {
            self.format = Format::Ndjson;
        }
        self.fail = self.fail.or(options.fail);

        let engine = Engine::new(&advice::without_audit(output.settings()?))?;
        let Some(entry) = self.entry(&engine) else {
            return Ok(self.report_unknown_command(&engine));
        };
        if self.short || options.short {
            ensure!(
                !entry.arguments.iter().any(|argument| argument.verbatim),
                "--short cannot be used with `batch {}`, whose lines are free text",
                entry.spec.name
            );
            self.arguments.insert(0, "--short".into());
        }

        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let status = runtime.block_on(self.look_up_all(&engine, &entry));
        runtime.block_on(netvane_core::net::smtp::drain_quits());
        runtime.shutdown_background();
        status
    }

    fn entry(&self, engine: &Engine) -> Option<Arc<Entry>> {
        let name = self.command.trim_start_matches('/').to_lowercase();
        engine.registry().find(&name.replace('-', "_")).cloned()
    }

    fn report_unknown_command(&self, engine: &Engine) -> ExitCode {
        let written = render::printable_line(&self.command);
        let name = program::name();
        match engine.registry().nearest(&self.command) {
            Some(near) => {
                let rest = std::env::args().skip_while(|word| *word != self.command);
                let rest = arguments::quoted(rest.skip(1));
                eprintln!(
                    "{name}: unknown command `{written}`; did you mean `{near}`?\n\nTry: {}",
                    format!("{name} batch {near} {rest}").trim_end()
                );
            }
            None => eprintln!("{name}: unknown command `{written}`; see `{name} help`"),
        }
        ExitCode::from(2)
    }

    /// Runs the lookups of all lines that have no row yet, and writes their rows.
    async fn look_up_all(&self, engine: &Engine, entry: &Arc<Entry>) -> anyhow::Result<ExitCode> {
        let source = self.source();
        let count = source.count()?;
        let format = RowFormat::new(self.format, entry, &count, self.output.is_none());
        let mut lines = source.open()?;
        let (mut rows, mut checkpoint) = self.open_output(entry)?;
        checkpoint.skip_done(&mut lines).await?;

        let progress = Progress::new(count.lines, checkpoint.rows);
        if checkpoint.is_fresh() {
            rows.write(&format.header(), &mut checkpoint, &progress)?;
        } else if checkpoint.rows > 0 {
            progress.note(&format!("Resuming after {} rows", checkpoint.rows));
        }

        let stop = CancellationToken::new();
        let looked_up = self.rows(engine, entry.spec.name, &format, lines, stop.clone());
        let ended = write_all(looked_up, &stop, &mut rows, &mut checkpoint, &progress).await;
        // What was written before an error is still resumable.
        let saved = rows.save(&checkpoint);
        let ending = ended?;
        saved?;

        if ending == Ending::Complete {
            rows.finish()?;
        }
        let is_important = ending == Ending::Interrupted || checkpoint.failed > 0;
        progress.finish(&self.summary(ending, &checkpoint), is_important);
        Ok(self.status(ending, &checkpoint))
    }

    /// Opens the output and returns what an earlier run has written to it.
    fn open_output(&self, entry: &Entry) -> anyhow::Result<(Rows, Checkpoint)> {
        let fresh = Checkpoint::new(entry.spec.name, self);
        match &self.output {
            None => Ok((Rows::stdout(), fresh)),
            Some(path) => {
                let is_input =
                    |file: &PathBuf| same_file::is_same_file(file, path).unwrap_or(false);
                ensure!(
                    !self.file.as_ref().is_some_and(is_input),
                    "{} is both input and output",
                    path.display()
                );
                Rows::resume(path, fresh, self.restart)
            }
        }
    }

    /// Runs the lookups, some at the same time; the rows come in the order of the lines. After `stop`, no further lookup
    /// is started, and the stream ends after the running ones.
    fn rows<'a>(
        &'a self,
        engine: &'a Engine,
        command: &'static str,
        format: &'a RowFormat,
        lines: InputLines,
        stop: CancellationToken,
    ) -> impl Stream<Item = anyhow::Result<OutputRow>> + 'a {
        let parallel = usize::from(self.parallel);
        // Fair: the lookups start in the order of the lines.
        let slots = Arc::new(Semaphore::new(parallel));
        let arguments = arguments::line(&self.arguments);

        let lines = stream::unfold(lines, async |mut lines| {
            lines.next().await.map(|line| (line, lines))
        });
        let stopped = stop.clone();
        lines
            .take_until(stop.cancelled_owned())
            .map(move |line| {
                let (slots, stopped) = (slots.clone(), stopped.clone());
                let arguments = arguments.clone();
                async move {
                    let line = match line {
                        Ok(line) => line,
                        Err(error) => return Some(Err(error)),
                    };
                    let _slot = slots.acquire_owned().await.ok()?;
                    if stopped.is_cancelled() {
                        return None;
                    }
                    Some(Ok(look_up(engine, command, &arguments, format, line).await))
                }
            })
            .buffered(parallel * AHEAD)
            // The first line that was not started: none after it was.
            .take_while(|row| std::future::ready(row.is_some()))
            .filter_map(std::future::ready)
    }

    fn summary(&self, ending: Ending, checkpoint: &Checkpoint) -> String {
        let done = checkpoint.sentence();
        match ending {
            Ending::Complete | Ending::Unread => done,
            Ending::Interrupted => {
                let words = arguments::quoted(std::env::args().skip(1));
                let command = format!("{} {words}", program::name());
                let how = match &self.output {
                    // Lines of standard input are skipped too, so it must come again.
                    Some(_) if self.reads_stdin() => {
                        format!("resume with the same input and: {command}")
                    }
                    Some(_) => format!("resume with: {command}"),
                    None => format!("continue with: --skip {}", checkpoint.lines),
                };
                format!("Interrupted. {done}; {how}")
            }
        }
    }

    /// The exit status; see the help.
    fn status(&self, ending: Ending, checkpoint: &Checkpoint) -> ExitCode {
        let is_bad = |severity| self.fail.is_some_and(|fail| fail.includes(severity));
        match ending {
            Ending::Interrupted => ExitCode::from(130),
            Ending::Unread => ExitCode::SUCCESS,
            Ending::Complete if checkpoint.worst.is_some_and(is_bad) => ExitCode::from(3),
            Ending::Complete if checkpoint.failed > 0 => ExitCode::FAILURE,
            Ending::Complete => ExitCode::SUCCESS,
        }
    }
}

/// Runs the lookup of one line.
async fn look_up(
    engine: &Engine,
    command: &str,
    arguments: &str,
    format: &RowFormat,
    line: Line,
) -> OutputRow {
    let started = std::time::Instant::now();
    let answer = match &line.fault {
        None => {
            let text = format!("{command} {} {arguments}", line.input);
            let input = Input::Text(text.trim_end().to_owned());
            let caller = Caller {
                own: true,
                ..Caller::default()
            };
            let request = Request::new(Platform::Terminal, input).by(caller).in_bulk();
            let answer = engine.ask(request, |_| {}).await;
            answer.map_err(|failure| match failure {
                Failure::Usage(error) => {
                    row::in_terms_of_the_line(error, command, &line.input, arguments).into()
                }
                failure => failure,
            })
        }
        Some(fault) => Err(fault.clone()),
    };
    OutputRow::new(line, answer, started.elapsed(), format)
}

/// Writes the rows as they come. After the first Ctrl-C, the running lookups are awaited; the second ends the batch at
/// once.
async fn write_all(
    looked_up: impl Stream<Item = anyhow::Result<OutputRow>>,
    stop: &CancellationToken,
    rows: &mut Rows,
    checkpoint: &mut Checkpoint,
    progress: &Progress,
) -> anyhow::Result<Ending> {
    tokio::pin!(looked_up);
    let mut signal = Box::pin(End::listen()?.wait());

    loop {
        let row = tokio::select! {
            row = looked_up.next() => row,
            () = &mut signal => {
                if stop.is_cancelled() {
                    return Ok(Ending::Interrupted);
                }
                stop.cancel();
                signal = Box::pin(End::listen()?.wait());
                progress.note("Waiting for the running lookups; press Ctrl-C again to stop at once");
                continue;
            }
        };

        let Some(row) = row.transpose()? else {
            return Ok(if stop.is_cancelled() {
                Ending::Interrupted
            } else {
                Ending::Complete
            });
        };
        checkpoint.add(&row);
        if !rows.write(&row.text, checkpoint, progress)? {
            return Ok(Ending::Unread);
        }
        progress.advance(checkpoint);
    }
}
