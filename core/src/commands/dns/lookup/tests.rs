mod lifetimes;
mod summaries;

use super::*;

const SOA: &str = "example.test. 900 IN SOA ns1.example.test. host.example.test. 1 2 3 4 60";

fn error(code: u16, name: &str, text: Option<&str>) -> ExtendedError {
    ExtendedError {
        code,
        name: name.into(),
        text: text.map(str::to_owned),
    }
}
