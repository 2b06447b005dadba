//! Chats, their members, and files.

use serde_json::{Value, json};

use super::{
    parameters::Parameters,
    refusal::{Answer, Refusal},
    state::{Room, State},
    users::User,
};

/// Most bytes that a bot can download.
const MOST_BYTES: usize = 20 << 20;

/// Returns the chat that a call names.
pub(super) fn chat_id(state: &State, parameters: &Parameters) -> Result<i64, Refusal> {
    let not_found = || Refusal::bad("chat not found");
    let id = match parameters.get("chat_id") {
        Some(Value::Number(id)) => id.as_i64().ok_or_else(not_found)?,
        Some(Value::String(name)) => {
            let wanted = name.strip_prefix('@').ok_or_else(not_found)?;
            let named = |(_, room): &(&i64, &Room)| room.json["username"] == wanted;
            *state.rooms.iter().find(named).ok_or_else(not_found)?.0
        }
        _ => return Err(Refusal::bad("chat_id is empty")),
    };
    if !state.rooms.contains_key(&id) {
        return Err(not_found());
    }
    Ok(id)
}

/// Returns the chat that a call names, if the bot may write there.
pub(super) fn open_room<'a>(
    state: &'a State,
    parameters: &Parameters,
) -> Result<(i64, &'a Room), Refusal> {
    let id = chat_id(state, parameters)?;
    let room = &state.rooms[&id];
    match &room.closed {
        Some(refusal) => Err(refusal.clone()),
        None => Ok((id, room)),
    }
}

pub(super) fn chat(state: &State, parameters: &Parameters) -> Answer {
    let mut json = open_room(state, parameters)?.1.json.clone();
    let gifts = [
        "unlimited_gifts",
        "limited_gifts",
        "unique_gifts",
        "premium_subscription",
        "gifts_from_channels",
    ];
    json["accent_color_id"] = json!(1);
    json["max_reaction_count"] = json!(11);
    json["accepted_gift_types"] = gifts
        .iter()
        .map(|name| ((*name).to_owned(), json!(false)))
        .collect();
    Ok(json)
}

fn membership(room: &Room, user: &User) -> Value {
    if !room.admins.contains(&user.id) {
        return json!({ "status": "member", "user": user.json() });
    }
    let mut json = json!({ "status": "administrator", "user": user.json() });
    for right in [
        "can_be_edited",
        "is_anonymous",
        "can_manage_chat",
        "can_delete_messages",
        "can_manage_video_chats",
        "can_restrict_members",
        "can_promote_members",
        "can_change_info",
        "can_invite_users",
        "can_post_stories",
        "can_edit_stories",
        "can_delete_stories",
    ] {
        json[right] = json!(!matches!(right, "can_be_edited" | "is_anonymous"));
    }
    json
}

pub(super) fn member(state: &State, parameters: &Parameters) -> Answer {
    let (_, room) = open_room(state, parameters)?;
    let user = parameters.integer("user_id")?.unwrap_or_default();
    if state.bot["id"] == user {
        return Ok(json!({ "status": "member", "user": state.bot }));
    }
    let user = room
        .members
        .get(&user)
        .ok_or_else(|| Refusal::bad("user not found"))?;
    Ok(membership(room, user))
}

pub(super) fn administrators(state: &State, parameters: &Parameters) -> Answer {
    let (_, room) = open_room(state, parameters)?;
    if room.json["type"] == "private" {
        return Err(Refusal::bad(
            "there are no administrators in the private chat",
        ));
    }
    let admins = room
        .members
        .values()
        .filter(|user| room.admins.contains(&user.id));
    Ok(admins.map(|user| membership(room, user)).collect())
}

pub(super) fn file(state: &State, parameters: &Parameters) -> Answer {
    let id = parameters.text("file_id")?.unwrap_or_default();
    let file = state
        .files
        .get(id)
        .ok_or_else(|| Refusal::bad("invalid file_id"))?;
    if file.bytes.len() > MOST_BYTES {
        return Err(Refusal::bad("file is too big"));
    }
    Ok(json!({
        "file_id": id,
        "file_unique_id": format!("unique-{id}"),
        "file_size": file.bytes.len(),
        "file_path": file_path(id),
    }))
}

/// Returns the path that a file can be downloaded from.
pub(super) fn file_path(id: &str) -> String {
    format!("documents/{id}.bin")
}
