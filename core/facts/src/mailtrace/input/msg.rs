//! Outlook's `.msg` files: the transport headers in a Compound File Binary Format container ([MS-OXMSG], [MS-CFB]).

use std::io::{self, Read, Seek};

use super::{MAX_HEAD, MAX_MESSAGE};

/// First bytes of each Compound File Binary Format file.
pub const MAGIC: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];
/// Streams of the property `PidTagTransportMessageHeaders`: in UTF-16, and in 8-bit text.
const STREAMS: [(&str, bool); 2] = [
    ("/__substg1.0_007D001F", true),
    ("/__substg1.0_007D001E", false),
];

/// The transport headers of a message as UTF-8 or as the 8-bit text that they are, at most 4 MiB of them; empty if the
/// file has none, as one that was never sent.
///
/// # Errors
/// The file cannot be read, or is not a valid container.
pub fn transport_headers(file: impl Read + Seek) -> io::Result<Vec<u8>> {
    let mut container = cfb::CompoundFile::open(file)?;
    for (name, is_wide) in STREAMS {
        if !container.is_stream(name) {
            continue;
        }
        let mut bytes = Vec::new();
        container
            .open_stream(name)?
            .take(2 * MAX_HEAD as u64)
            .read_to_end(&mut bytes)?;
        return Ok(if is_wide {
            super::utf16(&bytes, true, 2 * MAX_HEAD).into_bytes()
        } else {
            bytes
        });
    }
    Ok(Vec::new())
}

/// The transport headers of a file in memory. Of a damaged container, the first run of text that begins with a
/// `Received` field.
pub(super) fn headers_of(bytes: &[u8]) -> Vec<u8> {
    match transport_headers(io::Cursor::new(bytes)) {
        Ok(head) => head,
        Err(_) => search(bytes),
    }
}

fn search(bytes: &[u8]) -> Vec<u8> {
    let wide: Vec<u8> = b"Received: ".iter().flat_map(|&b| [b, 0]).collect();
    if let Some(at) = find(bytes, &wide) {
        let run = &bytes[at..];
        let units = run.chunks_exact(2).position(|pair| pair == [0, 0]);
        let end = units.map_or(run.len(), |units| 2 * units);
        return super::utf16(&run[..end], true, MAX_HEAD).into_bytes();
    }
    let Some(at) = find(bytes, b"Received: ") else {
        return Vec::new();
    };
    let run = bytes[at..].split(|&b| b == 0).next().unwrap_or_default();
    run[..run.len().min(MAX_HEAD)].to_vec()
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let bytes = &bytes[..bytes.len().min(MAX_MESSAGE)];
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(step) = bytes[from..].iter().position(|&b| b == first) {
        if bytes[from + step..].starts_with(needle) {
            return Some(from + step);
        }
        from += step + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A container with one stream; a second, larger one makes the sectors of the first discontiguous.
    fn container(stream: &str, text: &[u8]) -> Vec<u8> {
        let mut file = cfb::CompoundFile::create(io::Cursor::new(Vec::new())).expect("a file");
        let mut first = file.create_stream(stream).expect("a stream");
        for part in text.chunks(700) {
            first.write_all(part).expect("written");
            first.flush().expect("written");
        }
        drop(first);
        file.create_stream("/__substg1.0_1000001F")
            .expect("a stream")
            .write_all(&[b'R'; 9000])
            .expect("written");
        file.flush().expect("written");
        file.into_inner().into_inner()
    }

    #[test]
    fn headers_are_read_from_the_stream_of_the_property() {
        let text = format!(
            "Received: from ü\r\n{}From: a@a.example\r\n",
            "X-A: b\r\n".repeat(2000)
        );
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(
            headers_of(&container("/__substg1.0_007D001F", &wide)),
            text.as_bytes()
        );
        assert_eq!(
            headers_of(&container("/__substg1.0_007D001E", b"From: \xfc")),
            b"From: \xfc"
        );
        assert_eq!(headers_of(&container("/__substg1.0_0037001F", &wide)), b"");
    }

    #[test]
    fn damaged_files_do_not_panic() {
        let whole = container("/__substg1.0_007D001E", b"From: a");
        for length in (0..whole.len()).step_by(97) {
            let _ = headers_of(&whole[..length]);
        }
        for at in 0..2048.min(whole.len()) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            let _ = headers_of(&damaged);
        }
    }
}
