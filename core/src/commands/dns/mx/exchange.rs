//! A mail server of a domain: its addresses, and what is wrong with it.

use domain::base::Rtype;
use netvane_facts::ip_class::{self, Kind};
use netvane_net::dns::Client;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::commands::dns::lookup::{Outcome, look_up};

/// Largest number of addresses of one family that are kept.
const MAX_ADDRESSES: usize = 16;

/// A mail server of a domain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Exchange {
    /// Preference of the MX record; lower is tried first.
    pub(crate) preference: u16,
    /// Host name, without the final dot.
    pub(crate) exchange: String,
    /// IPv6 addresses, then IPv4 addresses.
    pub(crate) addresses: Vec<std::net::IpAddr>,
    /// Why it cannot be used or breaks a rule, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<Fault>,
    /// TTL of the MX record in seconds; `null` for an implicit mail server.
    pub(super) ttl: Option<u32>,
}

/// A problem of a mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fault {
    /// The host name is an alias (CNAME).
    Cname,
    /// The host name has no address.
    NoAddress,
    /// The host name does not exist (NXDOMAIN).
    DoesNotExist,
    /// The MX record has an IP address instead of a host name.
    IpLiteral,
    /// The addresses could not be resolved.
    Unresolved,
    /// A null MX next to other MX records.
    NullAmongOthers,
    /// All addresses are private, loopback or otherwise not reachable from the Internet.
    Private,
    /// The name is `localhost`, which every host resolves to itself (RFC 6761 §6.3).
    Localhost,
}

/// A mail server that has not been looked up yet.
pub(super) fn exchange(preference: u16, exchange: String, ttl: Option<u32>) -> Exchange {
    Exchange {
        preference,
        exchange,
        addresses: Vec::new(),
        fault: None,
        ttl,
    }
}

impl Exchange {
    /// Fills in the addresses, or what is wrong.
    pub(super) async fn look_up(&mut self, client: &Client) {
        if self.exchange == "." {
            self.fault = Some(Fault::NullAmongOthers);
            return;
        }

        if self.exchange.parse::<std::net::IpAddr>().is_ok() {
            self.fault = Some(Fault::IpLiteral);
            return;
        }

        if is_localhost(&self.exchange) {
            self.fault = Some(Fault::Localhost);
            return;
        }

        let (v6, v4) = futures::join!(
            look_up(client, &self.exchange, Rtype::AAAA),
            look_up(client, &self.exchange, Rtype::A)
        );
        let both = [v6, v4];
        let answers: Vec<_> = both.iter().flatten().collect();

        for answered in &answers {
            self.addresses.extend(
                answered
                    .records
                    .iter()
                    .filter_map(netvane_net::dns::Record::address)
                    .take(MAX_ADDRESSES),
            );
        }

        let outcomes: Vec<Outcome> = answers
            .iter()
            .map(|answered| answered.lookup.outcome)
            .collect();
        let alias = answers.iter().any(|answered| {
            answered
                .lookup
                .answers
                .iter()
                .any(|row| row.r#type == "CNAME")
        });

        self.fault = if let Some(fault) = self.address_fault() {
            Some(fault)
        } else if alias {
            Some(Fault::Cname)
        } else if !self.addresses.is_empty() {
            None
        } else if outcomes.contains(&Outcome::Nxdomain) {
            Some(Fault::DoesNotExist)
        } else if outcomes.len() == 2 && outcomes.iter().all(|outcome| *outcome == Outcome::NoData)
        {
            Some(Fault::NoAddress)
        } else {
            Some(Fault::Unresolved)
        };
    }

    /// The fault of its addresses: mail from the Internet can reach none of them.
    pub(super) fn address_fault(&self) -> Option<Fault> {
        (!self.addresses.is_empty() && !self.is_reachable()).then_some(Fault::Private)
    }

    /// Whether mail from the Internet can reach one of its addresses.
    fn is_reachable(&self) -> bool {
        self.addresses.iter().any(|address| {
            !matches!(
                ip_class::classify(*address).kind,
                Kind::Private
                    | Kind::Loopback
                    | Kind::LinkLocal
                    | Kind::UniqueLocal
                    | Kind::Shared
                    | Kind::Multicast
                    | Kind::Broadcast
                    | Kind::Unspecified
                    | Kind::Discard
            )
        })
    }

    /// Whether the lookup of its addresses failed, which can be temporary.
    pub(crate) fn is_unresolved(&self) -> bool {
        self.fault == Some(Fault::Unresolved)
    }

    /// Whether mail from the Internet cannot reach it, because of its addresses or its name.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self.fault, Some(Fault::Private | Fault::Localhost))
    }

    /// What is wrong with it, as a sentence.
    pub(crate) fn warning(&self) -> Option<String> {
        let name = &self.exchange;
        Some(match self.fault.as_ref()? {
            Fault::Cname => {
                format!(
                    "Mail server {name} is an alias; an MX must not point to a CNAME (RFC 2181 §10.3)"
                )
            }
            Fault::NoAddress => format!("Mail server {name} has no address"),
            Fault::DoesNotExist => format!("Mail server {name} does not exist (NXDOMAIN)"),
            Fault::IpLiteral => {
                format!(
                    "Mail server {name} is an IP address; an MX must name a host (RFC 1035 §3.3.9, RFC 5321 §2.3.5)"
                )
            }
            Fault::Unresolved => format!("Could not resolve mail server {name}"),
            Fault::NullAmongOthers => {
                "A null MX (`.`) must be the only MX record (RFC 7505 §3)".into()
            }
            Fault::Private => {
                let addresses: Vec<String> =
                    self.addresses.iter().map(ToString::to_string).collect();
                format!(
                    "Mail server {name} has only private or local addresses ({}); mail from the Internet cannot reach it",
                    addresses.join(", ")
                )
            }
            Fault::Localhost => {
                format!("Mail server {name} is the sending host itself (RFC 6761 §6.3)")
            }
        })
    }
}

/// Whether a name is `localhost` or below it.
fn is_localhost(name: &str) -> bool {
    let last = name.trim_end_matches('.').rsplit('.').next();
    last.is_some_and(|label| label.eq_ignore_ascii_case("localhost"))
}
