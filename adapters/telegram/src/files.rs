//! Download of files with mail messages.

use futures::StreamExt;
use netvane_core::{Failure, request::mail_upload::MailUpload};
use teloxide::{net::Download, requests::Requester, types::Document};
use tokio::time::{Duration, timeout};

use crate::{
    api::call,
    bot::{Hub, describe_error},
};

/// Largest file in bytes that Telegram lets bots download.
const MOST_GIVEN: u32 = 20 << 20;

const TOO_LARGE: &str =
    "The file is too large: Telegram limits bots to 20 MB. Send the headers as text.";

const DOWNLOAD: Duration = Duration::from_secs(60);

/// Returns whether a file is likely to be a mail message, by its name or MIME type.
pub(crate) fn is_mail(file: &Document) -> bool {
    let name = file.file_name.as_deref().unwrap_or_default().to_lowercase();
    let kind = file
        .mime_type
        .as_ref()
        .map(|kind| kind.essence_str().to_owned())
        .unwrap_or_default();
    [".eml", ".msg", ".txt"]
        .iter()
        .any(|ending| name.ends_with(ending))
        || kind == "message/rfc822"
}

/// Downloads a file and returns it as an argument. The error is a sentence for the user.
pub(crate) async fn fetch(hub: &Hub, file: &Document) -> Result<String, String> {
    let size = file.file.size;
    if size > MOST_GIVEN && size != u32::MAX {
        return Err(TOO_LARGE.into());
    }

    let found = call(&hub.bot, hub.bot.get_file(file.file.id.clone())).await;
    let path = found
        .map_err(|error| format!("Could not download the file: {}", describe_error(&error)))?
        .path;
    let read = async {
        let mut stream = hub.bot.download_file_stream(&path);
        let mut upload = MailUpload::new(MOST_GIVEN as usize);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| {
                tracing::debug!(
                    error = error.without_url().to_string(),
                    "file download interrupted"
                );
                "The file download was interrupted. Please try again.".to_owned()
            })?;
            upload
                .push(&chunk)
                .await
                .map_err(|failure| describe(&failure))?;
        }
        upload.finish().await.map_err(|failure| describe(&failure))
    };

    timeout(DOWNLOAD, read)
        .await
        .unwrap_or_else(|_| Err("The file download timed out. Please try again.".into()))
}

/// Describes why a message cannot be read, as a sentence.
fn describe(failure: &Failure) -> String {
    match failure {
        Failure::TooLarge { .. } => TOO_LARGE.to_owned(),
        _ => format!("The file cannot be read: {failure}."),
    }
}
