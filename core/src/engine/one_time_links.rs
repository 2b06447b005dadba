//! One-time links: a user who runs a command about their own HTTP request in a chat opens such a
//! link in a browser and shares the reply from there.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use data_encoding::BASE64URL_NOPAD;
use netvane_document::{Answer, Block, Document, Failure, RenderedAnswer, Reply, Severity};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use tokio::sync::{SetOnce, oneshot};

use crate::{internal::internal_fault, request::http_request::HttpRequestInfo};

/// Lifetime of a link that nobody shares from. It ends before the platforms stop accepting the
/// reply.
const LIFE: Duration = Duration::from_secs(9 * 60);

/// Maximum number of links open at a time.
const MOST_OPEN: usize = 10_000;

/// Open one-time links. Clones share them.
#[derive(Clone, Default)]
pub struct OneTimeLinks(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Base URL of the links, set when the HTTP adapter starts; empty if users cannot reach the
    /// adapter.
    base: SetOnce<String>,
    open: Mutex<HashMap<Digest, Open>>,
}

/// SHA-256 of a token. The map is keyed by it, so that lookup times reveal nothing about the
/// tokens.
type Digest = [u8; 32];

struct Open {
    command: &'static str,
    until: Instant,
    http_request: oneshot::Sender<Arc<HttpRequestInfo>>,
}

/// A link that is still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Name of the command that the link was created for.
    pub command: &'static str,
    /// Time left until the link expires.
    pub left: Duration,
}

/// An open link; dropping it closes the link.
pub(crate) struct PendingLink {
    links: OneTimeLinks,
    digest: Digest,
    url: String,
    http_request: oneshot::Receiver<Arc<HttpRequestInfo>>,
}

/// Reply shown while a link is open.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Invited {
    link: String,
}

impl OneTimeLinks {
    /// Sets the base URL of the links; the HTTP adapter calls it once it listens. Empty if users
    /// cannot reach the adapter.
    pub fn open(&self, public_url: &str) {
        let _ = self.0.base.set(public_url.trim_end_matches('/').to_owned());
    }

    /// Waits until the HTTP adapter has set the base URL. Before that no link can be made.
    pub async fn addressed(&self) {
        self.0.base.wait().await;
    }

    pub(crate) fn invite(&self, command: &'static str) -> Result<PendingLink, Failure> {
        let explained = |text: String| Err(Failure::Unavailable(text));
        let base = match self.0.base.get().map(String::as_str) {
            Some("") => {
                return explained(format!(
                    "`{command}` works in a browser. This server cannot send a link to it because `http.public_url` is not set."
                ));
            }
            None => {
                return explained(format!(
                    "`{command}` works in a browser or over HTTP; open /me on a running server (`netvane serve`)."
                ));
            }
            Some(base) => base,
        };

        let mut token = [0; 24];
        SystemRandom::new()
            .fill(&mut token)
            .map_err(internal_fault)?;

        let token = BASE64URL_NOPAD.encode(&token);
        let (sender, http_request) = oneshot::channel();
        let digest = digest_of(&token);
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);

        if open.len() >= MOST_OPEN {
            return Err(Failure::RateLimited {
                message: "too many links are open; try again in a minute".into(),
                retry_after: Duration::from_secs(60),
            });
        }

        open.insert(
            digest,
            Open {
                command,
                until: Instant::now() + LIFE,
                http_request: sender,
            },
        );

        drop(open);

        Ok(PendingLink {
            links: self.clone(),
            digest,
            url: format!("{base}/v/{token}"),
            http_request,
        })
    }

    /// Returns what an open link is for, without using it up; `None` if the token is unknown or
    /// expired.
    pub fn waiting(&self, token: &str) -> Option<Waiting> {
        let open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let link = open.get(&digest_of(token))?;
        let left = link.until.checked_duration_since(Instant::now())?;
        Some(Waiting {
            command: link.command,
            left,
        })
    }

    /// Completes the pending request of a link with this HTTP request and uses the link up. Returns
    /// false if the link is unknown or expired, or if its request was cancelled.
    pub fn accept(&self, token: &str, http_request: Arc<HttpRequestInfo>) -> bool {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let link = open
            .remove(&digest_of(token))
            .filter(|link| link.until > Instant::now());
        link.is_some_and(|link| link.http_request.send(http_request).is_ok())
    }
}

