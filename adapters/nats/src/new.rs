//! `netvane agent new`: the key of a new user of the NATS servers, and its permissions there.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::Path,
};

use netvane_core::vantage::is_agent_name;
use nkeys::KeyPair;

/// A user of the NATS servers that was just made.
#[derive(Debug)]
pub struct NewUser {
    /// The public key, by which the servers know the user.
    pub public_key: String,
    seed: String,
    /// Name of the agent; none for a hub.
    name: Option<String>,
}

/// Why there is no new user.
#[derive(Debug, thiserror::Error)]
pub enum NewUserError {
    /// The name could widen permissions, or means something else in `from=`.
    #[error(
        "`{0:.40}` cannot be the name of an agent: expected 1–32 characters of a-z, 0-9 and `-`, and none of the words local, all and world"
    )]
    Name(String),
    /// The key could not be made.
    #[error("could not create a key: {0}")]
    Key(String),
}

impl NewUser {
    /// Makes the key of an agent.
    ///
    /// # Errors
    /// The name cannot be used.
    pub fn agent(name: &str) -> Result<Self, NewUserError> {
        if !is_agent_name(name) {
            return Err(NewUserError::Name(name.to_owned()));
        }
        Self::new(Some(name.to_owned()))
    }

    /// Makes the key of a hub.
    ///
    /// # Errors
    /// The key could not be made.
    pub fn hub() -> Result<Self, NewUserError> {
        Self::new(None)
    }

    fn new(name: Option<String>) -> Result<Self, NewUserError> {
        let pair = KeyPair::new_user();
        let seed = pair
            .seed()
            .map_err(|error| NewUserError::Key(error.to_string()))?;
        Ok(Self {
            public_key: pair.public_key(),
            seed,
            name,
        })
    }

    /// Writes the seed to a new file that only its owner can read.
    ///
    /// # Errors
    /// The file exists already, or cannot be written.
    pub fn write_seed(&self, file: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(file)?;
        writeln!(out, "{}", self.seed)?;
        out.sync_all()
    }

    /// The entry in `authorization { users = [ … ] }` of the servers.
    pub fn permissions(&self) -> String {
        let (publish, subscribe) = match &self.name {
            Some(name) => agent_subjects(name),
            None => hub_subjects(),
        };
        format!(
            "{{ nkey: {}, permissions: {{\n    publish: [{}],\n    subscribe: [{}] }} }}",
            self.public_key,
            quote(&publish),
            quote(&subscribe)
        )
    }

    /// The lines of the settings of this process.
    pub fn settings(&self, file: &Path) -> String {
        let cluster = format!(
            "[cluster]\nnats = [\"tls://nats.example:4222\"]\nnkey_file = {}\n",
            // A JSON string is one of TOML too.
            serde_json::Value::from(file.display().to_string())
        );
        match &self.name {
            Some(name) => format!("{cluster}\n[agent]\nname = \"{name}\"\n"),
            None => cluster,
        }
    }
}

/// What an agent may publish and subscribe to: its own subjects.
fn agent_subjects(name: &str) -> (Vec<String>, Vec<String>) {
    let publish = vec![format!("nv.1.hello.{name}"), format!("nv.1.re.{name}.>")];
    let subscribe = vec![
        format!("nv.1.ask.{name}"),
        format!("nv.1.stop.{name}.>"),
        "nv.1.roll".to_owned(),
    ];
    (publish, subscribe)
}

/// What a hub may publish and subscribe to: questions to all agents, and the state that replicas share.
fn hub_subjects() -> (Vec<String>, Vec<String>) {
    let own = |subjects: &[&str]| {
        subjects
            .iter()
            .map(|subject| (*subject).to_owned())
            .collect()
    };
    let publish = own(&[
        "nv.1.ask.>",
        "nv.1.stop.>",
        "nv.1.roll",
        "nv.agenda.>",
        "$JS.API.>",
        "$JS.ACK.>",
        "$JS.FC.>",
        "$KV.>",
        "nv.1.replica.>",
        "_INBOX_hub.>",
    ]);
    let subscribe = own(&[
        "nv.1.hello.>",
        "nv.1.re.>",
        "nv.1.replica.>",
        "_INBOX_hub.>",
    ]);
    (publish, subscribe)
}

fn quote(subjects: &[String]) -> String {
    let quoted: Vec<String> = subjects
        .iter()
        .map(|subject| format!("\"{subject}\""))
        .collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_may_use_its_own_subjects_only() {
        let user = NewUser::agent("fra1").expect("a user");
        assert_eq!(
            user.permissions(),
            format!(
                "{{ nkey: {}, permissions: {{\n    publish: [\"nv.1.hello.fra1\", \"nv.1.re.fra1.>\"],\n    \
                 subscribe: [\"nv.1.ask.fra1\", \"nv.1.stop.fra1.>\", \"nv.1.roll\"] }} }}",
                user.public_key
            )
        );
    }

    #[test]
    fn names_that_would_widen_permissions_are_refused() {
        for name in ["", "*", ">", "a.b", "a\"", "Fra1", "all", "local"] {
            assert!(
                matches!(NewUser::agent(name), Err(NewUserError::Name(_))),
                "{name}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_seed_is_for_its_owner_and_never_overwritten() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("fra1.nk");
        let user = NewUser::agent("fra1").expect("a user");
        user.write_seed(&file).expect("written");
        let mode = file.metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = NewUser::agent("fra1").expect("a user").write_seed(&file);
        assert_eq!(
            again.map_err(|error| error.kind()),
            Err(io::ErrorKind::AlreadyExists)
        );
        let seed = std::fs::read_to_string(&file).expect("read");
        let pair = KeyPair::from_seed(seed.trim()).expect("a seed");
        assert_eq!(pair.public_key(), user.public_key);
    }
}
