//! DKIM signatures, each with its authentication result.

use super::{
    super::{input::HeaderField, model::Dkim, results::MethodResult, tags},
    MAX, detail,
};

/// One entry per `DKIM-Signature` (RFC 6376 §3.5), with the result that names its domain and key.
pub(super) fn dkim(
    fields: &[HeaderField<'_>],
    methods: &[MethodResult],
    by: &str,
    nobody: &str,
) -> Vec<Dkim> {
    let mut results: Vec<&MethodResult> = methods.iter().filter(|m| m.method == "dkim").collect();
    let mut out: Vec<Dkim> = Vec::new();

    for field in fields
        .iter()
        .filter(|field| field.is("DKIM-Signature"))
        .take(MAX)
    {
        let tags = tags::read(&field.value);
        let found = results
            .iter()
            .position(|result| is_about(result, &tags))
            .map(|at| results.remove(at));

        out.push(Dkim {
            result: found.map(|m| m.result.clone()),
            verified: false,
            detail: found.map_or_else(|| nobody.to_owned(), |m| detail(m, by)),
            domain: tags::get(&tags, "d").map(str::to_owned),
            selector: tags::get(&tags, "s").map(str::to_owned),
            algorithm: tags::get(&tags, "a").map(str::to_owned),
        });
    }

    // Pasted without its signatures, or none there: the results alone.
    if out.is_empty() {
        let alone = results.into_iter().take(MAX);
        out.extend(alone.map(|result| without_signature(result, by)));
    }

    out
}

/// Whether a result is about the signature with these tags.
fn is_about(result: &MethodResult, tags: &[(String, String)]) -> bool {
    let (domain, selector) = (tags::get(tags, "d"), tags::get(tags, "s"));
    let signature = tags::get(tags, "b").unwrap_or_default();
    let at = result
        .property("header.d")
        .or_else(|| result.property("header.i"));
    let same = |given: &str| {
        let given = given.rsplit_once('@').map_or(given, |(_, domain)| domain);
        domain.is_some_and(|d| d.eq_ignore_ascii_case(given))
    };

    // `header.b` holds the signature's first characters (RFC 6008).
    at.is_none_or(same)
        && result
            .property("header.s")
            .is_none_or(|s| Some(s) == selector)
        && result
            .property("header.b")
            .is_none_or(|b| signature.starts_with(b))
        && result.result != "none"
}

fn without_signature(result: &MethodResult, by: &str) -> Dkim {
    Dkim {
        result: Some(result.result.clone()),
        verified: false,
        detail: detail(result, by),
        domain: result
            .property("header.d")
            .filter(|d| *d != "none")
            .map(str::to_owned),
        selector: result.property("header.s").map(str::to_owned),
        algorithm: result.property("header.a").map(str::to_owned),
    }
}
