//! Checks whether an answer is about the queried name, because some servers answer about another one.

use super::values;

/// Keys under which registries write the domain that the answer is about.
const KEYS: [&str; 6] = [
    "domain name",
    "domain",
    "domainname",
    "[domain name]",
    "nom de domaine",
    "complete domain name",
];

/// Whether a whois text names domains, but not the queried one or a parent of it.
pub fn names_another(query: &str, text: &str) -> bool {
    let named = text.lines().take(2000).filter_map(|line| {
        let line = line.trim_start_matches(['a', '.', ' ', '\t']).trim();
        let whole = line;
        let (key, value) = match whole
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            Some((key, value)) => (key, value),
            None => whole.split_once(':')?,
        };
        let key = key.trim().trim_end_matches('.').to_lowercase();
        let value = value.trim();
        (KEYS.contains(&key.as_str())
            && value.contains('.')
            && !value.contains(char::is_whitespace))
        .then_some(value)
    });
    differs(query, named)
}

/// Like [`names_another`], for the names of an RDAP object.
pub fn is_another<'a>(query: &str, names: impl Iterator<Item = &'a str>) -> bool {
    differs(query, names)
}

fn differs<'a>(query: &str, names: impl Iterator<Item = &'a str>) -> bool {
    let normalize = |name: &str| {
        values::hostname(&idna::domain_to_ascii(name.trim_end_matches('.')).unwrap_or_default())
    };
    let Some(queried) = normalize(query) else {
        return false;
    };
    let mut other = false;
    for name in names.filter_map(normalize) {
        if name == queried || queried.ends_with(&format!(".{name}")) {
            return false;
        }
        other = true;
    }
    other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_about_the_queried_name_are_accepted() {
        for text in [
            "Domain Name: EXAMPLE.COM\r\n",
            "domain:  example.com\n",
            "[Domain Name]   EXAMPLE.COM\n",
            "nothing",
            "domain: COM",
        ] {
            assert!(!names_another("example.com", text), "{text}");
        }
        assert!(!names_another(
            "xn--bcher-kva.example",
            "Domain: bücher.example"
        ));
        assert!(!names_another(
            "example.co.uk",
            "Domain name:\n    example.co.uk"
        ));
        assert!(names_another("mine.com", "Domain Name: OTHER-NAME.COM\n"));
        assert!(is_another("mine.com", ["other.com"].into_iter()));
    }

    #[test]
    fn one_matching_name_of_several_is_enough() {
        // The top-level domain first, then the queried name.
        assert!(!names_another(
            "example.com",
            "domain: COM\n\nDomain Name: example.com\n"
        ));
        assert!(!names_another(
            "www.example.com",
            "Domain Name: example.com\n"
        ));
        assert!(names_another(
            "example.com",
            "Domain Name: www.example.com\n"
        ));
        assert!(names_another("ample.com", "Domain Name: example.com\n"));
        assert!(!names_another(
            "example.com",
            "Domain Name: a.test\nDomain Name: EXAMPLE.com.\n"
        ));

        // Not names: sentences, other keys, values of several words.
        for text in [
            "Domain Name: not found here.",
            "host: other.com",
            "Domain Name:",
            "Domain Name: other",
            "",
        ] {
            assert!(!names_another("example.com", text), "{text}");
        }

        let late = format!("{}Domain Name: other.com\n", "x\n".repeat(2000));
        assert!(!names_another("example.com", &late));
    }

    #[test]
    fn queries_that_are_no_name_match_any_answer() {
        for query in ["", "192.0.2.1", "AS64500", "com", "..", "\u{202e}"] {
            assert!(!names_another(query, "Domain Name: other.com\n"), "{query}");
        }
        assert!(!is_another("example.com", std::iter::empty()));
        assert!(!is_another(
            "bücher.example",
            ["xn--bcher-kva.example"].into_iter()
        ));
    }
}
