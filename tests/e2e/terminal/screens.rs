//! Every command on a terminal of 40, 80 and 200 columns: progress is redrawn in place, nothing of it is left when the
//! reply appears, and no line is wider than the screen.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use netvane_tests::{Dns, Netvane, Terminal, dns::ZONE, whois};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

const ROWS: u16 = 24;

const RECORDS: &str = r#"
here IN A 127.0.0.1
m IN MX 10 here.example.test.
m IN MX 20 gone.example.test.
m IN TXT "v=spf1 mx include:other.example.test -all"
long IN TXT "a text without end, as they are published to prove that a domain belongs to somebody, with many words"
"#;

/// Erases everything below the cursor: the program does it when it redraws.
const ERASE: &str = "\x1b[J";

/// The servers that the commands of this test ask.
struct Peers {
    dns: Dns,
    web: SocketAddr,
    whois: SocketAddr,
    settings: Vec<(&'static str, String)>,
}

impl Peers {
    fn start() -> Self {
        let dns = Dns::serving("example.test.", &format!("{ZONE}{RECORDS}"));
        let (web, mail) = (serve(answer_web), serve(answer_mail));
        let whois = whois::registry("127.0.0.1:0").expect("a free port");
        let settings = vec![
            ("NETVANE__DNS__SERVERS", dns.address.to_string()),
            ("NETVANE__DNS__TIMEOUT_MS", "1500".to_owned()),
            ("NETVANE__DNS__ROOT_HINTS", "root=127.0.0.1".to_owned()),
            (
                "NETVANE__DNS__PUBLIC_RESOLVERS",
                "one=127.0.0.1,two=127.0.0.2".to_owned(),
            ),
            ("NETVANE__SMTP__PORT", mail.port().to_string()),
            ("NETVANE__SMTP__HELO", "probe.example.test".to_owned()),
            ("NETVANE__WHOIS__ROOT", whois.to_string()),
            ("NETVANE__RDAP__ENABLED", "false".to_owned()),
            ("NETVANE__POLICY__ALLOW", "127.0.0.0/8".to_owned()),
        ];
        Self {
            dns,
            web,
            whois,
            settings,
        }
    }

    /// A line for every command that has a reply here.
    fn lines(&self) -> Vec<String> {
        let (port, whois) = (self.web.port(), self.whois);
        let plain = [
            "dns example.test",
            "a example.test",
            "aaaa www.example.test",
            "mx m.example.test",
            "ns example.test",
            "soa example.test",
            "txt long.example.test",
            "cname www.example.test",
            "srv _imaps._tcp.example.test",
            "caa example.test",
            "ptr 192.0.2.80",
            "dig example.test MX",
            "propagation example.test",
            "delegation example.test",
            "reverse example.test",
            "ip 192.0.2.1",
            "geo 8.8.8.8",
            "subnet 192.0.2.0/24",
            "mac 00:00:5e:00:53:01",
            "asn 64496",
            "ping 127.0.0.1 count=2",
            "trace 127.0.0.1",
            "mtr 127.0.0.1 count=2",
            "port https",
            "verify ann@m.example.test",
            "mailbox ann@m.example.test",
            "howmail ann@m.example.test bob@m.example.test",
            "spf m.example.test",
            "dkim m.example.test",
            "dmarc m.example.test",
            "blocklist 127.0.0.2",
            "mailcheck m.example.test",
            "ua Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "help howmail",
            "status",
            "places",
        ];
        let mut lines: Vec<String> = plain.map(String::from).into();
        lines.extend([
            format!("whois widget.test server={whois}"),
            format!("ports 127.0.0.1 {port},1"),
            format!("http http://127.0.0.1:{port}/to"),
            format!("tls 127.0.0.1:{port}"),
            "trace_mail Received: from a.example (a.example [8.8.8.8]) by b.example; Mon, 1 Jan 2024 00:00:00 +0000".into(),
        ]);
        lines
    }
}

/// Commands about the user's own HTTP request, which a terminal has not.
const WITHOUT_TERMINAL: [&str; 3] = ["myip", "myrequest", "myua"];

/// Serves each connection in a thread of its own.
fn serve(answer: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(stream));
        }
    });
    address
}

