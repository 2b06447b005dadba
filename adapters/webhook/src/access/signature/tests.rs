use data_encoding::BASE64;
use ring::hmac;

use super::*;

const NOW: u64 = 1_800_000_000;

fn secrets(bytes: &[u8]) -> Secrets {
    Secrets(
        bytes
            .iter()
            .map(|byte| VerifyingKey::Shared(hmac::Key::new(hmac::HMAC_SHA256, &[*byte; 32])))
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
        both.settle_content(&right, b"x", &store).await.is_err(),
        "a failed signature does not use up the id"
    );
    assert!(both.settle_content(&right, b"{}", &store).await.is_ok());
    let again = both
        .settle_content(&right, b"{}", &store)
        .await
        .expect_err("a replay");
    assert!(again.failure.to_string().contains("was used before"));
    let full = Store::in_memory().expect("a store");
    full.set_limit(&SIGNED_REQUESTS, 0);
    let unkept = both
        .settle_content(&right, b"{}", &full)
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
        (
            read("a", NOW, "v2,AAAA v1 V1,AAAA"),
            "no signature of version 1",
        ),
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

#[test]
fn a_signature_without_a_body_covers_path_and_query() {
    assert_eq!(content("/v1/commands?a", b"{}"), b"{}");
    assert_eq!(
        content("/v1/commands/mx?domain=a", b""),
        b"/v1/commands/mx?domain=a"
    );
    let signed = read("msg_1", NOW, &tag(1, "msg_1", "/v1/commands/mx?domain=a")).expect("one");
    let matches = |target| secrets(&[1]).matches_secret(&signed, content(target, b""));
    assert!(matches("/v1/commands/mx?domain=a"));
    assert!(!matches("/v1/commands/mx?domain=b"));
    assert!(!matches("/v1/commands/ns?domain=a"));
}
