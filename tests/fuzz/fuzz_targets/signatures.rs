//! Fuzzes signed mail: canonicalization and the signatures of a message, or a TXT record with a key
//! or a policy.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netvane_core::fuzzing;

fuzz_target!(|message: &[u8]| {
    fuzzing::policies(message);
    let Some(signed) = fuzzing::signed(message) else {
        return;
    };
    assert!(
        signed.windows(4).any(|window| window == b"\r\n\r\n"),
        "there is a body"
    );
    let bare =
        (0..signed.len()).any(|at| signed[at] == b'\n' && (at == 0 || signed[at - 1] != b'\r'));
    assert!(!bare, "all lines end in CRLF");
    assert_eq!(
        fuzzing::signed(&signed).as_ref(),
        Some(&signed),
        "no line ending is left to repair"
    );
    fuzzing::authenticated(&signed);
});
