//! Options that tools write with one hyphen or a plus: `-c 3`, `-nc3`, `+norec`.

use crate::{
    command::{Entry, parse::assign::find},
    spec::{ArgumentKind, Completes},
};

use super::super::tokens::Token;

/// What an option of a tool means.
#[derive(Clone, Copy)]
enum Meaning {
    /// The argument of this name; a value follows.
    Value(&'static str),
    /// The argument of this name with this value.
    Fixed(&'static str, &'static str),
    /// The argument of this name if a number follows, as in Windows' `ping -n 3`; otherwise what the command does anyway.
    Number(&'static str),
    /// What the command does anyway.
    Default,
}

use Meaning::{Default, Fixed, Number, Value};

/// An option after one hyphen: the command, the option and its meaning. The command `*` stands for all.
type Switch = (&'static str, &'static str, Meaning);

const SWITCHES: [Switch; 46] = [
    // The IP version of the connection to the server: any will do.
    ("dig", "4", Default),
    ("dig", "6", Default),
    ("*", "4", Fixed("ipv", "4")),
    ("*", "6", Fixed("ipv", "6")),
    ("ping", "c", Value("count")),
    ("ping", "n", Number("count")),
    ("ping", "p", Value("port")),
    ("ping", "P", Value("port")),
    ("ping", "T", Fixed("protocol", "tcp")),
    ("trace", "n", Fixed("names", "no")),
    ("trace", "d", Fixed("names", "no")),
    ("trace", "m", Value("max_hops")),
    ("trace", "h", Value("max_hops")),
    ("trace", "q", Value("probes")),
    ("trace", "c", Value("count")),
    ("trace", "p", Value("port")),
    ("trace", "P", Value("port")),
    ("trace", "T", Fixed("protocol", "tcp")),
    ("trace", "U", Fixed("protocol", "udp")),
    ("trace", "I", Fixed("protocol", "icmp")),
    ("mtr", "n", Fixed("names", "no")),
    ("mtr", "m", Value("max_hops")),
    ("mtr", "c", Value("count")),
    ("mtr", "P", Value("port")),
    ("mtr", "p", Value("port")),
    ("mtr", "T", Fixed("protocol", "tcp")),
    ("mtr", "u", Fixed("protocol", "udp")),
    ("mtr", "r", Default),
    ("mtr", "w", Default),
    ("ports", "p", Value("ports")),
    ("ports", "Pn", Default),
    ("ports", "sT", Default),
    ("ports", "sU", Fixed("protocol", "udp")),
    ("ports", "z", Default),
    ("ports", "v", Default),
    ("ports", "u", Fixed("protocol", "udp")),
    ("dig", "t", Value("type")),
    ("dig", "q", Value("name")),
    ("propagation", "t", Value("type")),
    ("delegation", "t", Value("type")),
    ("whois", "h", Value("server")),
    ("http", "I", Fixed("method", "HEAD")),
    ("http", "X", Value("method")),
    ("http", "L", Fixed("follow", "yes")),
    ("http", "s", Default),
    ("http", "v", Default),
];

/// dig's names of flags, and ours.
const FLAGS: [(&str, &str, &str); 11] = [
    ("do", "dnssec", "yes"),
    ("vc", "tcp", "yes"),
    ("norec", "norecurse", "yes"),
    ("norecurs", "norecurse", "yes"),
    ("nordflag", "norecurse", "yes"),
    ("rec", "norecurse", "no"),
    ("recurse", "norecurse", "no"),
    ("rdflag", "norecurse", "no"),
    ("noshort", "short", "no"),
    ("bufsiz", "bufsize", ""),
    ("client", "subnet", ""),
];

/// Flags of dig, without `no`, that say which parts to print or how long to wait; the answer is the same with and without
/// them. Those with a value are followed by `=`.
#[rustfmt::skip]
const HARMLESS: [&str; 41] = [
    "aaflag", "aaonly", "additional", "adflag", "all", "answer", "authority", "badcookie", "besteffort", "class", "cl",
    "cmd", "comments", "cookie", "crypto", "defname", "edns", "edns=", "fail", "identify", "idnin", "idnout",
    "keepalive", "keepopen", "mapped", "multi", "multiline", "ndots=", "onesoa", "qr", "question", "retry=",
    "rrcomments", "search", "showsearch", "stats", "time=", "timeout=", "tries=", "ttlid", "ttlunits",
];

/// Converts the options of the tool `name` to options of the command; leaves all other words as they are.
pub(super) fn translate(entry: &Entry, name: &str, words: &[Token]) -> Vec<Token> {
    let mut out = Vec::with_capacity(words.len());
    let mut words = words.iter().peekable();

    while let Some(word) = words.next() {
        if word.text == "--" && !word.quoted {
            out.push(word.clone());
            out.extend(words.cloned());
            break;
        }

        let next = words.peek().map(|next| next.text.as_str());
        let options = if word.quoted {
            None
        } else {
            hyphenated(entry, name, &word.text, next).or_else(|| plus(entry, &word.text))
        };

        match options {
            Some(options) => out.extend(options.into_iter().map(|text| Token {
                text,
                ..word.clone()
            })),
            None => out.push(word.clone()),
        }
    }

    out
}

/// Returns the options that a word such as `-4`, `-c3` or `-nm` stands for; `None` if one is unknown. A value may be in
/// the next word.
fn hyphenated(entry: &Entry, name: &str, text: &str, next: Option<&str>) -> Option<Vec<String>> {
    let written = text
        .strip_prefix('-')
        .filter(|written| !written.is_empty() && !written.starts_with('-'))?;
    if let Some(meaning) = meaning(entry, name, written) {
        return Some(option(meaning, "", next).into_iter().collect());
    }

    let mut options = Vec::new();
    for (at, letter) in written.char_indices() {
        let rest = &written[at + letter.len_utf8()..];
        let meaning = meaning(entry, name, &written[at..at + letter.len_utf8()])?;
        // Windows' `-n 3` stands alone; within a cluster, `-n` is that of Unix.
        if !matches!(meaning, Number(_)) {
            options.extend(option(meaning, rest, next));
        }
        if matches!(meaning, Value(_)) {
            break;
        }
    }

    Some(options)
}

fn meaning(entry: &Entry, name: &str, written: &str) -> Option<Meaning> {
    // Windows' `tracert` and nothing else has these two.
    let is_foreign =
        matches!(written, "d" | "h") && entry.spec.name == "trace" && name != "tracert";
    let (_, _, meaning) = SWITCHES.iter().find(|(command, switch, meaning)| {
        let is_known = match meaning {
            Value(argument) | Fixed(argument, _) | Number(argument) => {
                find(entry, argument).is_some()
            }
            Default => true,
        };
        (*command == "*" || *command == entry.spec.name) && *switch == written && is_known
    })?;
    (!is_foreign).then_some(*meaning)
}

/// Returns an option in the command's spelling. `rest` is what follows it in the same word.
fn option(meaning: Meaning, rest: &str, next: Option<&str>) -> Option<String> {
    match meaning {
        Value(argument) if rest.is_empty() => Some(format!("--{argument}")),
        Value(argument) => Some(format!(
            "--{argument}={}",
            rest.strip_prefix('=').unwrap_or(rest)
        )),
        Fixed(argument, value) => Some(format!("--{argument}={value}")),
        Number(argument) => next
            .is_some_and(|next| next.parse::<u32>().is_ok())
            .then(|| format!("--{argument}")),
        Default => None,
    }
}

/// Returns the option that one of dig's flags stands for, such as `+vc` or `+notcp`.
fn plus(entry: &Entry, text: &str) -> Option<Vec<String>> {
    let written = text.strip_prefix('+')?;
    let (name, value) = match written.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (written, None),
    };
    let name = name.to_lowercase();

    if let Some((_, argument, fixed)) = FLAGS.iter().find(|(flag, argument, _)| {
        *flag == name && (*argument == "short" || find(entry, argument).is_some())
    }) {
        return match value {
            None if !fixed.is_empty() => Some(vec![format!("--{argument}={fixed}")]),
            Some(value) if fixed.is_empty() => Some(vec![format!("--{argument}={value}")]),
            _ => None,
        };
    }

    let takes_type = entry
        .arguments
        .iter()
        .any(|argument| argument.completes == Some(Completes::RecordType));
    if takes_type && is_harmless(&name, value.is_some()) {
        return Some(Vec::new());
    }

    let flag = name.strip_prefix("no")?;
    let argument = find(entry, flag).filter(|found| found.kind == ArgumentKind::Boolean)?;
    let is_whole = find(entry, &name).is_none() && value.is_none();
    is_whole.then(|| vec![format!("--{}=no", argument.name)])
}

/// Whether dig's answer is the same with this flag and without it.
fn is_harmless(name: &str, has_value: bool) -> bool {
    let plain = name.strip_prefix("no").filter(|_| !has_value);
    HARMLESS.iter().any(|flag| match flag.strip_suffix('=') {
        Some(flag) => has_value && flag == name,
        None => !has_value && (*flag == name || Some(*flag) == plain),
    })
}
