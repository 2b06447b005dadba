//! Netvane beside named peers, in one run: a table of figures, ratios and targets. It measures and
//! never judges by its exit status.

mod bare;
mod batch;
mod http;
mod measure;
mod peer;
mod service;
mod table;
mod wire;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use tokio::signal::unix::{SignalKind, signal};

use http::{Client, question};
use measure::Domains;
use service::Service;
use table::{Row, Target};

const USAGE: &str = "usage: netvane-bench NETVANE DNS-SERVER DOMAINS SCRATCH-DIRECTORY";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let work = async {
        match words[..] {
            ["peer", body] => peer::serve(body.as_ref()).await,
            [netvane, dns, domains, scratch] => {
                let dns = dns.parse().context(USAGE)?;
                let rows = all(
                    netvane.as_ref(),
                    dns,
                    domains.parse().context(USAGE)?,
                    scratch.as_ref(),
                );
                table::print(&rows.await?);
                Ok(())
            }
            _ => bail!(USAGE),
        }
    };

    // Dropping the work stops the services that it started.
    tokio::select! {
        done = work => done,
        _ = terminate.recv() => bail!("ended by a signal"),
        _ = interrupt.recv() => bail!("ended by a signal"),
    }
}

async fn all(
    program: &Path,
    dns: SocketAddr,
    domains: u32,
    scratch: &Path,
) -> anyhow::Result<Vec<Row>> {
    let log = |name: &str| -> PathBuf { scratch.join(name) };
    let mut domains = Domains::new(domains);
    let domains = &mut domains;
    let mut rows = Vec::new();

    let service = Service::netvane(program, dns, &log("serve.log")).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle = service.resident()?;
    let at = service.address;

    // What happens only once is not measured.
    measure::uncached_mx(at, dns, domains, 1).await?;
    rows.push(measure::uncached_mx(at, dns, domains, 10).await?);

    let request = question(&format!("/mx {}", domains.fresh()?));
    let mut client = Client::connect(at).await?;
    client.ask(&request).await?;
    let reply = client.ask(&request).await?;

    ensure!(
        reply.windows(13).any(|part| part == br#""cached":true"#),
        "the second reply is not cached"
    );

    let body = log("reply.json");
    std::fs::write(&body, reply)?;
    let mut command = Command::new(std::env::current_exe()?);
    let peer = Service::start(command.arg("peer").arg(&body), &log("peer.log")).await?;
    let axum = "axum handler";
    let what = "cached mx over HTTP, closed loop";

    rows.push(
        measure::closed_loop(
            what,
            (&service, &request),
            (&peer, axum),
            Target::AtLeast(0.6),
        )
        .await?,
    );

    drop(peer);

    // Rules, budgets and the audit on, and wide enough to refuse nothing.
    let guarded = Service::guarded(program, dns, &log("guarded.log"), &log("audit")).await?;

    Client::connect(guarded.address)
        .await?
        .ask(&request)
        .await?;

    let (what, off) = ("the same, rules and audit on", "off");

    rows.push(
        measure::closed_loop(
            what,
            (&guarded, &request),
            (&service, off),
            Target::AtLeast(0.9),
        )
        .await?,
    );

    drop(guarded);

    let request = question("/myip");

    // The one before was idle for longer than the service waits.
    let mut client = Client::connect(at).await?;
    let reply = client.ask(&request).await?;
    std::fs::write(&body, reply)?;
    let mut command = Command::new(std::env::current_exe()?);
    let peer = Service::start(command.arg("peer").arg(&body), &log("peer.log")).await?;
    let what = "myip over HTTP, closed loop";

    rows.push(
        measure::closed_loop(
            what,
            (&service, &request),
            (&peer, axum),
            Target::AtLeast(0.5),
        )
        .await?,
    );

    let (own, other) = ((at, &request[..]), (peer.address, axum));
    rows.push(measure::paced("myip at 1,000/s, p99", own, other, 5, Target::AtMost(3.0)).await?);
    drop(peer);

    let far = wire::lengthen(dns, Duration::from_millis(10)).await?;
    let far_service = Service::netvane(program, far, &log("far.log")).await?;
    let farther = far_service.address;
    rows.push(measure::every_type("dns over HTTP, loopback", at, dns, domains, 200).await?);
    rows.push(measure::every_type("dns over HTTP, 20 ms away", farther, far, domains, 40).await?);
    drop(far_service);

    rows.extend(batch::measure(program, dns, &log("batch.log")).await?);

    rows.push(measure::program(program, dns, domains, 40)?);
    rows.push(Row {
        what: "idle memory of serve (MB)",
        own: format!("{idle:.1} MB"),
        peer: format!("after the load {:.1} MB", service.resident()?),
        ratio: idle,
        target: Target::AtMost(30.0),
    });

    Ok(rows)
}
