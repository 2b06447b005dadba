//! The memory that one request takes at its peak, and that its reply keeps in the cache, whatever servers answer.
//!
//! One test, because it counts every allocation of the process.

mod memory {
    pub(crate) mod allocations;
}

use std::time::Duration;

use memory::allocations::{self, MIB};
use netvane_core::{
    Engine, Platform,
    request::{Input, Request, mail_upload::MailUpload},
    settings::Settings,
};
use netvane_test_dns::oversized::{self, DnsAnswers};

/// Largest number of bytes that a request may take at its peak.
const MAX_PEAK: usize = 4 * MIB;
/// The same for a signed message that is uploaded, whatever its size.
const MAX_PEAK_OF_UPLOAD: usize = MIB;

fn settings(dns: &DnsAnswers, variables: &[(&str, String)]) -> Settings {
    let always = [
        ("DNS__SERVERS", dns.address.to_string()),
        ("DNS__TIMEOUT_MS", "1000".into()),
        ("DNS__ATTEMPTS", "1".into()),
        ("SMTP__TIMEOUT_MS", "300".into()),
        ("LIMITS__PER_ANONYMOUS", "1000000".into()),
        ("LIMITS__PER_TARGET", "1000000".into()),
        ("LIMITS__HOSTS_PER_NETWORK", "1000000".into()),
        ("POLICY__ALLOW", "127.0.0.0/8".into()),
        ("POLICY__PORTS__SERVER", "1-65535".into()),
    ];
    let all = always.iter().chain(variables);
    let all = all.map(|(key, value)| (format!("NETVANE__{key}"), value.clone()));
    Settings::load(None, all).expect("settings")
}

/// Uploads a signed message of this size, runs the command on it, and returns the same.
async fn measure_upload(engine: &Engine, size: usize) -> (usize, String) {
    let head = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.test; s=s; h=from; bh=AAAA; b=AAAA\r\n\
        DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=a.test; s=s; h=from; bh=AAAA; b=AAAA\r\n\
        From: Ann <ann@a.test>\r\n\r\n";
    let lines = "A line of the body, as long as usual. \r\n".repeat(400);
    let before = allocations::start();

    let mut upload = MailUpload::default();
    upload.push(head.as_bytes()).await.expect("it fits");
    for part in std::iter::repeat_n(lines.as_bytes(), size / lines.len() - 1) {
        upload.push(part).await.expect("it fits");
    }
    let message = upload.finish().await.expect("a message");
    let arguments = serde_json::Map::from_iter([("message".to_owned(), message.into())]);
    let input = Input::Named {
        name: "trace_mail".into(),
        arguments,
    };
    let reply = engine
        .ask(Request::new(Platform::Terminal, input), |_| {})
        .await;
    let peak = allocations::peak().saturating_sub(before);

    let json: serde_json::Value =
        serde_json::from_str(&reply.expect("a reply").to_json()).expect("JSON");
    let signatures = json["data"]["authentication"]["dkim"].as_array();
    (
        peak,
        format!("{} signatures", signatures.map_or(0, Vec::len)),
    )
}

/// Runs a line and returns the bytes that it took at its peak, with a short form of the outcome.
async fn measure(engine: &Engine, line: &str) -> (usize, String) {
    let request = Request::new(Platform::Terminal, Input::Text(line.into()));
    let before = allocations::start();
    let reply = engine.ask(request, |_| {}).await;
    let peak = allocations::peak().saturating_sub(before);

    let outcome = match &reply {
        Ok(reply) => {
            let json = reply.to_json();
            assert!(
                json.len() <= MIB + (line.len() + 1000) * 2,
                "{} bytes",
                json.len()
            );
            let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
            let data = serde_json::to_string(&json["data"]).expect("serializes");
            assert!(data.len() <= 256 << 10, "{} bytes of data", data.len());
            format!(
                "{} bytes of data, truncated: {}",
                data.len(),
                json["data"]["truncated"]
            )
        }
        Err(failure) => failure.to_string(),
    };
    (peak, outcome)
}

