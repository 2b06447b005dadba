//! Warnings about settings that can be used, but are too open, have no effect, or cause problems
//! later. They depend only on the settings and the date; the program adds warnings about the
//! machine.

use std::net::SocketAddr;

use ipnet::IpNet;
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use url::Url;

use super::{Secret, Settings, chats, cluster, rules, urls::is_here, webhook_keys::SigningKey};
use crate::{settings::keys::ApiKey, spec::CommandNames};

/// Addresses of cloud metadata services, which serve credentials of the machine's account.
const METADATA: [&str; 2] = ["169.254.169.254/32", "fd00:ec2::254/128"];

/// Maximum drain time in milliseconds: the time that the units and manifests of `deploy/` allow for
/// a shutdown, less that of the other steps.
const MOST_DRAIN_MS: u64 = 25_000;

/// Suffixes of names that cannot be resolved on the public Internet.
const INSIDE: [&str; 8] = [
    "localhost",
    "localdomain",
    "local",
    "lan",
    "home",
    "internal",
    "home.arpa",
    "invalid",
];

impl Settings {
    /// Returns one sentence per warning: its setting, what is wrong, what to do. No secret is
    /// repeated.
    pub fn advice(&self, commands: &dyn CommandNames) -> Vec<String> {
        self.advice_on(commands, Timestamp::now().to_zoned(TimeZone::UTC).date())
    }

    fn advice_on(&self, commands: &dyn CommandNames, today: Date) -> Vec<String> {
        let mut advice = Vec::new();
        let mut tell = |holds: bool, text: &str| {
            if holds {
                advice.push(text.to_owned());
            }
        };
        self.advise_reach(&mut tell);
        self.advise_access(today, &mut tell);
        self.advise_guard(&mut tell);
        rules::advise(self, commands, &mut tell);
        self.advise_mail(&mut tell);
        chats::advise(self, &mut tell);
        cluster::advise(self, &mut tell);
        self.advise_paths(&mut tell);
        self.advise_downloads(&mut tell);
        self.advise_telemetry(&mut tell);
        advice
    }

    /// Returns every secret that is set, with the name of its setting.
    pub fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        let Self {
            http,
            telegram,
            discord,
            geo,
            ..
        } = self;

        let one = [
            ("telegram.token", &telegram.token),
            ("telegram.secret_token", &telegram.secret_token),
            ("discord.token", &discord.token),
            ("http.callback_secret", &http.callback_secret),
            ("http.slack_signing_secret", &http.slack_signing_secret),
            ("geo.city_url", &geo.city_url),
            ("geo.asn_url", &geo.asn_url),
        ];

        // API keys are not included: the settings hold only their hashes.
        let many = [
            ("http.inbound_secrets", &http.inbound_secrets),
            ("http.slash_tokens", &http.slash_tokens),
        ];
        let many = many
            .into_iter()
            .flat_map(|(key, secrets)| secrets.iter().map(move |secret| (key, secret)));

