//! Document of a ping.

use netvane_document::{Answer, Bar, Cell, Chart, Document, Role, Severity};
use netvane_facts::target::both_forms;

use super::{Data, Row, Rtt, milliseconds};

/// Most replies in the document; of more, the last are shown.
const MAX_SHOWN: usize = 20;

impl Row {
    fn cells(&self) -> [Cell; 3] {
        let time = match (&self.rtt_ms, &self.error) {
            (Some(rtt), _) => format!("{} ms", milliseconds(*rtt)).into(),
            (None, Some(error)) => Cell::new(error, Role::Bad),
            (None, None) => Cell::new("lost", Role::Bad),
        };
        let last = match (self.ttl, self.state) {
            (Some(ttl), _) => ttl.to_string(),
            (None, Some(state)) => state.as_str().to_owned(),
            (None, None) => String::new(),
        };
        [self.seq.into(), time, last.into()]
    }
}

impl Data {
    fn severity(&self) -> Severity {
        match self.received {
            _ if self.sent < self.total => Severity::Neutral,
            0 => Severity::Bad,
            received if received < self.sent => Severity::Warning,
            _ => Severity::Good,
        }
    }

    fn summary(&self) -> String {
        let (received, sent) = (self.received, self.sent);
        let Some(Rtt { avg, .. }) = self.rtt_ms else {
            let text = if sent == self.total {
                "No reply (100 % loss)"
            } else {
                "Waiting for replies"
            };
            return text.into();
        };

        if sent != self.total {
            let of = if self.total > MAX_SHOWN {
                sent
            } else {
                self.total
            };
            return format!(
                "{received}/{of} replies so far, avg {} ms",
                milliseconds(avg)
            );
        }

        let loss = if received == sent {
            String::new()
        } else {
            format!(", {:.0} % loss", self.loss_percent)
        };
        format!(
            "{received}/{sent} replies{loss}, avg {} ms",
            milliseconds(avg)
        )
    }
}

impl Data {
    /// The round trips as a strip, without a bar for requests that are still in flight.
    fn chart(&self) -> Chart {
        let bars = self.replies.iter().map(|reply| Bar {
            label: reply.seq.to_string(),
            time: reply.rtt_ms,
        });
        Chart::Strip {
            title: "Round trips (ms)".into(),
            bars: bars.collect(),
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("Ping of {}", both_forms(&self.target));
        if self.at.address.is_none() {
            return self.at.explain_absence(title, &self.target);
        }

        let mut document = Document::new(title, self.summary(), self.severity());

        let last = if self.method.starts_with("tcp") {
            "State"
        } else {
            ">TTL"
        };
        let hidden = self.replies.len().saturating_sub(MAX_SHOWN);
        let shown = self.replies[hidden..].iter().map(Row::cells);
        document.table([">#", ">Time", last], shown.collect());
        document.draw(self.chart());
        if hidden > 0 {
            document.text(format!("{hidden} earlier replies are not shown."));
        }
        self.at.add_to(&mut document, "Address");

        if let Some(Rtt {
            min,
            avg,
            max,
            stddev,
        }) = self.rtt_ms
        {
            document.field(
                "min/avg/max/stddev",
                [min, avg, max, stddev].map(milliseconds).join(" / ") + " ms",
            );
        }

        if let Some(duplicates) = self.duplicates.filter(|duplicates| *duplicates > 0) {
            document.note(format!("{duplicates} duplicate replies"));
        }

        if let Some(hint) = &self.hint {
            document.note(format!(
                "Measured with TCP connections instead of ICMP ({}): {hint}",
                self.method
            ));
        }

        document
    }
}
