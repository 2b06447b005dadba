use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::agent;

#[test]
fn the_user_agent_has_version_and_contact() {
    assert!(agent(None).ends_with(" (network lookup requested by a user)"));
    let contact = "+https://netvane.example/about; contact noc@netvane.example";
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        agent(Some(contact)),
        format!("netvane/{version} ({contact}; network lookup requested by a user)")
    );
}

#[tokio::test]
async fn get_unredirected_rejects_redirects() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("an address").port();
    let server = async {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = [0; 1024];
            let read = stream.read(&mut request).await.expect("a request");
            let answer = if request[..read].starts_with(b"GET /policy ") {
                "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            } else {
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
            };
            stream.write_all(answer.as_bytes()).await.expect("sends");
        }
    };

    let allow = ["127.0.0.0/8".parse().expect("a network")];
    let http = crate::test_net(&allow).http;
    let url = format!("http://127.0.0.1:{port}/policy");
    let timeout = std::time::Duration::from_secs(5);
    let both = async {
        let followed = http.get(&url, "*/*", 100, timeout).await;
        (
            followed,
            http.get_unredirected(&url, "*/*", 100, timeout).await,
        )
    };

    let (followed, refused) = tokio::select! {
        () = server => unreachable!("the server goes on"),
        both = both => both,
    };
    assert_eq!(followed.expect("an answer").body, b"hi");
    let refused = refused.expect_err("a redirect").to_string();

    assert_eq!(
        refused,
        "127.0.0.1: redirected; a redirect is not allowed here"
    );
}

fn url(text: &str) -> reqwest::Url {
    text.parse().expect(text)
}

#[test]
fn resolves_the_location_of_a_redirect() {
    let from = url("https://a.example/x/y?z");
    let to = |status: u16, location: Option<&[u8]>| {
        let mut headers = reqwest::header::HeaderMap::new();
        if let Some(location) = location {
            let value = super::header::HeaderValue::from_bytes(location).expect("a value");
            headers.insert(super::header::LOCATION, value);
        }
        let status = super::StatusCode::from_u16(status).expect("a status");
        super::redirected(status, &headers, &from).map(|url| url.to_string())
    };

    for (status, location, expected) in [
        (301, "https://b.example/", Some("https://b.example/")),
        (302, "/other", Some("https://a.example/other")),
        (303, "other", Some("https://a.example/x/other")),
        (307, "//b.example:8443/q", Some("https://b.example:8443/q")),
        (308, "?w", Some("https://a.example/x/y?w")),
        (302, "http://[::1]/", Some("http://[::1]/")),
        (302, "https://", None),
        (200, "/other", None),
        (404, "/other", None),
    ] {
        let target = to(status, Some(location.as_bytes()));
        assert_eq!(target.as_deref(), expected, "{status} {location}");
    }

    assert_eq!(to(302, None), None);
    assert_eq!(to(302, Some(b"/\xff")), None);
}

#[test]
fn admits_only_http_urls_to_public_hosts() {
    let http = crate::test_net(&[]).http;
    let admitted = |text: &str| {
        http.admit(&url(text))
            .map_err(|failure| failure.to_string())
    };

    for (text, host) in [
        ("https://a.example/", "a.example"),
        ("http://8.8.8.8:8080/x", "8.8.8.8"),
        ("https://[2606:4700::1111]/", "[2606:4700::1111]"),
    ] {
        assert_eq!(admitted(text).as_deref(), Ok(host));
    }

    for text in [
        "ftp://a.example/",
        "https://ann@a.example/",
        "https://:secret@a.example/",
        "file:///etc/passwd",
    ] {
        let why = admitted(text).expect_err(text);
        assert!(
            why.ends_with("expected an http or https URL without credentials"),
            "{why}"
        );
    }

    for text in [
        "http://127.0.0.1/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://[::ffff:10.0.0.1]/",
        "http://localhost:8080/",
        "http://a.localhost./",
        "http://169.254.169.254/latest/meta-data/",
    ] {
        let why = admitted(text).expect_err(text);
        assert!(why.contains("which this service does not contact"), "{why}");
    }
}

