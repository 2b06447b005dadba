//! `netvane serve`, from its first log line to its end.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
};

use serde_json::Value;

use crate::{
    PATIENCE,
    http::{Client, Response},
    program::{binary, signal},
};

/// A running service on a port of its own; killed when dropped.
pub struct Service {
    /// Address that the service listens on.
    pub address: SocketAddr,
    child: Child,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    lines: Mutex<(Vec<String>, bool)>,
    more: Condvar,
}

impl Service {
    /// Starts the service with these settings, given as environment variables, and waits until it
    /// listens.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        Self::launch(Command::new(binary()), settings)
    }

    /// Starts the service with this group id, which firewall rules can match.
    pub fn start_in_group(group: u32, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(binary());
        std::os::unix::process::CommandExt::gid(&mut command, group);
        Self::launch(command, settings)
    }

    fn launch(mut command: Command, settings: &[(&str, &str)]) -> Self {
        command.arg("serve").env_clear();

        // Port 0: the system picks a free one, and the log shows which.
        command
            .env("NETVANE__HTTP__LISTEN", "127.0.0.1:0")
            .env("NETVANE__LOG__FORMAT", "json");
        command.envs(settings.iter().copied());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());

        let mut child = command.spawn().expect("the program starts");
        let log = Log::follow(child.stderr.take().expect("piped"));
        let mut service = Self {
            address: SocketAddr::from(([0; 4], 0)),
            child,
            log,
        };

        let line = service.logged("serving HTTP");
        let line: Value = serde_json::from_str(&line).expect("a log line in JSON");
        let address = line["fields"]["address"]
            .as_str()
            .expect("the log tells the address");
        service.address = address.parse().expect("an address with a port");

        service
    }

    /// Starts the service with this DNS server.
    pub fn with_dns(server: SocketAddr) -> Self {
        Self::start(&[("NETVANE__DNS__SERVERS", &server.to_string())])
    }

    /// Sends `GET` for a path.
    pub fn get(&self, path: &str) -> Response {
        Client::connect(self.address).ask(&format!("GET {path}"), &[], b"")
    }

    /// Sends a lookup with `POST /v1/commands`.
    pub fn post(&self, body: impl AsRef<[u8]>) -> Response {
        self.post_for("application/json", body)
    }

    /// Sends a lookup with `POST /v1/commands`, accepting this media type only.
    pub fn post_for(&self, accept: &str, body: impl AsRef<[u8]>) -> Response {
        let headers = [("Accept", accept), ("Content-Type", "application/json")];
        Client::connect(self.address).ask("POST /v1/commands", &headers, body.as_ref())
    }

    /// Runs a command line with `POST /v1/commands`.
    pub fn command(&self, line: &str) -> Response {
        self.post(serde_json::json!({ "command": line }).to_string())
    }

    /// Runs a command line for a client whose address a trusted proxy forwards.
    pub fn command_from(&self, from: &str, line: &str) -> Response {
        let headers = [
            ("X-Forwarded-For", from),
            ("Content-Type", "application/json"),
        ];
        let body = serde_json::json!({ "command": line }).to_string();
        Client::connect(self.address).ask("POST /v1/commands", &headers, body.as_bytes())
    }

    /// Waits until the log contains a line with this text, and returns the line.
    pub fn logged(&self, text: &str) -> String {
        let lines = self
            .log
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let absent = |(lines, ended): &mut (Vec<String>, bool)| {
            !*ended && !lines.iter().any(|line| line.contains(text))
        };
        let (lines, _) = self
            .log
            .more
            .wait_timeout_while(lines, PATIENCE, absent)
            .unwrap_or_else(PoisonError::into_inner);
        lines
            .0
            .iter()
            .find(|line| line.contains(text))
            .cloned()
            .unwrap_or_else(|| panic!("the log never said `{text}`: {:#?}", lines.0))
    }

    /// Returns how many log lines so far contain this text.
    pub fn times_logged(&self, text: &str) -> usize {
        self.log
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .iter()
            .filter(|line| line.contains(text))
            .count()
    }

    /// Returns everything logged so far.
    pub fn log(&self) -> String {
        self.log
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .join("\n")
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Returns the resident memory in MB of 1,000,000 bytes.
    pub fn resident(&self) -> f64 {
        self.memory("VmRSS:")
    }

    /// Returns the resident memory that is not mapped from a file, in MB of 1,000,000 bytes.
    pub fn own_memory(&self) -> f64 {
        self.memory("RssAnon:")
    }

    /// Returns the largest resident memory since the last call of [`Self::forget_peak`], in MB of
    /// 1,000,000 bytes.
    pub fn peak(&self) -> f64 {
        self.memory("VmHWM:")
    }

    /// Measures the peak of the resident memory from now on (proc_pid_clear_refs(5)).
    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")
            .expect("the peak of an own child can be reset");
    }

    fn memory(&self, field: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = line
            .and_then(|rest| rest.trim().strip_suffix("kB"))
            .and_then(|number| number.trim().parse::<f64>().ok());
        kib.expect("a running process has memory") * 1024.0 / 1e6
    }

    /// Returns the CPU time that the process has used, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // The name in parentheses may contain spaces; user and system time are fields 14 and 15.
        let ticks: f64 = stat
            .rsplit(')')
            .next()
            .into_iter()
            .flat_map(|rest| rest.split_whitespace().skip(11).take(2))
            .filter_map(|field| field.parse::<f64>().ok())
            .sum();
        ticks / 100.0
    }

    /// Returns the number of open files and sockets.
    pub fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).map_or(0, Iterator::count)
    }

    /// Returns the number of open files once connections of earlier requests are closed.
    pub fn settled_files(&self) -> usize {
        let mut counts = (usize::MAX, 0);
        crate::until("the connections of earlier requests are closed", || {
            let now = self.open_files();
            counts = if now == counts.0 {
                (now, counts.1 + 1)
            } else {
                (now, 0)
            };
            counts.1 >= 10
        });
        counts.0
    }

    /// Waits for the service to end; returns the exit status, `None` if a signal ended it.
    pub fn ended(mut self) -> Option<i32> {
        let lines = self
            .log
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (lines, waited) = self
            .log
            .more
            .wait_timeout_while(lines, PATIENCE, |(_, ended)| !*ended)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            !waited.timed_out(),
            "the service did not end: {:#?}",
            lines.0
        );
        drop(lines);
        self.child.wait().expect("a child can be waited for").code()
    }

    /// Kills the service with SIGKILL, so that it cannot clean up.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("a child can be waited for");
    }

    /// Stops the service with SIGTERM, as a supervisor does; returns the exit status.
    pub fn stop(self) -> Option<i32> {
        self.signal("TERM");
        self.ended()
    }
}

impl Log {
    fn follow(pipe: impl std::io::Read + Send + 'static) -> Arc<Self> {
        let log = Arc::new(Self::default());
        let writer = log.clone();
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                writer
                    .lines
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
                    .push(line);
                writer.more.notify_all();
            }
            writer
                .lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .1 = true;
            writer.more.notify_all();
        });
        log
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
