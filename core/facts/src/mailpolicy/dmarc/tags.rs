//! Reads the tags of a DMARC record (RFC 9989 §4.7). Values and names have no case, except the version.

use std::ops::Range;

use super::{Alignment, FailureOptions, MAX_ADDRESSES, MAX_PROBLEMS, Policy, Problem, Psd, Record};

/// Tags of RFC 7489 that RFC 9989 removed; they have no effect.
const REMOVED: [&str; 3] = ["pct", "rf", "ri"];
/// Maximum number of tags that are read.
const MAX_TAGS: usize = 64;
/// Maximum length of a tag's name or value, in bytes, as it is repeated in a report.
const MAX_SHOWN: usize = 60;

pub(super) fn parse(text: &str) -> Record {
    let mut record = Record::default();
    let mut seen: Vec<String> = Vec::new();
    let mut start = 0;

    for piece in text.split(';') {
        let offset = start + piece.len() - piece.trim_start_matches([' ', '\t']).len();
        start += piece.len() + 1;
        let tag = piece.trim_matches([' ', '\t']);
        let span = offset..offset + tag.len();
        if tag.is_empty() {
            continue;
        }

        let Some((name, value)) = tag.split_once('=') else {
            record.report(
                span,
                format!(
                    "`{}` is not a tag: expected a name, `=` and a value",
                    shorten(tag)
                ),
                false,
            );
            continue;
        };
        let name = name.trim_matches([' ', '\t']).to_ascii_lowercase();
        let value = value.trim_matches([' ', '\t']);

        if seen.contains(&name) {
            record.is_repetitive = true;
            let text = format!(
                "`{}` occurs twice, so the record is invalid (RFC 6376 §3.2)",
                shorten(&name)
            );
            record.report(span, text, false);
            continue;
        }
        if seen.len() == MAX_TAGS {
            record.report(
                span,
                format!("only the first {MAX_TAGS} tags are read"),
                false,
            );
            break;
        }
        record.read_tag(&name, value, span);
        seen.push(name);
    }

    let has_policy = seen.iter().any(|name| name == "p");
    record.finish(text, has_policy);
    record
}

impl Record {
    /// Applies what is known at the end of a record only.
    fn finish(&mut self, text: &str, has_policy: bool) {
        // An invalid record says nothing about the organization either.
        if self.is_repetitive {
            self.psd = Psd::Unknown;
        }

        if !has_policy {
            let message = "the tag `p` (policy) is missing";
            self.report(0..text.len(), message.into(), false);
        }
    }

    fn report(&mut self, span: Range<usize>, text: String, is_harmless: bool) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem {
                span,
                text,
                is_harmless,
            });
        }
    }

    fn read_tag(&mut self, name: &str, value: &str, span: Range<usize>) {
        let lower = value.to_ascii_lowercase();
        let valid = match name {
            "v" => Ok(()),
            "p" => read_policy(&lower, &mut self.policy),
            "sp" | "np" => {
                let policy = if name == "sp" {
                    &mut self.subdomain_policy
                } else {
                    &mut self.missing_subdomain_policy
                };
                let read = read_policy(&lower, policy);
                self.has_invalid_subdomain_policy |= read.is_err();
                read
            }
            "adkim" => read_alignment(&lower, &mut self.dkim_alignment),
            "aspf" => read_alignment(&lower, &mut self.spf_alignment),
            "fo" => read_failure_options(&lower, &mut self.failure_options),
            "psd" => match lower.as_str() {
                "y" => set(&mut self.psd, Psd::Yes),
                "n" => set(&mut self.psd, Psd::No),
                "u" => set(&mut self.psd, Psd::Unknown),
                _ => Err("`y`, `n` or `u`"),
            },
            "t" => match lower.as_str() {
                "y" => set(&mut self.is_testing, true),
                "n" => Ok(()),
                _ => Err("`y` or `n`"),
            },
            "rua" => {
                let (addresses, invalid) = read_addresses(value);
                self.aggregate_reports = addresses;
                return self.report_addresses(name, &span, invalid);
            }
            "ruf" => {
                let (addresses, invalid) = read_addresses(value);
                self.failure_reports = addresses;
                return self.report_addresses(name, &span, invalid);
            }
            _ if REMOVED.contains(&name) => {
                return self.report(
                    span,
                    format!("`{name}` was removed by RFC 9989 and has no effect"),
                    true,
                );
            }
            _ => {
                return self.report(
                    span,
                    format!("unknown tag `{}`, which has no effect", shorten(name)),
                    true,
                );
            }
        };
        if let Err(expected) = valid {
            let text = format!("`{name}` must be {expected}, got `{}`", shorten(value));
            self.report(span, text, false);
        }
    }

    fn report_addresses(&mut self, name: &str, span: &Range<usize>, invalid: Vec<&str>) {
        for address in invalid {
            let text = format!(
                "`{name}`: expected an address such as `mailto:dmarc@example.com`, got `{}`",
                shorten(address)
            );
            self.report(span.clone(), text, false);
        }
    }
}

