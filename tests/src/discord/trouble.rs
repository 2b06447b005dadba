//! What happens to a bot at Discord: lost connections, sessions that end, limits, failures.

use std::time::Duration;

use serde_json::json;

use super::{Asked, Discord, delivery, gateway::Order, state::Fault};

impl Discord {
    /// Sends the same event once more, as Discord may.
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

    /// The gateway's connection is gone, without a word.
    pub fn drop_gateway(&self) {
        self.shared.with(|state| state.gateway.order(Order::Drop));
    }

    /// The gateway asks the bot to connect anew.
    pub fn reconnect(&self) {
        let payload = json!({ "op": 7, "s": null, "t": null, "d": null });
        self.shared
            .with(|state| state.gateway.order(Order::Send(payload)));
    }

    /// The gateway closes with a code, such as 4000.
    pub fn close_gateway(&self, code: u16) {
        self.shared
            .with(|state| state.gateway.order(Order::Close(code)));
    }

    /// The session is over: the bot must identify itself anew.
    pub fn invalidate_session(&self) {
        self.shared.with(|state| {
            let payload = json!({ "op": 9, "s": null, "t": null, "d": false });
            state.gateway.order(Order::Send(payload));
            state.gateway.session = None;
        });
    }

    /// How often the bot has identified itself, and how often it has resumed.
    pub fn sessions(&self) -> (usize, usize) {
        let state = self.shared.lock();
        (state.gateway.identified, state.gateway.resumed)
    }

    /// Waits until the bot has resumed so many times.
    #[track_caller]
    pub fn wait_for_resumed(&self, count: usize) {
        self.shared.wait("the bot resumes", |state| {
            (state.gateway.resumed >= count).then_some(())
        });
    }

    /// Waits until the bot has identified itself so many times. Between two Discord wants 5 seconds.
    #[track_caller]
    pub fn wait_for_identified(&self, count: usize) {
        self.shared.wait("the bot identifies itself", |state| {
            (state.gateway.identified >= count).then_some(())
        });
    }

    /// How often connections from now on must send a heartbeat; 41.25 seconds otherwise.
    pub fn heartbeat_every(&self, interval: Duration) {
        self.shared.with(|state| state.gateway.heartbeat = interval);
    }

    /// Waits until so many heartbeats have come.
    #[track_caller]
    pub fn wait_for_heartbeats(&self, count: usize) {
        self.shared.wait("a heartbeat", |state| {
            (state.gateway.heartbeats >= count).then_some(())
        });
    }

    /// Lets the bot ask for privileged intents, by their bits; none otherwise.
    pub fn allow_intents(&self, bits: u64) {
        self.shared.with(|state| state.gateway.privileged = bits);
    }

    /// The next requests of a route fail with this status. A route is a method and a path without
    /// `/api/v10`, in which `*` is one segment and a `**` at the end all the rest.
    pub fn fail(&self, route: &str, status: u16, times: usize) {
        self.fault(route, Fault::Status(status), times);
    }

    /// The next request of a route is limited; whoever comes again too early has done wrong.
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

    /// The next request of a route runs into the limit of all requests.
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

    /// The next requests of a route lose their connection before anything happens.
    pub fn drop_connection(&self, route: &str, times: usize) {
        self.fault(route, Fault::Drop, times);
    }

    /// The next requests of a route do their work, but the connection ends before the answer.
    pub fn lose_answer(&self, route: &str, times: usize) {
        self.fault(route, Fault::Lose, times);
    }

    /// The next requests of a route are only looked at after this long.
    pub fn slow(&self, route: &str, delay: Duration, times: usize) {
        self.fault(route, Fault::Slow(delay), times);
    }

    fn fault(&self, route: &str, fault: Fault, times: usize) {
        self.shared
            .with(|state| state.faults.push((route.to_owned(), fault, times)));
    }
}
