//! The answers of all servers for people.

use std::{collections::BTreeSet, time::Duration};

use netvane_document::{Answer, Cell, Document, Role, Severity};
use netvane_facts::target::both_forms;

use super::{AuthorityRow, Data, LIFETIME, groups::Group, observation::Observation};
use crate::commands::dns::lookup::{count, ttl};

impl Data {
    /// Number of servers by name that gave a response, and of those that gave an error.
    fn count_servers(&self) -> (usize, usize) {
        let all = || {
            let authorities = self.authoritative.iter().map(|row| &row.seen);
            authorities.chain(&self.resolvers)
        };
        let names = |fails: bool| -> BTreeSet<&str> {
            let is_counted = |seen: &&Observation| {
                seen.problem.is_none()
                    && seen
                        .rcode
                        .as_deref()
                        .is_some_and(|rcode| !fails || !matches!(rcode, "NOERROR" | "NXDOMAIN"))
            };
            all()
                .filter(is_counted)
                .map(|seen| seen.name.as_str())
                .collect()
        };
        (names(false).len(), names(true).len())
    }

    fn summary(&self) -> (String, Severity) {
        let answers = self.groups.iter().filter(|group| group.is_answer()).count();
        let (responding, failing) = self.count_servers();
        let servers = count(responding, "server", "servers");
        if let Some(expect) = &self.expect {
            return match (answers, expect.missing.len()) {
                (0, _) if self.waiting > 0 => ("Asking".into(), Severity::Neutral),
                (0, _) => ("No server answers".into(), Severity::Bad),
                (_, 0) if self.waiting > 0 => (
                    format!("Expected value at {servers} so far"),
                    Severity::Neutral,
                ),
                (_, 0) => (format!("Expected value at all {servers}"), Severity::Good),
                (_, missing) => (
                    format!("Expected value missing at {missing} of {servers}"),
                    Severity::Bad,
                ),
            };
        }

        let has_records = self
            .groups
            .iter()
            .any(|group| !group.answers.is_empty() || group.alias.is_some());
        match answers {
            0 if self.waiting > 0 => ("Asking".into(), Severity::Neutral),
            0 => ("No server answers".into(), Severity::Bad),
            1 if self.waiting > 0 => (
                format!("Same answer from {servers} so far"),
                Severity::Neutral,
            ),
            1 if failing > 0 => (
                format!("One answer, and an error from {failing} of {servers}"),
                Severity::Warning,
            ),
            1 if has_records => self.agreement(responding),
            1 => (self.absence(responding), Severity::Neutral),
            several => (
                format!("{several} different answers from {servers}"),
                Severity::Warning,
            ),
        }
    }

    /// Number of servers that were asked and did not respond.
    fn count_silent(&self) -> usize {
        let authorities = self.authoritative.iter().map(|row| &row.seen);
        let silent: BTreeSet<&str> = authorities
            .chain(&self.resolvers)
            .filter(|seen| seen.rcode.is_none() && seen.address.is_some())
            .map(|seen| seen.name.as_str())
            .collect();
        silent.len()
    }

    /// Summary of one answer without records from this number of servers.
    fn absence(&self, responding: usize) -> String {
        let servers = count(responding, "server", "servers");
        let is_nxdomain = self.groups.iter().any(|group| group.rcode == "NXDOMAIN");
        match (is_nxdomain, self.count_silent()) {
            (false, _) => format!("No records of this type at {servers}"),
            (true, 0) if responding > 1 => format!("NXDOMAIN from all {servers}"),
            (true, _) => format!("NXDOMAIN from {servers}"),
        }
    }

    /// Summary of one answer from this number of servers. It proves little if most of those that were asked are silent.
    fn agreement(&self, responding: usize) -> (String, Severity) {
        let silent = self.count_silent();
        let asked = count(responding + silent, "server", "servers");
        match silent {
            0 => (format!("Same answer from {asked}"), Severity::Good),
            silent if silent > responding => (
                format!("Same answer from only {responding} of {asked}"),
                Severity::Warning,
            ),
            _ => (
                format!("Same answer from {responding} of {asked}"),
                Severity::Good,
            ),
        }
    }

