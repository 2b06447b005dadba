//! Certificates of the mail servers: the handshake of each SMTP session, judged as `tls` does.

use futures::future::join_all;
use netvane_facts::target::Host;
use netvane_net::{
    dns::Security,
    tls_check::{DaneState, StartTls, TlsTarget, TlsaSet},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::MAX_SERVERS;
use crate::{
    command::Context,
    commands::{
        dns::mx,
        mail::howmail::receiver::{Dane, Exchange, Receiver},
        reach::tls::{self, data::Question},
    },
};

/// A mail server with its certificate.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Server {
    #[serde(flatten)]
    pub(super) exchange: Exchange,
    /// Certificate and connection after STARTTLS, as the command `tls` shows them; `null` if TLS was not started.
    pub(super) certificate: Option<tls::Data>,
    /// DNSSEC status and content of the TLSA records; `None` if they could not be looked up.
    #[serde(skip)]
    pub(super) tlsa: Option<TlsaSet>,
}

impl Server {
    /// Whether its certificate agrees with its TLSA records; `None` without a certificate or if that cannot be said.
    pub(super) fn dane(&self) -> Option<DaneState> {
        self.certificate.as_ref().and_then(tls::Data::dane_state)
    }
}

impl From<&TlsaSet> for Dane {
    fn from(tlsa: &TlsaSet) -> Self {
        Self {
            records: tlsa.presentation(),
            authenticated: tlsa.security == Security::Secure,
        }
    }
}

/// Looks up and validates the TLSA records of the first mail servers; `None` for those whose lookup failed.
pub(super) async fn look_up_tlsa(
    cx: &Context,
    hosts: &[mx::Exchange],
    deadline: Instant,
) -> Vec<Option<TlsaSet>> {
    let lookups = hosts.iter().take(MAX_SERVERS).map(|host| async {
        let name: Host = host.exchange.parse().ok()?;
        let records = cx.net.tlsa(&name, cx.runtime.mail.port);
        timeout_at(deadline, records).await.ok()?.ok()
    });
    join_all(lookups).await
}

/// Judges the handshake of each mail server. `records` are the TLSA records of the first of them.
pub(super) async fn check(
    cx: &Context,
    receiver: &Receiver,
    records: Vec<Option<TlsaSet>>,
    deadline: Instant,
) -> Vec<Server> {
    let records = records.into_iter().chain(std::iter::repeat_with(|| None));
    let servers = receiver
        .exchanges
        .iter()
        .zip(records)
        .map(|(exchange, tlsa)| async move {
            let certificate = examine(cx, exchange, tlsa.as_ref(), deadline).await;
            let dane = tlsa.as_ref().map(Dane::from);
            Server {
                exchange: Exchange {
                    dane,
                    ..exchange.clone()
                },
                certificate,
                tlsa,
            }
        });
    join_all(servers).await
}

/// Judges what a mail server sent after STARTTLS. If STARTTLS is offered and fails, looks for the reason on further
/// connections.
async fn examine(
    cx: &Context,
    exchange: &Exchange,
    tlsa: Option<&TlsaSet>,
    deadline: Instant,
) -> Option<tls::Data> {
    let address = exchange.address?;
    let name: Host = exchange.exchange.parse().ok()?;
    let target = TlsTarget {
        host: name.clone(),
        addresses: vec![address],
        port: cx.runtime.mail.port,
        starttls: Some(StartTls::Smtp),
        name: name.clone(),
        alpn: &[],
        deadline,
    };

    let welcome = &exchange.welcome;
    let report = match &welcome.hello {
        Some(hello) => {
            let hello = hello.as_ref().clone();
            cx.net.judge_handshake(&target, address, hello, tlsa).await
        }
        None if welcome.starttls == Some(true) => cx.net.check_tls(&target).await,
        None => return None,
    };

    let question = Question {
        target: name.to_string(),
        name,
        port: target.port,
        starttls: target.starttls,
        warn: None,
        bad: None,
    };
    Some(tls::Data::new(&question, &report.ok()?))
}
