use proptest::{collection::vec, num::f64::ANY, option, prelude::*, sample::select};
use resvg::{
    tiny_skia::Pixmap,
    usvg::roxmltree::{self, Node},
};

use super::{card::card, *};
use crate::{Bar, ChartRow, ChartSpan, MapPoint, Phase, Severity, SpanStyle, render::is_unsafe};

fn station(title: &str, name: &str, severity: Severity) -> Station {
    Station {
        title: title.into(),
        name: name.into(),
        via: String::new(),
        severity,
    }
}

fn path(stations: Vec<Station>) -> Document {
    let mut document = Document::new("How <mail> travels", "", Severity::Neutral);
    document.block(Block::Path { stations });
    document
}

fn charted(chart: Chart) -> Document {
    let mut document = Document::new("Ping of example.com", "4/4 replies", Severity::Good);
    document.draw(chart);
    document
}

fn strip(times: &[Option<f64>]) -> Chart {
    let bars = times.iter().enumerate().map(|(index, time)| Bar {
        label: index.to_string(),
        time: *time,
    });
    Chart::Strip {
        title: "Round trips (ms)".into(),
        bars: bars.collect(),
    }
}

#[test]
fn png_has_the_expected_size_and_shows_the_text() {
    let document = |name: &str| path(vec![station("Mail server", name, Severity::Good)]);
    let picture = png(&document("mx.example.com")).expect("an image");
    let drawn = Pixmap::decode_png(&picture).expect("a PNG");
    assert_eq!((drawn.width(), drawn.height()), (1120, 256));
    let other = png(&document("mail.example.net")).expect("an image");
    assert_ne!(picture, other, "the text is in the image");
    assert_eq!(png(&Document::default()), None);
}

#[test]
fn stations_have_the_color_of_their_severity() {
    let document = path(vec![
        station("A", "a", Severity::Good),
        station("B", "b", Severity::Bad),
    ]);
    let image = svg(&document).expect("an image");
    let edges: Vec<usize> = ["p-edge-good\"", "p-edge-bad\"", "p-edge-warning\""]
        .map(|class| image.matches(class).count())
        .into();
    assert_eq!(edges, [1, 1, 0], "{image}");
    assert!(
        image.contains('✓') && image.contains('✗'),
        "color is not the only sign"
    );
}

#[test]
fn svg_escapes_hostile_text() {
    let image = svg(&path(vec![station(
        "Server",
        "<script>\u{202e}",
        Severity::Bad,
    )]))
    .expect("an image");
    assert!(image.starts_with("<svg ") && image.ends_with("</svg>"));
    assert!(
        !image.contains("<script") && image.contains("&lt;script&gt;\\u{202e}"),
        "{image}"
    );
    assert!(image.contains("<title>How &lt;mail&gt; travels</title>"));
    assert_eq!(svg(&Document::default()), None);
}

#[test]
fn bars_are_as_high_as_their_times_and_a_lost_one_is_a_cross() {
    let image = chart_svg(&strip(&[Some(10.0), Some(5.0), None]));
    let heights: Vec<&str> = image
        .split("<rect class=\"p-neutral\"")
        .skip(1)
        .filter_map(|rest| rest.split("height=\"").nth(1)?.split('"').next())
        .collect();
    assert_eq!(heights, ["72", "36"], "{image}");
    assert_eq!(image.matches('✗').count(), 1, "{image}");
    assert!(
        image.contains("aria-label=\"Round trips (ms): 10.0, 5.00, lost\""),
        "{image}"
    );
}

#[test]
fn png_of_a_chart_shows_its_values() {
    let drawn = |times: &[Option<f64>]| png(&charted(strip(times))).expect("an image");
    // The bars are the same, as both are scaled to the longest.
    assert_ne!(drawn(&[Some(10.0)]), drawn(&[Some(20.0)]));
}

#[test]
fn the_axis_has_round_steps_and_holds_the_longest_time() {
    let span = |from, to, phase| ChartSpan {
        from,
        to,
        style: SpanStyle::Phase(phase),
    };
    let row = |to| ChartRow {
        spans: vec![span(0.0, to / 2.0, Phase::Dns), span(0.0, to, Phase::Wait)],
        ..ChartRow::default()
    };
    let rows = vec![row(10.0), row(48.0)];
    let image = chart_svg(&Chart::Rows {
        title: "Phases".into(),
        rows,
    });
    for time in [">0<", ">20<", ">40<", ">60<"] {
        assert!(image.contains(time), "{time} in {image}");
    }
    assert!(image.contains("width=\"80%\""), "48 of 60: {image}");
    assert!(image.contains("First byte"), "the phases are explained");
}

#[test]
fn rows_without_times_have_no_axis() {
    let silent = ChartRow {
        number: "1".into(),
        value: "no reply".into(),
        ..ChartRow::default()
    };
    let image = chart_svg(&Chart::Rows {
        title: "Round trips by hop (ms)".into(),
        rows: vec![silent],
    });
    assert!(image.contains("no reply"), "{image}");
    assert!(!image.contains("p-grid"), "{image}");
}

