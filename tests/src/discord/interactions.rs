//! Responses to interactions: the first one, its edits, and followup messages.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    body::Body,
    components,
    form::{self, Shape},
    messages,
    refusal::{Faults, Object, Refusal},
    scene::Place,
    server::{ANSWER_WITHIN, Answer},
    state::{Interaction, Shared, State},
};

/// Time for which an interaction's token is valid.
const TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);
/// Most followup messages if the bot is only installed for the user.
const FOLLOWUPS: usize = 5;

pub(crate) fn callback(
    shared: &Shared,
    state: &mut State,
    id: &str,
    token: &str,
    body: &Body,
    wanted: bool,
) -> Answer {
    let found = state
        .interaction(id)
        .filter(|found| found.token == token && !found.expired);
    let found = found.ok_or_else(Refusal::unknown_interaction)?;

    if found.answer.is_some() {
        return Err(Refusal::new(
            400,
            40060,
            "Interaction has already been acknowledged.",
        ));
    }

    if found.dispatched.elapsed() > ANSWER_WITHIN {
        return Err(Refusal::unknown_interaction());
    }

    accept(shared, state, id, body)?;

    Ok(if wanted {
        (200, Some(resource(state, id)))
    } else {
        (204, None)
    })
}

/// Returns the resource that `with_response=true` requests.
fn resource(state: &mut State, id: &str) -> Value {
    let (kind, answer, original) = match state.interaction(id) {
        Some(found) => (
            found.kind(),
            found.answer.clone().unwrap_or_default().1,
            found.original.clone(),
        ),
        None => return Value::Null,
    };
    let mut resource = json!({ "interaction": { "id": id, "type": kind } });
    if let Some(message) = original.and_then(|original| state.message(&original)) {
        resource["interaction"]["response_message_id"] = json!(message.id);
        resource["interaction"]["response_message_loading"] = json!(message.is_thinking());
        resource["interaction"]["response_message_ephemeral"] = json!(message.is_ephemeral());
        resource["resource"] = json!({ "type": answer["type"], "message": message.now() });
    }
    resource
}

/// Checks and accepts a response, whichever way it was sent.
pub(crate) fn accept(
    shared: &Shared,
    state: &mut State,
    id: &str,
    body: &Body,
) -> Result<(), Refusal> {
    let mut faults = Faults::default();
    let form = &body.json;
    let known = Object::new(&mut faults, "", form, &["type", "data"]).is_some();
    let Some(found) = state.interaction(id).filter(|_| known) else {
        return faults.result();
    };
    let event = found.event.clone();
    let answer = form["type"].as_i64().unwrap_or_default();

    if !fitting(&event).contains(&answer) {
        let message = format!(
            "An interaction of type {} cannot be answered so",
            event["type"]
        );
        faults.add("type", "INTERACTION_TYPE_INVALID", &message);
    }

    let (data, has_data) = (&form["data"], form["data"].is_object());

    match answer {
        4 | 7 if !has_data => faults.required("data"),
        1 | 6 if has_data => faults.add("data", "UNKNOWN_FIELD", "This answer has no data"),
        5 if has_data => deferral(&mut faults, data),
        8 => choices(&mut faults, data, &event),
        9 => components::check_modal(&mut faults, "data", data),
        _ => {}
    }

    faults.result()?;
    if matches!(answer, 4 | 7) {
        form::check(
            "data",
            data,
            body,
            if answer == 4 {
                Shape::Interaction
            } else {
                Shape::Edit
            },
        )?;
    }

    let original = show(shared, state, answer, &event, body)?;
    let now = state.now();

    if let Some(found) = state.interaction(id) {
        found.answer = Some((now, form.clone()));
        found.original = original;
    }

    Ok(())
}

/// Returns the response types that each kind of interaction allows.
fn fitting(event: &Value) -> &'static [i64] {
    match event["type"].as_i64() {
        Some(1) => &[1],
        Some(2) => &[4, 5, 9],
        Some(3) => &[4, 5, 6, 7, 9],
        Some(4) => &[8],
        Some(5) if event["message"].is_object() => &[4, 5, 6, 7],
        Some(5) => &[4, 5],
        _ => &[],
    }
}

/// Checks a deferred response: it may only set flags; serenity also sends empty lists.
fn deferral(faults: &mut Faults, data: &Value) {
    let known = ["flags", "attachments", "embeds", "components"];
    let Some(data) = Object::new(faults, "data", data, &known) else {
        return;
    };
    for early in &known[1..] {
        data.list(faults, early, 0, 0);
    }
    if data
        .whole(faults, "flags", 0, i64::MAX)
        .is_some_and(|flags| flags & !64 != 0)
    {
        faults.add(
            "data.flags",
            "MESSAGE_FLAGS_INVALID",
            "Only EPHEMERAL can be set here",
        );
    }
}

