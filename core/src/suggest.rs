//! Suggestions for misspelled names.

/// Returns the name most similar to `written`, if one is similar enough to be meant.
pub fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written: String = written.chars().take(40).collect::<String>().to_lowercase();
    let length = written.chars().count();
    // Edits that leave most of the shorter one unchanged: `serve` is not a misspelled `srv`.
    let allowed = |name: &str| match length.min(name.len()) {
        0..=1 => 0,
        2..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    names
        .map(|name| (strsim::damerau_levenshtein(&written, name), name))
        .filter(|(distance, name)| *distance <= allowed(name) && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn suggests_near_spellings_only() {
        let names = ["mx", "ns", "srv", "whois", "trace", "reverse"];
        for (written, meant) in [
            ("mxx", Some("mx")),
            ("WHIOS", Some("whois")),
            ("tracert", Some("trace")),
            ("serve", None),
            ("xyzzy", None),
            ("q", None),
        ] {
            assert_eq!(nearest(written, names.into_iter()), meant, "{written}");
        }
    }
}
