//! A batch of `a` lookups, each of a different name, compared with the bare resolver and with
//! dnspython.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use futures::{StreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    bare,
    service::Service,
    table::{Row, Target},
};

/// Concurrent lookups, the same for Netvane (its default) and its peers.
const AT_ONCE: usize = 64;
/// Names in a batch; the peer resolves half as many before it and half as many after it.
const NAMES: usize = 100_000;
/// Number of names for the slower peer.
const FEWER: usize = 10_000;

/// Measures both rows of the batch.
pub(crate) async fn measure(
    program: &Path,
    dns: SocketAddr,
    log: &Path,
) -> anyhow::Result<Vec<Row>> {
    let service = Service::netvane(program, dns, log).await?;

    // Warm up: one-time costs are not measured.
    ask(service.address, "warm", 20_000).await?;
    resolve(dns, "ready", 2_000).await?;
    let before = service.resident()?;
    let first = resolve(dns, "first", NAMES / 2).await?;
    let (elapsed, most) = ask_watched(&service, NAMES).await?;
    let second = resolve(dns, "second", NAMES / 2).await?;
    let own = NAMES as f64 / elapsed.as_secs_f64();
    let peer = NAMES as f64 / (first + second).as_secs_f64();
    let mut rows = vec![Row {
        what: "batch of 100,000 a names",
        own: format!("{own:.0} /s"),
        peer: format!("{peer:.0} /s hickory-resolver"),
        ratio: own / peer,
        target: Target::AtLeast(0.7),
    }];

    if let Some(rate) = dnspython(dns)? {
        rows.push(Row {
            what: "batch of 100,000 a names",
            own: format!("{own:.0} /s"),
            peer: format!("{rate:.0} /s dnspython, asyncio"),
            ratio: own / rate,
            target: Target::AtLeast(1.0),
        });
    }

    rows.push(Row {
        what: "memory in the batch (MB)",
        own: format!("{most:.1} MB"),
        peer: format!("after a fifth of it {before:.1} MB"),
        ratio: most / before,
        target: Target::AtMost(1.25),
    });

    Ok(rows)
}

/// Runs the batch; returns its duration and the peak memory in MB.
async fn ask_watched(service: &Service, names: usize) -> anyhow::Result<(Duration, f64)> {
    let asked = ask(service.address, "batch", names);
    tokio::pin!(asked);
    let mut most = service.resident()?;
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            elapsed = &mut asked => return Ok((elapsed?, most)),
            _ = looks.tick() => most = most.max(service.resident()?),
        }
    }
}

/// Sends one batch over one connection; returns the time until the last reply.
async fn ask(service: SocketAddr, kind: &'static str, names: usize) -> anyhow::Result<Duration> {
    let (mut incoming, mut outgoing) = TcpStream::connect(service).await?.into_split();
    let started = Instant::now();
    let sending = tokio::spawn(async move {
        let head =
            "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
        outgoing.write_all(head.as_bytes()).await?;
        for begin in (0..names).step_by(200) {
            let lines: String = (begin..(begin + 200).min(names))
                .map(|number| {
                    format!(
                        "{{\"name\":\"a\",\"arguments\":{{\"domain\":\"{}\"}},\"ref\":{number}}}\n",
                        name(kind, number)
                    )
                })
                .collect();
            outgoing
                .write_all(format!("{:x}\r\n{lines}\r\n", lines.len()).as_bytes())
                .await?;
        }

        outgoing.write_all(b"0\r\n\r\n").await?;

        // Kept open until all lookups have been answered.
        anyhow::Ok(outgoing)
    });

    let mut buffer = vec![0; 256 * 1024];
    let (mut answered, mut end, mut counter) = (0, Vec::new(), Answers::default());

    loop {
        let received = incoming.read(&mut buffer).await?;
        ensure!(
            received > 0,
            "the connection was closed after {answered} answers"
        );
        let text = &buffer[..received];
        answered += counter.count(text);
        end.extend_from_slice(&text[received.saturating_sub(7)..]);
        if end.ends_with(b"\r\n0\r\n\r\n") {
            break;
        }
        end.drain(..end.len().saturating_sub(7));
    }

    let elapsed = started.elapsed();
    sending.await??;
    ensure!(answered == names, "{answered} answers to {names} questions");

    Ok(elapsed)
}

/// Counts replies: their lines end in `}` and a line feed; the lines of chunks end in a carriage
/// return and a line feed.
#[derive(Default)]
struct Answers {
    last: u8,
}

impl Answers {
    fn count(&mut self, text: &[u8]) -> usize {
        let mut found = 0;
        for byte in text {
            found += usize::from(*byte == b'\n' && self.last == b'}');
            self.last = *byte;
        }
        found
    }
}

/// Resolves the same names with the bare resolver.
async fn resolve(dns: SocketAddr, kind: &'static str, names: usize) -> anyhow::Result<Duration> {
    let resolver = bare::resolver(dns)?;
    let started = Instant::now();
    let mut answers = stream::iter(0..names)
        .map(|number| {
            let resolver = resolver.clone();
            tokio::spawn(async move { resolver.ipv4_lookup(name(kind, number)).await })
        })
        .buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        ensure!(answer??.answers().len() == 1, "every name has one address");
    }
    Ok(started.elapsed())
}

/// Returns a name that no other lookup uses; a wildcard in the zone answers it.
fn name(kind: &str, number: usize) -> String {
    format!("{kind}{number}.any.bench.test.")
}

/// Returns the names per second of dnspython; `None` if it is not installed (Debian:
/// python3-dnspython).
fn dnspython(dns: SocketAddr) -> anyhow::Result<Option<f64>> {
    let script = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/batch.py"));
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let numbers = [
        dns.port().to_string(),
        FEWER.to_string(),
        AT_ONCE.to_string(),
    ];
    let output = Command::new(python).arg(script).args(numbers).output()?;
    if output.status.code() == Some(3) {
        return Ok(None);
    }
    ensure!(
        output.status.success(),
        "dnspython: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rate = String::from_utf8(output.stdout)?;
    rate.trim().parse().map(Some).context("names a second")
}
