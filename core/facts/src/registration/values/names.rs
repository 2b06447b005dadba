//! Names of organizations and registrars, told from handles, addresses and persons.

use super::{phone, text, trailing_bracket};

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
    "公司",
    "株式会社",
    "有限会社",
    "合同会社",
    "大学",
    "大學",
    "회사",
    "주식회사",
    "(주)",
    "集团",
];

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
pub(in super::super) fn registrar(value: &str) -> Option<String> {
    let value = name(value)?;
    let lower = value.to_lowercase();
    let none = NO_REGISTRAR.iter().any(|start| lower.starts_with(start))
        || lower.contains("registered directly with");
    (!none).then_some(value)
}

/// Parses the name of an organization: without an address after it, and no handle, telephone number or mail address.
pub(in super::super) fn organization(value: &str) -> Option<String> {
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
pub(in super::super) fn is_handle(value: &str) -> bool {
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
pub(in super::super) fn name(value: &str) -> Option<String> {
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

/// Whether a name contains a legal form, such as `GmbH`, after the first word, or starts like an organization.
pub(in super::super) fn is_organization(name: &str) -> bool {
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
