//! Downloads of files that do not fit into memory well.

use std::{io::Write, time::Duration};

use netvane_document::Failure;

use super::{Http, Redirects, parse, reason, within};

/// Result of a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Status code of the final response. Only the body of a response with status 200 is written.
    pub status: u16,
    /// Host of the final response, after redirects.
    pub host: String,
    /// Number of bytes written.
    pub bytes: u64,
}

impl Http {
    /// Sends a GET request, follows redirects to https, and writes the body to `sink` while it arrives. Fails after a
    /// redirect to http, if the body has more than `max_bytes`, if the connection ends before its end, or after `timeout`, which covers everything; what
    /// was written until then is incomplete.
    pub async fn download(
        &self,
        url: &str,
        max_bytes: u64,
        timeout: Duration,
        sink: &mut (dyn Write + Send),
    ) -> Result<Downloaded, Failure> {
        let (url, host) = parse(url)?;

        within(host, timeout, async {
            let (mut response, host) = self.follow(url, "*/*", Redirects::FEW_TO_HTTPS).await?;
            let status = response.status().as_u16();
            let mut bytes = 0;

            if status == 200 {
                let too_large = |size: u64| {
                    (size > max_bytes).then(|| Failure::TooLarge {
                        what: format!("the response from {host}"),
                        limit: usize::try_from(max_bytes).unwrap_or(usize::MAX),
                    })
                };
                response
                    .content_length()
                    .and_then(too_large)
                    .map_or(Ok(()), Err)?;

                while let Some(chunk) = response
                    .chunk()
                    .await
                    .map_err(|error| reason(&host, &error))?
                {
                    bytes += chunk.len() as u64;
                    too_large(bytes).map_or(Ok(()), Err)?;
                    sink.write_all(&chunk).map_err(|error| {
                        Failure::Unavailable(format!("could not write the download: {error}"))
                    })?;
                }
            }

            Ok(Downloaded {
                status,
                host,
                bytes,
            })
        })
        .await
    }
}
