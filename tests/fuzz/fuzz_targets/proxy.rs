//! Fuzzes PROXY protocol headers: they never include bytes that follow, and the parser waits for
//! incomplete ones.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netvane_webhook::fuzzing::proxied;

fuzz_target!(|seen: &[u8]| {
    let Some(Ok((relayed, length))) = proxied(seen) else {
        return;
    };
    assert!(
        length > 0 && length <= seen.len(),
        "{length} of {}",
        seen.len()
    );
    assert!(matches!(relayed.version, 1 | 2), "{relayed:?}");
    assert_eq!(
        proxied(&seen[..length]),
        Some(Ok((relayed, length))),
        "the rest does not count"
    );
    for part in [length - 1, length / 2, length.min(12)] {
        assert!(
            part == length || proxied(&seen[..part]).is_none(),
            "waits at {part} of {length}"
        );
    }
});
