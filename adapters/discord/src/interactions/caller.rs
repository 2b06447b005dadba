//! The user behind an interaction, and the ways to respond to them.

use netvane_chat::note;
use netvane_core::{Caller as Who, Input, Missing, document::Document};
use serde_json::json;

use crate::{
    bot::{Bot, question},
    message::EPHEMERAL,
    options,
    place::{Next, Place, Spot},
};

/// Interaction response types of Discord's API.
const DEFER: u8 = 5;
const OPEN_DIALOGUE: u8 = 9;

/// The user behind an interaction, and where the response goes.
pub(super) struct DiscordUser {
    pub(super) spot: Spot,
    pub(super) user: u64,
    /// The user as the operator's access rules identify them.
    pub(super) who: Who,
    pub(super) moderator: bool,
}

/// Builds a [`DiscordUser`] from an interaction. It is a macro because serenity's interaction types
/// have the same fields, but share no trait.
macro_rules! caller {
    ($interaction:expr) => {{
        let interaction = $interaction;
        let permissions = interaction
            .member
            .as_ref()
            .and_then(|member| member.permissions);
        let roles = interaction
            .member
            .as_ref()
            .map(|member| member.roles.as_slice())
            .unwrap_or_default();
        $crate::interactions::caller::DiscordUser {
            spot: $crate::place::Spot {
                application: interaction.application_id.get(),
                id: interaction.id.get(),
                token: interaction.token.clone(),
                since: ::netvane_chat::seconds(),
                came: Some(std::time::Instant::now()),
                hidden: false,
                later: $crate::place::new_post(
                    interaction.channel_id.get(),
                    interaction.id.get(),
                    None,
                ),
            },
            user: interaction.user.id.get(),
            who: $crate::bot::who(
                interaction.user.id,
                interaction.channel_id,
                interaction.guild_id,
                roles,
            ),
            moderator: permissions.is_some_and(|granted| {
                granted.contains(::serenity::model::Permissions::MANAGE_MESSAGES)
            }),
        }
    }};
}
pub(super) use caller;

impl DiscordUser {
    pub(super) fn hidden(mut self, hidden: bool) -> Self {
        self.spot.hidden = hidden;
        self
    }

    pub(super) fn place(&self) -> Place {
        Place::Interaction(self.spot.clone())
    }

    pub(super) async fn ask(&self, bot: &Bot, input: Input, next: Next) {
        let mut spot = self.spot.clone();
        spot.hidden = spot.hidden || bot.chat.is_private(&input, &self.who);
        let place = Place::Interaction(spot);
        let mut question = question(input, &self.who, self.spot.id, &place);
        if matches!(next, Next::Edit) {
            // `defer` has claimed the interaction.
            question.update = None;
        }
        bot.ask(question, place, next).await;
    }

    pub(super) async fn say(&self, bot: &Bot, document: &Document) {
        bot.say(document, &[], self.place(), Next::Answer).await;
        self.handled(bot).await;
    }

    /// Persists that the interaction was handled. Only needed where no lookup is run: lookups
    /// persist it themselves.
    pub(super) async fn handled(&self, bot: &Bot) {
        bot.chat.handled(&self.spot.id.to_string()).await;
    }

    pub(super) async fn open_dialogue(&self, bot: &Bot, missing: &Missing, known: &Input) {
        let Some(entry) = bot.chat.engine().registry().find(missing.command) else {
            return;
        };
        let known = match known {
            Input::Named { arguments, .. } => arguments.clone(),
            Input::Text(_) => serde_json::Map::new(),
        };
        let dialogue = options::dialogue(entry, self.spot.hidden, &known);
        bot.acknowledge(&self.spot, OPEN_DIALOGUE, Some(&dialogue))
            .await;
        self.handled(bot).await;
    }

    /// Defers the initial response, for work that takes a while before there is anything to show.
    /// Returns whether Discord accepted that.
    pub(super) async fn defer(&self, bot: &Bot) -> bool {
        let flags = json!({ "flags": EPHEMERAL });
        let taken = bot
            .acknowledge(&self.spot, DEFER, self.spot.hidden.then_some(&flags))
            .await;
        self.handled(bot).await;
        taken
    }
}

/// Returns the message for a button whose state has expired.
pub(super) fn expired() -> Document {
    note("Expired", "This button has expired.")
}
