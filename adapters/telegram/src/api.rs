//! Calls to the Bot API with teloxide's payload and response types.
//!
//! teloxide's own client waits ten seconds after each response with a 5xx status before it returns
//! the error, and drops the `Retry-After` field. This one returns at once, so that the chat crate
//! can retry soon, and says how long Telegram wants to be left alone.

use std::{io, sync::Arc, time::Duration};

use reqwest::{
    RequestBuilder, Response, StatusCode, header,
    multipart::{Form, Part},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use teloxide::{
    ApiError, Bot, RequestError,
    requests::{HasPayload, Payload},
    types::{Message, ReplyParameters, ResponseParameters, Seconds},
};
use tokio::time::timeout;

/// Timeout of a call that is not a poll.
const CALL: Duration = Duration::from_secs(20);

/// Largest response in bytes. A poll returns at most 100 updates.
const MOST_RESPONSE: usize = 16 << 20;

/// Longest wait that a `Retry-After` field can ask for.
const LONGEST: u32 = 3600;

/// A file that is sent as a message.
pub(crate) struct Upload {
    pub(crate) chat: i64,
    pub(crate) thread: Option<i32>,
    pub(crate) reply: Option<ReplyParameters>,
    /// Text below the file, as HTML.
    pub(crate) caption: Option<String>,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) kind: UploadKind,
}

/// How an uploaded file is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadKind {
    Photo,
    Document,
}

/// A response of the Bot API, with the result of a method.
#[derive(Deserialize)]
struct Envelope<T> {
    ok: bool,
    #[serde(default = "none")]
    result: Option<T>,
    #[serde(default)]
    description: Option<ApiError>,
    #[serde(default)]
    parameters: serde_json::Value,
}

fn none<T>() -> Option<T> {
    None
}

/// Runs one call, which fails if it takes longer than [`CALL`].
pub(crate) async fn call<R>(
    bot: &Bot,
    request: R,
) -> Result<<R::Payload as Payload>::Output, RequestError>
where
    R: HasPayload,
    R::Payload: Payload + Serialize,
    <R::Payload as Payload>::Output: DeserializeOwned,
{
    within_time(call_at_length(bot, request)).await
}

/// Runs one call that may take as long as the HTTP client waits, such as a poll.
pub(crate) async fn call_at_length<R>(
    bot: &Bot,
    request: R,
) -> Result<<R::Payload as Payload>::Output, RequestError>
where
    R: HasPayload,
    R::Payload: Payload + Serialize,
    <R::Payload as Payload>::Output: DeserializeOwned,
{
    let json = serde_json::to_vec(request.payload_ref()).map_err(|error| invalid(error, ""))?;
    let request = bot
        .client()
        .post(method_url(bot, <R::Payload as Payload>::NAME))
        .header(header::CONTENT_TYPE, "application/json")
        .body(json);
    result(request).await
}

/// Sends a file as a document, with a caption.
pub(crate) async fn upload(bot: &Bot, upload: Upload) -> Result<Message, RequestError> {
    let (method, field) = match upload.kind {
        UploadKind::Photo => ("sendPhoto", "photo"),
        UploadKind::Document => ("sendDocument", "document"),
    };

    let part = Part::bytes(upload.bytes).file_name(upload.name);
    let mut form = Form::new()
        .text("chat_id", upload.chat.to_string())
        .part(field, part);
    form = match upload.kind {
        // The message with the reply notified already.
        UploadKind::Photo => form.text("disable_notification", "true"),
        UploadKind::Document => form.text("disable_content_type_detection", "true"),
    };
    if let Some(thread) = upload.thread {
        form = form.text("message_thread_id", thread.to_string());
    }
    if let Some(reply) = &upload.reply {
        let json = serde_json::to_string(reply).map_err(|error| invalid(error, ""))?;
        form = form.text("reply_parameters", json);
    }
    if let Some(caption) = upload.caption {
        form = form.text("caption", caption).text("parse_mode", "HTML");
    }

    let request = bot.client().post(method_url(bot, method)).multipart(form);
    within_time(result(request)).await
}

