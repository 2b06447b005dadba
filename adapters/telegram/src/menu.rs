//! Telegram's command menu, written only if it differs from the registry.

use netvane_chat::Waits;
use netvane_core::command::Registry;
use teloxide::{
    payloads::{GetMyCommandsSetters, SetMyCommandsSetters},
    requests::Requester,
    types::{BotCommand, BotCommandScope},
};

use crate::{
    api::call,
    bot::{Hub, describe_error},
    polling::LONGEST_WAIT,
};

/// Most commands in the menu, by the Bot API's rules.
const MOST: usize = 100;
const MOST_DESCRIPTION: usize = 256;

/// Attempts for each scope; after that, the next start tries again.
const TRIES: u32 = 5;

/// Updates the command menus. Nothing depends on them, so failures are only logged.
pub(crate) async fn write(hub: &Hub) {
    let expected = commands(hub.chat.engine().registry());
    for scope in [
        BotCommandScope::AllPrivateChats,
        BotCommandScope::AllGroupChats,
    ] {
        let mut waits = Waits::up_to(LONGEST_WAIT);
        for _ in 0..TRIES {
            match write_scope(hub, &scope, &expected).await {
                Ok(()) => break,
                Err(error) => {
                    tracing::debug!(error = describe_error(&error), "setMyCommands failed")
                }
            }
            tokio::time::sleep(waits.next_wait()).await;
        }
    }
}

async fn write_scope(
    hub: &Hub,
    scope: &BotCommandScope,
    expected: &[BotCommand],
) -> Result<(), teloxide::RequestError> {
    let present = call(&hub.bot, hub.bot.get_my_commands().scope(scope.clone())).await?;
    if present == expected {
        return Ok(());
    }
    call(
        &hub.bot,
        hub.bot
            .set_my_commands(expected.to_vec())
            .scope(scope.clone()),
    )
    .await?;
    tracing::info!(?scope, "command menu updated");
    Ok(())
}

/// Returns all commands with their one-line descriptions.
fn commands(registry: &Registry) -> Vec<BotCommand> {
    let command = |about: &str| about.chars().take(MOST_DESCRIPTION).collect::<String>();
    registry
        .entries()
        .iter()
        .take(MOST)
        .map(|entry| BotCommand::new(entry.spec.name, command(&entry.about)))
        .collect()
}

#[cfg(test)]
mod tests {
    use netvane_core::{Engine, settings::Settings};

    use super::*;

    #[tokio::test]
    async fn every_command_is_in_the_menu() {
        let engine = Engine::new(&Settings::default()).expect("starts");
        let menu = commands(engine.registry());
        assert_eq!(menu.len(), engine.registry().entries().len());
        assert!(
            menu.iter()
                .all(|command| (3..=256).contains(&command.description.chars().count()))
        );
    }
}