fn choices(faults: &mut Faults, data: &Value, event: &Value) {
    let Some(data) = Object::new(faults, "data", data, &["choices"]) else {
        return;
    };
    if data.get("choices").is_none() {
        faults.required("data.choices");
    }
    let kind =
        focused(&event["data"]["options"]).map_or(3, |option| option["type"].as_i64().unwrap_or(3));
    for (index, choice) in data.list(faults, "choices", 0, 25).iter().enumerate() {
        super::commands::choice(faults, &format!("data.choices.{index}"), choice, kind);
    }
}

/// Returns the option that the user is typing in.
pub(crate) fn focused(options: &Value) -> Option<&Value> {
    options.as_array()?.iter().find_map(|option| {
        if option["focused"] == true {
            Some(option)
        } else {
            focused(&option["options"])
        }
    })
}

/// Shows a response to the user; returns the message that `@original` refers to from now on.
fn show(
    shared: &Shared,
    state: &mut State,
    answer: i64,
    event: &Value,
    body: &Body,
) -> Result<Option<String>, Refusal> {
    let token = event["token"].as_str().map(str::to_owned);
    let pressed = event["message"]["id"].as_str().map(str::to_owned);

    match answer {
        4 => {
            let blank = messages::blank_answer(state, event);
            let message = messages::compose(shared, state, blank, &body.json["data"], body)?;
            announce(state, &message);
            Ok(Some(state.post(message, true, token)))
        }
        5 => {
            let mut message = messages::blank_answer(state, event);
            let flags = body.json["data"]["flags"].as_u64().unwrap_or_default();
            message["flags"] = json!(128 | flags);
            announce(state, &message);
            Ok(Some(state.post(message, true, token)))
        }
        7 => {
            let pressed = pressed.unwrap_or_default();
            messages::change(shared, state, &pressed, &body.json["data"], body)?;
            Ok(Some(pressed))
        }
        6 => Ok(pressed),
        _ => Ok(None),
    }
}

/// Tells the bot about its own message, too, unless it is ephemeral.
fn announce(state: &mut State, message: &Value) {
    if message["flags"].as_u64().unwrap_or_default() & 64 == 0 {
        state.gateway.message_create(message);
    }
}

/// Returns the interaction of a token that is still valid.
fn speaking<'a>(state: &'a mut State, token: &str) -> Result<&'a mut Interaction, Refusal> {
    let unknown = || Refusal::new(404, 10015, "Unknown Webhook");
    let found = state
        .interactions
        .iter_mut()
        .find(|found| found.token == token)
        .ok_or_else(unknown)?;
    if found.expired || found.dispatched.elapsed() > TOKEN_LIFE {
        return Err(Refusal::new(401, 50027, "Invalid Webhook Token"));
    }
    let answered = found
        .answer
        .as_ref()
        .is_some_and(|(_, answer)| !matches!(answer["type"].as_i64(), Some(1 | 8)));
    if answered { Ok(found) } else { Err(unknown()) }
}

pub(crate) fn followup(shared: &Shared, state: &mut State, token: &str, body: &Body) -> Answer {
    let found = speaking(state, token)?;
    let (id, event, original, sent) = (
        found.id.clone(),
        found.event.clone(),
        found.original.clone(),
        found.followups.len(),
    );

    form::check("", &body.json, body, Shape::Interaction)?;

    // The first followup after a deferral becomes the response itself.
    if let Some(original) = original
        && state
            .message(&original)
            .is_some_and(|message| message.is_thinking())
    {
        let message = messages::change(shared, state, &original, &body.json, body)?;
        return Ok((200, Some(message)));
    }

    let place = Place::of(event["channel_id"].as_str().unwrap_or_default());

    if place.is_brought() && sent >= FOLLOWUPS {
        let message = "This interaction has reached the maximum number of follow-up messages";
        return Err(Refusal::new(400, 40094, message));
    }

    let mut blank = messages::blank_answer(state, &event);
    blank["type"] = json!(0);
    let message = messages::compose(shared, state, blank, &body.json, body)?;
    announce(state, &message);
    let posted = state.post(message.clone(), true, Some(token.to_owned()));
    if let Some(found) = state.interaction(&id) {
        found.followups.push(posted);
    }

    Ok((200, Some(message)))
}

pub(crate) fn answer(
    shared: &Shared,
    state: &mut State,
    method: &str,
    token: &str,
    message: &str,
    body: &Body,
) -> Answer {
    let found = speaking(state, token)?;
    let own = |id: &str| {
        found
            .followups
            .iter()
            .chain(&found.original)
            .any(|own| own == id)
    };

    let id = match message {
        "@original" => found.original.clone(),
        id => own(id).then(|| id.to_owned()),
    };
    let id = id.ok_or_else(Refusal::unknown_message)?;
    let now = state
        .message(&id)
        .map(|message| message.now().clone())
        .unwrap_or_default();
    if now.is_null() {
        return Err(Refusal::unknown_message());
    }

    match method {
        "GET" => Ok((200, Some(now))),
        "PATCH" => messages::edit(shared, state, &id, body).map(|message| (200, Some(message))),
        "DELETE" => {
            state.change(&id, Value::Null);
            Ok((204, None))
        }
        _ => Err(Refusal::new(405, 0, "405: Method Not Allowed")),
    }
}
