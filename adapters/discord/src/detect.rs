//! Detection of lookup targets in a message: host names, IP addresses, mail addresses, mail
//! messages.

use netvane_core::{
    Input,
    command::{
        Registry,
        targets::{self, Target},
    },
};
use serenity::model::channel::{Attachment, Message};

/// Most buttons under a message, by Discord's rules.
const CHOICES: usize = 25;

/// The lookups that the targets found in a message allow.
#[derive(Debug, PartialEq)]
pub(crate) enum DetectedTarget {
    Nothing,
    /// Exactly one target: the lookup to run.
    Ask(Input),
    /// Several targets: the label of each and the command line that its button runs.
    Choose(Vec<(String, String)>),
}

/// Returns the text of a message, including forwarded messages and embeds.
pub(crate) fn words(message: &Message) -> String {
    let embeds = message.embeds.iter().flat_map(|embed| {
        let fields = embed
            .fields
            .iter()
            .flat_map(|field| [Some(field.name.clone()), Some(field.value.clone())]);
        [
            embed.title.clone(),
            embed.description.clone(),
            embed.url.clone(),
        ]
        .into_iter()
        .chain(fields)
    });

    let forwarded = message
        .message_snapshots
        .iter()
        .map(|snapshot| snapshot.content.clone());
    let parts = std::iter::once(message.content.clone())
        .chain(forwarded)
        .chain(embeds.flatten());

    // Remove the escapes and code marks of Netvane's own messages.
    parts
        .collect::<Vec<_>>()
        .join("\n")
        .replace('\\', "")
        .replace('`', " ")
}

/// Returns the first attachment that looks like a mail message.
pub(crate) fn mail_file(message: &Message) -> Option<&Attachment> {
    message.attachments.iter().find(|file| {
        let name = file.filename.to_ascii_lowercase();
        let kind = file.content_type.as_deref().unwrap_or_default();
        kind.starts_with("message/") || [".eml", ".msg"].iter().any(|end| name.ends_with(end))
    })
}

/// Returns whether the text contains a `Received` header of a mail message, quoted or not.
pub(crate) fn is_mail(text: &str) -> bool {
    text.lines().any(|line| {
        line.trim_start_matches(['>', ' '])
            .starts_with("Received: ")
    })
}

/// Returns the most informative lookup if there is one target, or a choice if there are several.
pub(crate) fn about(registry: &Registry, targets: &[Target]) -> DetectedTarget {
    let line = |target: &Target| Some(target.line(registry.offered_for(target.kind).next()?));
    let mut lines: Vec<(String, String)> = targets
        .iter()
        .filter_map(|target| Some((target.text.clone(), line(target)?)))
        .collect();
    lines.truncate(CHOICES);
    match lines.len() {
        0 => DetectedTarget::Nothing,
        1 => DetectedTarget::Ask(Input::Text(lines.remove(0).1)),
        _ => DetectedTarget::Choose(lines),
    }
}

/// Returns labels and command lines to choose from: all commands that fit if there is one target,
/// otherwise one line for each target.
pub(crate) fn offers(registry: &Registry, text: &str) -> Vec<(String, String)> {
    match targets::found_in(text).as_slice() {
        [target] => {
            let entries = registry.offered_for(target.kind).take(CHOICES);
            entries
                .map(|entry| (entry.spec.name.to_owned(), target.line(entry)))
                .collect()
        }
        several => match about(registry, several) {
            DetectedTarget::Choose(lines) => lines,
            DetectedTarget::Nothing | DetectedTarget::Ask(_) => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use netvane_core::{Engine, settings::Settings};

    use super::*;

    #[test]
    fn one_target_is_looked_up_and_several_give_a_choice() {
        let engine = Engine::new(&Settings::default()).expect("starts");
        let registry = engine.registry();
        let found = |text: &str| about(registry, &targets::found_in(text));
        assert_eq!(found("nothing here"), DetectedTarget::Nothing);
        assert!(
            matches!(found("see a.example"), DetectedTarget::Ask(Input::Text(line)) if line.ends_with(" a.example"))
        );
        let DetectedTarget::Choose(lines) = found("a.example or 192.0.2.1") else {
            panic!("a choice")
        };
        assert_eq!(lines[1].0, "192.0.2.1");
        assert!(
            offers(registry, "a.example").len() > 1,
            "all commands that fit the target"
        );
        assert!(offers(registry, "hello").is_empty());
    }

    #[test]
    fn detects_mail_headers_even_when_quoted() {
        assert!(is_mail("Hi\n> Received: from a by b\n") && !is_mail("I received it"));
    }
}
