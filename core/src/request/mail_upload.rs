//! A mail message that arrives in parts, as an argument of a command.

use std::{
    io::{self, Seek, SeekFrom, Write},
    time::Duration,
};

use netvane_document::{Failure, UsageError};
use netvane_facts::mailtrace::msg;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::spawn_blocking,
};

use crate::args::{DigestedMessage, MAX_MESSAGE, Message};

/// Maximum number of Outlook files that are on the disk at a time.
const MAX_SPOOLS: usize = 2;
static SPOOLS: Semaphore = Semaphore::const_new(MAX_SPOOLS);
/// Time to wait until another Outlook file is finished.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of an Outlook file that are in memory.
const BUFFER: usize = 1 << 20;

/// Bytes of a message that are kept; of what follows the header section only hashes remain.
const KEPT: usize = 256 << 10;
/// Bytes that are kept of a message whose header section does not end.
const MOST_KEPT: usize = 4 << 20;

/// Bytes that are hashed without letting other tasks run.
const DIGESTED_AT_ONCE: usize = 32 << 10;

/// Collects a message. Of an Outlook file, which is kept on the disk meanwhile, only the transport headers remain, and
/// of a long message its start.
pub struct MailUpload {
    limit: usize,
    size: usize,
    /// The message, or what is not yet in the spool file.
    bytes: Vec<u8>,
    spool: Option<Spool>,
    /// Number of bytes at which the header section is looked for next.
    look_at: usize,
    digested: Option<DigestedMessage>,
}

struct Spool {
    file: std::fs::File,
    _permit: SemaphorePermit<'static>,
}

impl Default for MailUpload {
    fn default() -> Self {
        Self::new(MAX_MESSAGE)
    }
}

impl MailUpload {
    /// Starts an upload of at most `limit` bytes, and never more than [`MAX_MESSAGE`].
    pub fn new(limit: usize) -> Self {
        Self {
            limit: limit.min(MAX_MESSAGE),
            size: 0,
            bytes: Vec::new(),
            spool: None,
            look_at: KEPT,
            digested: None,
        }
    }

    /// Adds the next part.
    ///
    /// # Errors
    /// The message is larger than the limit, other uploads take too long, or the disk has no space.
    pub async fn push(&mut self, part: &[u8]) -> Result<(), Failure> {
        self.size = self.size.saturating_add(part.len());
        if self.size > self.limit {
            return Err(Failure::TooLarge {
                what: "the message".into(),
                limit: self.limit,
            });
        }

        if let Some(digested) = &mut self.digested {
            digest(digested, part).await;
            return Ok(());
        }

        self.bytes.extend_from_slice(part);
        if self.spool.is_none() && self.bytes.starts_with(&msg::MAGIC) {
            self.spool = Some(Spool::new().await?);
        }
        if self.spool.is_some() && self.bytes.len() >= BUFFER {
            self.flush().await?;
        }
        if self.spool.is_none() && self.bytes.len() > self.look_at {
            self.look_for_body();
        }
        Ok(())
    }

    /// From the end of the header section on, only hashes are kept.
    fn look_for_body(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        match DigestedMessage::begin(bytes, self.look_at >= MOST_KEPT) {
            Ok(digested) => self.digested = Some(digested),
            Err(bytes) => {
                self.bytes = bytes;
                self.look_at *= 2;
            }
        }
    }

    /// The whole message as the text of an argument.
    ///
    /// # Errors
    /// The message is empty, or it is an Outlook file without transport headers.
    pub async fn finish(mut self) -> Result<String, Failure> {
        if self.size == 0 {
            return Err(UsageError::argument("the message is empty").into());
        }
        if let Some(digested) = self.digested {
            return digested.argument().ok_or(Failure::Internal);
        }
        if self.spool.is_none() {
            return Ok(Message::argument(self.bytes));
        }

        self.flush().await?;
        let Some(Spool {
            mut file,
            _permit: permit,
        }) = self.spool.take()
        else {
            return Err(Failure::Internal);
        };
        let read = move || {
            file.seek(SeekFrom::Start(0))?;
            msg::transport_headers(io::BufReader::new(file))
        };
        let headers = spawn_blocking(read).await.map_err(|_| Failure::Internal)?;
        drop(permit);

        match headers {
            Ok(headers) if headers.is_empty() => Err(UsageError::argument(
                "the .msg file has no transport headers, as a message that was never sent",
            )
            .into()),
            Ok(headers) => Ok(Message::argument(headers)),
            Err(error) => {
                tracing::debug!(%error, "invalid .msg file");
                Err(UsageError::argument("the file is not a valid .msg file").into())
            }
        }
    }

