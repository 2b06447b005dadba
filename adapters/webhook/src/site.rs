//! The public URL of the service, and what its pages remember between requests.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, header};
use moka::sync::Cache;
use netvane_core::request::http_request::HttpRequestInfo;

/// Base URL of this service in examples if nothing else is known: the default of `http.listen`.
pub(crate) const DEFAULT_ORIGIN: &str = "http://127.0.0.1:8080";

/// Longest `Host` field that is used in examples, in bytes: a domain name with a port.
const MAX_HOST: usize = 253 + ":65535".len();

/// How long a shown request is remembered: longer than any link is valid.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// Approximate limit in bytes of all remembered requests together.
const MOST_KEPT: u64 = 32 << 20;
/// Estimated bytes per request, in addition to its header fields.
const EACH: usize = 512;
/// State of the pages between requests.
#[derive(Clone)]
pub(crate) struct Pages {
    /// Public URL of the service without the final slash; empty if unknown.
    pub(crate) public_url: Arc<str>,
    /// Requests as they were shown, by the id that the Share button sends, so that exactly what was
    /// shown is shared.
    views: Cache<String, Arc<View>>,
}

impl Pages {
    pub(crate) fn new(public_url: &str) -> Self {
        Self {
            public_url: public_url.trim_end_matches('/').into(),
            views: views(),
        }
    }

    /// Returns the base URL of the service: the configured one, otherwise based on the `Host`
    /// field.
    pub(crate) fn origin(&self, headers: &HeaderMap) -> String {
        if !self.public_url.is_empty() {
            return self.public_url.to_string();
        }
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        // Use the host only if it needs no quoting in a shell or in HTML.
        let plain = |host: &&str| {
            host.len() <= MAX_HOST
                && host
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
        };
        match host.filter(plain) {
            Some(host) => format!("http://{host}"),
            None => DEFAULT_ORIGIN.to_owned(),
        }
    }

    /// Whether a page of this service sent the request, judged by `Sec-Fetch-Site` or `Origin`.
    pub(crate) fn is_own(&self, headers: &HeaderMap) -> bool {
        let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if headers.contains_key("sec-fetch-site") {
            return field("sec-fetch-site") == Some("same-origin");
        }
        match field("origin") {
            None => !headers.contains_key("origin"),
            Some(origin) => {
                let host = origin.split_once("://").map(|(_, host)| host);
                origin == &*self.public_url || host.is_some() && host == field("host")
            }
        }
    }

    /// Remembers what was shown under this id.
    pub(crate) fn remember(&self, id: String, view: View) {
        self.views.insert(id, Arc::new(view));
    }

    /// Returns what was shown under this id, if it is still remembered.
    pub(crate) fn view(&self, id: &str) -> Option<Arc<View>> {
        self.views.get(id)
    }
}

/// A visitor's request as it was shown to them.
pub(crate) struct View {
    /// Token of the link that they opened.
    pub(crate) token: String,
    pub(crate) http_request: Arc<HttpRequestInfo>,
}

fn views() -> Cache<String, Arc<View>> {
    let weight = |_: &String, view: &Arc<View>| {
        let fields = view
            .http_request
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 64);
        u32::try_from(EACH + fields.sum::<usize>()).unwrap_or(u32::MAX)
    };
    Cache::builder()
        .time_to_live(KEPT)
        .max_capacity(MOST_KEPT)
        .weigher(weight)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name = axum::http::HeaderName::from_static(name);
                (name, value.parse().expect("a header"))
            })
            .collect()
    }

    #[test]
    fn origin_is_the_configured_url_or_a_safe_host_field() {
        let host = headers(&[("host", "netvane.test:8080")]);
        let set = Pages::new("https://netvane.example/");
        assert_eq!(set.origin(&host), "https://netvane.example");
        let unset = Pages::new("");
        assert_eq!(unset.origin(&host), "http://netvane.test:8080");
        assert_eq!(
            unset.origin(&headers(&[("host", "[2001:db8::1]:80")])),
            "http://[2001:db8::1]:80"
        );
        for hostile in ["a.example;id", "a b", "$(id)", "'", "a.example/"] {
            let origin = unset.origin(&headers(&[("host", hostile)]));
            assert_eq!(origin, "http://127.0.0.1:8080", "{hostile}");
        }
        assert_eq!(unset.origin(&HeaderMap::new()), "http://127.0.0.1:8080");
    }

    #[test]
    fn accepts_button_presses_only_from_its_own_pages() {
        let pages = Pages::new("https://netvane.example/");
        for (own, pairs) in [
            (true, &[][..]),
            (true, &[("sec-fetch-site", "same-origin")]),
            (false, &[("sec-fetch-site", "same-site")]),
            (false, &[("sec-fetch-site", "none")]),
            (true, &[("origin", "https://netvane.example")]),
            (false, &[("origin", "https://netvane.example.a.example")]),
            (false, &[("origin", "null")]),
            (true, &[("origin", "http://a.test"), ("host", "a.test")]),
            (false, &[("origin", "http://b.test"), ("host", "a.test")]),
            (
                false,
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://netvane.example"),
                ],
            ),
        ] {
            assert_eq!(pages.is_own(&headers(pairs)), own, "{pairs:?}");
        }
    }
}
