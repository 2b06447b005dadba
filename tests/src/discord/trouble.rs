//! Faults that can happen to a bot on Discord: lost connections, ended sessions, rate limits,
//! errors.

use std::time::Duration;

use serde_json::json;

use super::{Asked, Discord, delivery, gateway::Order, state::Fault};

impl Discord {
    /// Sends the same event again, as Discord may do.
    #[track_caller]
    pub fn resend(&self, asked: &Asked) {
        let mut state = self.shared.lock();
        if asked.is_message {
            let message = state
                .message(&asked.id)
                .map(|found| found.now().clone())
                .unwrap_or_default();
            state.gateway.message_create(&message);
        } else {
            let event = state
                .interaction(&asked.id)
                .map(|found| found.event.clone())
                .unwrap_or_default();
            drop(state);
            delivery::deliver(&self.shared, event);
        }
    }

    /// Drops the gateway's connection without closing it properly.
    pub fn drop_gateway(&self) {
        self.shared.with(|state| state.gateway.order(Order::Drop));
    }

    /// Makes the gateway ask the bot to reconnect.
    pub fn reconnect(&self) {
        let payload = json!({ "op": 7, "s": null, "t": null, "d": null });
        self.shared
            .with(|state| state.gateway.order(Order::Send(payload)));
    }

    /// Makes the gateway close with a code, such as 4000.
    pub fn close_gateway(&self, code: u16) {
        self.shared
            .with(|state| state.gateway.order(Order::Close(code)));
    }

    /// Ends the session, so that the bot must identify again.
    pub fn invalidate_session(&self) {
        self.shared.with(|state| {
            let payload = json!({ "op": 9, "s": null, "t": null, "d": false });
            state.gateway.order(Order::Send(payload));
            state.gateway.session = None;
        });
    }

    /// Returns how often the bot has identified, and how often it has resumed.
    pub fn sessions(&self) -> (usize, usize) {
        let state = self.shared.lock();
        (state.gateway.identified, state.gateway.resumed)
    }

    /// Waits until the bot has resumed this many times.
    #[track_caller]
    pub fn wait_for_resumed(&self, count: usize) {
        self.shared.wait("the bot resumes", |state| {
            (state.gateway.resumed >= count).then_some(())
        });
    }

    /// Waits until the bot has identified this many times. Discord requires 5 seconds between two.
    #[track_caller]
    pub fn wait_for_identified(&self, count: usize) {
        self.shared.wait("the bot identifies itself", |state| {
            (state.gateway.identified >= count).then_some(())
        });
    }

    /// Sets the heartbeat interval of future connections; the default is 41.25 seconds.
    pub fn heartbeat_every(&self, interval: Duration) {
        self.shared.with(|state| state.gateway.heartbeat = interval);
    }

    /// Waits until this many heartbeats have arrived.
    #[track_caller]
    pub fn wait_for_heartbeats(&self, count: usize) {
        self.shared.wait("a heartbeat", |state| {
            (state.gateway.heartbeats >= count).then_some(())
        });
    }

    /// Allows privileged intents, given as bits; by default there are none.
    pub fn allow_intents(&self, bits: u64) {
        self.shared.with(|state| state.gateway.privileged = bits);
    }

    /// Fails the next requests of a route with this status. A route is a method and a path without
    /// `/api/v10`, in which `*` is one segment and a final `**` is all the rest.
    pub fn fail(&self, route: &str, status: u16, times: usize) {
        self.fault(route, Fault::Status(status), times);
    }

    /// Rate-limits the next request of a route; retrying too early is a violation.
    pub fn flood(&self, route: &str, retry_after: Duration) {
        self.fault(
            route,
            Fault::Limit {
                retry_after,
                global: false,
            },
            1,
        );
    }

    /// Makes the next request of a route exceed the global rate limit.
    pub fn flood_global(&self, route: &str, retry_after: Duration) {
        self.fault(
            route,
            Fault::Limit {
                retry_after,
                global: true,
            },
            1,
        );
    }

    /// Drops the connection of the next requests of a route before they are carried out.
    pub fn drop_connection(&self, route: &str, times: usize) {
        self.fault(route, Fault::Drop, times);
    }

    /// Carries out the next requests of a route, but drops the connection before the response.
    pub fn lose_answer(&self, route: &str, times: usize) {
        self.fault(route, Fault::Lose, times);
    }

    /// Delays the next requests of a route by this long.
    pub fn slow(&self, route: &str, delay: Duration, times: usize) {
        self.fault(route, Fault::Slow(delay), times);
    }

    fn fault(&self, route: &str, fault: Fault, times: usize) {
        self.shared
            .with(|state| state.faults.push((route.to_owned(), fault, times)));
    }
}
