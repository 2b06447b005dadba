//! `help`: what can be asked.

use std::{sync::Arc, time::Duration};

use netvane_document::{Answer, Cell, Document, Failure, Severity, UsageError, UsageKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    args::Word,
    command::{Command, Context, Entry},
    spec::{Argument, ArgumentKind, CommandNames, Cost, Group, Spec},
};

/// Help for all commands, or for one.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Help {
    /// A command to explain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<Word>,
}

/// One command, or all.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Data {
    /// In the order of the registry.
    commands: Vec<About>,
    /// Only one was asked for: its arguments are shown too.
    #[serde(skip)]
    #[schemars(skip)]
    one: bool,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct About {
    name: &'static str,
    aliases: Vec<&'static str>,
    /// `mx <domain> [resolver]`.
    usage: String,
    about: String,
    group: &'static str,
    examples: Vec<&'static str>,
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
    const ABOUT_ASKER: bool = true;

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let Some(Word(name)) = self.command else {
            let may = |entry: &&Arc<Entry>| {
                cx.runtime
                    .access
                    .admit(cx.platform, &cx.caller, entry.spec.name)
                    .is_ok()
            };

            let commands = cx
                .registry
                .entries()
                .iter()
                .filter(may)
                .map(|entry| about(entry))
                .collect();

            return Ok(Data {
                commands,
                one: false,
            });
        };

        match cx.registry.find(&name) {
            Some(entry) => {
                cx.runtime
                    .access
                    .admit(cx.platform, &cx.caller, entry.spec.name)?;
                Ok(Data {
                    commands: vec![about(entry)],
                    one: true,
                })
            }
            None => {
                let near = cx.registry.nearest(&name);
                let meant = near
                    .map(|near| format!("; did you mean `{near}`?"))
                    .unwrap_or_default();
                Err(Failure::Usage(UsageError {
                    kind: UsageKind::BadArgument,
                    message: format!("there is no command `{name}`{meant}"),
                    position: None,
                    suggestion: Some(near.map_or("/help".into(), |near| format!("/help {near}"))),
                    missing: None,
                }))
            }
        }
    }
}

fn about(entry: &Entry) -> About {
    About {
        name: entry.spec.name,
        aliases: entry.spec.aliases.to_vec(),
        usage: entry.usage(),
        about: entry.about.clone(),
        group: entry.spec.group.title(),
        examples: entry.spec.examples.to_vec(),
        arguments: entry.arguments.clone(),
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        if let ([command], true) = (&self.commands[..], self.one) {
            return command.present();
        }

        let summary = format!("{} commands; `help mx` explains one", self.commands.len());
        let mut document = Document::new("What Netvane answers", summary, Severity::Neutral);
        let mut groups: Vec<&str> = Vec::new();

        for command in &self.commands {
            if !groups.contains(&command.group) {
                groups.push(command.group);
            }
        }

        for group in groups {
            let rows = self
                .commands
                .iter()
                .filter(|command| command.group == group)
                .map(|command| {
                    [
                        Cell::exact(format!("/{}", command.usage)),
                        command.about.as_str().into(),
                    ]
                });
            document.heading(group);
            document.table(["Command", "Answers"], rows.collect());
        }

        document.text("Targets may be pasted as they come: a URL, a mail address, 1[.]1[.]1[.]1, an internationalized name.");

        document
    }
}

impl About {
    fn present(&self) -> Document {
        let mut document = Document::new(format!("/{}", self.usage), self.about.as_str(), Severity::Neutral);

        if !self.aliases.is_empty() {
            document.field(
                "Also",
                self.aliases
                    .iter()
                    .map(|alias| format!("/{alias}"))
                    .collect::<Vec<_>>()
                    .join(", "),
            );
        }

        let rows = self.arguments.iter().map(|argument| {
            let needed = if argument.required { "yes" } else { "no" };
            [
                Cell::exact(&argument.name),
                needed.into(),
                form(argument).into(),
                argument.help.as_str().into(),
            ]
        });

        document.table(["Argument", "Needed", "Form", "Meaning"], rows.collect());
        document.heading("Examples");
        document.code(
            self.examples
                .iter()
                .map(|example| format!("/{example}"))
                .collect::<Vec<_>>()
                .join("\n"),
        );

        document
    }
}

fn form(argument: &Argument) -> String {
    match (argument.kind, argument.minimum, argument.maximum) {
        (ArgumentKind::Boolean, ..) => "a switch".into(),
        (ArgumentKind::Integer, Some(low), Some(high)) => format!("{low} to {high}"),
        (ArgumentKind::Integer, ..) => "a whole number".into(),
        _ if !argument.choices.is_empty() => argument.choices.join(", "),
        _ => argument.form.clone().unwrap_or_else(|| "text".into()),
    }
}

#[cfg(test)]
mod tests;
