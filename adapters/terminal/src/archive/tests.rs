use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::*;

const MOST: u64 = 4096;

fn unpacked(download: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut out = Vec::new();
    let size = unpack(download, &mut out, MOST)?;
    assert_eq!(size, out.len() as u64);
    Ok(out)
}

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
        assert_eq!(unpacked(&fetched).expect("a database"), b"the database");
    }
}

#[test]
fn rejects_broken_and_oversized_archives() {
    let told = |fetched: Vec<u8>| format!("{:#}", unpacked(&fetched).expect_err("refused"));
    assert_eq!(
        told(member("README", b"x")),
        "the archive contains no .mmdb file"
    );
    let mut cut = member("a.mmdb", &[7; 700]);
    cut.truncate(BLOCK + 600);
    assert_eq!(told(cut), "the archive is truncated");
    let mut lying = member("README", b"x");
    lying[124..135].fill(b'7');
    assert_eq!(told(lying), "the archive contains no .mmdb file");
    for oversized in [vec![0; 4097], member("a.mmdb", &[7; 4000])] {
        for download in [gzip(&oversized), oversized] {
            let why = told(download);
            assert!(
                why.contains("larger than 4096 bytes when unpacked"),
                "{why}"
            );
        }
    }
    assert_eq!(unpacked(&gzip(&[0; 4096])).expect("fits").len(), 4096);
    let mut broken = gzip(b"the database");
    broken.truncate(broken.len() - 6);
    assert!(told(broken).starts_with("invalid gzip data"));
}
