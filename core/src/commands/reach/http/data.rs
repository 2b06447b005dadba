//! The data of `http`, made of what the requests brought.

use std::{net::IpAddr, time::Duration};

use netvane_document::Severity;
use netvane_facts::{
    target::Host,
    web::{self, Hsts},
};
use netvane_net::http_check::{
    HttpAnswer, HttpQuery, HttpReport, HttpStep, HttpTrouble, Timings, without_credentials,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::sentences;
use crate::{
    args::ExpectedStatus,
    commands::reach::{
        ping::rounded,
        tls::{
            self,
            data::Question,
            problems::{CheckProblem, Weight},
        },
    },
};

/// What the user expects of the answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Expectation {
    pub(super) status: Option<ExpectedStatus>,
    pub(super) contains: Option<String>,
    /// Whether only the header was requested, so that there is no page to search.
    pub(super) is_head: bool,
}

/// The answer to an HTTP request, with the redirects before it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// URL of the first request, in canonical spelling.
    pub(super) url: String,
    /// The URL of the final answer, after redirects.
    pub(super) final_url: String,
    /// Address that gave the final answer; `null` without one.
    pub(super) address: Option<IpAddr>,
    /// RCODE of the lookup of a name without an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rcode: Option<String>,
    /// Status code of the final answer; `null` without one.
    pub(super) status: Option<u16>,
    /// Version of the protocol, `HTTP/1.1` or `HTTP/2`.
    pub(super) version: Option<String>,
    /// The requests in order; the last one has the final answer.
    pub(super) steps: Vec<StepData>,
    /// Header fields of the final answer, at most 64.
    pub(super) headers: Vec<(String, String)>,
    /// Certificate and connection, as in `tls`; `null` without TLS.
    pub(super) tls: Option<Box<tls::Data>>,
    /// Size of the body as received, in bytes.
    pub(super) bytes: u64,
    /// Whether only a part of the body was read.
    pub(super) truncated: bool,
    /// Title of the page.
    pub(super) title: Option<String>,
    /// Strict Transport Security (RFC 6797).
    pub(super) hsts: Option<Hsts>,
    /// Why there is no final answer, or why a redirect was not followed.
    pub(super) reason: Option<String>,
    /// What is wrong, worst first.
    pub(super) problems: Vec<CheckProblem>,
}

/// One request, with its answer or redirect.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct StepData {
    pub(super) url: String,
    /// Status code; `null` without an answer.
    pub(super) status: Option<u16>,
    pub(super) address: Option<IpAddr>,
    /// Where it redirects to.
    pub(super) location: Option<String>,
    /// Durations in milliseconds; `null` where a phase did not occur.
    pub(super) timings_ms: TimingsData,
}

/// Durations of the phases of a request in milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub(crate) struct TimingsData {
    pub(super) dns: Option<f64>,
    pub(super) connect: Option<f64>,
    pub(super) tls: Option<f64>,
    /// From sending the request to the first byte of the answer.
    pub(super) first_byte: Option<f64>,
    /// Since the start of this request.
    pub(super) total: f64,
}

impl Data {
    /// The redirects so far, without a final answer.
    pub(super) fn so_far(query: &HttpQuery, report: &HttpReport) -> Self {
        let last = report.steps.last();
        Self {
            url: without_credentials(&query.url),
            final_url: without_credentials(last.map_or(&query.url, |step| &step.url)),
            address: last.and_then(|step| step.address),
            rcode: None,
            status: None,
            version: None,
            steps: report.steps.iter().map(StepData::from).collect(),
            headers: Vec::new(),
            tls: None,
            bytes: 0,
            truncated: false,
            title: None,
            hsts: None,
            reason: None,
            problems: Vec::new(),
        }
    }

    /// The reply after the last request.
    pub(super) fn new(query: &HttpQuery, report: &HttpReport, expectation: &Expectation) -> Self {
        let mut data = Self::so_far(query, report);
        let last = report.steps.last();
        data.status = last.and_then(|step| step.status);
        data.tls = last.and_then(|step| tls_data(step, report)).map(Box::new);

        let text = report.answer.as_ref().map(|answer| data.set_answer(answer));
        data.hsts = last
            .filter(|step| step.url.scheme() == "https")
            .and_then(|_| data.header("strict-transport-security"))
            .and_then(Hsts::parse);
        data.add_problems(report, expectation, text.flatten().as_deref());

        data
    }

