//! Rate limits of callers and targets, in units: the cost of a lookup depends on the work that it
//! causes elsewhere.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use ipnet::{IpNet, Ipv6Net};
use moka::sync::Cache;
use netvane_document::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{request::Caller, settings, spec::Cost};

/// Cost of a cached reply in units.
pub(crate) const AT_HAND: u32 = 1;

/// Maximum number of callers whose concurrent lookups are counted.
const REQUESTERS: u64 = 50_000;

/// Number of charges after which budgets that are full again are removed.
const SWEEP: u32 = 4096;

/// Period over which port checks of hosts in one network are counted.
const NETWORK_WINDOW: Duration = Duration::from_secs(600);
/// Period over which mailbox checks at the mail servers of one domain are counted.
const MAIL_WINDOW: Duration = Duration::from_secs(3600);

type Keyed =
    RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// All rate limits of a process. Clones share the same budgets.
#[derive(Clone)]
pub(crate) struct RateLimits {
    user: Arc<Keyed>,
    conversation: Arc<Keyed>,
    api_key: Arc<Keyed>,
    anonymous: Arc<Keyed>,
    target: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    network: Arc<DefaultKeyedRateLimiter<IpNet>>,
    mail_domain: Arc<DefaultKeyedRateLimiter<String>>,
    total: Arc<DefaultDirectRateLimiter>,
    at_once: Cache<String, Arc<Semaphore>>,
    of: settings::Limits,
    charges: Arc<AtomicU32>,
}

/// Whose budget a request is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Payer {
    /// A user of a chat.
    You,
    /// A channel or a chat.
    Conversation,
    /// An API key, or all clients that sign their requests.
    ApiKey,
    /// An IPv4 address or an IPv6 /64.
    Address,
}

/// Remaining units of one of a caller's budgets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Remaining {
    /// The budget that is charged.
    pub(crate) of: Payer,
    /// Units left at this moment.
    pub(crate) left: u32,
    /// Units refilled per minute, and the maximum of the budget.
    pub(crate) per_minute: u32,
}

impl Cost {
    /// Returns the units that a lookup of this cost class costs.
    pub(crate) fn units(self) -> u32 {
        match self {
            Self::Free => AT_HAND,
            Self::Light => 5,
            Self::Heavy => 25,
        }
    }
}

impl Caller {
    /// Returns the name under which a caller is counted and recorded.
    pub fn name(&self) -> String {
        match (&self.credential, &self.user, self.address) {
            (Some(credential), ..) => format!("key {}", credential.name()),
            (None, Some(user), _) => format!("user {user}"),
            // The holder of one IPv6 address usually controls its whole /64.
            (None, None, Some(IpAddr::V6(address))) => Ipv6Net::new(address, 64)
                .map_or_else(|_| address.to_string(), |net| net.trunc().to_string()),
            (None, None, Some(address)) => address.to_string(),
            (None, None, None) => "nobody".into(),
        }
    }
}

impl RateLimits {
    pub(crate) fn new(limits: &settings::Limits) -> Self {
        Self {
            user: keyed(limits.per_user),
            conversation: keyed(limits.per_conversation),
            api_key: keyed(limits.per_api_key),
            anonymous: keyed(limits.per_anonymous),
            target: Arc::new(RateLimiter::keyed(a_minute(limits.per_target))),
            network: Arc::new(RateLimiter::keyed(over(
                NETWORK_WINDOW,
                limits.hosts_per_network,
            ))),
            mail_domain: Arc::new(RateLimiter::keyed(over(MAIL_WINDOW, limits.smtp_probes))),
            total: Arc::new(RateLimiter::direct(a_minute(limits.total))),
            at_once: Cache::builder()
                .max_capacity(REQUESTERS)
                .time_to_idle(Duration::from_secs(600))
                .build(),
            of: limits.clone(),
            charges: Arc::default(),
        }
    }

    /// Applies changed settings: spent units stay spent, except in budgets whose own limit has
    /// changed.
    pub(crate) fn under(&self, limits: &settings::Limits) -> Self {
        let (old, new) = (&self.of, Self::new(limits));
        fn keep_if<T: Clone>(same: bool, old: &T, new: T) -> T {
            if same { old.clone() } else { new }
        }

        let at_once =
            |limits: &settings::Limits| (limits.at_once_per_user, limits.at_once_per_api_key);

        Self {
            user: keep_if(old.per_user == limits.per_user, &self.user, new.user),
            conversation: keep_if(
                old.per_conversation == limits.per_conversation,
                &self.conversation,
                new.conversation,
            ),
            api_key: keep_if(
                old.per_api_key == limits.per_api_key,
                &self.api_key,
                new.api_key,
            ),
            anonymous: keep_if(
                old.per_anonymous == limits.per_anonymous,
                &self.anonymous,
                new.anonymous,
            ),
            target: keep_if(
                old.per_target == limits.per_target,
                &self.target,
                new.target,
            ),
            network: keep_if(
                old.hosts_per_network == limits.hosts_per_network,
                &self.network,
                new.network,
            ),
            mail_domain: keep_if(
                old.smtp_probes == limits.smtp_probes,
                &self.mail_domain,
                new.mail_domain,
            ),
            total: keep_if(old.total == limits.total, &self.total, new.total),
            at_once: keep_if(at_once(old) == at_once(limits), &self.at_once, new.at_once),
            of: new.of,
            charges: self.charges.clone(),
        }
    }

