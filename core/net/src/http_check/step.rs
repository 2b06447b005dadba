//! One step: resolve, connect, TLS, request, and the body if it is the last one.

use std::{
    net::{IpAddr, SocketAddr},
    pin::pin,
    time::{Duration, Instant as Clock},
};

use futures::future::{Either, select};
use netvane_document::Failure;
use netvane_facts::target::Host;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;
use url::Url;

use super::{
    HttpAnswer, HttpQuery, HttpStep, HttpTrouble,
    exchange::{self, HttpExchange, text},
    redirect,
};
use crate::{
    Net, PortUse, check_port,
    dns::NoAddress,
    egress_budget, smtp,
    tls_check::{Hello, Recorder, TlsReport, TlsTarget, hello_of, server_name},
};

/// Timeout of one connection attempt.
const CONNECT: Duration = Duration::from_secs(4);
/// Timeout of a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(6);
/// Timeout of the header of an answer, from the request on.
const FIRST_BYTE: Duration = Duration::from_secs(10);
/// How long an answer that was read waits for the TLSA records.
const TLSA: Duration = Duration::from_secs(1);
/// Application protocols that are offered.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// Most header fields that are kept, and the longest value in characters.
const MAX_HEADERS: usize = 64;
const MAX_VALUE: usize = 1024;

/// What a step brought.
pub(super) struct StepOutcome {
    pub(super) step: HttpStep,
    pub(super) answer: Option<HttpAnswer>,
    pub(super) tls: Option<TlsReport>,
    pub(super) trouble: Option<HttpTrouble>,
    /// Target of a redirect, or why it is none that can be followed.
    pub(super) redirect: Option<Result<Url, String>>,
}

impl StepOutcome {
    fn of(step: HttpStep) -> Self {
        Self {
            step,
            answer: None,
            tls: None,
            trouble: None,
            redirect: None,
        }
    }

    fn failed(step: HttpStep, trouble: HttpTrouble) -> Self {
        Self {
            trouble: Some(trouble),
            ..Self::of(step)
        }
    }
}

/// Requests one URL.
///
/// # Errors
/// The guard, the ports that may be used, or a rate limit refuse the host, or it cannot be resolved.
pub(super) async fn take(net: &Net, query: &HttpQuery, url: &Url) -> Result<StepOutcome, Failure> {
    let started = Clock::now();
    let mut step = HttpStep::without_answer(url.clone());
    let mut outcome = run(net, query, &mut step, started).await?;
    if step.timings.total.is_zero() {
        step.timings.total = started.elapsed();
    }
    outcome.step = step;
    Ok(outcome)
}

async fn run(
    net: &Net,
    query: &HttpQuery,
    step: &mut HttpStep,
    started: Clock,
) -> Result<StepOutcome, Failure> {
    let url = step.url.clone();
    let failed = |trouble| StepOutcome::failed(HttpStep::without_answer(url.clone()), trouble);
    let Some(host) = host_of(&url) else {
        return Ok(failed(HttpTrouble::NotResolved(
            "the host is not a valid name".into(),
        )));
    };
    let port = url.port_or_known_default().unwrap_or(443);

    let addresses = match addresses(net, query, &url, &host).await? {
        Ok(addresses) => addresses,
        Err(none) => return Ok(failed(HttpTrouble::NoAddress(none.rcode))),
    };
    if let Some(address) = addresses.first() {
        let address = SocketAddr::new(*address, port);
        // The table names few ports, so none of them counts as a port check.
        check_port(PortUse::Http, &host.to_string(), address, port)?;
    }
    let is_looked_up = matches!(host, Host::Name(_)) && resolved(query, &host).is_none();
    step.timings.dns = is_looked_up.then(|| started.elapsed());

    let connecting = Clock::now();
    let targets: Vec<SocketAddr> = addresses
        .iter()
        .map(|address| SocketAddr::new(*address, port))
        .collect();
    let attempt = smtp::connect(&smtp::interleaved(&targets), CONNECT, query.deadline).await;
    let Some((stream, peer)) = attempt.connected else {
        let failure = attempt.failed.last();
        step.address = failure.map(|(address, _)| address.ip());
        let why = failure.map_or("no connection", |(_, why)| why.as_str());
        return Ok(failed(HttpTrouble::NotConnected(format!(
            "port {port}: {why}"
        ))));
    };
    step.timings.connect = Some(connecting.elapsed());
    step.address = Some(peer.ip());

    if url.scheme() == "http" {
        return Ok(talk(net, query, step, stream, false).await);
    }
    let target = TlsTarget {
        host: host.clone(),
        addresses: vec![peer.ip()],
        port,
        starttls: None,
        name: host,
        alpn: &[b"h2", b"http/1.1"],
        deadline: query.deadline,
    };
    over_tls(net, query, step, (stream, started), &target).await
}

/// The addresses to connect to, accepted by the guard.
async fn addresses(
    net: &Net,
    query: &HttpQuery,
    url: &Url,
    host: &Host,
) -> Result<Result<Vec<IpAddr>, NoAddress>, Failure> {
    match resolved(query, host) {
        Some(address) if is_named(query, url) => net.locate(&Host::Address(address), None).await,
        Some(address) => net.locate_from_answer(&Host::Address(address), None).await,
        None if is_named(query, url) => net.locate(host, query.version).await,
        None => net.locate_from_answer(host, query.version).await,
    }
}

/// Whether the user named the server of this URL: it is that of the first request. A redirect to another path of the same
/// server stays there; any other redirect is the server's choice.
fn is_named(query: &HttpQuery, url: &Url) -> bool {
    url.origin() == query.url.origin()
}

