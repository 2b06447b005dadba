//! Steps 4 and 5: sender authentication and transport security.

use netvane_document::{Cell, Document, Role, duration};

use super::{super::Data, SHOWN_EXCHANGES, facts::record_cell};

/// SPF, DKIM and DMARC of the sender's domain.
pub(super) fn sender(data: &Data, document: &mut Document) {
    let name = data.sender_domain();
    document.heading(format!(
        "4. Authentication: is the mail really from {name}?"
    ));
    document.text(
        "Anyone can put any sender address on a message, so the receiving server checks what the sender's \
         domain publishes in DNS.\nSPF (RFC 7208) lists the servers that may send its mail. DKIM (RFC 6376) \
         publishes the key for the signature in the message. DMARC (RFC 9989, formerly RFC 7489) says what to \
         do when neither matches the From address.",
    );
    spf(data, &name, document);
    dkim(data, document);
    dmarc(data, &name, document);
}

fn spf(data: &Data, name: &str, document: &mut Document) {
    let Some(spf) = &data.sender.spf else {
        document.field("SPF", Cell::aside(data.missing()));
        return;
    };

    match &spf.record {
        Some(record) => _ = document.field("SPF", record_cell(record)),
        None if spf.fault.is_none() => {
            document.field("SPF", Cell::new("none", Role::Warning));
            document.warn(format!(
                "{name} has no SPF record: receivers cannot tell which servers may send its mail"
            ));
        }
        None => {}
    }

    if !spf.redirects.is_empty() {
        document.field("SPF redirect", Cell::domain(spf.redirects.join(", ")));
    }

    if let Some(fault) = &spf.fault {
        document.field("SPF error", Cell::new(fault, Role::Warning));
        document.warn(format!("SPF of {name}: {fault}"));
    }

    let others = match spf.others.as_deref() {
        Some("fail") => "fail (-all): receivers may reject the mail",
        Some("softfail") => "softfail (~all): accepted, but treated as suspicious",
        Some("neutral") => "neutral (?all): no statement",
        Some(_) => "pass (+all): any server may send",
        None => return,
    };

    document.field("Other servers", others);
    if spf.others.as_deref() == Some("pass") {
        document.warn(format!(
            "SPF of {name} authorizes every server on the internet (+all)"
        ));
    }
}

fn dkim(data: &Data, document: &mut Document) {
    let Some(dkim) = &data.sender.dkim else {
        document.field("DKIM", Cell::aside(data.missing()));
        return;
    };
    let keys: Vec<String> = dkim
        .keys
        .iter()
        .map(|key| match &*key.key {
            "valid" => key.selector.clone(),
            state => format!("{} ({state})", key.selector),
        })
        .collect();

    let said = match (&dkim.fault, keys.is_empty()) {
        (Some(fault), _) => Cell::new(fault, Role::Warning),
        (None, true) => Cell::from(format!(
            "no key at {} common selectors (inconclusive)",
            dkim.tried.len()
        )),
        (None, false) => Cell::from(format!("keys at selectors {}", keys.join(", "))),
    };

    document.field("DKIM", said);
    let tried = format!(
        "DNS cannot list selectors, so {} common ones were tried; each message names its own (s= in DKIM-Signature)",
        dkim.tried.len()
    );
    document.field("Selectors", Cell::aside(tried));
}

fn dmarc(data: &Data, name: &str, document: &mut Document) {
    let Some(dmarc) = &data.sender.dmarc else {
        document.field("DMARC", Cell::aside(data.missing()));
        return;
    };

    match &dmarc.record {
        Some(record) => _ = document.field("DMARC", record_cell(record)),
        None if dmarc.fault.is_none() => {
            document.field("DMARC", Cell::new("none", Role::Warning));
            document.warn(format!(
                "{name} has no DMARC record: it does not ask receivers to reject forged mail"
            ));
        }
        None => {}
    }

    if let Some(domain) = dmarc
        .domain
        .as_ref()
        .filter(|domain| **domain != data.sender.domain)
    {
        document.field("DMARC record at", Cell::domain(domain));
    }

    if let Some(fault) = &dmarc.fault {
        document.field("DMARC error", Cell::new(fault, Role::Warning));
        document.warn(format!("DMARC of {name}: {fault}"));
    }

    let (policy, weak) = match dmarc.policy.as_deref() {
        Some("reject") => ("reject", false),
        Some("quarantine") => ("quarantine (spam folder)", false),
        Some(_) => ("none (reported, not stopped)", true),
        None => return,
    };

    let testing = if dmarc.testing {
        "; test mode (t=y)"
    } else {
        ""
    };

    document.field("Unauthenticated mail", format!("{policy}{testing}"));
    if weak {
        document.warn(format!(
            "DMARC of {name} only monitors (p=none): it does not stop forged mail"
        ));
    }
}

