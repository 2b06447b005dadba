//! Location of a reply, persisted while the request is open.

use std::time::Instant;

use netvane_chat::{Bucket, seconds};
use serde::{Deserialize, Serialize};

/// How long an interaction token is used, in seconds. It is valid for 15 minutes; the margin
/// protects calls in progress when it expires.
const TOKEN_LIFE: u64 = 14 * 60 + 30;

/// Index of each bucket sort into the rates of the send limiter.
pub(crate) const INTERACTION_ROOM: usize = 0;
const CHANNEL_ROOM: usize = 1;

/// Location of a reply, persisted while the request is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Place {
    /// The response to an interaction.
    Interaction(Spot),
    /// A message of the bot in a channel.
    Channel(Post),
}

/// The token and identifiers by which the responses of an interaction are addressed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spot {
    pub application: u64,
    pub id: u64,
    pub token: String,
    /// Unix time in seconds when the interaction arrived.
    pub since: u64,
    /// Arrival by the monotonic clock, which is not affected by clock changes; `None` after a
    /// restart.
    #[serde(skip)]
    pub came: Option<Instant>,
    /// Whether only the user sees the reply.
    pub hidden: bool,
    /// Where the reply goes when the interaction token has expired.
    pub later: Post,
}

/// A message in a channel that has been sent or will be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Post {
    pub channel: u64,
    /// Id of the bot's message; `None` until it is sent.
    pub message: Option<u64>,
    /// Id of the user's message that the bot's message replies to.
    pub answers: Option<u64>,
    /// Discord creates only one message if the same nonce is sent twice.
    pub nonce: String,
}

/// Next step of the response to an interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Send the initial response as a new message.
    Answer,
    /// Send the initial response, replacing the message whose button was pressed.
    Update,
    /// Edit the response, which was already sent.
    Edit,
    /// Post to the channel, because the token has expired.
    Post,
}

impl Place {
    pub(crate) fn room(&self) -> Bucket {
        match self {
            Self::Interaction(spot) => Bucket {
                sort: INTERACTION_ROOM,
                id: spot.id.cast_signed(),
            },
            Self::Channel(post) => post.room(),
        }
    }
}

impl Spot {
    pub(crate) fn is_over(&self) -> bool {
        let age = self.came.map_or_else(
            || seconds().saturating_sub(self.since),
            |came| came.elapsed().as_secs(),
        );
        age > TOKEN_LIFE
    }
}

impl Post {
    pub(crate) fn room(&self) -> Bucket {
        Bucket {
            sort: CHANNEL_ROOM,
            id: self.channel.cast_signed(),
        }
    }
}

/// Returns a message that is not sent yet. Its nonce is `update`, so that a repeated send creates
/// no second message.
pub(crate) fn new_post(channel: u64, update: u64, answers: Option<u64>) -> Post {
    Post {
        channel,
        message: None,
        answers,
        nonce: update.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_serialization() {
        let later = Post {
            channel: 5,
            message: None,
            answers: None,
            nonce: "n".into(),
        };

        let spot = Spot {
            application: 1,
            id: 2,
            token: "t".into(),
            since: 3,
            came: None,
            hidden: true,
            later,
        };

        let place = Place::Interaction(spot);
        let kept = serde_json::to_value(&place).expect("serializes");
        assert_eq!(serde_json::from_value::<Place>(kept).expect("reads"), place);
        assert_eq!(
            place.room(),
            Bucket {
                sort: INTERACTION_ROOM,
                id: 2
            }
        );
    }

    #[test]
    fn after_a_restart_token_age_is_computed_from_the_arrival_time() {
        let spot = |since| Spot {
            application: 1,
            id: 2,
            token: "t".into(),
            since,
            came: None,
            hidden: false,
            later: new_post(5, 2, None),
        };
        assert!(!spot(seconds()).is_over());
        assert!(!spot(seconds() + 60).is_over(), "the clock was set back");
        assert!(spot(seconds() - TOKEN_LIFE - 2).is_over());
        assert!(spot(0).is_over());
    }
}
