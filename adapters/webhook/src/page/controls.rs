//! Buttons and fields that several pages share.

use maud::{Markup, html};

/// To ask, and while an answer is under way, in the same place, to end that.
pub(super) fn buttons() -> Markup {
    html! {
        div.act {
            button.go type="submit" { "Ask" }
            button #cancel type="button" disabled { "Cancel" }
        }
    }
}

/// What the script needs beside a form; without scripts there is nothing of it.
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
            label for="api-key" { "This service asks for an API key" }
            div.row {
                input #api-key type="password" autocomplete="off" required;
                button type="submit" { "Use it" }
            }
        }
        p #said.unseen role="status" {}
    }
}
