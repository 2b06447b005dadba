//! Fuzzes SMTP replies: they are parsed to the same result however the bytes arrive.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netvane_core::net::smtp::{Malformed, Parser, Reply, Stage, meaning, retry_hint};

fuzz_target!(|bytes: &[u8]| {
    let (replies, broken) = read(&[bytes]);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    let (others, also_broken) = read(&single);
    assert_eq!(
        (&replies, broken.is_some()),
        (&others, also_broken.is_some()),
        "{broken:?}, {also_broken:?}"
    );
    for reply in &replies {
        assert!((200..600).contains(&reply.code), "{reply:?}");
        assert!(reply.text().len() <= 2048 + reply.lines.len(), "{reply:?}");
        for stage in [
            Stage::Banner,
            Stage::Ehlo,
            Stage::Starttls,
            Stage::Mail,
            Stage::Rcpt,
            Stage::RcptRandom,
        ] {
            let _ = meaning(stage, reply, "ada");
        }
        let _ = retry_hint(reply);
    }
});

fn read(pieces: &[&[u8]]) -> (Vec<Reply>, Option<Malformed>) {
    let mut parser = Parser::default();
    let mut replies = Vec::new();
    for piece in pieces {
        parser.push(piece);
        loop {
            match parser.take() {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(malformed) => return (replies, Some(malformed)),
            }
        }
        assert!(
            parser.partial().len() <= 8 * 1024,
            "{}",
            parser.partial().len()
        );
    }
    (replies, None)
}
