//! `txt`: text records, with their strings joined and their purpose.

use std::borrow::Cow;

use domain::base::Rtype;
use netvane_document::{Answer, Document, Failure};
use netvane_facts::target::{Domain, Host, Resolver};
use netvane_net::dns::{Data as Rdata, Record};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Comparison, Context, Next, Short},
    commands::dns::lookup::{Lookup, answer_values, count, look_up_explained, ttl},
    spec::{Cost, Group, Spec},
};

/// Text records of a name, with their purpose.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Txt {
    /// The domain name to look up.
    domain: Domain,
    /// DNS server to query instead of the configured ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolver: Option<Resolver>,
}

/// A DNS lookup with the parsed texts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    #[serde(flatten)]
    lookup: Lookup,
    /// One entry per TXT record, in the order of `answers`.
    texts: Vec<Text>,
}

/// The text of a TXT record.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Text {
    /// The strings of the record joined without separators (RFC 7208 §3.3); invalid UTF-8 is replaced.
    text: String,
    /// Number of strings in the record.
    strings: usize,
    /// Purpose of the record, if known.
    purpose: Option<Cow<'static, str>>,
    /// TTL of the record in seconds.
    ttl: u32,
}

impl Command for Txt {
    const SPEC: Spec = Spec {
        name: "txt",
        aliases: &[],
        group: Group::Dns,
        examples: &["txt example.com", "txt _dmarc.example.com"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 16 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::domain("spf"),
        Next::domain("dmarc"),
        Next::domain("mailcheck"),
        Next::target("dns"),
    ];
    const SHORT: Short = Short::Values(answer_values);
    const COMPARES: Option<Comparison> = Some(super::record::comparison("txt"));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(self.resolver.as_ref()).await?;
        let answered = look_up_explained(cx, &client, self.domain.as_str(), Rtype::TXT).await?;
        Ok(Data {
            texts: texts(&answered.records),
            lookup: answered.lookup,
        })
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolver.as_ref().map(Resolver::host)
    }
}

impl Text {
    fn is_spf(&self) -> bool {
        let purpose = self.purpose.as_deref();
        purpose.is_some_and(|purpose| purpose.starts_with("SPF:"))
    }
}

/// Returns the texts of the records: SPF, which most people look for, then the others in the order of the answer.
fn texts(records: &[Record]) -> Vec<Text> {
    let mut texts: Vec<Text> = records.iter().filter_map(read).collect();
    texts.sort_by_key(|text| !text.is_spf());
    texts
}

fn read(record: &Record) -> Option<Text> {
    let Rdata::Txt(txt) = &record.data else {
        return None;
    };
    let joined: Vec<u8> = txt.iter().flatten().copied().collect();
    let text = String::from_utf8_lossy(&joined).into_owned();
    Some(Text {
        purpose: purpose(&record.name, &text).map(Cow::Borrowed),
        strings: txt.iter().count(),
        text,
        ttl: record.ttl,
    })
}

/// Prefixes of texts and their purpose; the first match counts.
const PURPOSES: [(&str, &str); 30] = [
    (
        "v=spf1",
        "SPF: servers that may send mail for this domain (RFC 7208)",
    ),
    (
        "v=dmarc1",
        "DMARC: policy for mail that fails SPF and DKIM (RFC 7489)",
    ),
    ("v=dkim1", "DKIM: public key for signed mail (RFC 6376)"),
    (
        "v=stsv1",
        "MTA-STS: mail to this domain must be sent over TLS (RFC 8461)",
    ),
    ("v=tlsrptv1", "TLS reporting for mail (RFC 8460)"),
    ("v=bimi1", "BIMI: logo shown beside mail"),
    ("v=spf2.0", "Sender ID, obsolete (RFC 4406)"),
    ("v=msv1", "Microsoft 365 tenant"),
    ("google-site-verification=", "Ownership token for Google"),
    ("ms=", "Ownership token for Microsoft 365"),
    ("d365mktkey=", "Ownership token for Microsoft Dynamics"),
    ("apple-domain-verification=", "Ownership token for Apple"),
    ("apple-domain=", "Ownership token for Apple"),
    ("facebook-domain-verification=", "Ownership token for Meta"),
    (
        "atlassian-domain-verification=",
        "Ownership token for Atlassian",
    ),
    ("docusign=", "Ownership token for DocuSign"),
    ("adobe-idp-site-verification=", "Ownership token for Adobe"),
    ("adobe-sign-verification=", "Ownership token for Adobe Sign"),
    ("amazonses:", "Ownership token for Amazon SES"),
    ("stripe-verification=", "Ownership token for Stripe"),
    ("zoom_verify_", "Ownership token for Zoom"),
    ("yandex-verification", "Ownership token for Yandex"),
    (
        "globalsign-domain-verification=",
        "Ownership token for GlobalSign",
    ),
    (
        "have-i-been-pwned-verification=",
        "Ownership token for Have I Been Pwned",
    ),
    ("keybase-site-verification=", "Ownership token for Keybase"),
    ("protonmail-verification=", "Ownership token for Proton"),
    ("zoho-verification=", "Ownership token for Zoho"),
    ("openai-domain-verification=", "Ownership token for OpenAI"),
    (
        "onetrust-domain-verification=",
        "Ownership token for OneTrust",
    ),
    ("cisco-ci-domain-verification=", "Ownership token for Cisco"),
];

