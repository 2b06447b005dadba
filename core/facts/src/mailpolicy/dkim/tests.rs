use super::*;

const RSA_512: &str = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKvBdeG4bpXVjW8C0pg6y1X907dqGEbVceV/Rkg0Vr3jmHI86PM0UrZ/bZ2VIODNWL70pOtvXzK41cQl1ouUJYECAwEAAQ==";
const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDG8jdF7zNwfcAxK0pTljlt2Y5xAZIhskUXBDR4/tL2gTrwNzqgt2q8WWTjKKT01/2gmw7673p+FK+5S65etGx4pj30XHmcKPDGeK76uNd/clDU39YeWvgsXQOIxokCArhuM8XQzPa0mzniMrPJlCDOR1L98mQxhRIz0R/47GfxoQIDAQAB";
/// The same key as an RSAPublicKey, without the algorithm.
const RSA_1024_BARE: &str = "MIGJAoGBAMbyN0XvM3B9wDErSlOWOW3ZjnEBkiGyRRcENHj+0vaBOvA3OqC3arxZZOMopPTX/aCbDvrven4Ur7lLrl60bHimPfRceZwo8MZ4rvq4139yUNTf1h5a+CxdA4jGiQICuG4zxdDM9rSbOeIys8mUIM5HUv3yZDGFEjPRH/jsZ/GhAgMBAAE=";
const RSA_2048: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsw7ST5p2zJFESFQPKmRHuR+ALN0Rc9H0Id4y99VoycE3tKpyy51i4I+GZBSNPrkRnW4LIeovjn17spgH62ur/Tc7XtsxPJaj1xbjznblCZYoUcim6A35/Xb/XVjBMHpw3mI1qQ68JjqfJUVnvIwt9bijcyBebA2Yl0LbKyiilgpae+9VDsYKqV5DQ0uueqzvcQlpUjI5VQOC2tGo0OKriZ0Jyk94682cYP14H7JXhMkPAH9lW7r7IgA9t6buAdaNpVwHckfy7PCo24LaIF9YGc+g4I485zzA0MpI4cVQxXkPt/UsQDwKFcWPvZhnFMLR6i85vCTJ63k6Y/Cw1wkvGQIDAQAB";
const ED25519: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

fn key(text: &str) -> Key {
    parse(text).key
}

#[test]
fn the_length_of_a_key_is_that_of_its_modulus() {
    for (data, bits) in [
        (RSA_512, 512),
        (RSA_1024, 1024),
        (RSA_1024_BARE, 1024),
        (RSA_2048, 2048),
    ] {
        let spaced = format!("{} {}", &data[..60], &data[60..].trim_end_matches('='));
        for text in [
            format!("v=DKIM1; k=rsa; p={data}"),
            format!("p={data};"),
            format!(" k = RSA ;\tp = {spaced}"),
        ] {
            assert_eq!(key(&text), Key::Rsa { bits }, "{text}");
        }
    }
    assert_eq!(
        key(&format!("v=DKIM1; k=ed25519; p={ED25519}")),
        Key::Ed25519
    );
}

#[test]
fn unusable_keys_are_told_apart() {
    assert_eq!(key("v=DKIM1; p="), Key::Revoked);
    assert_eq!(key("v=DKIM1; p= ; k=rsa"), Key::Revoked);
    assert_eq!(key("v=DKIM1; k=rsa"), Key::Missing);
    assert_eq!(key("k=dsa; p=AAAA"), Key::UnknownType("dsa".into()));
    for text in [
        "p=AAAA",
        "p=MIGf",
        "p=!!!!",
        "k=ed25519; p=AAAA",
        &format!("p={}", &RSA_1024[..100]),
        &format!("k=rsa; p={ED25519}"),
        &format!("k=ed25519; p={RSA_1024}"),
    ] {
        assert!(matches!(key(text), Key::Invalid(..)), "{text}");
    }
}

#[test]
fn truncated_keys_never_panic() {
    let der = decode(RSA_1024).expect("base64");
    for end in 0..der.len() {
        assert_eq!(der::rsa_bits(&der[..end]), None, "{end}");
    }
    for at in 0..der.len() {
        for value in [0, 0x7f, 0x80, 0x82, 0xff] {
            let mut changed = der.clone();
            changed[at] = value;
            _ = der::rsa_bits(&changed);
        }
    }
}

#[test]
fn tags_are_read_and_faults_named() {
    let read = parse(&format!(
        "v=DKIM1; t=y:s; h=sha1:SHA256; s=email; g=*; n=note; p={RSA_2048}"
    ));
    assert!(read.is_testing && read.is_strict);
    assert_eq!(read.hashes, ["sha1", "sha256"]);
    assert_eq!(read.services, ["email"]);
    assert_eq!(read.ignored, ["g"]);
    assert_eq!(read.faults, [""; 0]);
    assert!(parse("s=tlsrpt:*; p=").services.is_empty());

    for (text, fault) in [
        ("v=DKIM2; p=", "the version must be `DKIM1`, got `DKIM2`"),
        ("p=; v=DKIM1", "the version `v=DKIM1` must be the first tag"),
        ("v=DKIM1; p=; p=", "the tag `p` occurs twice"),
        (
            "v=DKIM1; oops; p=",
            "`oops` is not a tag: expected a name, `=` and a value",
        ),
    ] {
        assert_eq!(parse(text).faults, [fault], "{text}");
    }
}

#[test]
fn other_texts_are_not_records() {
    for text in ["v=DKIM1; k=rsa", "p=", "k=rsa; p=AAAA", "v=dkim1;p=AAAA"] {
        assert!(is_record(text), "{text}");
    }
    for text in ["", "v=spf1 -all", "v=DMARC1; x=none", "hello; world", "o=~"] {
        assert!(!is_record(text), "{text}");
    }
}
