//! Options that tools write with hyphens or a plus: `-c 3`, `-nc3`, `--report`, `+norec`.

mod table;

use std::ops::Range;

use netvane_document::UsageError;

use super::super::{assign::find, tokens::Token};
use crate::{
    command::Entry,
    spec::{ArgumentKind, Completes},
};
use table::{FLAGS, FLAGS_WITH_VALUE, HARMLESS, QUERY_FLAGS, SWITCHES};

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
    /// Something that no command does, for this reason.
    Unsupported(Follows, &'static str),
    /// Something that no command does, for this reason; the option that comes closest.
    Instead(&'static str, &'static str),
}

/// What follows an option that is not supported, and is left out with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    Nothing,
    /// A value: the next word, or the rest of the same word.
    Value,
    /// A value if it begins with a digit: an interval, a time, a size.
    Number,
}

use Meaning::{Default, Fixed, Instead, Number, Unsupported, Value};

/// The options that one word stands for.
enum Reading {
    Options(Vec<String>),
    /// Not supported: the option as written, the reason, whether the next word belongs to it, and what to write instead.
    Unsupported {
        option: String,
        reason: &'static str,
        takes_next: bool,
        instead: &'static str,
    },
}

impl Reading {
    fn one(option: String) -> Self {
        Self::Options(vec![option])
    }
}

/// Converts the options of the tool `name` to options of the command; leaves all other words as they are.
///
/// # Errors
/// An option of the tool is not supported; the suggestion is the line without all that are not.
pub(super) fn translate(
    entry: &Entry,
    name: &str,
    words: &[Token],
    line: &str,
) -> Result<Vec<Token>, UsageError> {
    let mut out = Vec::with_capacity(words.len());
    let mut unsupported: Option<UsageError> = None;
    let mut corrections: Vec<(Range<usize>, &str)> = Vec::new();
    let mut words = words.iter().peekable();

    while let Some(word) = words.next() {
        if word.text == "--" && !word.quoted {
            out.push(word.clone());
            out.extend(words.cloned());
            break;
        }

        let next = words.peek().map(|next| next.text.as_str());
        let reading = if word.quoted {
            None
        } else {
            hyphenated(entry, name, &word.text, next).or_else(|| plus(entry, &word.text))
        };

        match reading {
            Some(Reading::Options(options)) => out.extend(options.into_iter().map(|text| Token {
                text,
                ..word.clone()
            })),
            Some(Reading::Unsupported {
                option,
                reason,
                takes_next,
                instead,
            }) => {
                let message = format!("`{option}` is not supported: {reason}");
                unsupported.get_or_insert(UsageError::argument(message).at(word.span.clone()));
                let value = words.next_if(|_| takes_next);
                let end = value.unwrap_or(word).span.end;
                corrections.push((word.span.start..end, instead));
            }
            None => out.push(word.clone()),
        }
    }

    match unsupported {
        Some(error) => Err(error.suggest(corrected(line, &corrections))),
        None => Ok(out),
    }
}

/// Returns the line with other text in place of these ranges of its characters, as a command. The ranges are in order.
fn corrected(line: &str, corrections: &[(Range<usize>, &str)]) -> String {
    let mut chars = line.chars();
    let mut text = String::with_capacity(line.len());
    let mut at = 0;
    for (range, instead) in corrections {
        text.extend(chars.by_ref().take(range.start - at));
        text.push_str(instead);
        chars.by_ref().take(range.len()).for_each(drop);
        at = range.end;
    }
    text.extend(chars);

    let words: Vec<&str> = text.split_whitespace().collect();
    format!("/{}", words.join(" ").trim_start_matches('/'))
}

