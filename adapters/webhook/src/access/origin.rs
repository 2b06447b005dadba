//! Which pages may send requests here, and under which names: DNS rebinding makes a browser send a
//! request to this service under the name of an attacker's page, and any page can send requests to
//! other sites.

use axum::{
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use netvane_core::{
    ProblemCode,
    request::http_request::{HttpRequestInfo, RequestHost},
    settings,
};
use url::Url;

use crate::response::problem;

/// Paths of health checks, which are accepted under any name.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];

/// The names of this service, and the origins whose pages may use its API.
pub(crate) struct OriginRules {
    /// Names in lower case; empty if every name is accepted.
    hosts: Vec<String>,
    /// The allowed origins of `http.cors_origins`; `*` allows every origin.
    cors_origins: Vec<String>,
}

impl OriginRules {
    pub(crate) fn new(http: &settings::Http) -> Self {
        let public = Url::parse(&http.public_url).ok();
        let public = public.as_ref().and_then(Url::host_str);
        let hosts = http.hosts.iter().map(String::as_str).chain(public);
        Self {
            hosts: hosts.map(str::to_ascii_lowercase).collect(),
            cors_origins: http.cors_origins.clone(),
        }
    }

    /// Returns the response to a request that names another host, or comes from a page of another
    /// site.
    pub(crate) fn refuse(&self, request: &HttpRequestInfo) -> Option<Response> {
        let (status, why) = self.check(request).err()?;
        let code = match status {
            StatusCode::BAD_REQUEST => ProblemCode::BadArgument,
            _ => ProblemCode::Forbidden,
        };
        Some(problem::plain(status, code, &why))
    }

    /// Checks the host that a request names, and the page that it comes from.
    fn check(&self, request: &HttpRequestInfo) -> Result<(), (StatusCode, String)> {
        let host = request
            .host()
            .map_err(|fault| (StatusCode::BAD_REQUEST, fault.to_string()))?;
        let path = request.uri.path();

        if let RequestHost::Name(name) = host
            && !self.hosts.is_empty()
            && !self.hosts.contains(&name)
            && !HEALTH.contains(&path)
        {
            let why = format!(
                "this service is not called `{name}`; an operator can add the name to `http.hosts`"
            );
            return Err((StatusCode::FORBIDDEN, why));
        }
        if self.is_cross_site(request) {
            let why = "requests from pages of other sites are refused; an operator can allow an origin with `http.cors_origins`";
            return Err((StatusCode::FORBIDDEN, why.into()));
        }
        Ok(())
    }

    /// Whether a page of another site sent the request without being allowed to. Opening a link is
    /// allowed, and so is a request without `Sec-Fetch-Site`: programs and old browsers send none.
    fn is_cross_site(&self, request: &HttpRequestInfo) -> bool {
        let field = |name: &str| field(&request.headers, name);
        let navigates = field("sec-fetch-mode") == Some("navigate")
            && matches!(request.method, Method::GET | Method::HEAD);
        field("sec-fetch-site") == Some("cross-site") && !navigates && !self.allows(request)
    }

    /// Whether CORS allows the origin of a request to use this path.
    fn allows(&self, request: &HttpRequestInfo) -> bool {
        let path = request.uri.path();
        let is_api = path.starts_with("/v1/") || path == "/openapi.json";
        let origin = field(&request.headers, header::ORIGIN.as_str());
        let listed = |origin: &str| {
            let mut origins = self.cors_origins.iter();
            origins.any(|allowed| allowed == "*" || allowed == origin)
        };
        is_api && origin.is_some_and(listed)
    }
}

fn field<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests;
