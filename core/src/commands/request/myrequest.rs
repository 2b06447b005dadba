//! `myrequest`: CGI variables and header fields of the client's request.

use std::{collections::BTreeMap, time::Duration};

use http::Version;
use netvane_document::{Answer, Cell, Document, Failure, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::{Map, Value};

use super::http_request;
use crate::{
    command::{Command, Context},
    request::http_request::{ClientTls, HttpRequestInfo, Proxies, ProxyChain},
    spec::{Cost, Group, Spec},
};

/// Maximum length of a value in characters; longer ones are truncated and marked.
const MAX_VALUE_CHARS: usize = 4000;

/// Header fields with credentials.
const CREDENTIALS: [&str; 6] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "webhook-signature",
    "x-amz-security-token",
];

/// CGI variables and header fields of your own HTTP request.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MyRequest {}

/// The client's own HTTP request.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// Variables with the names of CGI (RFC 3875) and common web servers.
    #[serde(deserialize_with = "read_variables")]
    #[schemars(with = "BTreeMap<String, String>")]
    variables: Map<String, Value>,
    /// Header fields with names in lower case, grouped by name in order of arrival.
    headers: Vec<(String, String)>,
    /// Values of credentials are replaced by their length, because others can read the reply.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    credentials_hidden: bool,
}

impl Command for MyRequest {
    const SPEC: Spec = Spec {
        name: "myrequest",
        aliases: &["headers"],
        group: Group::Request,
        examples: &["myrequest"],
        timeout: Duration::from_secs(2),
        cost: Cost::Free,
        sends: 0,
    };
    type Data = Data;
    const ABOUT_VISIT: bool = true;

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        Ok(Data::of(http_request(cx)?, &cx.runtime.proxies))
    }
}

/// Reads variables in their order; fails if a value is not a string.
fn read_variables<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    let variables = Map::deserialize(deserializer)?;
    if variables.values().all(Value::is_string) {
        Ok(variables)
    } else {
        Err(D::Error::custom("expected a string for each variable"))
    }
}

