//! Where answers are written, as it is kept while a question is open.

use std::time::Instant;

use netvane_chat::{Bucket, seconds};
use serde::{Deserialize, Serialize};

/// An interaction's token is good for 15 minutes; a call that is under way when they end is lost.
const TOKEN_LIFE: u64 = 14 * 60 + 30;

/// Index of each sort of room into the rates.
pub(crate) const INTERACTION_ROOM: usize = 0;
const CHANNEL_ROOM: usize = 1;

/// Where an answer is written, as it is kept while the question is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Place {
    /// The reply to an interaction.
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
    /// Second in which it came.
    pub since: u64,
    /// The same by the clock that nobody sets; `None` after a restart.
    #[serde(skip)]
    pub came: Option<Instant>,
    /// Only the user sees the answer.
    pub hidden: bool,
    /// Where the answer goes when the interaction token has expired.
    pub later: Post,
}

/// A message in a channel, there already or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Post {
    pub channel: u64,
    /// The bot's own message.
    pub message: Option<u64>,
    /// The message that is answered.
    pub answers: Option<u64>,
    /// Sent twice with the same, it is one message.
    pub nonce: String,
}

/// What the reply to an interaction still needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The first response to an interaction.
    Answer,
    /// To take the place of the message whose button was pressed.
    Update,
    /// The reply is there.
    Edit,
    /// The token's time is over.
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

/// A message yet to be written, named so that sending it twice makes one.
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
    fn a_place_is_found_again() {
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
    fn a_token_that_outlived_a_restart_is_judged_by_the_second_in_which_it_came() {
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
