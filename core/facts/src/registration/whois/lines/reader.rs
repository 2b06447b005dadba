//! Assigns lines to sections and paragraphs.

use super::{
    super::fields::{self, Role},
    Line, Section, WhoisEntry,
};

/// Lines that only name the kind of the next lines, without a colon.
const LABELS: [&str; 6] = ["address", "street", "phone", "telephone", "email", "e mail"];

/// State of the parser between two lines.
#[derive(Default)]
pub(super) struct LineReader<'a> {
    pub out: Vec<WhoisEntry<'a>>,
    /// Open sections, the outermost first.
    sections: Vec<Section>,
    paragraph: usize,
    /// Whether the previous line was not blank.
    pub inside: bool,
    comment: &'a str,
    /// Indentation of the last line with a key, while its value may continue.
    open: Option<usize>,
}

impl<'a> LineReader<'a> {
    pub(super) fn end_paragraph(&mut self) {
        self.sections
            .retain(|section| section.indented || !section.filled);
        self.paragraph += usize::from(std::mem::replace(&mut self.inside, false));
        self.open = None;
    }

    pub(super) fn note_comment(&mut self, text: &'a str) {
        let heading = text.trim_matches(|c: char| matches!(c, '%' | '#' | ' ' | '*'));
        if heading.ends_with(':') && heading.len() < 40 {
            self.comment = heading.trim_end_matches(':');
        }
    }

    /// Closes sections of indented lines at the first line that is not indented.
    pub(super) fn close_indented(&mut self, indent: usize) {
        while self
            .sections
            .last()
            .is_some_and(|section| section.indented && indent <= section.indent)
        {
            self.sections.pop();
        }
    }

    pub(super) fn open_section(&mut self, section: Section, indent: usize) {
        self.sections
            .retain(|outer| outer.indented && outer.indent < indent);
        self.sections.push(section);
        self.open = None;
    }

    pub(super) fn add_keyed(&mut self, key: &str, value: &'a str, indent: usize, tld: &str) {
        let (own, rest) = fields::role(key, tld);

        // Data of the domain may be indented below the address of the holder.
        let closes = fields::field(key) == Some(fields::Field::Name)
            || own == Some(Role::Registrar) && rest.is_empty();

        if closes
            && self
                .sections
                .last()
                .is_some_and(|section| section.role != Role::Domain)
        {
            self.sections.clear();
        }

        let section = self.sections.last_mut();
        let (role, rest) = match (own, &section) {
            (Some(own), _) => (own, rest),
            (None, Some(section)) if !fields::is_of_domain(key) => (section.role, key),
            _ => (Role::Domain, key),
        };

        // `Name: ns1.example.test` below `DNS servers`.
        let is_server = matches!(rest, "name" | "host" | "server" | "hostname")
            && section.as_ref().is_some_and(|section| {
                fields::field(&section.key) == Some(fields::Field::Nameserver)
            });
        let rest = if is_server { "name server" } else { rest };

        let nested = section.is_some();
        if let Some(section) = section {
            section.filled = true;
        }

        let (paragraph, comment) = (self.paragraph, self.comment);

        self.out.push(WhoisEntry {
            paragraph,
            role,
            key: rest.to_owned(),
            full: key.to_owned(),
            value,
            keyed: true,
            nested,
            comment,
        });

        self.open = Some(indent);
    }

    /// Adds a line without a key, which belongs to its section or continues the value above.
    pub(super) fn add_plain(&mut self, line: &Line<'a>) {
        let (role, key, full, nested) = if let Some(section) = self.sections.last_mut() {
            section.filled = true;
            let label = super::canonical(line.text);
            if LABELS.contains(&label.as_str()) {
                section.key = label;
                return;
            }
            (section.role, section.key.clone(), section.key.clone(), true)
        } else if let (Some(indent), Some(last)) = (self.open, self.out.last())
            && line.indent > indent
        {
            (last.role, last.key.clone(), last.full.clone(), last.nested)
        } else {
            return;
        };

        let (paragraph, comment) = (self.paragraph, self.comment);
        self.out.push(WhoisEntry {
            paragraph,
            role,
            key,
            full,
            value: line.text,
            keyed: false,
            nested,
            comment,
        });
    }
}
