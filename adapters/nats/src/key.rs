//! The key with which a process signs in at the NATS servers.

use std::{fs, path::Path};

use netvane_core::settings::Cluster;
use nkeys::KeyPair;

/// Largest file of a key or of credentials, in bytes.
const MAX_FILE: u64 = 64 << 10;
/// Longest seed of an NKey, in characters.
const SEED: usize = 58;

/// How the process signs in.
#[derive(Clone)]
pub(crate) enum Key {
    /// Not at all: for servers without authentication.
    None,
    /// The seed of an NKey.
    Seed(String),
    /// The text of a credentials file: a JWT and the seed of its NKey.
    Credentials(String),
}

impl Key {
    /// Reads the file that the settings name.
    ///
    /// # Errors
    /// The file cannot be read, or holds no key of a user.
    pub(crate) fn read(settings: &Cluster) -> Result<Self, String> {
        if !settings.nkey_file.is_empty() {
            let text = read_file("cluster.nkey_file", &settings.nkey_file)?;
            let seed = seed(&text).ok_or_else(|| {
                format!(
                    "cluster.nkey_file: {} has no seed of a user's NKey (a line that begins with SU)",
                    settings.nkey_file
                )
            })?;
            return Ok(Self::Seed(seed.to_owned()));
        }
        if !settings.credentials.is_empty() {
            let text = read_file("cluster.credentials", &settings.credentials)?;
            if seed(&text).is_none() {
                return Err(format!(
                    "cluster.credentials: {} is no credentials file of a user",
                    settings.credentials
                ));
            }
            return Ok(Self::Credentials(text));
        }
        Ok(Self::None)
    }

    /// The seed, from which other secrets can be derived.
    pub(crate) fn secret(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Seed(seed) => Some(seed),
            Self::Credentials(text) => seed(text),
        }
    }
}

/// Finds the line with the seed of a user's NKey.
fn seed(text: &str) -> Option<&str> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| {
        line.len() == SEED && line.starts_with("SU") && KeyPair::from_seed(line).is_ok()
    })
}

fn read_file(setting: &str, file: &str) -> Result<String, String> {
    let path = Path::new(file);
    let unusable = |error: std::io::Error| format!("{setting}: {file}: {error}");
    if fs::metadata(path).map_err(unusable)?.len() > MAX_FILE {
        return Err(format!("{setting}: {file} is larger than {MAX_FILE} bytes"));
    }
    fs::read_to_string(path).map_err(unusable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_file(text: &str) -> Result<Key, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), text).expect("written");
        Key::read(&Cluster {
            nats: Vec::new(),
            nkey_file: file.path().display().to_string(),
            credentials: String::new(),
            replicas: 0,
        })
    }

    #[test]
    fn a_seed_is_found_among_comments() {
        let seed = KeyPair::new_user().seed().expect("a seed");
        let key = in_file(&format!("# key of fra1\n  {seed}\r\n")).expect("a key");
        assert_eq!(key.secret(), Some(seed.as_str()));
    }

    #[test]
    fn other_keys_and_other_texts_are_refused() {
        let account = KeyPair::new_account().seed().expect("a seed");
        let public = KeyPair::new_user().public_key();
        for text in ["", "SU", &account, &public] {
            assert!(in_file(text).is_err(), "{text}");
        }
    }
}
