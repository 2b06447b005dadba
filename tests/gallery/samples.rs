//! The sample lookups, and the zone with their records.

/// Zone that a DNS server in this process serves; its addresses are reserved for documentation, and
/// nothing connects to them.
pub(crate) const ZONE: &str = r#"
$TTL 300
@ IN SOA ns1.example.test. hostmaster.example.test. 7 7200 3600 1209600 60
@ IN NS ns1.example.test.
@ IN NS ns2.example.test.
@ IN A 192.0.2.80
@ IN AAAA 2001:db8:85a3:8d3:1319:8a2e:370:7348
@ IN MX 10 mail1.example.test.
@ IN MX 20 mail2.example.test.
@ IN TXT "v=spf1 mx include:_spf.mail-provider.example.test ip4:192.0.2.0/24 -all"
@ IN TXT "google-site-verification=rXOxyZounnZasA8Z7oaD3c14JdjS9aKSWvsR1EbUSIQ"
@ IN CAA 0 issue "ca.example"
ns1 IN A 192.0.2.53
ns2 IN A 192.0.2.54
mail1 IN A 192.0.2.81
mail1 IN AAAA 2001:db8::81
mail2 IN A 192.0.2.82
_dmarc IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.test"
_submissions._tcp IN SRV 0 1 465 mail1.example.test.
_imaps._tcp IN SRV 0 1 993 mail1.example.test.
broken IN MX 10 mail1.example.test.
broken IN MX 20 gone.example.test.
hostile IN TXT "``` </pre> **bold** <b>b</b> @everyone <@1100000000000000101> [x](https://evil.example) https://evil.example /start #tag ||s||"
"#;

/// A mail message as a user pastes it.
const MESSAGE: &str = "\
Return-Path: <carol@example.test>
Received: from mail1.example.test (mail1.example.test [192.0.2.81])
\tby mx.example.org (Postfix) with ESMTPS id 4Xy1
\tfor <dave@example.org>; Mon, 2 Nov 2026 10:00:04 +0000
Received: from laptop.lan (unknown [198.51.100.23])
\tby mail1.example.test (Postfix) with ESMTPSA id 9Zz2;
\tMon, 2 Nov 2026 10:00:01 +0000
From: Carol <carol@example.test>
To: dave@example.org
Subject: Minutes of the meeting
Date: Mon, 2 Nov 2026 10:00:00 +0000
Message-ID: <1@example.test>

Hello Dave.
";

/// A sample command line with its arguments.
pub(crate) struct Sample {
    /// File name of its picture.
    pub name: &'static str,
    /// What the sample demonstrates.
    pub about: &'static str,
    /// The command line as a user types it.
    pub command: &'static str,
    /// Its arguments in the order of the command line.
    pub arguments: &'static [(&'static str, &'static str)],
    /// A message that is sent with it, as a file or on standard input.
    pub message: Option<&'static str>,
}

impl Sample {
    const fn new(
        name: &'static str,
        about: &'static str,
        command: &'static str,
        arguments: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self {
            name,
            about,
            command,
            arguments,
            message: None,
        }
    }

    /// Returns the command and its arguments as one line.
    pub(crate) fn line(&self) -> String {
        let values = self.arguments.iter().map(|(_, value)| *value);
        std::iter::once(self.command)
            .chain(values)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// The samples, from successful lookups to unusual ones.
pub(crate) const SAMPLES: [Sample; 12] = [
    Sample::new(
        "mx",
        "Good news; a table that fits a phone",
        "mx",
        &[("domain", "example.test")],
    ),
    Sample::new(
        "mx-broken",
        "Something to look at",
        "mx",
        &[("domain", "broken.example.test")],
    ),
    Sample::new(
        "nxdomain",
        "Bad news",
        "a",
        &[("domain", "nowhere.example.test")],
    ),
    Sample::new("txt", "Long values", "txt", &[("domain", "example.test")]),
    Sample::new(
        "hostile",
        "A text that would act",
        "txt",
        &[("domain", "hostile.example.test")],
    ),
    Sample::new("dns", "A wide table", "dns", &[("domain", "example.test")]),
    Sample::new(
        "dig",
        "What the wire said",
        "dig",
        &[("name", "example.test"), ("type", "MX")],
    ),
    Sample::new(
        "mistake",
        "A mistake",
        "dig",
        &[("name", "example.test"), ("type", "MXX")],
    ),
    Sample::new("geo", "Fields", "geo", &[("target", "1.1.1.1")]),
    Sample::new("port", "A short answer", "port", &[("query", "22")]),
    Sample {
        message: Some(MESSAGE),
        ..Sample::new("trace-mail", "A pasted message", "trace_mail", &[])
    },
    Sample::new(
        "howmail",
        "A drawn path",
        "howmail",
        &[
            ("from", "carol@example.test"),
            ("to", "dave@broken.example.test"),
        ],
    ),
];
