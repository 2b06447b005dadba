//! Follows what happens to a connection: checks the server's version each time it is made, and reports the health.

use std::{collections::BTreeSet, time::Duration};

use async_nats::{Client, Event, ServerError};
use netvane_core::{Adapters, Health};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{LinkState, options::News};
use crate::{
    NAME, metrics,
    version::{self, Verdict},
};

/// Time in which a new connection is set up, after which its server's version is known.
const SETTLE: Duration = Duration::from_secs(2);
/// Pause before another server is tried when one is too old.
const TRY_ANOTHER: Duration = Duration::from_secs(10);
/// Most different errors of a server that are logged for one connection.
const MAX_ERRORS: usize = 20;

/// Follows the events until the client is dropped.
pub(super) async fn run(
    client: Client,
    mut news: mpsc::Receiver<News>,
    state: watch::Sender<LinkState>,
    adapters: Adapters,
) {
    let mut monitor = Monitor {
        client,
        state,
        adapters,
        errors: BTreeSet::new(),
        warned: String::new(),
        retry: None,
    };
    loop {
        let retry = monitor.retry;
        tokio::select! {
            next = news.recv() => match next {
                Some(News::Event(event)) => monitor.handle(event).await,
                Some(News::Failed(reason)) => monitor.attempt_failed(&reason),
                None => return,
            },
            () = sleep_until(retry.unwrap_or_else(Instant::now)), if retry.is_some() => {
                monitor.retry = None;
                let _ = monitor.client.force_reconnect().await;
            }
        }
    }
}

struct Monitor {
    client: Client,
    state: watch::Sender<LinkState>,
    adapters: Adapters,
    /// Errors of the server that are logged already for this connection.
    errors: BTreeSet<String>,
    /// The version of which a warning was logged.
    warned: String,
    /// When to look for a server that is not too old.
    retry: Option<Instant>,
}

impl Monitor {
    async fn handle(&mut self, event: Event) {
        match event {
            Event::Connected => self.check_version().await,
            Event::Disconnected => self.set_lost("the connection to the NATS server was lost"),
            Event::ServerError(error) => self.report_error(&error),
            Event::SlowConsumer(_) => metrics::dropped("overflow"),
            Event::LameDuckMode => {
                tracing::info!("NATS server is shutting down, moving to another")
            }
            // The reason of a failed attempt comes as `News::Failed`, with its cause.
            Event::ClientError(_) | Event::Draining | Event::Closed => {}
        }
    }

    /// Judges the version of the server that the client is connected to now.
    async fn check_version(&mut self) {
        self.errors.clear();
        self.retry = None;
        // The client knows the new server once it handles commands again.
        if !matches!(timeout(SETTLE, self.client.flush()).await, Ok(Ok(()))) {
            return;
        }
        let reported = self.client.server_info().version;
        match version::judge(&reported) {
            Verdict::Refused(reason) => {
                self.retry = Some(Instant::now() + TRY_ANOTHER);
                self.adapters.report(NAME, Health::Failed(reason.clone()));
                self.state.send_replace(LinkState::Refused(reason));
                return;
            }
            Verdict::Aging(reason) if self.warned != reported => {
                tracing::warn!("{reason}");
                self.warned = reported;
            }
            Verdict::Aging(_) | Verdict::Sound => {}
        }
        self.adapters.report(NAME, Health::Up);
        self.state.send_replace(LinkState::Up);
    }

    fn set_lost(&mut self, reason: &str) {
        self.retry = None;
        self.adapters.report(NAME, Health::Down(reason.to_owned()));
        self.state.send_replace(LinkState::Lost(reason.to_owned()));
    }

    fn attempt_failed(&mut self, reason: &str) {
        let reason = format!("no NATS server can be reached ({:.200})", plain(reason));
        self.adapters.report(NAME, Health::Down(reason.clone()));
        self.state.send_modify(|state| {
            *state = match state {
                LinkState::Connecting(_) => LinkState::Connecting(reason),
                _ => LinkState::Lost(reason),
            };
        });
    }

    /// A permission that is missing shows here and nowhere else.
    fn report_error(&mut self, error: &ServerError) {
        let text = match error {
            ServerError::Other(text) => format!("{text:.200}"),
            other => other.to_string(),
        };
        if self.errors.len() >= MAX_ERRORS || !self.errors.insert(text.clone()) {
            return;
        }
        tracing::error!(error = text, "NATS server reports an error");
        if text.contains("Permissions Violation") {
            self.adapters.report(NAME, Health::Down(text));
        }
    }
}

/// The system's words for an error, without what Rust and the client add: `IO error: Connection refused (os error 111)`.
fn plain(reason: &str) -> &str {
    let reason = reason.strip_prefix("IO error: ").unwrap_or(reason);
    let end = reason
        .rfind(" (os error ")
        .filter(|_| reason.ends_with(')'));
    &reason[..end.unwrap_or(reason.len())]
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn reasons_have_no_numbers_of_the_system() {
        for (reason, shown) in [
            (
                "IO error: Connection refused (os error 111)",
                "Connection refused",
            ),
            ("IO error: timed out", "timed out"),
            ("authorization violation", "authorization violation"),
            ("IO error: x (os error 1) y", "x (os error 1) y"),
        ] {
            assert_eq!(plain(reason), shown);
        }
    }
}
