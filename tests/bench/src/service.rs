//! A program that serves HTTP, started for the benchmark and killed with it.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

/// The log line that precedes the address, as Netvane writes it.
pub(crate) const SERVING: &str = "serving HTTP address=";

/// A running service; killed when dropped.
pub(crate) struct Service {
    /// Address that the service listens on.
    pub address: SocketAddr,
    child: Child,
}

impl Service {
    /// Starts the program with its log in a file, and waits until the log contains the address.
    pub(crate) async fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let mut service = Self::spawn(command, log)?;
        let end = Instant::now() + Duration::from_secs(10);

        loop {
            let logged = fs::read_to_string(log)?;
            let told = logged.lines().find_map(|line| line.split_once(SERVING));
            if let Some((_, address)) = told {
                service.address = address.trim().parse()?;
                return Ok(service);
            }
            if Instant::now() > end || service.child.try_wait()?.is_some() {
                bail!("{command:?} did not come up: {logged}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts the program with its log in a file.
    pub(crate) fn spawn(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(log)?);
        let child = command
            .spawn()
            .with_context(|| format!("could not start {command:?}"))?;
        Ok(Self {
            address: SocketAddr::from(([0; 4], 0)),
            child,
        })
    }

    /// Starts `netvane serve` on a free port, with this DNS server and defaults otherwise.
    pub(crate) async fn netvane(
        program: &Path,
        dns: SocketAddr,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let mut command = netvane(program, dns);
        command
            .arg("serve")
            .env("NETVANE__HTTP__LISTEN", "127.0.0.1:0");
        Self::start(&mut command, log).await
    }

    /// Starts `netvane serve` with a rule, rate limits for everybody and an audit log, none of
    /// which refuses anything.
    pub(crate) async fn guarded(
        program: &Path,
        dns: SocketAddr,
        log: &Path,
        audit: &Path,
    ) -> anyhow::Result<Self> {
        let settings = log.with_extension("toml");
        fs::write(
            &settings,
            "[[policy.rules]]\nname = \"all\"\nplatforms = [\"http\"]\ncommands = [\"mx\"]\neffect = \"allow\"\n",
        )?;
        let mut command = netvane(program, dns);
        command
            .arg("serve")
            .env("NETVANE__HTTP__LISTEN", "127.0.0.1:0")
            .env("NETVANE_CONFIG", settings);
        for budget in ["PER_ANONYMOUS", "TOTAL"] {
            command.env(format!("NETVANE__LIMITS__{budget}"), "100000000");
        }
        command.env("NETVANE__AUDIT__DIRECTORY", audit);
        Self::start(&mut command, log).await
    }

    /// Returns the resident memory in MB of 1,000,000 bytes.
    pub(crate) fn resident(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.trim().strip_suffix("kB"))
            .and_then(|number| number.trim().parse().ok())
            .context("no VmRSS in the process's status")?;
        Ok(kib * 1024.0 / 1e6)
    }

    /// Returns the CPU time in seconds, user and system.
    pub(crate) fn processor(&self) -> anyhow::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The program name is in parentheses and may contain anything; the state is the first field
        // after it.
        let (_, fields) = stat
            .rsplit_once(')')
            .context("no name in the process's status")?;
        let ticks = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<u32>);
        // Linux reports 100 ticks per second to programs, whatever the kernel's own rate.
        Ok(f64::from(ticks.sum::<Result<u32, _>>()?) / 100.0)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prepares a run of the program with only the DNS server set.
pub(crate) fn netvane(program: &Path, dns: SocketAddr) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("NETVANE__DNS__SERVERS", dns.to_string());
    command
}
