//! Requests that a restart interrupted: repeated if possible, otherwise ended with a message.

use netvane_chat::{ChatRequest, Interrupted};

use crate::{
    bot::Bot,
    message_sink::Written,
    place::{Next, Place},
};

/// Resumes or ends the interrupted requests, until shutdown.
pub(crate) async fn all(bot: Bot) {
    bot.chat.engine().links().addressed().await;
    loop {
        tokio::select! {
            () = bot.chat.shutdown().cancelled() => return,
            interrupted = bot.chat.next_interrupted() => {
                bot.start(one(bot.clone(), interrupted));
            }
        }
    }
}

async fn one(bot: Bot, mut interrupted: Interrupted) {
    let place = serde_json::from_value::<Place>(interrupted.job.place.clone());
    let Ok(place) = place else {
        return bot.chat.discard(interrupted).await;
    };
    let room = place.room();
    let next = match &place {
        // Whether the initial response was sent is unknown. If it was not, it is too late for it
        // now.
        Place::Interaction(spot) if spot.is_over() => Next::Post,
        _ => Next::Edit,
    };

    let mut written = Written {
        bot: bot.clone(),
        place,
        next,
    };
    match ChatRequest::resumed(&mut interrupted, room) {
        Some(question) => drop(bot.chat.answer(question, &mut written).await),
        None => bot.chat.give_up(interrupted, room, &mut written).await,
    }
}
