//! The answers of one command from several vantage points, side by side.

mod json;
mod summary;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use netvane_document::{
    Cell, Chart, Document, Elsewhere, ErasedAnswer, Failure, MapPoint, ProblemCode, RenderedAnswer,
    Role, Severity, json_within,
};
use serde_json::{Value, value::RawValue};

use super::{Comparison, Entry, from_place::plain_title};
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
    pub(crate) answer: Option<PlaceAnswer>,
    pub(crate) problem: Option<Failure>,
}

/// The answer of one vantage point. What is shown and compared of it is built at most once; clones share it.
#[derive(Clone)]
pub(crate) struct PlaceAnswer {
    rendition: Arc<RenderedAnswer>,
    compared: Arc<OnceLock<Compared>>,
}

/// What is compared of an answer.
struct Compared {
    values: Vec<String>,
    /// Milliseconds.
    time: Option<f64>,
}

impl PlaceAnswer {
    pub(crate) fn new(rendition: Arc<RenderedAnswer>) -> Self {
        Self {
            rendition,
            compared: Arc::default(),
        }
    }

    fn finding(&self) -> &Arc<dyn ErasedAnswer> {
        &self.rendition.finding
    }

    fn document(&self) -> &Document {
        self.rendition.document()
    }

    fn compared(&self, comparison: Comparison) -> &Compared {
        self.compared.get_or_init(|| {
            let data = self.finding().data();
            let values = comparison.values.map(|values| (values.of)(&data));
            Compared {
                values: values.unwrap_or_default(),
                time: comparison.time.and_then(|time| time(&data)),
            }
        })
    }
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
            answer: None,
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

    fn document(&self) -> Option<&Document> {
        self.answer.as_ref().map(PlaceAnswer::document)
    }

    fn role(&self) -> Role {
        match (self.state, self.document()) {
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

    fn severity(&self) -> Severity {
        match (self.state, self.document()) {
            (PlaceState::Answered, Some(document)) => document.severity,
            (PlaceState::Waiting, _) => Severity::Neutral,
            _ => Severity::Warning,
        }
    }
}

impl ByPlace {
    fn comparison(&self) -> Comparison {
        self.command.compares.unwrap_or_default()
    }

    /// What a row says: the values that are compared if they are short, otherwise its summary or its problem.
    fn result(&self, row: &PlaceRow) -> String {
        if let Some(answer) = &row.answer {
            let joined = self.readable_values(answer).join(", ");
            return if joined.is_empty() || joined.chars().count() > MAX_RESULT {
                answer.document().summary.clone()
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

    fn readable_values<'a>(&self, answer: &'a PlaceAnswer) -> &'a [String] {
        let comparison = self.comparison();
        match comparison.values {
            Some(values) if values.readable => &answer.compared(comparison).values,
            _ => &[],
        }
    }

    fn documents(&self) -> impl Iterator<Item = &Document> {
        self.rows.iter().filter_map(PlaceRow::document)
    }

    fn severity(&self) -> Severity {
        let answered = || self.documents().map(|document| document.severity);
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
    fn map(&self, title: &str) -> Chart {
        let points = self.rows.iter().filter_map(|row| {
            let (latitude, longitude) = row.location?;
            let label = self.time(row).map_or_else(
                || row.vantage.clone(),
                |time| format!("{} {} ms", row.vantage, summary::short(time)),
            );
            Some(MapPoint {
                label,
                severity: row.severity(),
                latitude,
                longitude,
            })
        });
        Chart::Map {
            title: title.to_owned(),
            points: points.collect(),
        }
    }

    fn time(&self, row: &PlaceRow) -> Option<f64> {
        row.answer.as_ref()?.compared(self.comparison()).time
    }

    fn title(&self) -> String {
        let first = self
            .rows
            .iter()
            .find_map(|row| Some(plain_title(&row.document()?.title, &row.vantage)));
        let subject = first.unwrap_or(self.command.spec.name);
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
        let title = self.title();
        let mut document = Document::new(title.as_str(), self.summary(), self.severity());
        let rows = self.rows.iter().map(|row| {
            let result = Cell::new(self.result(row), row.role());
            let location = Cell::aside(row.location_name());
            [row.vantage.clone().into(), location, result]
        });
        add_table(&mut document, rows.collect());
        document.draw(self.map(&title));

        if self.left_out > 0 {
            let (asked, more) = (self.rows.len(), self.left_out);
            document.note(format!(
                "{more} more match; one request asks at most {asked} (`limits.agents_per_question`)"
            ));
        }
        if let Some(truncated) = self.truncated() {
            document.note(truncated.warning("answers in JSON"));
        }
        document
    }

    fn lifetime(&self) -> Duration {
        Duration::ZERO
    }

    fn aged(&self, seconds: u32) -> Arc<dyn ErasedAnswer> {
        let mut later = self.clone();
        for answer in later.rows.iter_mut().filter_map(|row| row.answer.as_mut()) {
            let finding = answer.finding().aged(seconds);
            *answer = PlaceAnswer::new(Arc::new(RenderedAnswer::new(finding)));
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
