//! The program under test, and single runs of it.

use std::{
    ffi::OsStr,
    io::{Read, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::PATIENCE;

/// Returns the path of the program under test: `NETVANE_BIN`, or built from the sources once per
/// process.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("NETVANE_BIN") {
        Some(path) => path.into(),
        None => build(),
    })
}

fn build() -> PathBuf {
    // The path of this test is TARGET/PROFILE/deps/NAME.
    let own = std::env::current_exe().expect("tests know where they are");
    let profile = own
        .ancestors()
        .nth(2)
        .expect("tests lie in the target directory");
    let target = profile.parent().expect("tests lie in the target directory");
    let mut cargo = Command::new(env!("CARGO"));

    cargo
        .args([
            "build",
            "--quiet",
            "--package",
            "netvane",
            "--bin",
            "netvane",
            "--target-dir",
        ])
        .arg(target);

    if profile.ends_with("release") {
        cargo.arg("--release");
    }

    let built = cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo starts");
    assert!(built.success(), "the program does not build");

    profile.join("netvane")
}

/// One run of the program, with only the environment variables that the test sets.
pub struct Netvane {
    command: Command,
    stdin: Vec<u8>,
}

/// Result of a finished run.
#[derive(Debug)]
pub struct Finished {
    /// Exit status; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What the program wrote to standard output.
    pub stdout: String,
    /// What the program wrote to standard error.
    pub stderr: String,
    /// Time from start to end.
    pub elapsed: Duration,
}

impl Netvane {
    /// Prepares a run with these arguments.
    pub fn new<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        Self::from_command(Command::new(binary()), arguments)
    }

    /// Prepares a run with the words of a line, split at white space without quoting.
    pub fn line(line: &str) -> Self {
        Self::new(line.split_whitespace())
    }

    /// Prepares a run through another program that finally executes it.
    pub fn from_command<S: AsRef<OsStr>>(
        mut command: Command,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        command.env_clear().args(arguments);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        Self {
            command,
            stdin: Vec::new(),
        }
    }

    /// Adds an argument to the command line.
    pub fn arg(self, argument: impl AsRef<OsStr>) -> Self {
        self.args([argument])
    }

    /// Adds arguments to the command line.
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets the DNS server to use.
    pub fn dns(self, server: SocketAddr) -> Self {
        self.env("NETVANE__DNS__SERVERS", server.to_string())
    }

    /// Sets the content of standard input.
    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// Starts the run, for tests that do something meanwhile.
    pub fn spawn(mut self) -> Running {
        let started = Instant::now();
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("{:?}: {error}", self.command));
        let mut stdin = child.stdin.take().expect("piped");
        let given = std::mem::take(&mut self.stdin);
        // The program may end without reading its input.
        thread::spawn(move || drop(stdin.write_all(&given)));
        let stdout = gather(child.stdout.take().expect("piped"));
        let stderr = gather(child.stderr.take().expect("piped"));
        Running {
            child,
            stdout,
            stderr,
            started,
        }
    }

    /// Runs the program to its end.
    pub fn run(self) -> Finished {
        self.spawn().finish()
    }
}

/// A run that has not ended yet.
pub struct Running {
    child: Child,
    stdout: mpsc::Receiver<Vec<u8>>,
    stderr: mpsc::Receiver<Vec<u8>>,
    started: Instant,
}

impl Running {
    /// Sends a signal, such as `INT`.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for the end of the run; kills it after a timeout and panics.
    pub fn finish(mut self) -> Finished {
        let mut part = |receiver: &mpsc::Receiver<Vec<u8>>| match receiver.recv_timeout(PATIENCE) {
            Ok(bytes) => String::from_utf8(bytes).expect("all output is UTF-8"),
            Err(error) => {
                let _ = self.child.kill();
                panic!("the program did not end within {PATIENCE:?}: {error}")
            }
        };
        let (stdout, stderr) = (part(&self.stdout), part(&self.stderr));
        let code = self.child.wait().expect("a child can be waited for").code();
        Finished {
            code,
            stdout,
            stderr,
            elapsed: self.started.elapsed(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe in a thread until it is closed.
fn gather(mut pipe: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

/// Sends a signal to a child process that was not waited for yet.
pub(crate) fn signal(process: u32, name: &str) {
    let sent = Command::new("sh")
        .args(["-c", "kill -s \"$0\" \"$1\"", name, &process.to_string()])
        .status();
    assert!(
        sent.expect("sh starts").success(),
        "SIG{name} reached nobody"
    );
}

impl Finished {
    /// Returns the reply of a `--json` run that succeeded.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(
            (self.code, self.stderr.as_str()),
            (Some(0), ""),
            "{}",
            self.stdout
        );
        assert_eq!(
            self.stdout.lines().count(),
            1,
            "one object on one line: {}",
            self.stdout
        );
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    /// Returns the problem document of a `--json` run that failed.
    #[track_caller]
    pub fn problem(&self) -> Value {
        assert_ne!(self.code, Some(0), "{}", self.stdout);
        assert_eq!(self.stdout, "", "standard output is empty after a failure");
        serde_json::from_str(&self.stderr)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stderr))
    }

    /// Returns the text of a run that succeeded.
    #[track_caller]
    pub fn text(&self) -> &str {
        assert_eq!(
            (self.code, self.stderr.as_str()),
            (Some(0), ""),
            "{}",
            self.stdout
        );
        &self.stdout
    }
}