/// Starts a server that sends this response to every request.
async fn always(answer: &'static str) -> (reqwest::Url, super::Http) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 2048]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let allow = ["127.0.0.0/8".parse().expect("a network")];
    let url = url(&format!("http://127.0.0.1:{port}/"));
    (url, crate::test_net(&allow).http)
}

#[tokio::test]
async fn rejects_a_body_over_the_limit() {
    let (url, http) = always("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour").await;
    let timeout = std::time::Duration::from_secs(5);
    let most = http
        .get(url.as_str(), "*/*", 4, timeout)
        .await
        .expect("fits");
    assert_eq!(
        (most.status, &*most.body, &*most.host),
        (200, &b"four"[..], "127.0.0.1")
    );
    let (url, http) = always("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour").await;
    let failure = http
        .get(url.as_str(), "*/*", 3, timeout)
        .await
        .expect_err("too large");
    assert_eq!(
        failure.to_string(),
        "the response from 127.0.0.1 is larger than 3 bytes"
    );
}

#[tokio::test]
async fn stops_at_a_redirect_loop() {
    let looping =
        "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (url, http) = always(looping).await;
    let timeout = std::time::Duration::from_secs(5);
    let failure = http
        .get(url.as_str(), "*/*", 9, timeout)
        .await
        .expect_err("a loop");
    assert_eq!(failure.to_string(), "127.0.0.1: too many redirects");
}

#[tokio::test]
async fn post_returns_status_and_retry_after() {
    let busy =
        "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (url, http) = always(busy).await;
    let timeout = std::time::Duration::from_secs(5);
    let sent = http
        .post(
            &url,
            reqwest::header::HeaderMap::new(),
            "{}".into(),
            timeout,
        )
        .await;
    let expected = super::Receipt {
        status: 503,
        retry_after: Some("120".into()),
    };
    assert_eq!(sent.expect("an answer"), expected);
}

/// Downloads at most four bytes from a server that sends this response.
async fn download(answer: &'static str) -> (Result<super::Downloaded, String>, Vec<u8>) {
    let (url, http) = always(answer).await;
    let mut written = Vec::new();
    let timeout = std::time::Duration::from_secs(5);
    let result = http.download(url.as_str(), 4, timeout, &mut written).await;
    (result.map_err(|failure| failure.to_string()), written)
}

#[tokio::test]
async fn download_writes_only_the_body_of_a_success() {
    let (result, written) =
        download("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfour").await;
    let downloaded = result.expect("fits");
    assert_eq!(
        (downloaded.status, downloaded.bytes, &written[..]),
        (200, 4, &b"four"[..])
    );

    let (result, written) =
        download("HTTP/1.1 404 No\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot found")
            .await;
    let downloaded = result.expect("a status");
    assert_eq!(
        (downloaded.status, downloaded.bytes, written.len()),
        (404, 0, 0)
    );
}

#[tokio::test]
async fn download_is_bounded_and_complete_or_fails() {
    let too_large = "the response from 127.0.0.1 is larger than 4 bytes";

    // The length is announced, so nothing is read.
    let (result, written) = download("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfives").await;
    assert_eq!((result, written.len()), (Err(too_large.into()), 0));

    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfives\r\n0\r\n\r\n";
    assert_eq!(download(chunked).await.0, Err(too_large.into()));

    let (result, _) =
        download("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfo").await;
    assert!(result.is_err(), "{result:?}");
}

#[tokio::test]
async fn data_files_are_not_fetched_through_a_redirect_to_http() {
    let away =
        "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let told = "127.0.0.1: redirected to http, which is not followed";
    let (result, written) = download(away).await;
    assert_eq!((result, written.len()), (Err(told.into()), 0));

    let (url, http) = always(away).await;
    let timeout = std::time::Duration::from_secs(5);
    let fetched = http.get_data(url.as_str(), "*/*", 9, timeout).await;
    assert_eq!(fetched.expect_err("a redirect").to_string(), told);
}
