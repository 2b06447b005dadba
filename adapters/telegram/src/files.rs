//! Download of files with mail messages.

use futures::StreamExt;
use teloxide::{net::Download, requests::Requester, types::Document};
use tokio::time::{Duration, timeout};

use crate::bot::{Hub, call, describe_error};

/// Largest file in bytes that Telegram lets bots download.
const MOST_GIVEN: u32 = 20 << 20;

/// Largest mail message in bytes that is read.
const MOST_READ: usize = 512 << 10;

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

/// Downloads a file and returns its text. The error is a sentence for the user.
pub(crate) async fn fetch(hub: &Hub, file: &Document) -> Result<String, String> {
    let size = file.file.size;
    if size > MOST_GIVEN && size != u32::MAX {
        return Err(
            "The file is too large: Telegram limits bots to 20 MB. Send the headers as text."
                .into(),
        );
    }

    let too_large = || {
        format!(
            "The file is too large (max {} KiB). Send the headers as text.",
            MOST_READ >> 10
        )
    };

    if size as usize > MOST_READ && size != u32::MAX {
        return Err(too_large());
    }

    let found = call(hub.bot.get_file(file.file.id.clone())).await;
    let path = found
        .map_err(|error| format!("Could not download the file: {}", describe_error(&error)))?
        .path;
    let read = async {
        let mut stream = hub.bot.download_file_stream(&path);
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| {
                tracing::debug!(
                    error = error.without_url().to_string(),
                    "file download interrupted"
                );
                "The file download was interrupted. Please try again.".to_owned()
            })?;
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST_READ {
                return Err(too_large());
            }
        }
        Ok(bytes)
    };

    let bytes = timeout(DOWNLOAD, read)
        .await
        .unwrap_or_else(|_| Err("The file download timed out. Please try again.".into()))?;

    if bytes.is_empty() {
        Err("The file is empty.".into())
    } else {
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
