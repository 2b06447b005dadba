//! The object that a registry knows: the registrable domain of a host name.

use netvane_document::Failure;
use netvane_facts::registration::Kind;

use crate::args::Registered;

/// The object to query. Registries know only the registrable domain of a host name (public suffix list). A private
/// suffix, such as `github.io`, is a domain that its owner registered, unless a registry answers for it (`uk.com`).
pub(super) fn registrable(
    target: &Registered,
    has_registry: impl Fn(&str) -> bool,
) -> Result<(Kind, String, Option<String>), Failure> {
    let Registered::Domain(domain) = target else {
        return Ok((target.kind(), target.to_string(), None));
    };
    let name = domain.as_str();
    let registrable = registrable_domain(name, has_registry);
    Ok((
        Kind::Domain,
        registrable.to_owned(),
        (registrable != name).then(|| name.to_owned()),
    ))
}

/// The registrable domain of a name; top-level domains and public suffixes of registries are their own.
fn registrable_domain(name: &str, has_registry: impl Fn(&str) -> bool) -> &str {
    let Some(suffix) = psl::suffix_str(name) else {
        return name;
    };
    let private =
        psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.typ() == Some(psl::Type::Private));
    if !private || has_registry(suffix) {
        return psl::domain_str(name).unwrap_or(name);
    }

    // The registered domain is below the longest suffix of a registry above the private one.
    let mut above = suffix;
    while let Some((_, rest)) = above.split_once('.') {
        above = rest;
        let typ = psl::suffix(above.as_bytes()).and_then(|found| found.typ());
        let is_registry = psl::suffix_str(above) == Some(above)
            && (typ != Some(psl::Type::Private) || has_registry(above));
        if is_registry {
            let labels = above.split('.').count() + 1;
            let start = name.rmatch_indices('.').nth(labels - 1);
            return start.map_or(name, |(at, _)| &name[at + 1..]);
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_the_registrable_domain_of_a_host() {
        for (target, query, host) in [
            ("example.com", "example.com", None),
            ("www.example.com", "example.com", Some("www.example.com")),
            (
                "a.b.example.co.uk",
                "example.co.uk",
                Some("a.b.example.co.uk"),
            ),
            ("co.uk", "co.uk", None),
            ("com", "com", None),
            ("someone.github.io", "github.io", Some("someone.github.io")),
            ("github.io", "github.io", None),
            ("phish.pages.dev", "pages.dev", Some("phish.pages.dev")),
            (
                "d1.cloudfront.net",
                "cloudfront.net",
                Some("d1.cloudfront.net"),
            ),
            (
                "b.s3.amazonaws.com",
                "amazonaws.com",
                Some("b.s3.amazonaws.com"),
            ),
            (
                "s3.amazonaws.com",
                "amazonaws.com",
                Some("s3.amazonaws.com"),
            ),
            (
                "a.azurewebsites.net",
                "azurewebsites.net",
                Some("a.azurewebsites.net"),
            ),
            ("x.herokuapp.com", "herokuapp.com", Some("x.herokuapp.com")),
            ("www.firma.uk.com", "firma.uk.com", Some("www.firma.uk.com")),
            ("firma.uk.com", "firma.uk.com", None),
            (
                "a.blogspot.co.uk",
                "blogspot.co.uk",
                Some("a.blogspot.co.uk"),
            ),
        ] {
            let target: Registered = target.parse().expect(target);
            assert_eq!(
                registrable(&target, |suffix| suffix == "uk.com").expect("a domain"),
                (Kind::Domain, query.to_owned(), host.map(str::to_owned))
            );
        }

        for (target, kind) in [
            ("AS64496", Kind::Asn),
            ("192.0.2.1", Kind::Ip),
            ("2001:db8::/32", Kind::Network),
        ] {
            let target: Registered = target.parse().expect(target);
            assert_eq!(registrable(&target, |_| false).expect("a number").0, kind);
        }
    }
}
