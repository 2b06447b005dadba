//! Options of the NATS client.

use std::{sync::Arc, time::Duration};

use async_nats::{ConnectOptions, Event, ServerAddr};
use netvane_core::{Engine, settings::Cluster};
use rand::RngExt as _;
use rustls::{ClientConfig, crypto::ring};
use tokio::sync::mpsc;

use super::{Role, StartError};
use crate::key::Key;

/// Interval of the client's pings: after two without an answer, the connection is made again.
const PING: Duration = Duration::from_secs(2);
/// Time in which a server must answer when it is contacted.
const CONNECT: Duration = Duration::from_secs(3);
/// Shortest and longest pause between two attempts to connect.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(1500));
/// Bytes that are read from the connection at once. The client reads at most 128 times before others have their turn, and
/// with that at most one megabyte.
const READ: u16 = 8 << 10;
/// Messages that wait at a subscription: more than the smallest ones that are read before others have their turn, so that no
/// agent can send so much that messages of others are lost.
const WAITING: usize = 16 << 10;
/// Events that wait for the monitor.
const EVENTS: usize = 64;

/// What the monitor of a connection is told.
pub(super) enum News {
    /// Something happened to the connection.
    Event(Event),
    /// Another attempt to connect begins; the last one failed for this reason.
    Failed(String),
}

/// Reads the addresses of the servers.
pub(super) fn servers(settings: &Cluster) -> Result<Vec<ServerAddr>, StartError> {
    let read = |address: &String| {
        address
            .parse()
            .map_err(|error| StartError::Settings(format!("cluster.nats: `{address}`: {error}")))
    };
    settings.nats.iter().map(read).collect()
}

/// Builds the options, and the channel of the events to come.
pub(super) fn build(
    role: Role<'_>,
    key: &Key,
    engine: &Engine,
) -> Result<(ConnectOptions, mpsc::Receiver<News>), StartError> {
    let (name, inbox) = match role {
        Role::Hub => ("netvane hub".to_owned(), "_INBOX_hub".to_owned()),
        Role::Agent(agent) => (format!("netvane agent {agent}"), format!("_INBOX_{agent}")),
    };
    let (sender, events) = mpsc::channel(EVENTS);
    let failures = sender.clone();

    let options = ConnectOptions::new()
        .name(name)
        .custom_inbox_prefix(inbox)
        .tls_client_config(tls(engine)?)
        .ping_interval(PING)
        .connection_timeout(CONNECT)
        .read_buffer_capacity(READ)
        .subscription_capacity(WAITING)
        .retry_on_initial_connect()
        // The settings name the servers: an address from a server would be contacted without checking its name.
        .ignore_discovered_servers()
        .reconnect_delay_callback(pause)
        .event_callback(move |event| {
            let _ = sender.try_send(News::Event(event));
            std::future::ready(())
        })
        // Called before each attempt; chooses nothing, but knows why the last one failed.
        .reconnect_to_server_callback(move |servers, _| {
            let failed = servers
                .into_iter()
                .max_by_key(|server| server.failed_attempts);
            if let Some(reason) = failed.and_then(|server| server.last_error) {
                let _ = failures.try_send(News::Failed(reason));
            }
            std::future::ready(None)
        });

    let options = match key {
        Key::None => options,
        Key::Seed(seed) => options.nkey(seed.clone()),
        Key::Credentials(text) => options
            .credentials(text)
            .map_err(|error| StartError::Settings(format!("cluster.credentials: {error}")))?,
    };
    Ok((options, events))
}

/// Trusts the same certificate authorities as the rest of the program.
fn tls(engine: &Engine) -> Result<ClientConfig, StartError> {
    let unusable = |error: &dyn std::fmt::Display| StartError::Settings(error.to_string());
    let roots = engine
        .runtime()
        .net
        .tls_roots()
        .map_err(|error| unusable(&error))?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// The pause before an attempt: doubled each time, and random by half, so that processes that lost the same server do
/// not all come back at once.
fn pause(attempt: usize) -> Duration {
    if attempt <= 1 {
        return Duration::ZERO;
    }
    let doubled = PAUSE.0.saturating_mul(1 << (attempt - 2).min(10));
    doubled
        .min(PAUSE.1)
        .mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        assert_eq!(pause(1), Duration::ZERO);
        for attempt in 2..1000 {
            let pause = pause(attempt);
            assert!(
                pause >= PAUSE.0 / 2 && pause <= PAUSE.1,
                "{attempt}: {pause:?}"
            );
        }
        assert!(pause(1_000_000) >= PAUSE.1 / 2);
    }

    #[test]
    fn addresses_with_and_without_tls_are_read() {
        let settings = |address: &str| Cluster {
            nats: vec![address.to_owned()],
            nkey_file: String::new(),
            credentials: String::new(),
            replicas: 0,
        };
        for address in [
            "tls://nats1.example:4222",
            "wss://nats.example",
            "nats://127.0.0.1:4222",
            "nats://[::1]:4222",
        ] {
            assert!(servers(&settings(address)).is_ok(), "{address}");
        }
        assert!(servers(&settings("ftp://a")).is_err());
    }
}
