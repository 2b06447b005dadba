//! Writing of replies: a message that is sent once and then edited, and its image and file.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use netvane_chat::{ChatMessage, MessageSink, SendError, Sort, picture};
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
    api::{UploadKind, call},
    bot::{Hub, send_error},
    companions::{self, NewFile, hash},
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
    /// Whether the file is up to date; it is not sent again with a repeated reply.
    attached: bool,
    /// Whether the image is up to date.
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
        let picture = match beside {
            Beside::Nothing => None,
            Beside::Files | Beside::FilesOrRaw => picture::draw(page.document).await,
        };
        let rendered = render(page.document, beside, picture);
        self.silent = page.personal;
        self.put(rendered.html, keyboard(page.links(), page.buttons, inline))
            .await?;
        if page.working || inline {
            return Ok(());
        }

        if !self.pictured {
            let picture = rendered.picture.map(|bytes| NewFile {
                name: "image.png".into(),
                bytes,
                caption: rendered.caption,
            });
            companions::show(&self.hub, &self.place, UploadKind::Photo, picture).await?;
            self.pictured = true;
        }

        if !self.attached {
            let file = rendered.file.map(text_file);
            companions::show(&self.hub, &self.place, UploadKind::Document, file).await?;
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
            let file = text_file((name, text));
            companions::send(self.hub, self.place, UploadKind::Document, file).await?;
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

fn text_file((name, text): (String, String)) -> NewFile {
    NewFile {
        name,
        bytes: text.into_bytes(),
        caption: None,
    }
}

pub(crate) fn in_reply_to(message: i32) -> ReplyParameters {
    ReplyParameters::new(MessageId(message)).allow_sending_without_reply()
}

/// Returns whether the message can no longer be edited, so that a new one must be sent.
pub(crate) fn is_gone(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::MessageToEditNotFound
            | ApiError::MessageCantBeEdited
            | ApiError::MessageIdInvalid
    )
}
