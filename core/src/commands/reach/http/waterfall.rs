//! The phases of the requests as a waterfall.

use netvane_document::{Chart, ChartRow, ChartSpan, Phase, Severity, SpanStyle, milliseconds};

use super::data::{StepData, TimingsData};

/// Most requests whose phases have a row each; of more, each request has one row.
const MAX_DETAILED: usize = 3;

/// Draws the phases one after the other, each request after the one that redirected to it.
pub(super) fn chart(steps: &[StepData]) -> Chart {
    let mut rows = Vec::new();
    let mut start = 0.0;
    for step in steps {
        let spans = spans(&step.timings_ms, start);
        let status = step.status.map(|status| format!("{status} "));
        let label = format!("{}{}", status.unwrap_or_default(), step.url);
        if steps.len() > MAX_DETAILED {
            rows.push(ChartRow {
                label,
                value: milliseconds(step.timings_ms.total),
                severity: severity(step.status),
                spans: spans.into_iter().map(|(_, span)| span).collect(),
                ..ChartRow::default()
            });
        } else {
            if steps.len() > 1 {
                rows.push(ChartRow {
                    label,
                    ..ChartRow::default()
                });
            }
            rows.extend(spans.into_iter().map(phase_row));
        }
        start += step.timings_ms.total;
    }
    Chart::Rows {
        title: "Phases (ms)".into(),
        rows,
    }
}

/// The phases of one request that took place, on the time axis.
fn spans(timings: &TimingsData, start: f64) -> Vec<(Phase, ChartSpan)> {
    let TimingsData {
        dns,
        connect,
        tls,
        first_byte,
        total,
    } = *timings;
    let timed = [dns, connect, tls, first_byte];
    let known: f64 = timed.iter().flatten().sum();
    // The body is read from the first byte on; without an answer, the rest is no phase.
    let body = first_byte.map(|_| total - known).filter(|rest| *rest > 0.0);

    let mut from = start;
    let mut spans = Vec::new();
    for (phase, time) in Phase::ALL.into_iter().zip(timed.into_iter().chain([body])) {
        let Some(time) = time else { continue };
        let style = SpanStyle::Phase(phase);
        let to = from + time;
        spans.push((phase, ChartSpan { from, to, style }));
        from = to;
    }
    spans
}

fn phase_row((phase, span): (Phase, ChartSpan)) -> ChartRow {
    ChartRow {
        label: phase.name().into(),
        value: milliseconds(span.to - span.from),
        spans: vec![span],
        ..ChartRow::default()
    }
}

fn severity(status: Option<u16>) -> Severity {
    match status {
        None | Some(500..) => Severity::Bad,
        Some(400..) => Severity::Warning,
        Some(_) => Severity::Neutral,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(url: &str, timings_ms: TimingsData) -> StepData {
        StepData {
            url: url.into(),
            status: Some(301),
            address: None,
            location: None,
            timings_ms,
        }
    }

    fn timings(tls: Option<f64>) -> TimingsData {
        TimingsData {
            dns: Some(2.0),
            connect: Some(10.0),
            tls,
            first_byte: Some(20.0),
            total: 60.0,
        }
    }

    fn rows(steps: &[StepData]) -> Vec<ChartRow> {
        let Chart::Rows { rows, .. } = chart(steps) else {
            panic!("rows")
        };
        rows
    }

    #[test]
    fn phases_follow_each_other_and_the_rest_is_the_body() {
        let rows = rows(&[step("http://a.example/", timings(None))]);
        let shown: Vec<(&str, f64, f64)> = rows
            .iter()
            .map(|row| (row.label.as_str(), row.spans[0].from, row.spans[0].to))
            .collect();
        assert_eq!(
            shown,
            [
                ("DNS", 0.0, 2.0),
                ("Connect", 2.0, 12.0),
                ("First byte", 12.0, 32.0),
                ("Body", 32.0, 60.0)
            ]
        );
    }

    #[test]
    fn a_redirect_starts_where_the_request_before_it_ended() {
        let one = || step("https://a.example/", timings(Some(5.0)));
        let rows_of_two = rows(&[one(), one()]);
        assert_eq!(rows_of_two[0].label, "301 https://a.example/");
        assert_eq!(rows_of_two.len(), 12);
        assert_eq!(rows_of_two[7].spans[0].from, 60.0);
        let many = rows(&[one(), one(), one(), one()]);
        assert_eq!(many.len(), 4, "one row a request");
        assert_eq!(many[3].spans.len(), 5);
    }

    #[test]
    fn without_an_answer_there_is_no_body() {
        let failed = TimingsData {
            dns: Some(1.0),
            connect: None,
            tls: None,
            first_byte: None,
            total: 3000.0,
        };
        let rows = rows(&[step("http://a.example/", failed)]);
        assert_eq!(rows.len(), 1);
    }
}
