//! Cache keys: they decide which requests are identical.

use std::{
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{Arc, LazyLock},
};

use http::{HeaderName, HeaderValue, Method, Uri, Version};

use crate::{
    command::{Entry, Prepared},
    platform::Platform,
    request::{
        Caller, Request,
        http_request::{Connection, HttpRequestInfo},
    },
};

/// Key shared by identical requests. The HTTP request and the caller are part of it only for
/// commands whose reply depends on them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CacheKey {
    /// Hash of the parts: several tables look the key up.
    hash: u64,
    parts: Parts,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parts {
    command: &'static str,
    /// The canonical arguments as JSON.
    arguments: Arc<str>,
    /// Vantage point of the lookup; `None` for this process.
    place: Option<Arc<str>>,
    http_request: Option<VisitKey>,
    caller: Option<(Platform, Caller)>,
    /// Whether the reply may hold names that other callers must not see.
    private_names: bool,
    /// Whether the lookup may contact private addresses.
    of_local_user: bool,
}

/// All parts of an HTTP request that a command can show.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct VisitKey {
    connection: Connection,
    method: Method,
    uri: Uri,
    version: Version,
    headers: Vec<(HeaderName, HeaderValue)>,
    for_others: bool,
}

impl CacheKey {
    #[cfg(test)]
    pub(super) fn for_test(number: usize) -> Self {
        Self::from(Parts {
            command: "txt",
            arguments: number.to_string().into(),
            place: None,
            http_request: None,
            caller: None,
            private_names: false,
            of_local_user: false,
        })
    }

    /// Bytes that the key holds in memory, without the HTTP request of a command about it.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.parts.arguments.len()
    }

    pub(super) fn new(command: &Entry, prepared: &dyn Prepared, request: &Request) -> Self {
        let http_request = request
            .http_request
            .as_deref()
            .filter(|_| command.about_visit);
        let arguments = serde_json::to_string(prepared.arguments()).unwrap_or_default();
        Self::from(Parts {
            command: command.spec.name,
            arguments: arguments.into(),
            place: None,
            http_request: http_request.map(VisitKey::from),
            caller: command
                .about_caller
                .then(|| (request.platform, request.caller.clone())),
            private_names: request.caller.may_see_private_names(),
            of_local_user: request.is_of_local_user(),
        })
    }
}

impl CacheKey {
    /// The key of the same lookup at another vantage point.
    pub(super) fn at(self, place: &str) -> Self {
        Self::from(Parts {
            place: Some(place.into()),
            ..self.parts
        })
    }
}

impl From<Parts> for CacheKey {
    fn from(parts: Parts) -> Self {
        // Random for each process, because users choose the arguments.
        static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self {
            hash: STATE.hash_one(&parts),
            parts,
        }
    }
}

impl Hash for CacheKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl From<&HttpRequestInfo> for VisitKey {
    fn from(http_request: &HttpRequestInfo) -> Self {
        let HttpRequestInfo {
            connection,
            method,
            uri,
            version,
            headers,
            for_others,
            id: _,
        } = http_request;
        Self {
            connection: connection.clone(),
            method: method.clone(),
            uri: uri.clone(),
            version: *version,
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            for_others: *for_others,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::parse::parse,
        request::{Input, http_request::samples},
    };

    fn key(line: &str, request: &Request) -> CacheKey {
        let registry = crate::registry();
        let read = parse(&registry, line).expect(line);
        CacheKey::new(&read.entry, &*read.prepared, request)
    }

    fn request() -> Request {
        Request::new(Platform::Http, Input::Text(String::new()))
    }

    #[test]
    fn different_spellings_of_a_request_share_a_key() {
        let plain = key("a example.test", &request());
        assert_eq!(key("/A Example.TEST.", &request()), plain);
        assert_ne!(key("aaaa example.test", &request()), plain);
        assert_ne!(key("a example.test resolver=192.0.2.1", &request()), plain);
    }

    #[test]
    fn callers_share_keys_of_commands_that_are_not_about_the_caller() {
        let other = |name: &str| {
            request().by(Caller {
                user: Some(name.into()),
                ..Caller::default()
            })
        };
        assert_eq!(
            key("a example.test", &other("1")),
            key("a example.test", &other("2"))
        );
        assert_ne!(key("status", &other("1")), key("status", &other("2")));
    }

    #[test]
    fn the_http_request_is_part_of_the_key_only_for_commands_about_it() {
        let brought = |peer: &str, headers: &[(&str, &str)]| {
            request().brought_by(samples::http_request(peer, headers).into())
        };
        let (one, two) = (
            brought("192.0.2.1:1", &[("x-a", "1")]),
            brought("192.0.2.1:1", &[("x-a", "2")]),
        );
        assert_ne!(key("myrequest", &one), key("myrequest", &two));
        assert_eq!(key("a example.test", &one), key("a example.test", &two));
        assert_eq!(
            key("myip", &one),
            key("myip", &brought("192.0.2.1:1", &[("x-a", "1")]))
        );
    }
}