/// Redirects `/to` to `/`, which is a page.
fn answer_web(mut stream: TcpStream) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let _ = lines.take_while(|line| !line.is_empty()).count();
    let head = if first.contains(" /to ") {
        "302 Found\r\nLocation: /"
    } else {
        "200 OK\r\nContent-Type: text/html"
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
}

/// Accepts mail for `ann` only, and takes its time, so that there is progress.
fn answer_mail(mut stream: TcpStream) {
    let lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
    let _ = write!(stream, "220 here.example.test ESMTP\r\n");
    for line in lines.map_while(Result::ok) {
        thread::sleep(Duration::from_millis(40));
        let reply = match line.split(' ').next().unwrap_or_default() {
            "EHLO" => "250-here.example.test\r\n250-SIZE 1000000\r\n250 8BITMIME",
            "RCPT" if !line.contains("<ann@") => {
                "550 5.1.1 This user does not exist here, as far as this server knows"
            }
            "QUIT" => "221 2.0.0 Bye",
            _ => "250 2.0.0 OK",
        };
        let _ = write!(stream, "{reply}\r\n");
    }
}

/// What the program wrote after it erased its progress for the last time.
fn final_text(terminal: &Terminal) -> String {
    let written = String::from_utf8_lossy(&terminal.written).into_owned();
    match written.rsplit_once(ERASE) {
        Some((_, last)) => last.to_owned(),
        None => written,
    }
}

fn without_colors(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let end = part.find(|c: char| c.is_ascii_alphabetic());
        out + end.map_or("", |end| &part[end + 1..])
    })
}

/// Title of the reply to a line, or nothing if the lookup fails.
fn title(peers: &Peers, line: &str) -> String {
    let run = peers.settings.iter().fold(
        Netvane::new(words(line)).arg("--json"),
        |run, (name, value)| run.env(name, value),
    );
    let reply: Value = serde_json::from_str(&run.run().stdout).unwrap_or_default();
    reply["title"].as_str().unwrap_or_default().to_owned()
}

/// The command and its arguments; the last argument of some takes the rest of the line.
fn words(line: &str) -> Vec<&str> {
    let takes_the_rest = line.starts_with("ua ") || line.starts_with("trace_mail ");
    line.splitn(if takes_the_rest { 2 } else { 9 }, ' ')
        .collect()
}

/// Lines above the prompt, enough to put it at the bottom of the screen.
fn before() -> String {
    (1..=40)
        .map(|number| format!("before {number}\r\n"))
        .collect()
}

