//! A wall clock that can jump, for one process, by libfaketime. The monotonic clock is not
//! affected.

use std::path::PathBuf;

use crate::{Lab, Scratch};

/// Fakes the wall clock of services that are started with its settings.
pub struct Clock {
    scratch: Scratch,
    library: String,
    file: PathBuf,
}

impl Clock {
    /// Creates a clock that shows the right time at first.
    pub fn new(lab: &Lab) -> Self {
        let scratch = Scratch::new();
        let file = scratch.file("time", "+0");
        Self {
            scratch,
            library: lab.value("FAKETIME").to_owned(),
            file,
        }
    }

    /// Returns the environment variables that make a process use this clock.
    pub fn settings(&self) -> [(&'static str, &str); 5] {
        [
            ("LD_PRELOAD", &self.library),
            (
                "FAKETIME_TIMESTAMP_FILE",
                self.file.to_str().expect("a path in UTF-8"),
            ),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ]
    }

    /// Sets the clock's offset from now on, such as `+2d` or `-3h`.
    pub fn jumps(&self, off: &str) {
        // Replace the file atomically, because it is read all the time.
        let next = self.scratch.file("next", off);
        std::fs::rename(next, &self.file).expect("files can be renamed");
    }
}
