//! Selectors of DKIM keys (RFC 6376 §3.1).

use std::fmt;

use netvane_facts::target::{Invalid, clean_pasted, text_value};

/// Selectors of large providers and common software; DNS cannot list the selectors of a domain. The most common come
/// first.
pub(crate) const COMMON: [&str; 40] = [
    "default",
    "dkim",
    "mail",
    "google",
    "20230601",
    "selector1",
    "selector2",
    "s1",
    "s2",
    "k1",
    "k2",
    "k3",
    "fm1",
    "fm2",
    "fm3",
    "protonmail",
    "sig1",
    "smtp",
    "mx",
    "zoho",
    "protonmail2",
    "protonmail3",
    "dkim1",
    "dkim2",
    "key1",
    "key2",
    "mandrill",
    "mailjet",
    "pm",
    "cm",
    "mxvault",
    "zendesk1",
    "zendesk2",
    "hs1",
    "hs2",
    "mail2",
    "email",
    "s1024",
    "s2048",
    "x",
];

/// One or more labels below which a key is published, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Selector(String);

text_value!(Selector, "Selector", "a selector, such as `s1`");

impl Selector {
    /// The selector without `._domainkey`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let cleaned = clean_pasted(text);
        let selector = cleaned.trim_end_matches('.').to_ascii_lowercase();
        // A whole name, as in a zone file, starts with the selector.
        let selector = selector
            .split_once("._domainkey")
            .map_or(selector.as_str(), |(selector, _)| selector);
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if selector.len() > 100 || !selector.split('.').all(is_label) {
            return Err(Invalid::new(
                "expected a selector: letters, digits, hyphens and dots",
            ));
        }
        Ok(Self(selector.to_owned()))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
