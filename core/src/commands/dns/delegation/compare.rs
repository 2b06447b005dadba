//! Compares what a zone says of its servers with what its parent says.

use std::collections::BTreeSet;

use domain::base::Rtype;
use futures::future::join_all;
use netvane_net::dns::{Client, Data as RecordData, Message, Question};

use super::{
    Disagreement, DisagreementKind,
    referral::{Referral, is_below, name_servers},
};

/// Most servers whose glue is compared.
const MAX_SERVERS: usize = 13;

/// A query as resolvers send it to authoritative servers, for signatures too.
pub(super) fn question(name: &str, rtype: Rtype) -> Question<'_> {
    Question {
        recurse: false,
        dnssec: true,
        ..Question::new(name, rtype)
    }
}

/// Compares names and addresses of the servers; asks `child`, a server of the zone.
pub(super) async fn servers(child: &Client, referral: &Referral) -> Vec<Disagreement> {
    let zone = &referral.zone;
    let (names, glue) = futures::join!(names(child, referral), glue(child, referral));
    let found = |kind, (parent, own): (Vec<String>, Vec<String>)| Disagreement {
        zone: zone.clone(),
        kind,
        parent,
        child: own,
    };
    let names = names.map(|sides| found(DisagreementKind::Ns, sides));
    let glue = glue.map(|sides| found(DisagreementKind::Glue, sides));
    names.into_iter().chain(glue).collect()
}

/// The names of the servers on both sides, if they differ.
async fn names(child: &Client, referral: &Referral) -> Option<(Vec<String>, Vec<String>)> {
    let zone = &referral.zone;
    let response = child.ask(&question(zone, Rtype::NS)).await.ok()?;
    let own = name_servers(&response.message.answers, zone);
    let own: BTreeSet<String> = own.into_iter().collect();
    let parent: BTreeSet<String> = referral
        .servers
        .iter()
        .map(|(name, _)| name.clone())
        .collect();

    let is_answer = response.message.flags.aa && !own.is_empty();
    (is_answer && own != parent).then(|| (parent.into_iter().collect(), own.into_iter().collect()))
}

/// The addresses of servers in the zone on both sides, if they differ. Only versions of IP for which there is glue count.
async fn glue(child: &Client, referral: &Referral) -> Option<(Vec<String>, Vec<String>)> {
    let zone = &referral.zone;
    let in_zone = referral.servers.iter().filter(|(name, addresses)| {
        !addresses.is_empty() && (name == zone || is_below(name, zone))
    });
    let compared = join_all(in_zone.take(MAX_SERVERS).map(|(name, glue)| async move {
        let (mut parent, mut own) = (Vec::new(), Vec::new());
        for (rtype, is_v4) in [(Rtype::A, true), (Rtype::AAAA, false)] {
            let of_version = glue.iter().filter(|address| address.is_ipv4() == is_v4);
            let of_version: BTreeSet<_> = of_version.copied().collect();
            if of_version.is_empty() {
                continue;
            }
            let Ok(response) = child.ask(&question(name, rtype)).await else {
                continue;
            };
            let addresses: BTreeSet<_> = response.message.addresses().into_iter().collect();
            if response.message.flags.aa && addresses != of_version {
                parent.extend(of_version.iter().map(|address| format!("{name} {address}")));
                own.extend(addresses.iter().map(|address| format!("{name} {address}")));
            }
        }
        (parent, own)
    }))
    .await;

    let (parent, own): (Vec<_>, Vec<_>) = compared.into_iter().unzip();
    let (parent, own) = (parent.concat(), own.concat());
    (!parent.is_empty()).then_some((parent, own))
}

/// The keys of a zone that a DS record can name, by key tag and algorithm.
pub(super) fn key_list(answer: &Message) -> Vec<String> {
    let keys = answer
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            RecordData::Dnskey(key) if key.is_zone_key() => Some(format!(
                "key tag {}, algorithm {}, flags {}",
                key.key_tag(),
                key.algorithm().to_int(),
                key.flags()
            )),
            _ => None,
        });
    keys.take(16).collect()
}
