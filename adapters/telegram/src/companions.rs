//! The picture and the file that are sent below a reply. What a repeated reply changes is edited, the rest stays as it is.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};

use netvane_chat::SendError;
use netvane_core::store::bucket::CHAT_FILES;
use serde::{Deserialize, Serialize};
use teloxide::{
    ApiError, RequestError,
    requests::Requester,
    types::{ChatId, MessageId},
};

use crate::{
    api::{Upload, UploadKind, call, edit_upload, upload},
    bot::{Hub, send_error},
    message_sink::in_reply_to,
    place::Place,
};

/// The messages with files below one reply.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Companions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    picture: Option<Companion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<Companion>,
}

/// A message with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Companion {
    /// Id of the message in the chat of the reply.
    message: i32,
    /// Hash of the file and its caption.
    content_hash: u64,
}

/// A file to send below a reply.
#[derive(Clone)]
pub(crate) struct NewFile {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// Text below the file, as HTML.
    pub(crate) caption: Option<String>,
}

/// Sends the file of this kind below the reply at `place`. One that an earlier version of the reply had is edited if it
/// differs, and deleted if the reply has none any more.
///
/// # Errors
/// Telegram did not take the file, and may take it later.
pub(crate) async fn show(
    hub: &Hub,
    place: &Place,
    kind: UploadKind,
    new: Option<NewFile>,
) -> Result<(), SendError> {
    let Some(reply) = place.message else {
        return Ok(());
    };
    let key = format!("telegram/{}/{reply}", place.chat);
    let mut companions: Companions = match hub.store.get(&CHAT_FILES, &key).await {
        Ok(Some(known)) => known.value,
        _ => Companions::default(),
    };
    let slot = match kind {
        UploadKind::Photo => &mut companions.picture,
        UploadKind::Document => &mut companions.file,
    };

    let content_hash = new
        .as_ref()
        .map(|new| hash(&(&new.name, &new.bytes, &new.caption)));
    let is_same = slot.map(|earlier| earlier.content_hash) == content_hash;
    if is_same {
        return Ok(());
    }

    hub.chat.send_limiter().turn(place.room()).await;
    let message = match (*slot, new) {
        (Some(earlier), Some(new)) => Some(edit(hub, place, kind, earlier.message, new).await),
        (None, Some(new)) => Some(send(hub, place, kind, new).await),
        (Some(earlier), None) => {
            delete(hub, place, earlier.message).await;
            None
        }
        (None, None) => None,
    };
    *slot = match message.map(permitted).transpose()?.flatten() {
        Some(message) => content_hash.map(|content_hash| Companion {
            message,
            content_hash,
        }),
        None => None,
    };

    // Without the record, the next reply sends a new file.
    if let Err(error) = hub.store.put(&CHAT_FILES, &key, &companions).await {
        tracing::debug!(%error, "could not persist the files of a reply");
    }
    Ok(())
}

/// Sends a file as a reply to the message; returns the id of the new message.
pub(crate) async fn send(
    hub: &Hub,
    place: &Place,
    kind: UploadKind,
    new: NewFile,
) -> Result<i32, SendError> {
    let sent = upload(&hub.bot, new.at(place, kind)).await;
    sent.map(|message| message.id.0)
        .map_err(|error| send_error(&error))
}

/// Replaces the file of a message, or sends a new one if that message is gone.
async fn edit(
    hub: &Hub,
    place: &Place,
    kind: UploadKind,
    message: i32,
    new: NewFile,
) -> Result<i32, SendError> {
    let edited = edit_upload(&hub.bot, message, new.clone().at(place, kind)).await;
    match edited {
        Ok(_) | Err(RequestError::Api(ApiError::MessageNotModified)) => Ok(message),
        Err(RequestError::Api(error)) if crate::message_sink::is_gone(&error) => {
            send(hub, place, kind, new).await
        }
        Err(error) => Err(send_error(&error)),
    }
}

/// Deletes a message; one that Telegram does not delete any more stays.
async fn delete(hub: &Hub, place: &Place, message: i32) {
    let request = hub
        .bot
        .delete_message(ChatId(place.chat), MessageId(message));
    if let Err(error) = call(&hub.bot, request).await {
        let error = crate::bot::describe_error(&error);
        tracing::debug!(error, "could not delete the file of an earlier reply");
    }
}

/// Ignores a permanent error, for example where files are forbidden: the reply itself was sent already.
fn permitted(sent: Result<i32, SendError>) -> Result<Option<i32>, SendError> {
    match sent {
        Err(SendError::Permanent(why)) => {
            tracing::debug!(why, "platform rejected a file");
            Ok(None)
        }
        other => other.map(Some),
    }
}

impl NewFile {
    fn at(self, place: &Place, kind: UploadKind) -> Upload {
        Upload {
            chat: place.chat,
            thread: place.thread,
            reply: place.message.or(place.reply_to).map(in_reply_to),
            caption: self.caption,
            name: self.name,
            bytes: self.bytes,
            kind,
        }
    }
}

/// Hash of a content, equal in other processes.
pub(crate) fn hash(content: &impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(content)
}
