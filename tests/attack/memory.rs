//! Attacks on memory: answers of servers and messages that are as large as they may be.

use std::net::SocketAddr;

use netvane_test_dns::{
    DnsServer,
    oversized::{self, DnsAnswers, SHAPES},
};
use netvane_tests::{Scratch, Service, http::Client, loopback};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{
    figures::at_most,
    network::{ask, client, serve},
};

const MIB: f64 = 1024.0 * 1024.0;
/// Most MiB that one request may take at its peak, with the pages that the allocator takes for it.
const PEAK: f64 = 4.0;
/// The same in MiB for a debug build, whose frames and futures are larger.
const DEBUG_PEAK: f64 = 6.0;

/// The bound in MB for the program that is attacked.
fn peak_bound() -> f64 {
    let peak = if is_debug() { DEBUG_PEAK } else { PEAK };
    peak * MIB / 1e6
}

fn is_debug() -> bool {
    std::env::var("NETVANE_BIN").is_ok_and(|program| program.contains("/debug/"))
}
/// A DNS server with large answers, and the runtime of this and of other servers.
pub(crate) struct Oversized {
    pub(crate) dns: SocketAddr,
    pub(crate) runtime: Runtime,
}

impl Oversized {
    pub(crate) fn start() -> Self {
        let runtime = loopback::runtime(1);
        let dns = runtime.block_on(DnsAnswers::start()).address;
        Self { dns, runtime }
    }

    /// Starts a whois server with this answer.
    pub(crate) fn whois(&self, text: Vec<u8>) -> SocketAddr {
        self.runtime.block_on(oversized::whois(text))
    }

    /// Starts an RDAP server with this answer; returns the directory of bootstrap files.
    pub(crate) fn rdap(&self, body: String) -> Scratch {
        let directory = Scratch::new();
        self.runtime
            .block_on(oversized::rdap(body, directory.path()));
        directory
    }
}

/// Runs something with each of these numbers and returns the least memory in MB of 1,000,000 bytes
/// that it took at its peak. The first run also needs the code that it executes in memory.
fn peak_of(service: &Service, mut run: impl FnMut(usize)) -> f64 {
    let peaks = (0..2).map(|round| {
        service.forget_peak();
        let before = service.resident();
        run(round);
        service.peak() - before
    });
    peaks.fold(f64::MAX, f64::min)
}

/// Starts a service that has already built what is built on first use, and gives memory that is free
/// back to the system, so that the peak of each request is its own.
fn warm(dns: SocketAddr, lines: &[&str], more: &[(&str, &str)]) -> Service {
    let mut settings = vec![("MIMALLOC_PURGE_DELAY", "0")];
    settings.extend(more);
    let service = serve(dns, &settings);
    for round in 0..3 {
        for line in lines {
            ask(&service, client(900 + round), line);
        }
    }
    service
}

/// The commands that show what a DNS server answers.
const COMMANDS: [&str; 14] = [
    "a", "ns", "mx", "soa", "txt", "cname", "caa", "srv", "dns", "dig", "reverse", "mailbox",
    "howmail", "ip",
];

#[test]
fn replies_are_bounded_whatever_a_dns_server_answers() {
    let servers = Oversized::start();
    let (mut peak, mut data, mut body) = (0_f64, 0, 0);

    for shape in SHAPES {
        let warm_up = COMMANDS.map(|name| format!("{name} warm.test"));
        let service = warm(servers.dns, &warm_up.each_ref().map(String::as_str), &[]);
        for (number, command) in COMMANDS.into_iter().enumerate() {
            let line = |round| format!("{command} {command}{round}.{shape}.test");
            let took = peak_of(&service, |round| {
                ask(&service, client(number), &line(round));
            });
            peak = peak.max(took);
            let reply = ask(&service, client(number), &line(0));
            body = body.max(reply.body.len());
            if let Ok(reply) = serde_json::from_slice::<Value>(&reply.body) {
                data = data.max(reply["data"].to_string().len());
            }
        }
    }

    at_most(
        "memory: peak of a lookup of 64 KiB of DNS records",
        peak,
        peak_bound(),
        "MB",
    );
    at_most(
        "memory: data of a reply",
        data as f64 / 1024.0,
        256.0,
        "KiB",
    );
    at_most(
        "memory: a reply with blocks",
        body as f64 / 1024.0,
        1024.0,
        "KiB",
    );
}

#[test]
fn what_is_left_out_of_a_reply_is_counted() {
    let servers = Oversized::start();
    let service = serve(servers.dns, &[]);
    for shape in SHAPES {
        let reply = ask(&service, client(1), &format!("ns {shape}.test")).json();
        let truncated = &reply["data"]["truncated"];
        let (shown, total) = (truncated["shown"].as_u64(), truncated["total"].as_u64());
        assert!(shown < total, "{shape}: {truncated}");
    }
}

