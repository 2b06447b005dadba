//! Writing of replies: a message that is sent once and then edited, and its image and file.

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash},
    sync::Arc,
    time::{Duration, Instant},
};

use netvane_chat::{ChatMessage, MessageSink, SendError};
use serde::Serialize;
use serde_json::Value;
use teloxide::{
    ApiError, RequestError,
    payloads::{
        EditMessageTextSetters, SendChatActionSetters, SendDocumentSetters, SendMessageSetters,
    },
    requests::{JsonRequest, Payload, Requester},
    types::{
        ChatAction, ChatId, ForceReply, InlineKeyboardMarkup, InputFile, LinkPreviewOptions,
        MessageId, ParseMode, ReplyMarkup, ReplyParameters, ThreadId, True,
    },
};

use crate::{
    bot::{Hub, call, send_error},
    keyboard::keyboard,
    markup::shortened,
    place::Place,
    render::render,
};

/// How long Telegram shows the "typing" status.
const TYPING: Duration = Duration::from_secs(5);

pub(crate) const NO_PREVIEW: LinkPreviewOptions = LinkPreviewOptions {
    is_disabled: true,
    url: None,
    prefer_small_media: false,
    prefer_large_media: false,
    show_above_text: false,
};

/// Message sink that writes to a [`Place`].
pub(crate) struct Spot {
    hub: Arc<Hub>,
    pub(crate) place: Place,
    /// Makes the message a prompt that the user replies to; the text is the placeholder of the
    /// input field.
    pub(crate) prompt: Option<String>,
    typing: Option<Instant>,
    /// Whether the file was sent; it is not sent again with a repeated reply.
    attached: bool,
    /// Whether the image was sent or there is none.
    pictured: bool,
}

/// Current `editMessageText` payload for inline messages; teloxide's own still uses the former
/// option for link previews.
#[derive(Serialize)]
struct EditInline {
    inline_message_id: String,
    text: String,
    parse_mode: ParseMode,
    link_preview_options: LinkPreviewOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<InlineKeyboardMarkup>,
}

impl Payload for EditInline {
    type Output = True;
    const NAME: &'static str = "EditMessageText";
}

impl MessageSink for Spot {
    async fn show(&mut self, page: &ChatMessage<'_>) -> Result<(), SendError> {
        let inline = self.place.inline.is_some();
        if page.working {
            self.show_typing();
        }

        let rendered = render(page.document, !page.working && !inline);
        self.put(rendered.html, keyboard(page.links(), page.buttons, inline))
            .await?;
        if page.working || inline {
            return Ok(());
        }

        if !self.pictured {
            if let Some(picture) = rendered.picture {
                self.hub.chat.send_limiter().turn(self.place.room()).await;
                attempt(send_picture(&self.hub, &self.place, picture).await)?;
            }
            self.pictured = true;
        }

        if let Some((name, text)) = rendered.file.filter(|_| !self.attached) {
            self.hub.chat.send_limiter().turn(self.place.room()).await;
            attempt(send_file(&self.hub, &self.place, name, text).await)?;
            self.attached = true;
        }

        Ok(())
    }

    fn place(&self) -> Value {
        serde_json::to_value(&self.place).unwrap_or_default()
    }

    fn is_new(&self) -> bool {
        self.place.message.is_none() && self.place.inline.is_none()
    }
}

impl Spot {
    pub(crate) fn new(hub: &Arc<Hub>, place: Place) -> Self {
        Self {
            hub: hub.clone(),
            place,
            prompt: None,
            typing: None,
            attached: false,
            pictured: false,
        }
    }

    async fn put(
        &mut self,
        html: String,
        keyboard: Option<InlineKeyboardMarkup>,
    ) -> Result<(), SendError> {
        let content_hash = Some(hash(&(&html, &keyboard)));
        if self.place.content_hash == content_hash {
            return Ok(());
        }

        let outcome = if let Some(message) = self.place.inline.clone() {
            self.edit_inline(message, html, keyboard).await
        } else if let Some(message) = self.place.message {
            match self.edit(message, html.clone(), keyboard.clone()).await {
                Err(RequestError::Api(error)) if is_gone(&error) => self.send(html, keyboard).await,
                outcome => outcome,
            }
        } else {
            self.send(html, keyboard).await
        };

        match outcome {
            Ok(()) | Err(RequestError::Api(ApiError::MessageNotModified)) => {
                self.place.content_hash = content_hash;
                Ok(())
            }
            Err(RequestError::MigrateToChatId(chat)) => {
                (self.place.chat, self.place.message, self.place.reply_to) = (chat.0, None, None);
                Err(SendError::Transient(
                    "the group was migrated to a new chat ID".into(),
                ))
            }
            Err(error) => Err(send_error(&error)),
        }
    }

