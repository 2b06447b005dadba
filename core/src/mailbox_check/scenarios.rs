//! Every scenario of `scripts/`: one verification against scripted exchanges, its verdict and its manners.

#![expect(clippy::disallowed_methods, reason = "servers for tests need sockets")]

mod manners;
pub(crate) mod server;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use crate::{args::mailbox::parse, mailbox_check::Verifier};
use futures::{StreamExt, stream};
use netvane_net::smtp::{Exchange, Opportunistic, Settings};
use serde::Deserialize;
use server::{Script, Server};

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
    /// Connections over all exchanges.
    #[serde(default = "one")]
    connections: usize,
    retry_after: Option<u64>,
    mail_from: Option<String>,
    /// Lines that some connection must have seen.
    #[serde(default)]
    saw: Vec<String>,
    /// Words of the transcript.
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mailbox_check/scenarios/scripts");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("there")
        .map(|entry| entry.expect("there").path())
        .collect();
    files.sort();
    let only = std::env::var("SCENARIO").unwrap_or_default();
    files.retain(|file| file.to_string_lossy().contains(&only));
    assert!(!only.is_empty() || files.len() >= 60, "{}", files.len());
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
    let client = Opportunistic::new(roots).expect("there");
    let server = Arc::new(server);

    // With and without a contact: it is said for whoever reads it, and changes nothing.
    let runs = files
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

    let verifier = Verifier {
        settings: Settings {
            helo: "probe.example.net".into(),
            contact: contact.map(str::to_owned),
            mail_from: scenario.mail_from.clone(),
            connect: Duration::from_secs(2),
            stage: Duration::from_millis(700),
            total: Duration::from_secs(6),
            greylist_wait: Duration::from_millis(1500),
            greylist_pause: Duration::from_millis(100),
            ..Settings::default()
        },
        tls: Some(client),
        ..Verifier::default()
    };

    let mut grown = 0;
    let report = verifier
        .verify(&mailbox, &exchanges, |entries| grown = entries.len())
        .await;
    assert_eq!(grown, report.transcript.len());
    let json = serde_json::to_value(&report).expect("there");
    let transcript = serde_json::to_string_pretty(&report.transcript).expect("there");
    let mut faults = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            faults.push(what);
        }
    };

    check(
        json["verdict"] == scenario.verdict,
        format!("verdict {}", json["verdict"]),
    );
    check(
        json["reason"] == scenario.reason,
        format!("reason {}", json["reason"]),
    );

    for (name, expected) in &scenario.checks {
        check(
            json["checks"][name] == serde_json::json!(expected),
            format!("{name} {}", json["checks"][name]),
        );
    }

    for name in &scenario.unmade {
        check(
            json["checks"][name].is_null(),
            format!("{name} {}", json["checks"][name]),
        );
    }

    check(
        scenario.retry_after == report.retry_after,
        format!("retry_after {:?}", report.retry_after),
    );

    let mut seen = Vec::new();
    for server in servers {
        seen.extend(server.finish().await);
    }

    check(
        seen.len() == scenario.connections,
        format!("{} connections", seen.len()),
    );

    for line in &scenario.saw {
        check(
            seen.iter().any(|seen| seen.lines.contains(line)),
            format!("no {line}"),
        );
    }

    for words in &scenario.says {
        check(transcript.contains(words), format!("nothing of {words}"));
    }

    if let Some(encrypted) = scenario.encrypted {
        check(
            seen.iter().any(|seen| seen.encrypted) == encrypted,
            "encryption".into(),
        );
        check(
            report.tls.is_some() == encrypted,
            format!("tls {:?}", report.tls),
        );
    }

    for seen in &seen {
        let noops = seen
            .lines
            .iter()
            .filter(|line| line.starts_with("NOOP"))
            .count();

        let told = usize::from(contact.is_some());

        check(
            noops == told || noops == 0 && (seen.left || scenario.reason == "not_smtp"),
            format!("{noops} NOOPs"),
        );

        let quits = seen.lines.iter().filter(|line| *line == "QUIT").count();
        let last = seen.lines.last().is_some_and(|line| line == "QUIT");

        check(
            seen.left || quits == 1 && last,
            format!("no QUIT: {:?}", seen.lines),
        );
        check(
            !seen.early,
            format!("a command came too early: {:?}", seen.lines),
        );

        for line in &seen.lines {
            let verb = line.split(' ').next().unwrap_or_default().to_uppercase();
            let introduced =
                contact.is_some() && line == r#"NOOP "netvane/1 (contact \"the \\ desk\")""#;
            check(
                introduced
                    || ["EHLO", "HELO", "STARTTLS", "MAIL", "RCPT", "RSET", "QUIT"]
                        .contains(&&*verb),
                format!("sent {line}"),
            );
            check(
                !matches!(&*verb, "EHLO" | "HELO") || line.ends_with(" probe.example.net"),
                format!("sent {line}"),
            );
        }
    }

    if faults.is_empty() {
        Ok(())
    } else {
        Err(format!("{}\n{transcript}", faults.join("; ")))
    }
}
