//! Files attached to the message of an embed.

use netvane_core::document::{Block, Document};

use crate::rest::File;

/// Most files in one message, by Discord's rules.
pub(super) const FILES: usize = 10;

/// Most bytes of all files of a message together, below Discord's limit of 10 MiB.
pub(super) const FILE_BYTES: usize = 9 << 20;

/// Returns whether `more` files fit in addition to those already `there`.
pub(super) fn fit(there: &[File], more: &[File]) -> bool {
    let all = || there.iter().chain(more);
    all().count() <= FILES && all().map(|file| file.bytes.len()).sum::<usize>() <= FILE_BYTES
}

/// Returns the attachments of the document as files.
pub(super) fn attachments(document: &Document) -> Vec<File> {
    let files = document.blocks.iter().filter_map(|block| match block {
        Block::Attachment { name, text } => Some(File {
            name: file_name(name),
            bytes: text.clone().into_bytes(),
        }),
        _ => None,
    });
    files.collect()
}

/// Reduces a file name to characters that Discord keeps. If Discord changed the name, the embed
/// would refer to a file that does not exist.
pub(super) fn file_name(name: &str) -> String {
    let kept = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let name: String = kept.take(64).collect();
    let name = name.trim_matches('.');
    if name.is_empty() {
        "file.txt".to_owned()
    } else {
        name.to_owned()
    }
}
