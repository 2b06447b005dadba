//! Access control of a request, by its header fields and its body.

use axum::{
    body::{Body, Bytes},
    http::Method,
    response::{IntoResponse, Response},
};
use netvane_core::{request::http_request::HttpRequestInfo, settings::keys::Scope};

use crate::{
    access::{Admitted, Refusal, SEND_A_KEY},
    app::App,
    body,
};

/// Admits a request by its header fields alone. A signature then covers path and query, so signed
/// requests cannot use handlers that stream the body.
pub(crate) async fn admit(
    app: &App,
    http_request: &HttpRequestInfo,
    scope: Scope,
) -> Result<Admitted, Refusal> {
    let admitted = admit_any(app, http_request).await?;
    admitted.may(scope).map(|()| admitted)
}

/// Like [`admit`], whatever the scope of the key.
pub(crate) async fn admit_any(
    app: &App,
    http_request: &HttpRequestInfo,
) -> Result<Admitted, Refusal> {
    let gate = app.gate.load_full();
    let head = gate.head(&http_request.headers)?;
    if let Some(signature) = &head.signature {
        if !matches!(http_request.method, Method::GET | Method::HEAD) {
            let how = format!(
                "signed requests are not supported here, because the body is streamed: {SEND_A_KEY}"
            );
            return Err(Refusal::unauthorized(how, None));
        }
        let settled = gate
            .secrets
            .settle(signature, http_request, b"", &app.store);
        settled.await?;
    }
    Ok(head.admitted(&app.engine, http_request))
}

/// Admits a request together with its body, which is read only if the header fields pass access
/// control.
pub(crate) async fn admit_with_body(
    app: &App,
    http_request: &HttpRequestInfo,
    scope: Scope,
    body: Body,
) -> Result<(Admitted, Bytes), Response> {
    let gate = app.gate.load_full();
    let head = gate
        .head(&http_request.headers)
        .map_err(Refusal::into_response)?;
    let body = body::body(app, body).await?;
    if let Some(signature) = &head.signature {
        let settled = gate
            .secrets
            .settle(signature, http_request, &body, &app.store);
        settled.await.map_err(Refusal::into_response)?;
    }
    let admitted = head.admitted(&app.engine, http_request);
    admitted.may(scope).map_err(Refusal::into_response)?;
    Ok((admitted, body))
}
