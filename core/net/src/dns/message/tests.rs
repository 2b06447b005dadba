mod bounds;
mod extensions;
mod record_data;
mod sections;

use record_data::SOA;

use super::*;
use crate::dns::wire::{QR, QUESTION_NAME, message, name, opt, record};

const A: u16 = 1;
const CNAME: u16 = 5;

/// Builds the response to `www.example.com A`, through a CNAME, with every section and EDNS.
fn whole() -> Vec<u8> {
    let soa = [
        name("ns.example.com"),
        name("host.example.com"),
        [1_u32, 7200, 900, 1_209_600, 300]
            .map(u32::to_be_bytes)
            .concat(),
    ]
    .concat();

    message(
        QR | 0x0580,
        Some(("www.example.com", A)),
        [
            &[
                // `web` and a pointer to `example.com` in the question
                record(QUESTION_NAME, CNAME, 300, &[3, b'w', b'e', b'b', 0xc0, 16]),
                record(&name("web.example.com"), A, 60, &[192, 0, 2, 1]),
                record(&name("web.example.com"), A, 60, &[192, 0, 2, 2]),
            ],
            &[record(&name("example.com"), SOA, 3600, &soa)],
            &[
                record(
                    &name("ns.example.com"),
                    28,
                    60,
                    &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
                ),
                opt(1232, 0x8000, &[(3, b"gpdns-fra")]),
            ],
        ],
    )
}

fn read(octets: Vec<u8>) -> Message {
    Message::read(octets).unwrap_or_else(|why| panic!("{why}"))
}
