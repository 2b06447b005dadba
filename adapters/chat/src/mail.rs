//! Input for commands that read whole mail messages, which do not fit on a command line.

use netvane_core::{Input, Missing, command::Registry};
use serde_json::Map;

/// Returns the command that reads mail messages and the name of its message argument, or `None` if
/// that command is disabled.
pub fn takes_mail(registry: &Registry) -> Option<Missing> {
    registry.entries().iter().find_map(|entry| {
        let argument = entry.arguments.iter().find(|argument| argument.message)?;
        Some(Missing {
            command: entry.spec.name,
            argument: argument.name.clone(),
        })
    })
}

/// Returns the command with `text` as its missing argument and no other arguments.
pub fn input_with(missing: &Missing, text: impl Into<String>) -> Input {
    let arguments = Map::from_iter([(missing.argument.clone(), text.into().into())]);
    Input::Named {
        name: missing.command.to_owned(),
        arguments,
    }
}

#[cfg(test)]
mod tests {
    use netvane_core::{Engine, settings::Settings};

    use super::*;

    #[tokio::test]
    async fn takes_mail_finds_trace_mail() {
        let engine = Engine::new(&Settings::default()).expect("starts");
        let missing = takes_mail(engine.registry()).expect("there is one");
        assert_eq!(
            (missing.command, missing.argument.as_str()),
            ("trace_mail", "message")
        );
        let text = "Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\n\n/not a command";
        let Input::Named { name, arguments } = input_with(&missing, text) else {
            panic!("a line cannot hold a message")
        };
        assert_eq!(name, "trace_mail");
        assert_eq!(arguments["message"], text, "unchanged");
        assert_eq!(arguments.len(), 1);
    }
}
