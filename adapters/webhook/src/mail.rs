//! Mail messages in request bodies: raw, or as a file of a form.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use futures::{Stream, StreamExt};
use multer::Multipart;
use netvane_core::{
    Failure, Input, UsageError,
    command::{Entry, Registry},
    request::mail_upload::MailUpload,
    spec::Argument,
};
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{app::App, body, page::form_fields};

/// Media types of a raw message.
const TYPES: [&str; 4] = [
    "message/rfc822",
    "message/global",
    "application/octet-stream",
    "application/vnd.ms-outlook",
];
/// Name of the file field of a form.
pub(crate) const FILE: &str = "file";
/// Mebibytes of messages in memory at a time. A slow client takes only as many as it has sent.
const MAX_RECEIVED: usize = 128;
/// Most mebibytes that one message keeps in memory: its start, and its form as an argument.
const MAX_KEPT: usize = 16;
static RECEIVED: Semaphore = Semaphore::const_new(MAX_RECEIVED);
/// Deadline of a whole message; each part has the deadline of other requests.
const PATIENCE: Duration = Duration::from_secs(120);
/// Most fields of a form, and most bytes of one that is not a message.
const MAX_FIELDS: usize = 20;
const MAX_FIELD: usize = 4096;

/// Returns the media type of the body, in lower case and without parameters.
fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let bare = value.split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}

/// Returns whether the body is a raw message.
pub(crate) fn is_message(headers: &HeaderMap) -> bool {
    TYPES.contains(&media_type(headers).as_str())
}

/// Returns the command's argument that takes a message.
pub(crate) fn message_argument(entry: &Entry) -> Option<&Argument> {
    entry.arguments.iter().find(|argument| argument.message)
}

/// Returns the arguments of the command's first example, a message as it is written there: serialized
/// it is only its size and digest.
pub(crate) fn example(registry: &Registry, entry: &Entry) -> Map<String, Value> {
    let mut example = netvane_core::command::example(registry, entry);
    let line = entry.spec.examples.first().copied().unwrap_or_default();

    if let (Some(argument), Some((_, message))) = (message_argument(entry), line.split_once(' ')) {
        example.insert(argument.name.clone(), message.into());
    }
    example
}

/// Returns the command with `message` as its argument.
pub(crate) fn message_input(entry: &Entry, argument: &Argument, message: String) -> Input {
    Input::Named {
        name: entry.spec.name.to_owned(),
        arguments: [(argument.name.clone(), message.into())]
            .into_iter()
            .collect(),
    }
}