    /// Writes what is in memory to the spool file.
    async fn flush(&mut self) -> Result<(), Failure> {
        let Some(spool) = &self.spool else {
            return Ok(());
        };
        let mut file = spool
            .file
            .try_clone()
            .map_err(|error| disk_failed(&error))?;
        let bytes = std::mem::take(&mut self.bytes);
        spawn_blocking(move || file.write_all(&bytes))
            .await
            .map_err(|_| Failure::Internal)?
            .map_err(|error| disk_failed(&error))
    }
}

/// Adds a part to a message; lets other tasks run in between if it is large.
async fn digest(message: &mut DigestedMessage, part: &[u8]) {
    for piece in part.chunks(DIGESTED_AT_ONCE) {
        message.push(piece);
        tokio::task::consume_budget().await;
    }
}

impl Spool {
    /// Creates a file without a name, which is removed when it is closed.
    async fn new() -> Result<Self, Failure> {
        let busy = || Failure::Unavailable("too many .msg files at a time; try again later".into());
        let permit = tokio::time::timeout(PATIENCE, SPOOLS.acquire())
            .await
            .map_err(|_| busy())?
            .map_err(|_| busy())?;
        let file = spawn_blocking(tempfile::tempfile)
            .await
            .map_err(|_| Failure::Internal)?
            .map_err(|error| disk_failed(&error))?;
        Ok(Self {
            file,
            _permit: permit,
        })
    }
}

fn disk_failed(error: &io::Error) -> Failure {
    tracing::error!(%error, "could not spool a .msg file");
    Failure::Internal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlook_file(headers: &str) -> Vec<u8> {
        let mut file = cfb::CompoundFile::create(io::Cursor::new(Vec::new())).expect("a file");
        let units: Vec<u8> = headers.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut stream = file
            .create_stream("/__substg1.0_007D001F")
            .expect("a stream");
        stream.write_all(&units).expect("written");
        drop(stream);
        file.flush().expect("written");
        file.into_inner().into_inner()
    }

    async fn upload(bytes: &[u8], part: usize) -> Result<String, Failure> {
        let mut upload = MailUpload::default();
        for part in bytes.chunks(part) {
            upload.push(part).await?;
        }
        upload.finish().await
    }

    #[tokio::test]
    async fn a_message_is_the_argument_as_it_is() {
        let text = "From: a\r\n\r\nb\n";
        for part in [1, 3, 100] {
            assert_eq!(upload(text.as_bytes(), part).await.expect("text"), text);
        }
        let latin = upload(b"From: \xfc", 2).await.expect("bytes");
        assert_eq!(latin, "data:message/rfc822;base64,RnJvbTog/A==");
        let empty = upload(b"", 1).await.expect_err("nothing").to_string();
        assert_eq!(empty, "the message is empty");
    }

    #[tokio::test]
    async fn of_a_long_message_the_start_remains() {
        let head = "DKIM-Signature: v=1; a=rsa-sha256; d=a.test; s=s; h=from; bh=AAAA; b=AAAA\r\nFrom: a\r\n\r\n";
        for (head, kept) in [
            (head.to_owned(), KEPT + 100_000),
            (format!("no field\r\n{head}"), MOST_KEPT + 100_000),
            (format!("From: a\r\n{head}"), KEPT + 100_000),
            (
                format!("{}{head}", "X-Long: field\r\n".repeat(30_000)),
                2 * KEPT + 100_000,
            ),
        ] {
            let whole = format!("{head}{}", "text of a body\r\n".repeat(600_000));
            let argument = upload(whole.as_bytes(), 100_000).await.expect("text");
            let message: Message = serde_json::from_value(argument.into()).expect("a message");
            assert!(message.bytes.len() <= kept, "{} bytes", message.bytes.len());
            assert!(whole.as_bytes().starts_with(&message.bytes));
            assert!(message.body_hashes().is_some());
            let shown = serde_json::to_string(&message).expect("JSON");
            assert!(shown.contains(&format!("{} bytes", whole.len())), "{shown}");
        }
    }

    #[tokio::test]
    async fn an_upload_ends_at_its_limit() {
        let mut upload = MailUpload::new(10);
        upload.push(&[b'a'; 10]).await.expect("it fits");
        let error = upload.push(b"a").await.expect_err("one too many");
        assert!(
            matches!(error, Failure::TooLarge { limit: 10, .. }),
            "{error}"
        );
    }

    #[tokio::test]
    async fn of_an_outlook_file_the_headers_remain() {
        let mut file = outlook_file("From: ü <a@a.example>\r\n");
        assert_eq!(
            upload(&file, 1000).await.expect("headers"),
            "From: ü <a@a.example>\r\n"
        );
        assert_eq!(SPOOLS.available_permits(), MAX_SPOOLS);

        file.truncate(700);
        let error = upload(&file, 64).await.expect_err("truncated").to_string();
        assert_eq!(error, "the file is not a valid .msg file");
    }
}
