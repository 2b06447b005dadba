//! Kept results: replies that a client keeps under an unguessable identifier for 30 days.

use std::{sync::Arc, time::Duration};

use data_encoding::{BASE32_DNSSEC, HEXLOWER};
use jiff::Timestamp;
use netvane_document::{Failure, RenderedAnswer, Reply};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Engine, recent_replies::RecentReply};
use crate::{
    command::Entry,
    internal::internal_fault,
    request::Caller,
    store::{
        Store, StoreError, Versioned,
        bucket::{RESULT_OWNERS, RESULTS},
    },
};

/// Attempts to change a client's list while others change it as well.
const ATTEMPTS: usize = 8;

/// Time after which a client may try again when a limit is reached or the state cannot be written.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// A kept result as it is stored: typed data, which is presented when it is shown.
#[derive(Debug, Serialize, Deserialize)]
struct StoredResult {
    /// Identifier of the reply.
    reply: String,
    command: String,
    arguments: Map<String, Value>,
    data: Value,
    elapsed_ms: f64,
    cached: bool,
    /// Vantage points of the lookup; absent for this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vantage: Option<String>,
    created: Timestamp,
    expires: Timestamp,
    /// SHA-256 of the deletion token.
    deletion: String,
    /// Key of the client's list.
    owner: String,
}

/// One of the results of a client.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct OwnedResult {
    id: String,
    reply: String,
    expires: Timestamp,
}

/// A result that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptResult {
    /// Identifier of the result: 128 random bits.
    pub id: String,
    /// Token that deletes the result; `None` if it was given out before.
    pub deletion: Option<String>,
    /// Time at which the result is removed.
    pub expires: Timestamp,
}

/// A kept result that is shown.
pub struct ShownResult {
    /// The reply as it was kept, presented by this version.
    pub reply: Reply,
    /// Time of the reply.
    pub created: Timestamp,
    /// Time at which the result is removed.
    pub expires: Timestamp,
}

impl Engine {
    /// Keeps a recent reply of this caller. `None` if there is no such reply of the caller's within
    /// the last 15 minutes. Keeping it twice gives the same result.
    pub async fn keep_result(
        &self,
        id: &str,
        caller: &Caller,
    ) -> Result<Option<KeptResult>, Failure> {
        let recent = self.0.recent.find(id);
        let Some(recent) = recent.filter(|recent| recent.caller.name() == caller.name()) else {
            return Ok(None);
        };
        let store = self.state()?;
        self.check_keepable(&recent)?;

        let limits = &self.runtime().limits;
        store.set_limit(&RESULTS, limits.results_bytes);
        let owner = hash(&caller.name());
        let kept = reserve(store, &owner, id, limits.results_per_client).await?;
        let result = match kept {
            Reserved::New(result) => result,
            Reserved::Present(result) if self.stored_result(&result.id).await?.is_some() => {
                return Ok(Some(KeptResult {
                    id: result.id,
                    deletion: None,
                    expires: result.expires,
                }));
            }
            // The process ended between the list and the result.
            Reserved::Present(result) => result,
        };

        let token = random_token()?;
        let stored = stored(&recent, &result, &owner, &token);
        if let Err(error) = store.create(&RESULTS, &result.id, &stored).await {
            release(store, &owner, &result.id).await;
            return Err(not_kept(&error));
        }
        Ok(Some(KeptResult {
            id: result.id,
            deletion: Some(token),
            expires: result.expires,
        }))
    }

    /// Returns a kept result; `None` if it is unknown, expired or deleted.
    pub async fn kept_result(&self, id: &str) -> Result<Option<ShownResult>, Failure> {
        let stored = self.stored_result(id).await?;
        let shown = stored.and_then(|stored| {
            let entry = self.0.registry.find(&stored.command)?;
            show(entry, stored)
        });
        Ok(shown)
    }

    /// Whether this token deletes a kept result.
    pub async fn can_delete_result(&self, id: &str, token: &str) -> Result<bool, Failure> {
        let stored = self.stored_result(id).await?;
        // Hashes are compared, so that the time reveals nothing about the token.
        Ok(stored.is_some_and(|stored| stored.deletion == hash(token)))
    }

    /// Deletes a kept result; false if there is none that this token deletes.
    pub async fn delete_result(&self, id: &str, token: &str) -> Result<bool, Failure> {
        let stored = self.stored_result(id).await?;
        let Some(stored) = stored.filter(|stored| stored.deletion == hash(token)) else {
            return Ok(false);
        };
        let store = self.state()?;
        let removed = store.remove(&RESULTS, id).await;
        let removed = removed.map_err(|error| not_kept(&error))?;
        release(store, &stored.owner, id).await;
        Ok(removed)
    }

    async fn stored_result(&self, id: &str) -> Result<Option<StoredResult>, Failure> {
        match self.state()?.get(&RESULTS, id).await {
            Ok(stored) => Ok(stored.map(|stored| stored.value)),
            Err(StoreError::Unreadable(..)) => Ok(None),
            Err(error) => Err(not_kept(&error)),
        }
    }

    fn state(&self) -> Result<&Store, Failure> {
        let state = self.0.process.state.get();
        state.ok_or_else(|| Failure::Unavailable("results cannot be kept here".into()))
    }

    /// Refuses replies that must not be read by others.
    fn check_keepable(&self, recent: &RecentReply) -> Result<(), Failure> {
        let command = recent.reply.command;
        let is_keepable = self
            .0
            .registry
            .find(command)
            .is_some_and(|entry| entry.is_keepable());
        let platform = crate::Platform::Http;
        if !is_keepable || self.runtime().is_private(platform, &recent.caller, command) {
            return Err(Failure::Forbidden(format!(
                "replies of `{command}` are private and cannot be kept"
            )));
        }
        Ok(())
    }
}