fn purpose(name: &str, text: &str) -> Option<&'static str> {
    let head: String = text
        .trim_start()
        .chars()
        .take(64)
        .collect::<String>()
        .to_ascii_lowercase();

    if let Some((tag, purpose)) = PURPOSES.iter().find(|(tag, _)| head.starts_with(tag)) {
        // The tag must end here: `v=spf10` is not SPF.
        let ends = !tag.starts_with("v=")
            || head[tag.len()..]
                .chars()
                .next()
                .is_none_or(|c| c == ' ' || c == ';');
        if ends {
            return Some(purpose);
        }
    }

    let name = name.to_ascii_lowercase();

    if name.contains("._domainkey.") && (head.contains("p=") || head.contains("k=")) {
        Some("DKIM: public key for signed mail (RFC 6376)")
    } else if name.starts_with("_acme-challenge.") {
        Some("ACME: proof of control for a certificate (RFC 8555)")
    } else if head
        .split_once(['=', ':'])
        .is_some_and(|(tag, _)| tag.contains("verification") || tag.contains("verify"))
    {
        Some("Ownership token")
    } else {
        None
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let number = self.texts.len();
        let mut document = self
            .lookup
            .document(count(number, "text record", "text records"));

        for text in &self.texts {
            document.heading(format!(
                "{} · TTL {}",
                text.purpose.as_deref().unwrap_or("Text"),
                ttl(text.ttl)
            ));
            document.code(wrap(&text.text));
        }

        let spf = self.texts.iter().filter(|text| text.is_spf()).count();

        if spf > 1 {
            document.warn(format!(
                "{spf} SPF records; only one is allowed, so SPF evaluation fails with permerror (RFC 7208 §4.5)"
            ));
        }

        self.lookup.add_source(&mut document);

        document
    }

    fn lifetime(&self) -> std::time::Duration {
        self.lookup.lifetime()
    }

    fn age(&mut self, seconds: u32) {
        self.lookup.age(seconds);
        self.texts
            .iter_mut()
            .for_each(|text| text.ttl = text.ttl.saturating_sub(seconds));
    }
}

/// Wraps long SPF records and tag lists at 76 characters; adds nothing but line breaks.
fn wrap(text: &str) -> String {
    if text.chars().count() <= 76 {
        return text.to_owned();
    }

    let tagged = text.to_ascii_lowercase().starts_with("v=") && text.contains(';');
    let mut lines = vec![String::new()];
    let pieces = text.split_inclusive(if tagged { ';' } else { ' ' });

    for piece in pieces {
        let line = lines.last_mut().map_or(0, |line| line.chars().count());
        if line > 0 && line + piece.trim_end().chars().count() > 76 {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(piece);
        }
    }

    let folded = lines.iter().flat_map(|line| {
        let chars: Vec<char> = line.trim().chars().collect();
        chars
            .chunks(76)
            .map(|chunk| chunk.iter().collect::<String>())
            .collect::<Vec<_>>()
    });

    folded.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
