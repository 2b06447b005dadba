//! Command-line arguments. The engine's own grammar parses lookups.

mod action_options;

use std::{io::IsTerminal, process::ExitCode, sync::LazyLock};

use clap::{Arg, ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind};
use netvane_core::{Engine, command::Registry, settings::Settings, spec::ArgumentKind};

use crate::{
    advice,
    agent::{self, AgentAction, AgentCommand},
    batch::Batch,
    data,
    key::{self, CallbackKey, NewKey},
    lookup, man,
    output::{LookupOptions, Output, print},
    overview, program, serve,
    state::StateAction,
};
use action_options::command;

/// Returns how the program is called, below errors of its options.
fn usage() -> String {
    let name = program::name();
    format!(
        "{name} LOOKUP TARGET, such as `{name} mx example.com`; `{name} help` lists all lookups."
    )
}

/// Network lookups. Example: `netvane mx example.com`. See `netvane help`.
#[derive(Debug, Parser)]
#[command(name = "netvane", version = env!("NETVANE_VERSION"), disable_help_subcommand = true, arg_required_else_help = true, bin_name = program::name(), override_usage = usage())]
pub(crate) struct Cli {
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub lookup: LookupOptions,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run a lookup for each line of a file, to NDJSON, CSV or a table.
    Batch(Batch),
    /// Run the server (HTTP plus configured chats).
    Serve,
    /// Run lookups for a hub over NATS, as a vantage point.
    Agent(AgentCommand),
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

/// Reads the command line of this process. Shows help and errors of the options itself, and then gives the exit status.
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    let command = command();
    let overview = command.clone().render_usage().to_string();
    let parsed = command
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));

    parsed.map_err(|error| match error.kind() {
        // Each action has help of its own, whose usage differs.
        ErrorKind::DisplayHelp if error.to_string().contains(&overview) => {
            print(&overview::text(std::io::stdout().is_terminal()));
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            if error.to_string().contains(&overview) =>
        {
            print(&overview::text(std::io::stdout().is_terminal()));
            ExitCode::from(2)
        }
        _ => {
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
    })
}

/// Whether the command of a lookup declares an option that the program has too; then it is the command's.
fn declares(command: &str, option: &str) -> bool {
    static REGISTRY: LazyLock<Registry> = LazyLock::new(netvane_core::registry);
    let is_shared = [
        "--short",
        "--fail",
        "--json",
        "--markdown",
        "--color",
        "--config",
    ];
    if !is_shared.contains(&option) {
        return false;
    }
    let command = command.trim_start_matches('/').replace('-', "_");
    REGISTRY.find(&command).is_some_and(|entry| {
        entry
            .arguments
            .iter()
            .any(|argument| argument.name == option[2..])
    })
}

/// Whether the program has an administrative action of this name.
pub(crate) fn is_action(name: &str) -> bool {
    actions().any(|action| action.get_name() == name)
}

/// The administrative actions, in the order of the help.
pub(crate) fn actions() -> impl Iterator<Item = clap::Command> {
    let actions: Vec<clap::Command> = command()
        .get_subcommands()
        .filter(|action| !action.is_hide_set())
        .cloned()
        .collect();
    actions.into_iter()
}

/// Prints the help of an administrative action.
fn help_for(action: &str) -> anyhow::Result<ExitCode> {
    let mut command = command();
    command.build();
    if let Some(action) = command.find_subcommand_mut(action) {
        print(&action.render_long_help().to_string());
    }
    Ok(ExitCode::SUCCESS)
}

impl Cli {
    /// Runs the subcommand. Fails on invalid arguments or settings.
    pub(crate) fn run(mut self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Lookup(words) => {
                let words = self.output.take_from(words, &mut self.lookup, declares)?;
                let is_plain = !self.output.json && !self.output.markdown && !self.lookup.short;
                match &words[..] {
                    [help] if help == "help" && is_plain => {
                        print(&overview::text(self.output.is_coloured()));
                        Ok(ExitCode::SUCCESS)
                    }
                    [help, action] if help == "help" && is_action(action) => help_for(action),
                    words => lookup::run(words, &self.output, &self.lookup),
                }
            }
            Action::Batch(batch) => batch.run(&self.output, &self.lookup),
            Action::Commands if self.output.json => list_commands(),
            Action::Commands => {
                let words = ["help".to_owned()];
                lookup::run(&words, &self.output, &self.lookup)
            }
            Action::Serve => {
                let output = self.output;
                let file = output.config.clone();
                serve::run(output.settings()?, file, move || output.settings())
            }
            Action::Agent(AgentCommand {
                what: Some(AgentAction::New(wanted)),
            }) => agent::new(wanted, self.output.json),
            Action::Agent(AgentCommand { what: None }) => {
                let output = self.output;
                let file = output.config.clone();
                agent::run(output.settings()?, file, move || output.settings())
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
            page.contains("netvane config check") && page.contains("netvane man"),
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
