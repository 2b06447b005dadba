//! Countries by ISO 3166-1 alpha-2 code and by name: one table for geo databases and registries.
//!
//! The table holds CLDR's English names, plus `XK` for Kosovo, which geo databases use.

use std::{collections::HashMap, sync::LazyLock};

/// One country per line: code, space, name.
const TABLE: &str = include_str!("../../../config/data/countries.txt");

/// Other names that registries use: older, official and foreign ones. Written as [`normalize`] returns them.
#[rustfmt::skip]
const ALIASES: &[(&str, &str)] = &[
    ("brasil", "BR"), ("brunei darussalam", "BN"), ("cote divoire", "CI"), ("czech republic", "CZ"),
    ("danmark", "DK"), ("deutschland", "DE"), ("england", "GB"), ("españa", "ES"), ("great britain", "GB"),
    ("iran islamic republic of", "IR"), ("italia", "IT"), ("korea republic of", "KR"), ("macau", "MO"),
    ("macedonia", "MK"), ("moldova republic of", "MD"), ("méxico", "MX"), ("nederland", "NL"), ("norge", "NO"),
    ("osterreich", "AT"), ("peoples republic of china", "CN"), ("polska", "PL"), ("republic of korea", "KR"),
    ("russian federation", "RU"), ("schweiz", "CH"), ("sverige", "SE"), ("taiwan province of china", "TW"),
    ("tanzania united republic of", "TZ"), ("the netherlands", "NL"), ("turkey", "TR"), ("turkiye", "TR"),
    ("tyskland", "DE"), ("uae", "AE"), ("uk", "GB"), ("united states of america", "US"),
    ("united states of america the", "US"), ("usa", "US"), ("vatican city state", "VA"), ("viet nam", "VN"),
    ("österreich", "AT"), ("åland", "AX"), ("belgique", "BE"), ("belgie", "BE"), ("belgië", "BE"), ("suisse", "CH"),
    ("svizzera", "CH"), ("suomi", "FI"), ("magyarország", "HU"), ("česká republika", "CZ"), ("ceska republika", "CZ"),
    ("slovensko", "SK"), ("slovenská republika", "SK"), ("slovak republic", "SK"), ("hrvatska", "HR"), ("srbija", "RS"),
    ("republic of serbia", "RS"), ("slovenija", "SI"), ("lietuva", "LT"), ("latvija", "LV"), ("eesti", "EE"),
    ("island", "IS"), ("ísland", "IS"), ("republic of ireland", "IE"), ("scotland", "GB"), ("wales", "GB"),
    ("россия", "RU"), ("российская федерация", "RU"), ("россия российская федерация", "RU"), ("украина", "UA"), ("україна", "UA"), ("беларусь", "BY"),
    ("казахстан", "KZ"), ("българия", "BG"), ("中国", "CN"), ("日本", "JP"), ("香港", "HK"), ("台灣", "TW"), ("대한민국", "KR"),
    ("bolivia plurinational state of", "BO"), ("venezuela bolivarian republic of", "VE"), ("syrian arab republic", "SY"),
    ("lao peoples democratic republic", "LA"), ("lao pdr", "LA"), ("islamic republic of iran", "IR"), ("republic of moldova", "MD"),
    ("hong kong sar", "HK"), ("pr china", "CN"), ("p r china", "CN"), ("republic of south africa", "ZA"), ("rsa", "ZA"),
    ("perú", "PE"), ("panamá", "PA"), ("república dominicana", "DO"), ("republica dominicana", "DO"), ("algérie", "DZ"), ("maroc", "MA"), ("tunisie", "TN"),
    ("sénégal", "SN"), ("cameroun", "CM"), ("nouvelle calédonie", "NC"), ("swaziland", "SZ"), ("east timor", "TL"),
];

/// Longest text that is tried as a name, in bytes.
const MAX_NAME: usize = 60;

/// Names indexed by the two letters of the code (26 × 26).
static NAMES: LazyLock<[Option<(&'static str, &'static str)>; 26 * 26]> = LazyLock::new(|| {
    let mut names = [None; 26 * 26];
    for (code, name) in rows() {
        if let Some(at) = index(code) {
            names[at] = Some((code, name));
        }
    }
    names
});

/// Codes by normalized name.
static CODES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let table = rows().map(|(code, name)| (normalize(name), code));
    let aliases = ALIASES.iter().map(|&(name, code)| (name.to_owned(), code));
    table.chain(aliases).collect()
});

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.lines().filter_map(|line| line.split_once(' '))
}

/// Returns the code in upper case and the English short name, without allocating: `"de"` → `("DE", "Germany")`.
pub fn country(code: &str) -> Option<(&'static str, &'static str)> {
    NAMES[index(code)?]
}

/// Parses the country at the end of an address on one line: `Street 1, Town, Portugal`. Neither two letters, which may be
/// a state of the USA, nor the name of such a state.
pub fn after_comma(address: &str) -> Option<String> {
    let (_, last) = address.rsplit_once(',')?;
    let last = last.trim();
    let plain = last.len() > 2 && !last.eq_ignore_ascii_case("georgia");
    plain.then(|| code(last)).flatten()
}

/// Parses a country as registries write it: a code, a well-known name, or both (`US (United States)`). Returns the
/// ISO 3166-1 alpha-2 code.
///
/// Accepts `EU`, which regional registries use for blocks of several countries, and maps `UK` to `GB`.
pub fn code(value: &str) -> Option<String> {
    let value = value.trim();

    if value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphabetic()) {
        return match value.to_ascii_uppercase().as_str() {
            "UK" => Some("GB".to_owned()),
            "EU" => Some("EU".to_owned()),
            code => country(code).map(|(code, _)| code.to_owned()),
        };
    }

    if value.len() > MAX_NAME {
        return None;
    }

    if let Some(code) = CODES.get(&normalize(value)) {
        return Some((*code).to_owned());
    }

    // `US (United States)`, `United States (US)`, `US - United States`
    let (before, inside) = value.split_once(['(', '-'])?;

    [before, inside.trim_end_matches(')')]
        .into_iter()
        .find_map(|part| match part.trim() {
            part if part.len() == 2 || part.len() > 3 => code(part),
            _ => None,
        })
}

/// Lower-cases a name and removes punctuation: `Côte d’Ivoire` → `côte divoire`, `Bosnia & Herzegovina` → `bosnia and
/// herzegovina`.
fn normalize(name: &str) -> String {
    let letters: String = name
        .replace('&', " and ")
        .chars()
        .filter(|c| c.is_alphabetic() || *c == ' ')
        .collect();
    letters
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

fn index(code: &str) -> Option<usize> {
    let &[a, b] = code.as_bytes() else {
        return None;
    };
    let position = |letter: u8| {
        letter
            .is_ascii_alphabetic()
            .then(|| usize::from(letter.to_ascii_uppercase() - b'A'))
    };
    Some(position(a)? * 26 + position(b)?)
}

#[cfg(test)]
mod tests;
