//! Suggestions for misspelled names.

/// Returns the name most similar to `written`, if one is similar enough to be meant.
pub(crate) fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written: String = written.chars().take(40).collect::<String>().to_lowercase();
    let allowed = match written.chars().count() {
        0..=1 => 0,
        2..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    names
        .map(|name| (strsim::damerau_levenshtein(&written, name), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn suggests_near_spellings_only() {
        let names = ["mx", "ns", "whois", "trace", "reverse"];
        for (written, meant) in [
            ("mxx", Some("mx")),
            ("WHIOS", Some("whois")),
            ("tracert", Some("trace")),
            ("xyzzy", None),
            ("q", None),
        ] {
            assert_eq!(nearest(written, names.into_iter()), meant, "{written}");
        }
    }
}
