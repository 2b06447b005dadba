//! Entries of a stream with one message a subject: read by its leader, written under a revision.
//!
//! The layout is that of NATS' key-value buckets, so that its tools show them.

use std::{collections::HashMap, time::Duration};

use async_nats::HeaderMap;
use bytes::Bytes;
use data_encoding::BASE64;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use ulid::Ulid;

use super::api::{Api, Fault};

/// Time in which a write is repeated while JetStream has no leader.
const DEADLINE: Duration = Duration::from_secs(10);
/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(150);
/// Attempts to change an entry while others change it as well.
const ATTEMPTS: usize = 8;

/// Header of a removed entry.
const OPERATION: &str = "KV-Operation";
/// Header that tells a write from others, to recognize it when its reply was lost.
const WRITE: &str = "Nv-Write";
/// Header with the key where the subject has only its hash.
pub(crate) const KEY: &str = "Nv-Key";
const EXPECTED: &str = "Nats-Expected-Last-Subject-Sequence";

/// The last message of a subject.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) revision: u64,
    pub(crate) value: Vec<u8>,
    /// When it was written, if the server says so.
    pub(crate) written: Option<Timestamp>,
    headers: String,
}

impl Entry {
    /// Whether the entry was removed.
    pub(crate) fn is_removed(&self) -> bool {
        self.header(OPERATION).is_some()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            (found == name).then(|| value.trim())
        })
    }
}

/// What is written.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) subject: String,
    pub(crate) value: Bytes,
    pub(crate) key: Option<String>,
    is_removal: bool,
}

impl Write {
    pub(crate) fn new(subject: String, value: impl Into<Bytes>) -> Self {
        Self {
            subject,
            value: value.into(),
            key: None,
            is_removal: false,
        }
    }

    fn removal(subject: String) -> Self {
        Self {
            is_removal: true,
            ..Self::new(subject, Bytes::new())
        }
    }
}

#[derive(Deserialize)]
struct Found {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    seq: u64,
    #[serde(default)]
    hdrs: String,
    #[serde(default)]
    data: String,
    #[serde(default)]
    time: String,
}

#[derive(Deserialize)]
struct Subjects {
    #[serde(default)]
    total: usize,
    state: SubjectState,
}

#[derive(Deserialize)]
struct SubjectState {
    #[serde(default)]
    subjects: Option<HashMap<String, u64>>,
}

impl Api {
    /// All subjects of a stream that match a filter.
    pub(crate) async fn subjects(&self, stream: &str, filter: &str) -> Result<Vec<String>, Fault> {
        let (subject, mut all) = (format!("STREAM.INFO.{stream}"), Vec::new());
        loop {
            let body = json!({ "subjects_filter": filter, "offset": all.len() });
            let page = self.call::<Subjects>(&subject, &body).await?;
            let subjects = page.state.subjects.unwrap_or_default();
            let is_last = subjects.is_empty() || all.len() + subjects.len() >= page.total;
            all.extend(subjects.into_keys());
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The last message of a subject, as the leader of the stream has it.
    pub(crate) async fn last(&self, stream: &str, subject: &str) -> Result<Option<Entry>, Fault> {
        let end = Instant::now() + DEADLINE;
        loop {
            let body = json!({ "last_by_subj": subject });
            let found = self
                .call::<Found>(&format!("STREAM.MSG.GET.{stream}"), &body)
                .await;
            match found {
                Ok(Found { message }) => return read(message).map(Some),
                Err(Fault::NotFound) => return Ok(None),
                Err(Fault::Passing(_) | Fault::NoReply) if Instant::now() < end => {
                    sleep(PAUSE).await;
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Writes an entry whose last revision is this one: 0 for none. `None` if another write came first.
    pub(crate) async fn write(
        &self,
        stream: &str,
        write: &Write,
        expected: Option<u64>,
    ) -> Result<Option<u64>, Fault> {
        let (end, token) = (Instant::now() + DEADLINE, Ulid::new().to_string());
        let mut in_doubt = false;

        loop {
            let headers = headers(write, expected, &token);
            let stored = self
                .store(write.subject.clone(), headers, write.value.clone())
                .await;
            match stored {
                Ok(revision) => return Ok(Some(revision)),
                // It may have been this write, whose reply was lost.
                Err(Fault::OthersFirst) if in_doubt => {
                    let last = self.last(stream, &write.subject).await?;
                    let own = last.filter(|last| last.header(WRITE) == Some(&token));
                    return Ok(own.map(|own| own.revision));
                }
                Err(Fault::OthersFirst) => return Ok(None),
                Err(fault @ (Fault::Passing(_) | Fault::NoReply)) if Instant::now() < end => {
                    in_doubt |= fault == Fault::NoReply;
                    sleep(PAUSE).await;
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Writes an entry where there is none, or only a removed one.
    pub(crate) async fn create(&self, stream: &str, write: &Write) -> Result<Option<u64>, Fault> {
        let mut expected = 0;
        for _ in 0..ATTEMPTS {
            if let Some(revision) = self.write(stream, write, Some(expected)).await? {
                return Ok(Some(revision));
            }
            expected = match self.last(stream, &write.subject).await? {
                Some(last) if last.is_removed() => last.revision,
                Some(_) => return Ok(None),
                None => 0,
            };
        }
        Ok(None)
    }

    /// Removes an entry; gives the revision of its removal, if there was an entry.
    pub(crate) async fn remove(&self, stream: &str, subject: &str) -> Result<Option<u64>, Fault> {
        for _ in 0..ATTEMPTS {
            let last = self.last(stream, subject).await?;
            let Some(last) = last.filter(|last| !last.is_removed()) else {
                return Ok(None);
            };
            let removed = self.remove_revision(stream, subject, last.revision).await?;
            if removed.is_some() {
                return Ok(removed);
            }
        }
        Err(Fault::Passing("others change this entry".into()))
    }

    /// Removes an entry that still has this revision.
    pub(crate) async fn remove_revision(
        &self,
        stream: &str,
        subject: &str,
        revision: u64,
    ) -> Result<Option<u64>, Fault> {
        let removal = Write::removal(subject.to_owned());
        self.write(stream, &removal, Some(revision)).await
    }

    /// Deletes the message of this sequence.
    pub(crate) async fn delete(&self, stream: &str, sequence: u64) -> Result<(), Fault> {
        let body = json!({ "seq": sequence, "no_erase": true });
        let deleted = self
            .call::<Value>(&format!("STREAM.MSG.DELETE.{stream}"), &body)
            .await;
        match deleted {
            Ok(_) | Err(Fault::NotFound | Fault::Refused(10057, _)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}

fn headers(write: &Write, expected: Option<u64>, token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(WRITE, token);
    if let Some(expected) = expected {
        headers.insert(EXPECTED, expected.to_string().as_str());
    }
    if write.is_removal {
        headers.insert(OPERATION, "DEL");
    }
    if let Some(key) = &write.key {
        headers.insert(KEY, BASE64.encode(key.as_bytes()).as_str());
    }
    headers
}

fn read(message: Message) -> Result<Entry, Fault> {
    let bytes = |text: &str| {
        BASE64
            .decode(text.as_bytes())
            .map_err(|error| Fault::Refused(0, error.to_string()))
    };
    Ok(Entry {
        revision: message.seq,
        value: bytes(&message.data)?,
        written: message.time.parse().ok(),
        headers: String::from_utf8_lossy(&bytes(&message.hdrs)?).into_owned(),
    })
}
