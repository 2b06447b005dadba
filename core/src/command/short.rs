//! The `short` form of a reply: values alone, one per line, read from `data`, whose members are stable.

use serde_json::Value;

/// What the short form of a command's replies shows.
#[derive(Debug, Clone, Copy)]
pub enum Short {
    /// The summary of the reply, in one line.
    Summary,
    /// These members of `data`, as JSON pointers; those without a value are left out.
    Members(&'static [&'static str]),
    /// Values that are computed from `data`.
    Values(fn(&Value) -> Vec<String>),
}

impl Short {
    /// Returns the values that are shown; `None` for the summary.
    pub(crate) fn values(self, data: &Value) -> Option<Vec<String>> {
        // With several vantage points, the summary says how many agree.
        if data.get("left_out").is_some() {
            return None;
        }
        match self {
            Self::Summary => None,
            Self::Members(members) => {
                let values = members
                    .iter()
                    .filter_map(|member| scalar(data.pointer(member)?));
                Some(values.collect())
            }
            Self::Values(values) => Some(values(data)),
        }
    }
}

/// Elements of a list in `data`; none if there is no such list.
pub(crate) fn elements<'v>(data: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    data.get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// A scalar as text; `None` for null, lists and objects.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
