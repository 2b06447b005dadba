//! Public keys of signatures, looked up through the service's own client before mail-auth verifies anything, so that
//! they are within the egress budget and bounded in number.

use std::{
    borrow::Borrow,
    collections::{BTreeSet, HashMap},
    hash::Hash,
    sync::Arc,
};

use domain::base::Rtype;
use futures::{StreamExt, stream};
use mail_auth::{
    AuthenticatedMessage, DnsError, Error, ResolverCache, Txt,
    common::{parse::TxtRecordParser, verify::DomainKey},
};

use super::lookup::{self, is_queryable};
use crate::{
    dns::{Client, Data, Record},
    metrics,
};

/// Largest number of different keys that are looked up for a message. More are as if the lookup had failed.
const MAX_KEYS: usize = 32;
/// Number of keys that are looked up at the same time.
const AT_ONCE: usize = 8;

/// Names of the keys of all signatures and ARC seals, each once, with the final dot.
pub(super) fn key_names(message: &AuthenticatedMessage<'_>) -> BTreeSet<String> {
    let dkim = message.dkim_headers.iter().map(|field| &field.header);
    let arc = message.ams_headers.iter().map(|field| &field.header);
    let seals = message.as_headers.iter().map(|field| &field.header);
    dkim.map(|signature| (&signature.d, &signature.s))
        .chain(arc.map(|signature| (&signature.d, &signature.s)))
        .chain(seals.map(|seal| (&seal.d, &seal.s)))
        .map(|(domain, selector)| format!("{selector}._domainkey.{domain}.").to_lowercase())
        .collect()
}

/// The keys of a message by name, as mail-auth's cache: every name that it asks for has an entry here, so that it sends
/// no queries of its own.
#[derive(Default)]
pub(super) struct Keys(HashMap<Box<str>, Txt>);

impl Keys {
    /// Looks up the first keys of these names.
    pub(super) async fn look_up(client: &Client, names: BTreeSet<String>) -> Self {
        if names.len() > MAX_KEYS {
            metrics::limit_reached("mail_keys");
        }
        let lookups = names
            .into_iter()
            .enumerate()
            .map(|(index, name)| async move {
                let key = if index < MAX_KEYS {
                    look_up(client, &name).await
                } else {
                    failed(format!("not looked up: more than {MAX_KEYS} keys"))
                };
                (name.into_boxed_str(), key)
            });
        Self(
            stream::iter(lookups)
                .buffer_unordered(AT_ONCE)
                .collect()
                .await,
        )
    }
}

impl ResolverCache<Box<str>, Txt> for Keys {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let key = self.0.get(name).cloned();
        Some(key.unwrap_or_else(|| failed("not looked up".into())))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: std::time::Instant) {}
}

/// The first valid key at a name.
async fn look_up(client: &Client, name: &str) -> Txt {
    let name = name.trim_end_matches('.');
    if !is_queryable(name) {
        return Txt::Error(Error::Dns(DnsError::InvalidRecordType));
    }
    match lookup::records(client, name, Rtype::TXT).await {
        Ok(records) => read(&records),
        Err(why) => failed(why),
    }
}

fn read(records: &[Record]) -> Txt {
    let mut result = Err(Error::Dns(DnsError::InvalidRecordType));
    for record in records {
        if let Data::Txt(txt) = &record.data {
            let text: Vec<u8> = txt.iter().flatten().copied().collect();
            result = DomainKey::parse(&text);
        }
        if result.is_ok() {
            break;
        }
    }
    match result {
        Ok(key) => Txt::DomainKey(Arc::new(key)),
        Err(error) => Txt::Error(error),
    }
}

/// A failed lookup, which mail-auth reports as a temporary error.
fn failed(why: String) -> Txt {
    Txt::Error(Error::Dns(DnsError::Resolver(why)))
}