/// Returns what a word such as `-4`, `-c3`, `-nm` or `--report` stands for; `None` if an option in it is unknown. A value
/// may be in the next word.
fn hyphenated(entry: &Entry, name: &str, text: &str, next: Option<&str>) -> Option<Reading> {
    let written = text
        .strip_prefix('-')
        .filter(|written| !written.is_empty() && *written != "-")?;
    let (whole, value) = match written.split_once('=') {
        Some((whole, value)) if written.starts_with('-') => (whole, Some(value)),
        _ => (written, None),
    };
    if let Some(meaning) = meaning(entry, name, whole) {
        return Some(read_one(meaning, whole, value, next));
    }
    if written.starts_with('-') {
        return None;
    }

    let mut options = Vec::new();
    for (at, letter) in written.char_indices() {
        let rest = &written[at + letter.len_utf8()..];
        let switch = &written[at..at + letter.len_utf8()];
        let meaning = meaning(entry, name, switch)?;
        if let Unsupported(..) = meaning {
            let rest = Some(rest).filter(|rest| !rest.is_empty());
            return Some(read_one(meaning, switch, rest, next));
        }
        // Windows' `-n 3` stands alone; within a cluster, `-n` is that of Unix.
        if !matches!(meaning, Number(_)) {
            options.extend(option(meaning, rest, next));
        }
        if matches!(meaning, Value(_)) {
            break;
        }
    }

    Some(Reading::Options(options))
}

/// Reads one option. `value` is what follows it in the same word, `next` the word after it.
fn read_one(meaning: Meaning, switch: &str, value: Option<&str>, next: Option<&str>) -> Reading {
    let (follows, reason, instead) = match meaning {
        Unsupported(follows, reason) => (follows, reason, ""),
        Instead(instead, reason) => (Follows::Nothing, reason, instead),
        meaning => {
            let option = option(meaning, value.unwrap_or_default(), next);
            return Reading::Options(option.into_iter().collect());
        }
    };

    let is_number =
        |next: &str| next.starts_with(|c: char| c.is_ascii_digit()) && next.parse::<f64>().is_ok();
    Reading::Unsupported {
        option: format!("-{switch}"),
        reason,
        takes_next: value.is_none()
            && match follows {
                Follows::Nothing => false,
                Follows::Value => next.is_some(),
                Follows::Number => next.is_some_and(is_number),
            },
        instead,
    }
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
            Default | Unsupported(..) | Instead(..) => true,
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
        Default | Unsupported(..) | Instead(..) => None,
    }
}

/// Returns what one of dig's flags stands for, such as `+vc` or `+notcp`; `None` if it is unknown.
fn plus(entry: &Entry, text: &str) -> Option<Reading> {
    let written = text.strip_prefix('+')?;
    let (name, value) = match written.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (written, None),
    };
    let name = name.to_lowercase();

    if let Some((_, argument, fixed)) = FLAGS.iter().find(|(flag, argument, _)| {
        *flag == name && (*argument == "short" || find(entry, argument).is_some())
    }) {
        match value {
            None if !fixed.is_empty() => {
                return Some(Reading::one(format!("--{argument}={fixed}")));
            }
            Some(value) if fixed.is_empty() => {
                return Some(Reading::one(format!("--{argument}={value}")));
            }
            _ => {}
        }
    }

    let takes_type = entry
        .arguments
        .iter()
        .any(|argument| argument.completes == Some(Completes::RecordType));
    if takes_type && let Some(reading) = query_flag(&name, value) {
        return Some(reading);
    }

    let flag = name.strip_prefix("no")?;
    let argument = find(entry, flag).filter(|found| found.kind == ArgumentKind::Boolean)?;
    let is_whole = find(entry, &name).is_none() && value.is_none();
    is_whole.then(|| Reading::one(format!("--{}=no", argument.name)))
}

/// Reads a flag of dig that is no argument: it changes nothing in the answer, says what each query does anyway, or is not
/// supported.
fn query_flag(name: &str, value: Option<&str>) -> Option<Reading> {
    let refuse = |reason| Reading::Unsupported {
        option: match value {
            Some(value) => format!("+{name}={value}"),
            None => format!("+{name}"),
        },
        reason,
        takes_next: false,
        instead: "",
    };

    if let Some(value) = value {
        let (_, usual, reason) = FLAGS_WITH_VALUE.iter().find(|(flag, ..)| *flag == name)?;
        return Some(if *usual == Some(value) {
            Reading::Options(Vec::new())
        } else {
            refuse(reason)
        });
    }

    let (plain, is_on) = match name.strip_prefix("no") {
        Some(plain) => (plain, false),
        None => (name, true),
    };
    if HARMLESS.contains(&plain) {
        return Some(Reading::Options(Vec::new()));
    }
    let (_, usual, reason) = QUERY_FLAGS.iter().find(|(flag, ..)| *flag == plain)?;
    Some(if *usual == is_on {
        Reading::Options(Vec::new())
    } else {
        refuse(reason)
    })
}
