//! How much each asker, and all of them together, may ask: budgets of units, where a lookup costs what it costs others.

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
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::{StateInformationMiddleware, StateSnapshot},
    state::keyed::DefaultKeyedStateStore,
};
use ipnet::{Ipv4Net, Ipv6Net};
use moka::sync::Cache;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{command::Cost, failure::Failure, request::Caller, settings};

/// What an answer costs that is at hand.
pub(crate) const AT_HAND: u32 = 1;

/// Askers whose number of lookups at once is known.
const ASKERS: u64 = 50_000;

/// Budgets that are full again are forgotten after so many charges.
const SWEEP: u32 = 4096;

/// Port checks of hosts in one network are counted over this time.
const NETWORK_WINDOW: Duration = Duration::from_secs(600);

type Keyed = RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// All budgets of a process.
pub(crate) struct Budgets {
    user: Keyed,
    conversation: Keyed,
    api_key: Keyed,
    anonymous: Keyed,
    target: DefaultKeyedRateLimiter<String>,
    network: DefaultKeyedRateLimiter<String>,
    total: DefaultDirectRateLimiter,
    at_once: Cache<String, Arc<Semaphore>>,
    of: settings::Limits,
    charges: AtomicU32,
}

/// What an asker has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Standing {
    /// Whose budget: `you`, `conversation`, `api_key`, `address`.
    pub(crate) of: &'static str,
    /// Units left at this moment.
    pub(crate) left: u32,
    /// Units that come back in a minute, and the most there can be.
    pub(crate) per_minute: u32,
}

impl Cost {
    /// Units of an answer that has to be looked up.
    pub(crate) fn units(self) -> u32 {
        match self {
            Self::Free => AT_HAND,
            Self::Light => 5,
            Self::Heavy => 25,
        }
    }
}

impl Caller {
    /// What tells an asker from others.
    pub fn name(&self) -> String {
        match (&self.api_key, &self.user, self.address) {
            (Some(key), ..) => format!("key {key}"),
            (None, Some(user), _) => format!("user {user}"),
            // Who has one IPv6 address has a whole /64.
            (None, None, Some(IpAddr::V6(address))) => {
                Ipv6Net::new(address, 64).map_or_else(|_| address.to_string(), |net| net.trunc().to_string())
            }
            (None, None, Some(address)) => address.to_string(),
            (None, None, None) => "nobody".into(),
        }
    }
}

impl Budgets {
    pub(crate) fn new(limits: &settings::Limits) -> Self {
        let keyed = |number| RateLimiter::keyed(a_minute(number)).with_middleware();
        Self {
            user: keyed(limits.per_user),
            conversation: keyed(limits.per_conversation),
            api_key: keyed(limits.per_api_key),
            anonymous: keyed(limits.per_anonymous),
            target: RateLimiter::keyed(a_minute(limits.per_target)),
            network: RateLimiter::keyed(over(NETWORK_WINDOW, limits.hosts_per_network)),
            total: RateLimiter::direct(a_minute(limits.total)),
            at_once: Cache::builder().max_capacity(ASKERS).time_to_idle(Duration::from_secs(600)).build(),
            of: limits.clone(),
            charges: AtomicU32::new(0),
        }
    }

    /// Takes units from each budget that a question falls under; tells what the asker has left.
    pub(crate) fn charge(&self, caller: &Caller, units: u32) -> Result<Vec<Standing>, Failure> {
        self.sweep();
        let limits = &self.of;
        let mut standings = Vec::with_capacity(2);
        let name = caller.name();
        let own = match caller {
            Caller { api_key: Some(_), .. } => ("api_key", &self.api_key, limits.per_api_key),
            Caller { user: Some(_), .. } => ("you", &self.user, limits.per_user),
            _ => ("address", &self.anonymous, limits.per_anonymous),
        };
        let conversation = caller.conversation.as_ref().map(|conversation| {
            (("conversation", &self.conversation, limits.per_conversation), conversation.clone())
        });
        for ((of, limiter, most), key) in std::iter::once((own, name)).chain(conversation) {
            let snapshot = take(limiter, &key, units, most).map_err(|wait| refused(of, units, most, wait))?;
            standings.push(Standing { of, left: snapshot.remaining_burst_capacity(), per_minute: most });
        }
        let all = NonZeroU32::new(units.min(limits.total)).unwrap_or(NonZeroU32::MIN);
        match self.total.check_n(all) {
            Ok(Err(until)) => {
                let wait = until.wait_time_from(now());
                Err(Failure::RateLimited {
                    message: format!(
                        "All askers together ask more than this Netvane answers. {}",
                        again_in(wait)
                    ),
                    retry_after: wait,
                })
            }
            _ => Ok(standings),
        }
    }