/// Truncates text to [`MAX_VALUE_CHARS`] characters and appends its full length.
pub(crate) fn truncate(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

impl Data {
    fn of(http_request: &HttpRequestInfo, proxies: &Proxies) -> Self {
        let mut hidden = false;
        let mut value = |name: &str, value: &str| {
            if http_request.for_others && CREDENTIALS.contains(&name) {
                hidden = true;
                return format!("({} characters, hidden)", value.chars().count());
            }
            truncate(value)
        };

        let mut variables = Map::new();
        for (name, value) in request_variables(http_request, proxies) {
            variables.insert(name.into(), truncate(&value).into());
        }

        for name in http_request.headers.keys() {
            let Some(whole) = http_request.header(name.as_str()) else {
                continue;
            };
            let upper = name.as_str().to_ascii_uppercase().replace('-', "_");
            let variable = match upper.as_str() {
                "CONTENT_TYPE" | "CONTENT_LENGTH" => upper,
                _ => format!("HTTP_{upper}"),
            };
            variables.insert(variable, value(name.as_str(), &whole).into());
        }

        let lines = http_request.headers.iter().map(|(name, line)| {
            let text = String::from_utf8_lossy(line.as_bytes());
            (name.as_str().to_owned(), value(name.as_str(), &text))
        });
        let headers = lines.collect();

        Self {
            variables,
            headers,
            credentials_hidden: hidden,
        }
    }
}

/// All variables except those of header fields.
fn request_variables(
    http_request: &HttpRequestInfo,
    proxies: &Proxies,
) -> Vec<(&'static str, String)> {
    let chain = http_request.chain(proxies);
    let tls = http_request
        .connection
        .relayed
        .as_ref()
        .and_then(|relayed| relayed.tls.as_ref())
        .filter(|_| chain.proxied);

    let scheme = scheme(http_request, tls.is_some(), proxies);
    let encrypted = scheme == "https";

    let mut all = server_variables(http_request, &chain);
    all.extend(request_line_variables(http_request, scheme));
    all.push(("REMOTE_ADDR", chain.caller.to_string()));

    let host = http_request
        .header("host")
        .or_else(|| http_request.uri.authority().map(ToString::to_string));
    if let Some(host) = host {
        all.push(("SERVER_NAME", without_port(&host).to_owned()));
    }

    if let Some(port) = chain.port {
        all.push(("REMOTE_PORT", port.to_string()));
    }

    if chain.proxied {
        let peer = http_request.connection.peer;
        all.push(("PROXY_ADDR", peer.ip().to_canonical().to_string()));
        all.push(("PROXY_PORT", peer.port().to_string()));
    }

    if encrypted {
        all.push(("HTTPS", "on".to_owned()));
    }

    all.extend(tls.into_iter().flat_map(tls_variables));

    all
}

/// Variables of the server, as the client sees it.
fn server_variables(
    http_request: &HttpRequestInfo,
    chain: &ProxyChain,
) -> Vec<(&'static str, String)> {
    let connection = &http_request.connection;

    // The destination in a PROXY header is the address that the client connected to.
    let local = connection
        .relayed
        .as_ref()
        .and_then(|relayed| relayed.ends)
        .filter(|_| chain.proxied)
        .map_or(connection.local, |(_, destination)| destination);

    vec![
        ("GATEWAY_INTERFACE", "CGI/1.1".to_owned()),
        (
            "SERVER_SOFTWARE",
            concat!("netvane/", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
        ("SERVER_PROTOCOL", protocol(http_request.version)),
        ("SERVER_ADDR", local.ip().to_canonical().to_string()),
        ("SERVER_PORT", local.port().to_string()),
    ]
}

/// Variables of the request line.
fn request_line_variables(
    http_request: &HttpRequestInfo,
    scheme: String,
) -> [(&'static str, String); 6] {
    let uri = &http_request.uri;
    let target = uri
        .path_and_query()
        .map_or_else(|| uri.to_string(), ToString::to_string);

    [
        ("REQUEST_METHOD", http_request.method.to_string()),
        ("REQUEST_SCHEME", scheme),
        ("REQUEST_URI", target),
        ("SCRIPT_NAME", String::new()),
        ("PATH_INFO", uri.path().to_owned()),
        ("QUERY_STRING", uri.query().unwrap_or_default().to_owned()),
    ]
}

/// TLS variables from a proxy, with the names of Apache's mod_ssl.
fn tls_variables(tls: &ClientTls) -> impl Iterator<Item = (&'static str, String)> {
    let ClientTls {
        protocol,
        cipher,
        server_name,
        client_name,
    } = tls;

    [
        ("SSL_PROTOCOL", protocol),
        ("SSL_CIPHER", cipher),
        ("SSL_TLS_SNI", server_name),
        ("SSL_CLIENT_S_DN_CN", client_name),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.clone()?)))
}

/// `http` or `https`, from a trusted proxy; this service itself has no TLS.
fn scheme(http_request: &HttpRequestInfo, tls: bool, proxies: &Proxies) -> String {
    let forwarded = || {
        let field = http_request
            .header("x-forwarded-proto")
            .or_else(|| http_request.forwarded_proto())?;
        let nearest = field.rsplit(',').next()?.trim().to_ascii_lowercase();
        matches!(nearest.as_str(), "http" | "https").then_some(nearest)
    };
    if tls {
        return "https".into();
    }
    let trusted = proxies.trusts(http_request.connection.peer.ip());
    trusted
        .then(forwarded)
        .flatten()
        .unwrap_or_else(|| "http".into())
}

fn protocol(version: Version) -> String {
    match version {
        Version::HTTP_2 => "HTTP/2".into(),
        other => format!("{other:?}"),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let text = |name: &str| {
            self.variables
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };

        let summary = format!(
            "{} {} {}, {} header fields",
            text("REQUEST_METHOD"),
            text("REQUEST_URI"),
            text("SERVER_PROTOCOL"),
            self.headers.len()
        );

        let mut document = Document::new("Your request", summary, Severity::Neutral);
        let rows = self
            .variables
            .iter()
            .map(|(name, value)| [name.into(), Cell::exact(value.as_str().unwrap_or_default())]);
        document
            .heading("Variables")
            .table(["Name", "Value"], rows.collect());

        let rows = self
            .headers
            .iter()
            .map(|(name, value)| [name.into(), Cell::exact(value)]);
        document
            .heading("Header fields")
            .table(["Field", "Value"], rows.collect());
        if self.credentials_hidden {
            document.note("Credentials are hidden because others can read this reply.");
        }

        document
    }
}

#[cfg(test)]
mod tests;
