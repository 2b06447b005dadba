use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::agent;

#[test]
fn a_target_learns_who_asks() {
    assert!(agent(None).ends_with(" (network lookup on a person's request)"));
    let contact = "+https://netvane.example/about; contact noc@netvane.example";
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        agent(Some(contact)),
        format!("netvane/{version} ({contact}; network lookup on a person's request)")
    );
}

#[tokio::test]
async fn a_redirect_is_followed_only_where_that_is_wanted() {
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
    let patience = std::time::Duration::from_secs(5);
    let both = async {
        let followed = http.get(&url, "*/*", 100, patience).await;
        (
            followed,
            http.get_unredirected(&url, "*/*", 100, patience).await,
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
        "127.0.0.1: it redirects, which does not count here"
    );
}
