//! `GET /complete?q=…`: completions for the line that is being typed.

use std::collections::HashSet;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::header,
    response::{IntoResponse, Response},
};
use netvane_core::{
    command::{self, Entry, Registry},
    spec::{Argument, ArgumentKind},
};
use serde::Serialize;

use super::question;
use crate::app::App;

/// Most suggestions in a response.
const MOST: usize = 10;
/// Most values among them, so that options are suggested too.
const MOST_VALUES: usize = 6;

#[derive(Serialize, Default)]
struct Suggestions {
    /// Usage of the command on the line.
    usage: String,
    /// What to type next, at the end of the line.
    help: String,
    /// URL of the form of a command that takes a whole message, which does not fit on a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<String>,
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    /// The line with the suggestion at its end.
    line: String,
    label: String,
    help: String,
}

/// Handles `GET /complete?q=LINE`; the line ends at the cursor.
pub(super) async fn get(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let line = question::line(query.as_deref()).unwrap_or_default();
    let found = suggestions(app.engine.registry(), &line);
    ([(header::CACHE_CONTROL, "max-age=3600")], Json(found)).into_response()
}

fn suggestions(registry: &Registry, line: &str) -> Suggestions {
    let line = line.trim_start().trim_start_matches('/');

    // A white space character may take several bytes.
    let start = line.trim_end_matches(|c: char| !c.is_whitespace()).len();
    let (before, typed) = line.split_at(start);
    let mut words = before.split_whitespace();
    let Some(command) = words.next() else {
        return Suggestions {
            items: commands(registry, typed),
            ..Suggestions::default()
        };
    };

    let name = command.to_ascii_lowercase().replace('-', "_");
    let Some(entry) = registry.find(&name) else {
        return Suggestions::default();
    };
    let words: Vec<&str> = words.collect();
    let (help, values) = arguments(registry, entry, &words, typed);
    let item = |(value, help): (String, String)| Item {
        line: format!("{before}{value}"),
        label: value,
        help,
    };

    let takes_message = entry.arguments.iter().any(|argument| argument.message);

    Suggestions {
        usage: entry.usage(),
        help,
        form: takes_message.then(|| format!("/tools/{}", entry.spec.name)),
        items: values.into_iter().take(MOST).map(item).collect(),
    }
}

/// Returns the commands whose name starts with the text, then those whose name contains it, then
/// those whose description does.
fn commands(registry: &Registry, typed: &str) -> Vec<Item> {
    let typed = typed.to_lowercase().replace('-', "_");
    let rank = |entry: &Entry| {
        let mut names = std::iter::once(&entry.spec.name).chain(entry.spec.aliases);
        if entry.spec.name.starts_with(&typed) {
            Some(0)
        } else if names.clone().any(|name| name.starts_with(&typed)) {
            Some(1)
        } else if names.any(|name| name.contains(&typed)) {
            Some(2)
        } else {
            entry.about.to_lowercase().contains(&typed).then_some(3)
        }
    };

    let mut found: Vec<_> = registry
        .entries()
        .iter()
        .filter_map(|entry| Some((rank(entry)?, entry)))
        .collect();

    found.sort_by_key(|(rank, _)| *rank);
    let item = |(_, entry): (u8, &std::sync::Arc<Entry>)| {
        let space = if entry.arguments.is_empty() { "" } else { " " };
        let Entry { spec, about, .. } = &**entry;
        Item {
            line: format!("{}{space}", spec.name),
            label: entry.usage(),
            help: about.clone(),
        }
    };

    found.into_iter().map(item).take(MOST).collect()
}

/// Returns help on the next argument, and its values with their help.
fn arguments(
    registry: &Registry,
    entry: &Entry,
    words: &[&str],
    typed: &str,
) -> (String, Vec<(String, String)>) {
    if let Some((name, value)) = typed.split_once('=')
        && let Some(argument) = entry
            .arguments
            .iter()
            .find(|argument| is_named(argument, typed))
    {
        let values = values(registry, argument, value);
        return (
            help(argument),
            values
                .map(|value| (format!("{name}={value}"), String::new()))
                .collect(),
        );
    }

    let left: Vec<&Argument> = entry
        .arguments
        .iter()
        .filter(|argument| !words.iter().any(|word| is_named(argument, word)))
        .collect();

    let in_place = words
        .iter()
        .filter(|word| {
            !entry
                .arguments
                .iter()
                .any(|argument| is_named(argument, word))
        })
        .count();

    let next = left
        .iter()
        .filter(|argument| argument.kind != ArgumentKind::Boolean)
        .nth(in_place);

    let mut found: Vec<(String, String)> = Vec::new();

    if let Some(argument) = next {
        let values = values(registry, argument, typed).take(MOST_VALUES);
        found.extend(values.map(|value| (value, String::new())));
    }

    found.extend(options(&left, typed));
    let mut known = HashSet::new();
    found.retain(|(value, _)| known.insert(value.clone()));

    (
        next.map(|argument| help(argument)).unwrap_or_default(),
        found,
    )
}

