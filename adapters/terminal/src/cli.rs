//! Command-line arguments. The engine's own grammar parses lookups.

use std::process::ExitCode;

use clap::{Arg, ArgAction, CommandFactory, Parser, Subcommand};
use netvane_core::{Engine, settings::Settings, spec::ArgumentKind};

use crate::{
    advice, data,
    key::{self, CallbackKey, NewKey},
    lookup, man,
    output::{Output, print},
    serve,
    state::StateAction,
};

/// Network lookups. Example: `netvane mx example.com`. See `netvane help`.
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
    /// Run the server (HTTP plus configured chats).
    Serve,
    /// List all commands; --json prints the registry for programs.
    Commands,
    /// Check or show the configuration.
    Config {
        #[command(subcommand)]
        what: ConfigAction,
    },
    /// Create keys for the HTTP API, and show those of callbacks.
    Key {
        #[command(subcommand)]
        what: KeyAction,
    },
    /// Manage geo databases and RDAP bootstrap files.
    Data {
        #[command(subcommand)]
        what: DataAction,
    },
    /// Show, export, import or remove what the server stores.
    State {
        #[command(subcommand)]
        what: StateAction,
    },
    /// Print a completion script.
    Completions {
        /// The shell to generate the script for.
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
    /// Validate the configuration and print warnings.
    Check {
        /// Report errors only, no warnings.
        #[arg(long)]
        quiet: bool,
    },
    /// Print the effective configuration.
    Show,
}

#[derive(Debug, Clone, Subcommand)]
enum KeyAction {
    /// Create a key and print its configuration entry.
    New(NewKey),
    /// Print what the receiver of a callback needs to verify it.
    Callback(CallbackKey),
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum DataAction {
    /// Show the databases in use and their age.
    Status,
    /// Download current databases and RDAP bootstrap files, verify them and install them.
    Update,
}

impl Cli {
    /// Runs the subcommand. Fails on invalid arguments or settings.
    pub(crate) fn run(mut self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Lookup(words) => {
                let words = self.output.take_from(words)?;
                lookup::run(&words, &self.output)
            }
            Action::Commands if self.output.json => list_commands(),
            Action::Commands => lookup::run(&["help".to_owned()], &self.output),
            Action::Serve => {
                let output = self.output;
                let file = output.config.clone();
                serve::run(output.settings()?, file, move || output.settings())
            }
            Action::Config { what } => what.run(&self.output),
            Action::Key {
                what: KeyAction::New(wanted),
            } => key::new(wanted, self.output.json),
            Action::Key {
                what: KeyAction::Callback(wanted),
            } => key::callback(&wanted, &self.output.settings()?, self.output.json),
            Action::Data {
                what: DataAction::Status,
            } => data::status(&self.output.settings()?, self.output.json),
            Action::Data {
                what: DataAction::Update,
            } => data::update(&self.output.settings()?),
            Action::State { what } => what.run(&self.output.settings()?, self.output.json),
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

/// Formats the output of `config check` for valid settings.
fn checked(warnings: &[String]) -> String {
    let all: String = warnings
        .iter()
        .map(|warning| format!("warning: {warning}\n"))
        .collect();
    let end = if all.is_empty() {
        "The configuration is valid."
    } else {
        "The configuration is valid, with warnings."
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

/// Returns the command line with all lookups of the registry as subcommands, for completion.
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
    fn manual_lists_every_lookup() {
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
    fn prints_warnings_before_the_verdict() {
        assert_eq!(checked(&[]), "The configuration is valid.\n");
        assert_eq!(
            checked(&["a: b".into(), "c".into()]),
            "warning: a: b\nwarning: c\nThe configuration is valid, with warnings.\n"
        );
    }

    #[test]
    fn completion_commands_are_valid() {
        with_lookups().unwrap().debug_assert();
    }
}
