//! The chain of `Received` lines, as read from the top.

use super::{
    addresses,
    boundary::TrustBoundary,
    input::HeaderField,
    model::MailHop,
    received::{self, Received},
};

/// Lines read at each end of the chain; those between are omitted, with a note.
const TOP: usize = 200;
const BOTTOM: usize = 50;

/// All lines, the reader's first.
#[derive(Debug, Default)]
pub(super) struct ReceivedChain {
    pub lines: Vec<Received>,
    /// The place of each line among all fields.
    pub places: Vec<usize>,
    /// How many lines there are in all.
    pub total: usize,
    /// Index after which lines were omitted.
    pub cut: Option<usize>,
}

impl ReceivedChain {
    /// Reads the lines. `X-Received` is not among them: it repeats a hop inside Google.
    pub(super) fn read(fields: &[HeaderField<'_>], notes: &mut Vec<String>) -> Self {
        let all: Vec<_> = fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.is("Received"))
            .collect();

        let total = all.len();
        let mut chain = Self {
            total,
            ..Self::default()
        };

        for (index, (place, field)) in all.into_iter().enumerate() {
            if index >= TOP && index + BOTTOM < total {
                chain.cut = Some(TOP);
                continue;
            }
            chain.lines.push(received::parse(&field.value));
            chain.places.push(place);
        }

        if chain.cut.is_some() {
            let left = total - chain.lines.len();
            notes.push(format!(
                "{total} Received headers; {left} in the middle were omitted"
            ));
        }

        chain
    }

    /// The published number of a line: 1 is the sender's.
    pub(super) fn index(&self, line: usize) -> usize {
        match self.cut {
            Some(cut) if line < cut => self.total - line,
            _ => self.lines.len() - line,
        }
    }

    /// The hops as published, the sender's first.
    pub(super) fn hops(&self, found: &TrustBoundary) -> Vec<MailHop> {
        let mut before = None;
        let mut hops = Vec::with_capacity(self.lines.len());

        for (number, line) in self.lines.iter().enumerate().rev() {
            if self.cut == Some(number + 1) {
                before = None;
            }

            let delay = match (before, line.at) {
                (Some(before), Some(at)) => Some(at.duration_since(before).as_secs()),
                _ => None,
            };
            before = line.at.or(before);
            hops.push(MailHop {
                index: self.index(number),
                from_host: line.client_host().map(str::to_owned),
                helo: line.from_helo.clone(),
                rdns: line.from_rdns.clone(),
                from_address: line.from_address,
                by: line.by.clone(),
                protocol: line.protocol.clone(),
                tls: line.tls.clone(),
                id: line.id.clone(),
                at: line.at.map(|at| at.to_string()),
                delay_seconds: delay,
                trusted: number < found.trusted,
                scope: line.from_address.map(addresses::class),
            });
        }

        hops
    }
}

#[cfg(test)]
mod tests;
