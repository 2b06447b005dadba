use super::*;
use crate::dns::wire::{QR, answer, message, opt, record};

const SERVER: [u8; 8] = [9; 8];

fn query() -> Vec<u8> {
    message(
        0x0100,
        Some(("example.com", 1)),
        [&[], &[], &[opt(1232, 0, &[])]],
    )
}

/// A response with these EDNS options, or without EDNS.
fn response(options: Option<&[(u16, &[u8])]>) -> Vec<u8> {
    let answers = [record(&[0xc0, 12], 1, 60, &[192, 0, 2, 1])];
    let opt: Vec<Vec<u8>> = options
        .iter()
        .map(|options| opt(1232, 0, options))
        .collect();
    message(QR, Some(("example.com", 1)), [&answers, &[], &opt])
}

/// Sends a query; returns the client cookie in it.
fn sent(cookies: &Cookies) -> [u8; CLIENT] {
    let mut query = query();
    let before = query.len();
    assert!(cookies.add(&mut query));
    let message = domain::base::Message::from_slice(&query).expect("a message");
    assert_eq!(
        message.opt().expect("EDNS").opt().len(),
        query.len() - before
    );
    query[before + 4..before + 4 + CLIENT]
        .try_into()
        .expect("a cookie")
}

fn both(client: [u8; CLIENT], server: &[u8]) -> Vec<u8> {
    [&client[..], server].concat()
}

/// Cookies of a resolver that has sent one.
fn learned() -> (Cookies, [u8; CLIENT]) {
    let cookies = Cookies::default();
    let client = sent(&cookies);
    let mut first = response(Some(&[(CODE, &both(client, &SERVER))]));
    assert_eq!(cookies.check(&mut first), Sender::Accepted);
    (cookies, client)
}

#[test]
fn responses_lose_the_cookie_and_nothing_else() {
    let cookies = Cookies::default();
    let client = sent(&cookies);
    let cookie = both(client, &SERVER);
    for options in [
        &[(CODE, &cookie[..])][..],
        &[(15, &[0, 22]), (CODE, &cookie), (3, b"ns1")],
    ] {
        let mut with = response(Some(options));
        let others: Vec<_> = options
            .iter()
            .copied()
            .filter(|(code, _)| *code != CODE)
            .collect();
        assert_eq!(cookies.check(&mut with), Sender::Accepted);
        assert_eq!(with, response(Some(&others)));
    }

    let mut next = query();
    assert!(cookies.add(&mut next));
    assert!(
        next.ends_with(&cookie),
        "the resolver's cookie is sent back"
    );
}

#[test]
fn a_forged_response_is_not_accepted_from_a_resolver_with_cookies() {
    let (cookies, client) = learned();
    let mut other = client;
    other[0] ^= 1;
    for (cookie, expected) in [
        (both(client, &SERVER), Sender::Accepted),
        (both(client, &[1; 32]), Sender::Accepted),
        (both(other, &SERVER), Sender::Foreign),
        (vec![1, 2, 3], Sender::Foreign),
        (Vec::new(), Sender::Foreign),
        (both(client, &[]), Sender::Doubtful),
        (both(client, &[1; 33]), Sender::Doubtful),
    ] {
        let mut response = response(Some(&[(CODE, &cookie)]));
        assert_eq!(cookies.check(&mut response), expected, "{cookie:?}");
    }
    for options in [None, Some(&[][..])] {
        assert_eq!(cookies.check(&mut response(options)), Sender::Doubtful);
    }
}

#[test]
fn a_resolver_without_cookies_is_accepted() {
    let cookies = Cookies::default();
    let client = sent(&cookies);
    for options in [
        None,
        Some(&[][..]),
        // Echoes every option.
        Some(&[(CODE, &client[..])]),
    ] {
        assert_eq!(cookies.check(&mut response(options)), Sender::Accepted);
    }
    let mut bare = answer(&query(), 0, Some([192, 0, 2, 1]));
    let before = bare.clone();
    assert_eq!(cookies.check(&mut bare), Sender::Accepted);
    assert_eq!(bare, before);
}

#[test]
fn a_resolver_that_stops_to_send_cookies_is_accepted_after_a_while() {
    let (cookies, _) = learned();
    for _ in 0..MAX_MISSING {
        assert_eq!(cookies.check(&mut response(None)), Sender::Doubtful);
        cookies.note_missing();
    }
    assert_eq!(cookies.check(&mut response(None)), Sender::Accepted);
}

#[test]
fn a_silent_resolver_gets_queries_without_cookies() {
    let cookies = Cookies::default();
    sent(&cookies);
    cookies.note_silence();
    for _ in 0..PAUSE {
        let mut query = query();
        let before = query.clone();
        assert!(!cookies.add(&mut query));
        assert_eq!(query, before);
    }
    sent(&cookies);

    let (known, _) = learned();
    known.note_silence();
    sent(&known);
}

#[test]
fn queries_without_edns_stay_as_they_are() {
    let mut bare = message(0x0100, Some(("example.com", 1)), [&[], &[], &[]]);
    let before = bare.clone();
    assert!(!Cookies::default().add(&mut bare));
    assert_eq!(bare, before);
}

#[test]
fn damaged_responses_are_left_alone() {
    let cookies = Cookies::default();
    let client = sent(&cookies);
    let whole = response(Some(&[(CODE, &both(client, &SERVER))]));
    for length in 0..whole.len() {
        let mut cut = whole[..length].to_vec();
        cookies.check(&mut cut);
        assert_eq!(cut, whole[..length]);
    }
}