/// What a client's list says about a reply.
enum Reserved {
    New(OwnedResult),
    Present(OwnedResult),
}

/// Adds a reply to the list of a client, unless it is there already.
async fn reserve(
    store: &Store,
    owner: &str,
    reply: &str,
    most: usize,
) -> Result<Reserved, Failure> {
    for _ in 0..ATTEMPTS {
        let (mut owned, revision) = owned_results(store, owner).await?;
        if let Some(present) = owned.iter().find(|owned| owned.reply == reply) {
            return Ok(Reserved::Present(present.clone()));
        }
        if owned.len() >= most {
            return Err(Failure::RateLimited {
                message: format!("You keep {most} results, the limit for one client."),
                retry_after: RETRY_AFTER,
            });
        }

        let result = OwnedResult {
            id: random_token()?,
            reply: reply.to_owned(),
            expires: in_the_future(RESULTS.lifetime),
        };
        owned.push(result.clone());
        if write_owned(store, owner, &owned, revision).await? {
            return Ok(Reserved::New(result));
        }
    }
    Err(Failure::Unavailable(
        "too many results are being kept at once; try again".into(),
    ))
}

/// Removes a result from the list of a client. An entry that is left over expires with its result.
async fn release(store: &Store, owner: &str, id: &str) {
    for _ in 0..ATTEMPTS {
        let Ok((mut owned, revision)) = owned_results(store, owner).await else {
            return;
        };
        owned.retain(|owned| owned.id != id);
        if !matches!(write_owned(store, owner, &owned, revision).await, Ok(false)) {
            return;
        }
    }
}

/// The results of a client that have not expired, with the revision of the list.
async fn owned_results(
    store: &Store,
    owner: &str,
) -> Result<(Vec<OwnedResult>, Option<u64>), Failure> {
    let list = store.get::<Vec<OwnedResult>>(&RESULT_OWNERS, owner).await;
    let list = list.map_err(|error| not_kept(&error))?;
    let Some(Versioned {
        value: mut owned,
        revision,
    }) = list
    else {
        return Ok((Vec::new(), None));
    };
    let now = Timestamp::now();
    owned.retain(|owned| owned.expires > now);
    Ok((owned, Some(revision)))
}

/// Writes the list of a client; false if somebody else has changed it meanwhile.
async fn write_owned(
    store: &Store,
    owner: &str,
    owned: &[OwnedResult],
    revision: Option<u64>,
) -> Result<bool, Failure> {
    let written = match revision {
        Some(revision) => store.replace(&RESULT_OWNERS, owner, &owned, revision).await,
        None => store.create(&RESULT_OWNERS, owner, &owned).await,
    };
    let written = written.map_err(|error| not_kept(&error))?;
    Ok(written.is_some())
}

fn stored(recent: &RecentReply, result: &OwnedResult, owner: &str, token: &str) -> StoredResult {
    let reply = &recent.reply;
    StoredResult {
        reply: reply.id.clone(),
        command: reply.command.to_owned(),
        arguments: Map::clone(&reply.arguments),
        data: reply.rendition.finding.data(),
        elapsed_ms: reply.elapsed.as_secs_f64() * 1e3,
        cached: reply.cached,
        vantage: reply.vantage.as_deref().map(str::to_owned),
        created: Timestamp::now(),
        expires: result.expires,
        deletion: hash(token),
        owner: owner.to_owned(),
    }
}

/// Presents stored data; `None` if this version cannot read it.
fn show(entry: &Arc<Entry>, stored: StoredResult) -> Option<ShownResult> {
    let finding = entry
        .read_reply(stored.data, stored.vantage.as_deref())
        .inspect_err(
            |error| tracing::warn!(%error, command = entry.spec.name, "kept result unreadable"),
        );
    let elapsed = Duration::try_from_secs_f64(stored.elapsed_ms / 1e3);
    Some(ShownResult {
        reply: Reply {
            id: stored.reply,
            command: entry.spec.name,
            arguments: Arc::new(stored.arguments),
            rendition: Arc::new(RenderedAnswer::new(finding.ok()?)),
            short: None,
            elapsed: elapsed.unwrap_or_default(),
            cached: stored.cached,
            fresh_for: Duration::ZERO,
            vantage: stored.vantage.map(Arc::from),
        },
        created: stored.created,
        expires: stored.expires,
    })
}

fn not_kept(error: &StoreError) -> Failure {
    match error {
        StoreError::Full(_) => {
            Failure::Unavailable("the storage for kept results is full; try again later".into())
        }
        StoreError::TooLarge(_) => Failure::TooLarge {
            what: "the result".into(),
            limit: RESULTS.max_value,
        },
        _ => {
            tracing::debug!(%error, "could not read or write a kept result");
            Failure::Unavailable("kept results are not available at the moment".into())
        }
    }
}

/// 128 random bits in lower-case letters and digits.
fn random_token() -> Result<String, Failure> {
    let mut random = [0; 16];
    SystemRandom::new()
        .fill(&mut random)
        .map_err(internal_fault)?;
    Ok(BASE32_DNSSEC.encode(&random))
}

fn hash(text: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref())
}

fn in_the_future(lifetime: Duration) -> Timestamp {
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(Timestamp::now().as_second().saturating_add(seconds))
        .unwrap_or(Timestamp::MAX)
}