    /// Takes over the answer. Returns the text of the page, if it could be decoded.
    fn set_answer(&mut self, answer: &HttpAnswer) -> Option<String> {
        self.version = Some(answer.version.to_owned());
        self.headers.clone_from(&answer.headers);
        self.bytes = answer.body.received as u64;
        self.truncated = answer.body.truncated;

        let content_type = self.header("content-type");
        let content = answer.body.content.as_deref()?;
        let text = web::decode(content, content_type);
        let is_page = content_type.is_none_or(|kind| kind.to_ascii_lowercase().contains("html"));
        self.title = is_page.then(|| web::title(&text)).flatten();
        Some(text)
    }

    /// The first value of a header of the final answer.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn add_problems(&mut self, report: &HttpReport, expectation: &Expectation, text: Option<&str>) {
        let mut problems = Vec::new();
        let tls = self.tls.as_deref();
        let has_tls_error = tls.is_some_and(|tls| tls.severity() == Severity::Bad);

        if let Some(trouble) = &report.trouble {
            let found = sentences::trouble(trouble, &self.final_url);
            self.reason = found.short;
            // What is wrong with TLS is said by its own problems.
            if !(has_tls_error && matches!(trouble, HttpTrouble::NoTls(_))) {
                problems.push(found.problem);
            }
            if let HttpTrouble::NoAddress(rcode) = trouble {
                self.rcode = Some(rcode.clone());
            }
        }
        if let Some(tls) = tls {
            let serious = |problem: &&CheckProblem| problem.severity > Weight::Info;
            let tls = tls.problems().iter().filter(serious).cloned();
            problems.extend(tls.map(|problem| match problem.code.as_str() {
                // No web client checks DANE.
                "dane_mismatch" => CheckProblem {
                    severity: Weight::Warning,
                    ..problem
                },
                _ => problem,
            }));
        }
        if let Some(status) = self.status {
            problems.extend(sentences::status(status, expectation.status.as_ref()));
            let is_expected = expectation.status.is_some();
            let leads_nowhere = is_redirect(status) && self.header("location").is_none();
            if leads_nowhere && !is_expected {
                problems.push(sentences::no_location(status));
            }
            problems.extend(sentences::phrase(expectation, text, self.truncated));
        }
        problems.extend(self.policy_problem());

        problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
        self.problems = problems;
    }

    /// A header for HSTS that browsers ignore.
    fn policy_problem(&self) -> Option<CheckProblem> {
        let value = self.header("strict-transport-security")?;
        let is_https = self.final_url.starts_with("https:");
        (is_https && self.hsts.is_none()).then(|| sentences::invalid_hsts(value))
    }

    /// Notes that the host does not answer over https.
    pub(super) fn without_https(mut self, https: &HttpReport) -> Self {
        let why = https
            .trouble
            .as_ref()
            .and_then(|trouble| sentences::trouble(trouble, "").short)
            .unwrap_or_default();
        self.problems.push(sentences::no_https(&why));
        self.problems
            .sort_by_key(|problem| std::cmp::Reverse(problem.severity));
        self
    }

    pub(super) fn severity(&self) -> Severity {
        if self.status.is_none() && self.problems.is_empty() {
            return Severity::Neutral;
        }
        self.problems
            .iter()
            .map(|problem| problem.severity.to_severity())
            .max()
            .unwrap_or(Severity::Good)
    }
}

/// Whether a status sends the client to the URL in `Location` (RFC 9110 §15.4).
fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The data of `tls` for a step.
fn tls_data(step: &HttpStep, report: &HttpReport) -> Option<tls::Data> {
    let tls = report.tls.as_ref()?;
    let name: Host = step.url.host_str()?.parse().ok()?;
    let question = Question {
        target: name.to_string(),
        name,
        port: step.url.port_or_known_default().unwrap_or(443),
        starttls: None,
        warn: None,
        bad: None,
    };
    Some(tls::Data::new(&question, tls))
}

impl From<&HttpStep> for StepData {
    fn from(step: &HttpStep) -> Self {
        Self {
            url: without_credentials(&step.url),
            status: step.status,
            address: step.address,
            location: step.location.clone(),
            timings_ms: TimingsData::from(&step.timings),
        }
    }
}

impl From<&Timings> for TimingsData {
    fn from(timings: &Timings) -> Self {
        let ms = |duration: Duration| rounded(duration.as_secs_f64() * 1000.0);
        Self {
            dns: timings.dns.map(ms),
            connect: timings.connect.map(ms),
            tls: timings.tls.map(ms),
            first_byte: timings.first_byte.map(ms),
            total: ms(timings.total),
        }
    }
}

/// Whether a URL is valid and uses https.
pub(super) fn is_https(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.scheme() == "https")
}