/// Replaces the file of a message, and its caption.
pub(crate) async fn edit_upload(
    bot: &Bot,
    message: i32,
    upload: Upload,
) -> Result<Message, RequestError> {
    let kind = match upload.kind {
        UploadKind::Photo => "photo",
        UploadKind::Document => "document",
    };
    let mut media = serde_json::json!({ "type": kind, "media": "attach://file" });
    if let Some(caption) = upload.caption {
        media["caption"] = caption.into();
        media["parse_mode"] = "HTML".into();
    }
    if upload.kind == UploadKind::Document {
        media["disable_content_type_detection"] = true.into();
    }

    let part = Part::bytes(upload.bytes).file_name(upload.name);
    let form = Form::new()
        .text("chat_id", upload.chat.to_string())
        .text("message_id", message.to_string())
        .text("media", media.to_string())
        .part("file", part);
    let request = bot
        .client()
        .post(method_url(bot, "editMessageMedia"))
        .multipart(form);
    within_time(result(request)).await
}

async fn within_time<T>(
    call: impl Future<Output = Result<T, RequestError>>,
) -> Result<T, RequestError> {
    let late = || failed(io::ErrorKind::TimedOut, "Telegram did not respond in time");
    timeout(CALL, call).await.unwrap_or_else(|_| Err(late()))
}

fn method_url(bot: &Bot, method: &str) -> reqwest::Url {
    let mut url = bot.api_url();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
        segments.push(&format!("bot{}", bot.token())).push(method);
    }
    url
}

async fn result<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, RequestError> {
    let response = request.send().await?;
    let (status, wait) = (response.status(), retry_after(&response));
    let body = body(response).await?;
    read(status, wait, &body)
}

/// Returns the seconds of a `Retry-After` field (RFC 9110 §10.2.3); a date is not read.
fn retry_after(response: &Response) -> Option<u32> {
    let field = response.headers().get(header::RETRY_AFTER)?;
    let seconds: u32 = field.to_str().ok()?.trim().parse().ok()?;
    Some(seconds.min(LONGEST))
}

