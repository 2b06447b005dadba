//! One DKIM key with its problems.

use netvane_facts::mailpolicy::dkim::{self, KeyRecord};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::commands::mail::problem::{Code, Level, Problem, Problems};

/// Shortest RSA key that signers should use, in bits (RFC 8301 §3.2).
const GOOD_BITS: usize = 2048;
/// Shortest RSA key that verifiers accept, in bits (RFC 8301 §3.2).
const LEAST_BITS: usize = 1024;
/// Longest RSA key that verifiers must support, in bits (RFC 8301 §3.2).
const MOST_BITS: usize = 4096;
/// Maximum length of a record in the data, in characters.
const MAX_RECORD: usize = 2048;

/// A key at a selector.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Key {
    /// The selector; `*` if every selector has this record.
    pub(super) selector: String,
    /// Type of the key, such as `rsa` or `ed25519`; `null` if it is revoked or missing.
    r#type: Option<String>,
    /// Length of the key in bits; `null` if it cannot be read.
    pub(super) bits: Option<usize>,
    pub(super) state: KeyState,
    /// The record as published, cut after 2048 characters.
    record: String,
    /// The domain is testing DKIM (`t=y`).
    testing: bool,
    /// Problems of this key, worst first.
    problems: Vec<Problem>,
}

/// State of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum KeyState {
    /// Usable and without warnings.
    Ok,
    /// Usable, and should be changed.
    Warning,
    /// Verifiers do not accept it.
    Error,
    /// The domain revoked the key.
    Revoked,
}

impl Key {
    /// Reads the TXT records at a selector, of which there is at least one.
    pub(super) fn read(selector: &str, texts: &[String]) -> Self {
        let mut problems = Problems::default();
        let records: Vec<&String> = texts.iter().filter(|text| dkim::is_record(text)).collect();
        let text = records.first().copied().or(texts.first());
        let text = text.map(String::as_str).unwrap_or_default();

        if records.len() > 1 {
            problems.error(
                Code::SeveralRecords,
                format!(
                    "There are {} records, so the result is undefined (RFC 6376 §3.6.2.2)",
                    records.len()
                ),
                "Remove all but one",
            );
        }
        let record = dkim::parse(text);
        if records.is_empty() {
            problems.error(
                Code::InvalidRecord,
                "The TXT record is not a DKIM key",
                "Publish the key, such as `v=DKIM1; k=rsa; p=…`",
            );
        } else {
            check_tags(&mut problems, &record);
            check_key(&mut problems, &record);
        }

        let problems = problems.worst_first();
        let worst = problems.iter().map(|problem| problem.severity).max();
        let state = match worst {
            Some(Level::Error) => KeyState::Error,
            _ if record.key == dkim::Key::Revoked => KeyState::Revoked,
            Some(Level::Warning) => KeyState::Warning,
            _ => KeyState::Ok,
        };
        Self {
            selector: selector.to_owned(),
            r#type: record.key.type_name().map(str::to_owned),
            bits: record.key.bits(),
            state,
            record: text.chars().take(MAX_RECORD).collect(),
            testing: record.is_testing,
            problems,
        }
    }

    /// The type for people.
    pub(super) fn key_type(&self) -> &str {
        match self.r#type.as_deref() {
            Some("rsa") => "RSA",
            Some("ed25519") => "Ed25519",
            Some(other) => other,
            None => "none",
        }
    }

    /// The problems, with the selector in each text.
    pub(super) fn named_problems(&self) -> impl Iterator<Item = Problem> + '_ {
        self.problems.iter().map(|problem| Problem {
            text: format!("{}: {}", self.selector, problem.text),
            ..problem.clone()
        })
    }
}

fn check_tags(problems: &mut Problems, record: &KeyRecord) {
    for fault in &record.faults {
        problems.error(
            Code::InvalidRecord,
            format!("The record is invalid, so verifiers ignore it: {fault}"),
            "Correct the record",
        );
    }
    for tag in &record.ignored {
        problems.info(
            Code::IgnoredTag,
            format!("The tag `{tag}` has no effect"),
            "Remove it",
        );
    }
    if record.is_testing {
        problems.warning(
            Code::Testing,
            "The key is marked as a test (`t=y`), so verifiers may treat the mail as unsigned",
            "Remove `t=y` when the test is over",
        );
    }
    if !record.services.is_empty() && !record.services.iter().any(|service| service == "email") {
        problems.error(
            Code::WrongService,
            "The key is not meant for email (`s=`)",
            "Write `s=email`, or remove `s=`",
        );
    }
    let knows = |hash: &str| record.hashes.iter().any(|other| other == hash);
    if !record.hashes.is_empty() && !knows("sha256") {
        problems.error(
            Code::Sha1Only,
            "The key does not allow SHA-256 (`h=`), the only hash that verifiers accept (RFC 8301)",
            "Write `h=sha256`, or remove `h=`",
        );
    }
}

fn check_key(problems: &mut Problems, record: &KeyRecord) {
    match &record.key {
        dkim::Key::Rsa { bits } if *bits < LEAST_BITS => problems.error(
            Code::WeakKey,
            format!("The RSA key has only {bits} bits, so verifiers reject it (RFC 8301)"),
            format!("Create a key of {GOOD_BITS} bits with a new selector"),
        ),
        dkim::Key::Rsa { bits } if *bits < GOOD_BITS => problems.warning(
            Code::WeakKey,
            format!("The RSA key has only {bits} bits; signers should use {GOOD_BITS} (RFC 8301)"),
            format!("Create a key of {GOOD_BITS} bits with a new selector"),
        ),
        dkim::Key::Rsa { bits } if *bits > MOST_BITS => problems.warning(
            Code::LargeKey,
            format!("The RSA key has {bits} bits; verifiers have to support only up to {MOST_BITS} (RFC 8301)"),
            format!("Create a key of {GOOD_BITS} bits with a new selector"),
        ),
        dkim::Key::Ed25519 => problems.info(
            Code::UnknownKeyType,
            "Ed25519 is not known to all verifiers (RFC 8463)",
            "Sign with an RSA key too, under another selector",
        ),
        dkim::Key::Revoked => problems.info(
            Code::RevokedKey,
            "The key is revoked (`p=` is empty), so its signatures fail",
            "Nothing, if that is meant; otherwise publish the key again",
        ),
        dkim::Key::UnknownType(name) => problems.error(
            Code::UnknownKeyType,
            format!("Verifiers do not know the key type `{name}`"),
            "Use an RSA key of 2048 bits",
        ),
        dkim::Key::Invalid(_, why) => problems.error(
            Code::InvalidKey,
            format!("The key cannot be read: {why}"),
            "Publish the key again; a long one must be split into strings of 255 bytes without changes",
        ),
        dkim::Key::Missing => problems.error(
            Code::InvalidKey,
            "The record has no key: the tag `p` is missing",
            "Publish the key, such as `v=DKIM1; k=rsa; p=…`",
        ),
        dkim::Key::Rsa { .. } => {}
    }
}
