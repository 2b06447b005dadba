//! The streams of the state: one for each bucket, one for the roles, and one for the jobs with a consumer for each kind.

use std::time::Duration;

use netvane_core::store::{
    Bucket, KINDS, Kind,
    bucket::{self, WhenFull},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, Fault};

/// Largest value in bytes: a message, with its headers, must fit the servers' limit of 1 MiB.
pub(crate) const MAX_VALUE: usize = 768 << 10;
/// Room for the headers of a message.
const HEADERS: usize = 4 << 10;

/// The stream of the jobs.
pub(crate) const AGENDA: &str = "nv-agenda";
/// Bytes of all jobs.
const AGENDA_BYTES: u64 = 256 << 20;
/// Time after which a job is given out again whose holder says nothing.
pub(crate) const ACK_WAIT: Duration = Duration::from_secs(30);
/// Jobs that are taken or put off, at all replicas.
const MAX_PENDING: u64 = 50_000;

/// The stream of the roles.
pub(crate) const ROLES: &str = "KV_nv-roles";
/// Time after which a role is free whose holder does not renew it.
pub(crate) const ROLE_LEASE: Duration = Duration::from_secs(20);

/// Time in which the servers recognize a message that is sent twice.
const DUPLICATES: Duration = Duration::from_secs(120);

/// JetStream runs on a single server that is not in a cluster.
const NOT_CLUSTERED: u64 = 10074;
/// Too few servers for the copies.
const TOO_FEW: u64 = 10005;
/// The servers have less storage than the stream may take.
const NO_STORAGE: [u64; 3] = [10023, 10047, 10028];

/// Returns the name of the stream behind a bucket.
pub(crate) fn stream_of(bucket: &Bucket) -> String {
    format!("KV_nv-{}", bucket.name)
}

/// Returns the subject of an entry by its encoded key.
pub(crate) fn subject_of(bucket: &Bucket, key: &str) -> String {
    format!("$KV.nv-{}.{key}", bucket.name)
}

pub(crate) fn role_subject(role: &str) -> String {
    format!("$KV.nv-roles.{role}")
}

pub(crate) fn consumer_of(kind: &Kind) -> String {
    format!("nv-{}", kind.name)
}

/// All subjects of a kind of jobs, or that of one.
pub(crate) fn job_subject(kind: &Kind, key: &str) -> String {
    format!("nv.agenda.{}.{key}", kind.name)
}

#[derive(Deserialize)]
struct StreamInfo {
    config: StreamConfig,
}

#[derive(Deserialize)]
struct StreamConfig {
    #[serde(default)]
    max_age: u64,
}

impl Api {
    /// Makes the streams and consumers that are not there.
    pub(crate) async fn prepare(&self, copies: usize) -> Result<(), Fault> {
        for bucket in bucket::ALL {
            self.ensure_stream(bucket_config(bucket), copies).await?;
        }
        self.ensure_stream(roles_config(), copies).await?;
        self.ensure_stream(agenda_config(), copies).await?;
        for kind in KINDS {
            let subject = format!("CONSUMER.DURABLE.CREATE.{AGENDA}.{}", consumer_of(kind));
            self.call::<Value>(&subject, &consumer_config(kind)).await?;
        }
        Ok(())
    }

    async fn ensure_stream(&self, mut config: Value, copies: usize) -> Result<(), Fault> {
        let name = config["name"].as_str().unwrap_or_default().to_owned();
        let info = self
            .call::<StreamInfo>(&format!("STREAM.INFO.{name}"), &Value::Null)
            .await;
        match info {
            Ok(info) => {
                if Some(info.config.max_age) != config["max_age"].as_u64() {
                    tracing::warn!(
                        stream = name,
                        "NATS stream has another lifetime than this version sets"
                    );
                }
                return Ok(());
            }
            Err(Fault::NotFound) => {}
            Err(fault) => return Err(fault),
        }

        let mut copies = copies;
        loop {
            config["num_replicas"] = json!(copies);
            let created = self
                .call::<Value>(&format!("STREAM.CREATE.{name}"), &config)
                .await;
            let fault = match created {
                // Another replica was faster.
                Ok(_) | Err(Fault::Refused(10058, _)) => return Ok(()),
                Err(fault) => fault,
            };
            let Fault::Refused(code, _) = &fault else {
                return Err(fault);
            };
            let bytes = config["max_bytes"].as_u64().unwrap_or_default();
            if *code == NOT_CLUSTERED && copies > 1 {
                copies = 1;
            } else if *code == TOO_FEW && copies > self.servers().max(1) {
                copies = self.servers().max(1);
            } else if NO_STORAGE.contains(code) && bytes > 4 << 20 {
                config["max_bytes"] = json!(bytes / 2);
            } else {
                return Err(fault);
            }
        }
    }

    /// Number of servers of the cluster, as the connected one reports it.
    fn servers(&self) -> usize {
        self.link.client().server_info().connect_urls.len()
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(i64::MAX as u64)
}

fn bucket_config(bucket: &Bucket) -> Value {
    let discard = match bucket.when_full {
        WhenFull::Refuse => "new",
        WhenFull::DropOldest => "old",
    };
    json!({
        "name": stream_of(bucket),
        "subjects": [subject_of(bucket, ">")],
        "retention": "limits",
        "storage": "file",
        "discard": discard,
        "max_age": nanoseconds(bucket.lifetime),
        "max_bytes": bucket.max_bytes,
        "max_msg_size": bucket.max_value.min(MAX_VALUE) + HEADERS,
        "max_msgs_per_subject": 1,
        "duplicate_window": nanoseconds(DUPLICATES.min(bucket.lifetime)),
        "allow_direct": true,
    })
}

fn roles_config() -> Value {
    json!({
        "name": ROLES,
        "subjects": [role_subject(">")],
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "max_age": nanoseconds(ROLE_LEASE),
        "max_bytes": 1 << 20,
        "max_msgs_per_subject": 1,
        "duplicate_window": nanoseconds(ROLE_LEASE),
        "allow_direct": true,
    })
}

/// One message a job: its subject holds none while there is no such job.
fn agenda_config() -> Value {
    json!({
        "name": AGENDA,
        "subjects": ["nv.agenda.>"],
        "retention": "workqueue",
        "storage": "file",
        "discard": "new",
        "max_bytes": AGENDA_BYTES,
        "max_msgs_per_subject": 1,
        "duplicate_window": nanoseconds(DUPLICATES),
    })
}

fn consumer_config(kind: &Kind) -> Value {
    let name = consumer_of(kind);
    json!({
        "stream_name": AGENDA,
        "config": {
            "durable_name": name,
            "name": name,
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": nanoseconds(ACK_WAIT),
            "max_deliver": -1,
            "max_ack_pending": MAX_PENDING,
            "filter_subject": job_subject(kind, ">"),
            "replay_policy": "instant",
        },
    })
}
