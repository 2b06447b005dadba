//! Compares Netvane with named peers in one run and prints a table of figures, ratios and targets.
//! A missed target is not a failure.

mod bare;
mod batch;
mod http;
mod measure;
mod peer;
mod places;
mod service;
mod state;
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
            ["state", scratch] => {
                table::print(&state::measure(scratch.as_ref()).await?);
                Ok(())
            }
            ["places", netvane, nats, scratch] => {
                table::print(&places::measure(netvane.as_ref(), nats, scratch.as_ref()).await?);
                Ok(())
            }
            [netvane, dns, domains, scratch] => {
                let bench = Bench {
                    program: netvane.as_ref(),
                    dns: dns.parse().context(USAGE)?,
                    domains: Domains::new(domains.parse().context(USAGE)?),
                    scratch: scratch.as_ref(),
                };
                table::print(&bench.all().await?);
                Ok(())
            }
            _ => bail!(USAGE),
        }
    };

    // Dropping the work stops the services that it started.
    tokio::select! {
        done = work => done,
        _ = terminate.recv() => bail!("stopped by a signal"),
        _ = interrupt.recv() => bail!("stopped by a signal"),
    }
}

/// State shared by all measurements.
struct Bench<'a> {
    program: &'a Path,
    dns: SocketAddr,
    domains: Domains,
    scratch: &'a Path,
}

/// Name of the peer in the table.
const AXUM: &str = "axum handler";

impl Bench<'_> {
    /// Returns the path of a file in the scratch directory.
    fn file(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    /// Starts a peer that responds to every request with this body.
    async fn peer(&self, reply: &[u8]) -> anyhow::Result<Service> {
        let body = self.file("reply.json");
        std::fs::write(&body, reply)?;
        let mut command = Command::new(std::env::current_exe()?);

        Service::start(command.arg("peer").arg(&body), &self.file("peer.log")).await
    }

    /// Measures a cached reply: compared with the peer, and with rules, budgets and the audit log
    /// enabled but wide enough to refuse nothing.
    async fn cached(&mut self, service: &Service) -> anyhow::Result<[Row; 2]> {
        let request = question(&format!("/mx {}", self.domains.fresh()?));
        let mut client = Client::connect(service.address).await?;
        client.ask(&request).await?;
        let reply = client.ask(&request).await?;

        ensure!(
            reply.windows(13).any(|part| part == br#""cached":true"#),
            "the second reply is not cached"
        );

        let peer = self.peer(reply).await?;
        let beside = measure::closed_loop(
            "cached mx over HTTP, closed loop",
            (service, &request),
            (&peer, AXUM),
            Target::AtLeast(0.6),
        )
        .await?;

        drop(peer);
        let (log, audit) = (self.file("guarded.log"), self.file("audit"));
        let guarded = Service::guarded(self.program, self.dns, &log, &audit).await?;
        let mut client = Client::connect(guarded.address).await?;
        client.ask(&request).await?;
        let with_rules = measure::closed_loop(
            "the same, rules and audit on",
            (&guarded, &request),
            (service, "off"),
            Target::AtLeast(0.9),
        )
        .await?;

        Ok([beside, with_rules])
    }

    /// Measures `myip`, which sends no queries: in a closed loop and at a fixed rate.
    async fn myip(&self, service: &Service) -> anyhow::Result<[Row; 2]> {
        let (at, request) = (service.address, question("/myip"));
        let mut client = Client::connect(at).await?;
        let reply = client.ask(&request).await?;
        let peer = self.peer(reply).await?;
        let closed = measure::closed_loop(
            "myip over HTTP, closed loop",
            (service, &request),
            (&peer, AXUM),
            Target::AtLeast(0.5),
        )
        .await?;

        let (own, other) = ((at, &request[..]), (peer.address, AXUM));
        let paced = measure::paced("myip at 1,000/s, p99", own, other, 5, Target::AtMost(3.0));

        Ok([closed, paced.await?])
    }

    /// Measures `dns`, which queries all types concurrently, with a near and a distant DNS server.
    async fn every_type(&mut self, service: &Service) -> anyhow::Result<[Row; 2]> {
        let far = wire::lengthen(self.dns, Duration::from_millis(10)).await?;
        let far_service = Service::netvane(self.program, far, &self.file("far.log")).await?;
        let (at, farther) = (service.address, far_service.address);
        let (dns, domains) = (self.dns, &mut self.domains);
        let near = measure::every_type("dns over HTTP, loopback", at, dns, domains, 200).await?;
        let distant =
            measure::every_type("dns over HTTP, 20 ms away", farther, far, domains, 40).await?;

        Ok([near, distant])
    }

    async fn all(mut self) -> anyhow::Result<Vec<Row>> {
        let (program, dns) = (self.program, self.dns);
        let service = Service::netvane(program, dns, &self.file("serve.log")).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let idle = service.resident()?;
        let at = service.address;

        // Warm up: one-time costs are not measured.
        measure::uncached_mx(at, dns, &mut self.domains, 1).await?;
        let mut rows = vec![measure::uncached_mx(at, dns, &mut self.domains, 10).await?];
        rows.extend(self.cached(&service).await?);
        rows.extend(self.myip(&service).await?);
        rows.extend(self.every_type(&service).await?);
        rows.extend(batch::measure(program, dns, &self.file("batch.log")).await?);
        rows.push(measure::program(program, dns, &mut self.domains, 40)?);

        rows.extend(state::measure(&self.file("state")).await?);

        rows.push(Row {
            what: "idle memory of serve (MB)",
            own: format!("{idle:.1} MB"),
            peer: format!("after the load {:.1} MB", service.resident()?),
            ratio: idle,
            target: Target::AtMost(30.0),
        });

        Ok(rows)
    }
}
