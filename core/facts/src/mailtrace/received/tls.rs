//! Extracts the TLS parameters from a line.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clauses::{ClauseName, Clauses};

/// TLS parameters of one hop.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq, Eq)]
pub struct ReceivedTls {
    /// `TLSv1.3`; OpenSSL's old `TLSv1/SSLv3` as written, and GnuTLS's old `TLS-1.0` as `TLS 1.0`.
    pub version: Option<String>,
    /// The cipher suite in the server's spelling.
    pub cipher: Option<String>,
    /// Whether the client's certificate was verified; absent when it sent none or the line does not say.
    pub verified: Option<bool>,
}

/// Reads the TLS parameters from every clause in which servers write them.
pub(super) fn read(clauses: &Clauses<'_>) -> Option<ReceivedTls> {
    let mut tls: Option<ReceivedTls> = None;

    for (key, text) in clauses.comments() {
        // Yandex writes them after the date.
        if key != ClauseName::Lead
            && let Some(found) = of_comment(text)
        {
            let seen = tls.get_or_insert_default();
            seen.version = seen.version.take().or(found.version);
            seen.cipher = seen.cipher.take().or(found.cipher);
            seen.verified = seen.verified.or(found.verified);
        }
    }

    // `with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.96)`
    if let Some(cipher) = clauses
        .get(ClauseName::Tls)
        .and_then(|c| c.words.first())
        .and_then(|w| cipher(w))
    {
        tls.get_or_insert_default().cipher = Some(cipher);
    }

    // IIS: `by mx.example over TLS secured channel with Microsoft SMTPSVC`.
    let by = clauses.get(ClauseName::By).map(|by| by.words.as_slice());
    if matches!(by, Some([_, "over", "TLS", ..])) {
        tls.get_or_insert_default();
    }

    // `with AES256-SHA encrypted SMTP`, `with ESMTP/TLS/AES256-SHA`, `with ESMTP with TLS`
    for with in clauses.0.iter().filter(|c| c.key == ClauseName::With) {
        let first = with.words.first().copied().unwrap_or_default();
        if with.words.get(1) == Some(&"encrypted") {
            let seen = tls.get_or_insert_default();
            seen.cipher = seen.cipher.take().or_else(|| cipher(first));
        } else if let Some((_, rest)) = first.split_once("/TLS") {
            let seen = tls.get_or_insert_default();
            seen.cipher = seen
                .cipher
                .take()
                .or_else(|| rest.strip_prefix('/').and_then(cipher));
        } else if ["TLS", "STARTTLS", "ESMTP-TLS", "SMTP-TLS"]
            .iter()
            .any(|w| first.eq_ignore_ascii_case(w))
        {
            tls.get_or_insert_default();
        }
    }

    tls
}

/// RFC 3848: the letter S after the protocol means that TLS was used.
pub(super) fn implied(protocol: &str) -> bool {
    let word = protocol.to_ascii_lowercase();
    let rest = [
        "utf8smtp", "utf8lmtp", "esmtp", "smtp", "lmtp", "http", "pop3", "imap",
    ]
    .iter()
    .find_map(|base| word.strip_prefix(base));
    matches!(rest, Some("s" | "sa"))
}

/// The TLS parameters in a comment, or `None` when it is about something else.
pub(super) fn of_comment(text: &str) -> Option<ReceivedTls> {
    let lower = text.to_ascii_lowercase();

    if lower.starts_with("using ") {
        return postfix(text, &lower);
    }

    // Postfix: `Client CN "mx", Issuer "CA" (verified OK)`, `No client certificate requested`.
    if lower.starts_with("client cn ") {
        return Some(ReceivedTls {
            verified: Some(lower.contains("(verified ok)")),
            ..ReceivedTls::default()
        });
    }

    if lower.contains("client certificate not present")
        || lower.starts_with("no client certificate")
    {
        return Some(ReceivedTls::default());
    }

    if ["version=", "cipher=", "version:"]
        .iter()
        .any(|start| lower.starts_with(start))
    {
        return pairs(text);
    }

    if let Some(tls) = courier(text, &lower) {
        return Some(tls);
    }

    let labels = ["x=", "cipher "];
    let bare = labels.iter().find_map(|label| lower.strip_prefix(label));
    let bare = bare.map_or(text, |rest| &text[text.len() - rest.len()..]);
    if ["tls", "ssl"].iter().any(|start| {
        bare.get(..3)
            .is_some_and(|text| text.eq_ignore_ascii_case(start))
    }) {
        return colons(bare);
    }

    // qmail with TLS: `(DHE-RSA-AES256-SHA encrypted) SMTP`
    let cipher = cipher(&text[..lower.strip_suffix(" encrypted")?.len()])?;

    Some(ReceivedTls {
        cipher: Some(cipher),
        ..ReceivedTls::default()
    })
}

