//! The peer for cached replies: an axum handler that reads the request and returns fixed bytes.

use std::path::Path;

use axum::{Router, http::header, routing::post};
use bytes::Bytes;

use crate::service::SERVING;

/// Serves requests until the process is killed.
pub(crate) async fn serve(body: &Path) -> anyhow::Result<()> {
    let body = Bytes::from(std::fs::read(body)?);
    let answer = move |_request: Bytes| {
        let body = body.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], body) }
    };
    let router = Router::new().route("/v1/commands", post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("{SERVING}{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}
