//! NATS servers of the lab, each for one test.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::{Lab, Netvane, program::Running, until};

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
        let free = TcpListener::bind((address, 0)).expect("a free port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let child = launch(&program, &configuration, address);
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
        self.child = launch(&self.program, &self.configuration, self.address);
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
            .env("NETVANE__LIMITS__PER_CONVERSATION", "100000")
            .env("NETVANE__LIMITS__PER_TARGET", "100000")
            .env("NETVANE__DNS__SERVERS", "127.0.0.1:53")
            .env("NETVANE__GEO__AUTO_UPDATE", "false")
    }

    /// Starts `netvane agent` with the key of that agent.
    pub fn start_agent(&self, name: &str) -> Running {
        self.agent(name).spawn()
    }
}

fn launch(program: &PathBuf, configuration: &PathBuf, address: SocketAddr) -> Child {
    let child = Command::new(program)
        .arg("-c")
        .arg(configuration)
        .args(["-a", &address.ip().to_string()])
        .args(["-p", &address.port().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the NATS server starts");
    until("the NATS server listens", || {
        TcpStream::connect(address).is_ok()
    });
    child
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
