//! The labs of `tests/lab`, brought up by `tests/run`.

use std::{
    collections::HashMap,
    ffi::OsStr,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::program::{Netvane, binary};

/// A lab that is up.
pub struct Lab {
    directory: PathBuf,
    names: HashMap<String, String>,
}

impl Lab {
    /// The lab that `NETVANE_LAB_DNS` names. Tests that need it are `#[ignore]`d, so that they are
    /// counted as skipped where it does not run.
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

    /// The lab that `NETVANE_LAB_ROUTE` names: client, three routers, server.
    pub fn route() -> Self {
        Self::named("NETVANE_LAB_ROUTE")
    }

    /// The lab that `NETVANE_LAB_MAIL` names: mail servers and messages.
    pub fn mail() -> Self {
        Self::named("NETVANE_LAB_MAIL")
    }

    /// The lab that `NETVANE_LAB_PROXIES` names: proxies in front of a service.
    pub fn proxies() -> Self {
        Self::named("NETVANE_LAB_PROXIES")
    }

    /// The lab that `NETVANE_LAB_BROWSER` names: a browser behind WebDriver.
    pub fn browser() -> Self {
        Self::named("NETVANE_LAB_BROWSER")
    }

    /// The lab that `NETVANE_LAB_API` names: a loopback of its own, and what reads and fuzzes OpenAPI documents.
    pub fn api() -> Self {
        Self::named("NETVANE_LAB_API")
    }

    /// The lab that `NETVANE_LAB_FAULTS` names: what breaks the machine.
    pub fn faults() -> Self {
        Self::named("NETVANE_LAB_FAULTS")
    }

    /// A value of `DIR/env`; empty when the lab has no such thing.
    pub fn value(&self, name: &str) -> &str {
        self.names.get(name).map_or("", String::as_str)
    }

    /// Puts this thread, and all that it starts from now on, where the lab's client is: servers that stand in for
    /// somebody are then on the client's own loopback.
    pub fn enter(&self) {
        let namespace = std::fs::File::open(format!("/run/netns/{}", self.value("CLIENT_NS")))
            .expect("the client's namespace is there");
        nix::sched::setns(namespace, nix::sched::CloneFlags::CLONE_NEWNET)
            .expect("tests in the lab run as root");
    }

    /// Runs a script of nft in this namespace.
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

    /// What nft knows of a table there.
    pub fn nft_table(namespace: &str, table: &str) -> serde_json::Value {
        let list = [
            "netns", "exec", namespace, "nft", "-j", "list", "table", "inet", table,
        ];
        let listed = Command::new("ip").args(list).output().expect("nft starts");
        serde_json::from_slice(&listed.stdout).expect("a list in JSON")
    }

    /// Where the lab's files are.
    pub fn directory(&self) -> &std::path::Path {
        &self.directory
    }

    /// A run where the lab's client is, with the lab's trust, and its networks open to the guard.
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

    /// The same for a line, with `{NAME}` replaced by that value of `DIR/env`.
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

    /// The reply to a line, as JSON.
    #[track_caller]
    pub fn json(&self, line: &str) -> serde_json::Value {
        self.line(&format!("--json {line}")).run().json()
    }
}
