//! What may stand on the command line. Lookups are read by the engine's own grammar, not here.

use std::process::ExitCode;

use clap::{Arg, ArgAction, CommandFactory, Parser, Subcommand};
use netvane_core::{Engine, settings::Settings, spec::ArgumentKind};

use crate::{
    advice, data,
    key::{self, NewKey},
    man, once,
    output::{Output, print},
    serve,
};

/// Network answers: `netvane mx example.com`. Ask `netvane help` for all commands.
#[derive(Debug, Parser)]
#[command(name = "netvane", version = env!("NETVANE_VERSION"), disable_help_subcommand = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub output: Output,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start every adapter that is configured; HTTP always.
    Serve,
    /// List all commands; with --json for programs.
    Commands,
    /// Look at the settings.
    Config {
        #[command(subcommand)]
        what: ConfigAction,
    },
    /// Make keys for the HTTP API.
    Key {
        #[command(subcommand)]
        what: KeyAction,
    },
    /// Look after the geo databases.
    Data {
        #[command(subcommand)]
        what: DataAction,
    },
    /// Print a completion script.
    Completions {
        /// For this shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, in roff.
    #[command(hide = true)]
    Man,
    /// A lookup, such as `mx example.com`.
    #[command(external_subcommand)]
    Lookup(Vec<String>),
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum ConfigAction {
    /// Say what is wrong with the settings, if anything, and what would be better otherwise.
    Check {
        /// Only what keeps a service from starting: no warnings.
        #[arg(long)]
        quiet: bool,
    },
    /// Print the settings in force.
    Show,
}

#[derive(Debug, Clone, Subcommand)]
enum KeyAction {
    /// Print a new key, and its entry for the settings.
    New(NewKey),
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum DataAction {
    /// Say which databases are in use and how old they are.
    Status,
    /// Fetch fresh databases, verify them, and put them in place.
    Update,
}

impl Cli {
    /// Does what was asked; an error is a mistake on the command line or in the settings.
    pub(crate) fn run(mut self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Lookup(words) => {
                let words = self.output.take_from(words)?;
                once::run(&words, &self.output)
            }
            Action::Commands if self.output.json => list_commands(),
            Action::Commands => once::run(&["help".to_owned()], &self.output),
            Action::Serve => {
                let output = self.output;
                let file = output.config.clone();
                serve::run(output.settings()?, file, move || output.settings())
            }
            Action::Config { what } => what.run(&self.output),
            Action::Key {
                what: KeyAction::New(wanted),
            } => key::new(wanted, self.output.json),
            Action::Data {
                what: DataAction::Status,
            } => data::status(&self.output.settings()?, self.output.json),
            Action::Data {
                what: DataAction::Update,
            } => data::update(&self.output.settings()?),
            Action::Completions { shell } => complete(shell),
            Action::Man => print_manual(),
        }
    }
}

impl ConfigAction {
    fn run(self, output: &Output) -> anyhow::Result<ExitCode> {
        let settings = output.settings()?;
        match self {
            Self::Check { quiet } => {
                advice::check(&settings)?;
                let warnings = if quiet {
                    Vec::new()
                } else {
                    advice::warnings(&settings, output.config.as_deref())
                };
                print(&checked(&warnings));
            }
            Self::Show => print(&settings.to_toml()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What is said of settings that can be used.
fn checked(warnings: &[String]) -> String {
    let all: String = warnings
        .iter()
        .map(|warning| format!("warning: {warning}\n"))
        .collect();
    let end = if all.is_empty() {
        "The settings are in order."
    } else {
        "The settings can be used."
    };
    format!("{all}{end}\n")
}

fn list_commands() -> anyhow::Result<ExitCode> {
    let engine = Engine::new(&Settings::default())?;
    print(&format!("{:#}\n", engine.registry().to_json()));
    Ok(ExitCode::SUCCESS)
}

fn complete(shell: clap_complete::Shell) -> anyhow::Result<ExitCode> {
    let mut command = with_lookups()?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "netvane", &mut script);
    print(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}

fn print_manual() -> anyhow::Result<ExitCode> {
    let engine = Engine::new(&Settings::default())?;
    let page = man::page(Cli::command(), engine.registry())?;
    print(&String::from_utf8_lossy(&page));
    Ok(ExitCode::SUCCESS)
}

/// The command line with every lookup of the registry in it, for completion.
fn with_lookups() -> anyhow::Result<clap::Command> {
    let engine = Engine::new(&Settings::default())?;
    let lookups = engine.registry().entries().iter().map(|entry| {
        let arguments = entry.arguments.iter().map(|argument| {
            let arg = Arg::new(argument.name.clone()).help(argument.help.clone());
            match (argument.kind, argument.required) {
                (ArgumentKind::Boolean, _) => {
                    arg.long(argument.name.clone()).action(ArgAction::SetTrue)
                }
                (_, true) => arg.required(true),
                (_, false) => arg
                    .long(argument.name.clone())
                    .value_parser(argument.choices.clone()),
            }
        });
        clap::Command::new(entry.spec.name)
            .about(entry.about.clone())
            .visible_aliases(entry.spec.aliases)
            .args(arguments)
    });
    Ok(Cli::command().subcommands(lookups))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn every_lookup_is_in_the_manual() {
        let engine = Engine::new(&Settings::default()).unwrap();
        let page = man::page(Cli::command(), engine.registry()).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(page.starts_with(".TH NETVANE 1 "), "{page}");
        for entry in engine.registry().entries() {
            let names: Vec<&str> = std::iter::once(&entry.spec.name)
                .chain(entry.spec.aliases)
                .copied()
                .collect();
            let heading = names.join(", ");
            assert!(
                page.lines()
                    .any(|line| line.starts_with(".SS") && line.contains(&heading)),
                "{heading}"
            );
        }
        assert!(
            page.contains("netvane config check") && !page.contains("netvane man"),
            "{page}"
        );
    }

    #[test]
    fn warnings_stand_before_what_they_come_to() {
        assert_eq!(checked(&[]), "The settings are in order.\n");
        assert_eq!(
            checked(&["a: b".into(), "c".into()]),
            "warning: a: b\nwarning: c\nThe settings can be used.\n"
        );
    }

    #[test]
    fn the_command_line_is_consistent_with_every_lookup_in_it() {
        with_lookups().unwrap().debug_assert();
    }
}
