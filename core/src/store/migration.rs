//! Brings the layout of a database up to date.

use redb::{
    Database, ReadableDatabase, ReadableTable, TableDefinition, TableError, WriteTransaction,
};

use super::{
    bucket::{self, Bucket},
    tables::{AGENDA, ENTRIES, EXPIRY, FORMAT, META, META_FORMAT, META_REVISION, USAGE, size},
    unix_millis, unix_seconds,
};

/// The only table of version 1: bucket and key, then Unix time of expiry in seconds and the value in JSON.
const STATE: TableDefinition<(&str, &str), (u64, &[u8])> = TableDefinition::new("state");

/// Why a layout cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum LayoutError {
    #[error("written by a newer version of Netvane (format {0}, this one knows {FORMAT})")]
    Newer(u64),
    #[error(transparent)]
    Database(#[from] redb::Error),
}

/// Makes the tables, or moves the entries of version 1 into them. Nothing is written to a file that is up to date: a
/// full disk must not keep a service from its state.
pub(super) fn bring_up_to_date(database: &Database) -> Result<(), LayoutError> {
    match format(database)? {
        Some(FORMAT) => Ok(()),
        Some(newer) if newer > FORMAT => Err(LayoutError::Newer(newer)),
        _ => Ok(migrate(database)?),
    }
}

fn format(database: &Database) -> Result<Option<u64>, redb::Error> {
    match database.begin_read()?.open_table(META) {
        Ok(meta) => Ok(meta.get(META_FORMAT)?.map(|format| format.value())),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// In one transaction: after a crash the file is as before.
fn migrate(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    let moved = move_entries(&transaction)?;
    transaction.delete_table(STATE)?;

    {
        transaction.open_table(AGENDA)?;
        let mut meta = transaction.open_table(META)?;
        meta.insert(META_FORMAT, FORMAT)?;
        meta.insert(META_REVISION, moved)?;
    }

    transaction.commit()?;
    if moved > 0 {
        tracing::info!(entries = moved, "state migrated");
    }
    Ok(())
}

/// Moves the entries that have not expired; gives their number.
fn move_entries(transaction: &WriteTransaction) -> Result<u64, redb::Error> {
    let old = transaction.open_table(STATE)?;
    let mut entries = transaction.open_table(ENTRIES)?;
    let mut expiry = transaction.open_table(EXPIRY)?;
    let mut usage = transaction.open_table(USAGE)?;
    let mut agenda = transaction.open_table(AGENDA)?;
    let (now, mut revision) = (unix_seconds(), 0);
    let mut counts = [(0_u64, 0_u64); bucket::ALL.len()];

    for entry in old.iter()? {
        let (name, value) = entry?;
        let ((name, key), (until, value)) = (name.value(), value.value());
        let Some(moved) = translate(name, key, value).filter(|_| until > now) else {
            continue;
        };

        revision += 1;
        let name = moved.bucket.name;
        entries.insert((name, moved.key.as_str()), (revision, until, &*moved.value))?;
        expiry.insert((name, until, moved.key.as_str()), ())?;
        let count = &mut counts[moved.bucket.index()];
        *count = (count.0 + 1, count.1 + size(&moved.key, &moved.value));

        if let Some((kind, owner)) = moved.job {
            let now = unix_millis();
            agenda.insert(
                (kind.as_str(), moved.key.as_str()),
                (owner.as_str(), now, now),
            )?;
        }
    }

    for (bucket, count) in bucket::ALL.into_iter().zip(counts) {
        usage.insert(bucket.name, count)?;
    }
    Ok(revision)
}

/// An entry of version 1 as one of today.
struct Moved {
    bucket: &'static Bucket,
    key: String,
    value: Vec<u8>,
    /// Kind and owner of the job that the entry needs.
    job: Option<(String, String)>,
}

fn translate(name: &str, key: &str, value: &[u8]) -> Option<Moved> {
    let same = |bucket| Moved {
        bucket,
        key: key.to_owned(),
        value: value.to_vec(),
        job: None,
    };

    Some(match name {
        "callbacks" => Moved {
            job: Some(("callback-lookups".into(), "migration".into())),
            ..same(&bucket::CALLBACKS)
        },
        "callback payloads" => same(&bucket::CALLBACK_PAYLOADS),
        "callbacks ended" => same(&bucket::CALLBACKS_ENDED),
        "tickets" => same(&bucket::BUTTONS),
        "prompts" => same(&bucket::PROMPTS),
        "inbound" => same(&bucket::SIGNED_REQUESTS),
        "seen" => Moved {
            value: br#"{"handled":true}"#.to_vec(),
            ..same(&bucket::CHAT_UPDATES)
        },
        // The claim of its update is an entry of its own; the job keeps its own identifier as key.
        "jobs" => {
            let (platform, _) = key.split_once('/')?;
            let job: serde_json::Value = serde_json::from_slice(value).ok()?;
            Moved {
                value: serde_json::to_vec(&serde_json::json!({ "open": job })).ok()?,
                job: Some((format!("chat-{platform}"), platform.to_owned())),
                ..same(&bucket::CHAT_UPDATES)
            }
        }
        _ => return None,
    })
}
