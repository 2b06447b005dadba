//! API keys: generated here, stored in the settings as hashes, and verified here.

use std::{fmt, str::FromStr};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use netvane_document::{Failure, UsageError};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};
use subtle::ConstantTimeEq;

use crate::internal::internal_fault;

/// Prefix of every key, so that people and scanners for leaked secrets recognize one.
pub const PREFIX: &str = "nvk_";

/// Prefix of a hash in the settings.
const HASH: &str = "sha256:";

/// What an API key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One request at a time.
    Ask,
    /// Many lookups in one request.
    Batch,
    /// Replies that are delivered later to a callback URL.
    Callback,
}

impl Scope {
    /// Every scope, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Ask, Self::Batch, Self::Callback];

    /// Returns the name used in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Batch => "batch",
            Self::Callback => "callback",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|scope| scope.name() == text);
        known.ok_or_else(|| "unknown scope; expected ask, batch or callback".to_owned())
    }
}

/// One entry of `http.api_keys`: `sha256:HEX name=ops scopes=ask+batch expires=2027-01-01`.
///
/// Plain SHA-256 is sufficient: a key is 32 random bytes, so there is no dictionary attack that a
/// slow hash would slow down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    hash: [u8; 32],
    /// Name of the key's owner. Several entries may share a name while a key is being replaced.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// First day (UTC) on which it is no longer valid.
    pub expires: Option<Date>,
}

impl ApiKey {
    /// Generates a key, to be shown once, and its entry for the settings.
    pub fn generate(
        name: Option<String>,
        scopes: Vec<Scope>,
        expires: Option<Date>,
    ) -> Result<(String, Self), Failure> {
        let mut random = [0; 32];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(internal_fault)?;

        let key = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&random));
        let hash = hashed(&key);
        let scopes = if scopes.is_empty() {
            Scope::ALL.to_vec()
        } else {
            scopes
        };

        let name = name.unwrap_or_else(|| unnamed(&hash));
        if !is_name(&name) {
            return Err(UsageError::argument(NAME).into());
        }

        Ok((
            key,
            Self {
                hash,
                name,
                scopes,
                expires,
            },
        ))
    }

    fn is_valid_on(&self, today: Date) -> bool {
        self.expires.is_none_or(|end| today < end)
    }
}

/// Error for a name that is not allowed.
const NAME: &str =
    "a key's name must have at most 64 letters, digits, dots, hyphens and underscores";

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Returns a default name with enough of the hash to identify the key in a log.
fn unnamed(hash: &[u8; 32]) -> String {
    format!("key-{}", HEXLOWER.encode(&hash[..4]))
}

fn hashed(key: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
    hash
}

/// Formats the entry for the settings; default values are left out.
impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HASH}{}", HEXLOWER.encode(&self.hash))?;
        if self.name != unnamed(&self.hash) {
            write!(f, " name={}", self.name)?;
        }
        if Scope::ALL.iter().any(|scope| !self.scopes.contains(scope)) {
            let scopes: Vec<&str> = self.scopes.iter().map(|scope| scope.name()).collect();
            write!(f, " scopes={}", scopes.join("+"))?;
        }
        match self.expires {
            Some(end) => write!(f, " expires={end}"),
            None => Ok(()),
        }
    }
}

/// Errors never repeat the text, because it may be a key.
impl FromStr for ApiKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let first = words.next().unwrap_or_default();

        if first.starts_with(PREFIX) {
            return Err(
                "this is a key; its hash belongs here, because anyone who can read the settings could use the key. Use the entry that `netvane key new` prints, and a new key"
                    .into(),
            );
        }

        let hash = first
            .strip_prefix(HASH)
            .and_then(|hex| HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok())
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .ok_or(
                "expected `sha256:` and 64 hexadecimal digits; `netvane key new` prints an entry",
            )?;

        let mut key = Self {
            hash,
            name: unnamed(&hash),
            scopes: Scope::ALL.to_vec(),
            expires: None,
        };

        let mut seen = Vec::new();

        for word in words {
            let unknown = "expected name=…, scopes=… or expires=… after the hash";
            let (what, value) = word.split_once('=').ok_or(unknown)?;
            if seen.contains(&what) {
                return Err("name, scopes and expires may each be given once".into());
            }

            seen.push(what);
            match what {
                "name" if is_name(value) => key.name = value.to_owned(),
                "name" => return Err(NAME.into()),
                "scopes" => {
                    key.scopes = value
                        .split(['+', ','])
                        .map(str::parse)
                        .collect::<Result<_, _>>()?;
                }
                "expires" => {
                    key.expires = Some(
                        value
                            .parse()
                            .map_err(|_| "expires must be a date such as 2027-01-31")?,
                    );
                }
                _ => return Err(unknown.into()),
            }
        }

        Ok(key)
    }
}

/// All keys of a service.
#[derive(Debug, Clone, Default)]
pub struct ApiKeys(Vec<ApiKey>);

impl ApiKeys {
    /// Parses the entries of the settings; the error names the entry by its number.
    pub fn read<'t>(entries: impl IntoIterator<Item = &'t str>) -> Result<Self, String> {
        let mut keys: Vec<ApiKey> = Vec::new();
        for (entry, number) in entries.into_iter().zip(1..) {
            let key: ApiKey = entry
                .parse()
                .map_err(|fault| format!("entry {number}: {fault}"))?;
            if keys.iter().any(|other| other.hash == key.hash) {
                return Err(format!("entry {number}: duplicate hash"));
            }
            keys.push(key);
        }
        Ok(Self(keys))
    }

    /// Returns whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the entry of a key that is valid now. Takes the same time for every key, so that
    /// timing does not reveal which entry matches or how closely.
    pub fn find(&self, given: &str) -> Option<&ApiKey> {
        self.find_on(given, Timestamp::now().to_zoned(TimeZone::UTC).date())
    }

    fn find_on(&self, given: &str, today: Date) -> Option<&ApiKey> {
        let hash = hashed(given);
        let mut found = None;
        for key in &self.0 {
            if bool::from(key.hash.ct_eq(&hash)) {
                found = Some(key);
            }
        }
        found.filter(|key| key.is_valid_on(today))
    }
}

#[cfg(test)]
mod tests;
