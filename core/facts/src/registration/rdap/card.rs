//! jCard (RFC 7095), the contact format of RDAP.

use serde_json::Value;

use super::super::{countries, values};

/// The jCard of one entity; empty if it has none.
#[derive(Default)]
pub(super) struct Card<'v> {
    properties: &'v [Value],
    /// Handle of the entity, which some servers repeat as its name.
    handle: &'v str,
}

/// Largest number of properties that are read.
const MAX: usize = 100;

impl<'v> Card<'v> {
    /// Creates the card of an entity.
    pub(super) fn of(entity: &'v Value) -> Self {
        let properties = entity["vcardArray"].get(1).and_then(Value::as_array);
        Self {
            properties: properties.map_or(&[], |list| &list[..list.len().min(MAX)]),
            handle: entity["handle"].as_str().unwrap_or_default(),
        }
    }

    /// All properties with a name, as parameters and value.
    fn all(&self, name: &str) -> impl Iterator<Item = (&'v Value, &'v Value)> {
        let properties = self.properties.iter().filter_map(Value::as_array);
        properties
            .filter(move |property| {
                property
                    .first()
                    .and_then(Value::as_str)
                    .is_some_and(|n| n.eq_ignore_ascii_case(name))
            })
            .filter_map(|property| Some((property.get(1)?, property.get(3)?)))
    }

    /// The first text of a property; for a structured one, its first part.
    fn text(&self, name: &str) -> Option<String> {
        self.all(name).find_map(|(_, value)| {
            let value = match value {
                Value::Array(parts) => parts.first()?,
                other => other,
            };
            // Some servers append the address on further lines.
            let first = value.as_str()?.trim().lines().next()?;
            values::text(first)
        })
    }

    /// Whether the card has this `kind`, e.g. `org`.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.all("kind").any(|(_, value)| {
            value
                .as_str()
                .is_some_and(|own| own.eq_ignore_ascii_case(kind))
        })
    }

    /// The formatted name (`fn`).
    pub(super) fn name(&self) -> Option<String> {
        self.text("fn").and_then(|name| values::name(&name))
    }

    /// The organization (`org`), or a formatted name that is that of an organization.
    pub(super) fn organization(&self) -> Option<String> {
        let named = |value: &String| !self.is_handle(value);
        let organization = self
            .text("org")
            .and_then(|text| values::organization(&text));
        organization.filter(named).or_else(|| {
            self.name()
                .and_then(|name| values::organization(&name))
                .filter(|name| self.is("org") || values::is_organization(name))
                .filter(named)
        })
    }

    /// Whether a value is the handle of the entity, or a handle of the regional registries.
    fn is_handle(&self, value: &str) -> bool {
        !self.handle.is_empty() && value.eq_ignore_ascii_case(self.handle)
            || values::is_handle(value)
    }

    /// The formatted name, unless it is a handle.
    pub(super) fn plain_name(&self) -> Option<String> {
        self.name().filter(|name| !self.is_handle(name))
    }

    /// The country: the `cc` parameter of RFC 8605, the last part of an address, or the last line of its label.
    pub(super) fn country(&self) -> Option<String> {
        self.all("adr").find_map(|(parameters, value)| {
            let by_code = parameters["cc"].as_str().and_then(countries::code);
            let by_name = || {
                value
                    .get(6)
                    .and_then(Value::as_str)
                    .and_then(countries::code)
            };
            let by_label = || {
                let last = parameters["label"].as_str()?.trim().lines().last()?.trim();
                // The two letters of a US state could be mistaken for a country.
                countries::code(last).filter(|_| last.len() > 2)
            };
            by_code.or_else(by_name).or_else(by_label)
        })
    }

    /// The first valid mail address.
    pub(super) fn email(&self) -> Option<String> {
        self.all("email")
            .find_map(|(_, value)| values::email(value.as_str()?))
    }

    /// The first valid telephone number that is not a fax.
    pub(super) fn phone(&self) -> Option<String> {
        let is_fax = |parameters: &Value| super::has(&parameters["type"], "fax");
        self.all("tel")
            .filter(|(parameters, _)| !is_fax(parameters))
            .find_map(|(_, value)| values::phone(value.as_str()?))
    }

    /// The first valid URL of a website.
    pub(super) fn url(&self) -> Option<String> {
        self.all("url")
            .find_map(|(_, value)| values::url(value.as_str()?))
    }
}

#[cfg(test)]
mod tests;
