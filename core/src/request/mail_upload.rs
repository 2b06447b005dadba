//! A mail message that arrives in parts, as an argument of a command.

use std::{
    io::{self, Seek, SeekFrom, Write},
    time::Duration,
};

use data_encoding::HEXLOWER;
use netvane_document::{Failure, UsageError};
use netvane_facts::mailtrace::{MessageReader, SignedPart, msg};
use netvane_net::mailauth::BodyHasher;
use ring::digest;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::{spawn_blocking, yield_now},
};

use crate::args::{MAX_MESSAGE, Message, WholeMessage};

/// Maximum number of Outlook files that are on the disk at a time.
const MAX_SPOOLS: usize = 2;
static SPOOLS: Semaphore = Semaphore::const_new(MAX_SPOOLS);
/// Time to wait until another Outlook file is finished.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of an Outlook file that are in memory.
const BUFFER: usize = 1 << 20;

/// Bytes of a message that are hashed at once; other tasks run in between.
const AT_ONCE: usize = 64 << 10;

/// Reads a message that arrives in parts: of a large one only the start remains, its body is hashed for its signatures.
/// Of an Outlook file, which is kept on the disk meanwhile, only the transport headers remain.
pub struct MailUpload {
    limit: usize,
    size: usize,
    reader: MessageReader,
    /// Hashes of the body, once the header section is complete.
    hasher: Option<BodyHasher>,
    /// SHA-256 of the whole message.
    digest: digest::Context,
    spool: Option<Spool>,
    /// What is not yet in the spool file.
    spool_buffer: Vec<u8>,
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
            reader: MessageReader::default(),
            hasher: None,
            digest: digest::Context::new(&digest::SHA256),
            spool: None,
            spool_buffer: Vec::new(),
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

        for part in part.chunks(AT_ONCE) {
            if self.spool.is_some() {
                self.write_to_spool(part).await?;
                continue;
            }
            self.read(part);
            if self.reader.start().starts_with(&msg::MAGIC) {
                self.spool = Some(Spool::new().await?);
                let start = std::mem::take(&mut self.reader).into_start();
                self.write_to_spool(&start).await?;
            } else if part.len() == AT_ONCE {
                yield_now().await;
            }
        }
        Ok(())
    }

    fn read(&mut self, part: &[u8]) {
        self.digest.update(part);
        let hasher = &mut self.hasher;
        self.reader.push(part, |signed| match signed {
            SignedPart::Head(head) => *hasher = Some(BodyHasher::new(head)),
            SignedPart::Body(body) => {
                if let Some(hasher) = hasher {
                    hasher.update(body);
                }
            }
        });
    }

    async fn write_to_spool(&mut self, part: &[u8]) -> Result<(), Failure> {
        self.spool_buffer.extend_from_slice(part);
        if self.spool_buffer.len() >= BUFFER {
            self.flush().await?;
        }
        Ok(())
    }

    /// The message as the text of an argument.
    ///
    /// # Errors
    /// The message is empty, or it is an Outlook file without transport headers.
    pub async fn finish(mut self) -> Result<String, Failure> {
        if self.size == 0 {
            return Err(UsageError::argument("the message is empty").into());
        }
        self.flush().await?;
        let Some(Spool {
            mut file,
            _permit: permit,
        }) = self.spool.take()
        else {
            return Ok(self.into_argument());
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

    fn into_argument(self) -> String {
        if self.reader.start().len() == self.size {
            return Message::argument(self.reader.into_start());
        }
        let hasher = self.hasher.filter(|_| self.reader.is_signed());
        let whole = WholeMessage {
            size: self.size,
            digest: HEXLOWER.encode(self.digest.finish().as_ref()),
            body_hashes: hasher.map(|hasher| hasher.finish().body_hashes()),
        };
        Message::start_argument(self.reader.start(), &whole)
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
        let bytes = std::mem::take(&mut self.spool_buffer);
        spawn_blocking(move || file.write_all(&bytes))
            .await
            .map_err(|_| Failure::Internal)?
            .map_err(|error| disk_failed(&error))
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

    /// The message as the command gets it.
    async fn message(bytes: &[u8], part: usize) -> Message {
        let argument = upload(bytes, part).await.expect("a message");
        serde_json::from_value(argument.into()).expect("an argument")
    }

    #[tokio::test]
    async fn of_a_large_message_the_start_and_the_hashes_remain() {
        let head = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=a.test; s=s; h=from; bh=AAAA; b=AAAA\r\n\
            From: a@a.test\r\n\r\n";
        let body = b"Gr\xfc\xdfe \r\n".repeat(1 << 17);
        let large = [head.as_bytes(), &body].concat();
        let mut hasher = BodyHasher::new(head.as_bytes());
        hasher.update(&body);
        let expected = hasher.finish().body_hashes();

        let shown = |message: &Message| serde_json::to_value(message).expect("text");
        let whole = Message {
            bytes: large.clone(),
            rest: None,
        };
        for part in [999, 1 << 16, large.len()] {
            let message = message(&large, part).await;
            assert!(message.bytes.len() < 100 << 10, "{}", message.bytes.len());
            assert!(large.starts_with(&message.bytes));
            assert_eq!(shown(&message), shown(&whole), "one cache key");
            let rest = message.rest.expect("a large message");
            assert_eq!(rest.body_hashes.as_deref(), Some(expected.as_str()));
        }
        let unsigned = message(&[b"Hello\n", large.as_slice()].concat(), 5000).await;
        assert_eq!(unsigned.rest.and_then(|rest| rest.body_hashes), None);
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
