//! The state of an object from the phrases of a text without registration data: available, reserved, rate-limited,
//! failed.
//!
//! The legal notices in most answers use the same words. So a phrase counts only where registries put it, at the start
//! or the end of a short line, and never if the text has registration data.

use super::{super::RegistrationState, lines::bounded};

/// Longest line that can be an answer of its own, in bytes.
const MAX_LINE: usize = 160;
/// Largest number of lines that are read.
const MAX_LINES: usize = 400;

/// Values of a status line that determine the state.
#[rustfmt::skip]
const STATUSES: &[(RegistrationState, &[&str])] = &[
    (RegistrationState::Available, &[
        "free", "available", "no object found", "not registered", "not found", "no match", "unregistered",
        "domain not found", "not delegated and not registered", "no entries found", "available for registration",
        "no information available",
    ]),
    (RegistrationState::Reserved, &[
        "reserved", "blocked", "forbidden", "prohibited", "prohibited string", "unassignable", "reserved name",
        "reserved domain name", "not allowed", "restricted", "not available for registration", "no registrable",
        "unable to register", "registry reserved", "reserveddomain", "reserved domain", "cannot be registered",
    ]),
    (RegistrationState::Unavailable, &["invalid", "failed", "error", "invalid domain", "unknown"]),
];

/// Prefixes of answer lines, in lower case, without comment marks.
#[rustfmt::skip]
const STARTS: &[(RegistrationState, &[&str])] = &[
    (RegistrationState::Available, &[
        "no match", "not found", "no entries found", "no entry found", "no data found", "no object found",
        "no such domain", "no records matching", "no matching record", "no matching objects", "no information available",
        "nothing found", "no found", "domain not found", "domain name not found", "object does not exist",
        "object not found", "object_not_found", "error:101: no entries found", "error:101:", "no data was found",
        "no domain records were found", "no records found", "no record found", "status: free", "status: available",
        "we do not have an entry in our database matching", "above domain name is not registered",
        "the domain has not been registered", "this domain name has not been registered", "domain unknown",
        "the queried object does not exist", "the requested domain was not found", "this query returned 0 objects",
        "domain is not registered", "domain name is not registered", "domain is available",
        "domain not registered", "no_se_encontro_el_objeto", "the domain you requested is not known",
        "invalid query or domain name not known", "el dominio no se encuentra registrado", "requested domain not found",
        "domain status: no object found", "domain status: available", "domain status: free", "domain does not exist",
        "not find matchingrecord", "nincs talalat", "no existe el dominio", "domain is free",
        "this domain is available", "this domain is not registered", "no domains found", "null object",
        "no domain found", "no whois information found", "no whois record found", "no registration record",
        "domain name does not exist", "registration status: available", "220 available", "no results found",
        "query_status: 220 available", "the domain name you requested is available", "nic.es no match",
        "no objects found", "the domain does not exist", "domain status: not registered", "status: not registered",
        "the domain name you have requested is not registered", "no se encontro", "domain information not found",
        "error:101: no objects found", "dominio no encontrado", "el dominio no existe", "no valid whois data",
    ]),
    (RegistrationState::Reserved, &[
        "this name is reserved", "this domain is reserved", "domain reserved", "the domain is reserved",
        "reserved domain name", "reserved by", "this domain name is reserved", "the name is reserved",
        "domain status: reserved", "status: reserved", "domain not available", "the registration of this domain is restricted",
        "this name is not available for registration", "this domain cannot be registered", "domain blocked",
        "domain cannot be registered", "the domain name you apply can not be registered online",
        "this domain name can not be registered", "this domain is not available for registration",
        "domain is not available for registration", "the domain is blocked", "domain name is reserved",
        "name is reserved", "the requested domain is restricted", "the domain has been reserved", "forbidden name",
        "name reserved", "this platinum domain", "premium domain is reserved", "domain is reserved", "prohibited string",
        "has usage restrictions applied", "domain is prohibited", "domain name is prohibited", "registry reserved",
        "the domain name is reserved", "this name is blocked", "this domain is blocked", "dominio reservado",
    ]),
    (RegistrationState::Throttled, &[
        "whois limit exceeded", "query rate limit exceeded", "rate limit exceeded", "quota exceeded", "limit exceeded",
        "lookup quota exceeded", "you have exceeded", "your connection limit exceeded", "query limit exceeded",
        "too many requests", "too many queries", "too many connections", "the number of requests per client",
        "you have been banned", "your query rate", "maximum query rate", "maximum number of queries", "max queries",
        "maximum daily connection limit", "excessive querying", "excessive queries", "error:201: access denied",
        "error:201", "you exceeded", "your ip has been", "your ip address has been", "your access is too fast",
        "you are querying too fast", "the whois query quota", "query quota", "request limit exceeded",
        "number of allowed queries exceeded", "daily query limit", "connection limit exceeded", "exceeded max",
        "you have reached", "connection refused; access control limit", "temporarily blocked",
        "ip address temporarily blocked", "queried interval is too short", "server is busy now", "limit reached",
        "-1: query limit", "-3: ip address blocked", "55000000002 connection refused", "55000000001 connection refused",
        "query rate of", "requests limit", "your request is being rate limited", "exceeded the maximum allowable",
        "wait a while and try again", "error: -1: connection limit", "access restricted",
    ]),
    (RegistrationState::Unavailable, &[
        "internal error", "service unavailable", "temporarily unavailable", "service temporarily", "server error",
        "requests of this client are not permitted", "access denied", "invalid query", "invalid domain", "invalid input",
        "invalid request", "malformed request", "error: invalid", "this tld has no whois", "tld is not supported",
        "system error",
    ]),
];

