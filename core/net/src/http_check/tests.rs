use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

fn report(urls: &[&str]) -> HttpReport {
    HttpReport {
        steps: urls
            .iter()
            .map(|text| HttpStep::without_answer(url(text)))
            .collect(),
        ..HttpReport::default()
    }
}

#[test]
fn a_redirect_to_an_earlier_url_is_a_loop() {
    let so_far = report(&["http://a.test/", "http://b.test/#top"]);
    for next in ["http://a.test/", "http://a.test/#x", "http://b.test/"] {
        assert_eq!(
            next_url(&so_far, Ok(url(next))),
            Err(HttpTrouble::Loop),
            "{next}"
        );
    }
    for next in ["https://a.test/", "http://a.test/?q", "http://a.test:81/"] {
        assert_eq!(next_url(&so_far, Ok(url(next))), Ok(url(next)));
    }
}

#[test]
fn ten_redirects_are_followed() {
    let urls: Vec<String> = (0..=MAX_REDIRECTS)
        .map(|n| format!("http://a.test/{n}"))
        .collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let next = || Ok(url("http://a.test/next"));
    assert!(next_url(&report(&urls[..MAX_REDIRECTS]), next()).is_ok());
    assert_eq!(next_url(&report(&urls), next()), Err(HttpTrouble::TooMany));
}

#[test]
fn urls_are_shown_without_credentials() {
    assert_eq!(
        without_credentials(&url("https://u:p@a.test/x")),
        "https://a.test/x"
    );
    assert_eq!(
        redirect::shown("ftp://u:p@a.test/"),
        Some("ftp://a.test/".into())
    );
    assert_eq!(redirect::shown("u:p@a.test"), None);
    assert_eq!(
        redirect::shown("javascript:x").as_deref(),
        Some("javascript:x")
    );
}
