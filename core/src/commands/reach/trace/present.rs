//! Document of a route.

use netvane_document::{Answer, Chart, Document, Severity};
use netvane_facts::target::both_forms;
use netvane_net::route::Method;

use super::{Data, Hop};
use crate::commands::{
    address::geo::add_attribution, dns::lookup::count, reach::ping::milliseconds,
};

impl Data {
    fn summary(&self) -> (String, Severity) {
        let hops = count(self.hops.len(), "hop", "hops");
        if self.in_progress {
            let text = match self.rounds {
                Some(rounds) => format!("{hops}, round {rounds}"),
                None => format!("{hops} so far"),
            };
            return (text, Severity::Neutral);
        }
        if self.reached {
            let (loss, severity) = self.loss_at_the_target();
            return (format!("Reached after {hops}{loss}"), severity);
        }

        if let Some(error) = self.hops.last().and_then(Hop::error) {
            let text = format!("Not reached: {error} at hop {}", self.hops.len());
            return (text, Severity::Bad);
        }
        let replied = |hop: &&Hop| !hop.addresses().is_empty();
        match self.hops.iter().rev().find(replied) {
            Some(last) => (
                format!("Not reached: no reply after hop {}", last.ttl),
                Severity::Warning,
            ),
            None => ("Not reached: no replies".into(), Severity::Bad),
        }
    }

    /// Loss and mean round trip of the last hop, if the route was measured in rounds.
    fn loss_at_the_target(&self) -> (String, Severity) {
        let Some(of) = self.hops.last().and_then(|hop| hop.statistics.as_ref()) else {
            return (String::new(), Severity::Good);
        };
        let average = of.avg.map(|avg| format!(", avg {} ms", milliseconds(avg)));
        let average = average.unwrap_or_default();
        match of.lost {
            0 => (format!(": no loss{average}"), Severity::Good),
            _ => (
                format!(": {:.0} % loss{average}", of.loss_percent),
                Severity::Warning,
            ),
        }
    }

    fn add_hops(&self, document: &mut Document) {
        if self.rounds.is_none() {
            document.table(
                [">Hop", "Address", "Name", "Network", "RTT (ms)"],
                self.hops.iter().map(Hop::trace_row).collect(),
            );
            return;
        }
        document.table(
            [
                ">Hop", "Address", "Name", "Network", ">Loss", ">Sent", ">Last", ">Avg", ">Best",
                ">Worst", ">StDev",
            ],
            self.hops.iter().map(Hop::rounds_row).collect(),
        );
    }

    /// Adds what explains the figures.
    fn add_notes(&self, document: &mut Document) {
        let substitute = match (self.protocol, self.rounds, self.method) {
            (None, None, Some(Method::Icmp)) => Some("ICMP"),
            (None, None, Some(Method::Tcp)) => Some("TCP"),
            _ => None,
        };
        if let Some(method) = substitute {
            document.note(format!(
                "The target does not reply to UDP probes; used {method}"
            ));
        }

        let statistics = || self.hops.iter().filter_map(|hop| hop.statistics.as_ref());
        if statistics().any(|of| of.rate_limited) {
            document.text(
                "Loss marked “rate limit” is not packet loss: the hop limits its replies, and later hops receive more.",
            );
        }
        let target = self.hops.last().and_then(|hop| hop.statistics.as_ref());
        let is_limited_by_udp = self.method == Some(Method::Udp) && self.reached;
        if is_limited_by_udp && target.is_some_and(|of| of.lost > 0) {
            document
                .note("The target may limit its replies to UDP probes; `ping` measures its loss");
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("Route to {}", both_forms(&self.target));
        if self.at.address.is_none() {
            return self.at.explain_absence(title, &self.target);
        }

        let (summary, severity) = self.summary();
        let mut document = Document::new(title, summary, severity);

        self.add_hops(&mut document);
        document.draw(Chart::Rows {
            title: "Round trips by hop (ms)".into(),
            rows: self.hops.iter().map(Hop::chart_row).collect(),
        });
        self.at.add_to(&mut document, "Target");
        if let Some(mtu) = self.path_mtu {
            document.field("Path MTU", format!("{mtu} bytes"));
        }
        self.add_notes(&mut document);

        let is_known = |hop: &Hop| hop.asn.is_some() || hop.country.is_some();
        if self.hops.iter().any(is_known) {
            add_attribution(&mut document, "Data sources", &self.databases);
        }

        document
    }
}
