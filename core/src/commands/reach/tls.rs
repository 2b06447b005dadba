//! `tls`: the certificate of a server and its connection: valid or why not, for which names, until
//! when.

pub(crate) mod data;
mod present;
pub(crate) mod problems;
mod sentences;
mod trouble;

use std::time::Duration;

use netvane_document::{Failure, UsageError};
use netvane_facts::target::Host;
use netvane_net::tls_check::{StartTls, TlsTarget};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    args::{Number, StartTlsChoice, TlsEndpoint},
    command::{Command, Comparison, Context, Next, Short, Subject, scalar},
    spec::{Cost, Group, Spec, TargetKind},
};
pub(crate) use data::Data;
use data::Question;
pub(crate) use present::add_problems;

/// Time for the check; what is known by then is the reply.
const CHECK: Duration = Duration::from_millis(9500);

/// Ports whose protocol begins with TLS and is not HTTP; no application protocol is offered there.
const NOT_HTTP: [u16; 11] = [465, 563, 636, 853, 989, 990, 993, 995, 5061, 5223, 6697];

/// Certificate and TLS of a server: valid or why not, for which names, until when.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    /// A host, host:port or URL; the default port is 443, or that of the protocol.
    target: TlsEndpoint,
    /// Protocol in which TLS is started; by default chosen by the port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    starttls: Option<StartTlsChoice>,
    /// Name to ask for (SNI) and to look for in the certificate; default the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Host>,
    /// Warn below this number of days; default 21, or a third of the lifetime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warn: Option<Number<0, 3650>>,
    /// Bad below this number of days; default 7, or a sixth of the lifetime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bad: Option<Number<0, 3650>>,
}

impl Command for Tls {
    const SPEC: Spec = Spec {
        name: "tls",
        aliases: &["cert", "ssl"],
        group: Group::Reachability,
        examples: &[
            "tls example.com",
            "tls mail.example.com:25",
            "tls 192.0.2.1 name=example.com",
            "tls example.com warn=30 bad=14",
        ],
        timeout: Duration::from_secs(10),
        cost: Cost::Light,
        sends: 24 << 10,
    };
    type Data = Data;
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Domain];
    const FOLLOW_UPS: &'static [Next] = &[
        Next::about("http", Subject::WebServer),
        Next::domain("caa"),
        Next::target("dns"),
        Next::target("ping"),
        Next::about("ip", Subject::FirstAddress),
    ];
    const SHORT: Short = Short::Members(&["/days_left"]);
    const COMPARES: Option<Comparison> = Some(Comparison::opaque(
        certificate,
        "certificate",
        "certificates",
    ));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let deadline = Instant::now() + CHECK;
        let question = self.question()?;
        let host = self.target.host();

        let addresses = match cx.net.locate(host, None).await? {
            Ok(addresses) => addresses,
            Err(none) => return Ok(Data::without_address(&question, none.rcode)),
        };

        let alpn: &[&[u8]] = match question.starttls {
            None if !NOT_HTTP.contains(&question.port) => &[b"h2", b"http/1.1"],
            _ => &[],
        };
        let report = cx
            .net
            .check_tls(&TlsTarget {
                host: host.clone(),
                addresses,
                port: question.port,
                starttls: question.starttls,
                name: question.name.clone(),
                alpn,
                deadline,
            })
            .await?;

        Ok(Data::new(&question, &report))
    }

    fn contacts(&self) -> Option<&Host> {
        Some(self.target.host())
    }
}

impl Tls {
    /// Port, protocol, name and thresholds, from the arguments and the defaults.
    fn question(&self) -> Result<Question, Failure> {
        let chosen = self.starttls.map(|choice| choice.0);
        let port = match (self.target.0.port, chosen.flatten()) {
            (Some(port), _) => port,
            (None, Some(protocol)) => protocol.port(),
            (None, None) => 443,
        };
        let (warn, bad) = (self.warn.map(|days| days.0), self.bad.map(|days| days.0));
        if let (Some(warn), Some(bad)) = (warn, bad)
            && warn < bad
        {
            return Err(UsageError::argument(format!(
                "`warn` must not be below `bad`: {warn} is less than {bad}"
            ))
            .into());
        }

        Ok(Question {
            target: self.target.host().to_string(),
            name: self
                .name
                .clone()
                .unwrap_or_else(|| self.target.host().clone()),
            port,
            starttls: chosen.unwrap_or_else(|| StartTls::of_port(port)),
            warn,
            bad,
        })
    }
}

/// The certificate of the server, and whether it is trusted.
fn certificate(data: &Value) -> Vec<String> {
    let members = ["/chain/0/sha256", "/trusted", "/name_matches"];
    let value = |member| scalar(data.pointer(member)?);
    match value("/chain/0/sha256") {
        Some(_) => members.into_iter().filter_map(value).collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