/// MTA-STS, TLS reporting and DANE of the receiver's domain.
pub(super) fn encryption(data: &Data, document: &mut Document) {
    let name = data.receiver_domain();
    document.heading("5. Transport security: encryption that cannot be stripped");
    document.text(
        "STARTTLS is negotiated in cleartext, so an attacker on the path can strip it. The recipient's domain \
         can require TLS in advance:\nMTA-STS (RFC 8461) by a policy on its web server, DANE (RFC 7672) by TLSA \
         records in DNSSEC-signed DNS. TLS-RPT (RFC 8460) requests reports of TLS failures.",
    );
    mta_sts(data, &name, document);
    dane(data, document);
    match &data.receiver.tls_rpt {
        None => _ = document.field("TLS-RPT", Cell::aside(data.missing())),
        Some(found) => {
            let said = match (&found.fault, &found.record) {
                (Some(fault), _) => Cell::new(fault, Role::Warning),
                (None, None) => "not published".into(),
                (None, Some(_)) => record_cell(&format!("reports to {}", found.reports.join(", "))),
            };
            document.field("TLS-RPT", said);
        }
    }
}

fn mta_sts(data: &Data, name: &str, document: &mut Document) {
    let Some(found) = &data.receiver.mta_sts else {
        document.field("MTA-STS", Cell::aside(data.missing()));
        return;
    };
    let Some(policy) = &found.policy else {
        let said = match (&found.fault, &found.record) {
            (Some(fault), Some(_)) => {
                document.warn(format!("{name} publishes MTA-STS, but {fault}"));
                Cell::new("published but invalid (see below)", Role::Warning)
            }
            (Some(fault), None) => Cell::new(fault, Role::Warning),
            (None, _) => "not published".into(),
        };
        document.field("MTA-STS", said);
        return;
    };

    let meaning = match policy.mode.as_str() {
        "enforce" => "mail is delivered over TLS with a valid certificate, or not at all",
        "testing" => "no enforcement, failures go to reports",
        _ => "policy disabled",
    };

    let kept = duration::rounded(policy.max_age);

    document.field(
        "MTA-STS",
        format!("{}: {meaning}; senders cache it for {kept}", policy.mode),
    );
    document.field("MTA-STS hosts", record_cell(&policy.mx.join(", ")));
    if policy.mode == "none" {
        return;
    }

    for exchange in data.receiver.exchanges.iter().take(SHOWN_EXCHANGES) {
        let host = &exchange.exchange;
        if !policy.names(host) {
            document.warn(format!(
                "{host} is not listed in the MTA-STS policy of {name}"
            ));
        }
        let valid = exchange.welcome.tls.as_ref().and_then(|tls| tls.trusted);
        if policy.mode == "enforce" && valid == Some(false) {
            document.warn(format!(
                "{host} has no valid certificate, but the MTA-STS policy of {name} requires one"
            ));
        }
    }
}

fn dane(data: &Data, document: &mut Document) {
    let looked: Vec<_> = data
        .receiver
        .exchanges
        .iter()
        .filter_map(|exchange| Some((exchange, exchange.dane.as_ref()?)))
        .collect();

    let with: Vec<_> = looked
        .iter()
        .filter(|(_, dane)| !dane.records.is_empty())
        .collect();

    if looked.is_empty() {
        if data.receiver.mx.is_none() || !data.receiver.exchanges.is_empty() {
            document.field("DANE", Cell::aside(data.missing()));
        }
        return;
    }

    if with.is_empty() {
        document.field("DANE", "not published");
        return;
    }

    for (exchange, dane) in with {
        let counts = match (dane.authenticated, data.receiver.authenticated) {
            (true, true) => {
                "DNSSEC-validated by the resolver, so senders use it; not compared with the certificate here"
            }
            (true, false) => {
                "DNSSEC-validated, but the MX records are not: an attacker can name another mail server"
            }
            (false, _) => "not DNSSEC-validated by the resolver, so senders ignore it",
        };

        let host = &exchange.exchange;
        document.field(
            format!("DANE of {host}"),
            record_cell(&dane.records.join(", ")),
        );
        document.field("DANE status", counts);
        if !dane.authenticated && data.receiver.authenticated {
            document.warn(format!(
                "The TLSA records of {host} are not DNSSEC-validated, so senders ignore them"
            ));
        }
    }
}
