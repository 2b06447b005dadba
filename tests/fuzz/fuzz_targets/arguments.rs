//! Fuzzes named arguments: a command's name on the first line, its arguments as JSON below.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netvane_core::fuzzing;
use netvane_fuzz::{reads_back, split};

fuzz_target!(|data: &[u8]| {
    let (name, json) = split(data);
    let (Ok(name), Ok(arguments)) = (std::str::from_utf8(name), serde_json::from_slice(json))
    else {
        return;
    };
    match fuzzing::parse_named(name, arguments) {
        Ok(understood) => reads_back(understood),
        Err(error) => assert_eq!(error.position, None, "there is no line"),
    }
});
