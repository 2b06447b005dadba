//! A wall clock that jumps, for one process: libfaketime. The clock that measures time goes on as it does.

use std::path::PathBuf;

use crate::{Lab, Scratch};

/// Tells the time to the services that were started with its settings.
pub struct Clock {
    scratch: Scratch,
    library: String,
    file: PathBuf,
}

impl Clock {
    /// A clock that shows the right time at first.
    pub fn new(lab: &Lab) -> Self {
        let scratch = Scratch::new();
        let file = scratch.file("time", "+0");
        Self {
            scratch,
            library: lab.value("FAKETIME").to_owned(),
            file,
        }
    }

    /// What a process needs to look at this clock.
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

    /// From now on the clock is off by this much, such as `+2d` or `-3h`.
    pub fn jumps(&self, off: &str) {
        // In one stroke: it is read all the time.
        let next = self.scratch.file("next", off);
        std::fs::rename(next, &self.file).expect("files can be renamed");
    }
}