    async fn send(
        &mut self,
        html: String,
        keyboard: Option<InlineKeyboardMarkup>,
    ) -> Result<(), RequestError> {
        let Place {
            chat,
            thread,
            reply_to,
            ..
        } = self.place;

        let mut request = self
            .hub
            .bot
            .send_message(ChatId(chat), html)
            .parse_mode(ParseMode::Html)
            .link_preview_options(NO_PREVIEW);

        request.message_thread_id = thread.map(|thread| ThreadId(MessageId(thread)));
        request.reply_parameters = reply_to.map(in_reply_to);
        request.reply_markup = match &self.prompt {
            Some(hint) => Some(ReplyMarkup::ForceReply(
                ForceReply::new()
                    .selective()
                    .input_field_placeholder(shortened(hint, 64)),
            )),
            None => keyboard.map(ReplyMarkup::InlineKeyboard),
        };

        let sent = call(request).await?;
        self.place.message = Some(sent.id.0);

        Ok(())
    }

    async fn edit(
        &self,
        message: i32,
        html: String,
        keyboard: Option<InlineKeyboardMarkup>,
    ) -> Result<(), RequestError> {
        let mut request = self
            .hub
            .bot
            .edit_message_text(ChatId(self.place.chat), MessageId(message), html)
            .parse_mode(ParseMode::Html)
            .link_preview_options(NO_PREVIEW);
        request.reply_markup = keyboard;
        call(request).await.map(drop)
    }

    async fn edit_inline(
        &self,
        message: String,
        html: String,
        keyboard: Option<InlineKeyboardMarkup>,
    ) -> Result<(), RequestError> {
        let payload = EditInline {
            inline_message_id: message,
            text: html,
            parse_mode: ParseMode::Html,
            link_preview_options: NO_PREVIEW,
            reply_markup: keyboard,
        };
        call(JsonRequest::new(self.hub.bot.clone(), payload))
            .await
            .map(drop)
    }

    /// Shows the "typing" status in the background, ignoring errors.
    fn show_typing(&mut self) {
        if self.place.inline.is_some() || self.typing.is_some_and(|last| last.elapsed() < TYPING) {
            return;
        }
        self.typing = Some(Instant::now());
        let (hub, Place { chat, thread, .. }) = (self.hub.clone(), self.place.clone());
        self.hub.chat.spawn(async move {
            let mut request = hub.bot.send_chat_action(ChatId(chat), ChatAction::Typing);
            if let Some(thread) = thread {
                request = request.message_thread_id(ThreadId(MessageId(thread)));
            }
            let _ = call(request).await;
        });
    }
}

/// Message sink that sends a file and ignores the content of the message.
pub(crate) struct Sheet<'a> {
    pub(crate) hub: &'a Hub,
    pub(crate) place: &'a Place,
    pub(crate) name: String,
    pub(crate) text: String,
}

impl MessageSink for Sheet<'_> {
    async fn show(&mut self, _: &ChatMessage<'_>) -> Result<(), SendError> {
        send_file(self.hub, self.place, self.name.clone(), self.text.clone()).await
    }

    fn place(&self) -> Value {
        serde_json::to_value(self.place).unwrap_or_default()
    }
}

/// Ignores a permanent error, for example where files are forbidden: the message was sent already.
fn attempt(sent: Result<(), SendError>) -> Result<(), SendError> {
    match sent {
        Err(SendError::Permanent(why)) => {
            tracing::debug!(why, "platform rejected a file");
            Ok(())
        }
        other => other,
    }
}

/// Sends an image as a reply to the message.
async fn send_picture(hub: &Hub, place: &Place, picture: Vec<u8>) -> Result<(), SendError> {
    let mut request = hub.bot.send_photo(
        ChatId(place.chat),
        InputFile::memory(picture).file_name("image.png"),
    );
    request.message_thread_id = place.thread.map(|thread| ThreadId(MessageId(thread)));
    request.reply_parameters = place.message.or(place.reply_to).map(in_reply_to);
    // The message with the reply notified already.
    request.disable_notification = Some(true);
    call(request)
        .await
        .map(drop)
        .map_err(|error| send_error(&error))
}

/// Sends a file as a reply to the message.
async fn send_file(hub: &Hub, place: &Place, name: String, text: String) -> Result<(), SendError> {
    let file = InputFile::memory(text).file_name(name);
    let mut request = hub
        .bot
        .send_document(ChatId(place.chat), file)
        .disable_content_type_detection(true);
    request.message_thread_id = place.thread.map(|thread| ThreadId(MessageId(thread)));
    request.reply_parameters = place.message.or(place.reply_to).map(in_reply_to);
    call(request)
        .await
        .map(drop)
        .map_err(|error| send_error(&error))
}

fn hash(content_hash: &impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(content_hash)
}

fn in_reply_to(message: i32) -> ReplyParameters {
    ReplyParameters::new(MessageId(message)).allow_sending_without_reply()
}

/// Returns whether the message can no longer be edited, so that a new one must be sent.
fn is_gone(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::MessageToEditNotFound
            | ApiError::MessageCantBeEdited
            | ApiError::MessageIdInvalid
    )
}
