use super::*;

fn prefix(size: usize, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    [&length[4 - size..], content].concat()
}

fn message_of(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind][..], &prefix(3, content)].concat()
}

/// `ServerHello`, two certificates, an OCSP response and the end of the flight.
fn flight() -> Vec<u8> {
    let timestamps = [&[0, 18][..], &prefix(2, b"log")].concat();
    let hello = [
        &[3, 1][..],
        &[7; 32],
        &[0],
        &[0, 0x2f, 0],
        &prefix(2, &timestamps),
    ]
    .concat();
    let certificates = [prefix(3, b"leaf"), prefix(3, b"issuer")].concat();
    [
        message_of(2, &hello),
        message_of(11, &prefix(3, &certificates)),
        message_of(22, &[&[1][..], &prefix(3, b"staple")].concat()),
        message_of(13, &[]),
        message_of(14, &[]),
    ]
    .concat()
}

fn records(content: &[u8], size: usize) -> Vec<u8> {
    content
        .chunks(size)
        .flat_map(|chunk| [&[0x16, 3, 1][..], &prefix(2, chunk)].concat())
        .collect()
}

fn read_in_pieces(bytes: &[u8], size: usize) -> Result<Flight, String> {
    let mut flight = Flight::default();
    for piece in bytes.chunks(size) {
        flight.records.extend(piece);
        flight.read_records()?;
    }
    Ok(flight)
}

#[test]
fn reads_a_flight_however_it_is_cut() {
    for record_size in [1, 7, 1000] {
        let bytes = records(&flight(), record_size);
        for size in [1, 3, 50, bytes.len()] {
            let read = read_in_pieces(&bytes, size).expect("valid");
            assert!(read.is_complete, "{record_size} {size}");
            assert_eq!(read.hello.protocol, "TLS 1.0");
            assert_eq!(read.hello.cipher, "TLS_RSA_WITH_AES_128_CBC_SHA");
            assert_eq!(read.hello.chain, [b"leaf".to_vec(), b"issuer".to_vec()]);
            assert_eq!(read.hello.staple.as_deref(), Some(&b"staple"[..]));
            assert_eq!(read.hello.timestamps.as_deref(), Some(&b"log"[..]));
            assert!(read.hello.wants_client_certificate);
        }
    }
}

#[test]
fn an_alert_ends_the_handshake_with_its_meaning() {
    let alert = [0x15, 3, 1, 0, 2, 2, 70];
    let error = read_in_pieces(&alert, 100).err().expect("refused");
    assert!(error.ends_with("(alert protocol_version)"), "{error}");
    let warning = [0x15, 3, 1, 0, 2, 1, 112];
    assert!(read_in_pieces(&warning, 100).is_ok(), "a warning does not");
}

#[test]
fn damaged_flights_are_errors_or_incomplete() {
    let whole = records(&flight(), 1000);
    for end in 0..whole.len() {
        if let Ok(read) = read_in_pieces(&whole[..end], 1000) {
            assert!(!read.is_complete);
        }
    }
    for at in 0..whole.len() {
        for value in [0, 1, 2, 11, 22, 0x7f, 0xff] {
            let mut changed = whole.clone();
            changed[at] = value;
            let _ = read_in_pieces(&changed, 1000);
        }
    }
}

#[test]
fn a_list_of_certificates_is_bounded() {
    let certificates: Vec<u8> = std::iter::repeat_n(prefix(3, b"c"), 5000)
        .flatten()
        .collect();
    let message = message_of(11, &prefix(3, &certificates));
    let read = read_in_pieces(&records(&message, 16_000), 16_000).expect("valid");
    assert_eq!(read.hello.chain.len(), MAX_CERTIFICATES);
}
