//! Answers in the formats of many registries, with example names and the expected data.

mod other_answers;
mod registries;

use super::{
    super::{Kind, Registration},
    parse,
};

/// Formats a registration in one line, without missing fields.
pub(in super::super) fn brief(r: &Registration) -> String {
    let mut out = vec![format!("{:?}", r.state).to_lowercase()];
    let mut add = |label: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            out.push(format!("{label}={value}"));
        }
    };

    let date = |value: &Option<String>| value.as_ref().map(|v| v.replace("T00:00:00Z", ""));
    let registrar = r.registrar.clone().unwrap_or_default();
    add("by", registrar.name);
    add("id", registrar.iana_id);
    add("url", registrar.url);
    add("abuse", registrar.abuse_email);
    add("tel", registrar.abuse_phone);
    let registrant = r.registrant.clone().unwrap_or_default();
    add("org", registrant.organization);
    add("cc", registrant.country);
    add("status", Some(r.status.join(",")));
    add("ns", Some(r.nameservers.join(",")));
    add("c", date(&r.created));
    add("u", date(&r.updated));
    add("x", date(&r.expires));
    add("sec", r.dnssec.map(|signed| signed.to_string()));
    if let Some(n) = &r.network {
        add(
            "net",
            n.start
                .clone()
                .map(|start| format!("{start}-{}", n.end.clone().unwrap_or_default())),
        );
        add("cidr", Some(n.cidr.join(",")));
        add("name", n.name.clone());
        add("holder", n.organization.clone());
        add("in", n.country.clone());
        add("as", n.origin_asn.map(|asn| asn.to_string()));
    }

    out.join(" ")
}

fn domain(query: &str, text: &str, expected: &str) {
    assert_eq!(
        brief(&parse(Kind::Domain, query, text)),
        expected,
        "{query}"
    );
}
