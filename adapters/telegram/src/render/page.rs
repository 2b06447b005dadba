//! A message as it fills up, within the platform's limits.

use super::part::Part;
use crate::markup::{Markup, units};

/// UTF-16 units of a message after its markup was read.
pub(super) const MOST_UNITS: usize = 4096;
/// More entities are dropped by the platform.
pub(super) const MOST_ENTITIES: usize = 100;

/// A message as it fills up.
pub(super) struct Page {
    pub(super) body: Markup,
    /// Nothing was left out.
    pub(super) whole: bool,
    /// What else is in the message.
    pub(super) spent: Markup,
}

impl Page {
    /// An empty one, in a message that holds this besides.
    pub(super) fn beside(spent: Markup) -> Self {
        Self {
            body: Markup::default(),
            whole: true,
            spent,
        }
    }

    fn room(&self) -> (usize, usize) {
        let room = |most: usize, spent: usize, body: usize| most.saturating_sub(spent + body);
        (
            room(MOST_UNITS, self.spent.units, self.body.units),
            room(MOST_ENTITIES, self.spent.entities, self.body.entities),
        )
    }

    /// Adds as many lines as there is room for.
    pub(super) fn add(&mut self, before: &str, part: &Part) {
        if !self.whole || part.lines.iter().all(|line| line.units == 0) {
            return;
        }

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
        if inner.units == 0 {
            return;
        }

        let html = format!("{open}{}{close}", inner.html);
        self.body = std::mem::take(&mut self.body)
            .own(before)
            .then(&Markup { html, ..inner });
    }
}