async fn body(mut response: Response) -> Result<Vec<u8>, RequestError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MOST_RESPONSE {
            return Err(failed(
                io::ErrorKind::InvalidData,
                "the response from Telegram is too large",
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads a response. What is not JSON comes from a proxy in front of the API.
fn read<T: DeserializeOwned>(
    status: StatusCode,
    wait: Option<u32>,
    body: &[u8],
) -> Result<T, RequestError> {
    let envelope = match serde_json::from_slice::<Envelope<T>>(body) {
        Ok(Envelope {
            ok: true,
            result: Some(result),
            ..
        }) => return Ok(result),
        Ok(envelope) => Some(envelope),
        Err(error) if status.is_success() => {
            return Err(invalid(error, &String::from_utf8_lossy(body)));
        }
        Err(_) => None,
    };

    let parameters = envelope.as_ref().map(|envelope| &envelope.parameters);
    match parameters.and_then(|value| ResponseParameters::deserialize(value).ok()) {
        Some(ResponseParameters::RetryAfter(wait)) => return Err(RequestError::RetryAfter(wait)),
        Some(ResponseParameters::MigrateToChatId(chat)) => {
            return Err(RequestError::MigrateToChatId(chat));
        }
        None => {}
    }

    if let Some(wait) = wait {
        return Err(RequestError::RetryAfter(Seconds::from_seconds(wait)));
    }
    match envelope.and_then(|envelope| envelope.description) {
        Some(error) => Err(RequestError::Api(error)),
        None => Err(failed(
            io::ErrorKind::Other,
            &format!("Telegram returned HTTP {}", status.as_u16()),
        )),
    }
}

fn failed(kind: io::ErrorKind, text: &str) -> RequestError {
    RequestError::Io(Arc::new(io::Error::new(kind, text)))
}

fn invalid(source: serde_json::Error, raw: &str) -> RequestError {
    RequestError::InvalidJson {
        source: Arc::new(source),
        raw: raw.into(),
    }
}

#[cfg(test)]
mod tests {
    use teloxide::types::{ChatId, Me, True, Update};

    use super::*;
    use crate::bot::describe_error;

    fn response<T: DeserializeOwned>(
        status: u16,
        wait: Option<u32>,
        body: &str,
    ) -> Result<T, RequestError> {
        let status = StatusCode::from_u16(status).expect("a status");
        read(status, wait, body.as_bytes())
    }

    fn error(status: u16, wait: Option<u32>, body: &str) -> RequestError {
        response::<True>(status, wait, body).expect_err("an error")
    }

    #[test]
    fn reads_results_and_errors_as_teloxide_does() {
        assert!(response::<True>(200, None, r#"{"ok":true,"result":true}"#).is_ok());
        let me = r#"{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"N","username":"n",
            "can_join_groups":true,"can_read_all_group_messages":false,"supports_inline_queries":true,
            "can_connect_to_business":false,"has_main_web_app":false}}"#;
        assert!(response::<Me>(200, None, me).is_ok());

        let blocked = r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#;
        assert!(matches!(
            error(403, None, blocked),
            RequestError::Api(ApiError::BotBlocked)
        ));
        let moved = r#"{"ok":false,"description":"x","parameters":{"migrate_to_chat_id":-100}}"#;
        assert!(matches!(
            error(400, None, moved),
            RequestError::MigrateToChatId(ChatId(-100))
        ));
        let unknown = r#"{"ok":false,"description":"x","parameters":{"later":1}}"#;
        assert!(matches!(error(400, None, unknown), RequestError::Api(_)));
    }

    #[test]
    fn waits_as_long_as_the_body_or_the_field_says() {
        let body = r#"{"ok":false,"description":"x","parameters":{"retry_after":7}}"#;
        for (status, field, body, wait) in [
            (429, None, body, 7),
            (429, Some(3), body, 7),
            (429, Some(3), "<html>", 3),
            (502, Some(2), "<html>", 2),
        ] {
            let RequestError::RetryAfter(seconds) = error(status, field, body) else {
                panic!("{status} {field:?} {body}")
            };
            assert_eq!(seconds.seconds(), wait);
        }
    }

    #[test]
    fn a_page_of_a_proxy_is_a_passing_error_with_its_status() {
        let error = error(502, None, "<html><h1>502 Bad Gateway</h1></html>");
        assert_eq!(describe_error(&error), "Telegram returned HTTP 502");
        assert!(matches!(
            crate::bot::send_error(&error),
            netvane_chat::SendError::Transient(_)
        ));
        let page = response::<True>(200, None, "<html>").expect_err("no JSON");
        assert!(matches!(page, RequestError::InvalidJson { .. }));
    }

    #[test]
    fn an_update_that_is_not_known_does_not_hide_the_others() {
        let body = r#"{"ok":true,"result":[{"update_id":1,"something new":17},{"update_id":2,"message":{}}]}"#;
        let updates: Vec<Update> = response(200, None, body).expect("updates");
        assert_eq!(updates.len(), 2);
    }

    #[test]
    fn the_url_has_the_token_and_keeps_a_path() {
        for (api, expected) in [
            (
                "https://api.telegram.org",
                "https://api.telegram.org/bot1:x/SendMessage",
            ),
            (
                "https://a.example/tg/",
                "https://a.example/tg/bot1:x/SendMessage",
            ),
        ] {
            let bot = Bot::new("1:x").set_api_url(api.parse().expect("a URL"));
            assert_eq!(method_url(&bot, "SendMessage").as_str(), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_without_a_response_times_out() {
        let error = within_time(std::future::pending::<Result<(), _>>())
            .await
            .expect_err("no answer");
        assert_eq!(describe_error(&error), "Telegram did not respond in time");
    }
}
