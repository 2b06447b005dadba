//! Normalizes the spelling of status values.

/// Status codes of EPP (RFC 5731, RFC 3915) in their standard spelling.
#[rustfmt::skip]
const EPP: [&str; 24] = [
    "addPeriod", "autoRenewPeriod", "clientDeleteProhibited", "clientHold", "clientRenewProhibited",
    "clientTransferProhibited", "clientUpdateProhibited", "inactive", "linked", "ok", "pendingCreate", "pendingDelete",
    "pendingRenew", "pendingRestore", "pendingTransfer", "pendingUpdate", "redemptionPeriod", "renewPeriod",
    "serverDeleteProhibited", "serverHold", "serverRenewProhibited", "serverTransferProhibited",
    "serverUpdateProhibited", "transferPeriod",
];
/// Largest number of status values in a result; no registry lists more.
const MAX: usize = 40;

/// Adds the statuses in a value: EPP codes in camel case, others in lower case, no duplicates.
///
/// A value may have several statuses separated by commas, and an explanation in parentheses, after a spaced dash, or
/// as a link, which is dropped.
pub(super) fn add(list: &mut Vec<String>, value: &str) {
    let alternatives = |part: &'_ str| {
        part.split(" / ")
            .all(|word| normalize(word).is_some_and(|word| EPP.contains(&word.as_str())))
    };
    let parts = value.split([',', ';']).flat_map(|part| {
        // `pendingDelete / redemptionPeriod` in .it; elsewhere the second word may be a translation.
        let separator = if alternatives(part) { " / " } else { "\n" };
        part.split(separator)
    });
    for part in parts {
        if let Some(word) = normalize(part)
            && list.len() < MAX
            && !list.contains(&word)
        {
            list.push(word);
        }
    }
}

fn normalize(part: &str) -> Option<String> {
    let end = ["(", " http", "\thttp", " - ", " -- "]
        .iter()
        .filter_map(|stop| part.find(stop))
        .min();
    let part = &part[..end.unwrap_or(part.len())];
    let part = part.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '.' | '"' | '\'' | '-' | '*' | ':' | '!')
    });

    // `200 Active`: a reply code before the status.
    let part = part
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start();

    // Some registries write only the link to the explanation.
    let part = match part.rsplit_once("epp#") {
        Some((_, code)) => code,
        None if part.contains("://") => return None,
        None => part,
    };

    if part.is_empty() || part.len() > 80 || !part.chars().any(char::is_alphabetic) {
        return None;
    }

    let compact: String = part
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-' | '\t'))
        .collect::<String>()
        .to_ascii_lowercase();

    let code = EPP.iter().find(|code| code.to_ascii_lowercase() == compact);
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
    fn normalizes_spellings_and_drops_explanations() {
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

    /// The statuses in one value.
    fn of(value: &str) -> Vec<String> {
        let mut list = Vec::new();
        super::add(&mut list, value);
        list
    }

    #[test]
    fn recognizes_epp_codes_in_every_spelling() {
        for code in super::EPP {
            let spaced: String = code
                .chars()
                .flat_map(|c| c.is_ascii_uppercase().then_some(' ').into_iter().chain([c]))
                .collect();
            for text in [
                code.to_owned(),
                code.to_uppercase(),
                spaced.clone(),
                spaced.to_uppercase().replace(' ', "-"),
                format!("{code} https://icann.org/epp#{code}"),
                format!("https://icann.org/epp#{code}"),
            ] {
                assert_eq!(of(&text), [code], "{text}");
            }
        }
    }

    #[test]
    fn ignores_values_without_a_status() {
        for text in [
            "",
            "-",
            "***",
            "(x)",
            "https://example.test/",
            "123",
            "\u{2014}",
            &"a".repeat(81),
        ] {
            assert_eq!(of(text), [""; 0], "{text}");
        }
        assert_eq!(of(&"a".repeat(80)).len(), 1);
        assert_eq!(
            of("pendingDelete / redemptionPeriod"),
            ["pendingDelete", "redemptionPeriod"]
        );
        assert_eq!(of("Activo / Active"), ["activo / active"]);
        assert_eq!(of("200 Active"), ["active"]);
        assert_eq!(of("\"ACTIVE\"."), ["active"]);
        assert_eq!(of("Gesperrt ÜBER Nacht"), ["gesperrt über nacht"]);
        let many: String = (0..100).map(|n| format!("word {n},")).collect();
        assert_eq!(of(&many).len(), super::MAX);
    }
}
