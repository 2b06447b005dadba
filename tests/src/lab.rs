//! The labs of `tests/lab`, which `tests/run` starts.

use std::{
    collections::HashMap,
    ffi::OsStr,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::program::{Netvane, binary};

/// A lab that is running.
pub struct Lab {
    directory: PathBuf,
    names: HashMap<String, String>,
}

impl Lab {
    /// Returns the lab that `NETVANE_LAB_DNS` names. Tests that need it have the attribute `ignore`, and
    /// count as skipped where it is not running.
    pub fn get() -> Self {
        Self::named("NETVANE_LAB_DNS")
    }

    fn named(variable: &str) -> Self {
        let directory = std::env::var_os(variable);
        let directory = directory.unwrap_or_else(|| {
            panic!("{variable} names the lab's directory; tests/run brings one up")
        });
        let directory = PathBuf::from(directory);
        let env = std::fs::read_to_string(directory.join("env")).expect("the lab is up");
        let names = env.lines().filter_map(|line| line.split_once('='));
        let names = names
            .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
            .collect();
        Self { directory, names }
    }

    /// Returns the lab that `NETVANE_LAB_ROUTE` names: client, three routers, server.
    pub fn route() -> Self {
        Self::named("NETVANE_LAB_ROUTE")
    }

    /// Returns the lab that `NETVANE_LAB_MAIL` names: mail servers and messages.
    pub fn mail() -> Self {
        Self::named("NETVANE_LAB_MAIL")
    }

    /// Returns the lab that `NETVANE_LAB_PROXIES` names: proxies in front of a service.
    pub fn proxies() -> Self {
        Self::named("NETVANE_LAB_PROXIES")
    }

    /// Returns the lab that `NETVANE_LAB_BROWSER` names: a browser controlled over WebDriver.
    pub fn browser() -> Self {
        Self::named("NETVANE_LAB_BROWSER")
    }

    /// Returns the lab that `NETVANE_LAB_API` names: a separate loopback, and tools that validate
    /// and fuzz OpenAPI documents.
    pub fn api() -> Self {
        Self::named("NETVANE_LAB_API")
    }

    /// Returns the lab that `NETVANE_LAB_FAULTS` names: tools that inject faults into the machine.
    pub fn faults() -> Self {
        Self::named("NETVANE_LAB_FAULTS")
    }

    /// Returns the lab that `NETVANE_LAB_TLS` names: servers with good and bad certificates, and web
    /// servers that misbehave.
    pub fn tls() -> Self {
        Self::named("NETVANE_LAB_TLS")
    }

    /// Returns the lab that `NETVANE_LAB_NATS` names: NATS servers with a hub and agents as users.
    pub fn nats() -> Self {
        Self::named("NETVANE_LAB_NATS")
    }

    /// Returns a value of `DIR/env`; empty if the lab does not set it.
    pub fn value(&self, name: &str) -> &str {
        self.names.get(name).map_or("", String::as_str)
    }

    /// Moves this thread, and all processes it starts from now on, to the client's network
    /// namespace: test servers then listen on the client's own loopback.
    pub fn enter(&self) {
        let namespace = std::fs::File::open(format!("/run/netns/{}", self.value("CLIENT_NS")))
            .expect("the client's namespace is there");
        nix::sched::setns(namespace, nix::sched::CloneFlags::CLONE_NEWNET)
            .expect("tests in the lab run as root");
    }

    /// Runs an nft script in this namespace.
    pub fn nft(namespace: &str, script: &str) {
        let mut nft = Command::new("ip")
            .args(["netns", "exec", namespace, "nft", "-f", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("nft starts");
        nft.stdin
            .take()
            .expect("piped")
            .write_all(script.as_bytes())
            .expect("nft reads");
        assert!(nft.wait().expect("nft ends").success(), "{script}");
    }

    /// Returns the contents of an nft table in this namespace.
    pub fn nft_table(namespace: &str, table: &str) -> serde_json::Value {
        let list = [
            "netns", "exec", namespace, "nft", "-j", "list", "table", "inet", table,
        ];
        let listed = Command::new("ip").args(list).output().expect("nft starts");
        serde_json::from_slice(&listed.stdout).expect("a list in JSON")
    }

    /// Returns the directory with the lab's files.
    pub fn directory(&self) -> &std::path::Path {
        &self.directory
    }

    /// Prepares a run in the client's namespace that trusts the lab's CA and may contact the lab's
    /// networks.
    pub fn netvane<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Netvane {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lab/in-client"));
        command.arg(&self.directory).arg(binary());
        Netvane::from_command(command, arguments)
            .env(
                "NETVANE__POLICY__ALLOW",
                "198.51.100.0/24,203.0.113.0/24,2001:db8::/32",
            )
            .env("NETVANE__DNS__TRUST_ANCHOR", self.value("TRUST_ANCHOR"))
            .env("NETVANE__TLS__CA_FILES", self.value("CA_FILE"))
    }

    /// Prepares a run of a command line, with `{NAME}` replaced by that value of `DIR/env`.
    pub fn line(&self, line: &str) -> Netvane {
        let filled = self
            .names
            .iter()
            .fold(line.to_owned(), |line, (name, value)| {
                line.replace(&format!("{{{name}}}"), value)
            });
        assert!(!filled.contains('{'), "{filled}: the lab has no such value");
        self.netvane(filled.split_whitespace())
    }

    /// Runs a command line and returns the reply as JSON.
    #[track_caller]
    pub fn json(&self, line: &str) -> serde_json::Value {
        self.line(&format!("--json {line}")).run().json()
    }
}
