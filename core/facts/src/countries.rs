//! Country names by ISO 3166-1 alpha-2 code (CLDR's English names), plus `XK`, which databases use for Kosovo.

use std::sync::LazyLock;

/// One country a line: code, space, name.
const TABLE: &str = include_str!("../../../config/data/countries.txt");

/// Names by place of the two letters: 26 × 26, so a lookup is one index.
static NAMES: LazyLock<[Option<(&'static str, &'static str)>; 26 * 26]> = LazyLock::new(|| {
    let mut names = [None; 26 * 26];
    for (code, name) in TABLE.lines().filter_map(|line| line.split_once(' ')) {
        if let Some(at) = index(code) {
            names[at] = Some((code, name));
        }
    }
    names
});

/// Code in upper case and English short name of a country, both without allocating: `"de"` → `("DE", "Germany")`.
pub fn country(code: &str) -> Option<(&'static str, &'static str)> {
    NAMES[index(code)?]
}

fn index(code: &str) -> Option<usize> {
    let &[a, b] = code.as_bytes() else {
        return None;
    };
    let place = |letter: u8| {
        letter
            .is_ascii_alphabetic()
            .then(|| usize::from(letter.to_ascii_uppercase() - b'A'))
    };
    Some(place(a)? * 26 + place(b)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (code, name) in [
            ("DE", "Germany"),
            ("us", "United States"),
            ("TR", "Türkiye"),
            ("CI", "Côte d’Ivoire"),
        ] {
            assert_eq!(country(code).map(|(_, name)| name), Some(name));
        }
        for code in ["", "A", "ZZ", "EU", "USA", "1A", "é"] {
            assert_eq!(country(code), None, "{code}");
        }
        assert_eq!(NAMES.iter().flatten().count(), 250);
    }
}