    /// Remarks about what is wrong, and what to do.
    fn add_remarks(&self, document: &mut Document) {
        let serials: BTreeSet<u32> = self
            .authoritative
            .iter()
            .filter_map(|row| row.serial)
            .collect();
        if serials.len() > 1 {
            let serials: Vec<String> = serials.iter().map(u32::to_string).collect();
            document.warn(format!(
                "The authoritative servers have different serials ({}): check the zone transfer to the older ones",
                serials.join(", ")
            ));
        }
        if let Some(seconds) = self.stale_seconds {
            document.note(format!(
                "Answers that differ from the authoritative ones may stay in these caches for up to {}",
                ttl(seconds)
            ));
        }
        for (problem, advice) in [
            (
                "lame",
                "are not authoritative for the zone: add the zone there, or remove their NS records",
            ),
            ("no address", "have no address that can be asked from here"),
        ] {
            let group = self.groups.iter().find(|group| group.rcode == problem);
            if let Some(group) = group {
                document.warn(format!("{} {advice}", group.members.join(", ")));
            }
        }
        let silent = self
            .authoritative
            .iter()
            .filter(|row| row.seen.rcode.is_none() && row.seen.address.is_some());
        let silent: BTreeSet<&str> = silent.map(|row| row.seen.name.as_str()).collect();
        if !silent.is_empty() {
            let names: Vec<&str> = silent.into_iter().collect();
            document.warn(format!(
                "No answer from the authoritative {}",
                names.join(", ")
            ));
        }
        if self.zone.is_none() && self.waiting == 0 {
            document.note("The authoritative servers could not be found");
        }
        if self.waiting > 0 {
            document.note(format!(
                "Waiting for {}",
                count(self.waiting, "answer", "answers")
            ));
        }
    }
}

/// The answers of a group in one cell.
fn answer_cell(group: &Group) -> Cell {
    let role = if group.is_answer() {
        Role::Exact
    } else {
        Role::Warning
    };
    match (&group.answers[..], &group.alias) {
        ([], Some(alias)) => Cell::exact(format!("CNAME {alias}")),
        ([], None) if group.rcode == "NOERROR" => Cell::aside("no records"),
        ([], None) => Cell::new(&group.rcode, role),
        (answers, _) => Cell::new(answers.join("\n"), role),
    }
}

/// The outcome of one server in one cell.
fn state_cell(seen: &Observation) -> Cell {
    match (seen.problem, seen.rcode.as_deref(), seen.group) {
        (Some(problem), _, _) => Cell::new(problem.outcome(), Role::Warning),
        (None, Some("NOERROR" | "NXDOMAIN"), Some(group)) => Cell::from(format!("answer {group}")),
        (None, rcode, _) => Cell::new(rcode.unwrap_or("timeout"), Role::Warning),
    }
}

impl Data {
    /// Adds the groups of servers with the same answer.
    fn add_groups(&self, document: &mut Document) {
        let rows = self.groups.iter().enumerate().map(|(index, group)| {
            [
                Cell::from(index + 1),
                answer_cell(group),
                Cell::from(group.members.len()),
                Cell::aside(group.members.join(", ")),
            ]
        });
        document.table([">", "Answer", ">Servers", "Members"], rows.collect());
    }

    /// Adds the answer of each authoritative server and of each resolver.
    fn add_servers(&self, document: &mut Document) {
        let time = |seen: &Observation| {
            seen.elapsed_ms
                .map(|ms| format!("{ms:.0} ms"))
                .unwrap_or_default()
        };
        let left = |seen: &Observation| seen.ttl.map(ttl).unwrap_or_default();
        let address = |seen: &Observation| {
            seen.address
                .map(|a| Cell::new(a, Role::Address))
                .unwrap_or_else(|| Cell::from(""))
        };

        let rows = self
            .authoritative
            .iter()
            .map(|AuthorityRow { seen, serial }| {
                [
                    Cell::domain(&seen.name),
                    address(seen),
                    state_cell(seen),
                    Cell::from(serial.map(|serial| serial.to_string()).unwrap_or_default()),
                    Cell::from(time(seen)),
                ]
            });
        document.table(
            ["Authoritative", "Address", "State", ">Serial", ">Time"],
            rows.collect(),
        );

        let rows = self.resolvers.iter().map(|seen| {
            [
                Cell::exact(&seen.name),
                address(seen),
                state_cell(seen),
                Cell::from(left(seen)),
                Cell::from(time(seen)),
            ]
        });
        document.table(
            ["Resolver", "Address", "State", ">TTL left", ">Time"],
            rows.collect(),
        );
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let (summary, severity) = self.summary();
        let title = format!("Propagation of {} {}", both_forms(&self.name), self.r#type);
        let mut document = Document::new(title, summary, severity);

        self.add_groups(&mut document);
        self.add_servers(&mut document);
        if let Some(expect) = &self.expect {
            document.field("Expected", Cell::exact(&expect.value));
            if !expect.missing.is_empty() {
                document.field("Missing at", expect.missing.join(", "));
            }
        }
        self.add_remarks(&mut document);
        document
    }

    fn lifetime(&self) -> Duration {
        LIFETIME
    }
}
