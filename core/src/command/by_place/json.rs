//! The JSON form of answers from several vantage points: writing, reading back, and its schema.

use std::{borrow::Cow, sync::Arc, time::Duration};

use netvane_document::{
    Elsewhere, Failure, ProblemCode, RenderedAnswer, Severity, Truncated, inline_schema,
};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ByPlace, MAX_ROWS, PlaceAnswer, PlaceRow, PlaceState};
use crate::command::Entry;

/// Most vantage points that are read back.
const MAX_PLACES: usize = 1000;

/// Answers of one command from several vantage points.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct Json<'a> {
    /// Number of vantage points that were asked.
    asked: usize,
    /// Number of matching vantage points that were not asked.
    left_out: usize,
    /// The vantage points, in the order of the request.
    places: Vec<Place<'a>>,
    /// Says which `data` is `null` although there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) truncated: Option<Truncated>,
}

/// One vantage point and what it answered.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Place<'a> {
    /// Name of the vantage point.
    vantage: Cow<'a, str>,
    city: Option<Cow<'a, str>>,
    /// Country code (ISO 3166-1 alpha-2).
    country: Option<Cow<'a, str>>,
    /// Degrees north.
    latitude: Option<f64>,
    /// Degrees east.
    longitude: Option<f64>,
    state: PlaceState,
    /// Time until the answer, in milliseconds; `null` while it is waited for.
    elapsed_ms: Option<f64>,
    severity: Option<Severity>,
    /// The result in one sentence.
    summary: Option<Cow<'a, str>>,
    /// The data of the command.
    data: Value,
    /// Why there is no answer.
    problem: Option<Problem<'a>>,
}

/// A problem document (RFC 9457).
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    title: Cow<'a, str>,
    status: u16,
    /// One sentence for the user.
    detail: Cow<'a, str>,
    code: ProblemCode,
}

/// JSON Schema of the `data` of a reply from several vantage points.
pub(crate) fn schema() -> Schema {
    inline_schema::<Json<'_>>()
}

impl ByPlace {
    pub(super) fn json(&self) -> Json<'_> {
        let (shown, _) = self.shown();
        let mut answers = 0;
        let places = self.rows.iter().map(|row| {
            answers += usize::from(row.answer.is_some());
            Place::new(row, answers <= shown)
        });
        Json {
            asked: self.rows.len(),
            left_out: self.left_out,
            places: places.collect(),
            truncated: self.truncated(),
        }
    }

    /// Says that the data of some answers is left out.
    pub(super) fn truncated(&self) -> Option<Truncated> {
        let (shown, total) = self.shown();
        Truncated::of("places.data", shown, total)
    }

    /// How many answers have room for their data, and how many there are.
    fn shown(&self) -> (usize, usize) {
        let answers = || self.rows.iter().filter_map(|row| row.answer.as_ref());
        let mut bytes = 0;
        let fitting = answers().take_while(|answer| {
            bytes += answer.finding().data_size();
            bytes <= MAX_ROWS
        });
        (fitting.count(), answers().count())
    }

    /// Reads answers back from their JSON. It is not trusted.
    pub(crate) fn read(command: &Arc<Entry>, data: Value) -> Result<Self, serde_json::Error> {
        let json: Json<'static> = serde_json::from_value(data)?;
        let rows = json.places.into_iter().take(MAX_PLACES);
        Ok(Self {
            rows: rows
                .map(|place| place.read(command))
                .collect::<Result<_, _>>()?,
            command: command.clone(),
            left_out: json.left_out,
        })
    }
}

impl<'a> Place<'a> {
    fn new(row: &'a PlaceRow, with_data: bool) -> Self {
        let document = row.document();
        let known = |text: &'a String| (!text.is_empty()).then_some(Cow::Borrowed(text.as_str()));
        let answer = row.answer.as_ref().filter(|_| with_data);
        Self {
            vantage: Cow::Borrowed(&row.vantage),
            city: known(&row.city),
            country: known(&row.country),
            latitude: row.location.map(|location| location.0),
            longitude: row.location.map(|location| location.1),
            state: row.state,
            elapsed_ms: row
                .elapsed
                .map(|elapsed| (elapsed.as_secs_f64() * 1e6).round() / 1e3),
            severity: document.map(|document| document.severity),
            summary: document.map(|document| Cow::Borrowed(document.summary.as_str())),
            data: answer
                .map(|answer| answer.finding().data())
                .unwrap_or_default(),
            problem: row.problem.as_ref().map(Problem::from),
        }
    }

    fn read(self, command: &Entry) -> Result<PlaceRow, serde_json::Error> {
        let answer = match self.data {
            Value::Null => None,
            data => Some(PlaceAnswer::new(Arc::new(RenderedAnswer::new(
                command.read(data)?,
            )))),
        };
        let elapsed = self.elapsed_ms.map(|elapsed| elapsed / 1e3);
        Ok(PlaceRow {
            vantage: self.vantage.into_owned(),
            city: self.city.unwrap_or_default().into_owned(),
            country: self.country.unwrap_or_default().into_owned(),
            location: self.latitude.zip(self.longitude),
            state: self.state,
            elapsed: elapsed.and_then(|elapsed| Duration::try_from_secs_f64(elapsed).ok()),
            answer,
            problem: self.problem.map(Failure::from),
        })
    }
}

impl<'a> From<&'a Failure> for Problem<'a> {
    fn from(failure: &'a Failure) -> Self {
        let problem = failure.problem();
        Self {
            kind: problem.r#type.into(),
            title: problem.title.into(),
            status: problem.status,
            detail: problem.detail,
            code: problem.code,
        }
    }
}

impl From<Problem<'_>> for Failure {
    fn from(problem: Problem<'_>) -> Self {
        Self::Elsewhere {
            cause: Elsewhere::Problem,
            code: problem.code,
            message: problem.detail.into_owned(),
        }
    }
}
