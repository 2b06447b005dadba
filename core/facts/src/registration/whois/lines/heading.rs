//! Recognizes lines that only open a section.

use super::{
    super::fields::{self, Field, Role},
    Line, LineKind, MAX_KEY, Section, canonical,
};

/// Where the first line below a possible heading is.
struct Below<'l, 'a> {
    line: &'l Line<'a>,
    /// Whether no blank line is between them.
    adjacent: bool,
    indented: bool,
}

impl<'l, 'a> Below<'l, 'a> {
    /// The first line of text below a line, after at most one blank line.
    fn of(lines: &'l [Line<'a>], index: usize) -> Option<Self> {
        let mut rest = lines[index + 1..]
            .iter()
            .take(4)
            .filter(|next| next.kind != LineKind::Comment);
        let next = rest.next()?;
        let adjacent = next.kind == LineKind::Text;
        let line = if next.kind == LineKind::Blank {
            rest.next()?
        } else {
            next
        };
        (line.kind == LineKind::Text).then(|| Self {
            line,
            adjacent,
            indented: line.indent > lines[index].indent,
        })
    }

    /// Whether a key without a value is the heading of these lines.
    fn belongs_to(&self, key: &str, indent: usize, after_blank: bool, tld: &str) -> bool {
        let own_key = self.line.key.as_ref();
        let is_known = fields::is_heading(key) && (after_blank || self.indented);
        // Name servers may follow a blank line.
        let listed = fields::field(key) == Some(Field::Nameserver) && own_key.is_none();
        // So may the contact of a holder, if its first line is one of a contact.
        let contact = is_known
            && fields::role(key, tld).0 == Some(Role::Registrant)
            && own_key.is_some_and(|(key, _)| fields::is_of_contact(key));

        if self.indented {
            self.adjacent || is_known || listed
        } else {
            (self.adjacent || listed || contact)
                && self.line.indent == indent
                && (own_key.is_none() || is_known)
        }
    }
}

/// The section that a line opens, if it is a heading.
pub(super) fn heading(
    lines: &[Line<'_>],
    index: usize,
    after_blank: bool,
    tld: &str,
) -> Option<Section> {
    let line = &lines[index];
    let below = Below::of(lines, index)?;

    let (key, opens) = match &line.key {
        Some((key, "")) => {
            let opens = below.belongs_to(key, line.indent, after_blank, tld);
            (key.clone(), opens)
        }
        Some(_) => return None,
        None => {
            let key = canonical(line.text.trim_end_matches(':'));
            let is_known = line.text.len() <= MAX_KEY && fields::is_heading(&key);
            // In .im and .ax, headings follow other lines directly.
            let dialect = matches!(tld, "im" | "ax");
            (key, is_known && (after_blank || below.indented || dialect))
        }
    };

    if !opens {
        return None;
    }

    let (role, rest) = fields::role(&key, tld);
    let key = if role.is_some() { rest.to_owned() } else { key };

    Some(Section {
        indent: line.indent,
        indented: below.indented,
        filled: false,
        role: role.unwrap_or_default(),
        key,
    })
}
