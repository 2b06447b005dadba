//! Cleans and validates single values of registration data.

use std::net::IpAddr;

/// Parts of redaction notices, which replace withheld data. In lower case.
#[rustfmt::skip]
const WITHHELD: &[&str] = &[
    "redacted", "not disclosed", "non disclosed", "undisclosed", "not shown", "data protected", "gdpr", "masked",
    "statutory masking", "hidden", "not available", "not applicable", "non-public", "private person", "not public",
    "not published", "publicly disclosed", "not displayed", "not provided", "unavailable", "contact the registrar",
    "please query", "please contact", "please visit", "for more information", "withheld by", "data withheld",
    "registration private", "private registration", "personal data", "protected data", "information not", "whois.",
    "not.defined", "no registrar", "not open", "confidential", "ano nymous", "visit www", "visit http", "this data is", "rdds service",
];
/// Whole values that mean "no data", in lower case.
#[rustfmt::skip]
const EMPTY: &[&str] = &[
    "n/a", "na", "none", "null", "nil", "unknown", "private", "-", "--", "---", ".", "*", "undefined", "no", "n.a.",
    "not set", "empty", "not defined", "no name", "no data", "nothing", "privacy", "individual", "natural person",
    "no company", "no organization", "no organisation", "not specified", "not known", "xxx", "x", "self", "personal",
];
/// Words that identify the name of an organization, in lower case and without dots.
#[rustfmt::skip]
const LEGAL: &[&str] = &[
    "inc", "incorporated", "llc", "ltd", "limited", "corp", "corporation", "company", "co", "gmbh", "ag", "kg", "ug",
    "ev", "mbh", "sa", "sas", "sarl", "sàrl", "scs", "sl", "slu", "srl", "spa", "sro", "as", "asa", "ab", "oy", "oyj",
    "aps", "bv", "nv", "bvba", "vzw", "plc", "llp", "lp", "pty", "pte", "pvt", "bhd", "kft", "zrt", "nyrt", "doo",
    "dd", "ood", "eood", "ad", "oü", "sia", "uab", "ooo", "ltda", "cv", "eireli", "university", "universität",
    "universidad", "université", "institute", "foundation", "association", "ministry", "bank", "berhad", "group", "holdings",
    "lda", "sac", "saa", "eirl", "scrl", "snc", "srls", "sapi", "sab", "gbr", "ohg", "eg", "se", "sdn", "tbk", "npc", "pllc", "coop", "dooel",
    "cooperative", "society", "verein", "stiftung", "fundación", "fondazione", "fondation", "comune", "municipality", "gemeinde", "federation", "federal",
    "government", "agency", "authority", "trust", "church", "hospital", "clinic", "solutions", "systems", "services", "service", "software", "consulting",
    "international", "networks", "network", "industries", "enterprises", "partners", "holding", "labs", "media", "department", "committee", "centre", "center",
    "as.", "ab", "tic", "san", "llp", "ltd.şti", "şti", "aş", "ooo", "ооо", "ao", "ао", "зао", "тов", "еоод", "оод", "ад", "ead", "kda", "kkt", "ou", "ks", "scop", "asbl", "gesmbh", "hosting", "club",
    "a/s", "i/s", "p/s", "technologies", "telecom", "registry", "council", "school", "college", "kk", "hf", "ehf", "k.k", "stichting",
];
/// First words of the names of organizations, in lower case and without dots.
#[rustfmt::skip]
const LEGAL_PREFIXES: &[&str] = &[
    "pt", "ooo", "ооо", "зао", "оао", "пао", "ао", "тов", "uab", "sia", "stichting", "university", "universidad", "universidade", "université", "universität",
    "comune", "ministry", "ministerio", "ministère", "ministerium", "bank", "institute", "instituto", "institut", "fundación", "fundação", "fondation", "fondazione", "association",
    "asociación", "associazione", "verein", "gemeinde", "stadt", "municipality", "government", "société", "sociedad", "firma", "vereniging", "vzw", "asbl",
];
/// Parts of the names of organizations in languages without spaces between words.
const LEGAL_PARTS: [&str; 10] = [
    "公司", "株式会社", "有限会社", "合同会社", "大学", "大學", "회사", "주식회사", "(주)", "集团",
];
/// Longest value that is accepted, in bytes; longer ones are prose.
const MAX: usize = 300;

/// Normalizes a text to one line; `None` if it is empty, too long or a redaction notice.
pub(super) fn text(value: &str) -> Option<String> {
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|inside| !inside.contains('"'));
    let value = quoted.unwrap_or(&value).trim().to_owned();
    if value.is_empty() || value.len() > MAX || !value.chars().any(char::is_alphanumeric) {
        return None;
    }
    let lower = value.to_lowercase();
    let is_missing = EMPTY.contains(&lower.trim_end_matches(['.', '!']))
        || WITHHELD.iter().any(|w| lower.contains(w));
    (!is_missing).then_some(value)
}

