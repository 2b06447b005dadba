//! Fuzzes typed lines: the position of a mistake is within the line, and canonical commands are
//! parsed to themselves.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netvane_core::{UsageError, command::targets, document::render, fuzzing};
use netvane_fuzz::{calm, reads_back};

fuzz_target!(|line: &str| {
    match fuzzing::line(line) {
        Ok(understood) => reads_back(understood),
        Err(error) => mistaken(line, &error),
    }
    for target in targets::found_in(line) {
        calm("a target", &target.text, "");
    }
});

fn mistaken(line: &str, error: &UsageError) {
    let Some(position) = error.position.as_ref() else {
        // A line that may hold a password is not shown again.
        assert!(
            line.contains(':') && line.contains('@'),
            "no place in the line: {error:?}"
        );
        assert!(error.suggestion.is_none());
        return;
    };
    let length = line.chars().count();
    assert!(
        position.start <= position.end && position.end <= length,
        "{position:?} of {length}: {error:?}"
    );
    calm("the line", &render::pointed(line, position), "\n");
    if let Some(suggestion) = &error.suggestion {
        assert!(suggestion.starts_with('/'), "{suggestion}");
        let _ = fuzzing::line(suggestion);
    }
}