        one.into_iter()
            .chain(many)
            .filter(|(_, secret)| secret.is_set())
            .collect()
    }

    /// Returns the parts of the service that need state that outlives the process, as `serve`
    /// starts them.
    pub fn parts_with_state(&self) -> Vec<&'static str> {
        let parts = [
            ("discord", self.discord.token.is_set()),
            ("telegram", self.telegram.token.is_set()),
            ("http callbacks", self.http.callback_secret.is_set()),
            ("http signatures", !self.http.inbound_secrets.is_empty()),
        ];
        parts
            .into_iter()
            .filter_map(|(part, needed)| needed.then_some(part))
            .collect()
    }

    /// Returns whether other machines reach the HTTP adapter without a proxy in between.
    fn listens_to_others(&self) -> bool {
        self.http
            .listen
            .parse::<SocketAddr>()
            .is_ok_and(|listen| !listen.ip().is_loopback())
    }

    /// Returns whether anyone can use the service.
    fn is_open(&self) -> bool {
        let reached = self.listens_to_others() || !self.http.public_url.is_empty();
        (reached && self.http.anonymous)
            || self.telegram.token.is_set()
            || self.discord.token.is_set()
    }

    /// Warns about who can reach the service, and by which path.
    fn advise_reach(&self, tell: &mut impl FnMut(bool, &str)) {
        let http = &self.http;
        let proxied = !http.trusted_proxies.is_empty();

        tell(
            self.listens_to_others() && !proxied && !http.proxy_protocol && http.anonymous,
            &format!(
                "http.listen: anyone who can reach {} can use it; listen on 127.0.0.1 behind a reverse proxy and list it in http.trusted_proxies, or set http.anonymous = false",
                http.listen
            ),
        );

        let url = Url::parse(&http.public_url).ok();
        let https = url.as_ref().is_some_and(|url| url.scheme() == "https");

        tell(
            !proxied
                && !http.proxy_protocol
                && http.hosts.iter().any(|_| url.is_none())
                && !self.listens_to_others(),
            "http.trusted_proxies: http.hosts implies a proxy, but none is listed here, so all clients behind it share one rate limit; list its address",
        );
        tell(
            !proxied
                && !http.proxy_protocol
                && url.is_some()
                && (https || !self.listens_to_others()),
            "http.trusted_proxies: http.public_url implies a proxy, but none is listed here, so all clients behind it share one rate limit; list its address",
        );

        tell(
            http.proxy_protocol && !proxied,
            "http.trusted_proxies: http.proxy_protocol is on but no proxy is listed, so every connection can claim any address; list the load balancer's address",
        );
        tell(
            http.trusted_proxies.iter().any(|net| net.prefix_len() == 0),
            "http.trusted_proxies: every client is trusted, so anyone can claim any address; list the proxies",
        );
        tell(
            !http.client_address_header.is_empty() && !proxied,
            "http.client_address_header: has no effect because http.trusted_proxies is empty",
        );
        tell(
            url.as_ref().is_some_and(|url| !is_here(url) && !https),
            "http.public_url: http exposes keys and links; use TLS",
        );
        tell(
            url.as_ref().is_some_and(is_here),
            "http.public_url: is an address of the local machine; set the address that others use",
        );
        tell(
            http.drain_ms > MOST_DRAIN_MS,
            "http.drain_ms: the units and manifests of deploy/ wait 30 s for the server to stop; raise TimeoutStopSec, stop_grace_period or terminationGracePeriodSeconds too",
        );
    }

    /// Warns about API keys, signatures and CORS origins.
    fn advise_access(&self, today: Date, tell: &mut impl FnMut(bool, &str)) {
        let http = &self.http;
        let nobody = http.api_keys.is_empty()
            && http.inbound_secrets.is_empty()
            && http.slash_tokens.is_empty()
            && !http.slack_signing_secret.is_set();

        tell(
            !http.anonymous && nobody,
            "http.anonymous: false without any key or secret, so nobody can use the API; `netvane key new` creates a key",
        );

        let soon = today.checked_add(14.days()).unwrap_or(today);

        for key in http
            .api_keys
            .iter()
            .filter_map(|key| key.reveal().parse::<ApiKey>().ok())
        {
            let Some(end) = key.expires else { continue };
            let name = &key.name;
            tell(
                end <= today,
                &format!("http.api_keys: `{name}` expired on {end}; remove it, or replace it"),
            );
            tell(
                end > today && end <= soon,
                &format!("http.api_keys: `{name}` expires on {end}; add a new one beside it"),
            );
        }

        let signing = SigningKey::read_all(http.callback_secret.reveal()).unwrap_or_default();
        let same = signing.iter().any(|key| {
            let verifies = key.for_receiver();
            let mut inbound = http.inbound_secrets.iter();
            key.public().is_none() && inbound.any(|secret| secret.reveal() == verifies)
        });

        tell(
            same,
            "http.callback_secret: also in http.inbound_secrets, so receivers of callbacks can sign requests; use two secrets",
        );

        let all = http.cors_origins.iter().any(|origin| origin == "*");

        tell(
            all && !http.api_keys.is_empty(),
            "http.cors_origins: \"*\" lets every page use keys that its visitors enter; list the origins",
        );
        tell(
            all && self.is_private(),
            "http.cors_origins: \"*\" lets every page opened on this machine use the API without limits; list the origins",
        );
    }

    /// Warns about exceptions to the address guard.
    fn advise_guard(&self, tell: &mut impl FnMut(bool, &str)) {
        let policy = &self.policy;

        for net in &policy.allow {
            if let Some(denied) = policy.deny.iter().find(|denied| denied.contains(net)) {
                tell(
                    true,
                    &format!(
                        "policy.allow: `{net}` is also in policy.deny (`{denied}`), which takes precedence"
                    ),
                );
                continue;
            }

            let metadata = METADATA
                .iter()
                .filter_map(|text| text.parse::<IpNet>().ok());
            let open: Vec<IpNet> = metadata
                .filter(|inner| {
                    net.contains(inner) && !policy.deny.iter().any(|denied| denied.contains(inner))
                })
                .collect();

            if let Some(address) = open.first() {
                let address = address.addr();
                let told = format!(
                    "policy.allow: `{net}` contains {address}, where clouds serve a machine's credentials; add it to policy.deny"
                );
                tell(true, &told);
            } else if self.is_open() && policy.rules.is_empty() {
                let told = format!(
                    "policy.allow: every user can probe `{net}` through this service; restrict it with policy.rules"
                );
                tell(true, &told);
            }
        }

        tell(
            self.is_open() && policy.contact.trim().is_empty(),
            "policy.contact: not set although the service is public; it is shown in refusals and to operators of probed servers",
        );

        let relays = self
            .mail
            .trusted_relays
            .iter()
            .filter_map(|relay| relay.parse::<IpNet>().ok());

        tell(
            relays.into_iter().any(|net| net.prefix_len() == 0),
            "mail.trusted_relays: every Received header would be trusted, forged ones too; list your own relays",
        );
    }

    /// Warns about how this machine appears to mail servers.
    fn advise_mail(&self, tell: &mut impl FnMut(bool, &str)) {
        let smtp = &self.smtp;

        tell(
            smtp.helo.is_empty() && self.http.public_url.is_empty() && self.is_open(),
            "smtp.helo: not set, so mail servers see the system's host name; set the name that this machine's address has in DNS, otherwise `verify` is often refused",
        );

        let is_name = !smtp.helo.is_empty() && !smtp.helo.starts_with('[');

        tell(
            is_name && is_inside(&smtp.helo),
            "smtp.helo: mail servers cannot resolve this name; set a fully qualified name that resolves to this machine",
        );
        tell(
            smtp.helo.starts_with('['),
            "smtp.helo: many mail servers refuse an address; set a name that resolves to this machine",
        );

        let domain = smtp
            .mail_from
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .trim_end_matches('>');

        tell(
            !smtp.mail_from.is_empty() && is_inside(domain),
            "smtp.mail_from: mail servers cannot resolve its domain; use one that receives mail",
        );
        tell(
            smtp.port != 25,
            "smtp.port: mail servers accept mail for their domains on port 25 only",
        );
    }

    /// Warns about relative paths, which depend on the working directory of the process.
    fn advise_paths(&self, tell: &mut impl FnMut(bool, &str)) {
        let files = [
            ("geo.city", &self.geo.city),
            ("geo.asn", &self.geo.asn),
            ("dns.trust_anchor", &self.dns.trust_anchor),
        ];
        let authorities = self.tls.ca_files.iter().map(|file| ("tls.ca_files", file));
        let bootstrap = ("rdap.bootstrap", &self.rdap.bootstrap);
        let bootstrap = (bootstrap.1 != "builtin").then_some(bootstrap);

        for (key, path) in files.into_iter().chain(authorities).chain(bootstrap) {
            tell(
                !path.is_empty() && !path.starts_with('/'),
                &format!(
                    "{key}: `{path}` is relative to the working directory; use an absolute path"
                ),
            );
        }
    }

    /// Warns about data that is downloaded without TLS.
    fn advise_downloads(&self, tell: &mut impl FnMut(bool, &str)) {
        let is_plain =
            |url: &str| Url::parse(url).is_ok_and(|url| url.scheme() == "http" && !is_here(&url));

        tell(
            is_plain(&self.rdap.bootstrap_url),
            "rdap.bootstrap_url: http allows the files to be changed; use https",
        );

        for (key, url) in [
            ("geo.city_url", &self.geo.city_url),
            ("geo.asn_url", &self.geo.asn_url),
        ] {
            tell(
                is_plain(url.reveal()),
                &format!(
                    "{key}: http exposes the license key and allows the file to be changed; use https"
                ),
            );
        }
    }

    /// Warns about trace export and the log.
    fn advise_telemetry(&self, tell: &mut impl FnMut(bool, &str)) {
        let collector = Url::parse(&self.telemetry.otlp_endpoint).ok();

        tell(
            collector
                .as_ref()
                .is_some_and(|url| url.port() == Some(4317)),
            "telemetry.otlp_endpoint: port 4317 is gRPC; OTLP over HTTP uses 4318",
        );

        tell(
            collector
                .as_ref()
                .is_some_and(|url| url.path().ends_with("/v1/traces")),
            "telemetry.otlp_endpoint: `/v1/traces` is appended automatically; remove it",
        );

        if let Some(loud) = loud(&self.log.level) {
            let told = format!(
                "log.level: `{loud}` makes other crates log URLs that contain tokens; limit it to Netvane's crates, e.g. netvane_core=debug"
            );
            tell(true, &told);
        }

        tell(
            self.log.level.eq_ignore_ascii_case("off"),
            "log.level: off, so rejected settings, lost connections and these warnings are not logged",
        );
    }
}

/// Returns the directive of a log filter that makes other crates than Netvane's log more than
/// `info`.
fn loud(level: &str) -> Option<&str> {
    // A single word applies to Netvane's crates only.
    if !level.contains([',', '=']) {
        return None;
    }
    level.split(',').map(str::trim).find(|directive| {
        let (target, level) = directive.rsplit_once('=').unwrap_or(("", directive));
        let is_loud = ["debug", "trace"]
            .iter()
            .any(|loud| level.trim().eq_ignore_ascii_case(loud));
        is_loud && !target.trim().starts_with("netvane")
    })
}

/// Returns whether a name has no meaning on the public Internet.
fn is_inside(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let below = |end: &&str| {
        name.strip_suffix(*end)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    !name.contains('.') || INSIDE.iter().any(below)
}

#[cfg(test)]
mod tests;