/// Joins all words of a text with single spaces.
pub(super) fn line(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Starts of texts that stand for a missing registrar, in lower case.
const NO_REGISTRAR: [&str; 9] = [
    "no registrar",
    "none",
    "without registrar",
    "not assigned",
    "not managed by",
    "direct registration",
    "kein registrar",
    "sin registrador",
    "sem registrar",
];

/// Parses the name of a registrar; `None` for a notice that there is none.
pub(super) fn registrar(value: &str) -> Option<String> {
    let value = name(value)?;
    let lower = value.to_lowercase();
    let none = NO_REGISTRAR.iter().any(|start| lower.starts_with(start))
        || lower.contains("registered directly with")
        || is_address_part(&lower);
    (!none).then_some(value)
}

/// Parses the name of an organization: without an address after it, and no handle, telephone number or mail address.
pub(super) fn organization(value: &str) -> Option<String> {
    let value = name(value)?;
    let value = without_address(&value);
    let other = is_handle(value) || value.contains('@') || phone(value).is_some();
    text(value).filter(|_| !other)
}

/// Cuts `Example Inc., 1 Main Street, Town` before the first part of the address.
fn without_address(value: &str) -> &str {
    let mut end = 0;
    let parts = value.split(',').count();
    for (index, part) in value.split(',').enumerate() {
        let before = &value[..end];
        let is_address = index > 0
            && is_address_part(&part.trim().to_lowercase())
            && (parts > 2 || is_organization(before));
        if is_address {
            return before;
        }
        end = (end + part.len() + usize::from(index > 0)).min(value.len());
    }
    value
}

/// Whether a part of a text, in lower case, starts with a house number or a word for a street or a mailbox.
fn is_address_part(part: &str) -> bool {
    const WORDS: [&str; 12] = [
        "p.o. box", "po box", "p.o.box", "floor ", "suite ", "street ", "ul. ", "rua ", "calle ",
        "via ", "av. ", "level ",
    ];
    let word = part.split_whitespace().next().unwrap_or_default();
    let number = word.starts_with(|c: char| c.is_ascii_digit())
        && part.split_whitespace().count() > 1
        && word.len() <= 6;
    let ends = part
        .rsplit(' ')
        .next()
        .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()) && last.len() <= 6);
    number
        || WORDS.iter().any(|start| part.starts_with(start))
        || ends && part.contains(' ') && !part.starts_with("no ")
}

/// Suffixes of handles by registry.
const HANDLE_SUFFIXES: [&str; 22] = [
    "-RIPE", "-ARIN", "-APNIC", "-AP", "-AFRINIC", "-LACNIC", "-FRNIC", "-NICAT", "-DENIC",
    "-NORID", "-MNT", "-METU", "-CZ", "-DKHM", "-IEDR", "-ORG", "-JPNIC", "-KRNIC", "-TW",
    "-UANIC", "-CUNIC", "-ISNIC",
];

/// Whether a value is a handle of a registry: one word of capital letters, digits and hyphens, such as `ORG-EX1-RIPE`.
pub(super) fn is_handle(value: &str) -> bool {
    let plain = value.len() > 3
        && value
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
    let digit = value.bytes().any(|b| b.is_ascii_digit());
    plain
        && value.contains('-')
        && (digit
            || value.starts_with("ORG-")
            || value.starts_with("MNT-")
            || HANDLE_SUFFIXES.iter().any(|end| value.ends_with(end)))
}

/// Parses the name of a company or person, without a trailing handle or link in brackets.
pub(super) fn name(value: &str) -> Option<String> {
    let mut value = value.trim();
    while let Some((before, inside)) = trailing_bracket(value) {
        let inside = inside.trim();
        let handle = inside.contains("://")
            || inside.contains('=')
            || inside.len() > 2
                && inside
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
                && (inside.contains('-') || inside.len() >= 5)
                && inside.bytes().any(|b| b.is_ascii_digit());
        if !handle || before.trim().is_empty() {
            break;
        }
        value = before.trim().trim_end_matches('-').trim_end();
    }
    let link = value.contains("://") || value.starts_with("www.");
    text(value).filter(|value| !link && value.chars().any(char::is_alphabetic))
}

/// Splits `name (inside)` or `name [inside]` at the last bracket.
pub(super) fn trailing_bracket(value: &str) -> Option<(&str, &str)> {
    let value = value.trim();
    let (open, body) = match value.chars().last()? {
        ')' => ('(', &value[..value.len() - 1]),
        ']' => ('[', &value[..value.len() - 1]),
        _ => return None,
    };
    body.rsplit_once(open)
}

