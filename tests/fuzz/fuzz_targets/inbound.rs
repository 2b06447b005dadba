//! Fuzzes signed requests: header fields one per line, then the body. Unsigned requests are
//! rejected; signed ones are accepted, but not with another body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netvane_fuzz::split;
use netvane_webhook::fuzzing::Signs;

fuzz_target!(|data: &[u8]| {
    let (first, rest) = split(data);
    let (second, rest) = split(rest);
    let (third, body) = split(rest);
    assert!(
        !Signs::Webhook.take(&[first, second, third], body),
        "nobody knows the secret"
    );
    assert!(
        !Signs::Slack.take(&[first, second], body),
        "nobody knows the secret"
    );
    let Some(id) = std::str::from_utf8(first).ok().filter(|id| is_id(id)) else {
        return;
    };
    for sender in [Signs::Webhook, Signs::Slack] {
        let signed = sender.sign(id, body);
        let values: Vec<&[u8]> = signed.iter().map(String::as_bytes).collect();
        assert!(sender.take(&values, body), "{sender:?}: {signed:?}");
        assert!(
            !sender.take(&values, &[body, b"x"].concat()),
            "{sender:?} takes more than was signed"
        );
        assert!(
            !sender.take(&values[1..], body),
            "{sender:?} takes less than there has to be"
        );
    }
});

/// Whether an id is valid by the specification.
fn is_id(id: &str) -> bool {
    (1..=256).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}
