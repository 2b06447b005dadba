//! The formats of a reply.

use axum::http::{HeaderMap, header};

/// A format of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Text,
    Markdown,
    Events,
}

const FORMS: [(&str, &str, Form); 4] = [
    ("application", "json", Form::Json),
    ("text", "plain", Form::Text),
    ("text", "markdown", Form::Markdown),
    ("text", "event-stream", Form::Events),
];

impl Form {
    /// Returns the format with the highest preference in `Accept` (RFC 9110 §12.5.1); JSON if there
    /// is no preference or no match.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let mut best = (0.0, Self::Json);

        for value in headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
        {
            for range in value.split(',').take(64) {
                let mut parts = range.split(';').map(str::trim);
                let (kind, sub) = parts
                    .next()
                    .and_then(|range| range.split_once('/'))
                    .unwrap_or_default();
                let quality = parts
                    .filter_map(|parameter| parameter.split_once('='))
                    .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
                    .map_or(1.0, |(_, quality)| {
                        quality.trim().parse::<f32>().unwrap_or(0.0)
                    });

                let form = FORMS.iter().find(|(k, s, _)| {
                    (kind == "*" || kind.eq_ignore_ascii_case(k))
                        && (sub == "*" || sub.eq_ignore_ascii_case(s))
                });

                if let Some((_, _, form)) = form
                    && quality > best.0
                {
                    best = (quality, *form);
                }
            }
        }

        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_the_format_with_the_highest_preference() {
        for (accept, form) in [
            ("", Form::Json),
            ("*/*", Form::Json),
            ("application/json", Form::Json),
            ("text/plain", Form::Text),
            ("text/*", Form::Text),
            ("text/plain;q=0.5, text/markdown", Form::Markdown),
            ("text/event-stream", Form::Events),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Form::Json),
            ("text/plain;q=0, application/json;q=0.1", Form::Json),
            ("image/png", Form::Json),
            (";;;,,/;q=x", Form::Json),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().expect("a header"));
            assert_eq!(Form::accepted(&headers), form, "{accept}");
        }
    }
}
