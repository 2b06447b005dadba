//! Domain names as people write them, validated by the rules of DNS and IDNA.

use std::fmt;

use unicode_security::{
    GeneralSecurityProfile, MixedScript, confusable_detection::skeleton,
    mixed_script::AugmentedScriptSet,
};

use crate::target::{Invalid, address::bad_prefix_length, clean_pasted, text_value};

/// A domain name below the root, as lower-case A-labels without the final dot.
///
/// Labels have at most 63 octets, the name at most 253. Underscores are allowed, as in `_dmarc`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Domain(String);

/// A fully qualified DNS name, including the root; printed with its final dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DnsName(String);

text_value!(Domain, "Domain", "a domain name", "target");
text_value!(DnsName, "DnsName", "a DNS name, `.` for the root", "target");

impl Domain {
    /// The name as lower-case A-labels without the final dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DnsName {
    /// The name as lower-case A-labels with the final dot.
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
            return Err(
                Invalid::new(format!("expected a domain name, got the address {address}"))
                    .command(format!("/ptr {address}")),
            );
        }
        if let Ok(network) = name.parse::<ipnet::IpNet>() {
            return Err(
                Invalid::new(format!("expected a domain name, got the network {network}"))
                    .command(format!("/whois {network}")),
            );
        }
        if let Some(invalid) = bad_prefix_length(&name) {
            return Err(invalid);
        }
        if name == "." {
            return Err(Invalid::new("expected a domain name, got the root").command("/dig . NS"));
        }
        ascii(&name, text).map(Self)
    }
}

impl DnsName {
    fn read(text: &str) -> Result<Self, Invalid> {
        if text.contains('\\') {
            let text = text.trim().trim_matches(['"', '\'', '`']);
            return escaped(text).map(|name| Self(name + "."));
        }

        let name = clean_pasted(text);
        if name == "." {
            return Ok(Self(name.into_owned()));
        }
        if let Ok(address) = crate::target::address::parse(&name) {
            return Err(
                Invalid::new(format!("expected a DNS name, got the address {address}"))
                    .value(super::reverse_name(address)),
            );
        }
        ascii(&name, text).map(|name| Self(name + "."))
    }
}

/// Converts a name with escapes (RFC 1035 §5.1) to lower-case A-labels without the final dot. A label with an escape
/// may have any octets; they stay escaped unless they need not be.
fn escaped(written: &str) -> Result<String, Invalid> {
    let mut labels = Vec::new();
    let mut octets = 0;

    for label in split_labels(written) {
        let encoded = if label.contains('\\') {
            let label_octets =
                unescape(label).map_err(|message| label_error(message, label, written))?;
            octets += label_octets.len();
            escape(&label_octets)
        } else if label.is_empty() {
            return Err(Invalid::new("empty label (\"..\")"));
        } else {
            let encoded = encode(label).map_err(|message| label_error(message, label, written))?;
            octets += encoded.len();
            encoded
        };
        labels.push(encoded);
        octets += 1;
    }

    // With the root's label, a name has at most 255 octets.
    if octets > 254 {
        return Err(Invalid::new("domain name is too long (max 255 octets)"));
    }

    Ok(labels.join("."))
}

/// The labels between unescaped dots, without the empty one after the final dot.
fn split_labels(name: &str) -> Vec<&str> {
    let mut labels = Vec::new();
    let (mut start, mut is_escaped) = (0, false);

    for (at, c) in name.char_indices() {
        if c == '.' && !is_escaped {
            labels.push(&name[start..at]);
            start = at + 1;
        }
        is_escaped = c == '\\' && !is_escaped;
    }

    if start < name.len() {
        labels.push(&name[start..]);
    }
    labels
}

/// The octets of a label, at most 63. The error is the message for the user.
fn unescape(label: &str) -> Result<Vec<u8>, String> {
    const EXPECTED: &str = "expected a character or three digits up to 255 after `\\`";
    let mut octets = Vec::new();
    let mut rest = label.bytes();

    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'\\' => match rest.next().ok_or(EXPECTED)? {
                first @ b'0'..=b'9' => {
                    let mut digit = || rest.next().filter(u8::is_ascii_digit).ok_or(EXPECTED);
                    let digits = [first, digit()?, digit()?];
                    let number = digits
                        .iter()
                        .fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
                    u8::try_from(number).map_err(|_| EXPECTED)?
                }
                octet => octet,
            },
            octet if octet.is_ascii() && !is_allowed(char::from(octet)) => {
                return Err(format!(
                    "{} is not allowed in a domain name without `\\`",
                    describe(char::from(octet))
                ));
            }
            octet => octet,
        });
    }

    match octets.len() {
        0 => Err("empty label (\"..\")".to_owned()),
        1..=63 => Ok(octets.to_ascii_lowercase()),
        length => Err(format!("label is too long: {length} octets (max 63)")),
    }
}

