//! Buttons and fields that several pages share.

use maud::{Markup, html};

/// Renders the button that starts a lookup, and the one that replaces it while the lookup runs and
/// cancels it.
pub(super) fn buttons() -> Markup {
    html! {
        div.act {
            button.go type="submit" { "Look up" }
            button #cancel type="button" disabled { "Cancel" }
        }
    }
}

/// Renders elements that the script uses next to a form; hidden without scripts.
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
                button type="submit" { "Continue" }
            }
        }
        p #said.unseen role="status" {}
    }
}
