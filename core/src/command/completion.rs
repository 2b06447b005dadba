//! Suggestions while the user types an argument.

use netvane_facts::ports;

use crate::{
    args::COMMON_TYPES,
    command::Registry,
    spec::{Argument, Completes},
    vantage::{LOCAL, selection},
};

/// Public resolvers that users often compare results of.
const RESOLVERS: [&str; 9] = [
    "1.1.1.1",
    "8.8.8.8",
    "9.9.9.9",
    "tls://1.1.1.1#one.one.one.one",
    "tls://9.9.9.9#dns.quad9.net",
    "https://cloudflare-dns.com/dns-query",
    "https://dns.google/dns-query",
    "https://dns.quad9.net/dns-query",
    "quic://dns.adguard-dns.com",
];

/// Services that are offered before anything is typed.
const SERVICES: [&str; 12] = [
    "http",
    "https",
    "ssh",
    "smtp",
    "submission",
    "imaps",
    "pop3s",
    "domain",
    "ldap",
    "mysql",
    "postgresql",
    "ms-wbt-server",
];

/// Returns at most `most` completions, best first. `recent` are targets that this caller looked up
/// recently.
pub fn complete(
    registry: &Registry,
    argument: &Argument,
    typed: &str,
    recent: &[String],
    most: usize,
) -> Vec<String> {
    let typed = typed.trim();
    let lower = typed.to_lowercase();
    let mut found: Vec<String> = match argument.completes {
        None => matching(argument.choices.iter().map(String::as_str), &lower),
        Some(Completes::Target) => matching(recent.iter().map(String::as_str), &lower),
        Some(Completes::RecordType) => matching(COMMON_TYPES.into_iter(), &lower),
        Some(Completes::Resolver) => matching(RESOLVERS.into_iter(), &lower),
        Some(Completes::Place) => places(registry, &lower),
        Some(Completes::Command) => matching(
            registry.entries().iter().map(|entry| entry.spec.name),
            &lower,
        ),
        Some(Completes::Port) => {
            // Complete the last item of a list, which is the one being typed.
            let head = lower.rfind([',', ' ']).map_or("", |end| &lower[..=end]);
            let found = match &lower[head.len()..] {
                "" => SERVICES.to_vec(),
                typed => ports::starting_with(typed),
            };
            found
                .into_iter()
                .map(|name| format!("{head}{name}"))
                .take(most)
                .collect()
        }
    };

    found.truncate(most);

    found
}

/// Completes the last of several vantage points, which is the one being typed.
fn places(registry: &Registry, typed: &str) -> Vec<String> {
    let head = typed.rfind([',', '+']).map_or("", |end| &typed[..=end]);
    let last = &typed[head.len()..];
    let words = if head.is_empty() {
        &["all", "world", LOCAL][..]
    } else {
        &[LOCAL][..]
    };
    let known: Vec<String> = words
        .iter()
        .map(|word| (*word).to_owned())
        .chain(selection::suggestions(&registry.agents()))
        .collect();
    let known = known
        .iter()
        .map(String::as_str)
        .filter(|word| !head.split([',', '+']).any(|taken| taken == *word));
    matching(known, last)
        .into_iter()
        .map(|word| format!("{head}{word}"))
        .collect()
}

/// Returns the values that start with the typed text, then those that contain it.
fn matching<'a>(values: impl Iterator<Item = &'a str>, typed: &str) -> Vec<String> {
    let mut found: Vec<(bool, &str)> = values
        .filter_map(|value| {
            let lower = value.to_lowercase();
            lower
                .contains(typed)
                .then(|| (!lower.starts_with(typed), value))
        })
        .collect();
    found.sort_by_key(|(later, _)| *later);
    found
        .into_iter()
        .map(|(_, value)| value.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_depend_on_the_type_of_the_argument() {
        let registry = crate::commands::registry();
        let recent = ["example.com".to_owned(), "192.0.2.1".to_owned()];
        let suggested = |command: &str, argument: &str, typed: &str| {
            let entry = registry.find(command).expect("a command");
            let argument = entry
                .arguments
                .iter()
                .find(|found| found.name == argument)
                .expect("an argument");
            complete(&registry, argument, typed, &recent, 4).join(" ")
        };

        assert_eq!(suggested("dig", "type", "a"), "A AAAA ANY CNAME");
        assert_eq!(
            suggested("dig", "resolver", "quad"),
            "tls://9.9.9.9#dns.quad9.net https://dns.quad9.net/dns-query"
        );
        assert_eq!(suggested("mx", "domain", ""), "example.com 192.0.2.1");
        assert_eq!(suggested("mx", "domain", "am"), "example.com");
        assert_eq!(
            suggested("ports", "ports", "22,http"),
            "22,http 22,https 22,httpx 22,http-alt"
        );
        assert_eq!(
            suggested("port", "query", "post"),
            suggested("ports", "ports", "post")
        );
        assert_eq!(suggested("port", "query", ""), "http https ssh smtp");
        for service in SERVICES {
            assert!(
                ports::starting_with(service).contains(&service),
                "{service}"
            );
        }
        assert_eq!(suggested("help", "command", "trace"), "trace trace_mail");
        assert_eq!(suggested("ping", "count", "3"), "");
    }
}