    /// Counts a lookup that sends something to this host or address, whoever asks.
    pub(crate) fn charge_target(&self, target: &str, units: u32) -> Result<(), Failure> {
        let units = NonZeroU32::new(units.min(self.of.per_target)).unwrap_or(NonZeroU32::MIN);
        match self.target.check_key_n(&target.to_owned(), units) {
            Ok(Err(until)) => {
                let wait = until.wait_time_from(now());
                Err(Failure::RateLimited {
                    message: format!(
                        "{target} has been asked about often enough for now, by all askers together. {}",
                        again_in(wait)
                    ),
                    retry_after: wait,
                })
            }
            _ => Ok(()),
        }
    }

    /// Counts a port check of a host in this address's network, so that many of them do not become a scan.
    pub(crate) fn charge_network(&self, address: IpAddr) -> Result<(), Failure> {
        let network = match address {
            IpAddr::V4(v4) => Ipv4Net::new(v4, 24).map(|net| net.trunc().to_string()),
            IpAddr::V6(v6) => Ipv6Net::new(v6, 48).map(|net| net.trunc().to_string()),
        };
        let Ok(network) = network else { return Ok(()) };
        self.network.check_key(&network).map_err(|until| {
            let wait = until.wait_time_from(now());
            Failure::RateLimited {
                message: format!(
                    "Enough ports were checked in {network} for now; this is no scanner of networks. {}",
                    again_in(wait)
                ),
                retry_after: wait,
            }
        })
    }

    /// A place among the lookups that one asker runs at once; further ones wait behind their own.
    pub(crate) async fn place(&self, caller: &Caller) -> Option<OwnedSemaphorePermit> {
        let most =
            if caller.api_key.is_some() { self.of.at_once_per_api_key } else { self.of.at_once_per_user };
        let places = self.at_once.get_with(caller.name(), || Arc::new(Semaphore::new(most)));
        places.acquire_owned().await.ok()
    }

    fn sweep(&self) {
        if self.charges.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            for limiter in [&self.user, &self.conversation, &self.api_key, &self.anonymous] {
                limiter.retain_recent();
            }
            self.target.retain_recent();
            self.network.retain_recent();
        }
    }
}

/// The state after taking units, or how long to wait for them.
fn take(limiter: &Keyed, key: &String, units: u32, most: u32) -> Result<StateSnapshot, Duration> {
    let units = NonZeroU32::new(units.min(most)).unwrap_or(NonZeroU32::MIN);
    let until = match limiter.check_key_n(key, units) {
        Ok(Ok(snapshot)) => return Ok(snapshot),
        Ok(Err(until)) => until.wait_time_from(now()),
        // Cannot be: no more than the most is asked for.
        Err(_) => Duration::from_secs(60),
    };
    Err(until)
}

fn now() -> <DefaultClock as Clock>::Instant {
    DefaultClock::default().now()
}

fn refused(of: &str, units: u32, most: u32, wait: Duration) -> Failure {
    let whose = match of {
        "you" => "You have",
        "conversation" => "This conversation has",
        "api_key" => "This API key has",
        _ => "Your address has",
    };
    Failure::RateLimited {
        message: format!(
            "{whose} used up its share: {most} units a minute, of which this costs {units}. {}",
            again_in(wait)
        )
        .replace("You have used up its", "You have used up your"),
        retry_after: wait,
    }
}

/// `Again in 12 s.`
pub(crate) fn again_in(wait: Duration) -> String {
    match wait.as_secs() + u64::from(wait.subsec_nanos() > 0) {
        seconds @ 0..=120 => format!("Again in {} s.", seconds.max(1)),
        seconds => format!("Again in {} min.", seconds.div_ceil(60)),
    }
}

