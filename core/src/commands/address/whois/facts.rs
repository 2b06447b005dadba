//! Registration data as fields of a document.

use netvane_document::{Cell, Document, Role};
use netvane_facts::registration::{Network, Registrar, Registration};

pub(super) fn add(facts: &Registration, document: &mut Document) {
    let notice = facts.notice.as_ref().map(Cell::exact);
    add_field("Registry says", notice, document);

    if let Some(registrar) = &facts.registrar {
        add_registrar(registrar, document);
    }

    if let Some(registrant) = &facts.registrant {
        let parts = joined([&registrant.organization, &registrant.country]);
        add_field("Registrant", parts.map(Cell::exact), document);
    }

    if let Some(network) = &facts.network {
        add_network(network, document);
    }

    add_field("Created", date(facts.created.as_ref()), document);
    add_field("Updated", date(facts.updated.as_ref()), document);
    add_field("Expires", date(facts.expires.as_ref()), document);
    add_state(facts, document);
}

fn add_registrar(registrar: &Registrar, document: &mut Document) {
    let id = registrar
        .iana_id
        .as_ref()
        .map(|id| format!(" (IANA {id})"))
        .unwrap_or_default();
    let name = registrar.name.as_ref();
    let name = name.map(|name| Cell::exact(format!("{name}{id}")));
    add_field("Registrar", name, document);

    let abuse = joined([&registrar.abuse_email, &registrar.abuse_phone]);
    add_field("Report abuse to", abuse.map(Cell::exact), document);
}

fn add_network(network: &Network, document: &mut Document) {
    let exact = |text: &Option<String>| text.as_ref().map(Cell::exact);
    let cidr = (!network.cidr.is_empty()).then(|| network.cidr.join(", "));
    let range = network
        .start
        .as_ref()
        .zip(network.end.as_ref())
        .map(|(start, end)| format!("{start} – {end}"));
    let announced = network.origin_asn.map(|asn| format!("AS{asn}").into());

    let cidr = cidr.map(|cidr| Cell::new(cidr, Role::Address));
    add_field("Network", cidr, document);
    add_field("Range", range.map(Cell::exact), document);
    add_field("Name", exact(&network.name), document);
    add_field("Organization", exact(&network.organization), document);
    add_field("Country", exact(&network.country), document);
    add_field("Announced by", announced, document);
}

/// Adds status, name servers and DNSSEC of a domain.
fn add_state(facts: &Registration, document: &mut Document) {
    let status = (!facts.status.is_empty()).then(|| facts.status.join(", "));
    let servers = (!facts.nameservers.is_empty()).then(|| facts.nameservers.join("\n"));
    let dnssec = facts
        .dnssec
        .map(|signed| if signed { "signed" } else { "not signed" }.into());

    add_field("Status", status.map(Cell::exact), document);
    add_field("Name servers", servers.map(Cell::domain), document);
    add_field("DNSSEC", dnssec, document);
}

fn add_field(name: &str, value: Option<Cell>, document: &mut Document) {
    if let Some(value) = value {
        document.field(name, value);
    }
}

/// Joins the present parts with commas; `None` if there are none.
fn joined<const N: usize>(parts: [&Option<String>; N]) -> Option<String> {
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// An RFC 3339 timestamp in readable form: `2027-08-13 04:00:00 UTC`.
fn date(text: Option<&String>) -> Option<Cell> {
    text.map(|text| text.replace('T', " ").replace('Z', " UTC").into())
}
