//! The answers of one command from several vantage points, side by side.

mod json;
mod summary;

use std::{sync::Arc, time::Duration};

use netvane_document::{
    Cell, Chart, Document, Elsewhere, ErasedAnswer, Failure, MapPoint, ProblemCode, Role, Severity,
    json_within,
};
use serde_json::{Value, value::RawValue};

use super::Entry;
use crate::vantage::Agent;

pub(crate) use json::schema;

/// Bytes that the data of all vantage points take at most; beyond them, the data of the last ones is left out.
const MAX_ROWS: usize = 200 << 10;
/// Characters of a result in the table.
const MAX_RESULT: usize = 100;

/// The answers of all vantage points that were asked.
#[derive(Clone)]
pub(crate) struct ByPlace {
    pub(crate) command: Arc<Entry>,
    /// In the order of the request.
    pub(crate) rows: Vec<PlaceRow>,
    /// Number of matching vantage points that were not asked.
    pub(crate) left_out: usize,
}

/// One vantage point and what it answered.
#[derive(Clone)]
pub(crate) struct PlaceRow {
    pub(crate) vantage: String,
    pub(crate) city: String,
    pub(crate) country: String,
    pub(crate) location: Option<(f64, f64)>,
    pub(crate) state: PlaceState,
    pub(crate) elapsed: Option<Duration>,
    /// The answer, partial while `state` is [`PlaceState::Waiting`].
    pub(crate) finding: Option<Arc<dyn ErasedAnswer>>,
    pub(crate) problem: Option<Failure>,
}

/// How far a vantage point has come.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(description = "State of a vantage point.")]
pub(crate) enum PlaceState {
    /// It has not answered yet; only in progress events.
    Waiting,
    /// It answered.
    Answered,
    /// Its lookup failed.
    Failed,
    /// It refuses the target or the command.
    Refused,
    /// All its slots are taken.
    Busy,
    /// It was not heard from again.
    Gone,
    /// It did not answer before the deadline.
    Late,
    /// Its version does not have the command or one of the arguments.
    TooOld,
}

impl PlaceState {
    /// The state of a vantage point whose lookup failed.
    pub(crate) fn of(failure: &Failure) -> Self {
        match failure {
            Failure::Elsewhere {
                cause: Elsewhere::Busy,
                ..
            } => Self::Busy,
            Failure::Elsewhere {
                cause: Elsewhere::Gone,
                ..
            } => Self::Gone,
            Failure::Elsewhere {
                cause: Elsewhere::Late,
                ..
            } => Self::Late,
            Failure::Elsewhere {
                cause: Elsewhere::TooOld,
                ..
            } => Self::TooOld,
            failure => match failure.problem_code() {
                ProblemCode::RefusedTarget | ProblemCode::Forbidden => Self::Refused,
                _ => Self::Failed,
            },
        }
    }

    /// What the summary says about vantage points in this state.
    fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::Gone => "gone",
            Self::Late => "late",
            Self::TooOld => "too old",
        }
    }
}

impl PlaceRow {
    /// A vantage point that has not answered yet; `None` is this process.
    pub(crate) fn waiting(vantage: &str, agent: Option<&Agent>) -> Self {
        let text = |of: fn(&Agent) -> &String| agent.map(of).cloned().unwrap_or_default();
        Self {
            vantage: vantage.to_owned(),
            city: text(|agent| &agent.city),
            country: text(|agent| &agent.country),
            location: agent.and_then(|agent| agent.location),
            state: PlaceState::Waiting,
            elapsed: None,
            finding: None,
            problem: None,
        }
    }

    /// `Frankfurt, DE`.
    fn location_name(&self) -> String {
        let parts = [self.city.as_str(), self.country.as_str()];
        parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn role(&self, document: Option<&Document>) -> Role {
        match (self.state, document) {
            (PlaceState::Waiting, _) => Role::Aside,
            (PlaceState::Answered, Some(document)) => match document.severity {
                Severity::Good => Role::Good,
                Severity::Neutral => Role::Plain,
                Severity::Warning => Role::Warning,
                Severity::Bad => Role::Bad,
            },
            _ => Role::Warning,
        }
    }
}

impl ByPlace {
    /// What a row says: the values that are compared if they are short, otherwise its summary or its problem.
    fn result(&self, row: &PlaceRow, document: Option<&Document>) -> String {
        if let (Some(finding), Some(document)) = (&row.finding, document) {
            let values = self.readable_values(&finding.data());
            let joined = values.join(", ");
            return if values.is_empty() || joined.chars().count() > MAX_RESULT {
                document.summary.clone()
            } else {
                joined
            };
        }
        match (&row.problem, row.state) {
            (Some(problem), _) => {
                let text = problem.to_string();
                let own = text.strip_prefix(row.vantage.as_str());
                own.map_or(text.as_str(), |rest| rest.trim_start_matches([':', ' ']))
                    .to_owned()
            }
            (None, PlaceState::Waiting) => "…".into(),
            (None, state) => state.word().into(),
        }
    }

