//! Answers to button presses and inline queries.

use serde_json::{Value, json};

use super::{
    content, markup,
    methods::done,
    parameters::Parameters,
    refusal::{Answer, Refusal},
    state::{Query, State},
};

/// Returns a query that may still be answered.
fn open<'a>(state: &'a mut State, id: &str, inline: bool) -> Result<&'a mut Query, Refusal> {
    let patience = state.patience;
    let query = state.queries.get_mut(id).ok_or_else(Refusal::too_old)?;
    if query.inline != inline {
        return Err(Refusal::too_old());
    }
    if query.expired || query.answer.is_some() || query.asked.elapsed() > patience {
        query.expired = true;
        return Err(Refusal::too_old());
    }
    Ok(query)
}

pub(super) fn answer_callback(state: &mut State, parameters: &Parameters) -> Answer {
    let id = parameters.text("callback_query_id")?.unwrap_or_default();
    if parameters
        .text("text")?
        .is_some_and(|text| text.chars().count() > 200)
    {
        return Err(Refusal::bad("MESSAGE_TOO_LONG"));
    }
    if parameters.text("url")?.is_some() {
        return Err(Refusal::bad("URL_INVALID"));
    }
    open(state, id, false)?.answer = Some(Value::Object(parameters.values.clone()));
    done()
}

pub(super) fn answer_inline(state: &mut State, parameters: &Parameters) -> Answer {
    let id = parameters.text("inline_query_id")?.unwrap_or_default();
    let results = parameters.get("results").and_then(Value::as_array);
    let results = results
        .ok_or_else(|| Refusal::bad("can't parse inline query results: expected an Array"))?;
    if results.len() > 50 {
        return Err(Refusal::bad("RESULTS_TOO_MUCH"));
    }

    if parameters
        .text("next_offset")?
        .is_some_and(|offset| offset.len() > 64)
    {
        return Err(Refusal::bad("NEXT_OFFSET_INVALID"));
    }

    if let Some(button) = parameters.get("button") {
        check_button(button)?;
    }

    let mut names = Vec::new();

    for result in results {
        let name = result["id"].as_str().unwrap_or_default();
        if !(1..=64).contains(&name.len()) {
            return Err(Refusal::bad("RESULT_ID_INVALID"));
        }
        if names.contains(&name) {
            return Err(Refusal::bad("RESULT_ID_DUPLICATE"));
        }
        names.push(name);
        check_result(state, result)?;
    }

    open(state, id, true)?.answer = Some(Value::Object(parameters.values.clone()));

    done()
}

fn check_button(button: &Value) -> Result<(), Refusal> {
    if button["text"].as_str().unwrap_or_default().is_empty() {
        return Err(Refusal::bad(
            "can't parse the inline query results button: text is empty",
        ));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match button["start_parameter"].as_str() {
        Some(start) if (1..=64).contains(&start.len()) && start.chars().all(fits) => Ok(()),
        None if button.get("web_app").is_some() => Ok(()),
        _ => Err(Refusal::bad("START_PARAM_INVALID")),
    }
}

/// Checks a result. Only articles can be checked completely; the bot sends nothing else.
fn check_result(state: &mut State, result: &Value) -> Result<(), Refusal> {
    let name = &result["id"];

    if result["type"] != "article" {
        return Err(Refusal::bad(format!(
            "the fake takes articles only: {result}"
        )));
    }

    if result["title"]
        .as_str()
        .unwrap_or_default()
        .trim()
        .is_empty()
    {
        return Err(Refusal::bad(format!("the title of result {name} is empty")));
    }

    let message = Parameters {
        values: result["input_message_content"]
            .as_object()
            .cloned()
            .unwrap_or_default(),
        ..Parameters::default()
    };

    content::text(state, &message, "message_text", false)?;
    if let Some(keyboard) = result.get("reply_markup") {
        markup::keyboard(state, keyboard)?;
    }

    Ok(())
}

/// Returns the answer as tests see it; null if the query has expired.
pub(super) fn answered(state: &State, id: &str) -> Option<Value> {
    let query = state.queries.get(id)?;
    query
        .answer
        .clone()
        .or_else(|| query.expired.then(|| json!(null)))
}
