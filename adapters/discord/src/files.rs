//! Download of attachments from Discord's CDN.

use netvane_core::{Failure, UsageError, args::MAX_MESSAGE, request::mail_upload::MailUpload};
use reqwest::Url;
use serenity::model::channel::Attachment;

use crate::{bot::Bot, rest::DownloadError};

/// Hosts of Discord's CDN.
const HOSTS: [&str; 2] = ["cdn.discordapp.com", "media.discordapp.net"];

/// Downloads an attachment and returns it as an argument. Fails if the file is too large, is not on
/// Discord's CDN, or cannot be fetched.
pub(crate) async fn text(bot: &Bot, file: &Attachment) -> Result<String, Failure> {
    let size = usize::try_from(file.size).unwrap_or(usize::MAX);

    if size > MAX_MESSAGE {
        return Err(Failure::TooLarge {
            what: "the file".into(),
            limit: MAX_MESSAGE,
        });
    }

    if !is_kept_by_discord(&file.url, bot.rest.origin(), bot.rest.is_discord()) {
        return Err(UsageError::argument("expected a file URL of Discord's CDN").into());
    }

    let _permit = bot.downloads().acquire().await.map_err(|error| {
        tracing::error!(%error, "could not create the file download client");
        Failure::Internal
    })?;

    let mut upload = MailUpload::default();
    bot.rest
        .download(&file.url, &mut upload)
        .await
        .map_err(|error| match error {
            DownloadError::Refused(refused) => Failure::Upstream {
                what: "the attached file".into(),
                why: refused.to_string(),
            },
            DownloadError::Upload(failure) => failure,
        })?;
    upload.finish().await
}

/// Returns whether the URL is on Discord's CDN, or on the configured API server if that is not
/// Discord. A forged URL could point anywhere, including the operator's own network.
fn is_kept_by_discord(url: &str, origin: &str, is_discord: bool) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let ours = Url::parse(origin).is_ok_and(|origin| origin.origin() == url.origin());
    let theirs = url.scheme() == "https"
        && url.port().is_none()
        && url.host_str().is_some_and(|host| HOSTS.contains(&host));
    theirs || (ours && !is_discord)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_urls_of_discords_hosts() {
        let discord = |url| is_kept_by_discord(url, "https://discord.com", true);
        assert!(discord(
            "https://cdn.discordapp.com/ephemeral-attachments/1/2/a.eml?ex=1"
        ));

        for forged in [
            "http://cdn.discordapp.com/a",
            "https://cdn.discordapp.com:8443/a",
            "https://cdn.discordapp.com@192.0.2.1/a",
            "https://cdn.discordapp.com.a.example/a",
            "https://127.0.0.1/a",
            "file:///etc/passwd",
        ] {
            assert!(!discord(forged), "{forged}");
        }

        assert!(is_kept_by_discord(
            "http://127.0.0.1:5/a",
            "http://127.0.0.1:5",
            false
        ));

        assert!(!is_kept_by_discord(
            "http://127.0.0.1:6/a",
            "http://127.0.0.1:5",
            false
        ));
    }
}
