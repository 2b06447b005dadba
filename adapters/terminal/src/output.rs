//! Output options, and writing to standard output.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use netvane_core::{document::Severity, settings::Settings};

/// Writes to standard output. Errors are ignored: a closed pipe, as with `
/// head`, is intended by the user.
pub(crate) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// Options of a lookup, which are accepted before and after the command.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LookupOptions {
    /// Print values only, one per line.
    #[arg(long)]
    pub short: bool,
    /// Exit with status 3 if the result is bad, or a warning with `--fail=warning`.
    #[arg(long, value_enum, value_name = "SEVERITY", num_args = 0..=1, require_equals = true, default_missing_value = "bad")]
    pub fail: Option<FailAt>,
    /// Run the lookup at these vantage points; see `netvane places`.
    #[arg(long, visible_alias = "from", value_name = "PLACE")]
    pub place: Option<String>,
}

/// Lowest severity of a reply that makes the program fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailAt {
    /// Warnings and worse.
    Warning,
    /// Bad results only.
    Bad,
}

impl FailAt {
    /// Whether a reply of this severity makes the program fail.
    pub(crate) fn includes(self, severity: Severity) -> bool {
        match self {
            Self::Warning => severity >= Severity::Warning,
            Self::Bad => severity >= Severity::Bad,
        }
    }
}

impl LookupOptions {
    /// Takes one of these options from a lookup's words; `false` for any other word.
    fn take(&mut self, name: &str, value: Option<&str>) -> anyhow::Result<bool> {
        match (name, value) {
            ("--short", None) => self.short = true,
            ("--fail", None) => self.fail = Some(FailAt::Bad),
            ("--fail", Some(value)) => {
                let severity = FailAt::from_str(value, true)
                    .map_err(|_| anyhow::anyhow!("--fail: expected warning or bad"))?;
                self.fail = Some(severity);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Options that are accepted before and after the command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Output {
    /// Print the reply as one JSON object.
    #[arg(long, global = true)]
    pub json: bool,
    /// Print the reply as Markdown.
    #[arg(long, global = true, conflicts_with = "json")]
    pub markdown: bool,
    /// Use colors.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Read the configuration from this file.
    #[arg(long, global = true, env = "NETVANE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// When to write colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Output {
    /// Removes these four options, and those of a lookup, from a lookup's words, where they may also appear. An option that
    /// the command `declares` is the command's.
    pub(crate) fn take_from(
        &mut self,
        words: Vec<String>,
        lookup: &mut LookupOptions,
        declares: impl Fn(&str, &str) -> bool,
    ) -> anyhow::Result<Vec<String>> {
        let mut left: Vec<String> = Vec::new();
        let mut words = words.into_iter();

        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            if let Some(command) = left.first()
                && declares(command, name)
            {
                left.push(word);
                continue;
            }
            if lookup.take(name, value.as_deref())? {
                continue;
            }
            let mut value = || {
                value
                    .clone()
                    .or_else(|| words.next())
                    .with_context(|| format!("`{name}` needs a value"))
            };

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
                        .map_err(|_| anyhow::anyhow!("--color: expected auto, always or never"))?
                }
                "--help" | "-h" if left.len() == 1 && words.len() == 0 => {
                    left.insert(0, "help".into())
                }
                _ => left.push(word),
            }
        }

        if self.json && self.markdown {
            bail!("--json and --markdown cannot be used together");
        }

        Ok(left)
    }

    /// Loads the effective settings.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings::load(self.config.as_deref(), std::env::vars())?)
    }

    /// Whether to write colour to standard output.
    pub(crate) fn is_coloured(&self) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn split_options(words: &[&str]) -> Result<(Output, Vec<String>), String> {
        let mut output = Output {
            json: false,
            markdown: false,
            color: Color::Auto,
            config: None,
        };
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let declares = |command: &str, option: &str| command == "own" && option == "--short";
        match output.take_from(words, &mut LookupOptions::default(), declares) {
            Ok(left) => Ok((output, left)),
            Err(error) => Err(format!("{error:#}")),
        }
    }

    #[test]
    fn accepts_options_among_the_arguments_of_a_lookup() {
        let (output, left) = split_options(&[
            "mx",
            "--json",
            "a.example",
            "--color=never",
            "--config",
            "/etc/n.toml",
            "--resolver=192.0.2.1",
        ])
        .expect("words");
        assert!(output.json && !output.markdown);
        assert_eq!(output.color, Color::Never);
        assert_eq!(output.config, Some(PathBuf::from("/etc/n.toml")));
        assert_eq!(left, ["mx", "a.example", "--resolver=192.0.2.1"]);
    }

    #[test]
    fn a_flag_of_the_command_wins() {
        let (_, left) = split_options(&["mx", "--short", "--fail", "a.example"]).expect("words");
        assert_eq!(left, ["mx", "a.example"]);
        let (_, left) = split_options(&["own", "--short", "a.example"]).expect("words");
        assert_eq!(left, ["own", "--short", "a.example"]);
    }

    #[test]
    fn fails_at_the_severity_that_was_chosen() {
        let mut options = LookupOptions::default();
        assert!(options.take("--fail", Some("warning")).expect("a severity"));
        let fail = options.fail.expect("a severity");
        assert!(fail.includes(Severity::Warning) && fail.includes(Severity::Bad));
        assert!(!fail.includes(Severity::Neutral));
        assert!(!FailAt::Bad.includes(Severity::Warning));
        assert!(options.take("--fail", Some("never")).is_err());
    }

    #[test]
    fn double_hyphen_ends_options() {
        let (output, left) = split_options(&["ua", "--", "--json", "--color"]).expect("words");
        assert!(!output.json);
        assert_eq!(left, ["ua", "--", "--json", "--color"]);
    }

    #[test]
    fn help_flag_after_a_command_shows_its_help() {
        let (_, left) = split_options(&["mx", "--help"]).expect("words");
        assert_eq!(left, ["help", "mx"]);
        let (_, left) = split_options(&["mx", "a.example", "-h"]).expect("words");
        assert_eq!(left, ["mx", "a.example", "-h"]);
    }

    #[test]
    fn rejects_missing_values_and_conflicting_options() {
        for (words, why) in [
            (&["mx", "--color"][..], "`--color` needs a value"),
            (&["mx", "--config"], "`--config` needs a value"),
            (
                &["mx", "--color=blue"],
                "--color: expected auto, always or never",
            ),
            (
                &["mx", "--json", "--markdown"],
                "--json and --markdown cannot be used together",
            ),
        ] {
            assert_eq!(
                split_options(words).err().as_deref(),
                Some(why),
                "{words:?}"
            );
        }
    }
}
