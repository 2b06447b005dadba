//! The progress bar of a batch, on standard error and only if that is a terminal.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::checkpoint::Checkpoint;
use crate::program;

/// Time between two frames of the bar.
const FRAME: Duration = Duration::from_millis(200);

/// The progress bar; hidden if standard error is not a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    is_shown: bool,
}

impl Progress {
    /// Starts at `done` rows of `total`, if that is known.
    pub(super) fn new(total: Option<u64>, done: u64) -> Self {
        let is_shown = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let template = match total {
            Some(_) => "{wide_bar} {pos}/{len} {msg} ETA {eta}",
            None => "{spinner} {pos} done {msg} {per_sec}",
        };
        // The templates are valid; otherwise the bar has its default form.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_position(done);
        bar.reset_eta();
        if is_shown {
            bar.enable_steady_tick(FRAME);
        }
        Self { bar, is_shown }
    }

    /// Shows what is done.
    pub(super) fn advance(&self, checkpoint: &Checkpoint) {
        self.bar.set_position(checkpoint.rows);
        if checkpoint.failed > 0 {
            self.bar
                .set_message(format!("{} failed", checkpoint.failed));
        }
    }

    /// Hides the bar while something is printed.
    pub(super) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.suspend(print)
    }

    /// Prints a line above the bar.
    pub(super) fn note(&self, text: &str) {
        self.suspend(|| eprintln!("{}: {text}", program::name()));
    }

    /// Removes the bar and prints the summary: on a terminal always, elsewhere if `is_important`.
    pub(super) fn finish(&self, summary: &str, is_important: bool) {
        self.bar.finish_and_clear();
        if self.is_shown || is_important {
            eprintln!("{}: {summary}", program::name());
        }
    }
}
