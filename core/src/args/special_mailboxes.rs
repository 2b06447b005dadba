//! Role names (RFC 2142 and common ones) and domains of disposable addresses.
//!
//! Both are sorted text files embedded in the program and searched by bisection, so nothing has to
//! be built at start.

/// One name per line, sorted by bytes: those of RFC 2142 and common ones in several languages.
static ROLES: &str = include_str!("../../../config/data/role-names.txt");
/// One domain per line, sorted by bytes. License and origin: `disposable-LICENSE.txt` next to it.
static DISPOSABLE: &str = include_str!("../../../config/data/disposable-domains.txt");

/// Returns whether a local part names a role and not a person: `postmaster`, `Sales`, `info+shop`.
#[must_use]
pub fn is_role(local: &str) -> bool {
    let name = local.split('+').next().unwrap_or(local);
    name.len() <= 64 && contains(ROLES, &name.to_ascii_lowercase())
}

/// Returns whether a domain (lower-case A-labels) or one of its parent domains is a disposable mail
/// domain.
#[must_use]
pub fn is_disposable(domain: &str) -> bool {
    let mut rest = Some(domain);
    while let Some(name) = rest.filter(|name| name.contains('.')) {
        if contains(DISPOSABLE, name) {
            return true;
        }
        rest = name.split_once('.').map(|(_, parent)| parent);
    }
    false
}

/// Searches a sorted list of lines by bisection.
fn contains(lines: &str, wanted: &str) -> bool {
    let bytes = lines.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = low + (high - low) / 2;
        // The line that contains the middle.
        let start = bytes[low..middle]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(low, |at| low + at + 1);
        let end = bytes[middle..high]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(high, |at| middle + at);
        match bytes[start..end].cmp(wanted.as_bytes()) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_line_and_nothing_else() {
        for list in [ROLES, DISPOSABLE] {
            let lines: Vec<&str> = list.lines().collect();
            assert!(lines.is_sorted() && lines.len() > 200, "{}", lines.len());
            for line in &lines {
                assert!(contains(list, line), "{line}");
                assert!(!contains(list, &format!("{line}\u{1}")), "{line}");
                let inner = &line[1..];
                assert_eq!(
                    contains(list, inner),
                    lines.binary_search(&inner).is_ok(),
                    "{inner}"
                );
            }
            assert!(!contains(list, "") && !contains(list, "~") && !contains(list, "\n"));
        }
    }

    #[test]
    fn recognizes_role_names_and_disposable_domains() {
        assert!(
            is_role("postmaster") && is_role("Info") && is_role("sales+fr") && is_role("no-reply")
        );
        assert!(!is_role("ada") && !is_role("") && !is_role("postmasters"));
        assert!(is_disposable("mailinator.com") && is_disposable("a.b.mailinator.com"));
        assert!(
            !is_disposable("gmail.com")
                && !is_disposable("com")
                && !is_disposable("unmailinator.example")
        );
    }
}
