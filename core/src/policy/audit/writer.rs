//! Lines into one file a day. Nobody who hands one over waits for the disk; what the disk does not take waits, within
//! bounds, and what is lost is counted.
//!
//! Not over tracing-appender: it keeps a number of files, not an age, and says nothing where a line cannot be written.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::{ToSpan as _, civil::Date, tz::TimeZone};

/// Lines are gathered for so long: a system call for each of many thousand questions a second would be a good part of
/// what they cost.
const DELAY: Duration = Duration::from_millis(50);
/// A disk that does not take them is tried again after this time.
const TROUBLE: Duration = Duration::from_secs(1);
/// Bytes that may wait for the disk.
const MOST_WAITING: usize = 4 << 20;

/// Takes lines; those it has when it is dropped are written first.
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
    /// Makes the directory where it is not there, removes what is older than so many days, and opens today's file.
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

    /// Queues whole lines. False if the queue is full and they are lost.
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
                    // Back in front of what has come meanwhile.
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

/// `audit.2026-01-31.jsonl`, by the day in UTC.
struct Files {
    directory: PathBuf,
    retention_days: usize,
    today: Option<(Date, File)>,
}

impl Files {
    /// All of it, or nothing: half a line would spoil the next one.
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

    /// The file of this day, which is opened with its first line.
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

    /// Removes the files of days that are too long ago.
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
    fn what_is_too_old_goes_and_nothing_else() {
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
    fn what_waits_is_bounded_and_whole() {
        let directory = tempfile::tempdir().expect("a directory");
        let waiting = Arc::<Waiting>::default();
        let writer = Writer {
            waiting: waiting.clone(),
            thread: None,
        };
        let line = [b"x".repeat(MOST_WAITING / 2 - 1), b"\n".to_vec()].concat();
        assert!(writer.add(&line) && writer.add(&line));
        assert!(!writer.add(b"\n"), "no more of it");

        // A directory in the place of the file stands for a disk that takes nothing.
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

        fs::remove_dir(&blocked).expect("removed");
        waiting.write(&mut files);
        assert!(waiting.lines().bytes.is_empty());
        assert_eq!(
            fs::metadata(&blocked).expect("a file").len(),
            MOST_WAITING as u64
        );
    }
}
