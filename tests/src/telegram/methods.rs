//! The methods: their parameters, and dispatching calls to the parts of the fake.

use serde_json::Value;

use super::{
    edit,
    parameters::Parameters,
    profile, queries,
    refusal::{Answer, Refusal},
    rooms, send,
    state::State,
    updates,
};

/// Name, required parameters, other parameters.
type Method = (&'static str, &'static str, &'static str);

/// The methods that the fake knows. It refuses all others, and unknown parameters.
pub(super) const METHODS: [Method; 25] = [
    ("getMe", "", ""),
    ("getUpdates", "", "offset limit timeout allowed_updates"),
    (
        "setWebhook",
        "url",
        "certificate ip_address max_connections allowed_updates drop_pending_updates secret_token",
    ),
    ("deleteWebhook", "", "drop_pending_updates"),
    ("getWebhookInfo", "", ""),
    ("setMyCommands", "commands", "scope language_code"),
    ("getMyCommands", "", "scope language_code"),
    ("deleteMyCommands", "", "scope language_code"),
    ("setMyDescription", "", "description language_code"),
    (
        "setMyShortDescription",
        "",
        "short_description language_code",
    ),
    (
        "sendMessage",
        "chat_id text",
        "business_connection_id message_thread_id direct_messages_topic_id parse_mode entities link_preview_options disable_notification protect_content allow_paid_broadcast message_effect_id suggested_post_parameters reply_parameters reply_markup",
    ),
    (
        "editMessageText",
        "text",
        "business_connection_id chat_id message_id inline_message_id parse_mode entities link_preview_options reply_markup",
    ),
    (
        "editMessageCaption",
        "",
        "business_connection_id chat_id message_id inline_message_id caption parse_mode caption_entities show_caption_above_media reply_markup",
    ),
    (
        "editMessageReplyMarkup",
        "",
        "business_connection_id chat_id message_id inline_message_id reply_markup",
    ),
    (
        "editMessageMedia",
        "media",
        "business_connection_id chat_id message_id inline_message_id reply_markup",
    ),
    ("deleteMessage", "chat_id message_id", ""),
    (
        "sendDocument",
        "chat_id document",
        "business_connection_id message_thread_id direct_messages_topic_id thumbnail caption parse_mode caption_entities disable_content_type_detection disable_notification protect_content allow_paid_broadcast message_effect_id suggested_post_parameters reply_parameters reply_markup",
    ),
    (
        "sendPhoto",
        "chat_id photo",
        "business_connection_id message_thread_id direct_messages_topic_id caption parse_mode caption_entities show_caption_above_media has_spoiler disable_notification protect_content allow_paid_broadcast message_effect_id suggested_post_parameters reply_parameters reply_markup",
    ),
    (
        "sendChatAction",
        "chat_id action",
        "business_connection_id message_thread_id",
    ),
    (
        "answerCallbackQuery",
        "callback_query_id",
        "text show_alert url cache_time",
    ),
    (
        "answerInlineQuery",
        "inline_query_id results",
        "cache_time is_personal next_offset button",
    ),
    ("getFile", "file_id", ""),
    ("getChat", "chat_id", ""),
    ("getChatMember", "chat_id user_id", ""),
    ("getChatAdministrators", "chat_id", "return_bots"),
];

/// Finds a method by name; case does not matter.
pub(super) fn find(name: &str) -> Option<&'static Method> {
    METHODS
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(name))
}

/// Checks a call against the fake's own table and, if available, the platform's description.
pub(super) fn check(state: &State, method: &Method, parameters: &mut Parameters) -> Vec<String> {
    let (name, required, optional) = method;
    let known = |wanted: &str| {
        required
            .split(' ')
            .chain(optional.split(' '))
            .any(|known| known == wanted)
    };

    let unused = parameters.attach(known);
    let mut wrong: Vec<_> = unused
        .iter()
        .map(|file| format!("{name}: the file {file} is attached and never used"))
        .collect();

    wrong.extend(
        parameters
            .names()
            .filter(|name| !known(name))
            .map(|other| format!("{name}.{other} does not exist")),
    );

    let absent = |wanted: &&str| !wanted.is_empty() && parameters.get(wanted).is_none();

    wrong.extend(
        required
            .split(' ')
            .filter(absent)
            .map(|absent| format!("{name}.{absent} is required")),
    );

    if let Some(spec) = &state.spec {
        wrong.extend(spec.check(name, &parameters.values));
    }

    wrong.sort();
    wrong.dedup();

    wrong
}

/// Carries out a call. `getUpdates` has to wait and is handled elsewhere.
pub(super) fn carry_out(state: &mut State, method: &str, parameters: &Parameters) -> Answer {
    match method {
        "getMe" => Ok(state.bot.clone()),
        "setWebhook" => updates::set_webhook(state, parameters),
        "deleteWebhook" => updates::delete_webhook(state, parameters),
        "getWebhookInfo" => Ok(updates::webhook_info(state)),
        "setMyCommands" => profile::set_commands(state, parameters),
        "getMyCommands" => profile::commands(state, parameters),
        "deleteMyCommands" => profile::delete_commands(state, parameters),
        "setMyDescription" => profile::set_text(state, parameters, "description", 512),
        "setMyShortDescription" => profile::set_text(state, parameters, "short_description", 120),
        "sendMessage" | "sendDocument" | "sendPhoto" => send::send(state, method, parameters),
        "sendChatAction" => send::action(state, parameters),
        "editMessageText"
        | "editMessageCaption"
        | "editMessageReplyMarkup"
        | "editMessageMedia" => edit::edit(state, method, parameters),
        "deleteMessage" => edit::delete(state, parameters),
        "answerCallbackQuery" => queries::answer_callback(state, parameters),
        "answerInlineQuery" => queries::answer_inline(state, parameters),
        "getFile" => rooms::file(state, parameters),
        "getChat" => rooms::chat(state, parameters),
        "getChatMember" => rooms::member(state, parameters),
        "getChatAdministrators" => rooms::administrators(state, parameters),
        _ => Err(Refusal::not_found()),
    }
}

/// Returns `true`, the result of most methods.
pub(super) fn done() -> Answer {
    Ok(Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::{super::spec::Spec, *};

    #[test]
    fn method_table_matches_the_platforms_description() {
        let Some(spec) = Spec::load() else { return };
        for (name, required, optional) in METHODS {
            let described = spec.parameters(name).unwrap_or_default();
            for (parameter, needed) in described {
                // Messages of another kind, which no test sends.
                if parameter == "rich_message" {
                    continue;
                }
                let wanted = if needed || (name, parameter) == ("editMessageText", "text") {
                    required
                } else {
                    optional
                };
                assert!(
                    wanted.split(' ').any(|known| known == parameter),
                    "{name}.{parameter}"
                );
            }
        }
    }
}
