//! The help of the program: lookups with an example each, then administration, then options.

use clap::CommandFactory;
use netvane_core::{
    command::Entry,
    document::{
        Cell, Document, Severity,
        render::{self, Layout},
    },
    spec::Group,
};
use terminal_size::{Width, terminal_size};

use crate::{
    cli::{Cli, actions},
    program,
};

/// Width of the help where the output is no terminal, in columns.
const WIDTH: u16 = 100;

/// Returns the help as text for this terminal.
pub(crate) fn text(color: bool) -> String {
    let width = terminal_size().map_or(WIDTH, |(Width(width), _)| width.max(40));
    let options = Cli::command()
        .render_help()
        .to_string()
        .split_once("Options:\n")
        .map(|(_, options)| options.to_owned())
        .unwrap_or_default();
    let text = format!(
        "{}\nOptions\n{options}",
        render::text(&document(), Layout { width, color })
    );
    render::fit(&text, usize::from(width))
}

/// Builds the lists of lookups and administrative actions.
fn document() -> Document {
    let registry = netvane_core::registry();
    let name = program::name();
    let mut document = Document::new(
        format!("{name}: network lookups"),
        format!(
            "{name} COMMAND TARGET runs a lookup; {name} TARGET runs the one that fits. \
             {name} help COMMAND shows details."
        ),
        Severity::Neutral,
    );

    let mut groups: Vec<Group> = Vec::new();
    for entry in registry.entries() {
        if !groups.contains(&entry.spec.group) {
            groups.push(entry.spec.group);
        }
    }
    for group in groups {
        let rows = registry
            .entries()
            .iter()
            .filter(|entry| entry.spec.group == group)
            .map(|entry| {
                [
                    Cell::exact(format!("{name} {}", shell_example(entry))),
                    entry.about.as_str().into(),
                ]
            });
        document.heading(group.title());
        document.table(["Example", "Description"], rows.collect());
    }

    document.heading("Administration");
    let rows = actions().map(|action| {
        let about = action.get_about().map(ToString::to_string);
        [
            Cell::exact(format!("{name} {}", action.get_name())),
            about.unwrap_or_default().into(),
        ]
    });
    document.table(["Action", "Description"], rows.collect());
    document
}

/// Returns an example of a lookup that a shell understands. A message comes from a file.
pub(crate) fn shell_example(entry: &Entry) -> String {
    let name = entry.spec.name;
    if entry.arguments.iter().any(|argument| argument.message) {
        return format!("{name} < mail.eml");
    }

    let example = entry.spec.examples.first().copied().unwrap_or(name);
    match example.split_once(' ') {
        Some((name, arguments)) if arguments.contains(|c: char| "()<>;&|$*'\"".contains(c)) => {
            let quoted: String = arguments.chars().filter(|c| *c != '\'').collect();
            format!("{name} '{quoted}'")
        }
        _ => example.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookups_with_an_example_come_before_administration() {
        let text = text(false);
        let registry = netvane_core::registry();
        let administration = text.find("Administration").expect("a heading");

        for entry in registry.entries() {
            let example = format!("netvane {}", entry.spec.name);
            let at = text.find(&example);
            assert!(at.is_some_and(|at| at < administration), "{example}");
        }
        for action in [
            "serve",
            "config",
            "data",
            "state",
            "key",
            "completions",
            "man",
        ] {
            let at = text.find(&format!("netvane {action}"));
            assert!(at.is_some_and(|at| at > administration), "{action}: {text}");
        }
        assert!(text.contains("--json") && text.contains("--short") && text.contains("--fail"));
        assert!(!text.contains("/mx"), "no slashes: {text}");
    }
}
