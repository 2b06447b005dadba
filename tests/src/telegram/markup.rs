//! Inline keyboards, checked as the Bot API does.

use serde_json::Value;

use super::{message::Button, refusal::Refusal, state::State, text::links};

/// Actions of a button; it must have exactly one of them.
const ACTIONS: [&str; 10] = [
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
];
const MOST_BUTTONS: usize = 100;
const MOST_IN_ROW: usize = 8;

/// The keyboard or other reply markup of a message.
#[derive(Clone, Default)]
pub(super) struct Markup {
    /// The keyboard in the Bot API's form; `None` for other markup.
    pub json: Option<Value>,
    pub keyboard: Vec<Vec<Button>>,
    pub force_reply: Option<String>,
}

/// Parses the markup of a new message.
pub(super) fn any(state: &mut State, value: Option<&Value>) -> Result<Markup, Refusal> {
    let Some(value) = value else {
        return Ok(Markup::default());
    };
    if value.get("force_reply").is_some() {
        return force_reply(value);
    }
    if value.get("remove_keyboard").is_some() || value.get("keyboard").is_some() {
        return Ok(Markup::default());
    }
    keyboard(state, value)
}

fn force_reply(value: &Value) -> Result<Markup, Refusal> {
    if value["force_reply"] != true {
        return Err(Refusal::bad("object expected as reply markup"));
    }
    let hint = value["input_field_placeholder"].as_str();
    if hint.is_some_and(|hint| !(1..=64).contains(&hint.chars().count())) {
        return Err(Refusal::bad(
            "input field placeholder must have 1-64 characters",
        ));
    }
    Ok(Markup {
        force_reply: Some(hint.unwrap_or_default().to_owned()),
        ..Markup::default()
    })
}

/// Parses and checks an inline keyboard.
pub(super) fn keyboard(state: &mut State, value: &Value) -> Result<Markup, Refusal> {
    let rows = value["inline_keyboard"].as_array();
    let rows = rows.ok_or_else(|| Refusal::bad("object expected as reply markup"))?;
    let mut keyboard = Vec::new();

    for row in rows {
        let buttons = row
            .as_array()
            .ok_or_else(|| Refusal::bad("can't parse inline keyboard: expected an Array"))?;
        if buttons.is_empty() {
            state.violation("an empty row of buttons is dropped");
        } else if buttons.len() > MOST_IN_ROW {
            state.violation(format!(
                "{} buttons in one row: at most {MOST_IN_ROW} are shown",
                buttons.len()
            ));
        }
        keyboard.push(buttons.iter().map(button).collect::<Result<Vec<_>, _>>()?);
    }

    if keyboard.iter().map(Vec::len).sum::<usize>() > MOST_BUTTONS {
        return Err(Refusal::bad("REPLY_MARKUP_TOO_LONG"));
    }

    keyboard.retain(|row| !row.is_empty());

    // An empty keyboard removes the existing one.
    let json = (!keyboard.is_empty()).then(|| value.clone());

    Ok(Markup {
        json,
        keyboard,
        force_reply: None,
    })
}

fn button(value: &Value) -> Result<Button, Refusal> {
    let text = value["text"].as_str().unwrap_or_default();

    if text.trim().is_empty() {
        return Err(Refusal::bad(
            "can't parse inline keyboard button: text must be non-empty",
        ));
    }

    let actions: Vec<_> = ACTIONS
        .iter()
        .filter(|name| value.get(**name).is_some_and(|it| !it.is_null()))
        .collect();

    if actions.len() != 1 {
        let why =
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard";
        return Err(Refusal::bad(if actions.is_empty() {
            why.to_owned()
        } else {
            format!("a button does {actions:?}")
        }));
    }

    let (data, url) = (value["callback_data"].as_str(), value["url"].as_str());
    if data.is_some_and(|data| !(1..=64).contains(&data.len())) {
        return Err(Refusal::bad("BUTTON_DATA_INVALID"));
    }

    if let Some(url) = url.filter(|url| !links::is_link(url)) {
        return Err(Refusal::bad(format!(
            "inline keyboard button URL '{url}' is invalid: Wrong HTTP URL"
        )));
    }

    if value["copy_text"]["text"]
        .as_str()
        .is_some_and(|text| !(1..=256).contains(&text.chars().count()))
    {
        return Err(Refusal::bad("BUTTON_COPY_TEXT_INVALID"));
    }

    let owned = |text: Option<&str>| text.map(str::to_owned);

    Ok(Button {
        text: text.to_owned(),
        data: owned(data),
        url: owned(url),
        raw: value.clone(),
    })
}
