//! NATS servers of the lab, each for one test.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::{Lab, Netvane, Scratch, program::Running, until};

/// A NATS server with the users of the lab: a hub, the agents `fra1`, `sin1` and `syd1`, and an observer. Killed when
/// dropped.
pub struct Nats {
    program: PathBuf,
    configuration: PathBuf,
    keys: PathBuf,
    address: SocketAddr,
    child: Child,
}

impl Nats {
    /// Starts a server of the supported version on a port of its own. The test must be in the lab's namespace.
    pub fn start(lab: &Lab) -> Self {
        Self::run(lab, "NATS_SERVER", lab.value("NATS_CONF").into())
    }

    /// Starts a server that is too old.
    pub fn start_old(lab: &Lab) -> Self {
        Self::run(lab, "OLD_NATS_SERVER", lab.value("NATS_CONF").into())
    }

    /// Starts a server of the supported version with this configuration.
    pub fn start_with(lab: &Lab, configuration: PathBuf) -> Self {
        Self::run(lab, "NATS_SERVER", configuration)
    }

    /// Starts a server of the supported version that the second namespace can reach.
    pub fn start_at_cable(lab: &Lab) -> Self {
        let address = lab.value("SERVER4");
        Self::run_at(lab, address, "NATS_SERVER", lab.value("NATS_CONF").into())
    }

    fn run(lab: &Lab, program: &str, configuration: PathBuf) -> Self {
        Self::run_at(lab, "127.0.0.1", program, configuration)
    }

    fn run_at(lab: &Lab, address: &str, program: &str, configuration: PathBuf) -> Self {
        let program = PathBuf::from(lab.value(program));
        let address = address.parse().expect("an address");
        let (child, address) = launch(&program, &configuration, address, None);
        Self {
            program,
            configuration,
            keys: lab.value("KEYS").into(),
            address,
            child,
        }
    }

    /// Kills the server; clients lose their connection at once.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts the server again after [`Self::kill`], at the same address.
    pub fn start_again(&mut self) {
        let port = Some(self.address.port());
        self.child = launch(&self.program, &self.configuration, self.address.ip(), port).0;
    }

    /// The server for `cluster.nats`.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// The file with the seed of a user.
    pub fn key(&self, user: &str) -> String {
        let file = self.keys.join(format!("{user}.nk"));
        file.to_str().expect("UTF-8").to_owned()
    }

    /// Prepares `netvane agent` with the key of that agent. It may contact its own loopback.
    pub fn agent(&self, name: &str) -> Netvane {
        self.settings(Netvane::new(["agent"]), name)
    }

    /// Prepares `netvane agent` in the lab's second namespace.
    pub fn agent_at_cable(&self, lab: &Lab, name: &str) -> Netvane {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", lab.value("AGENT_NS")]);
        command.arg(crate::program::binary());
        self.settings(Netvane::from_command(command, ["agent"]), name)
    }

    fn settings(&self, agent: Netvane, name: &str) -> Netvane {
        agent
            .env("NETVANE__CLUSTER__NATS", self.url())
            .env("NETVANE__CLUSTER__NKEY_FILE", self.key(name))
            .env("NETVANE__AGENT__NAME", name)
            .env("NETVANE__POLICY__ALLOW", "127.0.0.0/8")
            .env("NETVANE__LIMITS__PER_TARGET", "100000")
            .env("NETVANE__DNS__SERVERS", "127.0.0.1:53")
            .env("NETVANE__GEO__AUTO_UPDATE", "false")
    }

    /// Starts `netvane agent` with the key of that agent.
    pub fn start_agent(&self, name: &str) -> Running {
        self.agent(name).spawn()
    }
}

/// Starts a server at this port, or at one that the server chooses, and waits until it listens.
fn launch(
    program: &PathBuf,
    configuration: &PathBuf,
    address: IpAddr,
    port: Option<u16>,
) -> (Child, SocketAddr) {
    let scratch = Scratch::new();
    let port = port.map_or("-1".to_owned(), |port| port.to_string());
    let child = Command::new(program)
        .arg("-c")
        .arg(configuration)
        .args(["-a", &address.to_string(), "-p", &port])
        .arg("--ports_file_dir")
        .arg(scratch.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the NATS server starts");

    let ports = scratch
        .path()
        .join(format!("nats-server_{}.ports", child.id()));
    let mut child = UntilTaken(Some(child));
    let mut listening = None;
    until("the NATS server listens", || {
        listening = read_ports(&ports);
        listening.is_some()
    });
    let child = child.0.take().expect("not taken yet");
    (child, listening.expect("just read"))
}

/// A server that is killed unless it is taken: one that never listens must not outlive its test.
struct UntilTaken(Option<Child>);

impl Drop for UntilTaken {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Reads where a server listens from the file that it writes.
fn read_ports(file: &Path) -> Option<SocketAddr> {
    let ports: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    let url = ports["nats"][0].as_str().or(ports["tls"][0].as_str())?;
    url.split_once("://")?.1.parse().ok()
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
