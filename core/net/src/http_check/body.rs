//! The body of an answer, bounded in bytes as received and as decompressed.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Most bytes of a body that are read.
pub(super) const MAX: usize = 1 << 20;
/// Most bytes of a decompressed body.
const MAX_DECODED: u64 = 4 << 20;

/// A body, as far as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// Number of bytes received.
    pub received: usize,
    /// Whether there is more: the limit or the deadline was reached, or the connection broke.
    pub truncated: bool,
    /// The content, decompressed; `None` if its coding is not supported.
    pub content: Option<Vec<u8>>,
}

impl Body {
    /// Makes a body of what was received, in the given content coding (RFC 9110 §8.4).
    pub(super) fn of(bytes: Vec<u8>, truncated: bool, coding: Option<&str>) -> Self {
        Self {
            received: bytes.len(),
            truncated,
            content: decode(bytes, coding.unwrap_or_default()),
        }
    }
}

/// Decompresses as much as there is, up to the limit. No coding is asked for, so this is for servers
/// that compress anyway.
fn decode(bytes: Vec<u8>, coding: &str) -> Option<Vec<u8>> {
    match coding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Some(bytes),
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(&bytes[..])),
        // Some servers send deflate without the zlib header.
        "deflate" => {
            read(ZlibDecoder::new(&bytes[..])).or_else(|| read(DeflateDecoder::new(&bytes[..])))
        }
        _ => None,
    }
}

/// Reads up to the limit. An error at the end, as of a truncated body, keeps what came before.
fn read(decoder: impl Read) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    match decoder.take(MAX_DECODED).read_to_end(&mut content) {
        Err(_) if content.is_empty() => None,
        _ => Some(content),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{GzEncoder, ZlibEncoder},
    };

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).expect("writes");
        encoder.finish().expect("ends")
    }

    #[test]
    fn a_compressed_bomb_is_decompressed_up_to_the_limit() {
        let bomb = gzip(&vec![0; 64 << 20]);
        assert!(bomb.len() < MAX);
        let body = Body::of(bomb.clone(), false, Some("gzip"));
        assert_eq!(body.received, bomb.len());
        assert_eq!(
            body.content.map(|content| content.len() as u64),
            Some(MAX_DECODED)
        );
    }

    #[test]
    fn reads_what_a_truncated_body_has() {
        let whole: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
        let mut bytes = gzip(&whole);
        bytes.truncate(bytes.len() / 2);
        let body = Body::of(bytes, true, Some("x-gzip"));
        let content = body.content.expect("a part");
        assert!(!content.is_empty() && whole.starts_with(&content));
    }

    #[test]
    fn knows_gzip_deflate_and_identity() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(b"text").expect("writes");
        let zlib = zlib.finish().expect("ends");
        for (bytes, coding, expected) in [
            (b"text".to_vec(), None, Some(&b"text"[..])),
            (b"text".to_vec(), Some("identity"), Some(b"text")),
            (gzip(b"text"), Some(" GZIP "), Some(b"text")),
            (zlib, Some("deflate"), Some(b"text")),
            (b"no gzip".to_vec(), Some("gzip"), None),
            (b"text".to_vec(), Some("br"), None),
        ] {
            let body = Body::of(bytes, false, coding);
            assert_eq!(body.content.as_deref(), expected, "{coding:?}");
        }
    }
}
