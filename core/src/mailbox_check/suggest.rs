//! Suggestions for mistyped mail domains: `gmial.com` → `gmail.com`.

/// Well-known mail domains, most used first; `=` marks domains that exist but are never suggested.
static DOMAINS: &str = include_str!("../../../config/data/mail-domains.txt");

/// Domain endings and their common misspellings.
const ENDINGS: &[(&str, &[&str])] = &[
    (
        "com",
        &[
            "con", "cim", "cm", "co", "cmo", "ocm", "om", "comm", "coom", "vom", "xom", "cpm",
            "clm", "c0m", "col", "cok", "comn", "cop", "ccom", "con.com", "com.com",
        ],
    ),
    (
        "net",
        &["nte", "ent", "nt", "ne", "bet", "met", "nett", "het", "ner"],
    ),
    ("de", &["ed", "d", "dee", "dw", "dr"]),
    ("fr", &["rf", "f", "ft", "frr"]),
    ("ru", &["ur", "rru", "rue"]),
];

/// Suggests a well-known domain for a mistyped `domain` (lower-case A-labels); `None` if `domain`
/// is itself well known or not similar to any.
#[must_use]
pub(crate) fn suggestion(domain: &str) -> Option<&'static str> {
    let lines = || {
        DOMAINS
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
    };

    if domain.len() > 40 || lines().any(|line| line.trim_start_matches('=') == domain) {
        return None;
    }

    let (name, ending) = domain.split_once('.')?;
    let candidates = lines().filter(|line| !line.starts_with('='));

    candidates
        .filter_map(|candidate| {
            let (known, end) = candidate.split_once('.')?;
            let mistyped = ending != end;
            if mistyped && !is_mistyped(ending, end) {
                return None;
            }
            let distance = strsim::osa_distance(name, known);
            (distance <= allowed(name, known))
                .then_some((distance + usize::from(mistyped), candidate))
        })
        // of several at the same distance, the first is the most used
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn is_mistyped(ending: &str, meant: &str) -> bool {
    ENDINGS
        .iter()
        .any(|(end, typos)| *end == meant && typos.contains(&ending))
}

/// Maximum edit distance. Short names allow none, since `bol.com` is not a typo of `aol.com`.
fn allowed(name: &str, known: &str) -> usize {
    let same_start = name.as_bytes().first() == known.as_bytes().first();
    match known.len() {
        0..=4 => 0,
        5..=6 => 1,
        _ if same_start => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests;
