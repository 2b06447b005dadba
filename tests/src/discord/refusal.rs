//! Discord's error responses: a code, a message and, for an invalid form, a tree of errors by
//! field.

use serde_json::{Map, Value, json};

/// An error response with a 4xx status.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub status: u16,
    pub code: u32,
    pub message: String,
    pub errors: Option<Value>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: u32, message: &str) -> Self {
        Self {
            status,
            code,
            message: message.to_owned(),
            errors: None,
        }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, 0, "401: Unauthorized")
    }

    pub(crate) fn unknown_interaction() -> Self {
        Self::new(404, 10062, "Unknown interaction")
    }

    pub(crate) fn unknown_message() -> Self {
        Self::new(404, 10008, "Unknown Message")
    }

    /// Returns a refusal with a single error in the form.
    pub(crate) fn form(place: &str, code: &str, message: &str) -> Self {
        let mut faults = Faults::default();
        faults.add(place, code, message);
        faults.refusal()
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "message": self.message, "code": self.code });
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body
    }
}

/// All errors in a form.
#[derive(Default)]
pub(crate) struct Faults(Vec<(String, String, String)>);

impl Faults {
    /// Adds an error; `place` is a path with dots, such as `embeds.0.title`.
    pub(super) fn add(&mut self, place: &str, code: &str, message: &str) {
        self.0
            .push((place.to_owned(), code.to_owned(), message.to_owned()));
    }

    pub(super) fn length(&mut self, place: &str, min: usize, max: usize) {
        let message = format!("Must be between {min} and {max} in length.");
        self.add(place, "BASE_TYPE_BAD_LENGTH", &message);
    }

    pub(super) fn required(&mut self, place: &str) {
        self.add(place, "BASE_TYPE_REQUIRED", "This field is required");
    }

    pub(super) fn choice(&mut self, place: &str, message: &str) {
        self.add(place, "BASE_TYPE_CHOICES", message);
    }

    pub(super) fn result(self) -> Result<(), Refusal> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.refusal())
        }
    }

    fn refusal(self) -> Refusal {
        let mut root = Map::new();
        for (place, code, message) in self.0 {
            let mut node = &mut root;
            for step in place.split('.').filter(|step| !step.is_empty()) {
                let next = node.entry(step).or_insert_with(|| json!({}));
                node = next
                    .as_object_mut()
                    .expect("steps are never called _errors");
            }
            let list = node.entry("_errors").or_insert_with(|| json!([]));
            list.as_array_mut()
                .expect("a list")
                .push(json!({ "code": code, "message": message }));
        }
        let errors = Some(Value::Object(root));
        Refusal {
            status: 400,
            code: 50035,
            message: "Invalid Form Body".to_owned(),
            errors,
        }
    }
}

/// An object in a form, with its path.
pub(crate) struct Object<'a> {
    place: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    /// Refuses values that are no object, and fields that the documentation does not list.
    pub(super) fn new(
        faults: &mut Faults,
        place: &str,
        value: &'a Value,
        known: &[&str],
    ) -> Option<Self> {
        let Some(fields) = value.as_object() else {
            faults.add(
                place,
                "MODEL_TYPE_CONVERT",
                "Only dictionaries may be used in a ModelType",
            );
            return None;
        };

        let object = Self {
            place: place.to_owned(),
            fields,
        };

        for unknown in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            faults.add(
                &object.at(unknown),
                "UNKNOWN_FIELD",
                "The documentation knows no such field",
            );
        }

        Some(object)
    }

    pub(super) fn at(&self, key: &str) -> String {
        if self.place.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.place)
        }
    }

    /// Returns a field; `null` counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.fields.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(
        &self,
        faults: &mut Faults,
        key: &str,
        min: usize,
        max: usize,
    ) -> Option<&'a str> {
        let value = self.get(key)?;
        let Some(text) = value.as_str() else {
            faults.add(
                &self.at(key),
                "BASE_TYPE_CONVERT",
                "Could not interpret as string.",
            );
            return None;
        };
        if length(text) > max && min == 0 {
            let message = format!("Must be {max} or fewer in length.");
            faults.add(&self.at(key), "BASE_TYPE_MAX_LENGTH", &message);
        } else if length(text) > max || length(text.trim()) < min {
            faults.length(&self.at(key), min, max);
        }
        Some(text)
    }

    /// Returns a text that must be present and not empty.
    pub(super) fn required(&self, faults: &mut Faults, key: &str, max: usize) -> &'a str {
        if self.get(key).is_none() {
            faults.required(&self.at(key));
        }
        self.text(faults, key, 1, max).unwrap_or_default()
    }

    pub(super) fn whole(&self, faults: &mut Faults, key: &str, min: i64, max: i64) -> Option<i64> {
        let number = self.get(key)?.as_i64();
        if !number.is_some_and(|number| (min..=max).contains(&number)) {
            let message = format!("int value should be between {min} and {max}.");
            faults.add(&self.at(key), "NUMBER_TYPE_RANGE", &message);
        }
        number
    }

    /// Checks an optional whole number in this range.
    pub(super) fn whole_if(
        &self,
        faults: &mut Faults,
        key: &str,
        min: i64,
        max: i64,
        holds: bool,
    ) -> Option<i64> {
        if holds {
            self.whole(faults, key, min, max)
        } else {
            None
        }
    }

    pub(super) fn truth(&self, faults: &mut Faults, key: &str) -> bool {
        let Some(value) = self.get(key) else {
            return false;
        };
        if !value.is_boolean() {
            faults.choice(&self.at(key), "Must be either true or false.");
        }
        value.as_bool().unwrap_or_default()
    }

    pub(super) fn list(
        &self,
        faults: &mut Faults,
        key: &str,
        min: usize,
        max: usize,
    ) -> &'a [Value] {
        let Some(value) = self.get(key) else {
            return &[];
        };
        let Some(list) = value.as_array() else {
            faults.add(
                &self.at(key),
                "LIST_TYPE_CONVERT",
                "Only iterables may be used in a ListType",
            );
            return &[];
        };
        if list.len() < min || list.len() > max {
            faults.length(&self.at(key), min, max);
        }
        list
    }

    pub(super) fn link(
        &self,
        faults: &mut Faults,
        key: &str,
        schemes: &[&str],
        max: usize,
    ) -> Option<&'a str> {
        let link = self.text(faults, key, 1, max)?;
        let rest = schemes
            .iter()
            .find_map(|scheme| link.strip_prefix(scheme)?.strip_prefix("://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains(char::is_whitespace)) {
            faults.add(
                &self.at(key),
                "URL_TYPE_INVALID_URL",
                "Not a well formed URL.",
            );
        }
        Some(link)
    }
}

/// Returns the length in code points or in UTF-16 units, whichever is more: Discord's documentation
/// does not say which characters it counts.
pub(crate) fn length(text: &str) -> usize {
    text.chars().count().max(text.encode_utf16().count())
}