#[test]
fn images_of_the_largest_charts_are_small_and_within_limits() {
    let row = ChartRow {
        number: "64".into(),
        label: "core-router-with-a-long-name.pop7.frankfurt.example.net".into(),
        value: "123.4".into(),
        severity: Severity::Warning,
        spans: vec![
            ChartSpan {
                from: 0.0,
                to: 123.4,
                style: SpanStyle::Bar(Severity::Warning),
            },
            ChartSpan {
                from: 100.0,
                to: 180.0,
                style: SpanStyle::Range,
            },
        ],
    };
    let rows = Chart::Rows {
        title: "Round trips (ms)".into(),
        rows: vec![row; 200],
    };
    let times: Vec<Option<f64>> = (0..200)
        .map(|at| (at % 7 != 0).then_some(f64::from(at)))
        .collect();
    for chart in [rows, strip(&times)] {
        let document = charted(chart);
        let picture = png(&document).expect("an image");
        let drawn = Pixmap::decode_png(&picture).expect("a PNG");
        assert!(drawn.width() * drawn.height() <= 1_300_000);
        assert!(picture.len() < 100_000, "{} bytes", picture.len());
        let preview = Pixmap::decode_png(&card_png(&document).expect("a card")).expect("a PNG");
        assert_eq!((preview.width(), preview.height()), (1200, 630));
    }
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "<script>alert(1)</script>",
        "\"",
        "'",
        "&",
        "]]>",
        "<!--",
        "\u{202e}",
        "\0",
        "\n",
        "👍",
        "x",
        "-->",
        "\u{1b}[31m",
        "mail.example.com",
        "</svg>",
        "&#x0;",
        "\u{fffe}",
    ]);
    (vec(piece, 0..6), prop_oneof![9 => Just(1), 1 => Just(400)])
        .prop_map(|(pieces, times): (Vec<&str>, usize)| pieces.concat().repeat(times))
}

fn any_chart() -> impl Strategy<Value = Chart> {
    let time = || prop_oneof![ANY, 0.0..100.0_f64];
    let degrees = || prop_oneof![ANY, -200.0..200.0_f64];
    let severity = || {
        select(vec![
            Severity::Good,
            Severity::Neutral,
            Severity::Warning,
            Severity::Bad,
        ])
    };
    let style = prop_oneof![
        severity().prop_map(SpanStyle::Bar),
        Just(SpanStyle::Range),
        select(Phase::ALL.to_vec()).prop_map(SpanStyle::Phase),
    ];
    let span = (time(), time(), style).prop_map(|(from, to, style)| ChartSpan { from, to, style });
    let row = (hostile(), hostile(), hostile(), severity(), vec(span, 0..4)).prop_map(
        |(number, label, value, severity, spans)| ChartRow {
            number,
            label,
            value,
            severity,
            spans,
        },
    );
    let bar = (hostile(), option::of(time())).prop_map(|(label, time)| Bar { label, time });
    let point = (hostile(), severity(), degrees(), degrees()).prop_map(
        |(label, severity, latitude, longitude)| MapPoint {
            label,
            severity,
            latitude,
            longitude,
        },
    );
    prop_oneof![
        (hostile(), vec(bar, 0..80)).prop_map(|(title, bars)| Chart::Strip { title, bars }),
        (hostile(), vec(row, 0..80)).prop_map(|(title, rows)| Chart::Rows { title, rows }),
        (hostile(), vec(point, 0..80)).prop_map(|(title, points)| Chart::Map { title, points }),
    ]
}

/// Checks that an image consists of harmless elements with finite numbers.
fn check(image: &str) -> Result<(), TestCaseError> {
    prop_assert!(!image.chars().any(is_unsafe), "{image}");
    prop_assert!(
        !image.contains("NaN") && !image.contains("inf\""),
        "{image}"
    );
    let tree = roxmltree::Document::parse(image);
    prop_assert!(tree.is_ok(), "{:?} in {image}", tree.err());
    for node in tree
        .expect("well-formed")
        .descendants()
        .filter(Node::is_element)
    {
        let name = node.tag_name().name();
        prop_assert!(
            ["svg", "title", "style", "path", "rect", "text"].contains(&name),
            "{name}"
        );
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            prop_assert!(!name.starts_with("on") && !name.contains("href"), "{name}");
            if ["x", "y", "width", "height"].contains(&name) {
                let number = value.trim_end_matches('%').parse::<f64>();
                prop_assert!(
                    number.is_ok_and(|it| (-10.0..=8000.0).contains(&it)),
                    "{name}={value}"
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn images_are_harmless_whatever_the_data(chart in any_chart(), title in hostile(), summary in hostile()) {
        check(&chart_svg(&chart))?;
        let mut document = Document::new(title, summary, Severity::Bad);
        document.draw(chart);
        if let Some(image) = svg(&document) {
            check(&image)?;
        }
        check(&card(&document))?;
        prop_assert!(alt(&document).is_none_or(|alt| alt.chars().count() <= MAX_ALT));
    }
}

fn point(label: &str, latitude: f64, longitude: f64) -> MapPoint {
    MapPoint {
        label: label.into(),
        severity: Severity::Good,
        latitude,
        longitude,
    }
}

#[test]
fn a_map_labels_points_where_there_is_room() {
    let image = chart_svg(&Chart::Map {
        title: "Vantage points".into(),
        points: vec![
            point("fra1", 50.1, 8.7),
            point("fra2", 50.1, 8.7),
            point("ber1", 52.5, 13.4),
            point("nowhere", 0.0, 300.0),
            point("syd1", -33.9, 151.2),
        ],
    });
    assert_eq!(image.matches("<rect class=\"p-good\"").count(), 4);
    for (label, is_shown) in [
        ("fra1", true),
        ("syd1", true),
        ("ber1", true),
        ("nowhere", false),
    ] {
        assert_eq!(
            image.contains(&format!(">{label}</text>")),
            is_shown,
            "{label}"
        );
    }
    assert!(image.contains("aria-label=\"Vantage points: fra1, fra2, ber1, nowhere, syd1\""));
}
