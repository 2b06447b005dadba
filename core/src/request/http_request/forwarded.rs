//! The `Forwarded` header field (RFC 7239).
//!
//! Parsed here and not by a crate, because anything that a client leaves open, such as a quotation
//! mark, must not swallow what a trusted proxy appended after it.

/// One element, as written by one proxy.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) r#for: Option<String>,
    pub(super) proto: Option<String>,
}

/// Parses the elements of one line, in their order.
pub(super) fn elements(line: &str) -> Vec<Element> {
    let parts = split(line, ',').unwrap_or_else(|| line.split(',').collect());
    parts.into_iter().map(element).collect()
}

fn element(text: &str) -> Element {
    let mut element = Element::default();
    for pair in split(text, ';').unwrap_or_else(|| text.split(';').collect()) {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        let value = unquoted(value.trim());
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => element.r#for = Some(value),
            "proto" => element.proto = Some(value),
            _ => {}
        }
    }
    element
}

/// Splits outside of quoted strings; `None` if a quoted string does not end.
fn split(text: &str, at: char) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text
        .split(|c| {
            if quoted && !escaped && c == '\\' {
                escaped = true;
                return false;
            }
            if c == '"' && !escaped {
                quoted = !quoted;
            }
            escaped = false;
            c == at && !quoted
        })
        .collect();
    (!quoted).then_some(parts)
}

fn unquoted(value: &str) -> String {
    match value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
    {
        Some(inner) => {
            let mut escaped = false;
            inner
                .chars()
                .filter(|c| {
                    escaped = *c == '\\' && !escaped;
                    !escaped
                })
                .collect()
        }
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fors(line: &str) -> Vec<String> {
        elements(line)
            .into_iter()
            .map(|element| element.r#for.unwrap_or_default())
            .collect()
    }

    #[test]
    fn parses_elements_in_order() {
        assert_eq!(
            fors(r#"for=192.0.2.43, FOR="[2001:db8::1]:47";proto=https"#),
            ["192.0.2.43", "[2001:db8::1]:47"]
        );
        assert_eq!(fors(r#"for="a,b;c\"d" ; by=x,for=_h"#), ["a,b;c\"d", "_h"]);
        assert_eq!(
            elements("for=1; proto=http")[0].proto.as_deref(),
            Some("http")
        );
        assert_eq!(fors("proto=http"), [""]);
    }

    #[test]
    fn an_open_quote_does_not_swallow_later_elements() {
        for open in [r#"for="x"#, r#"for="x\"#, r#"for="x\""#, r#"a="b";for=""#] {
            for appended in ["for=192.0.2.7", r#"for="[2001:db8::7]""#] {
                let read = fors(&format!("{open}, {appended}"));
                let last = read.last().expect("an element");
                assert!(
                    matches!(last.as_str(), "192.0.2.7" | "[2001:db8::7]"),
                    "{open} {appended}: {read:?}"
                );
            }
        }
    }
}
