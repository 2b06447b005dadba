//! Parses answers about addresses and AS numbers: ARIN, RPSL (RIPE, APNIC, AFRINIC), LACNIC,
//! national registries, rwhois.

use super::{
    super::{
        Kind, Network, Registration, RegistrationState, countries,
        dates::{self, Order},
        status, values,
    },
    phrases,
    ranges::{self, Range},
};
use objects::Object;

mod objects;
#[cfg(test)]
mod samples;

/// Keys that start an object for an address block.
#[rustfmt::skip]
const BLOCK: [&str; 11] = [
    "netrange", "inetnum", "inet6num", "network number", "ipv4 address", "ipv6 address", "ip network", "netblock",
    "ip network block", "network range", "ipネットワークアドレス",
];
const AS: [&str; 5] = ["asnumber", "aut num", "as number", "autnum", "as番号"];
/// Key of an object for a block of AS numbers.
const AS_BLOCK: [&str; 1] = ["as block"];
const ROUTE: [&str; 2] = ["route", "route6"];
/// Keys that start an object for an organization.
const ORGANIZATION: [&str; 3] = ["orgname", "custname", "organisation"];
/// Names of blocks that registries list but did not allocate themselves.
#[rustfmt::skip]
const ELSEWHERE: [&str; 8] = [
    "IANA-BLK", "NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK", "IANA-NETBLOCK", "ERX-NETBLOCK", "IANA-ADDR-BLOCK", "STUB-",
    "AFRINIC-ADDRESSES-NOT-HERE", "APNIC-AP-ERX",
];
/// Sources whose descriptions start with the holder.
const DESCRIBED: [&str; 9] = [
    "APNIC", "AFRINIC", "KRNIC", "JPNIC", "TWNIC", "CNNIC", "IDNIC", "IRINN", "VNNIC",
];
/// Keys for the name of a block or an AS.
const NAME: [&str; 7] = [
    "netname",
    "as name",
    "asname",
    "network name",
    "service name",
    "ネットワーク名",
    "as名",
];
const CREATED: [&str; 8] = [
    "created",
    "regdate",
    "registration date",
    "assigned date",
    "registered",
    "registered date",
    "割当年月日",
    "割振年月日",
];
const UPDATED: [&str; 5] = [
    "last modified",
    "updated",
    "last update",
    "updated date",
    "最終更新",
];

/// Parses an answer about an address, a block or an AS.
pub(super) fn parse(kind: Kind, query: &str, text: &str) -> Registration {
    let mut objects = objects::read(text);
    objects.extend(objects::summaries(text));
    for object in &mut objects {
        if object.is(&BLOCK) || object.is(&ROUTE) {
            object.range = object
                .pairs
                .first()
                .and_then(|(_, value)| ranges::parse(value));
        }
    }

    let found = if kind == Kind::Asn {
        autonomous_system(query, &objects)
    } else {
        block(query, &objects)
    };

    let mut out = Registration::empty(kind);
    let Some(index) = found else {
        out.state = phrases::state(text, query).unwrap_or_default();
        return out;
    };
    let object = &objects[index];
    out.network = Some(network(kind, index, &objects));
    out.created = object.find(&CREATED, date);
    out.updated = object
        .find(&UPDATED, date)
        .or_else(|| object.all(&["changed"]).filter_map(date).last());

    object
        .all(&["status"])
        .for_each(|value| status::add(&mut out.status, value));

    let reserved = out.status.iter().any(|word| word == "reserved");

    out.state = if reserved {
        RegistrationState::Reserved
    } else {
        RegistrationState::Registered
    };

    out.tidy()
}

fn date(value: &str) -> Option<String> {
    dates::parse(value, Order::Unknown)
}

