//! The handler of each route.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        commands, delivery, interactions, messages,
        refusal::Refusal,
        route::Route,
        state::{APPLICATION, BOT, Shared, State, bot},
    },
    Answer,
};

/// Refuses requests for another application.
fn ours(application: &str) -> Result<(), Refusal> {
    match application {
        APPLICATION => Ok(()),
        _ => Err(Refusal::new(
            403,
            20012,
            "You are not authorized to perform this action on this application",
        )),
    }
}

/// Refuses tokens of another application.
fn our_webhook(application: &str) -> Result<(), Refusal> {
    ours(application).map_err(|_| Refusal::new(404, 10015, "Unknown Webhook"))
}

pub(super) fn dispatch(
    shared: &Shared,
    state: &mut State,
    method: &str,
    query: Option<&str>,
    route: &Route<'_>,
    body: &Body,
) -> Answer {
    match (method, route) {
        ("GET", Route::CurrentUser) => Ok((200, Some(bot()))),
        ("GET", Route::CurrentApplication) => Ok((200, Some(application(shared)))),
        ("GET", Route::GatewayUrl { bot }) => Ok((200, Some(gateway_url(shared, *bot)))),
        (_, Route::Commands { application, guild }) => {
            ours(application)?;
            commands::list(state, method, *guild, &body.json)
        }
        (
            _,
            Route::Command {
                application,
                guild,
                command,
            },
        ) => {
            ours(application)?;
            commands::one(state, method, *guild, command, &body.json)
        }
        ("POST", Route::Callback { interaction, token }) => {
            let wanted = query.is_some_and(|query| query.contains("with_response=true"));
            interactions::callback(shared, state, interaction, token, body, wanted)
        }
        ("POST", Route::Followup { application, token }) => {
            our_webhook(application)?;
            interactions::followup(shared, state, token, body)
        }
        (
            _,
            Route::Answer {
                application,
                token,
                message,
            },
        ) => {
            our_webhook(application)?;
            interactions::answer(shared, state, method, token, message, body)
        }
        ("POST", Route::Messages { channel }) => messages::send(shared, state, channel, body),
        ("GET", Route::Messages { channel }) => messages::list(state, channel),
        (_, Route::Message { channel, message }) => {
            messages::one(shared, state, method, channel, message, body)
        }
        ("POST", Route::Typing { channel }) => messages::reachable(channel).map(|()| (204, None)),
        _ => Err(Refusal::new(405, 0, "405: Method Not Allowed")),
    }
}

fn application(shared: &Shared) -> Value {
    let key = delivery::public_key(&shared.keys);
    json!({
        "id": APPLICATION, "name": "netvane", "icon": null, "description": "", "summary": "",
        "bot_public": true, "bot_require_code_grant": false, "verify_key": key, "flags": 0,
        "team": null, "rpc_origins": [], "bot": bot(),
        "owner": { "id": "1100000000000000009", "username": "owner", "discriminator": "0",
            "global_name": null, "avatar": null },
        "integration_types_config": { "0": {}, "1": {} },
    })
}

fn gateway_url(shared: &Shared, bot: bool) -> Value {
    let mut answer =
        json!({ "url": format!("{}/gateway", shared.origin.replace("http://", "ws://")) });
    if bot {
        answer["shards"] = json!(1);
        answer["session_start_limit"] = json!({ "total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1 });
    }
    answer
}

/// Whether the bot is the author of a message.
pub(crate) fn is_bot(message: &Value) -> bool {
    message["author"]["id"] == BOT
}

/// Time within which an interaction must be answered.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(3);
