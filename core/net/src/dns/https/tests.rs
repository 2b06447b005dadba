use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::{Response, server::conn::http2, service::service_fn};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::dns::wire::{QR, QUESTION_NAME, message, record};

const NAME: &str = "dns.test";

/// What the server answers: status, media type and body.
type Answer = (u16, &'static str, Vec<u8>);

fn query() -> Vec<u8> {
    message(0x0100, Some(("a.test", 1)), [&[], &[], &[]])
}

/// A response to [`query`] with so many records whose names are compression pointers.
fn response(records: usize) -> Vec<u8> {
    let records = vec![record(QUESTION_NAME, 1, 60, &[192, 0, 2, 1]); records];
    without_id(&message(QR, Some(("a.test", 1)), [&records, &[], &[]]))
}

/// Starts a server; returns its client and the number of connections and of requests.
async fn server(answer: Answer) -> (HttpsConnection, Arc<[AtomicUsize; 2]>) {
    let own = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(own.signing_key.serialize_pem().as_bytes());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.expect("a key"))
        .expect("they fit");
    config.alpn_protocols = vec![b"h2".to_vec()];

    let mut roots = rustls::RootCertStore::empty();
    roots.add(own.cert.der().clone()).expect("a root");
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let counts = Arc::<[AtomicUsize; 2]>::default();
    tokio::spawn(serve(
        listener,
        TlsAcceptor::from(Arc::new(config)),
        answer,
        counts.clone(),
    ));
    (
        HttpsConnection::new(address, client, NAME, "/dns-query"),
        counts,
    )
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    answer: Answer,
    counts: Arc<[AtomicUsize; 2]>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        counts[0].fetch_add(1, Ordering::Relaxed);
        let Ok(stream) = acceptor.accept(stream).await else {
            continue;
        };
        let (answer, counts) = (answer.clone(), counts.clone());
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            counts[1].fetch_add(1, Ordering::Relaxed);
            let (status, media_type, body) = answer.clone();
            async move {
                let sent = request.into_body().collect().await?.to_bytes();
                assert_eq!(sent, without_id(&query()));
                let response = Response::builder().status(status);
                let response = response.header(header::CONTENT_TYPE, media_type);
                let body = Full::new(Bytes::from(body));
                Ok::<_, hyper::Error>(response.body(body).expect("a response"))
            }
        });
        tokio::spawn(
            http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service),
        );
    }
}

#[tokio::test]
async fn queries_share_one_connection() {
    let (client, counts) = server((200, MEDIA_TYPE, response(1))).await;
    for _ in 0..3 {
        assert_eq!(
            client.exchange(&query()).await.expect("answers"),
            response(1)
        );
    }
    assert_eq!(counts[0].load(Ordering::Relaxed), 1);
    client.close();
    client.exchange(&query()).await.expect("answers");
    assert_eq!(counts[0].load(Ordering::Relaxed), 2);
    assert_eq!(counts[1].load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn what_is_no_response_to_the_query_is_an_error() {
    let mut other_id = response(1);
    other_id[1] = 7;
    for (status, media_type, body, reason) in [
        (404, MEDIA_TYPE, response(1), "HTTP status 404"),
        (
            200,
            "text/html",
            response(1),
            "the response is not a DNS message",
        ),
        (200, MEDIA_TYPE, other_id, "malformed response"),
        (200, MEDIA_TYPE, Vec::new(), "malformed response"),
        (
            200,
            MEDIA_TYPE,
            vec![0; MAX_RESPONSE + 1],
            "length limit exceeded",
        ),
    ] {
        let (client, _) = server((status, media_type, body)).await;
        let error = client
            .exchange(&query())
            .await
            .expect_err("an error")
            .to_string();
        assert!(error.contains(reason), "{error}");
    }
    let (client, _) = server((200, MEDIA_TYPE, response(4000))).await;
    let large = client.exchange(&query()).await.expect("answers");
    assert_eq!(large.len(), response(4000).len());
}

#[test]
fn the_url_names_the_server_as_its_certificate_does() {
    for (name, port, expected) in [
        ("dns.test", 443, "dns.test"),
        ("dns.test", 8443, "dns.test:8443"),
        ("192.0.2.1", 443, "192.0.2.1"),
        ("2001:db8::1", 443, "[2001:db8::1]"),
    ] {
        assert_eq!(authority(name, port), expected);
    }
}
