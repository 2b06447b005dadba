//! Contract §3: the sources of settings, and errors about invalid ones.

mod errors;
mod sources;
mod warnings;

use netvane_tests::Finished;

/// Returns the output of a successful run.
#[track_caller]
fn shown(run: Finished) -> String {
    run.text().to_owned()
}