    /// Charges units to each budget of the caller and returns what remains.
    pub(crate) fn charge(&self, caller: &Caller, units: u32) -> Result<Vec<Remaining>, Failure> {
        self.sweep();
        let limits = &self.of;
        let mut standings = Vec::with_capacity(2);
        let (of, own, most) = match caller {
            Caller {
                credential: Some(_),
                ..
            } => (Payer::ApiKey, &self.api_key, limits.per_api_key),
            Caller { user: Some(_), .. } => (Payer::You, &self.user, limits.per_user),
            _ => (Payer::Address, &self.anonymous, limits.per_anonymous),
        };
        standings.push(take(own, &caller.name(), units, (of, most))?);
        if let Some(conversation) = &caller.conversation {
            let budget = (Payer::Conversation, limits.per_conversation);
            standings.push(take(&self.conversation, conversation, units, budget)?);
        }
        match self.total.check_n(some(units, limits.total)) {
            Ok(Err(until)) => Err(too_much(until, || "The service is overloaded.".to_owned())),
            _ => Ok(standings),
        }
    }

    /// Charges a lookup to the budget of its target address, over all callers and names.
    pub(crate) fn charge_target(&self, target: IpAddr, units: u32) -> Result<(), Failure> {
        match self
            .target
            .check_key_n(&target, some(units, self.of.per_target))
        {
            Ok(Err(until)) => Err(too_much(until, || format!("Too many lookups of {target}."))),
            _ => Ok(()),
        }
    }

    /// Counts a port check of a host in this address's network, so that many checks do not become a
    /// scan.
    pub(crate) fn charge_network(&self, address: IpAddr) -> Result<(), Failure> {
        let length = if address.is_ipv4() { 24 } else { 48 };
        let Ok(network) = IpNet::new(address, length).map(|network| network.trunc()) else {
            return Ok(());
        };
        self.network.check_key(&network).map_err(|until| {
            too_much(until, || {
                format!("Port-check limit for network {network} reached.")
            })
        })
    }

    /// Counts a mailbox check at the mail servers of a domain.
    pub(crate) fn charge_mail_domain(&self, domain: &str) -> Result<(), Failure> {
        // The operator's own requests are counted in this budget only, so sweep here too.
        self.sweep();
        self.mail_domain
            .check_key(&domain.to_owned())
            .map_err(|until| {
                too_much(until, || {
                    format!("Hourly probe limit for the mail servers of {domain} reached.")
                })
            })
    }

    /// Waits for a slot among the caller's concurrent lookups.
    pub(crate) async fn acquire_slot(&self, caller: &Caller) -> Option<OwnedSemaphorePermit> {
        let most = if caller.credential.is_some() {
            self.of.at_once_per_api_key
        } else {
            self.of.at_once_per_user
        };
        let places = self
            .at_once
            .get_with(caller.name(), || Arc::new(Semaphore::new(most)));
        places.acquire_owned().await.ok()
    }

    fn sweep(&self) {
        if self.charges.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            for limiter in [
                &self.user,
                &self.conversation,
                &self.api_key,
                &self.anonymous,
            ] {
                limiter.retain_recent();
            }
            self.target.retain_recent();
            self.network.retain_recent();
            self.mail_domain.retain_recent();
        }
    }
}

/// Takes units from a budget and returns what remains.
fn take(
    limiter: &Keyed,
    key: &String,
    units: u32,
    (of, most): (Payer, u32),
) -> Result<Remaining, Failure> {
    let until = match limiter.check_key_n(key, some(units, most)) {
        Ok(Ok(left)) => {
            return Ok(Remaining {
                of,
                left: left.remaining_burst_capacity(),
                per_minute: most,
            });
        }
        Ok(Err(until)) => until,
        // Cannot happen: `some` never requests more than the limit.
        Err(_) => return Err(Failure::Internal),
    };

    let whose = match of {
        Payer::You => "Rate limit",
        Payer::Conversation => "Rate limit of this conversation",
        Payer::ApiKey => "Rate limit of this API key",
        Payer::Address => "Rate limit of your address",
    };

    Err(too_much(until, || {
        format!("{whose}: {most} units/min; this costs {units}.")
    }))
}

/// Caps the cost at the limit, so that a full budget always allows one lookup.
fn some(units: u32, most: u32) -> NonZeroU32 {
    NonZeroU32::new(units.min(most)).unwrap_or(NonZeroU32::MIN)
}

fn too_much(
    until: NotUntil<<DefaultClock as Clock>::Instant>,
    what: impl FnOnce() -> String,
) -> Failure {
    let wait = until.wait_time_from(DefaultClock::default().now());
    Failure::RateLimited {
        message: format!("{} {}", what(), again_in(wait)),
        retry_after: wait,
    }
}

/// Words the waiting time, as in `Retry in 12 s.`
pub(crate) fn again_in(wait: Duration) -> String {
    match wait.as_secs() + u64::from(wait.subsec_nanos() > 0) {
        seconds @ 0..=120 => format!("Retry in {} s.", seconds.max(1)),
        seconds => format!("Retry in {} min.", seconds.div_ceil(60)),
    }
}

fn keyed(number: u32) -> Arc<Keyed> {
    Arc::new(RateLimiter::keyed(a_minute(number)).with_middleware())
}

pub(crate) fn a_minute(number: u32) -> Quota {
    over(Duration::from_secs(60), number)
}

fn over(time: Duration, number: u32) -> Quota {
    let number = NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(time / number.get())
        .unwrap_or(Quota::per_minute(number))
        .allow_burst(number)
}

#[cfg(test)]
mod tests;
