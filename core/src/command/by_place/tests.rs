use netvane_document::Answer;
use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::{
    command::{Command, Comparison, Context},
    spec::{Cost, Group, Spec},
    testing::read_back,
};

/// Times and values as a test sets them.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Probe {}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Found {
    values: Vec<String>,
    rtt: Option<f64>,
}

fn values(data: &Value) -> Vec<String> {
    crate::command::elements(data, "values")
        .filter_map(crate::command::scalar)
        .collect()
}

fn rtt(data: &Value) -> Option<f64> {
    data.get("rtt")?.as_f64()
}

impl Answer for Found {
    fn present(&self) -> Document {
        let severity = if self.values.is_empty() {
            Severity::Bad
        } else {
            Severity::Good
        };
        Document::new("Probe", format!("{} found", self.values.len()), severity)
    }
}

impl Command for Probe {
    const SPEC: Spec = Spec {
        name: "probe",
        aliases: &[],
        group: Group::About,
        examples: &["probe"],
        timeout: Duration::from_secs(1),
        cost: Cost::Free,
        sends: 0,
    };
    type Data = Found;
    const COMPARES: Option<Comparison> = Some(Comparison {
        time: Some(rtt),
        did: "replied",
        ..Comparison::values(values, "address", "addresses")
    });

    async fn run(self, _: &Context) -> Result<Found, Failure> {
        Err(Failure::Internal)
    }
}

fn answered(vantage: &str, values: &[&str], rtt: Option<f64>) -> PlaceRow {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    PlaceRow {
        state: PlaceState::Answered,
        elapsed: Some(Duration::from_millis(12)),
        answer: Some(PlaceAnswer::new(Arc::new(RenderedAnswer::new(Arc::new(
            Found { values, rtt },
        ))))),
        ..PlaceRow::waiting(vantage, None)
    }
}

fn failed(vantage: &str, state: PlaceState) -> PlaceRow {
    PlaceRow {
        state,
        problem: Some(Failure::Elsewhere {
            cause: Elsewhere::Problem,
            code: ProblemCode::Upstream,
            message: format!("{vantage}: no route"),
        }),
        ..PlaceRow::waiting(vantage, None)
    }
}

fn by_place(rows: Vec<PlaceRow>) -> ByPlace {
    ByPlace {
        command: Arc::new(Entry::of::<Probe>()),
        rows,
        left_out: 0,
    }
}

fn head(rows: Vec<PlaceRow>) -> String {
    let document = by_place(rows).present();
    format!("{} {}", document.severity.symbol(), document.summary)
}

#[test]
fn the_summary_says_what_differs() {
    let same = |name| answered(name, &["192.0.2.1", "192.0.2.2"], None);
    let other = |name| answered(name, &["192.0.2.9"], None);
    let none = |name| answered(name, &[], None);
    let cases = [
        (
            vec![same("a"), same("b")],
            "✓ the same 2 addresses at 2 of 2; 0 of 2 replied",
        ),
        (
            vec![same("a"), other("sin1"), same("b")],
            "✓ the same 2 addresses at 2 of 3; at sin1: 192.0.2.9; 0 of 3 replied",
        ),
        (
            vec![other("a"), other("b"), none("c")],
            "! 192.0.2.9 at 2 of 3; at c: 0 found; 0 of 3 replied",
        ),
        (
            vec![none("a"), none("b")],
            "✗ 0 found at 2 of 2; 0 of 2 replied",
        ),
        (
            vec![same("a"), other("b"), none("c")],
            "! different addresses at each of 3 places; 0 of 3 replied",
        ),
        (
            vec![
                failed("a", PlaceState::Failed),
                failed("b", PlaceState::Refused),
            ],
            "✗ failed: a; refused: b",
        ),
        (
            vec![
                same("a"),
                PlaceRow::waiting("b", None),
                PlaceRow::waiting("c", None),
            ],
            "✓ 192.0.2.1, 192.0.2.2 at 1 of 3; 0 of 3 replied; waiting: b, c",
        ),
        (vec![PlaceRow::waiting("b", None)], "· waiting: b"),
    ];
    for (rows, expected) in cases {
        assert_eq!(head(rows), expected);
    }
}

#[test]
fn the_summary_names_the_fastest_and_the_slowest() {
    let rows = vec![
        answered("syd1", &["1"], Some(288.2)),
        answered("fra1", &["1"], Some(8.14)),
        answered("nyc1", &["1"], Some(90.0)),
        answered("lost1", &["1"], None),
    ];
    assert_eq!(
        head(rows),
        "✓ 1 at 4 of 4; 3 of 4 replied; fastest fra1 8.1 ms, slowest syd1 288 ms"
    );
    let one = vec![
        answered("fra1", &["1"], Some(8.14)),
        answered("x", &["1"], None),
    ];
    assert_eq!(head(one), "✓ 1 at 2 of 2; 1 of 2 replied; fra1 8.1 ms");
}

#[test]
fn answers_of_several_places_can_be_read_back() {
    let answers = by_place(vec![
        answered("a", &["192.0.2.1"], Some(1.5)),
        failed("b", PlaceState::Gone),
        PlaceRow {
            city: "Frankfurt".into(),
            country: "DE".into(),
            location: Some((50.1, 8.7)),
            ..answered("c", &[], None)
        },
    ]);
    let entry = answers.command.clone();
    let read = |data| entry.read_reply(data, None);
    read_back::check(&answers, &read);
    read_back::check_odd_values(&answers.data(), &read);
}

#[test]
fn data_beyond_the_bound_is_left_out_and_said_so() {
    let long = "x".repeat(50 << 10);
    let rows = (0..8).map(|number| answered(&format!("a{number}"), &[&long], None));
    let answers = by_place(rows.collect());
    let data = answers.data();
    assert!(answers.data_size() < 256 << 10);
    assert_eq!(
        data["truncated"],
        json!({ "member": "places.data", "shown": 3, "total": 8 })
    );
    assert!(data["places"][2]["data"].is_object() && data["places"][3]["data"].is_null());
    assert_eq!(data["places"][7]["summary"], "1 found");
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused_without_a_panic(places in "\\PC{0,40}", number in any::<i64>()) {
        let entry = Arc::new(Entry::of::<Probe>());
        for data in [
            json!({ "asked": number, "left_out": number, "places": places }),
            json!({ "asked": 1, "left_out": 0, "places": [{ "vantage": places, "state": "answered", "data": { "values": [places], "rtt": number } }] }),
        ] {
            if let Ok(answer) = entry.read_reply(data, None) {
                answer.present();
            }
        }
    }
}
