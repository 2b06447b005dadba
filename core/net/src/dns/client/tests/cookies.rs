//! Cookies of configured resolvers, seen from the client.

use super::{servers::from, *};
use crate::dns::wire::opt;

/// The cookie option of a query; `None` if it has none.
fn cookie_in(query: &[u8]) -> Option<Vec<u8>> {
    let message = domain::base::Message::from_slice(query).ok()?;
    let length = message.opt()?.opt().len();
    (length > 4).then(|| query[query.len() - length + 4..].to_vec())
}

/// The answer with EDNS and this cookie.
fn with_cookie(query: &[u8], address: [u8; 4], cookie: &[u8]) -> Option<Vec<u8>> {
    let mut response = answer(query, 0, Some(address));
    response[11] = 1;
    response.extend(opt(1232, 0, &[(10, cookie)]));
    Some(response)
}

fn client_with_cookies(server: &Scripted, attempts: u32) -> Client {
    Client::new(vec![server.upstream().kept()], attempts)
}

#[tokio::test]
async fn a_forged_answer_is_replaced_by_that_of_tcp() {
    // The first answer has a cookie; all others are forged and have none.
    let server = Scripted::start(
        |query| match cookie_in(query)? {
            ours if ours.len() == 8 => {
                let both = [&ours[..], &[9; 8]].concat();
                with_cookie(query, GOOD, &both)
            }
            _ => Some(answer(query, 0, Some([203, 0, 113, 66]))),
        },
        Some(good),
    )
    .await;
    let client = client_with_cookies(&server, 1);
    for _ in 0..3 {
        let response = client.query("www.example.com", Rtype::A).await;
        let message = response.expect("an answer").message;
        assert_eq!(message.addresses(), [std::net::IpAddr::from(GOOD)]);
        assert_eq!(message.edns.map_or(0, |edns| edns.options.len()), 0);
    }
}

#[tokio::test]
async fn a_resolver_that_asks_for_its_cookie_gets_it() {
    let server = Scripted::start(
        |query| {
            let cookie = cookie_in(query)?;
            let both = [&cookie[..8], &[9; 8]].concat();
            if cookie == both {
                return with_cookie(query, GOOD, &both);
            }
            // BADCOOKIE is 23: the low four bits are 7, the others 1.
            let mut response = answer(query, 7, None);
            response[11] = 1;
            response.extend(opt(1232, 1 << 24, &[(10, &both)]));
            Some(response)
        },
        None,
    )
    .await;
    let client = client_with_cookies(&server, 1);
    assert_eq!(summary(&client).await, from(&server, "192.0.2.1"));
    assert_eq!(server.query_count(), 2);
    assert_eq!(summary(&client).await, from(&server, "192.0.2.1"));
    assert_eq!(server.query_count(), 3);
}

#[tokio::test]
async fn a_resolver_without_cookies_answers_as_before() {
    let silent = |query: &[u8]| cookie_in(query).is_none().then(|| good(query)).flatten();
    for script in [good as fn(&[u8]) -> _, silent, |query| {
        if cookie_in(query).is_some() {
            return Some(answer(query, 1, None));
        }
        good(query)
    }] {
        let server = Scripted::start(script, None).await;
        let mut upstream = server.upstream().kept();
        upstream.set_timeout(std::time::Duration::from_millis(200));
        let client = Client::new(vec![upstream], 2);
        for _ in 0..2 {
            assert_eq!(summary(&client).await, from(&server, "192.0.2.1"));
        }
    }
}
