//! Status words in one spelling.

/// The status codes of EPP (RFC 5731, RFC 3915), as they are spelled there.
#[rustfmt::skip]
const EPP: [&str; 24] = [
    "addPeriod", "autoRenewPeriod", "clientDeleteProhibited", "clientHold", "clientRenewProhibited",
    "clientTransferProhibited", "clientUpdateProhibited", "inactive", "linked", "ok", "pendingCreate", "pendingDelete",
    "pendingRenew", "pendingRestore", "pendingTransfer", "pendingUpdate", "redemptionPeriod", "renewPeriod",
    "serverDeleteProhibited", "serverHold", "serverRenewProhibited", "serverTransferProhibited",
    "serverUpdateProhibited", "transferPeriod",
];
/// No registry lists more; beyond this it is garbage.
const MAX: usize = 40;

/// Adds the words of one status value: EPP codes in camel case, others in lower case, no duplicates.
///
/// A value may hold several words separated by commas, an explanation in parentheses, after a spaced dash, or
/// as a link.
pub(super) fn add(list: &mut Vec<String>, value: &str) {
    for part in value.split([',', ';']) {
        if let Some(word) = normal(part)
            && list.len() < MAX
            && !list.contains(&word)
        {
            list.push(word);
        }
    }
}

fn normal(part: &str) -> Option<String> {
    let end = ["(", " http", "\thttp", " - ", " -- "]
        .iter()
        .filter_map(|stop| part.find(stop))
        .min();
    let part = &part[..end.unwrap_or(part.len())];
    let part = part.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '.' | '"' | '\'' | '-' | '*' | ':' | '!')
    });

    // `200 Active`: a reply code before the word.
    let part = part
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start();

    // Some write only the link to the explanation.
    let part = match part.rsplit_once("epp#") {
        Some((_, code)) => code,
        None if part.contains("://") => return None,
        None => part,
    };

    if part.is_empty() || part.len() > 80 || !part.chars().any(char::is_alphabetic) {
        return None;
    }

    let squashed: String = part
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-' | '\t'))
        .collect::<String>()
        .to_ascii_lowercase();

    let code = EPP
        .iter()
        .find(|code| code.to_ascii_lowercase() == squashed);
    let words = || {
        part.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase()
    };

    Some(code.map_or_else(words, |code| (*code).to_owned()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn spellings() {
        let mut list = Vec::new();
        for value in [
            "clientTransferProhibited https://icann.org/epp#clientTransferProhibited",
            "client transfer prohibited",
            "CLIENT-HOLD",
            "client_delete_prohibited, client_update_prohibited",
            "ok (paid and in zone)",
            "ok - Normal state.",
            "REGISTERED, DELEGATED, VERIFIED",
            "https://icann.org/epp#serverHold",
            "Registered until expiry date.",
            "-",
            "",
        ] {
            super::add(&mut list, value);
        }
        let expected = "clientTransferProhibited clientHold clientDeleteProhibited clientUpdateProhibited ok \
                        registered delegated verified serverHold";
        let mut expected: Vec<_> = expected.split_whitespace().map(str::to_owned).collect();
        expected.push("registered until expiry date".into());
        assert_eq!(list, expected);
    }
}
