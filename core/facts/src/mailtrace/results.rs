//! `Authentication-Results` (RFC 8601) and `Received-SPF` (RFC 7208 §9.1) as data.

use super::{names, received::tokens_of};

/// Result of one authentication method, RFC 8601.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MethodResult {
    pub method: String,
    pub result: String,
    pub comment: Option<String>,
    /// `header.d=example.com` and the like.
    pub properties: Vec<(String, String)>,
}

impl MethodResult {
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        self.properties
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// One `Authentication-Results` field, RFC 8601.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Results {
    /// The server's name; Microsoft omits it.
    pub authserv_id: Option<String>,
    pub results: Vec<MethodResult>,
}

/// The result words of the methods (RFC 8601 §2.7 and the registry), plus Microsoft's `bestguesspass`.
const WORDS: [&str; 13] = [
    "none",
    "pass",
    "fail",
    "softfail",
    "neutral",
    "policy",
    "temperror",
    "permerror",
    "hardfail",
    "error",
    "unknown",
    "bestguesspass",
    "discard",
];

/// Reads the value of an `Authentication-Results` field.
pub(super) fn read(value: &str) -> Results {
    let mut out = Results::default();

    for (index, part) in split(names::clip(value, 8 * 1024))
        .into_iter()
        .take(60)
        .enumerate()
    {
        let mut words: Vec<String> = Vec::new();
        let mut comment = None;

        tokens_of(part, |text, is_comment| {
            if is_comment {
                comment = comment.take().or_else(|| Some(text.to_owned()));
            } else {
                words.push(text.to_owned());
            }
        });

        // `dkim = pass`, and RFC 8601's `dkim (comment) / 1 = fail`
        let mut pairs: Vec<(String, String)> = Vec::new();
        let joined = words
            .join(" ")
            .replace(" / ", "/")
            .replace(" . ", ".")
            .replace(" = ", "=")
            .replace("= ", "=")
            .replace(" =", "=");

        for word in joined.split(' ') {
            if let Some((key, value)) = word.split_once('=') {
                pairs.push((key.to_ascii_lowercase(), value.trim_matches('"').to_owned()));
            } else if index == 0 && out.authserv_id.is_none() && pairs.is_empty() {
                out.authserv_id = names::host(word).map(str::to_owned);
            }
        }

        let Some((method, result)) = pairs.first().cloned() else {
            continue;
        };

        // `dkim/1=pass`
        let method = method.split('/').next().unwrap_or_default().to_owned();
        let result = result.to_ascii_lowercase();

        // Microsoft: `compauth=fail reason=000` is its own; anything else must be a known word.
        if method.contains('.') || !WORDS.contains(&result.as_str()) {
            continue;
        }

        out.results.push(MethodResult {
            method,
            result,
            comment,
            properties: pairs.split_off(1),
        });
    }

    out
}

/// Splits at semicolons outside comments and quoted strings.
fn split(value: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    let mut start = 0;
    let mut parts = Vec::new();
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' if depth == 0 => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth = depth.saturating_sub(1),
            b';' if !quoted && depth == 0 => {
                parts.push(&value[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&value[start..]);
    parts
}

/// One `Received-SPF` field, RFC 7208 §9.1.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct ReceivedSpf {
    pub result: String,
    /// `receiver=`, or the host before the colon of the comment.
    pub receiver: Option<String>,
    pub client: Option<std::net::IpAddr>,
    pub envelope_from: Option<String>,
    pub helo: Option<String>,
    pub comment: Option<String>,
}

/// Reads the value of a `Received-SPF` field; `None` if it has no result.
pub(super) fn read_spf(value: &str) -> Option<ReceivedSpf> {
    let value = names::clip(value, 4096);
    let result = value
        .split_ascii_whitespace()
        .next()?
        .trim_end_matches(';')
        .to_ascii_lowercase();

    if !WORDS.contains(&result.as_str()) {
        return None;
    }

    let mut out = ReceivedSpf {
        result,
        ..ReceivedSpf::default()
    };

    for part in split(value) {
        tokens_of(part, |text, is_comment| {
            if is_comment {
                if out.comment.is_none() {
                    let host = text
                        .split_once(':')
                        .and_then(|(host, _)| names::host(host.trim()));
                    out.receiver = out
                        .receiver
                        .take()
                        .or_else(|| host.filter(|h| h.contains('.')).map(str::to_owned));
                    out.comment = Some(text.to_owned());
                }
                return;
            }

            let Some((key, value)) = text.split_once('=') else {
                return;
            };
            let value = value.trim_matches(['"', '<', '>', ';']);

            match key.to_ascii_lowercase().as_str() {
                "client-ip" => out.client = names::address(value),
                "envelope-from" => out.envelope_from = Some(value.to_owned()),
                "helo" => out.helo = names::host(value).map(str::to_owned),
                "receiver" => out.receiver = names::host(value).map(str::to_owned),
                _ => {}
            }
        });
    }

    Some(out)
}

#[cfg(test)]
mod tests;
