//! Targets in a text or a reply, for which adapters offer follow-up commands as buttons.

use std::collections::HashSet;

use netvane_document::{Block, Cell, Document, Reply, Role};
use netvane_facts::target::{Address, Domain, clean_pasted};

use crate::{args::mailbox, command::Entry, spec::TargetKind};

/// Maximum number of targets offered for one text.
const MAX: usize = 10;

/// Maximum length of text that is searched, in bytes.
const MAX_TEXT: usize = 16 * 1024;

/// A name or address that commands can look up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Whether it is a domain, an address or an email address.
    pub kind: TargetKind,
    /// The target in its canonical spelling.
    pub text: String,
}

impl Target {
    /// Reads a word as people paste it. Names count only below a known public suffix, so that
    /// ordinary words are not taken for names.
    pub fn read(word: &str) -> Option<Self> {
        let word = word.trim_matches(|c: char| ",;:!?\"'()*".contains(c));
        let mailbox = word.trim_matches(['<', '>']);

        if mailbox.contains('@') && !mailbox.contains("//") && mailbox::parse(mailbox).is_ok() {
            return Some(Self {
                kind: TargetKind::Mailbox,
                text: mailbox.to_owned(),
            });
        }

        if let Ok(address) = word.parse::<Address>() {
            return Some(Self {
                kind: TargetKind::Address,
                text: address.to_string(),
            });
        }

        let pasted = clean_pasted(word);
        let dotted = pasted.trim_end_matches('.');
        if !dotted.contains('.') || dotted.starts_with('.') {
            return None;
        }

        let domain: Domain = dotted.parse().ok()?;
        let known = psl::suffix(domain.as_str().as_bytes()).is_some_and(|suffix| suffix.is_known());
        let reserved = domain.as_str().ends_with(".test") || domain.as_str().ends_with(".example");

        (known || reserved).then(|| Self {
            kind: TargetKind::Domain,
            text: domain.to_string(),
        })
    }

    /// Returns the command line that runs this command for the target.
    pub fn line(&self, entry: &Entry) -> String {
        format!("/{} {}", entry.spec.name, self.text)
    }
}

/// Returns the hosts, addresses and email addresses in a text, each once, in order of appearance.
pub fn found_in(text: &str) -> Vec<Target> {
    let end = (0..=text.len().min(MAX_TEXT))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    // Command names, mentions and emoji are not targets.
    let words = text[..end]
        .split(|c: char| c.is_whitespace() || c == ',' || c == '|' && !text.contains('<'))
        .filter(|word| {
            !word.starts_with(['/', '@']) && !word.starts_with("<@") && !word.starts_with("<:")
        });
    unique(words.filter_map(Target::read))
}

/// Returns the targets of a reply: first those of its arguments, then those that it shows.
pub fn of(reply: &Reply) -> Vec<Target> {
    let asked = reply
        .arguments
        .values()
        .filter_map(|value| value.as_str())
        .filter_map(Target::read);

    unique(asked.chain(shown_in(reply.rendition.document())))
}

/// Returns the addresses and domains that a document marks as such, in order of appearance; some may be there more than
/// once.
pub(crate) fn shown_in(document: &Document) -> impl Iterator<Item = Target> {
    document.blocks.iter().flat_map(cells).filter_map(|cell| {
        let first = cell.text.lines().next()?;
        let (kind, text) = match cell.role {
            Role::Address => (
                TargetKind::Address,
                first.parse::<Address>().ok()?.to_string(),
            ),
            Role::Domain => (
                TargetKind::Domain,
                first.parse::<Domain>().ok()?.to_string(),
            ),
            _ => return None,
        };
        Some(Target { kind, text })
    })
}

fn cells(block: &Block) -> Box<dyn Iterator<Item = &Cell> + '_> {
    match block {
        Block::Fields { fields } => Box::new(fields.iter().map(|field| &field.value)),
        Block::Table { rows, .. } => Box::new(rows.iter().flatten()),
        _ => Box::new(std::iter::empty()),
    }
}

fn unique(targets: impl Iterator<Item = Target>) -> Vec<Target> {
    let mut seen = HashSet::new();
    targets
        .filter(|target| seen.insert(target.clone()))
        .take(MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_targets_in_text() {
        let found = |text: &str| {
            found_in(text)
                .into_iter()
                .map(|target| format!("{:?} {}", target.kind, target.text))
                .collect::<Vec<_>>()
        };

        assert_eq!(
            found(
                "Mail from <joe@example.com>, host mx1.example.net. (192.0.2.1) and 2001:db8::1, see https://example.org/a?b."
            ),
            [
                "Mailbox joe@example.com",
                "Domain mx1.example.net",
                "Address 192.0.2.1",
                "Address 2001:db8::1",
                "Domain example.org"
            ]
        );

        assert_eq!(
            found("hxxp://evil[.]example/x and 1[.]1[.]1[.]1"),
            ["Domain evil.example", "Address 1.1.1.1"]
        );
        assert_eq!(
            found("/mx@Bot example.com example.com"),
            ["Domain example.com"],
            "once, without the command"
        );

        assert_eq!(
            found("e.g. this, i.e. nothing... v1.2 <@123456> @someone :-)"),
            [""; 0]
        );
        assert_eq!(found_in(&"a.example ".repeat(100_000)).len(), 1);
    }
}
