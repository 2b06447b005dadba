//! Reads the entries about the registrant.

use super::{
    super::super::{
        super::{countries, values},
        lines::WhoisEntry,
    },
    Draft, fill,
};

/// A line of a holder without a mail address at its end and a handle in brackets before it.
fn without_contact(value: &str) -> &str {
    let mail = value
        .find('@')
        .and_then(|at| value[..at].rfind([' ', '\t']));
    let Some(at) = mail else {
        return value;
    };
    let name = value[..at].trim_end();
    values::trailing_bracket(name)
        .filter(|(_, inside)| !inside.contains(' '))
        .map_or(name, |(name, _)| name.trim_end())
}

impl Draft<'_> {
    /// Reads one entry of the registrant: a field, or a line of its address block.
    pub(super) fn registrant_entry(&mut self, entry: &WhoisEntry<'_>) {
        let value = entry.value;

        match entry.key.as_str() {
            "code" if !entry.keyed => {
                fill(&mut self.holder, || values::organization(value));
                self.block.push(value.to_owned());
            }
            "" | "c" => self.holder_line(entry),
            "organization"
            | "organisation"
            | "org"
            | "organization name"
            | "organisation name"
            | "org name"
            | "orgname"
            | "company"
            | "company name"
            | "company english name"
            | "organization loc"
            | "organizacion"
            | "organización"
            | "organisme"
            | "organizacija" => fill(&mut self.organization, || values::organization(value)),
            "name" | "nom" | "nombre" => {
                fill(&mut self.holder_name, || values::organization(value))
            }
            // Only organizations have these numbers.
            "org id"
            | "register number"
            | "registration number"
            | "registered number"
            | "company number" => self.legal |= value.bytes().any(|b| b.is_ascii_digit()),
            "type" => {
                let lower = value.to_lowercase();
                self.legal |= lower.contains("legal person") || lower.starts_with("organi");
            }
            // `Owner Addr : US` is the last of several.
            "addr" if value.len() == 2 && value.bytes().all(|b| b.is_ascii_uppercase()) => {
                self.country = countries::code(value).or(self.country.take());
            }
            "address" if !entry.keyed => self.block.push(value.to_owned()),
            "country" | "country code" | "country/economy" | "country / economy"
            | "country loc" | "countrycode" | "pais" | "país" | "pays" => {
                fill(&mut self.country, || countries::code(value))
            }
            _ => {}
        }
    }

    /// Reads `Registrant: EX1-HANDLE`, or a line of the block below `Registrant:`, which starts with the holder.
    fn holder_line(&mut self, entry: &WhoisEntry<'_>) {
        // `Example C.A. (EXAMPLE-1)  mail@example.test`
        let value = if entry.keyed {
            entry.value
        } else {
            without_contact(entry.value)
        };
        let handle = !value.contains(' ') && value.bytes().any(|b| b.is_ascii_digit());
        // In .br, the key of the handle is another one.
        let word = !value.is_empty() && !value.contains(' ') && entry.full != "owner";

        if entry.keyed && !entry.nested && (word || entry.key == "c") {
            fill(&mut self.handle, || Some(value.to_lowercase()));
        }
        if self.block.is_empty() && !handle && entry.key.is_empty() {
            self.holder = values::organization(value);
        }
        self.block.push(value.to_owned());
    }
}