impl PendingLink {
    /// Returns the reply shown until the link is used.
    pub(crate) fn reply(&self, id: &str, command: &'static str, started: Instant) -> Reply {
        Reply {
            id: id.to_owned(),
            command,
            arguments: Arc::new(Map::new()),
            rendition: Arc::new(RenderedAnswer::new(Arc::new(Invited {
                link: self.url.clone(),
            }))),
            short: None,
            elapsed: started.elapsed(),
            cached: false,
            fresh_for: Duration::ZERO,
            vantage: None,
        }
    }

    /// Waits for the HTTP request that the user shares; fails when the link expires.
    pub(crate) async fn accepted(mut self) -> Result<Arc<HttpRequestInfo>, Failure> {
        match tokio::time::timeout(LIFE, &mut self.http_request).await {
            Ok(Ok(http_request)) => Ok(http_request),
            _ => Err(Failure::Unavailable(
                "The link has expired (nothing was shared within 9 minutes). Run the command again for a new one.".into(),
            )),
        }
    }
}

impl Drop for PendingLink {
    fn drop(&mut self) {
        self.links
            .0
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.digest);
    }
}

fn digest_of(token: &str) -> Digest {
    let mut found = Digest::default();
    found.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    found
}

impl Answer for Invited {
    fn present(&self) -> Document {
        let mut document = Document::new(
            "Open this link",
            "Open the link to see your details. Nothing is posted here until you press Share.",
            Severity::Neutral,
        );
        document.block(Block::Link {
            label: "Show me".into(),
            url: self.link.clone(),
        });
        document.note("Each visitor sees their own data. Valid for 9 minutes, one share.");
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::http_request::samples;

    #[tokio::test]
    async fn a_link_can_be_viewed_many_times_and_shared_once() {
        let links = OneTimeLinks::default();
        links.open("https://netvane.example/");
        let invitation = links.invite("myip").expect("a link");
        let token = invitation
            .url
            .strip_prefix("https://netvane.example/v/")
            .expect("a URL")
            .to_owned();

        assert_eq!(token.len(), 32);
        for _ in 0..3 {
            assert_eq!(
                links.waiting(&token).map(|waiting| waiting.command),
                Some("myip")
            );
        }

        assert_eq!(links.waiting("guessed"), None);
        assert!(!links.accept("guessed", samples::http_request("192.0.2.1:80", &[]).into()));
        assert!(links.accept(&token, samples::http_request("192.0.2.1:80", &[]).into()));
        assert_eq!(
            invitation
                .accepted()
                .await
                .expect("a shared request")
                .method,
            "GET"
        );
        assert!(
            !links.accept(&token, samples::http_request("192.0.2.1:80", &[]).into())
                && links.waiting(&token).is_none()
        );
    }

    #[tokio::test]
    async fn cancelling_a_request_closes_its_link() {
        let links = OneTimeLinks::default();
        links.open("http://127.0.0.1:8080");
        let invitation = links.invite("myua").expect("a link");
        let token = invitation
            .url
            .rsplit('/')
            .next()
            .expect("a token")
            .to_owned();
        drop(invitation);
        assert_eq!(links.waiting(&token), None);
        assert!(!links.accept(&token, samples::http_request("192.0.2.1:80", &[]).into()));
    }

    #[test]
    fn without_a_public_url_the_failure_explains_why() {
        let told = |links: &OneTimeLinks| links.invite("myip").err().expect("no link").to_string();
        let links = OneTimeLinks::default();
        assert!(told(&links).contains("netvane serve"));
        links.open("");
        assert!(told(&links).contains("http.public_url"));
    }
}
