//! The log, on standard error.
//!
//! Lines are buffered and written together a few milliseconds later, because a system call per line
//! would be a large part of the cost of a request at thousands of requests per second. A log without
//! lines wakes no thread.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use netvane_core::settings::{Log, LogFormat, Settings};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt::MakeWriter, layer::SubscriberExt, reload,
    util::SubscriberInitExt,
};

use crate::otel::{self, Traces};

/// Longest time that a line is buffered.
const DELAY: Duration = Duration::from_millis(50);
/// Most bytes that are buffered before they are written.
const FULL: usize = 64 * 1024;

/// Targets of Netvane's own crates; others log only warnings and errors by default.
const OWN: [&str; 7] = [
    "netvane",
    "netvane_core",
    "netvane_webhook",
    "netvane_chat",
    "netvane_telegram",
    "netvane_discord",
    "netvane_nats",
];

/// Clients that repeat what their adapter logs about the state of its connection: silent unless the setting names them.
const SILENT: [&str; 2] = ["serenity", "async_nats"];

/// Keeps the log running; flushes it when dropped.
#[must_use = "the log ends when this is dropped"]
pub(crate) struct Guard(
    LogLines,
    #[expect(dead_code, reason = "it is for its end")] Option<Traces>,
);

/// Handle to change the log level while running.
#[derive(Clone)]
pub(crate) struct Level(reload::Handle<EnvFilter, Registry>);

impl Level {
    /// Applies new log settings; fails if they are invalid.
    pub(crate) fn set(&self, settings: &Log) -> anyhow::Result<()> {
        self.0.reload(filter(settings)?).context("log.level")
    }
}

#[derive(Clone, Default)]
struct LogLines(Arc<Buffer>);

/// Lines that are not written yet.
#[derive(Default)]
struct Buffer {
    bytes: Mutex<Vec<u8>>,
    /// Tells the log thread that the buffer is no longer empty.
    filling: Condvar,
}

/// Builds the log filter; an error names the setting.
pub(crate) fn filter(settings: &Log) -> anyhow::Result<EnvFilter> {
    let silent: String = SILENT
        .iter()
        .filter(|client| !settings.level.contains(**client))
        .map(|client| format!("{client}=off,"))
        .collect();
    let mut level = format!("{silent}{}", settings.level);
    // A single word as level applies to Netvane only: below info, the platforms' client crates log
    // URLs that contain tokens.
    if let Some(word) = ["debug", "trace"]
        .into_iter()
        .find(|word| settings.level.eq_ignore_ascii_case(word))
    {
        level = OWN.iter().fold(format!("{silent}info"), |level, own| {
            format!("{level},{own}={word}")
        });
    }
    let level = format!("{level},{}=off", otel::TARGET);
    EnvFilter::try_new(level).with_context(|| format!("log.level: `{}`", settings.level))
}

/// Starts logging, and tracing if a collector is configured.
pub(crate) fn start(settings: &Settings) -> anyhow::Result<(Guard, Level)> {
    let (filter, level) = reload::Layer::new(filter(&settings.log)?);
    let lines = LogLines::default();
    let log = tracing_subscriber::fmt::layer().with_writer(lines.clone());
    let log = match settings.log.format {
        LogFormat::Text => log
            .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
            .boxed(),
        LogFormat::Json => log.json().boxed(),
    };

    let traces = Traces::new(&settings.telemetry)?;
    let spans = traces.as_ref().map(Traces::layer);

    tracing_subscriber::registry()
        .with(log.with_filter(filter))
        .with(spans)
        .init();

    let flushed = lines.clone();

    std::thread::Builder::new()
        .name("log".into())
        .spawn(move || {
            loop {
                flushed.wait_for_line();
                std::thread::sleep(DELAY);
                flushed.flush();
            }
        })?;

    Ok((Guard(lines, traces), Level(level)))
}

impl LogLines {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_line(&self) {
        let mut lines = self.lock();
        while lines.is_empty() {
            lines = self
                .0
                .filling
                .wait(lines)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn flush(&self) {
        // Write while holding the lock, so that lines keep their order.
        let mut lines = self.lock();
        if !lines.is_empty() {
            // There is no way to report that the log cannot be written.
            let _ = io::stderr().lock().write_all(&lines);
            lines.clear();
        }
    }
}

impl<'a> MakeWriter<'a> for LogLines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let (first, full) = {
            let mut lines = self.lock();
            let first = lines.is_empty();
            lines.extend_from_slice(line);
            (first, lines.len() > FULL)
        };

        if full {
            LogLines::flush(self);
        } else if first {
            self.0.filling.notify_one();
        }

        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.flush();
    }
}
