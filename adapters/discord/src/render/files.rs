//! The files that go with an embed.

use netvane_core::document::{Block, Document};

use crate::rest::File;

/// Most files in one message, by Discord's rules.
pub(super) const FILES: usize = 10;

/// All files of a message together stay below Discord's 10 MiB.
pub(super) const FILE_BYTES: usize = 9 << 20;

/// Whether these have room beside what is there.
pub(super) fn fit(there: &[File], more: &[File]) -> bool {
    let all = || there.iter().chain(more);
    all().count() <= FILES && all().map(|file| file.bytes.len()).sum::<usize>() <= FILE_BYTES
}

/// What the document itself brings as files.
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

/// Discord changes other names, and the embed would then name a file that is not there.
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
