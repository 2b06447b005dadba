//! NATS servers on loopback, alone or as a cluster.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Servers that are killed when this is dropped.
pub(crate) struct Servers {
    nodes: Vec<Node>,
    directory: tempfile::TempDir,
}

struct Node {
    client: SocketAddr,
    child: Option<Child>,
}

impl Servers {
    /// Starts so many servers.
    pub(crate) fn start(count: usize) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let [clients, routes] = [(), ()].map(|()| free(count));
        let all: Vec<_> = routes
            .iter()
            .map(|route| format!("\"nats://{route}\""))
            .collect();
        let mut servers = Self {
            nodes: Vec::new(),
            directory,
        };

        for (number, (client, route)) in clients.into_iter().zip(routes).enumerate() {
            let store = servers.directory.path().join(format!("store{number}"));
            let cluster = if count > 1 {
                let routes = all.join(", ");
                format!("cluster {{ name: lab, listen: \"{route}\", routes: [{routes}] }}\n")
            } else {
                String::new()
            };
            let text = format!(
                "server_name: n{number}\nlisten: \"{client}\"\nping_interval: \"5s\"\nping_max: 2\n\
                 jetstream {{ store_dir: \"{}\", max_mem: 64M, max_file: 16G }}\n{cluster}",
                store.display()
            );
            std::fs::write(servers.file(number), text).expect("written");
            let child = None;
            servers.nodes.push(Node { client, child });
            servers.launch(number);
        }
        servers
    }

    fn file(&self, number: usize) -> std::path::PathBuf {
        self.directory.path().join(format!("n{number}.conf"))
    }

    /// Starts a server, also one that was killed.
    pub(crate) fn launch(&mut self, number: usize) {
        let child = Command::new(program())
            .arg("-c")
            .arg(self.file(number))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let node = &mut self.nodes[number];
        node.child = Some(child);
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(node.client).is_err() {
            assert!(Instant::now() < end, "the server listens");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills a server without warning.
    pub(crate) fn kill(&mut self, number: usize) {
        if let Some(mut child) = self.nodes[number].child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The servers for `cluster.nats`.
    pub(crate) fn urls(&self) -> Vec<String> {
        let nodes = self.nodes.iter();
        nodes
            .map(|node| format!("nats://{}", node.client))
            .collect()
    }

    /// Waits until a stream has a leader; gives its number.
    pub(crate) async fn leader(&self, stream: &str) -> usize {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(leader) = self.find_leader(stream).await {
                return leader;
            }
            assert!(Instant::now() < end, "{stream} has a leader");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn find_leader(&self, stream: &str) -> Option<usize> {
        let client = async_nats::connect(self.urls()).await.ok()?;
        let subject = format!("$JS.API.STREAM.INFO.{stream}");
        let reply = client.request(subject, "".into()).await.ok()?;
        let info: serde_json::Value = serde_json::from_slice(&reply.payload).ok()?;
        let leader = info["cluster"]["leader"].as_str()?;
        leader.strip_prefix('n')?.parse().ok()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for number in 0..self.nodes.len() {
            self.kill(number);
        }
    }
}

/// The program of the server: what `NATS_SERVER` names, or that of the lab which `tests/run` brings up.
fn program() -> String {
    if let Ok(program) = std::env::var("NATS_SERVER") {
        return program;
    }
    let lab = std::env::var("NETVANE_LAB_NATS").expect("NATS_SERVER, or a lab");
    let names = std::fs::read_to_string(format!("{lab}/env")).expect("the lab is up");
    let program = names
        .lines()
        .find_map(|line| line.strip_prefix("NATS_SERVER="));
    program
        .expect("the lab has a server")
        .trim_matches('"')
        .to_owned()
}

/// Addresses that were free a moment ago, each a different one.
fn free(count: usize) -> Vec<SocketAddr> {
    let listeners: Vec<_> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"))
        .collect();
    listeners
        .iter()
        .map(|listener| listener.local_addr().expect("an address"))
        .collect()
}
