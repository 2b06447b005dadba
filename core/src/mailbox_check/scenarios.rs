//! Runs every scenario of `scripts/`: one verification against scripted mail servers, with its
//! expected result.

#![expect(clippy::disallowed_methods, reason = "servers for tests need sockets")]

mod manners;
pub(crate) mod server;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt, stream};
use netvane_net::smtp::{Cleartext, Exchange, Opportunistic, Settings};
use serde::Deserialize;

use crate::{
    args::mailbox::parse,
    mailbox_check::{Report, Verifier},
};
use server::{Script, Seen, Server};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    #[serde(default = "ada")]
    address: String,
    verdict: String,
    reason: String,
    #[serde(default)]
    checks: BTreeMap<String, Option<bool>>,
    /// Checks that must be null.
    #[serde(default)]
    unmade: Vec<String>,
    /// Expected number of connections to all mail servers.
    #[serde(default = "one")]
    connections: usize,
    retry_after: Option<u64>,
    mail_from: Option<String>,
    #[serde(default)]
    cleartext: Cleartext,
    /// Lines that at least one connection must receive.
    #[serde(default)]
    saw: Vec<String>,
    /// Texts that the transcript must contain.
    #[serde(default)]
    says: Vec<String>,
    encrypted: Option<bool>,
    exchange: Vec<Script>,
}

const CONTACT: &str = r#"netvane/1 (contact "the \ desk")"#;

fn ada() -> String {
    "ada@example.test".into()
}

fn one() -> usize {
    1
}

/// All scripts, or those whose path contains `SCENARIO` (environment variable).
fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mailbox_check/scenarios/scripts");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("there")
        .map(|entry| entry.expect("there").path())
        .collect();
    files.sort();
    let only = std::env::var("SCENARIO").unwrap_or_default();
    files.retain(|file| file.to_string_lossy().contains(&only));
    assert!(!only.is_empty() || files.len() >= 60, "{}", files.len());
    files
}