/// Reads a body that is a raw message, within its limits of size and time, as an argument.
pub(crate) async fn read(app: &App, body: Body) -> Result<String, Failure> {
    let mut upload = MailUpload::default();
    let mut parts = std::pin::pin!(bounded(app, body));
    let reading = async {
        while let Some(part) = parts.next().await {
            upload.push(&part?).await?;
        }
        upload.finish().await
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .unwrap_or_else(|_| Err(slow(PATIENCE)))
}

/// Reads the input of a tool's form: a raw message, a multipart form that may have a file, or form fields. `None` if
/// no field of the tool was sent.
pub(crate) async fn form(
    app: &App,
    entry: &Entry,
    headers: &HeaderMap,
    body: Body,
) -> Result<Option<Input>, Failure> {
    let Some(argument) = message_argument(entry) else {
        return Ok(form_fields(entry, &body::read(app, body).await?));
    };
    if is_message(headers) {
        let message = read(app, body).await?;
        return Ok(Some(message_input(entry, argument, message)));
    }
    if media_type(headers) != "multipart/form-data" {
        return Ok(form_fields(entry, &body::read(app, body).await?));
    }

    let value = headers.get(header::CONTENT_TYPE);
    let value = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let boundary = multer::parse_boundary(value).map_err(invalid)?;
    let form = Multipart::new(bounded(app, body), boundary);
    tokio::time::timeout(PATIENCE, multipart(entry, argument, form))
        .await
        .unwrap_or_else(|_| Err(slow(PATIENCE)))
}

/// Takes the file if there is one, else the text.
async fn multipart(
    entry: &Entry,
    argument: &Argument,
    mut form: Multipart<'_>,
) -> Result<Option<Input>, Failure> {
    let mut others: Vec<(String, Vec<u8>)> = Vec::new();
    let mut message = None;

    for _ in 0..MAX_FIELDS {
        let Some(mut field) = form.next_field().await.map_err(form_failed)? else {
            break;
        };
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = name == FILE;
        if is_file || name == argument.name {
            let mut upload = MailUpload::default();
            let mut is_empty = true;
            while let Some(part) = field.chunk().await.map_err(form_failed)? {
                is_empty &= part.is_empty();
                upload.push(&part).await?;
            }
            // A form sends an empty file where none is chosen.
            if !is_empty && (is_file || message.is_none()) {
                message = Some(upload.finish().await?);
            }
            continue;
        }
        let mut value = Vec::new();
        while let Some(part) = field.chunk().await.map_err(form_failed)? {
            value.extend_from_slice(&part);
            if value.len() > MAX_FIELD {
                return Err(UsageError::argument(format!("`{name}` is too long")).into());
            }
        }
        others.push((name, value));
    }

    let mut fields = form_urlencoded::Serializer::new(String::new());
    for (name, value) in others {
        fields.append_pair(&name, &String::from_utf8_lossy(&value));
    }
    let input = form_fields(entry, fields.finish().as_bytes());
    let Some(message) = message else {
        return Ok(input);
    };
    let mut input = input.unwrap_or_else(|| message_input(entry, argument, String::new()));
    if let Input::Named { arguments, .. } = &mut input {
        arguments.insert(argument.name.clone(), message.into());
    }
    Ok(Some(input))
}

/// The parts of a body, each within the deadline of a request, and together within the memory for all messages.
fn bounded(
    app: &App,
    body: Body,
) -> impl Stream<Item = Result<bytes::Bytes, Failure>> + Send + use<> {
    let limit = app.read_timeout;
    let begin = Some((body.into_data_stream(), Share::default()));
    futures::stream::unfold(begin, move |state| async move {
        let (mut parts, mut share) = state?;
        let part = match tokio::time::timeout(limit, parts.next()).await {
            Ok(None) => return None,
            Ok(Some(Ok(part))) => share.grow(part.len()).map(|()| part),
            Ok(Some(Err(error))) => Err(invalid(error)),
            Err(_) => Err(slow(limit)),
        };
        let rest = part.is_ok().then_some((parts, share));
        Some((part, rest))
    })
}

/// The part of the memory for messages that one of them takes.
#[derive(Default)]
struct Share {
    bytes: usize,
    permits: Vec<SemaphorePermit<'static>>,
}

impl Share {
    fn grow(&mut self, bytes: usize) -> Result<(), Failure> {
        self.bytes += bytes;
        while self.permits.len() < (self.bytes >> 20).min(MAX_KEPT) {
            let permit = RECEIVED.try_acquire().map_err(|_| {
                Failure::Unavailable("too many uploads at a time; try again later".into())
            })?;
            self.permits.push(permit);
        }
        Ok(())
    }
}

/// Why a form could not be read: the cause, where its stream failed.
fn form_failed(error: multer::Error) -> Failure {
    match error {
        multer::Error::StreamReadFailed(cause) => match cause.downcast::<Failure>() {
            Ok(failure) => *failure,
            Err(cause) => invalid(cause),
        },
        error => invalid(error),
    }
}

fn slow(after: Duration) -> Failure {
    Failure::Timeout {
        what: "the rest of the request body".into(),
        after,
    }
}

fn invalid(error: impl std::fmt::Display) -> Failure {
    UsageError::argument(format!("the request body could not be read: {error}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_share_a_bounded_memory() {
        let mut first = Share::default();
        first.grow((1 << 20) - 1).expect("less than one unit");
        assert_eq!(RECEIVED.available_permits(), MAX_RECEIVED);
        let mut others: Vec<Share> = Vec::new();
        others.resize_with(MAX_RECEIVED / MAX_KEPT, Share::default);
        for other in &mut others {
            other.grow(25 << 20).expect("it fits");
        }
        assert!(matches!(first.grow(1), Err(Failure::Unavailable(_))));
        drop((first, others));
        assert_eq!(RECEIVED.available_permits(), MAX_RECEIVED);
    }

    #[test]
    fn media_types_are_compared_without_parameters() {
        let of = |value: &'static str| {
            let value = header::HeaderValue::from_static(value);
            is_message(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
        };
        assert!(of("message/rfc822") && of("Application/Octet-Stream; charset=x"));
        assert!(!of("text/plain") && !of("") && !of("message/rfc8222"));
        assert!(!is_message(&HeaderMap::new()));
    }
}
