//! Names of hops, resolved while the route is being traced.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use domain::base::Rtype;
use futures::{StreamExt, stream::FuturesUnordered};
use netvane_facts::target::reverse_name;
use netvane_net::dns::{Client, Data as Rdata, without_dot};
use tokio::sync::mpsc;

use super::{Data, Hop};
use crate::{args::Flag, command::Context, commands::dns::lookup::look_up};

/// Names of hops that are not resolved this long after the end of the route are omitted.
const NAME_TIMEOUT: Duration = Duration::from_millis(600);

/// Hops so far, and the round if the route is measured in rounds.
pub(super) type Update = (Vec<Hop>, Option<u32>);

/// Names by address; `None` without a name or while it is being looked up.
pub(super) struct Names<F> {
    resolved: HashMap<IpAddr, Option<String>>,
    pending: FuturesUnordered<F>,
}

impl<F: Future<Output = (IpAddr, Option<String>)>> Names<F> {
    /// The hops with names, places and networks.
    pub(super) async fn describe<'h, H>(mut self, cx: &Context, hops: &'h [H]) -> Vec<Hop>
    where
        Hop: From<&'h H>,
    {
        self.wait().await;
        let mut hops: Vec<Hop> = hops.iter().map(Hop::from).collect();
        for hop in &mut hops {
            hop.describe(cx, &self.resolved);
        }
        hops
    }

    /// Waits a little for names that are still being looked up.
    async fn wait(&mut self) {
        let all = async {
            while let Some((address, name)) = self.pending.next().await {
                self.resolved.insert(address, name);
            }
        };
        let _ = tokio::time::timeout(NAME_TIMEOUT, all).await;
    }
}

/// Shows hops as they arrive and resolves their names, until the trace has ended.
pub(super) async fn show_hops(
    cx: &Context,
    wanted: Option<Flag>,
    mut data: Data,
    mut receiver: mpsc::UnboundedReceiver<Update>,
) -> Names<impl Future<Output = (IpAddr, Option<String>)>> {
    let client = match wanted {
        Some(Flag(false)) => None,
        _ => cx.net.dns.client(None).await.ok(),
    };
    let mut names = Names {
        resolved: HashMap::new(),
        pending: FuturesUnordered::new(),
    };

    loop {
        tokio::select! {
            update = receiver.recv() => match update {
                None => return names,
                Some((hops, rounds)) => {
                    for address in hops.iter().flat_map(Hop::addresses) {
                        if let (Some(client), false) = (&client, names.resolved.contains_key(&address)) {
                            names.resolved.insert(address, None);
                            names.pending.push(resolve_name(client.clone(), address));
                        }
                    }
                    (data.hops, data.rounds) = (hops, rounds);
                }
            },
            Some((address, name)) = names.pending.next() => { names.resolved.insert(address, name); }
        }

        for hop in &mut data.hops {
            hop.describe(cx, &names.resolved);
        }
        cx.progress(&data);
    }
}

async fn resolve_name(client: Client, address: IpAddr) -> (IpAddr, Option<String>) {
    let name = look_up(&client, &reverse_name(address), Rtype::PTR)
        .await
        .ok()
        .and_then(|answered| {
            answered
                .records
                .iter()
                .find_map(|record| match &record.data {
                    Rdata::Ptr(ptr) => Some(without_dot(ptr.ptrdname())),
                    _ => None,
                })
        });
    (address, name)
}
