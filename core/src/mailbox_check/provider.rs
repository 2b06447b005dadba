//! Provider of a domain's mail, inferred from the names and networks of its mail servers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Provider of a domain's mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Provider {
    /// Product or company; `self-hosted` if the MX is inside the domain.
    pub(crate) name: String,
    /// Whether the provider hosts the mailboxes, filters or forwards.
    pub(crate) role: Role,
    /// Evidence for the provider and its role.
    pub(crate) evidence: String,
}

/// What a provider does with the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Hosts the mailboxes, as far as DNS shows.
    Mailboxes,
    /// Filters mail and relays it to a server that is not visible from outside.
    Gateway,
    /// Receives mail and forwards it to other mailboxes.
    Forwarder,
    /// The domain's own servers, by their names.
    Own,
    /// The provider is not in the table.
    Unknown,
}

use Role::{Forwarder, Gateway, Mailboxes};

/// Suffixes of MX host names, with the provider and its role.
#[rustfmt::skip]
const EXCHANGES: &[(&str, &str, Role)] = &[
    ("google.com", "Google Workspace", Mailboxes),
    ("googlemail.com", "Google Workspace", Mailboxes),
    ("smtp.goog", "Google Workspace", Mailboxes),
    ("mail.protection.outlook.com", "Microsoft 365", Mailboxes),
    ("mx.microsoft", "Microsoft 365", Mailboxes),
    ("olc.protection.outlook.com", "Outlook.com", Mailboxes),
    ("mail.protection.partner.outlook.cn", "Microsoft 365 (21Vianet)", Mailboxes),
    ("yahoodns.net", "Yahoo Mail", Mailboxes),
    ("mail.icloud.com", "Apple iCloud Mail", Mailboxes),
    ("protonmail.ch", "Proton Mail", Mailboxes),
    ("messagingengine.com", "Fastmail", Mailboxes),
    ("zoho.com", "Zoho Mail", Mailboxes),
    ("zoho.eu", "Zoho Mail", Mailboxes),
    ("zoho.in", "Zoho Mail", Mailboxes),
    ("yandex.net", "Yandex 360", Mailboxes),
    ("yandex.ru", "Yandex 360", Mailboxes),
    ("mail.ru", "Mail.ru", Mailboxes),
    ("tutanota.de", "Tuta", Mailboxes),
    ("mailbox.org", "mailbox.org", Mailboxes),
    ("posteo.de", "Posteo", Mailboxes),
    ("migadu.com", "Migadu", Mailboxes),
    ("mxroute.com", "MXroute", Mailboxes),
    ("gandi.net", "Gandi", Mailboxes),
    ("ovh.net", "OVHcloud", Mailboxes),
    ("ionos.com", "IONOS", Mailboxes),
    ("ionos.de", "IONOS", Mailboxes),
    ("kundenserver.de", "IONOS", Mailboxes),
    ("gmx.net", "GMX", Mailboxes),
    ("web.de", "WEB.DE", Mailboxes),
    ("t-online.de", "Telekom", Mailboxes),
    ("strato.de", "STRATO", Mailboxes),
    ("rzone.de", "STRATO", Mailboxes),
    ("secureserver.net", "GoDaddy", Mailboxes),
    ("privateemail.com", "Namecheap Private Email", Mailboxes),
    ("titan.email", "Titan", Mailboxes),
    ("hostinger.com", "Hostinger", Mailboxes),
    ("emailsrvr.com", "Rackspace Email", Mailboxes),
    ("awsapps.com", "Amazon WorkMail", Mailboxes),
    ("qq.com", "Tencent QQ Mail", Mailboxes),
    ("mxhichina.com", "Alibaba Mail", Mailboxes),
    ("netease.com", "NetEase Mail", Mailboxes),
    ("163.com", "NetEase Mail", Mailboxes),
    ("naver.com", "Naver", Mailboxes),
    ("infomaniak.ch", "Infomaniak", Mailboxes),
    ("one.com", "one.com", Mailboxes),
    ("seznam.cz", "Seznam", Mailboxes),
    ("wp.pl", "WP", Mailboxes),
    ("onet.pl", "Onet", Mailboxes),
    ("comcast.net", "Comcast", Mailboxes),
    ("orange.fr", "Orange", Mailboxes),
    ("free.fr", "Free", Mailboxes),
    ("pphosted.com", "Proofpoint", Gateway),
    ("ppe-hosted.com", "Proofpoint Essentials", Gateway),
    ("mimecast.com", "Mimecast", Gateway),
    ("mimecast.co.za", "Mimecast", Gateway),
    ("barracudanetworks.com", "Barracuda", Gateway),
    ("iphmx.com", "Cisco Secure Email", Gateway),
    ("messagelabs.com", "Broadcom Email Security.cloud", Gateway),
    ("trendmicro.com", "Trend Micro Email Security", Gateway),
    ("trendmicro.eu", "Trend Micro Email Security", Gateway),
    ("sophos.com", "Sophos Email", Gateway),
    ("fireeyecloud.com", "Trellix Email Security", Gateway),
    ("fortimailcloud.com", "FortiMail Cloud", Gateway),
    ("hornetsecurity.com", "Hornetsecurity", Gateway),
    ("antispameurope.com", "Hornetsecurity", Gateway),
    ("spamexperts.com", "SpamExperts", Gateway),
    ("antispamcloud.com", "SpamExperts", Gateway),
    ("mailcontrol.com", "Forcepoint Email Security", Gateway),
    ("retarus.com", "Retarus", Gateway),
    ("mailspamprotection.com", "SiteGround filter", Gateway),
    ("vadesecure.com", "Vade", Gateway),
    ("mx.cloudflare.net", "Cloudflare Email Routing", Forwarder),
    ("improvmx.com", "ImprovMX", Forwarder),
    ("forwardemail.net", "Forward Email", Forwarder),
    ("simplelogin.co", "SimpleLogin", Forwarder),
    ("registrar-servers.com", "Namecheap forwarding", Forwarder),
    ("amazonaws.com", "Amazon SES", Forwarder),
    ("mailgun.org", "Mailgun", Forwarder),
    ("sendgrid.net", "Twilio SendGrid", Forwarder),
];