/// The block or AS of the selected object, completed from the objects around it.
fn network(kind: Kind, index: usize, objects: &[Object<'_>]) -> Network {
    let object = &objects[index];
    let mut network = Network {
        name: object.find(&NAME, values::text),
        ..Network::default()
    };

    if kind != Kind::Asn
        && let Some(range) = object.range
    {
        (network.start, network.end) = (
            Some(range.first().to_string()),
            Some(range.last().to_string()),
        );
        let listed: Vec<String> = object.all(&["cidr"]).flat_map(ranges::prefixes).collect();
        network.cidr = if listed.is_empty() {
            range.cidr()
        } else {
            listed
        };
        network.origin_asn = origin(object, range, objects);
    }

    if kind == Kind::Asn
        && let Some((first, last)) = numbers(object)
        && first < last
    {
        (network.start, network.end) = (Some(format!("AS{first}")), Some(format!("AS{last}")));
    }

    let holder = holder(objects, index);
    let name =
        |object: &Object| object.find(&["org name", "orgname", "custname"], values::organization);
    // RPSL allows a comment after the value: `EU # Country is really world wide`.
    let code = |value: &str| countries::code(value.split('#').next().unwrap_or_default());
    let country = |object: &Object| object.find(&["country", "country code"], code);
    network.organization = holder.and_then(name).or_else(|| organization(object));
    network.organization = network
        .organization
        .filter(|organization| network.name.as_ref() != Some(organization));
    network.country = country(object)
        .or_else(|| holder.and_then(country))
        .or_else(|| object.find(&["address country"], countries::code));

    network
}

/// The most specific block that covers the query.
fn block(query: &str, objects: &[Object<'_>]) -> Option<usize> {
    let queried = ranges::parse(query);
    let usable = |object: &Object| {
        let elsewhere = object
            .all(&["netname"])
            .any(|name| ELSEWHERE.iter().any(|start| name.starts_with(start)));
        // ARIN has this in the type: `Early Registrations, Transferred to APNIC`, `Allocated to RIPE NCC`.
        let moved = object.all(&["nettype"]).any(|kind| {
            let kind = kind.to_lowercase();
            kind.contains("transferred to ") || kind.starts_with("allocated to ")
        });
        object.is(&BLOCK) && !elsewhere && !moved
    };
    let covering = |object: &Object| {
        let range = object.range?;
        let covers = queried.is_none_or(|queried| range.covers(queried));
        (usable(object) && covers && !range.is_everything()).then(|| range.size())
    };
    let sized = objects
        .iter()
        .enumerate()
        .filter_map(|(index, object)| covering(object).map(|size| (size, index)));
    sized.min().map(|(_, index)| index)
}

/// The object of the queried AS.
fn autonomous_system(query: &str, objects: &[Object<'_>]) -> Option<usize> {
    let queried = asn(query);
    let matches = |object: &Object| {
        numbers(object).is_some_and(|(first, last)| {
            queried.is_none_or(|queried| (first..=last).contains(&queried))
        })
    };
    let at = |keys: &[&str]| {
        objects
            .iter()
            .position(|object| object.is(keys) && matches(object))
    };
    // IANA lists the blocks of the regional registries, which know more.
    let refers = objects
        .iter()
        .any(|object| object.all(&["whois", "refer"]).next().is_some());
    at(&AS).or_else(|| at(&AS_BLOCK).filter(|_| !refers))
}

/// First and last number of an object for an AS or a block of them.
fn numbers(object: &Object<'_>) -> Option<(u32, u32)> {
    let (_, value) = object.pairs.first()?;
    let (first, last) = value.split_once('-').unwrap_or((value, value));
    Some((asn(first)?, asn(last)?))
}

/// Parses an AS number with or without `AS`; the first of several.
fn asn(value: &str) -> Option<u32> {
    let word = value.split([',', ' ']).find(|word| !word.is_empty())?;
    let bare = word
        .get(..2)
        .filter(|start| start.eq_ignore_ascii_case("as"))
        .map_or(word, |_| &word[2..]);
    bare.parse().ok().filter(|number| *number != 0)
}

/// The object of the organization that holds the selected one.
fn holder<'o, 'a>(objects: &'o [Object<'a>], index: usize) -> Option<&'o Object<'a>> {
    let object = &objects[index];
    // RPSL refers to it by handle; at ARIN it follows.
    if let Some(handle) = object.all(&["org"]).next() {
        return objects.iter().find(|other| {
            other.first() == "organisation"
                && other
                    .pairs
                    .first()
                    .is_some_and(|(_, value)| value.eq_ignore_ascii_case(handle))
        });
    }
    let following = objects[index + 1..]
        .iter()
        .take_while(|other| !other.is(&BLOCK) && !other.is(&AS));
    let arin = matches!(object.first(), "netrange" | "asnumber");
    following
        .into_iter()
        .find(|other| arin && other.is(&ORGANIZATION))
}

/// The holder as named in the object itself.
fn organization(object: &Object<'_>) -> Option<String> {
    // `Example Inc. (EXAMP-1)`
    let without_handle = |value: &str| {
        let name = values::trailing_bracket(value)
            .filter(|(_, inside)| !inside.contains(' '))
            .map_or(value, |(name, _)| name);
        values::organization(name)
    };

    let keys = [
        "owner",
        "organization",
        "organization name",
        "organisation",
        "org name",
        "custname",
        "orgname",
    ];

    object.find(&keys, without_handle).or_else(|| {
        // APNIC, its national registries and AFRINIC put the holder on the first line of the description. At other
        // registries that line can be anything.
        let source = object
            .all(&["source"])
            .next()
            .unwrap_or_default()
            .to_uppercase();
        let first = object
            .all(&["descr"])
            .next()
            .filter(|_| DESCRIBED.iter().any(|name| source.starts_with(name)));
        first.and_then(values::organization)
    })
}

/// The AS that announces the block, from the block itself or from the most specific route that overlaps it.
fn origin(object: &Object<'_>, range: Range, objects: &[Object<'_>]) -> Option<u32> {
    let own = object.find(&["originas", "origin as", "origin", "aut num"], asn);
    own.or_else(|| {
        let routes = objects.iter().filter(|other| other.is(&ROUTE));
        let covering = routes.filter_map(|other| {
            let route = other
                .range
                .filter(|route| route.covers(range) || range.covers(*route))?;
            Some((route.size(), other.find(&["origin"], asn)?))
        });
        covering.min().map(|(_, origin)| origin)
    })
}
