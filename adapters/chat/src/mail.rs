//! Questions about whole mail messages, which no line can hold.

use netvane_core::{Input, Missing, command::Registry};
use serde_json::Map;

/// The command that reads mail messages, with the argument that takes one; `None` where it is switched off.
pub fn takes_mail(registry: &Registry) -> Option<Missing> {
    registry.entries().iter().find_map(|entry| {
        let argument = entry.arguments.iter().find(|argument| argument.message)?;
        Some(Missing {
            command: entry.spec.name,
            argument: argument.name.clone(),
        })
    })
}

/// The command with this text as the argument that it lacked, and no other.
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
    async fn the_command_for_mails_is_known_by_its_argument() {
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
        assert_eq!(arguments["message"], text, "as it was sent");
        assert_eq!(arguments.len(), 1);
    }
}