#[test]
fn every_command_leaves_nothing_but_its_reply() {
    let peers = Peers::start();
    let lines = peers.lines();
    covers_every_command(&lines);

    // A few at a time: too many would make the servers slow.
    let faults: Vec<String> = thread::scope(|scope| {
        let parts = lines.chunks(lines.len().div_ceil(4));
        let runs: Vec<_> = parts
            .map(|part| {
                scope.spawn(|| {
                    part.iter()
                        .flat_map(|line| faults_of(&peers, line))
                        .collect()
                })
            })
            .collect();
        let results = runs.into_iter().map(|run| run.join().expect("a list"));
        results.flat_map(|faults: Vec<String>| faults).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

fn faults_of(peers: &Peers, line: &str) -> Vec<String> {
    let title = title(peers, line);
    let widths = [40, 80, 200].into_iter();
    widths
        .filter_map(|columns| check(peers, line, columns, &title).err())
        .collect()
}

/// Runs a line on a terminal; the error says what is wrong on it.
fn check(peers: &Peers, line: &str, columns: u16, title: &str) -> Result<(), String> {
    let before = before();
    let mut terminal = Terminal::start(&words(line), &peers.settings, (ROWS, columns), &before);
    terminal.finish();

    let text = final_text(&terminal);
    let shown = terminal.shown();
    let fault = |what: &str| {
        Err(format!(
            "{line} at {columns}: {what}\n{}",
            shown[40..].join("\n")
        ))
    };
    if shown != terminal.rows_of(columns, &before, &text) {
        return fault("progress is left");
    }

    // A title that wraps is on several rows.
    let start: String = title.chars().take(20).collect();
    let titles = shown
        .iter()
        .filter(|row| row.starts_with(start.trim_end()))
        .count();
    if start.is_empty() || titles != 1 {
        return fault(&format!("{titles} titles"));
    }

    let is_wide = |row: &&str| row.width() > usize::from(columns);
    match without_colors(&text).lines().find(is_wide) {
        Some(row) => fault(&format!("wider than the screen: {row}")),
        None => Ok(()),
    }
}

fn covers_every_command(lines: &[String]) {
    let listed = Netvane::line("commands --json").run();
    let listed: Value = serde_json::from_str(listed.text()).expect("JSON");
    for command in listed["commands"].as_array().expect("a list") {
        let name = command["name"].as_str().expect("a name");
        let is_tested = lines
            .iter()
            .any(|line| line.split(' ').next() == Some(name));
        assert!(
            is_tested || WITHOUT_TERMINAL.contains(&name),
            "no line for `{name}`"
        );
    }
}

#[test]
fn progress_does_not_scroll_the_screen() {
    let peers = Peers::start();
    for line in [
        "verify ann@m.example.test",
        "howmail ann@m.example.test bob@m.example.test",
        "mailcheck m.example.test",
    ] {
        for columns in [40, 80] {
            let mut terminal = Terminal::start(&words(line), &peers.settings, (ROWS, columns), "");
            terminal.finish();
            let written = String::from_utf8_lossy(&terminal.written).into_owned();
            let (progress, _) = written.rsplit_once(ERASE).expect("progress");
            let rows = terminal.rows_of(columns, "", progress);
            assert!(
                rows.len() < usize::from(ROWS),
                "{line} at {columns}: {rows:#?}"
            );
        }
    }
}

#[test]
fn a_resize_in_between_leaves_nothing_behind() {
    let peers = Peers::start();
    for (from, to) in [(80, 40), (40, 120), (200, 60)] {
        for line in [
            "verify ann@m.example.test",
            "howmail ann@m.example.test bob@m.example.test",
        ] {
            let mut terminal =
                Terminal::start(&words(line), &peers.settings, (ROWS, from), "$\r\n");
            assert!(terminal.read_until(ERASE, 1), "{line} has progress");
            terminal.resize(to);
            terminal.finish();

            let text = final_text(&terminal);
            let shown = terminal.shown();
            assert_eq!(
                shown,
                terminal.rows_of(to, "$\r\n", &text),
                "{line} from {from} to {to}"
            );
        }
    }
}

#[test]
fn an_interrupt_removes_the_progress() {
    let peers = Peers::start();
    peers.dns.hold("here.example.test. A");
    let line = "howmail ann@m.example.test bob@m.example.test";
    let mut terminal = Terminal::start(&words(line), &peers.settings, (ROWS, 80), "$\r\n");
    assert!(terminal.read_until("How", 1), "progress");
    terminal.press("\x03");
    assert_eq!(terminal.finish(), 130);
    let written = String::from_utf8_lossy(&terminal.written).into_owned();
    assert_eq!(terminal.shown(), ["$"], "{written:?}");
}

#[test]
fn whois_ends_with_its_facts_and_shows_the_raw_text_only_on_request() {
    let peers = Peers::start();
    let line = format!("whois widget.test server={}", peers.whois);
    let run = |line: &str| Netvane::line(line).run().text().to_owned();

    let facts = run(&line);
    assert!(facts.contains("Registrar:     Example\n"), "{facts}");
    assert!(
        !facts.contains("Domain Name:") && !facts.contains(".txt"),
        "{facts}"
    );
    let raw = run(&format!("{line} raw"));
    assert!(raw.contains("Domain Name: widget.test\n"), "{raw}");
}
