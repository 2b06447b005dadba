//! Unpacks downloaded databases: plain, gzip (DB-IP), or a tar archive with gzip (MaxMind). Streams, so that memory is
//! bounded however large a file is.

use std::io::{self, BufRead, BufReader, Read, Write};

use anyhow::{bail, ensure};
use flate2::bufread::MultiGzDecoder;

const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Size of a tar header, to which the parts of an archive are padded (POSIX.1-2017, pax, "ustar
/// Interchange Format").
const BLOCK: usize = 512;

/// Writes the database in a download to `to` and returns its size in bytes; fails if the download unpacks to more than
/// `max_bytes`.
pub(crate) fn unpack(
    download: impl Read,
    to: &mut impl Write,
    max_bytes: u64,
) -> anyhow::Result<u64> {
    let mut download = BufReader::new(download);
    let is_gzip = download.fill_buf()?.starts_with(&GZIP);
    if is_gzip {
        copy_database(MultiGzDecoder::new(download), to, max_bytes).map_err(explain_gzip)
    } else {
        copy_database(download, to, max_bytes)
    }
}

fn copy_database(plain: impl Read, to: &mut impl Write, max_bytes: u64) -> anyhow::Result<u64> {
    // One byte more than allowed shows that there are more.
    let mut plain = plain.take(max_bytes.saturating_add(1));
    let mut header = Vec::with_capacity(BLOCK);
    plain.by_ref().take(BLOCK as u64).read_to_end(&mut header)?;

    let size = if is_tar(&header) {
        copy_member(header, &mut plain, to)
    } else {
        to.write_all(&header)?;
        io::copy(&mut plain, to)
            .map(|rest| header.len() as u64 + rest)
            .map_err(Into::into)
    };

    // Whatever else is wrong follows from the missing rest.
    ensure!(
        plain.limit() > 0,
        "larger than {max_bytes} bytes when unpacked"
    );
    size
}

/// Adds what an error of the decoder means; other errors are of the file that is written.
fn explain_gzip(error: anyhow::Error) -> anyhow::Error {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};

    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    match kind {
        Some(InvalidData | InvalidInput | UnexpectedEof) => error.context("invalid gzip data"),
        _ => error,
    }
}

fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262).is_some_and(|magic| magic == b"ustar")
}

/// Copies the first file of an archive whose name ends in `.mmdb`.
fn copy_member(
    mut header: Vec<u8>,
    rest: &mut impl Read,
    to: &mut impl Write,
) -> anyhow::Result<u64> {
    while is_tar(&header) && header.len() == BLOCK {
        let Some((name, size)) = name_and_size(&header) else {
            break;
        };
        if name.ends_with(b".mmdb") {
            let copied = io::copy(&mut rest.by_ref().take(size), to)?;
            ensure!(copied == size, "the archive is truncated");
            return Ok(size);
        }

        let padded = size.checked_next_multiple_of(BLOCK as u64);
        io::copy(
            &mut rest.by_ref().take(padded.unwrap_or(u64::MAX)),
            &mut io::sink(),
        )?;
        header.clear();
        rest.by_ref().take(BLOCK as u64).read_to_end(&mut header)?;
    }
    bail!("the archive contains no .mmdb file")
}

fn name_and_size(header: &[u8]) -> Option<(&[u8], u64)> {
    let name = header.get(..100)?.split(|byte| *byte == 0).next()?;
    let size = std::str::from_utf8(header.get(124..136)?).ok()?;
    let size = u64::from_str_radix(size.trim_matches([' ', '\0']), 8).ok()?;
    Some((name, size))
}

#[cfg(test)]
mod tests;
