//! Parses answers of RDAP servers (RFC 9083).
//!
//! Real servers deviate from the format: numbers as text, a text instead of a list, missing classes. So the JSON is
//! read member by member, and an unreadable member counts as missing.

mod card;
mod network;
mod problem;
mod registrar;
#[cfg(test)]
mod samples;
mod size;

use serde_json::Value;

use super::whois::phrases;
use super::{Kind, Registrant, Registration, RegistrationState, dates, status, values};
use card::Card;

/// Why an answer could not be parsed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The answer is longer than 4 MiB.
    #[error("longer than 4 MiB")]
    TooLong,
    /// The answer has more values than a registration can have.
    #[error("too many values")]
    TooComplex,
    /// The answer is not JSON, or nested too deeply.
    #[error("not JSON")]
    NotJson(#[source] serde_json::Error),
    /// The answer is JSON, but neither an RDAP object of the queried kind nor an error.
    #[error("not an RDAP object for this query")]
    NotRdap,
    /// The HTTP status is an error, and the body is no RDAP error.
    #[error("HTTP status {0}")]
    Status(u16),
}

/// Longest answer that is parsed, in bytes.
const MAX_BYTES: usize = 4 << 20;
/// Largest size of the parsed values in memory, without their texts, in bytes. Long answers have a few thousand values.
const MAX_MEMORY: usize = 1536 << 10;
/// Largest number of items of a list that are read.
const MAX_ITEMS: usize = 256;
/// Largest number of related answers that are returned.
const MAX_LINKS: usize = 4;

/// Parses an HTTP response about an object of the given kind.
///
/// Only an error object of RDAP (RFC 9083 §6) says that the object does not exist. A web page or an empty body with the
/// status 404 comes from something else, such as a proxy, and is [`Error::Status`].
pub fn parse_response(
    kind: Kind,
    query: &str,
    status: u16,
    body: &[u8],
) -> Result<Registration, Error> {
    match status {
        200..=299 => parse(kind, query, body),
        400..=499 => match read(body)
            .ok()
            .filter(|value| problem::is_error(value, status))
        {
            Some(value) => Ok(problem::registration(
                kind,
                query,
                u64::from(status),
                &value,
            )),
            None if status == 429 => Ok(Registration {
                state: RegistrationState::Throttled,
                ..Registration::empty(kind)
            }),
            None => Err(Error::Status(status)),
        },
        _ => Err(Error::Status(status)),
    }
}

/// Parses an answer about an object of the given kind. Error codes in the answer give a state: 404
/// [`RegistrationState::Available`] or, by its description, [`RegistrationState::Reserved`]; 429
/// [`RegistrationState::Throttled`], others [`RegistrationState::Unavailable`].
pub fn parse(kind: Kind, query: &str, json: &[u8]) -> Result<Registration, Error> {
    let value = read(json)?;

    if let Some(code) = problem::error_code(&value) {
        return Ok(problem::registration(kind, query, code, &value));
    }

    let object = select(kind, query, &value).ok_or(Error::NotRdap)?;
    let mut out = Registration::empty(kind);

    for word in texts(&object["status"]) {
        // RFC 8056 §2: `active` in RDAP is `ok` in EPP.
        let is_ok = kind == Kind::Domain && word.eq_ignore_ascii_case("active");
        status::add(&mut out.status, if is_ok { "ok" } else { word });
    }

    out.created = event(object, &["registration"]);
    out.updated = event(object, &["last changed"]);
    out.expires = event(
        object,
        &["expiration", "registrar expiration", "soft expiration"],
    );

    if kind == Kind::Domain {
        domain(&mut out, object);
    } else {
        out.network = network::network(kind, query, object);
        if out.network.is_none() {
            return Ok(Registration::empty(kind));
        }
    }

    let is_bare = out.created.is_none() && out.registrar.is_none();
    let reserved = is_bare
        && out
            .status
            .iter()
            .any(|word| phrases::of_status(word) == Some(RegistrationState::Reserved));

    out.state = if reserved {
        RegistrationState::Reserved
    } else {
        RegistrationState::Registered
    };

    Ok(out.tidy())
}

