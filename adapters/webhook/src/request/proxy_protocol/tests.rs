use std::net::SocketAddr;

use super::*;

fn ok(bytes: &[u8]) -> ProxyHeader {
    relayed(bytes).expect("whole").expect("a header")
}

#[test]
fn reads_version_1() {
    let line = b"PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\r\nGET / HTTP/1.1\r\n";
    let (relayed, length) = ok(line);
    assert_eq!((relayed.version, length), (1, 44));
    let (source, destination) = relayed.ends.expect("addresses");
    assert_eq!(
        (source.to_string().as_str(), destination.port()),
        ("192.0.2.1:4711", 443)
    );
    assert_eq!(ok(b"PROXY UNKNOWN\r\n").0.ends, None);
    assert_eq!(
        ok(b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n")
            .0
            .ends
            .expect("addresses")
            .0
            .to_string(),
        "[2001:db8::1]:1"
    );
}

#[test]
fn reads_version_2_with_tls() {
    let ssl = [
        &[1, 0, 0, 0, 0][..],
        &[SSL_VERSION, 0, 7],
        b"TLSv1.3",
        &[SSL_CIPHER, 0, 3],
        b"AES",
    ]
    .concat();

    let header = v2::Builder::with_addresses(
        v2::Version::Two | v2::Command::Proxy,
        v2::Protocol::Stream,
        (
            "192.0.2.1:4711".parse::<SocketAddr>().expect("one"),
            "198.51.100.2:443".parse::<SocketAddr>().expect("one"),
        ),
    )
    .write_tlv(AUTHORITY, b"netvane.example")
    .and_then(|builder| builder.write_tlv(SSL, &ssl))
    .and_then(v2::Builder::build)
    .expect("a header");

    let (relayed, length) = ok(&[&header[..], b"GET / HTTP/1.1\r\n"].concat());
    assert_eq!((relayed.version, length), (2, header.len()));
    assert_eq!(
        relayed.ends.expect("addresses").0.to_string(),
        "192.0.2.1:4711"
    );

    let tls = relayed.tls.expect("TLS");
    assert_eq!(tls.protocol.as_deref(), Some("TLSv1.3"));
    assert_eq!(
        (tls.cipher.as_deref(), tls.server_name.as_deref()),
        (Some("AES"), Some("netvane.example"))
    );
}

#[test]
fn reads_a_header_in_any_pieces() {
    for line in [
        "PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\r\n",
        "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY UNKNOWN\r\n",
        "PROXY UNKNOWN b\u{fc}cher\r\n",
    ] {
        for seen in 0..line.len() {
            assert!(
                relayed(&line.as_bytes()[..seen]).is_none(),
                "{line:?} at {seen}"
            );
        }
        assert_eq!(ok(line.as_bytes()).1, line.len());
    }
}

#[test]
fn rejects_invalid_headers_and_waits_for_incomplete_ones() {
    for start in [
        "",
        "P",
        "PROXY ",
        "PROXY TCP4 192.0.2.1 198.51",
        "\r\n\r\n\0\r\nQUI",
    ] {
        assert!(relayed(start.as_bytes()).is_none(), "{start:?}");
    }

    let long = format!("PROXY TCP4 {}", "1".repeat(200));

    for other in [
        "GET / HTTP/1.1\r\n",
        "PROXY TCP4 a b c d\r\n",
        "PROXY TCP5 1 2\r\n",
        long.as_str(),
    ] {
        assert!(
            relayed(other.as_bytes()).expect("decided").is_err(),
            "{other:?}"
        );
    }

    assert!(
        relayed(b"\r\n\r\n\0\r\nQUIT\n\xf1\x11\0\x0c............")
            .expect("decided")
            .is_err()
    );
}
