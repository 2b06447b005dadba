use super::*;
use crate::dns::wire::{QR, SERVFAIL, message, record};

const NONE: [&[Vec<u8>]; 3] = [&[], &[], &[]];

#[test]
fn accepts_only_a_response_with_the_id_and_question_of_the_query() {
    let question = message(0x0100, Some(("example.com", 1)), NONE);
    let mut other_id = message(QR, Some(("example.com", 1)), NONE);
    other_id[1] = 8;
    let address = record(&[0], 1, 1, &[192, 0, 2, 1]);

    for (answer, ours) in [
        (message(QR, Some(("example.com", 1)), NONE), true),
        (message(QR, Some(("EXAMPLE.com", 1)), NONE), true),
        (message(QR | SERVFAIL, Some(("example.com", 1)), NONE), true),
        (message(QR, Some(("example.com", 28)), NONE), false),
        (message(QR, Some(("example.net", 1)), NONE), false),
        // Some servers omit the question in an error response, but not in an answer.
        (message(QR | SERVFAIL, None, NONE), true),
        (message(QR, None, [&[address], &[], &[]]), false),
        (other_id, false),
        (Vec::new(), false),
        (vec![0], false),
    ] {
        assert_eq!(is_answer(&question, &answer).ok(), Some(ours), "{answer:?}");
    }
}

#[test]
fn reports_a_malformed_response_with_our_id() {
    let question = message(0x0100, Some(("example.com", 1)), NONE);
    let mut counts = message(QR, Some(("example.com", 1)), NONE);
    counts[7] = 9;
    let mut cut = message(QR, Some(("example.com", 1)), NONE);
    cut.truncate(20);
    for answer in [
        vec![0, 7],
        vec![0, 7, 0x80, 0],
        question.clone(),
        counts,
        cut,
    ] {
        let error = is_answer(&question, &answer).expect_err("nonsense");
        assert_eq!(error.to_string(), "malformed response", "{answer:?}");
    }
}