pub(crate) fn a_minute(number: u32) -> Quota {
    over(Duration::from_secs(60), number)
}

fn over(time: Duration, number: u32) -> Quota {
    let number = NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(time / number.get()).unwrap_or(Quota::per_minute(number)).allow_burst(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn budgets(changes: impl FnOnce(&mut settings::Limits)) -> Budgets {
        let mut limits = Settings::default().limits;
        changes(&mut limits);
        Budgets::new(&limits)
    }

    fn user(name: &str, conversation: Option<&str>) -> Caller {
        Caller { user: Some(name.into()), conversation: conversation.map(str::to_owned), ..Caller::default() }
    }

    #[test]
    fn a_lookup_costs_what_it_costs() {
        let budgets = budgets(|limits| limits.per_user = 60);
        let ann = user("ann", None);
        let left = |units| budgets.charge(&ann, units).map(|standings| standings[0].left);
        assert_eq!(left(Cost::Heavy.units()).ok(), Some(35));
        assert_eq!(left(AT_HAND).ok(), Some(34));
        assert_eq!(left(Cost::Heavy.units()).ok(), Some(9));
        let failure = left(Cost::Heavy.units()).expect_err("too much");
        assert_eq!(
            failure.to_string(),
            "You have used up your share: 60 units a minute, of which this costs 25. Again in 16 s."
        );
        assert!(budgets.charge(&user("bob", None), Cost::Heavy.units()).is_ok(), "others are not slowed");
        assert_eq!(left(AT_HAND).ok(), Some(8), "what is refused costs nothing");
    }

    #[test]
    fn conversations_keys_and_addresses_have_their_own() {
        let budgets = budgets(|limits| {
            limits.per_conversation = 10;
            limits.per_anonymous = 5;
        });
        assert!(budgets.charge(&user("ann", Some("room")), 6).is_ok());
        let failure = budgets.charge(&user("bob", Some("room")), 6).expect_err("the room's share");
        assert!(failure.to_string().starts_with("This conversation has used up its share"));
        let from = |address: &str| Caller { address: address.parse().ok(), ..Caller::default() };
        assert!(budgets.charge(&from("2001:db8::1"), 5).is_ok());
        assert!(budgets.charge(&from("2001:db8::ffff:1"), 5).is_err(), "the same /64");
        assert!(budgets.charge(&from("2001:db8:0:1::1"), 5).is_ok());
        let key = Caller { api_key: Some("ops".into()), ..from("2001:db8::1") };
        assert!(budgets.charge(&key, 5).is_ok());
    }

    #[test]
    fn many_users_cannot_be_aimed_at_one_host_or_network() {
        let budgets = budgets(|limits| {
            limits.per_target = 50;
            limits.hosts_per_network = 3;
        });
        assert!(
            budgets.charge_target("192.0.2.1", 25).is_ok() && budgets.charge_target("192.0.2.1", 25).is_ok()
        );
        let failure = budgets.charge_target("192.0.2.1", 25).expect_err("enough").to_string();
        assert!(failure.starts_with("192.0.2.1 has been asked about often enough for now"), "{failure}");
        assert!(budgets.charge_target("192.0.2.2", 25).is_ok());
        let checked = (1..=5).map(|host| IpAddr::from([192, 0, 2, host]));
        assert_eq!(checked.filter(|address| budgets.charge_network(*address).is_ok()).count(), 3);
        assert!(budgets.charge_network([192, 0, 3, 1].into()).is_ok());
    }

    #[tokio::test]
    async fn one_asker_waits_behind_their_own_lookups_only() {
        let budgets = budgets(|limits| limits.at_once_per_user = 2);
        let ann = user("ann", None);
        let held = (budgets.place(&ann).await, budgets.place(&ann).await);
        let third = tokio::time::timeout(Duration::from_millis(20), budgets.place(&ann)).await;
        assert!(third.is_err());
        assert!(budgets.place(&user("bob", None)).await.is_some());
        drop(held);
        assert!(budgets.place(&ann).await.is_some());
    }
}
