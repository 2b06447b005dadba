//! What the tests measure, for the table that `attack/run` prints.

use std::{fmt::Display, fs::OpenOptions, io::Write, time::Duration};

/// Notes a figure that has a limit and fails if it exceeds it. `what` names the figure; `unit` is a
/// unit or what is counted.
#[track_caller]
pub(crate) fn at_most(what: &str, measured: f64, limit: f64, unit: &str) {
    note(what, number(measured), format!("≤ {}", number(limit)), unit);
    assert!(
        measured <= limit,
        "{what}: {measured} of at most {limit} {unit}"
    );
}

/// Notes a count that must be exactly this one.
#[track_caller]
pub(crate) fn exactly(what: &str, measured: usize, expected: usize, unit: &str) {
    note(what, measured, format!("= {expected}"), unit);
    assert_eq!(measured, expected, "{what}, {unit}");
}

/// Notes a figure that must not be smaller.
#[track_caller]
pub(crate) fn at_least(what: &str, measured: f64, limit: f64, unit: &str) {
    note(what, number(measured), format!("≥ {}", number(limit)), unit);
    assert!(
        measured >= limit,
        "{what}: {measured} of at least {limit} {unit}"
    );
}

/// Returns a time in milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Returns a fraction of sorted times, such as 0.99 for the 99th percentile.
pub(crate) fn percentile(sorted: &[Duration], part: f64) -> Duration {
    sorted[((sorted.len() as f64 * part) as usize).min(sorted.len() - 1)]
}

fn number(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

/// Appends a line `what|measured|limit|unit` to the file that `NETVANE_FIGURES` names.
fn note(what: &str, measured: impl Display, limit: impl Display, unit: &str) {
    println!("{what}: {measured} {unit} ({limit})");
    let Some(path) = std::env::var_os("NETVANE_FIGURES") else {
        return;
    };
    let file = OpenOptions::new().append(true).create(true).open(path);
    // In one write, so that lines of concurrent tests do not mix.
    let line = format!("{what}|{measured}|{limit}|{unit}\n");
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("NETVANE_FIGURES names a file");
}