#[test]
fn no_answer_makes_a_request_take_much_memory() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(300), all())
            .await
            .expect("in time");
    });
}

async fn all() {
    let mut failed = Vec::new();
    let mut check_below = |most: usize, what: &str, peak: usize, outcome: &str| {
        let peak_kib = peak >> 10;
        println!("{what}: {peak_kib} KiB at the peak; {outcome}");
        if peak > most {
            failed.push(format!("{what}: {peak_kib} KiB"));
        }
    };

    let dns = DnsAnswers::start().await;
    let engine = Engine::new(&settings(&dns, &[])).expect("an engine");
    // What is built on first use is no part of a request.
    for line in [
        "a warm.test",
        "dig warm.test tcp",
        "dns warm.test",
        "whois warm.test server=127.0.0.1:1",
    ] {
        measure(&engine, line).await;
    }

    for shape in oversized::SHAPES {
        dns.answer_with(shape);
        for command in [
            "a", "ns", "mx", "soa", "txt", "cname", "caa", "srv", "dns", "dig", "reverse",
            "mailbox", "howmail", "ip",
        ] {
            let line = format!("{command} {command}.{shape}.test");
            let (peak, outcome) = measure(&engine, &line).await;
            check_below(MAX_PEAK, &line, peak, &outcome);
        }
        let line = format!("dig {shape}.test ANY tcp dnssec");
        let (peak, outcome) = measure(&engine, &line).await;
        check_below(MAX_PEAK, &line, peak, &outcome);
    }

    for (name, text) in oversized::whois_answers() {
        let server = oversized::whois(text).await;
        let line = format!("whois example.test server={server}");
        let (peak, outcome) = measure(&engine, &line).await;
        check_below(MAX_PEAK, &format!("whois of {name}"), peak, &outcome);
    }

    for (name, body) in oversized::rdap_answers() {
        let bootstrap = tempfile::tempdir().expect("a directory");
        let _server = oversized::rdap(body, bootstrap.path()).await;
        let directory = bootstrap.path().display().to_string();
        let variables = [("RDAP__BOOTSTRAP", directory)];
        let engine = Engine::new(&settings(&dns, &variables)).expect("an engine");
        measure(&engine, "whois 192.0.2.7 source=rdap").await;
        let (peak, outcome) = measure(&engine, "whois 192.0.2.1 source=rdap").await;
        check_below(MAX_PEAK, &format!("rdap of {name}"), peak, &outcome);
    }

    for (name, message) in oversized::messages() {
        let line = format!("trace_mail {message}");
        let (peak, outcome) = measure(&engine, &line).await;
        check_below(MAX_PEAK, &format!("message of {name}"), peak, &outcome);
    }

    for size in [1, 25] {
        let (peak, outcome) = measure_upload(&engine, size * MIB).await;
        let what = format!("upload of {size} MiB");
        check_below(MAX_PEAK_OF_UPLOAD, &what, peak, &outcome);
    }

    assert!(failed.is_empty(), "{}", failed.join("\n"));
    check_cache(&dns).await;
}

/// Many large replies take no more memory than the cache may have.
async fn check_cache(dns: &DnsAnswers) {
    let most = 8 * MIB;
    let variables = [("LIMITS__CACHE_BYTES", most.to_string())];
    let engine = Engine::new(&settings(dns, &variables)).expect("an engine");
    measure(&engine, "a warm.test").await;

    for shape in oversized::SHAPES {
        dns.answer_with(shape);
        let before = allocations::start();
        for number in 0..80 {
            let line = format!("dig {number}.{shape}.test NS");
            let (_, outcome) = measure(&engine, &line).await;
            assert!(outcome.contains("bytes of data"), "{line}: {outcome}");
        }
        let kept = allocations::current().saturating_sub(before);
        println!("80 cached replies of {shape}: {} KiB", kept >> 10);
        assert!(kept <= most, "{shape}: {kept} bytes");
    }
}
