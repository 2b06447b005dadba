//! Address blocks and AS numbers in RDAP answers.

use serde_json::Value;

use super::{
    super::{
        Kind, Network, countries, values,
        whois::ranges::{self, Range},
    },
    card::Card,
    items, number, texts, with_role,
};

/// Reads the block or AS of an answer; `None` if it does not match the query.
pub(super) fn network(kind: Kind, query: &str, object: &Value) -> Option<Network> {
    let mut out = Network {
        name: object["name"].as_str().and_then(values::text),
        ..Network::default()
    };

    if kind == Kind::Asn {
        (out.start, out.end) = numbers(query, object)?;
    } else {
        let range = range(query, object)?;
        (out.start, out.end) = (
            Some(range.first().to_string()),
            Some(range.last().to_string()),
        );
        out.cidr = prefixes(object, range);
        out.origin_asn = origin(object);
    }

    // RIPE lists maintainers as registrants as well; only the organization is the holder.
    let holders: Vec<Card<'_>> = with_role(object, "registrant").map(Card::of).collect();
    let holder = holders
        .iter()
        .find(|card| card.is("org"))
        .or_else(|| holders.iter().find(|card| !card.is("individual")));
    out.organization = holder
        .and_then(|card| card.organization().or_else(|| card.plain_name()))
        .or_else(|| holder_in_description(object))
        .filter(|organization| out.name.as_ref() != Some(organization));
    out.country = object["country"]
        .as_str()
        .and_then(countries::code)
        .or_else(|| holder?.country());

    Some(out)
}

/// First and last number of a block of AS numbers, both `None` for a single AS. `None` if the query is not in it.
fn numbers(query: &str, object: &Value) -> Option<(Option<String>, Option<String>)> {
    let (Some(first), last) = (number(&object["startAutnum"]), number(&object["endAutnum"])) else {
        return Some((None, None));
    };
    let last = last.unwrap_or(first);
    let queried = query
        .trim_start_matches(['A', 'S', 'a', 's'])
        .parse::<u64>();
    let elsewhere = queried.is_ok_and(|queried| !(first..=last).contains(&queried))
        || first == 0 && last >= u64::from(u32::MAX);
    let block = (first < last).then(|| (format!("AS{first}"), format!("AS{last}")));
    (!elsewhere).then(|| block.unzip())
}

/// The address range of a block, if it overlaps the query.
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

    // Some registries answer with the whole address space for blocks of other registries.
    let elsewhere = range.is_everything()
        || ranges::parse(query)
            .is_some_and(|queried| !range.covers(queried) && !queried.covers(range));
    (!elsewhere).then_some(range)
}

/// The prefixes that the registry lists (`cidr0` extension), or else those of the range.
fn prefixes(object: &Value, range: Range) -> Vec<String> {
    let listed = items(&object["cidr0_cidrs"]).filter_map(|cidr| {
        let prefix = cidr["v4prefix"]
            .as_str()
            .or_else(|| cidr["v6prefix"].as_str())?;
        ranges::prefixes(&format!("{prefix}/{}", number(&cidr["length"])?)).pop()
    });
    let listed: Vec<String> = listed.collect();
    if listed.is_empty() {
        range.cidr()
    } else {
        listed
    }
}

/// The AS that announces the block, from extensions of regional registries.
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

/// The holder from the first line of a description, which is where APNIC and AFRINIC put it.
fn holder_in_description(object: &Value) -> Option<String> {
    let server = object["port43"].as_str().unwrap_or_default();
    let description = |remark: &&Value| {
        remark["title"]
            .as_str()
            .is_some_and(|title| title.eq_ignore_ascii_case("description"))
    };
    let remark = items(&object["remarks"]).find(description)?;
    let has_holder = server.contains("apnic") || server.contains("afrinic");
    texts(&remark["description"])
        .next()
        .filter(|_| has_holder)
        .and_then(values::organization)
}

#[cfg(test)]
mod tests;
