//! Buttons and fields that several pages share.

use maud::{Markup, html};

/// The button that starts a lookup, and in the same place, while it runs, the one that cancels it.
pub(super) fn buttons() -> Markup {
    html! {
        div.act {
            button.go type="submit" { "Look up" }
            button #cancel type="button" disabled { "Cancel" }
        }
    }
}

/// Elements that the script needs beside a form; hidden without scripts.
pub(super) fn controls(history: bool) -> Markup {
    html! {
        @if history {
            details #history {
                summary { "History" }
                ul {}
                button type="button" { "Clear history" }
            }
        }
        form #key hidden {
            label for="api-key" { "This service requires an API key" }
            div.row {
                input #api-key type="password" autocomplete="off" required;
                button type="submit" { "Use it" }
            }
        }
        p #said.unseen role="status" {}
    }
}
