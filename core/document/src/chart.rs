//! Charts of durations: what a result looks like where images are shown. All times are in milliseconds.

use crate::Severity;

/// Most bars or rows that are drawn of a chart.
pub const MAX_ITEMS: usize = 64;

/// Longest duration in a chart in milliseconds: one hour. Data may come from another machine; what is longer, negative
/// or no number is not drawn.
const MAX_TIME: f64 = 3_600_000.0;

/// A chart of durations. Everything that it shows is in the blocks of its document too.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// One bar for each measurement, in the order of time: the replies of a ping.
    Strip {
        /// What is measured, with its unit.
        title: String,
        /// The measurements in the order of time.
        bars: Vec<Bar>,
    },
    /// One row for each item, with spans on an axis that all rows share: the hops of a route, the phases of a request.
    Rows {
        /// What is measured, with its unit.
        title: String,
        /// The rows, from top to bottom.
        rows: Vec<ChartRow>,
    },
    /// Points on a map of the world.
    Map {
        /// What the points are.
        title: String,
        /// The points, the most important first.
        points: Vec<MapPoint>,
    },
}

/// A point of a [`Chart::Map`].
#[derive(Debug, Clone, PartialEq)]
pub struct MapPoint {
    /// What is there.
    pub label: String,
    /// Color of the point.
    pub severity: Severity,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

impl MapPoint {
    /// Whether it is on the map.
    pub(crate) fn is_drawable(&self) -> bool {
        (-58.0..=84.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude)
    }
}

/// One measurement of a [`Chart::Strip`].
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Number or name of the measurement.
    pub label: String,
    /// The duration; `None` if there was no reply.
    pub time: Option<f64>,
}

/// One row of a [`Chart::Rows`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChartRow {
    /// Number of the row; empty if rows have none.
    pub number: String,
    /// What the row is about.
    pub label: String,
    /// The value at the end of the row.
    pub value: String,
    /// Color of the value.
    pub severity: Severity,
    /// What is drawn, the later on top of the earlier.
    pub spans: Vec<ChartSpan>,
}

/// A part of the time axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartSpan {
    /// Start of the span.
    pub from: f64,
    /// End of the span.
    pub to: f64,
    /// How the span is drawn.
    pub style: SpanStyle,
}

/// How a [`ChartSpan`] is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanStyle {
    /// A bar in the color of a severity.
    Bar(Severity),
    /// A thin line: the range between the shortest and the longest time.
    Range,
    /// A bar in the color of a phase of a request.
    Phase(Phase),
}

/// Phase of a request, in the order in which they occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Resolving the host name.
    Dns,
    /// Opening the TCP connection.
    Connect,
    /// The handshake of TLS, after the connection is open.
    Tls,
    /// From the request to the first byte of the answer.
    Wait,
    /// From the first byte of the answer to the last one.
    Body,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Self; 5] = [Self::Dns, Self::Connect, Self::Tls, Self::Wait, Self::Body];

    /// Name of the phase as it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "DNS",
            Self::Connect => "Connect",
            Self::Tls => "TLS",
            Self::Wait => "First byte",
            Self::Body => "Body",
        }
    }
}

impl ChartSpan {
    /// Whether both ends are durations that can be drawn.
    pub(crate) fn is_drawable(&self) -> bool {
        is_time(self.from) && is_time(self.to) && self.from <= self.to
    }
}

impl Bar {
    /// The duration, if it can be drawn.
    pub(crate) fn drawable_time(&self) -> Option<f64> {
        self.time.filter(|time| is_time(*time))
    }
}

impl Chart {
    /// What the chart measures.
    pub fn title(&self) -> &str {
        match self {
            Self::Strip { title, .. } | Self::Rows { title, .. } | Self::Map { title, .. } => title,
        }
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Strip { bars, .. } => bars.is_empty(),
            Self::Rows { rows, .. } => rows.is_empty(),
            Self::Map { points, .. } => !points.iter().any(MapPoint::is_drawable),
        }
    }
}

fn is_time(value: f64) -> bool {
    (0.0..=MAX_TIME).contains(&value)
}

/// Writes milliseconds with three significant digits or so: `12.3`, `1.23`, `0.040`.
pub fn milliseconds(value: f64) -> String {
    match value {
        value if value < 0.1 => format!("{value:.3}"),
        value if value < 10.0 => format!("{value:.2}"),
        value => format!("{value:.1}"),
    }
}
