//! A page as the message that Discord is sent.

use netvane_chat::ChatMessage;
use serde_json::{Value, json};

use crate::{
    buttons,
    render::{self, RenderedEmbed},
    rest::{File, no_mentions},
};

/// Only the user sees it.
pub(crate) const EPHEMERAL: u64 = 64;

/// The message, and the files that go with it. It replaces all of an earlier one.
pub(crate) fn message(page: &ChatMessage<'_>) -> (Value, Vec<File>) {
    let RenderedEmbed { embed, files } = render::draw(page);
    let attachments: Vec<Value> = files
        .iter()
        .enumerate()
        .map(|(id, file)| json!({ "id": id, "filename": file.name }))
        .collect();
    let body = json!({
        "embeds": [embed], "components": buttons::rows(page), "attachments": attachments,
        "allowed_mentions": no_mentions(),
    });
    (body, files)
}