/// Infers the provider from the MX host names, most preferred first. `networks` are the networks of
/// their addresses.
pub(crate) fn of(domain: &str, exchanges: &[&str], networks: &[&str]) -> Provider {
    for exchange in exchanges {
        let name = exchange.to_ascii_lowercase();
        let known = EXCHANGES
            .iter()
            .find(|(suffix, ..)| is_below(&name, suffix));
        if let Some((_, provider, role)) = known {
            let evidence = format!("MX hostname is {exchange}");
            return Provider {
                name: (*provider).into(),
                role: *role,
                evidence,
            };
        }
    }

    let own = psl::domain_str(domain).unwrap_or(domain);

    match exchanges.first() {
        Some(exchange) if is_below(&exchange.to_ascii_lowercase(), own) => {
            let mut at: Vec<&str> = networks.to_vec();
            at.dedup();
            let network = at
                .first()
                .map(|holder| format!(", in network {holder}"))
                .unwrap_or_default();
            let evidence = format!("MX {exchange} is inside the domain{network}");
            Provider {
                name: "self-hosted".into(),
                role: Role::Own,
                evidence,
            }
        }
        Some(exchange) => {
            let name = psl::domain_str(exchange).unwrap_or(exchange).to_owned();
            Provider {
                name,
                role: Role::Unknown,
                evidence: format!("MX hostname is {exchange}"),
            }
        }
        None => Provider {
            name: "none".into(),
            role: Role::Unknown,
            evidence: "the domain has no MX".into(),
        },
    }
}

fn is_below(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix)
        .is_some_and(|head| head.is_empty() || head.ends_with('.'))
}

#[cfg(test)]
mod tests;
