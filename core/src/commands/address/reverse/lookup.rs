//! PTR lookups of an address, and the lookups of its names that confirm them.

use std::{net::IpAddr, time::Duration};

use domain::base::Rtype;
use futures::{StreamExt, stream};
use netvane_document::{Failure, json_size};
use netvane_facts::target::reverse_name;
use netvane_net::dns::{Client, Data as Rdata, Record, without_dot};

use super::{AddressNames, MAX_NAMES, Name};
use crate::commands::dns::lookup::{Outcome, look_up};

/// Largest size of the names of one address as JSON, in bytes.
const MAX_NAME_BYTES: usize = 8 << 10;
/// Names of one address that are resolved at the same time.
const NAMES_AT_ONCE: usize = 8;

/// Looks up the PTR records of an address with forward confirmation; returns them with the lifetime of the answer.
pub(crate) async fn reverse(
    client: &Client,
    address: IpAddr,
) -> Result<(AddressNames, Duration), Failure> {
    let Pointers {
        names,
        omitted,
        failure,
        lifetime,
    } = pointers(client, address).await?;

    let names = stream::iter(names)
        .map(|name| confirm(client, name, address))
        .buffered(NAMES_AT_ONCE)
        .collect()
        .await;

    Ok((
        AddressNames {
            address,
            names,
            omitted,
            failure,
        },
        lifetime,
    ))
}

/// The PTR records of an address. The response itself, which may be large, is not kept.
struct Pointers {
    names: Vec<String>,
    omitted: usize,
    failure: Option<String>,
    lifetime: Duration,
}

async fn pointers(client: &Client, address: IpAddr) -> Result<Pointers, Failure> {
    let answered = look_up(client, &reverse_name(address), Rtype::PTR).await?;
    let (names, omitted) = ptr_names(&answered.records);
    let failure = match answered.lookup.outcome {
        Outcome::Answer | Outcome::NoData | Outcome::Nxdomain => None,
        _ => Some(answered.lookup.document("").summary),
    };

    Ok(Pointers {
        names,
        omitted,
        failure,
        lifetime: answered.lookup.lifetime(),
    })
}

/// The first names of PTR records, and the number of others.
pub(crate) fn ptr_names(records: &[Record]) -> (Vec<String>, usize) {
    let targets = || {
        records.iter().filter_map(|record| match &record.data {
            Rdata::Ptr(ptr) => Some(ptr.ptrdname()),
            _ => None,
        })
    };

    let mut left = MAX_NAME_BYTES;
    let fits = |name: &String| match left.checked_sub(json_size(name)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let first = targets().take(MAX_NAMES).map(without_dot);
    let names: Vec<String> = first.take_while(fits).collect();
    let omitted = targets().count() - names.len();
    (names, omitted)
}

/// Looks up whether a name resolves back to the address.
async fn confirm(client: &Client, name: String, address: IpAddr) -> Name {
    let rtype = if address.is_ipv4() {
        Rtype::A
    } else {
        Rtype::AAAA
    };

    let (forward_confirmed, unchecked) = match look_up(client, &name, rtype).await {
        Ok(forward) => (
            forward
                .records
                .iter()
                .any(|record| record.address() == Some(address)),
            !matches!(
                forward.lookup.outcome,
                Outcome::Answer | Outcome::NoData | Outcome::Nxdomain
            ),
        ),
        Err(_) => (false, true),
    };

    Name {
        name,
        forward_confirmed,
        unchecked,
    }
}
