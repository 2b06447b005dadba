//! Lookups that are offered for the targets in a text.

use std::sync::Arc;

use netvane_core::{
    Missing,
    command::{Entry, Registry, targets::Target},
};

/// Most targets offered for one message. `MOST_EACH` limits the commands for each if there are
/// several targets.
const MOST_TARGETS: usize = 5;
const MOST_EACH: usize = 3;

/// Returns the targets of a kind for which the command is offered; if there are none, all targets
/// that it accepts.
pub(crate) fn fitting(
    targets: Vec<Target>,
    registry: &Registry,
    missing: &Missing,
    understands: impl Fn(&Target) -> bool,
) -> Vec<Target> {
    let made_for = |target: &Target| {
        registry
            .find(missing.command)
            .is_some_and(|entry| entry.offered_for.contains(&target.kind))
    };
    let understood: Vec<Target> = targets.into_iter().filter(understands).collect();
    if understood.iter().any(made_for) {
        understood.into_iter().filter(made_for).collect()
    } else {
        understood
    }
}

/// Returns labels and command lines of the lookups for these targets.
pub(crate) fn offers(registry: &Registry, targets: &[Target]) -> Vec<(String, String)> {
    let one = targets.len() == 1;
    let most = if one { usize::MAX } else { MOST_EACH };
    let of = |target: &Target| {
        let entries = registry.offered_for(target.kind).take(most);
        let label = |entry: &Arc<Entry>| {
            if one {
                entry.spec.name.to_owned()
            } else {
                format!("{} {}", entry.spec.name, target.text)
            }
        };
        entries
            .map(|entry| (label(entry), target.line(entry)))
            .collect::<Vec<_>>()
    };
    targets.iter().take(MOST_TARGETS).flat_map(of).collect()
}

/// Where all commands are listed.
pub(crate) const MENU: &str = "The menu next to the text field lists all commands.";

#[cfg(test)]
mod tests {
    use netvane_core::{Engine, Input, UsageError, command::targets::found_in, settings::Settings};

    use super::*;

    fn engine() -> Engine {
        Engine::new(&Settings::default()).expect("starts")
    }

    #[tokio::test]
    async fn a_command_prefers_targets_of_its_own_kind() {
        let engine = engine();
        let chosen = |line: &str, text: &str| {
            let Err(UsageError {
                missing: Some(missing),
                ..
            }) = engine.understood(&Input::Text(line.into()))
            else {
                panic!("{line} misses nothing")
            };
            let understands = |target: &Target| {
                engine
                    .understood(&Input::Text(format!("{line} {}", target.text)))
                    .is_ok()
            };
            fitting(found_in(text), engine.registry(), &missing, understands)
                .into_iter()
                .map(|target| target.text)
                .collect::<Vec<_>>()
        };

        let text = "joe@example.com wrote from mail.example.com [192.0.2.1]";
        assert_eq!(chosen("/mx", text), ["mail.example.com"]);
        assert_eq!(chosen("/verify", text), ["joe@example.com"]);
        assert_eq!(chosen("/ptr", text), ["192.0.2.1"]);
        assert_eq!(chosen("/mx resolver=192.0.2.53", "only 192.0.2.1"), [""; 0]);
    }

    #[tokio::test]
    async fn offers_lookups_for_the_targets_in_a_text() {
        let engine = engine();
        let one = offers(engine.registry(), &found_in("see example.com"));
        assert!(
            one.iter()
                .any(|(label, line)| label == "mx" && line == "/mx example.com"),
            "{one:?}"
        );
        let several = offers(engine.registry(), &found_in("example.com and 192.0.2.1"));
        assert!(
            several.len() <= 6
                && several
                    .iter()
                    .all(|(label, line)| line == &format!("/{label}")),
            "{several:?}"
        );
    }
}
