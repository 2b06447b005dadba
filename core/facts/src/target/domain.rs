//! Domain names: as people write them, checked as DNS does.

use std::fmt;

use unicode_security::{GeneralSecurityProfile, MixedScript, confusable_detection::skeleton};

use crate::target::{Invalid, clean_pasted, text_value};

/// A domain name below the root, as lower-case A-labels without the final dot.
///
/// Labels hold at most 63 octets, the whole at most 253; underscores are allowed, as in `_dmarc`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Domain(String);

/// A name exactly as DNS takes it, the root included; printed with its final dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DnsName(String);

text_value!(Domain, "Domain", "a domain name", "target");
text_value!(DnsName, "DnsName", "a DNS name, `.` for the root", "target");

impl Domain {
    /// A-labels, lower case, no final dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DnsName {
    /// A-labels, lower case, with the final dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Domain {
    fn read(text: &str) -> Result<Self, Invalid> {
        let name = clean_pasted(text);
        if let Ok(address) = crate::target::address::parse(&name) {
            return Err(Invalid::new(format!(
                "{address} is an address; a domain name is wanted here"
            ))
            .command(format!("/ptr {address}")));
        }
        if let Ok(network) = name.parse::<ipnet::IpNet>() {
            return Err(Invalid::new(format!(
                "{network} is a network; a domain name is wanted here"
            ))
            .command(format!("/whois {network}")));
        }
        if name == "." {
            return Err(
                Invalid::new("the root has no records of this kind to show").command("/dig . NS")
            );
        }
        ascii(&name, text).map(Self)
    }
}

impl DnsName {
    fn read(text: &str) -> Result<Self, Invalid> {
        let name = clean_pasted(text);
        if name == "." {
            return Ok(Self(name.into_owned()));
        }
        if let Ok(address) = crate::target::address::parse(&name) {
            return Err(Invalid::new(format!(
                "{address} is an address; its PTR records are at another name"
            ))
            .value(super::reverse_name(address)));
        }
        ascii(&name, text).map(|name| Self(name + "."))
    }
}

/// `name` as lower-case A-labels; `written` is what the place of a fault is told in.
fn ascii(name: &str, written: &str) -> Result<String, Invalid> {
    if name.is_empty() {
        return Err(Invalid::new("a domain name is wanted here"));
    }

    // Full stops that Unicode treats like a dot, then the one final dot.
    let dotted = name.replace(['。', '．', '｡'], ".");
    let dotted = dotted.strip_suffix('.').unwrap_or(&dotted);
    if dotted.len() > 2048 {
        return Err(Invalid::new("a name holds at most 253 characters"));
    }

    let mut out = String::with_capacity(dotted.len());

    for label in dotted.split('.') {
        if label.is_empty() {
            let filled: Vec<&str> = dotted.split('.').filter(|l| !l.is_empty()).collect();
            return Err(
                Invalid::new("two dots stand side by side: an empty label is not allowed")
                    .value(filled.join(".")),
            );
        }

        let encoded = encode(label).map_err(|message| fault(message, label, written))?;
        if !out.is_empty() {
            out.push('.');
        }

        out.push_str(&encoded);
    }

    if out.len() > 253 {
        return Err(Invalid::new(format!(
            "a name holds at most 253 characters, this one has {}",
            out.len()
        )));
    }

    Ok(out)
}

/// The fault of a label, with its place where it stands in the text as written.
fn fault(message: String, label: &str, written: &str) -> Invalid {
    let invalid = Invalid::new(message);
    match written.find(label) {
        Some(start) => invalid.part(written, start..start + label.len()),
        None => invalid,
    }
}

/// One label, not empty, as a lower-case A-label. The error is the sentence for people.
fn encode(label: &str) -> Result<String, String> {
    if let Some(bad) = label.chars().find(|c| !is_allowed(*c)) {
        return Err(format!("{} may not stand in a name", shown(bad)));
    }

    let encoded = if label.is_ascii() && !has_ace_prefix(label) {
        label.to_ascii_lowercase()
    } else {
        // idna's error carries no cause: it only says that there were some.
        idna::domain_to_ascii(label)
            .map_err(|_| "this label is not a valid internationalized name (RFC 5891)".to_owned())?
    };

    // IDNA maps characters such as `⒜` to several, of which some do not belong into a name.
    if let Some(bad) = encoded.chars().find(|c| *c != '.' && !is_allowed(*c)) {
        return Err(format!("{} may not stand in a name", shown(bad)));
    }

    if encoded.is_empty() || encoded.contains('.') {
        return Err("this label decodes to another name".to_owned());
    }

    if encoded.len() > 63 {
        return Err(format!(
            "a label holds at most 63 octets, this one has {}",
            encoded.len()
        ));
    }

    Ok(encoded)
}

fn has_ace_prefix(label: &str) -> bool {
    label
        .get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case("xn--"))
}

/// ASCII letters, digits, hyphen, underscore, and the few that live zones use: `*` for a wildcard and
/// `/` for RFC 2317 delegations. IDNA judges the rest.
fn is_allowed(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "-_*/".contains(c)
    } else {
        !is_invisible(c)
    }
}

/// Control, bidirectional and zero-width characters: they make a name read as another one.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn shown(c: char) -> String {
    match c {
        ' ' => "a space".into(),
        c if is_invisible(c) => format!("the invisible character U+{:04X}", c as u32),
        c => format!("`{c}`"),
    }
}

/// A name as people read it: `bücher.example (xn--bcher-kva.example)`, or just the one form.
pub fn both_forms(ascii: &str) -> String {
    match unicode_form(ascii) {
        Some(unicode) => format!("{unicode} ({ascii})"),
        None => ascii.to_owned(),
    }
}

fn unicode_form(ascii: &str) -> Option<String> {
    if !ascii.split('.').any(has_ace_prefix) {
        return None;
    }
    let (unicode, result) = idna::domain_to_unicode(ascii);
    (result.is_ok() && unicode != ascii && !unicode.chars().any(is_invisible)).then_some(unicode)
}

/// Says so when a name looks like another one (UTS #39): letters of several scripts in one label, or
/// foreign letters that together read as plain ASCII.
pub fn name_warning(ascii: &str) -> Option<String> {
    let unicode = unicode_form(ascii)?;

    // Only the foreign letters: UTS #39 also folds ASCII, where `m` looks like `rn`.
    let looks_like: String = unicode
        .chars()
        .flat_map(|c| {
            if c.is_ascii() {
                vec![c]
            } else {
                skeleton(c.encode_utf8(&mut [0; 4])).collect()
            }
        })
        .collect();

    let foreign = unicode
        .split('.')
        .zip(looks_like.split('.'))
        .find(|(label, like)| {
            !label.is_ascii()
                && (!label.is_single_script()
                    || like.is_ascii() && label.chars().all(char::is_alphanumeric))
                || label
                    .chars()
                    .any(|c| !c.is_ascii() && !c.identifier_allowed())
        });

    foreign.map(|(label, _)| {
        if looks_like.is_ascii() {
            format!(
                "`{unicode}` is not `{looks_like}`: the label `{label}` uses letters that only look alike"
            )
        } else {
            format!("The label `{label}` mixes letters of several scripts, as names made to deceive do")
        }
    })
}

#[cfg(test)]
mod tests;
