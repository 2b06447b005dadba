//! What an operator should know of the settings although they can be used: most of it is open, or does nothing, or will
//! be regretted. It depends on nothing but the settings and the day; what the machine has to say is the program's part.

use std::net::SocketAddr;

use ipnet::IpNet;
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use url::Url;

use super::{Secret, Settings, chats, rules, urls::is_here};
use crate::{settings::keys::ApiKey, spec::CommandNames};

/// Where clouds keep what opens the machine's account.
const METADATA: [&str; 2] = ["169.254.169.254/32", "fd00:ec2::254/128"];

/// How long the units and manifests of `deploy/` wait for the end, less what the end itself takes.
const MOST_DRAIN_MS: u64 = 25_000;

/// Endings of names that nobody outside can resolve.
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
    /// One sentence for each thing: its setting, what is wrong, what to do. No secret is repeated.
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
        self.advise_paths(&mut tell);
        self.advise_downloads(&mut tell);
        self.advise_telemetry(&mut tell);
        advice
    }

    /// Every secret that is set, with its setting.
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

        // Of API keys the settings have hashes.
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

    /// The settings whose parts need state that outlives the process, as `serve` starts them.
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

    /// Whether other machines reach the HTTP adapter without a proxy in between.
    fn listens_to_others(&self) -> bool {
        self.http
            .listen
            .parse::<SocketAddr>()
            .is_ok_and(|listen| !listen.ip().is_loopback())
    }

    /// Whether people may ask that the operator does not know.
    fn is_open(&self) -> bool {
        let reached = self.listens_to_others() || !self.http.public_url.is_empty();
        (reached && self.http.anonymous)
            || self.telegram.token.is_set()
            || self.discord.token.is_set()
    }

    /// Who reaches the service, and by which way.
    fn advise_reach(&self, tell: &mut impl FnMut(bool, &str)) {
        let http = &self.http;
        let proxied = !http.trusted_proxies.is_empty();

        tell(
            self.listens_to_others() && !proxied && !http.proxy_protocol && http.anonymous,
            &format!(
                "http.listen: whoever reaches {} may ask; listen on 127.0.0.1 behind a reverse proxy and name it in http.trusted_proxies, or set http.anonymous = false",
                http.listen
            ),
        );

        let url = Url::parse(&http.public_url).ok();
        let https = url.as_ref().is_some_and(|url| url.scheme() == "https");

        tell(
            !proxied
                && !http.proxy_protocol
                && url.is_some()
                && (https || !self.listens_to_others()),
            "http.trusted_proxies: http.public_url tells of a proxy, and none is named here, so all who come through it are one asker with one budget; name its address",
        );

        tell(
            http.proxy_protocol && !proxied,
            "http.trusted_proxies: with http.proxy_protocol, and none named, every connection is believed whatever it says of its origin; name the balancer's address",
        );
        tell(
            http.trusted_proxies.iter().any(|net| net.prefix_len() == 0),
            "http.trusted_proxies: everybody is believed here, so every asker can take any address; name the proxies",
        );
        tell(
            !http.client_address_header.is_empty() && !proxied,
            "http.client_address_header: nobody's is read, for http.trusted_proxies is empty",
        );
        tell(
            url.as_ref().is_some_and(|url| !is_here(url) && !https),
            "http.public_url: over http everybody on the way can read keys, one-time links and answers; put TLS in front",
        );
        tell(
            url.as_ref().is_some_and(is_here),
            "http.public_url: leads to the reader's own machine; this has to be the address that others use",
        );
        tell(
            http.drain_ms > MOST_DRAIN_MS,
            "http.drain_ms: the units and manifests of deploy/ wait 30 s for the end; raise TimeoutStopSec, stop_grace_period or terminationGracePeriodSeconds too",
        );
    }

    /// Keys, signatures, pages of others.
    fn advise_access(&self, today: Date, tell: &mut impl FnMut(bool, &str)) {
        let http = &self.http;
        let nobody = http.api_keys.is_empty()
            && http.inbound_secrets.is_empty()
            && http.slash_tokens.is_empty()
            && !http.slack_signing_secret.is_set();

        tell(
            !http.anonymous && nobody,
            "http.anonymous: false, and there is neither a key nor a secret, so nobody can ask over HTTP; `netvane key new` makes a key",
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
                &format!("http.api_keys: `{name}` expires on {end}; put a new one beside it"),
            );
        }

        let same = http.inbound_secrets.contains(&http.callback_secret);

        tell(
            same,
            "http.callback_secret: also in http.inbound_secrets, so whoever receives callbacks can sign questions; take two secrets",
        );

        let all = http.cors_origins.iter().any(|origin| origin == "*");

        tell(
            all && !http.api_keys.is_empty(),
            "http.cors_origins: with \"*\" every page may use keys that its visitors give it; name the origins",
        );
        tell(
            all && self.is_private(),
            "http.cors_origins: with \"*\" every page that is opened on this machine may ask without limits; name the origins",
        );
    }

    /// Where connections may go.
    fn advise_guard(&self, tell: &mut impl FnMut(bool, &str)) {
        let policy = &self.policy;

        for net in &policy.allow {
            if let Some(denied) = policy.deny.iter().find(|denied| denied.contains(net)) {
                tell(
                    true,
                    &format!(
                        "policy.allow: `{net}` also lies in policy.deny, in `{denied}`, which counts"
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
                    "policy.allow: in `{net}` lies {address}, where clouds keep a machine's credentials; put it into policy.deny"
                );
                tell(true, &told);
            } else if self.is_open() && policy.rules.is_empty() {
                let told = format!(
                    "policy.allow: whoever may ask can look into `{net}` through this service; say with policy.rules who may"
                );
                tell(true, &told);
            }
        }

        tell(
            self.is_open() && policy.contact.trim().is_empty(),
            "policy.contact: not set, and strangers can ask; it tells those who are refused, and those whose servers are asked, whom to write to",
        );

        let relays = self
            .mail
            .trusted_relays
            .iter()
            .filter_map(|relay| relay.parse::<IpNet>().ok());

        tell(
            relays.into_iter().any(|net| net.prefix_len() == 0),
            "mail.trusted_relays: everybody's Received lines would be facts, forged ones too; name your own relays",
        );
    }

    /// How this machine looks to mail servers.
    fn advise_mail(&self, tell: &mut impl FnMut(bool, &str)) {
        let smtp = &self.smtp;

        tell(
            smtp.helo.is_empty() && self.http.public_url.is_empty() && self.is_open(),
            "smtp.helo: not set, so mail servers hear the system's own name; set the name that this machine's address has in DNS, or `verify` is often refused",
        );

        let is_name = !smtp.helo.is_empty() && !smtp.helo.starts_with('[');

        tell(
            is_name && is_inside(&smtp.helo),
            "smtp.helo: no mail server can resolve this name; set one with a domain, which leads to this machine",
        );
        tell(
            smtp.helo.starts_with('['),
            "smtp.helo: many mail servers refuse an address instead of a name; set one that leads to this machine",
        );

        let domain = smtp
            .mail_from
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .trim_end_matches('>');

        tell(
            !smtp.mail_from.is_empty() && is_inside(domain),
            "smtp.mail_from: no mail server can resolve its domain; take one that receives mail",
        );
        tell(
            smtp.port != 25,
            "smtp.port: mail servers take mail for their domains at port 25 only",
        );
    }

    /// Files that are looked for from the directory of the process.
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
                    "{key}: `{path}` is looked for where the process was started; write the whole path"
                ),
            );
        }
    }

    /// Databases that are fetched without TLS.
    fn advise_downloads(&self, tell: &mut impl FnMut(bool, &str)) {
        for (key, url) in [
            ("geo.city_url", &self.geo.city_url),
            ("geo.asn_url", &self.geo.asn_url),
        ] {
            let plain =
                Url::parse(url.reveal()).is_ok_and(|url| url.scheme() == "http" && !is_here(&url));
            tell(
                plain,
                &format!(
                    "{key}: over http others can read its licence key and change the file; take https"
                ),
            );
        }
    }

    /// Traces and the log.
    fn advise_telemetry(&self, tell: &mut impl FnMut(bool, &str)) {
        let collector = Url::parse(&self.telemetry.otlp_endpoint).ok();

        tell(
            collector
                .as_ref()
                .is_some_and(|url| url.port() == Some(4317)),
            "telemetry.otlp_endpoint: at port 4317 collectors take gRPC; for HTTP it is 4318",
        );

        tell(
            collector
                .as_ref()
                .is_some_and(|url| url.path().ends_with("/v1/traces")),
            "telemetry.otlp_endpoint: `/v1/traces` is put behind it by itself; leave it out",
        );

        if let Some(loud) = loud(&self.log.level) {
            let told = format!(
                "log.level: `{loud}` lets other crates log the addresses that they call, and tokens stand in those; name Netvane's crates, such as netvane_core=debug"
            );
            tell(true, &told);
        }

        tell(
            self.log.level.eq_ignore_ascii_case("off"),
            "log.level: off, so nobody is told of refused settings, of lost connections or of these warnings",
        );
    }
}

/// The directive of a filter that has others than Netvane's own crates say more than `info`.
fn loud(level: &str) -> Option<&str> {
    // One word alone is about Netvane.
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

/// Whether a name means nothing on the Internet.
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
