use super::*;

const SECRET_KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw1xGbqAJ3BBE=";

fn signing(text: &str) -> SigningKey {
    SigningKey::read_all(text).expect("a key").remove(0)
}

fn private(byte: u8) -> String {
    format!("whsk_{}", BASE64.encode(&[byte; 32]))
}

#[test]
fn every_signature_verifies_with_the_key_that_the_receiver_gets() {
    let keys = [SECRET_KEY.to_owned(), private(1), private(2)];
    for (index, text) in keys.iter().enumerate() {
        let signature = signing(text).sign(b"id.1.body");
        for (other, text) in keys.iter().enumerate() {
            let key = VerifyingKey::read(&signing(text).for_receiver()).expect("a key");
            assert_eq!(key.verify(b"id.1.body", &signature), index == other);
            assert!(!key.verify(b"id.1.bodY", &signature));
            let (_, tag) = signature.split_once(',').expect("a version");
            for version in ["v1,", "v1a,", "v2,", ",", "v1a,A", ""] {
                let claimed = format!("{version}{tag}");
                let is_own = index == other && claimed == signature;
                assert_eq!(key.verify(b"id.1.body", &claimed), is_own, "{claimed}");
            }
        }
    }
}

/// RFC 8032 §7.1, test 2.
#[test]
fn signs_as_the_test_vector_of_rfc_8032() {
    let hex = |text: &str| {
        data_encoding::HEXLOWER
            .decode(text.as_bytes())
            .expect("hex")
    };
    let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    let signature = hex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    );
    let both = [&seed[..], &public[..]].concat();
    for bytes in [&seed, &both] {
        let key = signing(&format!("whsk_{}", BASE64.encode(bytes)));
        assert_eq!(
            key.sign(&[0x72]),
            format!("v1a,{}", BASE64.encode(&signature))
        );
        let shown = format!("whpk_{}", BASE64.encode(&public));
        assert_eq!(key.public(), Some(shown.clone()));
        assert_eq!(key.for_receiver(), shown);
    }
}

/// The test vector of the reference implementation of Standard Webhooks.
#[test]
fn verifies_the_example_of_the_specification() {
    let key = VerifyingKey::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
    let message = br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
    assert!(key.verify(message, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
}

#[test]
fn a_derived_secret_belongs_to_one_url() {
    let key = signing(SECRET_KEY);
    let derived = |url: &str| {
        let url = Url::parse(url).expect("a URL");
        key.derive(&url).expect("a secret").for_receiver()
    };
    let one = derived("https://ops.example/hook");
    assert_eq!(one, derived("HTTPS://OPS.example:443/hook"), "the same URL");
    assert!(VerifyingKey::read(&one).is_ok());
    for other in [
        "https://ops.example/hook?a",
        "https://ops.example/Hook",
        "https://ops.example/",
        "http://ops.example/hook",
        "https://ops.example:8443/hook",
    ] {
        assert_ne!(derived(other), one, "{other}");
    }
    assert_ne!(one, SECRET_KEY);
    let url = Url::parse("https://ops.example/hook").expect("a URL");
    assert!(signing(&private(1)).derive(&url).is_none());
}

#[test]
fn rejects_wrong_keys_without_repeating_them() {
    let secret = |bytes: usize| format!("whsec_{}", BASE64.encode(&vec![7; bytes]));
    let public = |bytes: usize| format!("whpk_{}", BASE64.encode(&vec![7; bytes]));
    for right in [secret(24), secret(64), private(1)] {
        assert!(SigningKey::read_all(&right).is_ok(), "{right}");
    }
    for right in [secret(24), secret(64), public(32)] {
        assert!(VerifyingKey::read(&right).is_ok(), "{right}");
    }
    let mismatch = format!("whsk_{}", BASE64.encode(&[7; 64]));
    let short = format!("whsk_{}", BASE64.encode(&[7; 31]));
    for wrong in [
        "x",
        "whsec_",
        &secret(23),
        &secret(65),
        &public(32),
        &mismatch,
        &short,
    ] {
        let fault = SigningKey::read_all(wrong).map(|_| ()).expect_err(wrong);
        assert!(!fault.contains(wrong) || wrong.len() < 7, "{fault}");
    }
    for wrong in [
        "",
        "x",
        "whpk_",
        &public(31),
        &public(33),
        &private(1),
        &secret(23),
    ] {
        assert!(VerifyingKey::read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn two_keys_are_in_force_during_rotation() {
    let read = |text: &str| SigningKey::read_all(text).map(|keys| keys.len());
    let (old, new) = (SECRET_KEY, private(1));
    for separator in [" ", ",", ", ", "\n"] {
        assert_eq!(read(&format!("{new}{separator}{old}")), Ok(2));
    }
    assert_eq!(read(""), Ok(0));
    assert!(read(&format!("{old} {old}")).is_err());
    assert!(read(&format!("{old} {new} {}", private(2))).is_err());
}
