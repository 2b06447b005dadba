//! Checks that do not depend on the machine; any error here prevents the service from starting.

use std::net::{IpAddr, SocketAddr};

use netvane_facts::target::Endpoint;
use netvane_net::dns::{BUILTIN, ListedServer};
use url::Url;

use super::{
    Settings, SettingsError, TelegramMode, access, chats, cluster, rules,
    urls::{is_origin, is_web},
    webhook_keys::SigningKey,
};

impl Settings {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, message: &str| {
            if !holds {
                faults.push(message.to_owned());
            }
        };

        self.check_network(&mut must);
        self.check_permits(&mut must);
        self.check_listener(&mut must);
        must(
            self.limits.smtp_probes > 0,
            "limits.smtp_probes: must be at least 1",
        );
        self.check_limits(&mut must);
        self.check_mail(&mut must);
        for fault in crate::blocklist::check_settings(&self.blocklist) {
            must(false, &fault);
        }
        self.check_reach(&mut must);
        self.check_names(&mut must);
        self.check_places(&mut must);
        self.check_client_address(&mut must);
        self.check_callbacks(&mut must);
        access::check(&self.http, &mut must);
        rules::check(self, &mut must);
        chats::check_telegram(self, &mut must);
        chats::check_discord(&self.discord, &mut must);
        cluster::check(self, &mut must);
        self.check_log(&mut must);

