//! Inline mode (`@bot mx example.com` in any chat). Replies that need no lookup are offered at
//! once; for others a placeholder is offered and edited after it is sent.

use std::{sync::Arc, time::Duration};

use netvane_chat::{Button, ChatRequest, Sort, greeting, problem};
use netvane_core::{
    Caller, Failure, Input, Reply, Request,
    document::{Document, Severity, render::printable_line},
    spec::Cost,
};
use teloxide::{
    payloads::AnswerInlineQuerySetters,
    requests::Requester,
    types::{
        ChosenInlineResult, InlineQuery, InlineQueryResult, InlineQueryResultArticle,
        InputMessageContent, InputMessageContentText, ParseMode,
    },
};
use ulid::Ulid;

use crate::{
    api::call,
    bot::{Hub, PLATFORM},
    keyboard::keyboard,
    markup::shortened,
    message_sink::{NO_PREVIEW, Spot},
    offers::MENU,
    place::Place,
    render::{Beside, render},
};

/// Prefix of the callback data of an offered message's button; the result id follows.
const LOOK_UP: &str = "look:";

/// How long Telegram caches the results of a query for the same user, in seconds.
const CACHE: u32 = 5;

/// Timeout of a command that needs no network access.
const FREE: Duration = Duration::from_secs(2);

/// Returns the result id in the callback data, if the button belongs to an offered message.
pub(crate) fn offered(data: &str) -> Option<&str> {
    data.strip_prefix(LOOK_UP)
}

impl Hub {
    /// Answers an inline query with one message that the user can send.
    pub(crate) async fn on_query(self: &Arc<Self>, update: String, query: InlineQuery) {
        if !self.chat.claim(&update).await {
            return;
        }
        let line = query.query.trim().to_owned();
        let input = Input::Text(line.clone());
        let id = Ulid::new().to_string();
        let who = Place::default().who(&query.from.id.to_string());
        let article = match self.chat.understood(&input) {
            _ if line.is_empty() => article(&id, &greeting(self.chat.engine().registry(), MENU).0),
            Err(error) => article(&id, &problem(&Failure::Usage(error), &input)),
            Ok(_) if self.chat.is_private(&input, &who) => article(&id, &private()),
            Ok(command) => match self.reply_without_lookup(command, input, who).await {
                Some(reply) => article(&id, reply.document()),
                None => {
                    self.offered.insert(id.clone(), line.clone());
                    let document = Document::new(line, "Looking up …", Severity::Neutral);
                    let button = Button {
                        id: format!("{LOOK_UP}{id}"),
                        label: "Look up".into(),
                        sort: Sort::FollowUp,
                    };
                    let article =
                        article(&id, &document).description("Send this to run the lookup");
                    InlineQueryResultArticle {
                        reply_markup: keyboard(std::iter::empty(), &[button], true),
                        ..article
                    }
                }
            },
        };

        let results = [InlineQueryResult::Article(article)];
        let answer = self
            .bot
            .answer_inline_query(query.id, results)
            .cache_time(CACHE)
            .is_personal(true);

        if let Err(error) = call(&self.bot, answer).await {
            tracing::debug!(?error, "answerInlineQuery failed");
        }

        self.chat.handled(&update).await;
    }

    /// Returns the reply if it is cached, or if the command needs no network access.
    async fn reply_without_lookup(
        &self,
        command: &str,
        input: Input,
        who: Caller,
    ) -> Option<Reply> {
        let engine = self.chat.engine();
        if let Some(reply) = engine.cached(&Request::new(PLATFORM, input.clone()).by(who.clone())) {
            return Some(reply);
        }
        let free = engine
            .registry()
            .find(command)
            .is_some_and(|entry| entry.spec.cost == Cost::Free);
        if !free {
            return None;
        }
        tokio::time::timeout(FREE, self.chat.raw(input, who))
            .await
            .ok()?
            .ok()
    }

    /// Handles the update that a user has sent an offered message.
    pub(crate) async fn on_chosen(self: &Arc<Self>, update: String, chosen: ChosenInlineResult) {
        let requester = chosen.from.id.to_string();
        self.complete(
            &chosen.result_id,
            chosen.inline_message_id,
            requester,
            update,
        )
        .await;
    }

    /// Runs the lookup of an offered message after it was sent. It runs once, although both the
    /// sending and the message's button trigger it.
    pub(crate) async fn complete(
        self: &Arc<Self>,
        id: &str,
        message: Option<String>,
        requester: String,
        update: String,
    ) {
        let (Some(message), Some(line)) = (message, self.offered.remove(id)) else {
            return self.chat.handled(&update).await;
        };
        let place = Place {
            inline: Some(message),
            ..Place::default()
        };
        let who = place.who(&requester);
        let question = ChatRequest::new(Input::Text(line), requester, place.room());
        let question = ChatRequest {
            update: Some(update),
            caller: who,
            ..question
        };

        self.chat
            .answer(question, &mut Spot::new(self, place))
            .await;
    }
}

fn private() -> Document {
    let text = "This answer is private. Use it in a direct chat with me.";
    Document::new("Private", text, Severity::Neutral)
}

fn article(id: &str, document: &Document) -> InlineQueryResultArticle {
    let content = InputMessageContentText::new(render(document, Beside::Nothing, None).html)
        .parse_mode(ParseMode::Html)
        .link_preview_options(NO_PREVIEW);
    let line = |text: &str| shortened(printable_line(text).trim(), 120);
    let title = match line(&document.title) {
        empty if empty.is_empty() => "Netvane".to_owned(),
        title => title,
    };
    let article = InlineQueryResultArticle::new(id, title, InputMessageContent::Text(content));
    match line(&document.summary) {
        empty if empty.is_empty() => article,
        summary => article.description(summary),
    }
}