    fn readable_values(&self, data: &Value) -> Vec<String> {
        let values = self.command.compares.and_then(|compares| compares.values);
        values
            .filter(|values| values.readable)
            .map(|values| (values.of)(data))
            .unwrap_or_default()
    }

    fn severity(&self, documents: &[Option<Document>]) -> Severity {
        let answered = || documents.iter().flatten().map(|document| document.severity);
        let is_done = self.rows.iter().all(|row| row.state != PlaceState::Waiting);
        let failed =
            |row: &PlaceRow| !matches!(row.state, PlaceState::Answered | PlaceState::Waiting);

        let Some(worst) = answered().max() else {
            return if is_done {
                Severity::Bad
            } else {
                Severity::Neutral
            };
        };
        if answered().all(|severity| severity == Severity::Bad) {
            return Severity::Bad;
        }
        match worst {
            Severity::Bad => Severity::Warning,
            _ if self.rows.iter().any(failed) => worst.max(Severity::Warning),
            worst => worst,
        }
    }

    /// The vantage points whose location is known.
    fn map(&self, documents: &[Option<Document>]) -> Chart {
        let points = self
            .rows
            .iter()
            .zip(documents)
            .filter_map(|(row, document)| {
                let (latitude, longitude) = row.location?;
                let severity = match (row.state, document) {
                    (PlaceState::Answered, Some(document)) => document.severity,
                    (PlaceState::Waiting, _) => Severity::Neutral,
                    _ => Severity::Warning,
                };
                let time = self.time(row);
                let label = time.map_or_else(
                    || row.vantage.clone(),
                    |time| format!("{} {} ms", row.vantage, summary::short(time)),
                );
                Some(MapPoint {
                    label,
                    severity,
                    latitude,
                    longitude,
                })
            });
        Chart::Map {
            title: self.title(documents),
            points: points.collect(),
        }
    }

    fn time(&self, row: &PlaceRow) -> Option<f64> {
        let time = self.command.compares?.time?;
        time(&row.finding.as_ref()?.data())
    }

    fn title(&self, documents: &[Option<Document>]) -> String {
        let first = documents.iter().flatten().next();
        let subject = first.map_or(self.command.spec.name, |document| document.title.as_str());
        format!("{subject} from {} places", self.rows.len())
    }
}

impl ErasedAnswer for ByPlace {
    fn data(&self) -> Value {
        serde_json::to_value(self.json()).unwrap_or_default()
    }

    fn data_json(&self, limit: usize) -> Option<Box<RawValue>> {
        RawValue::from_string(json_within(&self.json(), limit)?).ok()
    }

    fn data_size(&self) -> usize {
        self.data_json(usize::MAX)
            .map_or(0, |json| json.get().len())
    }

    fn present(&self) -> Document {
        let documents: Vec<Option<Document>> = self
            .rows
            .iter()
            .map(|row| Some(row.finding.as_ref()?.present()))
            .collect();

        let mut document = Document::new(
            self.title(&documents),
            self.summary(&documents),
            self.severity(&documents),
        );
        let rows = self.rows.iter().zip(&documents).map(|(row, answer)| {
            let result = Cell::new(self.result(row, answer.as_ref()), row.role(answer.as_ref()));
            [
                row.vantage.clone().into(),
                Cell::aside(row.location_name()),
                result,
            ]
        });
        add_table(&mut document, rows.collect());

        document.draw(self.map(&documents));

        if self.left_out > 0 {
            let (asked, more) = (self.rows.len(), self.left_out);
            document.note(format!(
                "{more} more match; one request asks at most {asked} (`limits.agents_per_question`)"
            ));
        }
        let data_left_out = self.json().truncated;
        if let Some(truncated) = data_left_out {
            document.note(truncated.warning("answers in JSON"));
        }
        document
    }

    fn lifetime(&self) -> Duration {
        Duration::ZERO
    }

    fn aged(&self, seconds: u32) -> Arc<dyn ErasedAnswer> {
        let mut later = self.clone();
        for row in &mut later.rows {
            row.finding = row.finding.as_ref().map(|finding| finding.aged(seconds));
        }
        Arc::new(later)
    }
}

fn add_table(document: &mut Document, rows: Vec<[Cell; 3]>) {
    if rows.iter().all(|[_, location, _]| location.text.is_empty()) {
        let rows = rows.into_iter().map(|[place, _, result]| [place, result]);
        document.table(["Place", "Result"], rows.collect());
    } else {
        document.table(["Place", "Location", "Result"], rows);
    }
}

#[cfg(test)]
mod tests;
