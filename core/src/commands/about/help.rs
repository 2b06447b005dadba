//! `help`: lists all commands, or shows the help of one.

use std::{borrow::Cow, sync::Arc, time::Duration};

use netvane_document::{Answer, Cell, Document, Failure, Severity, UsageError, UsageKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    args::Word,
    command::{
        Command, Context, Entry,
        parse::{command_named, record_type_named},
    },
    platform::Platform,
    spec::{Argument, ArgumentKind, CommandNames, Cost, Group, Spec},
};

/// Help for all commands, or for one.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Help {
    /// The command to show help for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<Word>,
}

/// Help for one or all commands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// Commands in the order of the registry.
    commands: Vec<CommandHelp>,
    /// The help of one command was requested, not the list of all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    single: bool,
    /// The record type that was asked for as a command: `DS` for `help ds`, which is short for `dig NAME DS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record_type: Option<String>,
    /// Commands are written without a slash, as in a terminal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    without_slash: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct CommandHelp {
    name: Cow<'static, str>,
    aliases: Vec<Cow<'static, str>>,
    /// Usage, such as `mx <domain> [resolver]`.
    usage: String,
    /// Description of the command in one line.
    about: String,
    group: Cow<'static, str>,
    examples: Vec<Cow<'static, str>>,
    arguments: Vec<Argument>,
}

impl Command for Help {
    const SPEC: Spec = Spec {
        name: "help",
        aliases: &["start"],
        group: Group::About,
        examples: &["help", "help mx"],
        timeout: Duration::from_secs(1),
        cost: Cost::Free,
        sends: 0,
    };
    type Data = Data;
    const ABOUT_CALLER: bool = true;

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let without_slash = cx.platform == Platform::Terminal;
        let Some(Word(name)) = self.command else {
            let allowed = |entry: &&Arc<Entry>| {
                cx.runtime
                    .access
                    .admit(cx.platform, &cx.caller, entry.spec.name)
                    .is_ok()
            };

            let commands = cx
                .registry
                .entries()
                .iter()
                .filter(allowed)
                .map(|entry| describe(entry))
                .collect();

            return Ok(Data {
                commands,
                single: false,
                record_type: None,
                without_slash,
            });
        };

        match command_named(&cx.registry, &name) {
            Some(entry) => {
                cx.runtime
                    .access
                    .admit(cx.platform, &cx.caller, entry.spec.name)?;
                Ok(Data {
                    commands: vec![describe(&entry)],
                    single: true,
                    record_type: record_type_named(&cx.registry, &name),
                    without_slash,
                })
            }
            None => {
                let near = cx.registry.nearest(&name);
                let hint = near
                    .map(|near| format!("; did you mean `{near}`?"))
                    .unwrap_or_else(|| "; see `help`".into());
                Err(Failure::Usage(UsageError {
                    kind: UsageKind::BadArgument,
                    message: format!("unknown command `{name}`{hint}"),
                    position: None,
                    suggestion: Some(near.map_or("/help".into(), |near| format!("/help {near}"))),
                    missing: None,
                }))
            }
        }
    }
}

fn describe(entry: &Entry) -> CommandHelp {
    CommandHelp {
        name: entry.spec.name.into(),
        aliases: entry
            .spec
            .aliases
            .iter()
            .copied()
            .map(Cow::Borrowed)
            .collect(),
        usage: entry.usage(),
        about: entry.about.clone(),
        group: entry.spec.group.title().into(),
        examples: entry
            .spec
            .examples
            .iter()
            .copied()
            .map(Cow::Borrowed)
            .collect(),
        arguments: entry.arguments.clone(),
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        if let ([command], true) = (&self.commands[..], self.single) {
            return command.present(self.slash(), self.record_type.as_deref());
        }

        let summary = format!("{} commands. `help mx` shows details.", self.commands.len());
        let mut document = Document::new("Commands", summary, Severity::Neutral);
        let mut groups: Vec<&str> = Vec::new();

        for command in &self.commands {
            if !groups.contains(&&*command.group) {
                groups.push(&command.group);
            }
        }

        for group in groups {
            let rows = self
                .commands
                .iter()
                .filter(|command| command.group == group)
                .map(|command| {
                    [
                        Cell::exact(format!("{}{}", self.slash(), command.usage)),
                        command.about.as_str().into(),
                    ]
                });
            document.heading(group);
            document.table(["Command", "Description"], rows.collect());
        }

        document.text("Paste targets as they are: a URL, an email address, 1[.]1[.]1[.]1, an internationalized name.");

        document
    }
}

impl Data {
    /// What is written before a command's name.
    fn slash(&self) -> &'static str {
        if self.without_slash { "" } else { "/" }
    }
}

impl CommandHelp {
    fn present(&self, slash: &str, record_type: Option<&str>) -> Document {
        let about = match record_type {
            Some(rtype) => format!(
                "`{slash}{} NAME` is short for `{slash}dig NAME {rtype}`. {}",
                rtype.to_lowercase(),
                self.about
            ),
            None => self.about.clone(),
        };
        let usage = format!("{slash}{}", self.usage);
        let mut document = Document::new(usage, about, Severity::Neutral);

        if !self.aliases.is_empty() {
            document.field(
                "Aliases",
                self.aliases
                    .iter()
                    .map(|alias| format!("{slash}{alias}"))
                    .collect::<Vec<_>>()
                    .join(", "),
            );
        }

        let rows = self.arguments.iter().map(|argument| {
            let required = if argument.required { "yes" } else { "no" };
            [
                Cell::exact(&argument.name),
                required.into(),
                format_of(argument).into(),
                argument.help.as_str().into(),
            ]
        });

        document.table(
            ["Argument", "Required", "Format", "Description"],
            rows.collect(),
        );
        document.heading("Examples");
        document.code(
            self.examples
                .iter()
                .map(|example| format!("{slash}{example}"))
                .collect::<Vec<_>>()
                .join("\n"),
        );

        document
    }
}

fn format_of(argument: &Argument) -> String {
    match (argument.kind, argument.minimum, argument.maximum) {
        (ArgumentKind::Boolean, ..) => "flag".into(),
        (ArgumentKind::Integer, Some(low), Some(high)) if argument.or_endless => {
            format!("{low}–{high}; in a terminal also 0")
        }
        (ArgumentKind::Integer, Some(low), Some(high)) => format!("{low}–{high}"),
        (ArgumentKind::Integer, ..) => "an integer".into(),
        _ if !argument.choices.is_empty() => argument.choices.join(", "),
        _ => argument.form.clone().unwrap_or_else(|| "text".into()),
    }
}

#[cfg(test)]
mod tests;