/// Whether a word names this argument: as `--name` or `name=value`.
fn is_named(argument: &Argument, word: &str) -> bool {
    let word = word.trim_start_matches("--").replace('-', "_");
    word == argument.name
        || word
            .split_once('=')
            .is_some_and(|(name, _)| name == argument.name)
}

/// Returns the optional arguments whose names start with the text, with their help.
fn options(left: &[&Argument], typed: &str) -> impl Iterator<Item = (String, String)> {
    let bare = typed.trim_start_matches('-');
    left.iter()
        .filter(move |argument| !argument.required && argument.name.starts_with(bare))
        .map(|argument| {
            let option = match argument.kind {
                ArgumentKind::Boolean => format!("--{}", argument.name),
                _ => format!("{}=", argument.name),
            };
            (option, argument.help.clone())
        })
}

fn help(argument: &Argument) -> String {
    format!("{}: {}", argument.name, argument.help)
}

fn values(registry: &Registry, argument: &Argument, typed: &str) -> impl Iterator<Item = String> {
    let choices = argument
        .choices
        .iter()
        .filter(move |choice| choice.starts_with(typed))
        .cloned();
    let known = command::complete(registry, argument, typed, &[], MOST);
    let mut values: Vec<String> = choices.chain(known).collect();
    let mut earlier = HashSet::new();
    values.retain(|value| earlier.insert(value.to_lowercase()));
    values.into_iter()
}

#[cfg(test)]
mod tests {
    use netvane_core::{Engine, settings::Settings};

    use super::*;

    fn completed(line: &str) -> Suggestions {
        let engine = Engine::new(&Settings::default()).expect("starts");
        suggestions(engine.registry(), line)
    }

    fn lines(line: &str) -> Vec<String> {
        completed(line)
            .items
            .into_iter()
            .map(|item| item.line)
            .collect()
    }

    #[tokio::test]
    async fn suggests_commands_with_a_matching_prefix_first() {
        assert_eq!(lines("").len(), MOST);
        assert_eq!(lines("/WHO")[0], "whois ");
        assert_eq!(lines("trace-m"), ["trace_mail "]);
        assert!(lines("zzz").is_empty());
    }

    #[tokio::test]
    async fn suggests_values_and_options_after_a_command() {
        let usage = completed("ping 192.0.2.1 ").usage;
        assert!(usage.starts_with("ping "), "{usage}");
        assert!(lines("ping 192.0.2.1 c").contains(&"ping 192.0.2.1 count=".to_owned()));
        assert!(
            !lines("ping 192.0.2.1 count=3 ")
                .iter()
                .any(|line| line.ends_with(" count=")),
            "an argument that is already given is not suggested"
        );
        let types = lines("dig a.example type=M");
        assert!(
            types.contains(&"dig a.example type=MX".to_owned()),
            "{types:?}"
        );
        assert!(lines("zzz a.example ").is_empty());
    }

    #[tokio::test]
    async fn suggests_nothing_twice() {
        let engine = Engine::new(&Settings::default()).expect("starts");
        for entry in engine.registry().entries() {
            let name = entry.spec.name;
            let mut starts = vec![format!("{name} "), format!("{name} x ")];
            for argument in &entry.arguments {
                starts.extend(
                    ["=", "=t", "=M"].map(|end| format!("{name} x {}{end}", argument.name)),
                );
            }
            for start in starts {
                let mut found = lines(&start);
                let count = found.len();
                found.sort();
                found.dedup();
                assert_eq!(found.len(), count, "{start}");
            }
        }
        assert_eq!(
            lines("ping example.com protocol=t"),
            ["ping example.com protocol=tcp"]
        );
    }

    #[tokio::test]
    async fn suggests_the_form_for_a_command_that_takes_a_message() {
        assert_eq!(
            completed("trace_mail ").form.as_deref(),
            Some("/tools/trace_mail")
        );
        assert_eq!(completed("mx ").form, None);
    }

    #[tokio::test]
    async fn suggestions_keep_the_typed_start_of_the_line() {
        for typed in [
            "mx\u{a0}",
            "mx\u{3000}a.example\u{2003}res",
            "mx é",
            "mx 👍 ",
            "mx --",
            "mx =",
            "mx ==x",
            "ping \t\u{202e}",
            "\u{3000}/",
            "é",
        ] {
            let start = typed.trim_start().trim_start_matches('/');
            let end = start.rfind(char::is_whitespace).unwrap_or(0);
            for line in lines(typed) {
                assert!(line.starts_with(&start[..end]), "{typed:?}: {line:?}");
            }
        }
    }
}
