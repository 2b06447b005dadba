//! What servers do not believe each other: the sender's name, and encryption.

use netvane_document::{Cell, Document, Role};

use super::{
    super::Data,
    SHOWN_EXCHANGES,
    facts::{roughly, shown},
};

/// SPF, DKIM and DMARC of the sender's domain.
pub(super) fn sender(data: &Data, document: &mut Document) {
    let name = data.sender_domain();
    document.heading(format!("4. Checking: does it really come from {name}?"));
    document.text(
        "Anybody can write any sender on an envelope. So the receiver's server asks DNS what the sender's domain \
         says.\nSPF (RFC 7208) lists the servers that may send; DKIM (RFC 6376) has the key for the signature in the \
         message; DMARC (RFC 9989, before: RFC 7489) says what to do when neither fits the address that the reader \
         sees.",
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
        Some(record) => _ = document.field("SPF", shown(record)),
        None if spf.fault.is_none() => {
            document.field("SPF", Cell::new("none", Role::Warning));
            document.warn(format!(
                "{name} has no SPF record: any server may claim to send for it"
            ));
        }
        None => {}
    }

    if !spf.redirects.is_empty() {
        document.field("SPF is at", Cell::domain(spf.redirects.join(", ")));
    }

    if let Some(fault) = &spf.fault {
        document.field("SPF, but", Cell::new(fault, Role::Warning));
        document.warn(format!("SPF of {name}: {fault}"));
    }

    let others = match spf.others {
        Some("fail") => "forged (-all): receivers may refuse it",
        Some("softfail") => "probably forged (~all): taken, but looked at more closely",
        Some("neutral") => "nothing is said about it (?all)",
        Some(_) => "allowed as well (+all)",
        None => return,
    };

    document.field("From other servers", others);
    if spf.others == Some("pass") {
        document.warn(format!(
            "SPF of {name} allows every server in the world (+all)"
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
        .map(|key| match key.key {
            "valid" => key.selector.clone(),
            state => format!("{} ({state})", key.selector),
        })
        .collect();

    let said = match (&dkim.fault, keys.is_empty()) {
        (Some(fault), _) => Cell::new(fault, Role::Warning),
        (None, true) => Cell::from("no key under the usual selectors, which proves nothing"),
        (None, false) => Cell::from(format!("keys under the selectors {}", keys.join(", "))),
    };

    document.field("DKIM", said);
    let tried = format!(
        "guessed: DNS does not list selectors, {} usual ones were tried; a message names its own (s= in DKIM-Signature)",
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
        Some(record) => _ = document.field("DMARC", shown(record)),
        None if dmarc.fault.is_none() => {
            document.field("DMARC", Cell::new("none", Role::Warning));
            document.warn(format!(
                "{name} has no DMARC record: receivers are not told to refuse forged mail"
            ));
        }
        None => {}
    }

    if let Some(domain) = dmarc
        .domain
        .as_ref()
        .filter(|domain| **domain != data.sender.domain)
    {
        document.field("DMARC is at", Cell::domain(domain));
    }

    if let Some(fault) = &dmarc.fault {
        document.field("DMARC, but", Cell::new(fault, Role::Warning));
        document.warn(format!("DMARC of {name}: {fault}"));
    }

    let (policy, weak) = match dmarc.policy {
        Some("reject") => ("is to be refused (reject)", false),
        Some("quarantine") => ("belongs into the spam folder (quarantine)", false),
        Some(_) => ("is only reported, not stopped (none)", true),
        None => return,
    };

    let testing = if dmarc.testing {
        ", though for now that is only a test (t=y)"
    } else {
        ""
    };

    document.field("Mail that proves nothing", format!("{policy}{testing}"));
    if weak {
        document.warn(format!(
            "DMARC of {name} only watches (p=none): forged mail is not stopped by it"
        ));
    }
}

/// MTA-STS, TLS reporting and DANE of the receiver's domain.
pub(super) fn encryption(data: &Data, document: &mut Document) {
    let name = data.receiver_domain();
    document.heading("5. Keeping it secret: encryption that nobody on the way can switch off");
    document.text(
        "STARTTLS is only asked for in the clear, so whoever sits on the line can strike it out. A receiver can \
         promise it beforehand:\nMTA-STS (RFC 8461) by a policy on its web server, DANE (RFC 7672) by TLSA records \
         in signed DNS; TLS-RPT (RFC 8460) asks for reports of failures.",
    );
    mta_sts(data, &name, document);
    dane(data, document);
    match &data.receiver.tls_rpt {
        None => _ = document.field("TLS-RPT", Cell::aside(data.missing())),
        Some(found) => {
            let said = match (&found.fault, &found.record) {
                (Some(fault), _) => Cell::new(fault, Role::Warning),
                (None, None) => "not published".into(),
                (None, Some(_)) => shown(&format!("reports to {}", found.reports.join(", "))),
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
                document.warn(format!("{name} announces MTA-STS, but {fault}"));
                Cell::new("announced, but of no use (see below)", Role::Warning)
            }
            (Some(fault), None) => Cell::new(fault, Role::Warning),
            (None, _) => "not published".into(),
        };
        document.field("MTA-STS", said);
        return;
    };

    let meaning = match policy.mode.as_str() {
        "enforce" => "mail goes there encrypted and with a valid certificate, or not at all",
        "testing" => "on trial: failures are only reported",
        _ => "switched off",
    };

    let kept = roughly(policy.max_age);

    document.field(
        "MTA-STS",
        format!("{}: {meaning}; senders remember it for {kept}", policy.mode),
    );
    document.field("MTA-STS names", shown(&policy.mx.join(", ")));
    if policy.mode == "none" {
        return;
    }

    for exchange in data.receiver.exchanges.iter().take(SHOWN_EXCHANGES) {
        let host = &exchange.exchange;
        if !policy.names(host) {
            document.warn(format!(
                "{host} is not named by the MTA-STS policy of {name}"
            ));
        }
        let valid = exchange.welcome.tls.as_ref().and_then(|tls| tls.trusted);
        if policy.mode == "enforce" && valid == Some(false) {
            document.warn(format!(
                "{host} has no valid certificate, which the MTA-STS policy of {name} demands"
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
                "validated by the resolver (DNSSEC), so it counts; not compared with the certificate here"
            }
            (true, false) => {
                "validated (DNSSEC), but the MX records are not: the way to this server can be changed"
            }
            (false, _) => "not validated by the resolver (DNSSEC), so it does not count",
        };

        let host = &exchange.exchange;
        document.field(format!("DANE of {host}"), shown(&dane.records.join(", ")));
        document.field("DANE is", counts);
        if !dane.authenticated && data.receiver.authenticated {
            document.warn(format!(
                "The TLSA records of {host} are not signed (DNSSEC), so nobody may rely on them"
            ));
        }
    }
}
