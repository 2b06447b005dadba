//! POST requests to URLs that a caller chose: callbacks and the later replies of chats.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use netvane_document::Failure;
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{self, HeaderMap},
};

use super::{Http, reason};
use crate::local_addresses;

/// Response to a POST, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Status code of the response.
    pub status: u16,
    /// Value of the `Retry-After` header, unparsed.
    pub retry_after: Option<String>,
}

impl Http {
    /// Sends one POST request. Redirects are not followed and the response body is not read. Each
    /// call resolves and checks the host again and opens a new connection, so that an earlier check
    /// is never reused.
    pub async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: String,
        timeout: Duration,
    ) -> Result<Receipt, Failure> {
        let client = self.messenger.get_or_init(|| self.build(0)).clone()?;
        let host = self.admit(url)?;
        post(&client, host, url, headers, body, timeout).await
    }

    /// Resolves the host of a URL to addresses that may be contacted.
    pub async fn resolve(&self, url: &Url) -> Result<Vec<SocketAddr>, Failure> {
        let host = self.admit(url)?;
        let port = url.port_or_known_default().unwrap_or_default();
        let addresses = match host.trim_matches(['[', ']']).parse() {
            Ok(address) => vec![address],
            Err(_) => match local_addresses(&host) {
                Some(addresses) => addresses.to_vec(),
                None => {
                    let client = self.dns.client(None).await?;
                    client.required_addresses(&host).await?
                }
            },
        };
        self.guard.check_all(&host, addresses, port)
    }

    /// Like [`Self::post`], but contacts only this address, which [`Self::resolve`] returned for the
    /// URL.
    pub async fn post_to(
        &self,
        address: SocketAddr,
        url: &Url,
        headers: HeaderMap,
        body: String,
        timeout: Duration,
    ) -> Result<Receipt, Failure> {
        let host = self.admit(url)?;
        let client = self.build_with(0, Arc::new(Pinned(address)))?;
        post(&client, host, url, headers, body, timeout).await
    }
}

async fn post(
    client: &Client,
    host: String,
    url: &Url,
    headers: HeaderMap,
    body: String,
    timeout: Duration,
) -> Result<Receipt, Failure> {
    let sent = client.post(url.clone()).headers(headers).body(body).send();
    let answer = tokio::time::timeout(timeout, sent)
        .await
        .map_err(|_| Failure::Timeout {
            what: host.clone(),
            after: timeout,
        })?
        .map_err(|error| reason(&host, &error))?;

    let retry_after = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok());

    Ok(Receipt {
        status: answer.status().as_u16(),
        retry_after: retry_after.map(str::to_owned),
    })
}

/// Resolves every name to an address that was checked before.
struct Pinned(SocketAddr);

impl Resolve for Pinned {
    fn resolve(&self, _: Name) -> Resolving {
        let address = self.0;
        Box::pin(async move { Ok(Box::new(std::iter::once(address)) as Addrs) })
    }
}