/// The address that the user gave for the host of the first URL.
fn resolved(query: &HttpQuery, host: &Host) -> Option<IpAddr> {
    query
        .resolve
        .filter(|_| host_of(&query.url).as_ref() == Some(host))
}

fn host_of(url: &Url) -> Option<Host> {
    match url.host()? {
        url::Host::Domain(name) => name.parse().ok(),
        url::Host::Ipv4(address) => Some(Host::Address(address.into())),
        url::Host::Ipv6(address) => Some(Host::Address(address.into())),
    }
}

/// Requests a URL over TLS, and judges the TLS of its answer.
async fn over_tls(
    net: &Net,
    query: &HttpQuery,
    step: &mut HttpStep,
    connection: (TcpStream, Clock),
    target: &TlsTarget,
) -> Result<StepOutcome, Failure> {
    let tlsa = pin!(net.tlsa(&target.host, target.port));
    let page = pin!(read_over_tls(net, query, step, connection, target));

    // Only the TLS of the last answer is reported, and it does not wait long for its TLSA records.
    let (page, tlsa) = match select(page, tlsa).await {
        Either::Left((page, tlsa)) => {
            let page = page?;
            let is_last = page.0.redirect.is_none() || !query.follow;
            let wait = if is_last { TLSA } else { Duration::ZERO };
            (page, timeout(wait, tlsa).await.ok())
        }
        Either::Right((tlsa, page)) => (page.await?, Some(tlsa)),
    };

    let (mut outcome, hello) = page;
    if let Some(hello) = hello {
        let tlsa = tlsa.and_then(Result::ok);
        let report = net
            .judge_handshake(target, target.addresses[0], hello, tlsa.as_ref())
            .await?;
        outcome.tls = Some(report);
    }
    Ok(outcome)
}

/// Requests a URL over TLS, whatever the certificate; also what the server sent in its handshake.
async fn read_over_tls(
    net: &Net,
    query: &HttpQuery,
    step: &mut HttpStep,
    (stream, begin): (TcpStream, Clock),
    target: &TlsTarget,
) -> Result<(StepOutcome, Option<Hello>), Failure> {
    let started = Clock::now();
    let end = query.deadline.min(Instant::now() + HANDSHAKE);
    let charged = egress_budget::charge_bytes(egress_budget::HANDSHAKE);
    let (recorder, config) = Recorder::proven(&ALPN);
    let connecting = TlsConnector::from(config).connect(server_name(&target.name), stream);

    let stream = match (charged, timeout_at(end, connecting).await) {
        (Ok(()), Ok(Ok(stream))) => stream,
        _ => return Ok((diagnose(net, step, target).await?, None)),
    };
    step.timings.tls = Some(started.elapsed());
    let hello = hello_of(stream.get_ref().1, &recorder);

    let is_http2 = hello.alpn.as_deref() == Some("h2");
    let outcome = talk(net, query, step, stream, is_http2).await;
    step.timings.total = begin.elapsed();
    Ok((outcome, Some(hello)))
}

/// Finds out why a TLS handshake failed, on further connections.
async fn diagnose(net: &Net, step: &HttpStep, target: &TlsTarget) -> Result<StepOutcome, Failure> {
    let report = net.check_tls(target).await?;
    let why = match &report.trouble {
        Some(trouble) => trouble.sentence(target.port),
        None => {
            "the page was not read, because the server's signature could not be verified".into()
        }
    };
    Ok(StepOutcome {
        tls: Some(report),
        ..StepOutcome::failed(step.clone(), HttpTrouble::NoTls(why))
    })
}

/// Sends the request and reads the answer, with its body unless it is a redirect that is followed.
async fn talk<S>(
    net: &Net,
    query: &HttpQuery,
    step: &mut HttpStep,
    stream: S,
    is_http2: bool,
) -> StepOutcome
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let end = query.deadline.min(Instant::now() + FIRST_BYTE);
    let exchange = async {
        let request = exchange::request(&step.url, query.head, net.http.agent(), is_http2)?;
        exchange::send(stream, is_http2, request, end).await
    };
    let exchange = match exchange.await {
        Ok(exchange) => exchange,
        Err(trouble) => return StepOutcome::failed(step.clone(), trouble),
    };

    step.timings.first_byte = Some(exchange.first_byte);
    step.status = Some(exchange.status());
    let location = exchange.header(http::header::LOCATION);
    let redirect = redirect::target(exchange.status(), location.as_deref(), &step.url);
    step.location = match &redirect {
        Some(Ok(url)) => Some(url.to_string()),
        Some(Err(_)) => location.as_deref().and_then(redirect::shown),
        None => None,
    };

    let mut outcome = StepOutcome::of(step.clone());
    outcome.answer = Some(answer(exchange, query, redirect.is_some()).await);
    outcome.redirect = redirect;
    outcome
}

async fn answer(exchange: HttpExchange, query: &HttpQuery, is_redirect: bool) -> HttpAnswer {
    let version = exchange.version();
    let headers = exchange
        .headers()
        .iter()
        .take(MAX_HEADERS)
        .map(|(name, value)| (name.to_string(), shown_value(name, &text(value))))
        .collect();
    let body = if is_redirect && query.follow {
        super::Body::default()
    } else {
        exchange.read_body(query.deadline).await
    };
    HttpAnswer {
        version,
        headers,
        body,
    }
}

/// A header value as it may be shown: shortened, and its URLs without user names and passwords.
fn shown_value(name: &http::HeaderName, value: &str) -> String {
    let value = redirect::hide_credentials(value);
    if *name == http::header::LOCATION && value.contains('@') {
        return redirect::shown(&value).unwrap_or_default();
    }
    value.chars().take(MAX_VALUE).collect()
}
