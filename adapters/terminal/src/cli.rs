//! What may stand on the command line. Lookups are read by the engine's own grammar, not here.

use std::{io::IsTerminal, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail};
use clap::{Arg, ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};
use netvane_core::{Engine, command::ArgumentKind, settings::Settings};

use crate::{data, once, serve};

/// Network answers: `netvane mx example.com`. Ask `netvane help` for all commands.
#[derive(Debug, Parser)]
#[command(name = "netvane", version, disable_help_subcommand = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub output: Output,
    #[command(subcommand)]
    action: Action,
}

/// Accepted before and after the command.
#[derive(Debug, Clone, Args)]
pub struct Output {
    /// Print the reply as one JSON object.
    #[arg(long, global = true)]
    pub json: bool,
    /// Print the reply as Markdown.
    #[arg(long, global = true, conflicts_with = "json")]
    pub markdown: bool,
    /// Use colour.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Read settings from this file.
    #[arg(long, global = true, env = "NETVANE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
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
    /// A lookup, such as `mx example.com`.
    #[command(external_subcommand)]
    Lookup(Vec<String>),
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum ConfigAction {
    /// Say what is wrong with the settings, if anything.
    Check,
    /// Print the settings in force.
    Show,
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
    pub fn run(mut self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Lookup(words) => {
                let words = self.output.take_from(words)?;
                once::run(&words, &self.output)
            }
            Action::Commands if self.output.json => {
                println!("{:#}", Engine::new(&Settings::default())?.registry().to_json());
                Ok(ExitCode::SUCCESS)
            }
            Action::Commands => once::run(&["help".to_owned()], &self.output),
            Action::Serve => serve::run(self.output.settings()?),
            Action::Config { what: ConfigAction::Check } => {
                let settings = self.output.settings()?;
                Engine::new(&settings)?.ready()?;
                println!("The settings are in order.");
                Ok(ExitCode::SUCCESS)
            }
            Action::Config { what: ConfigAction::Show } => {
                print!("{}", self.output.settings()?.to_toml());
                Ok(ExitCode::SUCCESS)
            }
            Action::Data { what: DataAction::Status } => {
                data::status(&self.output.settings()?, self.output.json)
            }
            Action::Data { what: DataAction::Update } => data::update(&self.output.settings()?),
            Action::Completions { shell } => {
                let mut command = with_lookups()?;
                clap_complete::generate(shell, &mut command, "netvane", &mut std::io::stdout());
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl Output {
    /// Takes the four options out of a lookup's words, where they may stand as well.
    fn take_from(&mut self, words: Vec<String>) -> anyhow::Result<Vec<String>> {
        let mut left = Vec::new();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let mut value =
                || value.clone().or_else(|| words.next()).with_context(|| format!("`{name}` needs a value"));
            match name {
                "--" => {
                    left.push(word);
                    left.extend(words);
                    break;
                }
                "--json" => self.json = true,
                "--markdown" => self.markdown = true,
                "--config" => self.config = Some(value()?.into()),
                "--color" => {
                    self.color = Color::from_str(&value()?, true)
                        .map_err(|_| anyhow::anyhow!("--color is auto, always or never"))?
                }
                "--help" | "-h" if left.len() == 1 => left.insert(0, "help".into()),
                _ => left.push(word),
            }
        }
        if self.json && self.markdown {
            bail!("--json and --markdown exclude each other");
        }
        Ok(left)
    }

    /// The settings in force.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings::load(self.config.as_deref(), std::env::vars())?)
    }

    /// Whether to write colour to standard output.
    pub fn is_coloured(&self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                std::io::stdout().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        }
    }
}

/// The command line with every lookup of the registry in it, for completion.
fn with_lookups() -> anyhow::Result<clap::Command> {
    let engine = Engine::new(&Settings::default())?;
    let lookups = engine.registry().entries().iter().map(|entry| {
        let arguments = entry.arguments.iter().map(|argument| {
            let arg = Arg::new(argument.name.clone()).help(argument.help.clone());
            match (argument.kind, argument.required) {
                (ArgumentKind::Boolean, _) => arg.long(argument.name.clone()).action(ArgAction::SetTrue),
                (_, true) => arg.required(true),
                (_, false) => arg.long(argument.name.clone()).value_parser(argument.choices.clone()),
            }
        });
        clap::Command::new(entry.spec.name)
            .about(entry.spec.about)
            .visible_aliases(entry.spec.aliases)
            .args(arguments)
    });
    Ok(Cli::command().subcommands(lookups))
}
