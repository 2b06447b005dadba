//! Charts of the round trips to each hop.

use netvane_document::{Answer, Chart, ChartRow, ChartSpan, Severity, SpanStyle};

use super::{data, hop, in_rounds, measured, probe, refused};
use crate::commands::reach::trace::*;

fn chart_rows(data: &Data) -> Vec<ChartRow> {
    match Answer::present(data).chart {
        Some(Chart::Rows { rows, .. }) => rows,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_chart_shows_the_mean_and_the_range_of_each_hop() {
    let hops = vec![
        hop(
            1,
            vec![probe("192.0.2.1", 1.0), None, probe("192.0.2.1", 3.0)],
        ),
        hop(2, vec![None, None]),
        hop(3, vec![refused("192.0.2.9")]),
    ];
    let rows = chart_rows(&data(hops, true));
    let span = |from, to, style| ChartSpan { from, to, style };
    assert_eq!(
        rows[0].spans,
        [
            span(0.0, 2.0, SpanStyle::Bar(Severity::Neutral)),
            span(1.0, 3.0, SpanStyle::Range)
        ]
    );
    assert_eq!(rows[0].value, "2.00");
    assert_eq!(
        (rows[1].value.as_str(), rows[1].spans.len()),
        ("no reply", 0)
    );
    assert_eq!(rows[2].severity, Severity::Bad, "an ICMP error");
}

#[test]
fn the_chart_of_rounds_says_which_hops_lose_packets() {
    let rows = chart_rows(&in_rounds(
        vec![
            measured(1, &["192.0.2.1"], 10, 0),
            measured(2, &["192.0.2.2"], 10, 2),
        ],
        true,
    ));
    assert_eq!(rows[0].severity, Severity::Neutral);
    assert_eq!(rows[1].severity, Severity::Warning);
    assert_eq!(rows[1].label, "192.0.2.2 (20 % loss)");
}
