//! Checks of a callback's URL that are possible before it is used.

use netvane_core::{Failure, UsageError, net::http::Http};
use url::Url;

const LONGEST: usize = 2048;

/// Parses the URL of a callback and checks an address in it. A name is not resolved here: its
/// address is checked when a delivery is sent.
pub(super) fn read(text: &str, http: &Http) -> Result<Url, Failure> {
    let url = parse(text)?;
    http.admit(&url)?;
    Ok(url)
}

/// Parses the URL of a callback.
///
/// # Errors
/// [`Failure::Usage`] if it is not a whole URL with https or http, or has parts that no callback
/// may have.
pub fn parse(text: &str) -> Result<Url, Failure> {
    let wrong = |why: &str| Failure::from(UsageError::argument(format!("`callback`: {why}")));
    if text.len() > LONGEST {
        return Err(wrong(&format!("a URL of at most {LONGEST} bytes")));
    }

    // URL parsers disagree about these characters, so they are refused.
    if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(wrong(
            "a URL without spaces, control characters and backslashes",
        ));
    }

    let (scheme, rest) = text.split_once("://").unwrap_or_default();

    if !matches!(scheme.to_ascii_lowercase().as_str(), "https" | "http") || rest.starts_with('/') {
        return Err(wrong(
            "a whole URL with https or http, such as https://ops.example/hook",
        ));
    }

    let url = Url::parse(text).map_err(|error| wrong(&format!("not a URL: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("a URL without user name and password"));
    }

    if url.fragment().is_some() {
        return Err(wrong("a URL without a fragment"));
    }

    Ok(url)
}

#[cfg(test)]
mod tests;