/// Whether a name contains a legal form, such as `GmbH`, after the first word, or starts like an organization.
pub(super) fn is_organization(name: &str) -> bool {
    let plain = |word: &str| word.replace(['.', '"', '“', '”'], "").to_lowercase();
    let mut words = name
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')'))
        .filter(|word| !word.is_empty())
        .map(plain);
    let prefix = words
        .next()
        .is_some_and(|first| LEGAL_PREFIXES.contains(&first.as_str()) && name.contains(' '));
    prefix
        || words.any(|word| LEGAL.contains(&word.as_str()))
        || LEGAL_PARTS.iter().any(|part| name.contains(part))
}

/// Parses a URL or web host: the first word, with a dot in the host, as written.
pub(super) fn url(value: &str) -> Option<String> {
    let value = value
        .split_whitespace()
        .next()?
        .trim_matches(|c| matches!(c, '(' | ')' | '<' | '>' | ',' | '"'));
    let host = value.rsplit_once("://").map_or(value, |(_, rest)| rest);
    let plausible =
        host.len() >= 4 && host.contains('.') && !value.contains('@') && value.len() <= MAX;
    (plausible && !host.starts_with('.') && host.chars().next().is_some_and(char::is_alphanumeric))
        .then(|| value.to_owned())
}

/// Finds the first mail address in a value.
pub(super) fn email(value: &str) -> Option<String> {
    let word = value
        .split(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')' | '\'' | '"')
        })
        .find(|word| word.contains('@'))?;
    let word = word.trim_start_matches("mailto:").trim_end_matches('.');
    let (local, domain) = word.rsplit_once('@')?;
    (!local.is_empty() && !local.contains('@') && domain.contains('.') && word.len() <= 254)
        .then(|| word.to_owned())
        .filter(|_| hostname(domain).is_some())
}

/// Parses a telephone number: 6 to 24 digits with the usual punctuation.
pub(super) fn phone(value: &str) -> Option<String> {
    let value = value.trim().trim_start_matches("tel:").trim();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let other = value
        .chars()
        .filter(|c| !c.is_ascii_digit() && !" +-.()/xX".contains(*c) && !"ext;=".contains(*c));
    ((6..=24).contains(&digits) && other.count() == 0 && value.len() <= 40)
        .then(|| value.to_owned())
}

/// Parses the IANA number of a registrar: one to seven digits, not zero.
pub(super) fn iana_id(value: &str) -> Option<String> {
    let value = value.trim();
    let plausible = (1..=7).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    (plausible && value.bytes().any(|b| b != b'0')).then(|| value.to_owned())
}

/// Parses a host name of at least two labels; returns it in lower case without the final dot.
pub(super) fn hostname(value: &str) -> Option<String> {
    let value = value.trim_end_matches('.').to_lowercase();
    if value.len() > 253 || !value.contains('.') || value.parse::<IpAddr>().is_ok() {
        return None;
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 126
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
            && !label.starts_with('-')
    };
    let top = value.rsplit('.').next()?;
    // The registry of .uz writes this if an address is missing.
    let placeholder = value == "not.defined";
    (!placeholder
        && value.split('.').all(label)
        && top.chars().any(char::is_alphabetic)
        && top.chars().count() >= 2)
        .then_some(value)
}

/// Largest number of name servers in a result.
const MAX_SERVERS: usize = 64;

/// Adds the host names at the start of a value. Skips addresses and stops at any other text.
pub(super) fn nameservers(list: &mut Vec<String>, value: &str) {
    let value = value.trim();

    // `1) ns.example.net`, `- ns.example.net`
    let value = value.trim_start_matches(['-', '*', '>', ' ']);

    // `example.test NS ns.example.net`: a line of a zone file.
    let value = value
        .split_once("\tNS\t")
        .or_else(|| value.split_once(" NS "))
        .map_or(value, |(_, server)| server);

    for (index, word) in value
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|'))
        .enumerate()
        .take(32)
    {
        let word = word.trim_matches(|c| matches!(c, '(' | ')' | '[' | ']' | '"'));
        let Some(host) = hostname(word) else {
            let numbering = index == 0
                && word
                    .trim_end_matches([')', '.', ':'])
                    .bytes()
                    .all(|b| b.is_ascii_digit());
            if word.is_empty() || numbering || word.parse::<IpAddr>().is_ok() {
                continue;
            }
            return;
        };
        if list.len() < MAX_SERVERS && !list.contains(&host) {
            list.push(host);
        }
    }
}

/// Parses whether a delegation is signed; `None` if the value is neither yes nor no.
pub(super) fn signed(value: &str) -> Option<bool> {
    let lower = value.trim().to_lowercase();
    let word = lower.split([' ', ',', '(', ';']).next().unwrap_or_default();
    match word {
        "unsigned" | "no" | "n" | "inactive" | "false" | "unsigneddelegation" | "off"
        | "disabled" | "0" => Some(false),
        "signed" | "yes" | "y" | "active" | "true" | "signeddelegation" | "on" | "enabled"
        | "1" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
