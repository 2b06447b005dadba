//! Conversion of a chat message to the body of a Discord message.

use netvane_chat::{ChatMessage, picture};
use netvane_core::document::render::alt;
use serde_json::{Value, json};

use crate::{
    buttons,
    render::{self, PICTURE, RenderedEmbed},
    rest::{File, no_mentions},
};

/// Message flag: only the user sees the message.
pub(crate) const EPHEMERAL: u64 = 64;

/// Draws the image of a final message.
async fn picture(page: &ChatMessage<'_>) -> Option<Vec<u8>> {
    if page.working {
        return None;
    }
    picture::draw(page.document).await
}

/// Returns the body of the message and its files. As an edit it replaces everything in the earlier
/// message.
pub(crate) async fn message(page: &ChatMessage<'_>) -> (Value, Vec<File>) {
    let RenderedEmbed { embed, files } = render::draw(page, picture(page).await);
    let attachments: Vec<Value> = files
        .iter()
        .enumerate()
        .map(|(id, file)| {
            let mut attachment = json!({ "id": id, "filename": file.name });
            if let Some(alt) = alt(page.document).filter(|_| file.name == PICTURE) {
                attachment["description"] = alt.into();
            }
            attachment
        })
        .collect();
    let body = json!({
        "embeds": [embed], "components": buttons::rows(page), "attachments": attachments,
        "allowed_mentions": no_mentions(),
    });
    (body, files)
}
