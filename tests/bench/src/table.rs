//! The table of results, with peers and targets.

use std::{fmt, time::Duration};

/// Target of a ratio, or of a figure without a peer.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// The figure must not exceed this.
    AtMost(f64),
    /// The figure must reach this.
    AtLeast(f64),
}

/// One line of the table.
pub(crate) struct Row {
    /// Name of the measurement.
    pub what: &'static str,
    /// Netvane's figure with its unit.
    pub own: String,
    /// The peer's figure, with the peer's name.
    pub peer: String,
    /// The ratio of both figures, which the target refers to.
    pub ratio: f64,
    /// The target for the ratio.
    pub target: Target,
}

impl Target {
    fn met(self, figure: f64) -> &'static str {
        let met = match self {
            Self::AtMost(limit) => figure <= limit,
            Self::AtLeast(limit) => figure >= limit,
        };
        if met { "met" } else { "NOT MET" }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(limit) => write!(f, "≤ {limit}"),
            Self::AtLeast(limit) => write!(f, "≥ {limit}"),
        }
    }
}

impl Row {
    /// Compares two lists of times by their medians.
    pub(crate) fn times(
        what: &'static str,
        own: Vec<Duration>,
        who: &str,
        peer: Vec<Duration>,
        target: Target,
    ) -> Self {
        let (own, peer) = (median(own), median(peer));
        let ratio = own.as_secs_f64() / peer.as_secs_f64();
        Self {
            what,
            own: milliseconds(own),
            peer: format!("{} {who}", milliseconds(peer)),
            ratio,
            target,
        }
    }
}

/// Returns the median; the default value if there are no values.
pub(crate) fn median<T: PartialOrd + Copy + Default>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// Prints the table to standard output.
pub(crate) fn print(rows: &[Row]) {
    println!(
        "{:<34} {:>17}  {:<31} {:>6}  {:<7} result",
        "median", "netvane", "peer", "ratio", "target"
    );
    for Row {
        what,
        own,
        peer,
        ratio,
        target,
    } in rows
    {
        let met = target.met(*ratio);
        let target = target.to_string();
        println!("{what:<34} {own:>17}  {peer:<31} {ratio:>6.2}  {target:<7} {met}");
    }
}
