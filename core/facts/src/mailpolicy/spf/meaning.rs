//! Guesses what an invalid term was meant to be, from mistakes that are common in published records.

use std::net::IpAddr;

use super::term;

/// Names of all terms that RFC 7208 defines.
const NAMES: [&str; 10] = [
    "all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists", "redirect", "exp",
];

/// A valid term, or two, in place of an invalid one; `None` if nothing is likely.
pub(super) fn suggest(word: &str) -> Option<String> {
    // A term that is valid by itself is only repeated.
    if term::parse(word).is_ok() {
        return None;
    }
    let candidates = [
        separate(word),
        as_address(word),
        rename(word),
        word.strip_suffix(['.', ',', ';']).map(str::to_owned),
    ];
    let is_valid = |text: &String| {
        text.split(' ')
            .all(|word| !word.is_empty() && term::parse(word).is_ok())
    };
    candidates.into_iter().flatten().find(is_valid)
}

/// Inserts the missing space before `all`: `ip4:192.0.2.1~all`.
fn separate(word: &str) -> Option<String> {
    let head = word.get(..word.len().checked_sub(4)?)?;
    let tail = &word[head.len()..];
    let is_all = tail.starts_with(['+', '-', '~', '?']) && tail[1..].eq_ignore_ascii_case("all");
    (is_all && !head.is_empty()).then(|| format!("{head} {tail}"))
}

/// Uses `ip4:` or `ip6:` for a term with an address or network, whatever its name is.
fn as_address(word: &str) -> Option<String> {
    let rest = word.trim_start_matches(['+', '-', '~', '?']);
    let qualifier = &word[..word.len() - rest.len()];
    let after_name = rest.split_once([':', '=']).map_or("", |(_, value)| value);
    [rest, after_name].into_iter().find_map(|network| {
        let address: IpAddr = network.split('/').next()?.parse().ok()?;
        let name = if address.is_ipv4() { "ip4" } else { "ip6" };
        Some(format!("{qualifier}{name}:{network}"))
    })
}

/// Corrects the name, and the sign after it: `inlcude:`, `redirect:`.
fn rename(word: &str) -> Option<String> {
    let rest = word.trim_start_matches(['+', '-', '~', '?']);
    let (name, value) = rest.split_at(rest.find([':', '/', '=']).unwrap_or(rest.len()));
    let written = name.get(..name.len().min(20))?.to_ascii_lowercase();
    let allowed = usize::from(written.len() > 2) + usize::from(written.len() > 5);

    let (_, meant) = NAMES
        .iter()
        .map(|meant| (strsim::damerau_levenshtein(&written, meant), *meant))
        .filter(|(distance, meant)| *distance <= allowed && *distance < meant.len())
        .min()?;

    let value = value.trim_start_matches([':', '=']);
    Some(match meant {
        "redirect" | "exp" => format!("{meant}={value}"),
        _ if value.is_empty() || value.starts_with('/') => {
            format!("{}{meant}{value}", &word[..word.len() - rest.len()])
        }
        _ => format!("{}{meant}:{value}", &word[..word.len() - rest.len()]),
    })
}