/// Answers that are a whole line. As a prefix they could be prose (`available to ...`).
#[rustfmt::skip]
const WHOLE: &[(RegistrationState, &[&str])] = &[
    (RegistrationState::Available, &["available", "not registered", "free", "nodata", "domain available", "unregistered"]),
    (RegistrationState::Reserved, &["reserved", "blocked", "prohibited", "reserved name"]),
    (RegistrationState::Throttled, &["throttled", "rate limited", "blacklisted"]),
];

/// Suffixes of short answer lines, such as `"example.test" is free`.
#[rustfmt::skip]
const ENDS: &[(RegistrationState, &[&str])] = &[
    (RegistrationState::Available, &[
        " not found", " is free", " was not found", " is available", " is available for registration",
        " is available for purchase", " is not registered", " does not exist", " does not exist in database",
        " not found in database", " no match", " has not been registered", ": no entries found", " not registered",
        " not registered yet", " does not exist in database!", " is not registered in our database", " no existe",
        " not exist in database", " is not registered here", " not found in our database", " status: available",
        " - available", " is available for registration at a registrar", " is unregistered",
        " has no matches", " - no match", " not exist", ": available", ": free", " is not found", " is not yet registered",
        " does not appear to be registered", " is not a registered domain", ": not registered", ": not found",
        " is not delegated", " not registry", " not found!", " is not registered in the registry",
    ]),
    (RegistrationState::Reserved, &[
        " is reserved", " reserved by the registry", " cannot be registered", " can not be registered",
        " is not available for registration", " is blocked", " is prohibited", " reserved by registry",
        " is not available", " is restricted", " not allowed for registration", " reserved for future use",
        " reserved by nic", " has been reserved", " is a reserved name", " reserved name", " is a prohibited name",
        " is not allowed", " not available for registration", " is restricted by the registry",
    ]),
    (RegistrationState::Unavailable, &[" is not valid", " can temporarily not be answered", " can temporarily not be answered. please try again"]),
    (RegistrationState::Throttled, &[
        " limit exceeded", " quota exceeded", " has been exceeded", " exceeded this limit", " query limit reached",
        " too many requests", " is rate limited", " exceeded", " been blacklisted", " been temporarily blocked",
    ]),
];