/// Sets a field; always succeeds.
fn set<T>(field: &mut T, value: T) -> Result<(), &'static str> {
    *field = value;
    Ok(())
}

fn read_policy(value: &str, field: &mut Option<Policy>) -> Result<(), &'static str> {
    *field = Policy::parse(value);
    field.map(|_| ()).ok_or("`none`, `quarantine` or `reject`")
}

fn read_alignment(value: &str, field: &mut Alignment) -> Result<(), &'static str> {
    match value {
        "r" => set(field, Alignment::Relaxed),
        "s" => set(field, Alignment::Strict),
        _ => Err("`r` or `s`"),
    }
}

/// Reads options separated by colons. An invalid list leaves the default.
fn read_failure_options(value: &str, field: &mut FailureOptions) -> Result<(), &'static str> {
    let mut options = FailureOptions {
        all: false,
        ..FailureOptions::default()
    };
    for option in value.split(':') {
        match option.trim_matches([' ', '\t']) {
            "0" => options.all = true,
            "1" => options.any = true,
            "d" => options.dkim = true,
            "s" => options.spf = true,
            _ => return Err("one or more of `0`, `1`, `d` and `s`, separated by `:`"),
        }
    }
    set(field, options)
}

/// Splits a list of URIs into valid ones, without the size limit of RFC 7489, and invalid ones.
fn read_addresses(value: &str) -> (Vec<String>, Vec<&str>) {
    let mut addresses = Vec::new();
    let mut invalid = Vec::new();
    for uri in value.split(',').map(|uri| uri.trim_matches([' ', '\t'])) {
        if addresses.len() + invalid.len() >= MAX_ADDRESSES {
            break;
        }
        match read_uri(uri) {
            Some(uri) => addresses.push(uri),
            None => invalid.push(uri),
        }
    }
    (addresses, invalid)
}

/// A `mailto:` URI with a plausible address, or one of another scheme, which receivers may ignore (RFC 9990 §3).
fn read_uri(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let is_printable = rest.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_scheme || !is_printable || rest.is_empty() || uri.len() > 512 {
        return None;
    }

    // RFC 7489 §6.4: `!10m` limits the size of reports; RFC 9989 removed it.
    let rest = rest.split('!').next().unwrap_or_default();
    if scheme.eq_ignore_ascii_case("mailto") {
        let address = rest.split('?').next().unwrap_or_default();
        let (local_part, domain) = address.rsplit_once('@')?;
        let is_address = !local_part.is_empty()
            && !domain.is_empty()
            && domain.split('.').all(|label| !label.is_empty())
            && !local_part.contains('@');
        return is_address.then(|| format!("mailto:{rest}"));
    }
    Some(format!("{scheme}:{rest}"))
}

/// Cuts a text for display and escapes what is not printable.
fn shorten(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(MAX_SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
