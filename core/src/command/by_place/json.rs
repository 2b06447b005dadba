//! The JSON form of answers from several vantage points: writing, reading back, and its schema.

use std::{borrow::Cow, sync::Arc, time::Duration};

use netvane_document::{Elsewhere, Failure, ProblemCode, Severity, Truncated, inline_schema};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ByPlace, MAX_ROWS, PlaceRow, PlaceState};
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
        let mut bytes = 0;
        let mut shown = 0;
        let mut places: Vec<Place<'_>> = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            bytes += row
                .finding
                .as_ref()
                .map_or(0, |finding| finding.data_size());
            let fits = bytes <= MAX_ROWS;
            shown += usize::from(fits && row.finding.is_some());
            places.push(Place::new(row, fits));
        }
        let total = self.rows.iter().filter(|row| row.finding.is_some()).count();
        Json {
            asked: self.rows.len(),
            left_out: self.left_out,
            places,
            truncated: Truncated::of("places.data", shown, total),
        }
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
        let document = row.finding.as_ref().map(|finding| finding.present());
        let known = |text: &'a String| (!text.is_empty()).then_some(Cow::Borrowed(text.as_str()));
        let data = row.finding.as_ref().filter(|_| with_data);
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
            severity: document.as_ref().map(|document| document.severity),
            summary: document.map(|document| Cow::Owned(document.summary)),
            data: data.map(|finding| finding.data()).unwrap_or_default(),
            problem: row.problem.as_ref().map(Problem::from),
        }
    }

    fn read(self, command: &Entry) -> Result<PlaceRow, serde_json::Error> {
        let finding = match self.data {
            Value::Null => None,
            data => Some(command.read(data)?),
        };
        let elapsed = self.elapsed_ms.map(|elapsed| elapsed / 1e3);
        Ok(PlaceRow {
            vantage: self.vantage.into_owned(),
            city: self.city.unwrap_or_default().into_owned(),
            country: self.country.unwrap_or_default().into_owned(),
            location: self.latitude.zip(self.longitude),
            state: self.state,
            elapsed: elapsed.and_then(|elapsed| Duration::try_from_secs_f64(elapsed).ok()),
            finding,
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