/// URLs of related RDAP answers about the same object, such as the registrar's, `https` before `http`.
///
/// Only their syntax is checked; the caller must decide whether they may be contacted.
pub fn related(json: &[u8]) -> Vec<String> {
    let Ok(value) = read(json) else {
        return Vec::new();
    };
    let mut found: Vec<String> = Vec::new();
    let own: Vec<&str> = items(&value["links"])
        .filter(|link| has(&link["rel"], "self"))
        .filter_map(|link| link["href"].as_str())
        .collect();

    for link in items(&value["links"]).filter(|link| has(&link["rel"], "related")) {
        let Some(href) = link["href"].as_str().map(str::trim) else {
            continue;
        };
        let rdap = link["type"].as_str().map_or_else(
            || {
                ["/domain/", "/ip/", "/autnum/"]
                    .iter()
                    .any(|part| href.contains(part))
            },
            |kind| kind.contains("rdap+json"),
        );

        let web = href.starts_with("https://") || href.starts_with("http://");
        let plain = href.len() <= 1024 && href.bytes().all(|b| b.is_ascii_graphic());

        if rdap
            && web
            && plain
            && !own.contains(&href)
            && !found.iter().any(|other| other == href)
            && found.len() < MAX_LINKS
        {
            found.push(href.to_owned());
        }
    }

    found.sort_by_key(|href| !href.starts_with("https://"));

    found
}

fn read(json: &[u8]) -> Result<Value, Error> {
    if json.len() > MAX_BYTES {
        return Err(Error::TooLong);
    }
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    if size::memory(json) > MAX_MEMORY {
        return Err(Error::TooComplex);
    }
    // serde_json limits the depth. Latin-1 in a text must not make the whole answer invalid.
    let value: Value = match serde_json::from_slice(json) {
        Ok(value) => value,
        Err(_) => serde_json::from_str(&String::from_utf8_lossy(json)).map_err(Error::NotJson)?,
    };
    value.is_object().then_some(value).ok_or(Error::NotRdap)
}

/// Reads a member as a number, also if it is written as text.
fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str()?.trim().trim_start_matches("AS").parse().ok())
}

/// Items of a list; any other value is a list of one.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    let (list, single) = match value {
        Value::Array(list) => (list.as_slice(), None),
        Value::Null => (&[][..], None),
        other => (&[][..], Some(other)),
    };
    list.iter().chain(single).take(MAX_ITEMS)
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    items(value).filter_map(Value::as_str)
}

fn has(value: &Value, word: &str) -> bool {
    texts(value).any(|text| text.trim().eq_ignore_ascii_case(word))
}

/// The queried object: the answer itself, or the match in a search result.
fn select<'v>(kind: Kind, query: &str, value: &'v Value) -> Option<&'v Value> {
    let class = value["objectClassName"]
        .as_str()
        .unwrap_or_default()
        .to_lowercase();
    let fits = match kind {
        Kind::Domain => {
            class == "domain"
                || class.is_empty()
                    && (value["ldhName"].is_string() || value["unicodeName"].is_string())
        }
        Kind::Asn => class == "autnum" || class.is_empty() && !value["startAutnum"].is_null(),
        Kind::Ip | Kind::Network => {
            class == "ip network" || class == "network" || !value["startAddress"].is_null()
        }
    };

    if fits {
        let names = [value["ldhName"].as_str(), value["unicodeName"].as_str()]
            .into_iter()
            .flatten();
        return (kind != Kind::Domain || !super::subject::is_another(query, names))
            .then_some(value);
    }

    let queried = values::hostname(query);

    items(&value["domainSearchResults"]).find(|found| {
        found["ldhName"].as_str().and_then(values::hostname) == queried && queried.is_some()
    })
}

fn event(object: &Value, actions: &[&str]) -> Option<String> {
    let date = |action: &&str| {
        let mut events = items(&object["events"]).filter(|event| {
            event["eventAction"]
                .as_str()
                .is_some_and(|a| a.trim().eq_ignore_ascii_case(action))
        });
        events.find_map(|event| dates::parse(event["eventDate"].as_str()?, dates::Order::Unknown))
    };
    actions.iter().find_map(date)
}

fn with_role<'v>(value: &'v Value, role: &'v str) -> impl Iterator<Item = &'v Value> {
    items(&value["entities"]).filter(move |entity| has(&entity["roles"], role))
}

fn domain(out: &mut Registration, object: &Value) {
    for server in items(&object["nameservers"]) {
        let name = server["ldhName"]
            .as_str()
            .or_else(|| server["unicodeName"].as_str())
            .or_else(|| server.as_str());
        if let Some(name) = name {
            values::nameservers(&mut out.nameservers, name);
        }
    }

    let secure = &object["secureDNS"];
    let signed = &secure["delegationSigned"];

    out.dnssec = signed
        .as_bool()
        .or_else(|| values::signed(signed.as_str()?))
        .or_else(|| {
            let keys = ["dsData", "keyData"]
                .iter()
                .any(|name| items(&secure[*name]).next().is_some());
            keys.then_some(true)
        });

    out.registrar = registrar::registrar(object);
    out.registrant = with_role(object, "registrant").next().map(|entity| {
        let card = Card::of(entity);
        Registrant {
            organization: card.organization(),
            country: card.country(),
        }
    });
}
