//! All commands, as a list of links.

use maud::{Markup, html};
use netvane_core::command::Registry;

/// Renders links to all commands under the headings of `help`.
pub(super) fn directory(registry: &Registry) -> Markup {
    let mut groups: Vec<_> = registry
        .entries()
        .iter()
        .map(|entry| entry.spec.group)
        .collect();
    groups.sort();
    groups.dedup();
    html! {
        div.directory {
            @for group in groups {
                section {
                    h2 { (group.title()) }
                    ul {
                        @for entry in registry.entries().iter().filter(|entry| entry.spec.group == group) {
                            li { a href={ "/tools/" (entry.spec.name) } { (entry.spec.name) } " " span { (entry.about) } }
                        }
                    }
                }
            }
        }
    }
}
