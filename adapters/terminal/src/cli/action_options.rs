//! Which of the options about a reply the help of an administrative action shows.

use clap::{Arg, CommandFactory};

use super::Cli;

/// Options about a reply, which the help of an action shows only if it prints one.
const OUTPUT_OPTIONS: [&str; 3] = ["json", "markdown", "color"];

/// Returns the options about a reply that an action has a use for.
fn output_options(action: &str) -> &'static [&'static str] {
    match action {
        "commands" => &OUTPUT_OPTIONS,
        "batch" | "key" | "data" | "state" => &["json"],
        _ => &[],
    }
}

/// Returns the command line of this program: the help of an action has no options that it ignores.
pub(super) fn command() -> clap::Command {
    let command = Cli::command();
    let options: Vec<Arg> = command
        .get_arguments()
        .filter(|option| OUTPUT_OPTIONS.contains(&option.get_id().as_str()))
        .cloned()
        .collect();
    names_below(&command)
        .into_iter()
        .fold(command, |command, name| {
            let used = output_options(&name);
            command.mut_subcommand(name, |action| with_options(action, &options, used))
        })
}

/// Gives an action, and those below it, their own copies of the options about a reply, of which only the `used` ones are
/// in the help.
fn with_options(action: clap::Command, options: &[Arg], used: &[&str]) -> clap::Command {
    let copies = options.iter().map(|option| {
        let is_used = used.contains(&option.get_id().as_str());
        option.clone().hide(!is_used)
    });
    let action = action.args(copies);
    names_below(&action)
        .into_iter()
        .fold(action, |action, name| {
            action.mut_subcommand(name, |below| with_options(below, options, used))
        })
}

fn names_below(command: &clap::Command) -> Vec<String> {
    let actions = command.get_subcommands();
    actions.map(|action| action.get_name().to_owned()).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use clap::{FromArgMatches, error::ErrorKind};

    use super::*;

    #[test]
    fn the_help_of_an_action_has_no_options_that_it_ignores() {
        let help = |words: &[&str]| {
            let words = [&["netvane"], words, &["--help"]].concat();
            let shown = command().try_get_matches_from(words).unwrap_err();
            assert_eq!(shown.kind(), ErrorKind::DisplayHelp, "{shown}");
            shown.to_string()
        };
        for words in [
            &["serve"][..],
            &["man"],
            &["completions"],
            &["config", "show"],
        ] {
            let help = help(words);
            for option in ["--json", "--markdown", "--color", "--short", "--fail"] {
                assert!(!help.contains(option), "{words:?}: {help}");
            }
        }
        assert!(help(&["serve"]).contains("--config"));
        for words in [
            &["commands"][..],
            &["batch"],
            &["data", "status"],
            &["state", "list"],
        ] {
            assert!(help(words).contains("--json"), "{words:?}");
        }
        assert!(!help(&["state", "list"]).contains("--markdown"));

        let parsed = command().try_get_matches_from(["netvane", "data", "status", "--json"]);
        let cli = Cli::from_arg_matches(&parsed.unwrap()).unwrap();
        assert!(cli.output.json);
        command().debug_assert();
    }
}