/// A server's certificate and a client that trusts it.
pub(crate) fn encryption() -> (Arc<rustls::ServerConfig>, Opportunistic) {
    let key = rcgen::generate_simple_self_signed(["mx1.example.test".to_owned()]).expect("there");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("there")
        .with_no_client_auth()
        .with_single_cert(
            vec![key.cert.der().clone()],
            rustls_pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der())
                .expect("there"),
        )
        .expect("there");

    let mut roots = rustls::RootCertStore::empty();
    roots.add(key.cert.der().clone()).expect("there");
    (Arc::new(server), Opportunistic::new(roots).expect("there"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios() {
    let (server, client) = encryption();

    // With and without a contact: it must not change the result.
    let runs = scripts()
        .into_iter()
        .flat_map(|file| [(file.clone(), None), (file, Some(CONTACT))]);
    let outcomes: Vec<Result<(), String>> = stream::iter(runs)
        .map(|(file, contact)| {
            let (server, client) = (server.clone(), client.clone());
            let text = std::fs::read_to_string(&file).expect("there");
            async move {
                let name = file
                    .file_stem()
                    .expect("there")
                    .to_string_lossy()
                    .into_owned();
                let scenario: Scenario =
                    toml::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
                let played = play(scenario, contact, server, client).await;
                played.map_err(|fault| format!("{name}, contact {contact:?}: {fault}"))
            }
        })
        .buffer_unordered(6)
        .collect()
        .await;

    let faults: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().err())
        .cloned()
        .collect();

    println!("{} scenarios", outcomes.len());
    assert!(
        faults.is_empty(),
        "{} of {}:\n{}",
        faults.len(),
        outcomes.len(),
        faults.join("\n")
    );
}

/// Verifies the scenario's address at servers that follow its scripts.
async fn play(
    scenario: Scenario,
    contact: Option<&str>,
    tls: Arc<rustls::ServerConfig>,
    client: Opportunistic,
) -> Result<(), String> {
    let mailbox = parse(&scenario.address).map_err(|error| error.to_string())?;
    let (mut servers, mut exchanges) = (Vec::new(), Vec::new());

    for (at, script) in scenario.exchange.iter().enumerate() {
        let server = Server::start(script.clone(), &mailbox.wire(), tls.clone())
            .await
            .expect("there");
        exchanges.push(Exchange {
            preference: 10 * at as u16,
            host: format!("mx{}.example.test", at + 1),
            addresses: server.addresses.clone(),
        });
        servers.push(server);
    }

    let mut grown = 0;
    let verifier = verifier(&scenario, contact, client);
    let report = verifier
        .verify(&mailbox, &exchanges, |entries| grown = entries.len())
        .await;
    assert_eq!(grown, report.transcript.len());

    let mut seen = Vec::new();
    for server in servers {
        seen.extend(server.finish().await);
    }

    let transcript = serde_json::to_string_pretty(&report.transcript).expect("there");
    let mut faults = Faults::default();
    faults.of_report(&scenario, &report);
    faults.of_transcript(&scenario, &transcript);
    faults.of_encryption(&scenario, &report, &seen);
    faults.of_lines(&scenario, &seen);
    for seen in &seen {
        faults.of_manners(&scenario, contact, seen);
    }

    match &faults.0[..] {
        [] => Ok(()),
        faults => Err(format!("{}\n{transcript}", faults.join("; "))),
    }
}

fn verifier(scenario: &Scenario, contact: Option<&str>, client: Opportunistic) -> Verifier {
    Verifier {
        settings: Settings {
            helo: "probe.example.net".into(),
            contact: contact.map(str::to_owned),
            mail_from: scenario.mail_from.clone(),
            cleartext: scenario.cleartext,
            connect: Duration::from_secs(2),
            stage: Duration::from_millis(700),
            total: Duration::from_secs(6),
            greylist_wait: Duration::from_millis(1500),
            greylist_pause: Duration::from_millis(100),
            ..Settings::default()
        },
        tls: Some(client),
        ..Verifier::default()
    }
}

/// Differences from what the scenario expects.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn check(&mut self, holds: bool, what: String) {
        if !holds {
            self.0.push(what);
        }
    }

    fn of_report(&mut self, scenario: &Scenario, report: &Report) {
        let json = serde_json::to_value(report).expect("there");
        let (verdict, reason) = (&json["verdict"], &json["reason"]);
        self.check(*verdict == scenario.verdict, format!("verdict {verdict}"));
        self.check(*reason == scenario.reason, format!("reason {reason}"));

        for (name, expected) in &scenario.checks {
            let result = &json["checks"][name];
            self.check(
                *result == serde_json::json!(expected),
                format!("{name} {result}"),
            );
        }

        for name in &scenario.unmade {
            let result = &json["checks"][name];
            self.check(result.is_null(), format!("{name} {result}"));
        }

        self.check(
            scenario.retry_after == report.retry_after,
            format!("retry_after {:?}", report.retry_after),
        );
    }

    fn of_transcript(&mut self, scenario: &Scenario, transcript: &str) {
        for words in &scenario.says {
            self.check(transcript.contains(words), format!("nothing of {words}"));
        }
    }

    fn of_encryption(&mut self, scenario: &Scenario, report: &Report, seen: &[Seen]) {
        let Some(encrypted) = scenario.encrypted else {
            return;
        };
        self.check(
            seen.iter().any(|seen| seen.encrypted) == encrypted,
            "encryption".into(),
        );
        self.check(
            report.tls.is_some() == encrypted,
            format!("tls {:?}", report.tls),
        );
    }

    fn of_lines(&mut self, scenario: &Scenario, seen: &[Seen]) {
        self.check(
            seen.len() == scenario.connections,
            format!("{} connections", seen.len()),
        );

        for line in &scenario.saw {
            self.check(
                seen.iter().any(|seen| seen.lines.contains(line)),
                format!("no {line}"),
            );
        }
    }

    /// Rules for every session: it ends with one QUIT, no command is early, no unneeded verb is
    /// sent.
    fn of_manners(&mut self, scenario: &Scenario, contact: Option<&str>, seen: &Seen) {
        let count = |verb: &str| seen.lines.iter().filter(|it| it.starts_with(verb)).count();
        let (noops, told) = (count("NOOP"), usize::from(contact.is_some()));
        let quits = seen.lines.iter().filter(|line| *line == "QUIT").count();
        let last = seen.lines.last().is_some_and(|line| line == "QUIT");

        self.check(
            noops == told || noops == 0 && (seen.left || scenario.reason == "not_smtp"),
            format!("{noops} NOOPs"),
        );
        self.check(
            seen.left || quits == 1 && last,
            format!("no QUIT: {:?}", seen.lines),
        );
        self.check(
            !seen.early,
            format!("a command came too early: {:?}", seen.lines),
        );

        for line in &seen.lines {
            let verb = line.split(' ').next().unwrap_or_default().to_uppercase();
            let introduced =
                contact.is_some() && line == r#"NOOP "netvane/1 (contact \"the \\ desk\")""#;
            let needed = ["EHLO", "HELO", "STARTTLS", "MAIL", "RCPT", "RSET", "QUIT"];
            self.check(
                introduced || needed.contains(&&*verb),
                format!("sent {line}"),
            );
            self.check(
                !matches!(&*verb, "EHLO" | "HELO") || line.ends_with(" probe.example.net"),
                format!("sent {line}"),
            );
        }
    }
}
