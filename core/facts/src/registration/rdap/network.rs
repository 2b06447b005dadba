//! Blocks and AS numbers of an RDAP answer.

use serde_json::Value;

use super::{
    super::{
        Kind, Network, countries, values,
        whois::ranges::{self, Range},
    },
    card::Card,
    items, number, texts, with_role,
};

/// The block or AS of an answer; `None` when it is not about the query.
pub(super) fn network(kind: Kind, query: &str, object: &Value) -> Option<Network> {
    let mut out = Network {
        name: object["name"].as_str().and_then(values::text),
        ..Network::default()
    };

    if kind != Kind::Asn {
        let range = range(query, object)?;
        (out.start, out.end) = (
            Some(range.first().to_string()),
            Some(range.last().to_string()),
        );
        out.cidr = prefixes(object, range);
        out.origin_asn = origin(object);
    }

    // RIPE lists maintainers as registrants too; only the organization is the holder.
    let holders: Vec<Card<'_>> = with_role(object, "registrant").map(Card::of).collect();
    let holder = holders
        .iter()
        .find(|card| card.is("org"))
        .or_else(|| holders.iter().find(|card| !card.is("individual")));
    out.organization = holder
        .and_then(|card| card.organization().or_else(|| card.name()))
        .or_else(|| described(object));
    out.country = object["country"]
        .as_str()
        .and_then(countries::code)
        .or_else(|| holder?.country());

    Some(out)
}

/// The addresses of a block, when it has to do with the query.
fn range(query: &str, object: &Value) -> Option<Range> {
    let address = |name: &str| {
        object[name]
            .as_str()?
            .split('/')
            .next()?
            .trim()
            .parse()
            .ok()
    };
    let range = Range::new(address("startAddress")?, address("endAddress")?)?;

    // The whole address space is how some say that a block is not theirs.
    let elsewhere = range.is_everything()
        || ranges::parse(query)
            .is_some_and(|wanted| !range.covers(wanted) && !wanted.covers(range));
    (!elsewhere).then_some(range)
}

/// The prefixes that the registry lists (`cidr0`), else those of the range.
fn prefixes(object: &Value, range: Range) -> Vec<String> {
    let given = items(&object["cidr0_cidrs"]).filter_map(|cidr| {
        let prefix = cidr["v4prefix"]
            .as_str()
            .or_else(|| cidr["v6prefix"].as_str())?;
        ranges::prefixes(&format!("{prefix}/{}", number(&cidr["length"])?)).pop()
    });
    let given: Vec<String> = given.collect();
    if given.is_empty() {
        range.cidr()
    } else {
        given
    }
}

/// The AS that a regional registry's extension says announces the block.
fn origin(object: &Value) -> Option<u32> {
    let origins = [
        "arin_originas0_originautnums",
        "lacnic_originAutnum",
        "nicbr_autnum",
    ];
    let origin = origins
        .iter()
        .find_map(|name| items(&object[*name]).find_map(number))?;
    u32::try_from(origin).ok().filter(|origin| *origin != 0)
}

/// APNIC and AFRINIC name the holder on the first line of a description.
fn described(object: &Value) -> Option<String> {
    let server = object["port43"].as_str().unwrap_or_default();
    let description = |remark: &&Value| {
        remark["title"]
            .as_str()
            .is_some_and(|title| title.eq_ignore_ascii_case("description"))
    };
    let remark = items(&object["remarks"]).find(description)?;
    let theirs = server.contains("apnic") || server.contains("afrinic");
    texts(&remark["description"])
        .next()
        .filter(|_| theirs)
        .and_then(values::text)
}

#[cfg(test)]
mod tests;
