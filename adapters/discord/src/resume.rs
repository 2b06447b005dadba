//! Requests that a restart interrupted: repeated if possible, otherwise ended with a message.

use netvane_chat::{ChatRequest, Job};

use crate::{
    bot::Bot,
    message_sink::Written,
    place::{Next, Place},
};

/// Resumes or ends all interrupted requests.
pub(crate) fn all(bot: &Bot) {
    for job in bot.chat.interrupted() {
        bot.start(one(bot.clone(), job));
    }
}

async fn one(bot: Bot, job: Job) {
    let Ok(place) = serde_json::from_value::<Place>(job.place.clone()) else {
        return;
    };
    let room = place.room();
    let next = match &place {
        // Whether the initial response was sent is unknown. If it was not, it is too late for it
        // now.
        Place::Interaction(spot) if spot.is_over() => Next::Post,
        _ => Next::Edit,
    };

    let question = ChatRequest::resumed(&job, room).filter(|_| job.can_be_answered());

    match question {
        Some(question) => {
            let mut written = Written {
                bot: bot.clone(),
                place,
                next,
            };
            bot.chat.answer(question, &mut written).await;
        }
        None => {
            let mut written = Written {
                bot: bot.clone(),
                place,
                next,
            };
            bot.chat.give_up(&job, room, &mut written).await;
        }
    }
}