        if faults.is_empty() {
            Ok(())
        } else {
            Err(SettingsError(faults))
        }
    }

    fn check_network(&self, must: &mut impl FnMut(bool, &str)) {
        must(
            !self.dns.servers.is_empty(),
            "dns.servers: expected at least one resolver",
        );
        must(
            (10..=60_000).contains(&self.dns.timeout_ms),
            "dns.timeout_ms: must be 10–60000",
        );
        must(
            (1..=10).contains(&self.dns.attempts),
            "dns.attempts: must be 1–10",
        );
        must(
            self.whois.root.parse::<Endpoint>().is_ok(),
            "whois.root: expected HOST or HOST:PORT",
        );
        must(self.whois.port > 0, "whois.port: must be 1–65535");
        must(
            (100..=30_000).contains(&self.whois.timeout_ms),
            "whois.timeout_ms: must be 100–30000",
        );
        must(
            (1024..=4 << 20).contains(&self.whois.max_bytes),
            "whois.max_bytes: must be 1024–4194304",
        );
        must(
            (1..=10).contains(&self.whois.max_referrals),
            "whois.max_referrals: must be 1–10",
        );
        must(
            (100..=30_000).contains(&self.rdap.timeout_ms),
            "rdap.timeout_ms: must be 100–30000",
        );
        must(
            (1024..=16 << 20).contains(&self.rdap.max_bytes),
            "rdap.max_bytes: must be 1024–16777216",
        );
    }

    fn check_permits(&self, must: &mut impl FnMut(bool, &str)) {
        must(
            self.limits.light > 0 && self.limits.heavy > 0,
            "limits.light and limits.heavy: must be at least 1",
        );
        must(
            (1..=1024).contains(&self.limits.batch),
            "limits.batch: must be 1–1024",
        );
    }

    fn check_listener(&self, must: &mut impl FnMut(bool, &str)) {
        must(
            self.http.listen.parse::<SocketAddr>().is_ok(),
            "http.listen: expected ADDRESS:PORT, such as 127.0.0.1:8080 or [::]:8080",
        );
        must(
            (16..=1 << 20).contains(&self.http.connections),
            "http.connections: must be 16–1048576",
        );
        must(
            (1..=self.http.connections).contains(&self.http.connections_per_client),
            "http.connections_per_client: must be 1 to http.connections",
        );
        must(
            (1024..=16 << 20).contains(&self.http.max_body_bytes),
            "http.max_body_bytes: must be 1024–16777216",
        );
        must(
            self.http.read_timeout_ms >= 100,
            "http.read_timeout_ms: must be at least 100",
        );
    }

    fn check_client_address(&self, must: &mut impl FnMut(bool, &str)) {
        let field = &self.http.client_address_header;

        must(
            field.is_empty()
                || crate::settings::CLIENT_ADDRESS_HEADERS
                    .contains(&field.to_ascii_lowercase().as_str()),
            &format!(
                "http.client_address_header: expected one of {}, or empty for the default",
                crate::settings::CLIENT_ADDRESS_HEADERS.join(", ")
            ),
        );
    }

    fn check_log(&self, must: &mut impl FnMut(bool, &str)) {
        let level = self.log.level.to_ascii_lowercase();
        let words = ["off", "error", "warn", "info", "debug", "trace"];

        must(
            level.contains(['=', ',']) || words.contains(&level.as_str()),
            "log.level: expected error, warn, info, debug, trace, or a filter",
        );
    }

    /// Checks the name and sender used in SMTP. They are sent word for word, so they are parsed
    /// more strictly than pasted input.
    fn check_mail(&self, must: &mut impl FnMut(bool, &str)) {
        let smtp = &self.smtp;
        must(smtp.port > 0, "smtp.port: must be 1–65535");
        must(
            (100..=60_000).contains(&smtp.timeout_ms),
            "smtp.timeout_ms: must be 100–60000",
        );
        must(
            smtp.helo.is_empty() || is_host_name(&smtp.helo) || is_literal(&smtp.helo),
            "smtp.helo: expected an ASCII host name without a trailing dot, such as netvane.example, or an address in brackets",
        );
        must(
            smtp.mail_from.is_empty() || crate::args::mailbox::parse(&smtp.mail_from).is_ok(),
            "smtp.mail_from: expected an email address, or empty",
        );
        must(
            smtp.control.is_empty()
                || is_host_name(&smtp.control)
                || smtp.control.parse::<std::net::IpAddr>().is_ok(),
            "smtp.control: expected an ASCII host name such as mx.example.com, an address, or empty",
        );
    }

    /// Checks the public URL of this service, and which addresses it may contact.
    fn check_reach(&self, must: &mut impl FnMut(bool, &str)) {
        let url = &self.http.public_url;
        let parsed = Url::parse(url).ok();

        must(
            url.is_empty() || parsed.as_ref().is_some_and(is_origin),
            "http.public_url: expected an http or https URL with a host and no path",
        );

        let delivers = |port| matches!(port, 80 | 88 | 443 | 8443);

        must(
            self.telegram.mode != TelegramMode::Webhook
                || parsed
                    .and_then(|url| url.port_or_known_default())
                    .is_none_or(delivers),
            "http.public_url: Telegram only delivers to ports 443, 80, 88 and 8443",
        );

        let is_everything =
            |networks: &[ipnet::IpNet]| networks.iter().any(|net| net.prefix_len() == 0);

        must(
            !is_everything(&self.policy.allow),
            "policy.allow: this would disable the guard; list individual networks",
        );
        must(
            !is_everything(&self.policy.deny),
            "policy.deny: this would deny every address",
        );
    }

    /// Checks the names of this service and of its network.
    fn check_names(&self, must: &mut impl FnMut(bool, &str)) {
        for host in &self.http.hosts {
            must(
                is_host_name(host),
                &format!(
                    "http.hosts: `{host}` is not a host name such as netvane.lan, without a port"
                ),
            );
        }
        let lists = [
            ("public_resolvers", &self.dns.public_resolvers),
            ("root_hints", &self.dns.root_hints),
        ];
        for (key, list) in lists {
            for entry in list {
                must(
                    entry.trim() == BUILTIN || ListedServer::read(entry).is_some(),
                    &format!(
                        "dns.{key}: expected \"{BUILTIN}\" or \"NAME=ADDRESS\", got `{entry}`"
                    ),
                );
            }
            must(list.len() <= 64, &format!("dns.{key}: at most 64 entries"));
        }
        must(
            !self.dns.root_hints.is_empty(),
            "dns.root_hints: expected at least one server",
        );
        for name in &self.dns.private_names {
            let suffix = name.strip_prefix('.').unwrap_or(name);
            let is_name = suffix.split('.').all(|label| {
                (1..=63).contains(&label.len())
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            });
            must(
                is_name && suffix.len() <= 253,
                &format!(
                    "dns.private_names: `{name}` is not a name such as .corp.example, in ASCII"
                ),
            );
        }
    }

    /// Checks files, directories and URLs, as far as their names show.
    fn check_places(&self, must: &mut impl FnMut(bool, &str)) {
        let geo = &self.geo;

        must(
            !geo.asn_url.is_set() || !geo.asn.is_empty(),
            "geo.asn_url: requires geo.asn, the file to write",
        );

        for (key, url) in [("city", &geo.city_url), ("asn", &geo.asn_url)] {
            must(
                !url.is_set() || Url::parse(url.reveal()).is_ok_and(|url| is_web(&url)),
                &format!("geo.{key}_url: expected an https URL"),
            );
        }

        must(
            Url::parse(&self.rdap.bootstrap_url).is_ok_and(|url| is_web(&url)),
            "rdap.bootstrap_url: expected an https URL",
        );

        for (key, directory) in [
            ("state.directory", &self.state.directory),
            ("audit.directory", &self.audit.directory),
        ] {
            must(
                directory.is_empty() || directory.starts_with('/'),
                &format!("{key}: expected an absolute path"),
            );
        }
    }

    fn check_callbacks(&self, must: &mut impl FnMut(bool, &str)) {
        let http = &self.http;
        if let Err(fault) = SigningKey::read_all(http.callback_secret.reveal()) {
            must(false, &format!("http.callback_secret: {fault}"));
        }
        must(
            (100..=60_000).contains(&http.callback_timeout_ms),
            "http.callback_timeout_ms: must be 100–60000",
        );
        must(
            (1..=31_536_000).contains(&http.callback_disable_seconds),
            "http.callback_disable_seconds: must be 1–31536000",
        );
        let waits = &http.callback_retry_seconds;
        must(
            (1..=20).contains(&waits.len()) && waits.iter().all(|wait| *wait <= 604_800),
            "http.callback_retry_seconds: expected 1–20 delays of at most 604800 seconds",
        );
    }
}

/// Returns whether the name is a valid domain in RFC 5321 §4.1.2; mail servers reject other names.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    name.len() <= 253
        && name.split('.').all(is_label)
        && !name.rsplit('.').next().is_some_and(is_number)
}

/// Returns whether the text is an address literal: `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321
/// §4.1.3).
fn is_literal(text: &str) -> bool {
    let inner = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    inner.is_some_and(|inner| match inner.strip_prefix("IPv6:") {
        Some(address) => address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_ipv6()),
        None => inner
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_ipv4()),
    })
}

#[cfg(test)]
mod tests;