/// The text of a label, with escapes where they are needed.
fn escape(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        match char::from(*octet) {
            c if c.is_ascii() && is_allowed(c) => text.push(c),
            c if c.is_ascii_graphic() => text.extend(['\\', c]),
            _ => text += &format!("\\{octet:03}"),
        }
        text
    })
}

/// Converts `name` to lower-case A-labels; positions in errors refer to `written`.
fn ascii(name: &str, written: &str) -> Result<String, Invalid> {
    if name.is_empty() {
        return Err(Invalid::new("expected a domain name"));
    }

    // Replace full stops that IDNA treats like a dot, then remove one final dot.
    let dotted = name.replace(['。', '．', '｡'], ".");
    let dotted = dotted.strip_suffix('.').unwrap_or(&dotted);
    if dotted.len() > 2048 {
        return Err(Invalid::new("domain name is too long (max 253 characters)"));
    }

    let mut out = String::with_capacity(dotted.len());

    for label in dotted.split('.') {
        if label.is_empty() {
            let filled: Vec<&str> = dotted.split('.').filter(|l| !l.is_empty()).collect();
            return Err(Invalid::new("empty label (\"..\")").value(filled.join(".")));
        }

        let encoded = encode(label).map_err(|message| label_error(message, label, written))?;
        if !out.is_empty() {
            out.push('.');
        }

        out.push_str(&encoded);
    }

    if out.len() > 253 {
        return Err(Invalid::new(format!(
            "domain name is too long: {} characters (max 253)",
            out.len()
        )));
    }

    Ok(out)
}

/// Creates an error about a label, with its position if it occurs in the text as written.
fn label_error(message: String, label: &str, written: &str) -> Invalid {
    let invalid = Invalid::new(message);
    match written.find(label) {
        Some(start) => invalid.part(written, start..start + label.len()),
        None => invalid,
    }
}

/// Converts a label, which is not empty, to a lower-case A-label. The error is the message for the user.
fn encode(label: &str) -> Result<String, String> {
    if let Some(bad) = label.chars().find(|c| !is_allowed(*c)) {
        return Err(format!("{} is not allowed in a domain name", describe(bad)));
    }

    let encoded = if label.is_ascii() && !has_ace_prefix(label) {
        label.to_ascii_lowercase()
    } else {
        // The error of `idna` has no details.
        idna::domain_to_ascii(label)
            .map_err(|_| "invalid internationalized label (RFC 5891)".to_owned())?
    };

    // IDNA maps characters such as `⒜` to several, some of which are not allowed in a name.
    if let Some(bad) = encoded.chars().find(|c| *c != '.' && !is_allowed(*c)) {
        return Err(format!("{} is not allowed in a domain name", describe(bad)));
    }

    if encoded.is_empty() || encoded.contains('.') {
        return Err("label does not map to a single label (IDNA)".to_owned());
    }

    if encoded.len() > 63 {
        return Err(format!(
            "label is too long: {} octets (max 63)",
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

/// Allows ASCII letters, digits, hyphen and underscore, `*` for wildcards and `/` for RFC 2317 delegations, which are
/// both in use. IDNA decides about all other characters.
fn is_allowed(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "-_*/".contains(c)
    } else {
        !is_invisible(c)
    }
}

/// Control, bidirectional and zero-width characters, which can make a name look like another one.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn describe(c: char) -> String {
    match c {
        ' ' => "a space".into(),
        c if is_invisible(c) => format!("the invisible character U+{:04X}", c as u32),
        c => format!("`{c}`"),
    }
}

/// Formats a name for people: `bücher.example (xn--bcher-kva.example)`, or only the ASCII form if they are equal.
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

/// Returns a warning if a name looks like another one (UTS #39): a label mixes scripts, or all its non-ASCII letters
/// look like ASCII.
pub fn name_warning(ascii: &str) -> Option<String> {
    let unicode = unicode_form(ascii)?;

    // Non-ASCII letters only, because UTS #39 folds ASCII too: `m` looks like `rn`.
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

    let suspicious = unicode
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

    suspicious.map(|(label, _)| {
        if looks_like.is_ascii() {
            format!(
                "`{unicode}` contains {}; this is not `{looks_like}`",
                first_foreign_letter(label)
            )
        } else {
            format!("The label `{label}` mixes scripts, a common phishing trick")
        }
    })
}

/// The first non-ASCII letter of a label with its script: `Cyrillic "а"`.
fn first_foreign_letter(label: &str) -> String {
    let Some(letter) = label.chars().find(|c| !c.is_ascii()) else {
        return String::new();
    };
    let mut scripts = AugmentedScriptSet::for_char(letter).base.iter();
    match scripts.next().map(|script| script.full_name()) {
        Some("Common" | "Inherited" | "Unknown") | None => format!("\"{letter}\""),
        Some(script) => format!("{script} \"{letter}\""),
    }
}

#[cfg(test)]
mod tests;
