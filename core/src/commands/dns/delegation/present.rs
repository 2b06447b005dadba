//! The zones with their servers for people.

use std::time::Duration;

use netvane_document::{Answer, Cell, Document, Role, Severity};
use netvane_facts::target::both_forms;

use super::{ChainStatus, Data, DisagreementKind, Server, State, Step};
use crate::commands::dns::lookup::{count, data_cell, ttl};

impl Data {
    fn count_of(&self, states: &[State]) -> usize {
        let servers = self.steps.iter().flat_map(|step| &step.servers);
        servers
            .filter(|server| states.contains(&server.state))
            .count()
    }

    fn summary(&self) -> (String, Severity) {
        let faulty = self.count_of(&[State::Lame, State::Silent, State::NoAddress]);
        let zones = count(self.steps.len(), "zone", "zones");
        let is_secure = self
            .steps
            .last()
            .is_some_and(|step| step.secure == ChainStatus::Secure);
        let secure = if is_secure { "secure" } else { "not signed" };

        match (&self.broken_at, &self.reason) {
            _ if self.waiting > 0 => (format!("{zones} so far"), Severity::Neutral),
            (Some(zone), _) if zone == "." && self.is_root_failing() => (
                "Broken at the root: no root server gives a referral; a firewall or resolver is intercepting DNS here".into(),
                Severity::Bad,
            ),
            (Some(zone), reason) => {
                let zone = match zone.as_str() {
                    "." => "the root".to_owned(),
                    zone => both_forms(zone),
                };
                let reason = reason.as_deref().unwrap_or("its servers or keys fail");
                (
                    format!("Broken at {zone}: {reason}"),
                    Severity::Bad,
                )
            }
            (None, _) if self.stopped && self.rcode.is_none() => (
                "The time was over before the last zone".into(),
                Severity::Warning,
            ),
            (None, _) if !self.disagreements.is_empty() => (
                format!("{zones}, {secure}; parent and child disagree"),
                Severity::Warning,
            ),
            (None, _) if faulty > 0 => (
                format!(
                    "{zones}, {secure}; {} at fault",
                    count(faulty, "server", "servers")
                ),
                Severity::Warning,
            ),
            (None, _) => (format!("In order: {zones}, {secure}"), Severity::Good),
        }
    }

    /// Whether all root servers that were asked are silent or lame, which they never are at the same time.
    fn is_root_failing(&self) -> bool {
        let asked = self.steps.iter().flat_map(|step| &step.servers);
        let mut asked = asked
            .filter(|server| !matches!(server.state, State::NoAddress | State::RefusedTarget))
            .peekable();
        self.steps.len() == 1
            && asked.peek().is_some()
            && asked.all(|server| matches!(server.state, State::Lame | State::Silent))
    }

    fn add_remarks(&self, document: &mut Document) {
        for it in &self.disagreements {
            let (what, fix) = match it.kind {
                DisagreementKind::Ns => (
                    "the names of the servers",
                    "change the NS records at the registrar",
                ),
                DisagreementKind::Glue => (
                    "the addresses of the servers",
                    "change the glue (host records) at the registrar",
                ),
                DisagreementKind::Ds => ("the keys", "change the DS records at the registrar"),
            };
            let list = |names: &[String]| match names {
                [] => "nothing".to_owned(),
                names => names.join(", "),
            };
            document.warn(format!(
                "{}: parent and child disagree about {what}: {fix}. Parent: {}. Child: {}",
                both_forms(&it.zone),
                list(&it.parent),
                list(&it.child)
            ));
        }
        if self.count_of(&[State::Lame]) > 0 {
            document.warn("A lame server is named in the delegation but does not serve the zone: add the zone there, or remove its NS record");
        }
        if self.count_of(&[State::NoAddress]) > 0 {
            document.warn("A server without an address cannot be reached: add address records (and glue), or remove its NS record");
        }
        if self.unrouted {
            document.note("Addresses to which this machine has no route were not asked");
        }
        if self.stopped {
            document.note("Stopped after 10 s; servers without an answer count as silent");
        }
    }
}

fn state_cell(server: &Server) -> Cell {
    let rcode = server.rcode.as_deref().filter(|rcode| *rcode != "NOERROR");
    match (server.state, rcode) {
        (State::Ok, _) => Cell::new("ok", Role::Good),
        (State::Lame, Some(rcode)) => Cell::new(format!("lame ({rcode})"), Role::Bad),
        (State::Lame, None) => Cell::new("lame", Role::Bad),
        (State::Silent, _) => Cell::new("silent", Role::Bad),
        (State::NoAddress, _) => Cell::new("no address", Role::Bad),
        (State::RefusedTarget, _) => Cell::new("not asked: refused here", Role::Aside),
    }
}

fn heading(step: &Step) -> String {
    let zone = match step.zone.as_str() {
        "." => "Root".to_owned(),
        zone => both_forms(zone).to_string(),
    };
    // Without an answer there is nothing to validate.
    if !step.servers.iter().any(|server| server.state == State::Ok) {
        return zone;
    }
    let secure = match step.secure {
        ChainStatus::Secure => "secure",
        ChainStatus::Insecure => "not signed",
        ChainStatus::Bogus => "bogus",
    };
    format!("{zone} ({secure})")
}

impl Answer for Data {
    fn present(&self) -> Document {
        let (summary, severity) = self.summary();
        let title = format!("Delegation of {} {}", both_forms(&self.name), self.r#type);
        let mut document = Document::new(title, summary, severity);

        for step in &self.steps {
            document.heading(heading(step));
            let rows = step.servers.iter().map(|server| {
                let address = server
                    .address
                    .map(|address| Cell::new(address, Role::Address));
                let time = server.elapsed_ms.map(|ms| format!("{ms:.0} ms"));
                [
                    Cell::domain(&server.name),
                    address.unwrap_or_else(|| Cell::from("")),
                    state_cell(server),
                    Cell::from(time.unwrap_or_default()),
                ]
            });
            document.table(["Server", "Address", "State", ">Time"], rows.collect());
            if !step.ds.is_empty() {
                document.field("DS", Cell::exact(step.ds.join("\n")));
            }
        }

        if let Some(rcode) = &self.rcode {
            document.heading("Answer");
            let rows: Vec<[Cell; 4]> = self
                .answers
                .iter()
                .map(|row| {
                    [
                        Cell::domain(&row.name),
                        Cell::from(ttl(row.ttl)),
                        Cell::from(&row.r#type),
                        data_cell(&row.r#type, &row.data),
                    ]
                })
                .collect();
            if rows.is_empty() {
                document.text(match rcode.as_str() {
                    "NOERROR" => "The name has no records of this type",
                    "NXDOMAIN" => "The name does not exist (NXDOMAIN)",
                    _ => "No records",
                });
            }
            document.table(["Name", ">TTL", "Type", "Data"], rows);
        }
        self.add_remarks(&mut document);
        document
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(if self.stopped { 0 } else { 30 })
    }
}
