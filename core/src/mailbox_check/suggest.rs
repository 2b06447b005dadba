//! What was probably meant: `gmial.com` is `gmail.com` with two letters exchanged.

/// Targets first come first; `=` marks names that exist and are no target.
static DOMAINS: &str = include_str!("../../../config/data/mail-domains.txt");

/// Ends of a name that stand for another one.
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

/// The domain that was probably meant instead of `domain` (lower-case A-labels); `None` for one that is well known
/// itself, or near to nothing.
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
        // the first of several that are equally near is the most used
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn is_mistyped(ending: &str, meant: &str) -> bool {
    ENDINGS
        .iter()
        .any(|(end, typos)| *end == meant && typos.contains(&ending))
}

/// Short names are too near to each other for any tolerance: `bol.com` is not `aol.com`.
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
mod tests {
    use super::*;

    #[test]
    fn typos_are_seen_through() {
        for (written, meant) in [
            ("gmial.com", "gmail.com"),
            ("gamil.com", "gmail.com"),
            ("gmai.com", "gmail.com"),
            ("gmail.con", "gmail.com"),
            ("gmail.co", "gmail.com"),
            ("gmial.con", "gmail.com"),
            ("hotmial.com", "hotmail.com"),
            ("hotmal.com", "hotmail.com"),
            ("yaho.com", "yahoo.com"),
            ("yahooo.com", "yahoo.com"),
            ("outlok.com", "outlook.com"),
            ("iclould.com", "icloud.com"),
            ("aol.con", "aol.com"),
            ("gmx.ed", "gmx.de"),
        ] {
            assert_eq!(suggestion(written), Some(meant), "{written}");
        }
    }

    #[test]
    fn names_that_exist_are_left_alone() {
        for domain in [
            "gmail.com",
            "mail.com",
            "email.com",
            "ymail.com",
            "bol.com",
            "gmx.net",
            "example.com",
            "hotmail.nl",
            "yahoo.ie",
            "earthling.net",
            "mailinator.com",
            "localhost",
            "xn--bcher-kva.example",
        ] {
            assert_eq!(suggestion(domain), None, "{domain}");
        }
    }

    #[test]
    fn odd_names_have_no_suggestion() {
        for domain in [
            "",
            ".",
            ".com",
            "gmial",
            "gmial.",
            "gmail.com.",
            "gmial.example",
        ] {
            assert_eq!(suggestion(domain), None, "{domain:?}");
        }
        assert_eq!(suggestion(&format!("{}.com", "g".repeat(37))), None);
        assert_eq!(suggestion(&"gmial.".repeat(10_000)), None);
    }

    #[test]
    fn tolerance_grows_with_the_length_of_the_name() {
        for (name, known, distance) in [
            ("aol", "aol", 0),
            ("gmxx", "gmx", 0),
            ("gmial", "gmail", 1),
            ("outlok", "outlook", 2),
            ("xutlook", "outlook", 1),
            ("", "outlook", 1),
        ] {
            assert_eq!(allowed(name, known), distance, "{name}");
        }
    }

    #[test]
    fn endings_are_mistyped_for_one_that_is_meant() {
        assert!(is_mistyped("con", "com") && is_mistyped("ed", "de"));
        assert!(!is_mistyped("com", "com") && !is_mistyped("con", "net"));
        assert!(!is_mistyped("con", "org"), "of an ending that nobody lists");
    }
}
