//! The `short` form of a reply: its values alone, as the contract lists them for each command.
//!
//! They are read from `data`, whose members are stable.

use std::sync::Arc;

use netvane_document::{Reply, ShortForm};
use serde_json::Value;

/// Commands whose values are single members of `data`, by JSON pointer; the others are in [`values`].
const MEMBERS: [(&str, &[&str]); 5] = [
    ("ping", &["/rtt_ms/avg"]),
    ("verify", &["/verdict"]),
    ("tls", &["/days_left"]),
    ("whois", &["/state", "/expires"]),
    ("http", &["/status"]),
];

/// Adds the short form to a reply.
pub(super) fn shorten(reply: Reply) -> Reply {
    let document = reply.rendition.document();
    let values = values(reply.command, &reply.rendition.finding.data())
        .unwrap_or_else(|| vec![document.summary.clone()]);
    let short = Some(Arc::new(ShortForm::new(values, document)));
    Reply { short, ..reply }
}

/// Returns the values of a reply's `data`; `None` for a command whose short form is its summary.
fn values(command: &str, data: &Value) -> Option<Vec<String>> {
    // With several vantage points, the summary says how many agree.
    if data.get("places").is_some() {
        return None;
    }
    match command {
        "dns" => Some(records_by_type(data)),
        "ports" => Some(open_ports(data)),
        "blocklist" => Some(listing_lists(data)),
        "ip" | "geo" => Some(country_and_as(data)),
        _ => match MEMBERS.iter().find(|(name, _)| *name == command) {
            Some((_, members)) => Some(
                members
                    .iter()
                    .filter_map(|member| text(data.pointer(member)?))
                    .collect(),
            ),
            None => answers(data),
        },
    }
}

/// Record data as `dig +short` prints it, aliases included; `None` if the data are no DNS response.
fn answers(data: &Value) -> Option<Vec<String>> {
    if let Some(queries) = data.get("queries").and_then(Value::as_array) {
        return Some(queries.iter().filter_map(answers).flatten().collect());
    }
    data.get("rcode")?;
    data.get("transport")?;
    let rows = data.get("answers")?.as_array()?;
    Some(rows.iter().filter_map(record_data).collect())
}

/// The records of `dns`, in the order of its types.
fn records_by_type(data: &Value) -> Vec<String> {
    let types = data.get("records").and_then(Value::as_object);
    types
        .into_iter()
        .flat_map(|types| types.values())
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(record_data)
        .collect()
}

fn record_data(row: &Value) -> Option<String> {
    text(row.get("data")?)
}

/// Open ports; those over another protocol than TCP with its name.
fn open_ports(data: &Value) -> Vec<String> {
    let is_open = |port: &&Value| port["state"] == "open";
    let shown = |port: &Value| {
        let number = text(port.get("port")?)?;
        Some(match port["protocol"].as_str() {
            Some("tcp") | None => number,
            Some(protocol) => format!("{number}/{protocol}"),
        })
    };
    members(data, "ports")
        .filter(is_open)
        .filter_map(shown)
        .collect()
}

/// Names of the blocklists that list the target.
fn listing_lists(data: &Value) -> Vec<String> {
    members(data, "lists")
        .filter(|list| list["state"] == "listed")
        .filter_map(|list| text(list.get("name")?))
        .collect()
}

fn members<'v>(data: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    data.get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Country code and AS number of an address, and of the other addresses of a host if they differ.
fn country_and_as(data: &Value) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for address in std::iter::once(data).chain(members(data, "more")) {
        let country = address.pointer("/country/code").and_then(text);
        let asn = address.pointer("/network/asn").and_then(text);
        let both = country.into_iter().chain(asn.map(|asn| format!("AS{asn}")));
        for value in both {
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    values
}

/// A scalar as text; `None` for null, lists and objects.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(command: &str, data: Value) -> Option<String> {
        values(command, &data).map(|values| values.join("|"))
    }

    #[test]
    fn dns_values_are_those_of_dig_short() {
        let response =
            |answers: Value| json!({"rcode": "NOERROR", "transport": "udp", "answers": answers});
        let mx =
            response(json!([{"name": "a.test", "data": "10 mx.a.test."}, {"data": "20 b.test."}]));
        assert_eq!(
            shown("mx", mx.clone()).as_deref(),
            Some("10 mx.a.test.|20 b.test.")
        );
        assert_eq!(shown("naptr", response(json!([]))).as_deref(), Some(""));
        assert_eq!(
            shown(
                "dig",
                json!({"name": "a.test", "queries": [mx, response(json!([{"data": "192.0.2.1"}]))]})
            )
            .as_deref(),
            Some("10 mx.a.test.|20 b.test.|192.0.2.1")
        );
        assert_eq!(
            shown("dns", json!({"rcode": "NOERROR", "records": {"A": [{"data": "192.0.2.1"}], "NS": [{"data": "ns.a.test."}]}})).as_deref(),
            Some("192.0.2.1|ns.a.test.")
        );
    }

    #[test]
    fn other_values_are_those_of_the_contract() {
        for (command, data, expected) in [
            (
                "ping",
                json!({"rtt_ms": {"min": 1.0, "avg": 2.5}}),
                Some("2.5"),
            ),
            ("ping", json!({"rtt_ms": null}), Some("")),
            ("verify", json!({"verdict": "risky"}), Some("risky")),
            ("tls", json!({"days_left": -3}), Some("-3")),
            ("http", json!({"status": 404}), Some("404")),
            (
                "ports",
                json!({"ports": [
                    {"port": 22, "protocol": "tcp", "state": "open"},
                    {"port": 80, "protocol": "tcp", "state": "closed"},
                    {"port": 53, "protocol": "udp", "state": "open"}
                ]}),
                Some("22|53/udp"),
            ),
            (
                "ip",
                json!({"country": {"code": "DE"}, "network": {"asn": 64500}}),
                Some("DE|AS64500"),
            ),
            (
                "ip",
                json!({
                    "country": {"code": "DE"}, "network": {"asn": 64500},
                    "more": [{"country": {"code": "DE"}, "network": {"asn": 64501}}]
                }),
                Some("DE|AS64500|AS64501"),
            ),
            ("geo", json!({"country": null, "network": null}), Some("")),
            (
                "whois",
                json!({"state": "registered", "expires": "2027-01-02T00:00:00Z"}),
                Some("registered|2027-01-02T00:00:00Z"),
            ),
            (
                "whois",
                json!({"state": "available", "expires": null}),
                Some("available"),
            ),
            (
                "blocklist",
                json!({"lists": [{"name": "one", "state": "listed"}, {"name": "two", "state": "clean"}]}),
                Some("one"),
            ),
            ("trace", json!({"reached": true}), None),
            ("ping", json!({"places": []}), None),
        ] {
            assert_eq!(shown(command, data).as_deref(), expected, "{command}");
        }
    }
}
