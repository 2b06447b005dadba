//! What mail servers see of us, and what the lab itself serves.

use std::{fs, process::Command};

use netvane_tests::{Lab, until};

use super::verify;

/// Returns Postfix's log line at the end of the session that greeted as `name`.
fn postfix_session(log: &str, name: &str) -> Option<String> {
    let greeted = format!("helo=<{name}>");
    let mut lines = log.lines().skip_while(|line| !line.contains(&greeted));
    let process = lines.next()?.split_whitespace().nth(4)?;
    let ended = format!("{process} disconnect from ");
    lines.find(|line| line.contains(&ended)).map(str::to_owned)
}

#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn servers_see_our_name_and_quit_but_never_data() {
    let lab = Lab::mail();

    for (address, rcpt) in [("known", "1/2"), ("unknown", "0/2"), ("full", "0/2")] {
        let name = format!("{address}-{}.lab.test", std::process::id());

        verify(&lab, &format!("{address}@lab.test"))
            .env("NETVANE__SMTP__HELO", &name)
            .run()
            .json();

        let mut session = None;

        until("Postfix notes the end of the session", || {
            let log = fs::read_to_string(lab.value("POSTFIX_LOG")).expect("Postfix's log");
            session = postfix_session(&log, &name);
            session.is_some()
        });

        let session = session.expect("awaited");
        let commands = format!("ehlo=2 starttls=1 mail=1 rcpt={rcpt} quit=1 ");

        assert!(
            session.contains(&commands) && !session.contains(" data"),
            "{session}"
        );
        assert!(
            session.contains(&format!("{}[", lab.value("CLIENT_NAME"))),
            "{session}"
        );
    }

    let name = format!("exim-{}.lab.test", std::process::id());

    verify(&lab, "known@slow.test")
        .env("NETVANE__SMTP__HELO", &name)
        .run()
        .json();

    let end = format!(
        "SMTP connection from ({name}) [{}] closed by QUIT",
        lab.value("CLIENT6")
    );
    let mut log = String::new();

    until("Exim notes the end of the session", || {
        log = fs::read_to_string(lab.value("EXIM_LOG")).expect("Exim's log");
        log.contains(&end)
    });

    // Neither a message nor a rejected DATA.
    let unsent = format!(
        "H=({name}) [{}] incomplete transaction (QUIT) from <> for known@slow.test",
        lab.value("CLIENT6")
    );
    assert!(log.contains(&unsent), "{log}");
}

/// Returns the output of `openssl s_client` on one connection.
fn spoken(lab: &Lab, port: &str, starttls: &[&str]) -> String {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lab/in-client"));
    command.arg(lab.directory()).args([
        "timeout",
        "10",
        "openssl",
        "s_client",
        "-verify_return_error",
    ]);
    command
        .args([
            "-CAfile",
            lab.value("CA_FILE"),
            "-verify_hostname",
            "mail.lab.test",
        ])
        .args(starttls);
    command.args(["-connect", &format!("{}:{port}", lab.value("MAIL4"))]);
    let output = command
        .stdin(std::process::Stdio::null())
        .output()
        .expect("openssl starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Tests the lab itself: the SRV records that mail clients look up exist and lead to servers.
#[test]
#[ignore = "needs the mail lab, which tests/run brings up"]
fn srv_records_of_mail_clients_lead_to_servers() {
    let lab = Lab::mail();

    for (service, port, starttls) in [
        ("submissions", "465", &[][..]),
        ("submission", "587", &["-starttls", "smtp"]),
        ("imaps", "993", &[]),
        ("imap", "143", &["-starttls", "imap"]),
        ("pop3s", "995", &[]),
        ("pop3", "110", &["-starttls", "pop3"]),
    ] {
        let answers = lab.json(&format!("srv _{service}._tcp.lab.test"))["data"]["answers"].clone();
        assert_eq!(
            answers[0]["data"],
            format!("0 1 {port} mail.lab.test."),
            "{service}"
        );
        let said = spoken(&lab, port, starttls);
        assert!(said.contains("Verification: OK"), "{service}: {said}");
    }

    for (line, text) in [
        ("txt lab.test", "v=spf1 mx -all"),
        ("txt s1._domainkey.lab.test", "v=DKIM1; k=rsa; p="),
        ("txt _dmarc.lab.test", "v=DMARC1; p=reject"),
        ("txt _mta-sts.lab.test", "v=STSv1; id=20260101T000000"),
        (
            "txt _smtp._tls.lab.test",
            "v=TLSRPTv1; rua=mailto:postmaster@lab.test",
        ),
        ("srv _pop3._tcp.second.test", "0 0 0 ."),
        ("a autoconfig.lab.test", lab.value("WEB4")),
        ("aaaa mta-sts.lab.test", lab.value("WEB6")),
        ("ptr {CLIENT6}", "probe.lab.test."),
        ("ptr {MX2_6}", "mx2.lab.test."),
    ] {
        let answers = lab.json(line)["data"]["answers"].clone();
        assert!(
            answers[0]["data"]
                .as_str()
                .is_some_and(|data| data.contains(text)),
            "{line}: {answers}"
        );
    }
}
