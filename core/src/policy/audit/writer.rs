//! Writes lines to one file per day. Callers never wait for the disk: lines that cannot be written
//! yet are queued up to a limit, and lost lines are counted.
//!
//! tracing-appender is not used, because it keeps a number of files instead of an age and does not
//! report lines that could not be written.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::{ToSpan as _, civil::Date, tz::TimeZone};

/// Time for which lines are gathered. A system call per line would be a large part of the cost of
/// many thousand requests per second.
const DELAY: Duration = Duration::from_millis(50);
/// Delay before a failed write is retried.
const TROUBLE: Duration = Duration::from_secs(1);
/// Maximum number of bytes that wait for the disk.
const MOST_WAITING: usize = 4 << 20;

/// Queues lines; on drop, the queued lines are written first.
pub(super) struct Writer {
    waiting: Arc<Waiting>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Waiting {
    lines: Mutex<Lines>,
    news: Condvar,
}

#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    ended: bool,
}

impl Writer {
    /// Creates the directory if it does not exist, removes files older than `retention_days`, and
    /// opens today's file.
    pub(super) fn start(directory: &Path, retention_days: usize) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let mut files = Files {
            directory: directory.into(),
            retention_days,
            today: None,
        };
        files.of(today())?;
        let waiting = Arc::<Waiting>::default();
        let thread = thread::Builder::new().name("audit".into()).spawn({
            let waiting = waiting.clone();
            move || waiting.write(&mut files)
        })?;
        Ok(Self {
            waiting,
            thread: Some(thread),
        })
    }

    /// Queues whole lines. Returns false if the queue is full and the lines are lost.
    pub(super) fn add(&self, lines: &[u8]) -> bool {
        let mut waiting = self.waiting.lines();
        if waiting.bytes.len() + lines.len() > MOST_WAITING {
            return false;
        }
        let first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(lines);
        drop(waiting);
        if first {
            self.waiting.news.notify_one();
        }
        true
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.waiting.lines().ended = true;
        self.waiting.news.notify_one();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Waiting {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, files: &mut Files) {
        let mut spare = Vec::new();
        let mut in_trouble = false;

        loop {
            let idle = |lines: &mut Lines| lines.bytes.is_empty() && !lines.ended;
            let lines = self
                .news
                .wait_while(self.lines(), idle)
                .unwrap_or_else(PoisonError::into_inner);
            let gathering = |lines: &mut Lines| !lines.ended;
            let delay = if in_trouble { TROUBLE } else { DELAY };
            let (mut lines, _) = self
                .news
                .wait_timeout_while(lines, delay, gathering)
                .unwrap_or_else(PoisonError::into_inner);
            let ended = lines.ended;
            std::mem::swap(&mut lines.bytes, &mut spare);
            drop(lines);
            match files.append(&spare) {
                Ok(()) => {
                    if std::mem::take(&mut in_trouble) {
                        tracing::info!("audit log writable again");
                    }
                    spare.clear();
                }
                Err(error) => {
                    if !std::mem::replace(&mut in_trouble, true) {
                        tracing::error!(%error, "could not write audit log, retrying");
                    }
                    // Put the lines back in front of those that arrived in the meantime.
                    let mut lines = self.lines();
                    spare.append(&mut lines.bytes);
                    std::mem::swap(&mut lines.bytes, &mut spare);
                }
            }

            if ended {
                return;
            }
        }
    }
}

/// Files named `audit.2026-01-31.jsonl`, by the day in UTC.
struct Files {
    directory: PathBuf,
    retention_days: usize,
    today: Option<(Date, File)>,
}

impl Files {
    /// Appends all lines or none: a partial line would corrupt the next one.
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut file = self.of(today())?;
        let before = file.metadata()?.len();
        file.write_all(lines).inspect_err(|_| {
            let _ = file.set_len(before);
        })
    }

    /// Returns the file of this day, opening it for its first line.
    fn of(&mut self, day: Date) -> io::Result<&File> {
        if self.today.as_ref().is_none_or(|(opened, _)| *opened != day) {
            let path = self.directory.join(name(day));
            let mut options = OpenOptions::new();
            options.append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(path)?;
            self.today = Some((day, file));
            self.forget(day);
        }
        self.today
            .as_ref()
            .map(|(_, file)| file)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Removes the files of days before the retention period.
    fn forget(&self, day: Date) {
        let days = i64::try_from(self.retention_days)
            .unwrap_or(i64::MAX)
            .min(36_500);
        let Ok(first_kept) = day.checked_sub((days - 1).days()) else {
            return;
        };

        for entry in fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name();
            let day = name
                .to_str()
                .and_then(|name| name.strip_prefix("audit.")?.strip_suffix(".jsonl"));
            if day
                .and_then(|day| day.parse::<Date>().ok())
                .is_some_and(|day| day < first_kept)
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::error!(%error, file = %entry.path().display(), "could not remove old audit log");
            }
        }
    }
}

fn name(day: Date) -> String {
    format!("audit.{day}.jsonl")
}

fn today() -> Date {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_only_files_past_the_retention_period() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        let ago = |days: i64| today().checked_sub(days.days()).expect("a day");
        let mut names: Vec<String> = (0..5).map(|days| name(ago(days))).collect();

        names.extend(
            [
                "audit.jsonl",
                "audit.2001-02-30.jsonl",
                "other.2001-01-01.jsonl",
            ]
            .map(str::to_owned),
        );

        for name in &names {
            fs::write(at(name), "{}\n").expect("written");
        }

        let writer = Writer::start(directory.path(), 3).expect("starts");
        assert!(writer.add(b"{\"at\":1}\n"));
        drop(writer);
        let there: Vec<bool> = names.iter().map(|name| at(name).exists()).collect();
        assert_eq!(there, [true, true, true, false, false, true, true, true]);
        assert_eq!(
            fs::read_to_string(at(&names[0])).expect("read"),
            "{}\n{\"at\":1}\n"
        );
    }

    #[test]
    fn the_queue_is_bounded_and_keeps_whole_lines() {
        let directory = tempfile::tempdir().expect("a directory");
        let waiting = Arc::<Waiting>::default();
        let writer = Writer {
            waiting: waiting.clone(),
            thread: None,
        };
        let line = [b"x".repeat(MOST_WAITING / 2 - 1), b"\n".to_vec()].concat();
        assert!(writer.add(&line) && writer.add(&line));
        assert!(!writer.add(b"\n"), "no more of it");

        // A directory in place of the file simulates a disk that rejects writes.
        let blocked = directory.path().join(name(today()));
        fs::create_dir(&blocked).expect("made");
        let mut files = Files {
            directory: directory.path().into(),
            retention_days: 1,
            today: None,
        };

        waiting.lines().ended = true;
        waiting.write(&mut files);
        assert_eq!(
            waiting.lines().bytes.len(),
            MOST_WAITING,
            "it goes on waiting"
        );

        fs::remove_dir(&blocked).expect("removes the directory");
        waiting.write(&mut files);
        assert!(waiting.lines().bytes.is_empty());
        assert_eq!(
            fs::metadata(&blocked).expect("a file").len(),
            MOST_WAITING as u64
        );
    }
}
