//! Unpacks downloaded databases: plain, gzip (DB-IP), or a tar archive with gzip (MaxMind).

use std::io::Read;

use anyhow::{Context as _, bail};
use flate2::read::MultiGzDecoder;

const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Size of a tar header, to which the parts of an archive are padded (POSIX.1-2017, pax, "ustar
/// Interchange Format").
const BLOCK: usize = 512;

/// Extracts the database from a download; fails if it has more than `most` bytes.
pub(crate) fn database(fetched: Vec<u8>, most: usize) -> anyhow::Result<Vec<u8>> {
    let plain = if fetched.starts_with(&GZIP) {
        inflated(&fetched, most)?
    } else {
        fetched
    };
    if is_tar(&plain) {
        of_archive(&plain)
            .map(<[u8]>::to_vec)
            .context("the archive contains no .mmdb file")
    } else {
        Ok(plain)
    }
}

fn inflated(fetched: &[u8], most: usize) -> anyhow::Result<Vec<u8>> {
    let mut plain = Vec::new();
    let bound = u64::try_from(most)?.saturating_add(1);
    MultiGzDecoder::new(fetched)
        .take(bound)
        .read_to_end(&mut plain)
        .context("invalid gzip data")?;
    if plain.len() > most {
        bail!("larger than {most} bytes when unpacked");
    }
    Ok(plain)
}

fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262).is_some_and(|magic| magic == b"ustar")
}

/// Returns the first file of the archive whose name ends in `.mmdb`.
fn of_archive(mut rest: &[u8]) -> Option<&[u8]> {
    while is_tar(rest) {
        let name = rest.get(..100)?.split(|byte| *byte == 0).next()?;
        let size = std::str::from_utf8(rest.get(124..136)?).ok()?;
        let size = usize::from_str_radix(size.trim_matches([' ', '\0']), 8).ok()?;
        let content = rest.get(BLOCK..)?;
        if name.ends_with(b".mmdb") {
            return content.get(..size);
        }
        rest = content.get(size.checked_next_multiple_of(BLOCK)?..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const MOST: usize = 4096;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(plain).expect("into memory");
        packed.finish().expect("into memory")
    }

    fn member(name: &str, content: &[u8]) -> Vec<u8> {
        let mut header = vec![0; BLOCK];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[257..262].copy_from_slice(b"ustar");
        let padding = content.len().next_multiple_of(BLOCK) - content.len();
        [header, content.to_vec(), vec![0; padding]].concat()
    }

    #[test]
    fn reads_plain_gzip_and_tar() {
        let archive = [
            member("GeoLite2-City_20261127/COPYRIGHT.txt", &[b'c'; 600]),
            member("GeoLite2-City_20261127/GeoLite2-City.mmdb", b"the database"),
            vec![0; 2 * BLOCK],
        ]
        .concat();
        for fetched in [
            b"the database".to_vec(),
            gzip(b"the database"),
            archive.clone(),
            gzip(&archive),
        ] {
            assert_eq!(
                database(fetched, MOST).expect("a database"),
                b"the database"
            );
        }
    }

    #[test]
    fn rejects_broken_and_oversized_archives() {
        let told =
            |fetched: Vec<u8>| format!("{:#}", database(fetched, MOST).expect_err("refused"));
        assert_eq!(
            told(member("README", b"x")),
            "the archive contains no .mmdb file"
        );
        let mut cut = member("a.mmdb", &[7; 700]);
        cut.truncate(BLOCK + 600);
        assert_eq!(told(cut), "the archive contains no .mmdb file");
        let mut lying = member("README", b"x");
        lying[124..135].fill(b'7');
        assert_eq!(told(lying), "the archive contains no .mmdb file");
        assert_eq!(
            told(gzip(&[0; MOST + 1])),
            "larger than 4096 bytes when unpacked"
        );
        let mut broken = gzip(b"the database");
        broken.truncate(broken.len() - 6);
        assert!(told(broken).starts_with("invalid gzip data"));
    }
}
