//! Writing of replies: a message that is sent once and then edited, and its image and file.

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash},
    sync::Arc,
    time::{Duration, Instant},
};

use netvane_chat::{ChatMessage, MessageSink, SendError, Sort};
use serde::Serialize;
use serde_json::Value;
use teloxide::{
    ApiError, RequestError,
    payloads::{EditMessageTextSetters, SendChatActionSetters, SendMessageSetters},
    requests::{Payload, Requester},
    types::{
        ChatAction, ChatId, ForceReply, InlineKeyboardMarkup, LinkPreviewOptions, MessageId,
        ParseMode, ReplyMarkup, ReplyParameters, ThreadId, True,
    },
};

use crate::{
    api::{Upload, UploadKind, call, upload},
    bot::{Hub, send_error},
    keyboard::keyboard,
    markup::shortened,
    place::Place,
    render::{Beside, render},
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
    /// Whether a new message arrives without a sound, because it concerns only one member of the group.
    silent: bool,
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

        let has_raw = page.buttons.iter().any(|button| button.sort == Sort::Raw);
        let beside = match page.working || inline {
            true => Beside::Nothing,
            false if has_raw => Beside::FilesOrRaw,
            false => Beside::Files,
        };
        let rendered = render(page.document, beside);
        self.silent = page.personal;
        self.put(rendered.html, keyboard(page.links(), page.buttons, inline))
            .await?;
        if page.working || inline {
            return Ok(());
        }

        if !self.pictured {
            if let Some(picture) = rendered.picture {
                self.hub.chat.send_limiter().turn(self.place.room()).await;
                let caption = rendered.caption;
                attempt(send_picture(&self.hub, &self.place, picture, caption).await)?;
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
            silent: false,
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
        // Negative ids are groups and channels.
        request.disable_notification = (self.silent && chat < 0).then_some(true);
        request.reply_markup = match &self.prompt {
            Some(hint) => Some(ReplyMarkup::ForceReply(
                ForceReply::new()
                    .selective()
                    .input_field_placeholder(shortened(hint, 64)),
            )),
            None => keyboard.map(ReplyMarkup::InlineKeyboard),
        };

        let sent = call(&self.hub.bot, request).await?;
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
        call(&self.hub.bot, request).await.map(drop)
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
        call(&self.hub.bot, payload).await.map(drop)
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
            let _ = call(&hub.bot, request).await;
        });
    }
}

/// Message sink that sends files, given by name and text, and ignores the content of the message.
pub(crate) struct Sheet<'a> {
    pub(crate) hub: &'a Hub,
    pub(crate) place: &'a Place,
    /// The files that are not sent yet, the last one first.
    pub(crate) files: Vec<(String, String)>,
}

impl MessageSink for Sheet<'_> {
    async fn show(&mut self, _: &ChatMessage<'_>) -> Result<(), SendError> {
        while let Some((name, text)) = self.files.last().cloned() {
            send_file(self.hub, self.place, name, text).await?;
            self.files.pop();
            if !self.files.is_empty() {
                self.hub.chat.send_limiter().turn(self.place.room()).await;
            }
        }
        Ok(())
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

/// Sends an image as a reply to the message, with a text below it.
async fn send_picture(
    hub: &Hub,
    place: &Place,
    picture: Vec<u8>,
    caption: Option<String>,
) -> Result<(), SendError> {
    let picture = Upload {
        caption,
        ..reply(place, UploadKind::Photo, "image.png".into(), picture)
    };
    send(hub, picture).await
}

/// Sends a file as a reply to the message.
async fn send_file(hub: &Hub, place: &Place, name: String, text: String) -> Result<(), SendError> {
    let file = reply(place, UploadKind::Document, name, text.into_bytes());
    send(hub, file).await
}

fn reply(place: &Place, kind: UploadKind, name: String, bytes: Vec<u8>) -> Upload {
    Upload {
        chat: place.chat,
        thread: place.thread,
        reply: place.message.or(place.reply_to).map(in_reply_to),
        caption: None,
        name,
        bytes,
        kind,
    }
}

async fn send(hub: &Hub, file: Upload) -> Result<(), SendError> {
    match upload(&hub.bot, file).await {
        Ok(_) => Ok(()),
        Err(error) => Err(send_error(&error)),
    }
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
