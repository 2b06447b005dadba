use super::*;

const NOW: u64 = 1_800_000_000;

fn secrets(bytes: &[u8]) -> Secrets {
    Secrets(
        bytes
            .iter()
            .map(|byte| hmac::Key::new(hmac::HMAC_SHA256, &[*byte; 32]))
            .collect(),
    )
}

fn tag(byte: u8, id: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]);
    format!(
        "v1,{}",
        BASE64.encode(hmac::sign(&key, format!("{id}.{NOW}.{body}").as_bytes()).as_ref())
    )
}

fn read(id: &str, at: u64, tags: &str) -> Result<Signature, String> {
    let at = at.to_string();
    Signature::read([Ok(id), Ok(at.as_str()), Ok(tags)], NOW)
}

#[tokio::test]
async fn one_matching_secret_and_signature_among_several_is_enough() {
    let store = Store::in_memory().expect("a store");
    let right = read(
        "msg_1",
        NOW,
        &format!("v1a,x v1,AAAA {}", tag(2, "msg_1", "{}")),
    )
    .expect("one");

    assert!(secrets(&[1, 2]).matches_secret(&right, b"{}"));
    assert!(
        !secrets(&[1, 2]).matches_secret(&right, b"{ }"),
        "another body"
    );
    assert!(
        !secrets(&[1, 3]).matches_secret(&right, b"{}"),
        "another secret"
    );
    let both = secrets(&[1, 2]);

    assert!(
        both.settle(&right, b"x", &store).await.is_err(),
        "a failed signature does not use up the id"
    );
    assert!(both.settle(&right, b"{}", &store).await.is_ok());
    let again = both
        .settle(&right, b"{}", &store)
        .await
        .expect_err("a replay");
    assert!(again.failure.to_string().contains("was used before"));
    let full = Store::in_memory().expect("a store");
    full.set_limit(&SIGNED_REQUESTS, 0);
    let unkept = both
        .settle(&right, b"{}", &full)
        .await
        .expect_err("nothing is remembered");
    assert_eq!(unkept.failure.code().1, 503);
}

#[test]
fn rejects_malformed_signatures_before_the_body_is_read() {
    let tag = tag(1, "a", "");
    assert!(read("a", NOW - TOLERANCE, &tag).is_ok() && read("a", NOW + TOLERANCE, &tag).is_ok());
    for (read, told) in [
        (read("a", NOW - TOLERANCE - 1, &tag), "stale: 301 seconds"),
        (read("a", NOW + TOLERANCE + 1, &tag), "ahead"),
        (read("", NOW, &tag), "`webhook-id`"),
        (read(&"a".repeat(257), NOW, &tag), "`webhook-id`"),
        (read("a", NOW, "v2,AAAA v1,?"), "no signature of version 1"),
    ] {
        let fault = read.map(|_| ()).expect_err(told);
        assert!(fault.contains(told), "{fault}");
    }
    for wrong in ["", "+5", "-5", "1e9", "99999999999999999999999", "soon"] {
        assert!(
            is_current(wrong, NOW).is_err_and(|why| why.contains("whole seconds")),
            "{wrong}"
        );
    }
}

/// The test vector of the specification's reference implementation.
#[test]
fn verifies_the_example_of_the_specification() {
    let secret = webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
    let secrets = Secrets(vec![hmac::Key::new(hmac::HMAC_SHA256, &secret)]);
    let signature = Signature {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(),
        timestamp: "1614265330".into(),
        tags: vec![
            BASE64
                .decode(b"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
                .expect("base64"),
        ],
    };
    assert!(secrets.matches_secret(&signature, br#"{"test": 2432232314}"#));
}
