//! A message to which parts are added within Telegram's limits.

use super::part::Part;
use crate::markup::{Markup, units};

/// Most UTF-16 units of a message after its markup is parsed.
pub(super) const MOST_UNITS: usize = 4096;
/// Most UTF-16 units of the text below a picture or a file.
pub(super) const MOST_CAPTION: usize = 1024;
/// Most entities of a message; Telegram drops further ones.
pub(super) const MOST_ENTITIES: usize = 100;

/// A message to which parts are added.
pub(super) struct Page {
    pub(super) body: Markup,
    /// Whether nothing was left out so far.
    pub(super) whole: bool,
    most_units: usize,
    /// Space used by the other content of the message.
    pub(super) spent: Markup,
}

impl Page {
    /// Creates an empty body for a message whose other content uses `spent`.
    pub(super) fn beside(spent: Markup) -> Self {
        Self {
            body: Markup::default(),
            whole: true,
            most_units: MOST_UNITS,
            spent,
        }
    }

    /// Creates an empty caption of a picture, of which `spent` units are taken.
    pub(super) fn caption(spent: usize) -> Self {
        Self {
            body: Markup::default(),
            whole: true,
            most_units: MOST_CAPTION,
            spent: Markup {
                units: spent,
                ..Markup::default()
            },
        }
    }

    fn room(&self) -> (usize, usize) {
        let room = |most: usize, spent: usize, body: usize| most.saturating_sub(spent + body);
        (
            room(self.most_units, self.spent.units, self.body.units),
            room(MOST_ENTITIES, self.spent.entities, self.body.entities),
        )
    }

    /// Adds as many lines of a part as fit, and returns the others.
    pub(super) fn add(&mut self, before: &str, mut part: Part) -> Option<Part> {
        if part.lines.iter().all(|line| line.units == 0) {
            return None;
        }
        if !self.whole {
            return Some(part);
        }
        let before = if self.body.units == 0 && self.spent.html.is_empty() {
            ""
        } else {
            before
        };

        let (open, close) = part.around.tags();
        let (most_units, most_entities) = self.room();
        let mut inner = Markup {
            entities: part.around.entities(),
            ..Markup::default()
        };
        let mut taken = 0;

        for line in &part.lines {
            let gap = if taken == 0 { "" } else { "\n" };
            let fits = units(before) + inner.units + units(gap) + line.units <= most_units
                && inner.entities + line.entities <= most_entities;
            if !fits {
                break;
            }
            inner = inner.own(gap).then(line);
            taken += 1;
        }

        self.whole = taken == part.lines.len();
        let rest = part.lines.split_off(taken);
        if inner.units > 0 {
            let html = format!("{open}{}{close}", inner.html);
            self.body = std::mem::take(&mut self.body)
                .own(before)
                .then(&Markup { html, ..inner });
        }
        (!self.whole).then_some(Part {
            lines: rest,
            ..part
        })
    }
}