/// Postfix: `using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)`. Yandex ends with `)(Client …`.
fn postfix(text: &str, lower: &str) -> Option<ReceivedTls> {
    let mut words = text["using ".len()..].split_ascii_whitespace();
    let tls = ReceivedTls {
        version: words.next().and_then(version),
        cipher: words
            .skip_while(|w| !w.eq_ignore_ascii_case("cipher"))
            .nth(1)
            .and_then(cipher),
        verified: None,
    };
    (tls.version.is_some() || lower.starts_with("using tls")).then_some(tls)
}

/// Courier: `TLS: TLSv1.3,256bits,TLS_AES_256_GCM_SHA384`, also after `AUTH: LOGIN user, `.
fn courier(text: &str, lower: &str) -> Option<ReceivedTls> {
    let after = |label: &str| {
        let at = lower.rfind(label)?;
        (at == 0 || lower[..at].ends_with([',', ' '])).then(|| &text[at + label.len()..])
    };
    let mut parts = after("tls: ").or_else(|| after("ssl: "))?.split(',');
    let version = version(parts.next()?.trim())?;
    let cipher = parts.map(str::trim).rfind(|part| !part.ends_with("bits"));

    Some(ReceivedTls {
        version: Some(version),
        cipher: cipher.and_then(self::cipher),
        verified: None,
    })
}

/// Sendmail, Gmail, Exchange: `version=TLS1_3 cipher=… bits=256/256 verify=NO`.
fn pairs(text: &str) -> Option<ReceivedTls> {
    let mut tls = ReceivedTls::default();

    for pair in text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';')) {
        let Some((key, value)) = pair.split_once('=') else {
            continue;
        };
        match key.to_ascii_lowercase().as_str() {
            "version" => tls.version = version(value),
            "cipher" => tls.cipher = cipher(value),
            // NO: no certificate was sent. FAIL: it did not verify. NOT: none was requested.
            "verify" => {
                tls.verified = match value.to_ascii_uppercase().as_str() {
                    "OK" => Some(true),
                    "FAIL" => Some(false),
                    _ => None,
                };
            }
            _ => {}
        }
    }

    (tls != ReceivedTls::default()).then_some(tls)
}

/// Exim and OpenSMTPD: `TLS1.2:ECDHE_RSA_AES_256_GCM_SHA384:256`, `TLSv1.3:AEAD-AES256-GCM-SHA384:256:NO`; Exim with
/// an old GnuTLS: `TLS-1.0:RSA_AES_256_CBC_SHA1:32`.
fn colons(text: &str) -> Option<ReceivedTls> {
    let mut tls = ReceivedTls::default();
    if text.len() == 3 {
        return Some(tls);
    }

    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();

    tls.version = version(first);
    if tls.version.is_some() {
        tls.cipher = parts.next().and_then(cipher);
    } else {
        // Exim's bare `TLS1.3`; qmail's `TLSv1.3 …`.
        tls.version = text.split([' ', ',', ':']).find_map(version);
    }

    tls.version.is_some().then_some(tls)
}

/// `TLS1_2`, `TLSv1.2`, `TLS1.2` and `TLSv1_2` are the same version.
fn version(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| matches!(c, ',' | ';' | ')'));
    let lower = text.to_ascii_lowercase();
    let number = |rest: &str| rest.trim_start_matches(['v', ' ']).replace('_', ".");
    if let Some(rest) = lower.strip_prefix("tls") {
        if let Some(number) = rest.strip_prefix('-') {
            let is_known = matches!(number, "1.0" | "1.1" | "1.2" | "1.3");
            return is_known.then(|| format!("TLS {number}"));
        }
        let number = number(rest);
        if matches!(number.as_str(), "1" | "1.0" | "1.1" | "1.2" | "1.3") {
            return Some(format!("TLSv{number}"));
        }
        return (lower == "tlsv1/sslv3").then(|| text.to_owned());
    }
    let number = number(lower.strip_prefix("ssl")?.trim_start_matches('-'));
    let number = number.trim_end_matches(".0");
    matches!(number, "2" | "3" | "23").then(|| format!("SSLv{number}"))
}

fn cipher(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| matches!(c, ',' | ';' | ')'));
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '.');
    (text.len() >= 3
        && text.len() <= 80
        && text.chars().all(fits)
        && !text.eq_ignore_ascii_case("other"))
    .then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
