//! `http`: an HTTP request: status, redirects, timings by phase, headers and certificate.

mod data;
mod present;
mod sentences;
mod waterfall;

use std::time::Duration;

use netvane_document::Failure;
use netvane_facts::target::{Address, Host, Invalid, IpVersion};
use netvane_net::http_check::{HttpQuery, HttpReport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::{
    args::{ExpectedStatus, Flag, Phrase, WebUrl},
    command::{Command, Comparison, Context, Next, Short, Subject, elements, scalar},
    spec::{Cost, Group, Spec, TargetKind},
};
pub(crate) use data::Data;
use data::Expectation;

/// Time for the check; what is known by then is the reply.
const CHECK: Duration = Duration::from_millis(19_500);

/// An HTTP request: status, redirects, timings by phase, headers and certificate.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    /// A URL, or a host, which is tried over HTTPS first.
    url: WebUrl,
    /// `get` reads the page, `head` only the header; default `get`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<Method>,
    /// Use only IPv4 or only IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ipv: Option<IpVersion>,
    /// Whether to follow redirects, up to 10; default yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    follow: Option<Flag>,
    /// Address to connect to, instead of those that the host has in DNS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolve: Option<Address>,
    /// Expected status: codes or classes, such as 200, 2xx or 200,301.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<ExpectedStatus>,
    /// Text that the page must contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contains: Option<Phrase>,
}

/// The method of the request (RFC 9110 §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Method {
    Get,
    Head,
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.to_ascii_lowercase().as_str() {
            "get" => Ok(Self::Get),
            "head" => Ok(Self::Head),
            _ => Err(Invalid::new("expected get or head").into_serde()),
        }
    }
}

impl JsonSchema for Method {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Method".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "enum": ["get", "head"] })
    }
}

impl Command for Http {
    const SPEC: Spec = Spec {
        name: "http",
        aliases: &["url"],
        group: Group::Reachability,
        examples: &[
            "http example.com",
            "http https://example.com/path status=200 contains=Welcome",
            "http example.com method=head",
            "http example.com resolve=192.0.2.1",
        ],
        timeout: Duration::from_secs(20),
        cost: Cost::Light,
        sends: 96 << 10,
    };
    type Data = Data;
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Domain];
    const FOLLOW_UPS: &'static [Next] = &[
        Next::about("tls", Subject::TlsServer),
        Next::target("dns"),
        Next::target("ping"),
        Next::target("trace"),
        Next::domain("whois"),
        Next::about("ip", Subject::FirstAddress),
    ];
    const SHORT: Short = Short::Members(&["/status"]);
    const COMPARES: Option<Comparison> = Some(Comparison {
        time: Some(total_time),
        did: "answered",
        ..Comparison::values(status, "status", "statuses")
    });

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let deadline = Instant::now() + CHECK;
        let expectation = self.expectation();
        let query = self.query(self.url.url().clone(), deadline);

        let report = cx
            .net
            .check_http(&query, |so_far| cx.progress(&Data::so_far(&query, so_far)))
            .await?;

        // A bare host: http, if nothing answers over https.
        if let Some(url) = self.url.plain().filter(|_| is_unanswered(&report)) {
            let plain = self.query(url, deadline);
            let other = cx
                .net
                .check_http(&plain, |so_far| cx.progress(&Data::so_far(&plain, so_far)))
                .await?;
            if other.answer.is_some() {
                let data = Data::new(&plain, &other, &expectation);
                return Ok(data.without_https(&report));
            }
        }

        Ok(Data::new(&query, &report, &expectation))
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolve.is_none().then(|| self.url.host())
    }
}

impl Http {
    fn query(&self, url: Url, deadline: Instant) -> HttpQuery {
        HttpQuery {
            url,
            head: self.method == Some(Method::Head),
            version: self.ipv,
            follow: self.follow.is_none_or(|follow| follow.0),
            resolve: self.resolve.as_ref().map(|address| address.0),
            deadline,
        }
    }

    fn expectation(&self) -> Expectation {
        Expectation {
            status: self.status.clone(),
            contains: self.contains.as_ref().map(|phrase| phrase.0.clone()),
            is_head: self.method == Some(Method::Head),
        }
    }
}

/// Whether nothing answered the first request: no connection, or nothing that speaks TLS.
fn is_unanswered(report: &HttpReport) -> bool {
    let has_tls = report.tls.as_ref().is_some_and(|tls| tls.hello.is_some());
    report.steps.len() == 1
        && !has_tls
        && report
            .trouble
            .as_ref()
            .is_some_and(|trouble| trouble.is_silence())
}

fn status(data: &Value) -> Vec<String> {
    let status = data.get("status").and_then(scalar);
    status.into_iter().collect()
}

/// Time of all requests, redirects included, in milliseconds.
fn total_time(data: &Value) -> Option<f64> {
    let totals =
        elements(data, "steps").filter_map(|step| step.pointer("/timings_ms/total")?.as_f64());
    data.get("status")?.as_u64().map(|_| totals.sum())
}

#[cfg(test)]
mod tests;