#[test]
fn a_thousand_large_replies_stay_within_the_cache() {
    let servers = Oversized::start();
    let service = warm(servers.dns, &["dig warm.test", "dns warm.test"], &[]);
    let before = service.resident();
    for number in 0..1000 {
        let shape = SHAPES[number % SHAPES.len()];
        let line = format!("dig {number}.{shape}.test NS");
        let reply = ask(&service, client(number / 20), &line);
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    // 64 MB by default, and the fragments between what the cache holds.
    let grown = service.resident() - before;
    at_most(
        "memory: 1,000 large replies, 64 MB of cache",
        grown,
        128.0,
        "MB",
    );
}

#[test]
fn large_registry_answers_take_bounded_memory() {
    let servers = Oversized::start();
    let mut peak = 0_f64;

    for (_, text) in oversized::whois_answers() {
        let server = servers.whois(text);
        let settings = [
            ("NETVANE__POLICY__ALLOW", "127.0.0.0/8"),
            ("NETVANE__POLICY__PORTS__SERVER", "1-65535"),
        ];
        let service = warm(
            servers.dns,
            &["whois example.test server=127.0.0.1:1"],
            &settings,
        );
        let took = peak_of(&service, |round| {
            let line = format!("whois example{round}.test server={server}");
            ask(&service, client(1), &line);
        });
        peak = peak.max(took);
    }
    at_most(
        "memory: peak of 256 KiB from a whois server",
        peak,
        peak_bound(),
        "MB",
    );

    let mut peak = 0_f64;
    for (name, body) in oversized::rdap_answers() {
        let directory = servers.rdap(body);
        let directory = directory.path().display().to_string();
        let settings = [
            ("NETVANE__POLICY__ALLOW", "127.0.0.0/8"),
            ("NETVANE__RDAP__BOOTSTRAP", directory.as_str()),
        ];
        let service = warm(servers.dns, &["whois 198.51.100.1 source=rdap"], &settings);
        let took = peak_of(&service, |round| {
            let line = format!("whois 192.0.2.{} source=rdap", round + 1);
            ask(&service, client(1), &line);
        });
        println!("RDAP, {name}: {took:.1} MB");
        peak = peak.max(took);
    }
    at_most(
        "memory: peak of 1 MiB from an RDAP server",
        peak,
        peak_bound(),
        "MB",
    );
}

/// Sends a message as the body of a request, as a program uploads a file.
fn upload(service: &Service, message: &str) {
    let reply = Client::connect_from(client(3), service.address).ask(
        "POST /v1/commands/trace_mail",
        &[("Content-Type", "message/rfc822")],
        message.as_bytes(),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[test]
fn large_messages_take_bounded_memory() {
    let servers = Oversized::start();
    let (mut peak, mut uploads) = (0_f64, 0_f64);
    let body = "a line of a body\r\n".repeat(1_300_000);
    for (name, message) in oversized::messages() {
        let service = warm(servers.dns, &["trace_mail Subject: hello"], &[]);
        let took = peak_of(&service, |round| {
            ask(
                &service,
                client(1),
                &format!("trace_mail X-N: {round}\n{message}"),
            );
        });
        let streamed = peak_of(&service, |round| {
            upload(&service, &format!("X-N: {round}\n{message}\r\n\r\n{body}"));
        });
        println!("{name}: {took:.1} MB, with 23 MB of body {streamed:.1} MB");
        peak = peak.max(took);
        uploads = uploads.max(streamed);
    }
    let what = "memory: peak of a message of 0.5 MB in a command";
    at_most(what, peak, peak_bound(), "MB");
    let what = "memory: peak of a message of 24 MB, streamed";
    at_most(what, uploads, peak_bound(), "MB");
}

#[test]
fn large_responses_over_quic_take_bounded_memory() {
    let runtime = loopback::runtime(1);
    let text = format!("\"{}\" ", "x".repeat(250)).repeat(60);
    let records = ["big0", "big1"].map(|name| {
        let records = (0..4).map(|number| format!("{name} IN TXT \"{number}\" {text}\n"));
        records.collect::<String>()
    });
    let zone = format!("{}{}", netvane_tests::dns::ZONE, records.concat());
    let mut server = runtime.block_on(DnsServer::start("example.test.", &zone));
    let (quic, authority) = runtime.block_on(async { server.over_quic() });
    let directory = Scratch::new();
    let authority = directory.file("ca.pem", authority).display().to_string();
    let settings = [
        ("NETVANE__POLICY__ALLOW", "127.0.0.0/8"),
        ("NETVANE__POLICY__PORTS__RESOLVER", "1-65535"),
        ("NETVANE__TLS__CA_FILES", authority.as_str()),
    ];
    let service = warm(server.address, &["txt example.test"], &settings);

    let peak = peak_of(&service, |round| {
        let resolver = format!("resolver=quic://{quic}#dns.example.test");
        let line = format!("txt big{round}.example.test {resolver}");
        let reply = ask(&service, client(1), &line).json();
        assert_eq!(reply["data"]["transport"], "quic", "{line}");
    });
    let what = "memory: peak of a lookup of 60 KB over QUIC";
    at_most(what, peak, peak_bound(), "MB");
}

#[test]
fn an_idle_service_is_small() {
    let servers = Oversized::start();
    let service = serve(servers.dns, &[]);
    assert_eq!(service.get("/healthz").status, 200);
    std::thread::sleep(std::time::Duration::from_secs(2));
    // The rest of what is resident are pages of the program's file, which the system can drop.
    let (own, all) = (service.own_memory(), service.resident());
    at_most("memory: an idle service", own, 25.0, "MB");
    let program = if is_debug() { 100.0 } else { 50.0 };
    at_most(
        "memory: an idle service and its program",
        all,
        program,
        "MB",
    );
}
