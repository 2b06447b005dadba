//! Hostile text in a reply, and what a mail server sees of us.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use netvane_tests::{Dns, Hostile, Netvane, is_harmless};

#[test]
fn hostile_text_reaches_no_terminal() {
    let server = Hostile::start();
    for line in [
        "txt control.example.com",
        "mx control.example.com",
        "a edeonly.example.com",
        "dns control.example.com",
    ] {
        for form in ["", "--markdown"] {
            let run = Netvane::line(&format!("{line} {form}"))
                .dns(server.address)
                .run();
            assert!(is_harmless(run.text()), "{line} {form}: {:?}", run.stdout);
        }
    }
}

/// Starts a mail server that greets and accepts everything; the thread returns the lines of its one
/// client.
fn mail_server(listener: TcpListener) -> thread::JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        let mut stream = BufReader::new(stream);
        let says = |stream: &mut BufReader<TcpStream>, reply: &str| {
            let _ = stream.get_mut().write_all(reply.as_bytes());
        };
        says(&mut stream, "220 mail.example.test\r\n");
        let mut heard = Vec::new();
        let mut line = String::new();
        while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
            heard.push(line.trim_end().to_owned());
            says(&mut stream, "250 mail.example.test\r\n");
            line.clear();
        }
        heard
    })
}

#[test]
fn a_mail_server_sees_our_name_and_gets_a_quit() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port().to_string();
    let server = mail_server(listener);
    let zone = "m IN MX 10 here.example.test.\nhere IN A 127.0.0.1\n";
    let dns = Dns::serving(
        "example.test.",
        &format!("{}{zone}", netvane_tests::dns::ZONE),
    );
    let run = Netvane::line("--json verify ann@m.example.test")
        .dns(dns.address)
        .env("NETVANE__SMTP__PORT", port)
        .env("NETVANE__SMTP__HELO", "probe.example.test")
        .env("NETVANE__POLICY__ALLOW", "127.0.0.0/8")
        .env("NETVANE__POLICY__CONTACT", "noc@example.test")
        .run();

    assert_eq!(
        run.json()["data"]["verdict"],
        "risky",
        "it takes every address"
    );

    let heard = server.join().expect("a dialogue");
    assert_eq!(heard[0], "EHLO probe.example.test");
    let [.., introduced, last] = &heard[..] else {
        panic!("{heard:?}")
    };

    assert!(
        introduced.starts_with("NOOP \"netvane/")
            && introduced.ends_with("(contact noc@example.test)\""),
        "{heard:?}"
    );

    assert_eq!(last, "QUIT");
}