/// The state that a status value determines on its own, if any.
pub(super) fn of_status(value: &str) -> Option<RegistrationState> {
    let lower = value.trim().trim_end_matches('.').to_lowercase();
    let bare = lower
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start();
    let bare = bare.split([',', '(']).next().unwrap_or_default().trim();
    STATUSES
        .iter()
        .find(|(_, words)| words.contains(&bare))
        .map(|(state, _)| *state)
}

/// The state from the phrases of a text. The most reliable phrase wins, because a notice about limits may follow an
/// answer about an available name.
pub(super) fn state(text: &str, query: &str) -> Option<RegistrationState> {
    let mut states: Vec<RegistrationState> = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(MAX_LINES)
    {
        if let Some(state) = of_line(bounded(line), query)
            && !states.contains(&state)
        {
            states.push(state);
        }
    }
    [
        RegistrationState::Reserved,
        RegistrationState::Available,
        RegistrationState::Throttled,
        RegistrationState::Unavailable,
    ]
    .into_iter()
    .find(|state| states.contains(state))
}

fn of_line(line: &str, query: &str) -> Option<RegistrationState> {
    let raw = line.trim();
    let line = line.trim_matches(|c: char| c.is_whitespace() || "%#*>;<-=\"'!.".contains(c));
    if line.len() > MAX_LINE {
        return None;
    }

    let lower = line.to_lowercase();
    let name = query.to_lowercase();
    let rest = after_name(&lower, &name);
    // The last line of a wrapped notice can be one of these words, in lower case and with a full stop.
    let prose = raw.starts_with(char::is_lowercase) && raw.ends_with(['.', ',']);
    let whole = |text| if prose { None } else { by_whole(text) };

    whole(&lower)
        .or_else(|| whole(rest))
        .or_else(|| by_start(&lower))
        .or_else(|| by_start(rest))
        .or_else(|| is_about(&lower, &name).then(|| by_end(&lower)).flatten())
}

/// The text after the queried name, which is the answer in `"example.test": no match`. Returns the whole line if it
/// does not start with the name.
fn after_name<'l>(lower: &'l str, name: &str) -> &'l str {
    let rest = lower
        .trim_start_matches("domain name")
        .trim_start_matches("domain")
        .trim_start_matches([' ', '"', '\'', ':', '[']);
    match rest.strip_prefix(name) {
        Some(rest) if !name.is_empty() => {
            rest.trim_matches(|c: char| c.is_whitespace() || "\"':-[].!,".contains(c))
        }
        _ => lower,
    }
}

fn by_whole(text: &str) -> Option<RegistrationState> {
    WHOLE
        .iter()
        .find(|(_, all)| all.contains(&text))
        .map(|(state, _)| *state)
}

fn by_start(text: &str) -> Option<RegistrationState> {
    let starts = |words: &&str| {
        // The phrase must end at the end of a word.
        text.strip_prefix(*words)
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    STARTS
        .iter()
        .find(|(_, all)| all.iter().any(starts))
        .map(|(state, _)| *state)
}

fn by_end(lower: &str) -> Option<RegistrationState> {
    let spaced = format!(
        " {}",
        lower
            .trim_end_matches(['"', '\'', '.', '!'])
            .replace(['"', '\''], "")
    );
    ENDS.iter()
        .find(|(_, all)| all.iter().any(|words| spaced.ends_with(words)))
        .map(|(state, _)| *state)
}

/// Whether a line is about the queried object: it contains the name, or is short and starts with a word for it.
fn is_about(lower: &str, name: &str) -> bool {
    let subject = [
        "domain",
        "the domain",
        "this domain",
        "name",
        "the name",
        "this name",
        "object",
        "the object",
    ];
    let short = lower.len() <= 48 && subject.iter().any(|words| lower.starts_with(words));
    short || lower.contains(" exceeded") || !name.is_empty() && lower.contains(name)
}

#[cfg(test)]
mod tests;
