//! Content negotiation: a reply in the format that the client accepts.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use netvane_core::{
    Reply, Request,
    document::render::{self, Layout},
};

use crate::{
    app::App,
    response::{Form, http_cache, problem},
};

/// Runs the lookup and responds in the format that the client accepts. When the client disconnects,
/// this future is dropped and the lookup is cancelled; an event stream's lookup continues for a
/// grace period so that the client can resume.
pub(crate) async fn answer(app: &App, request: Request, headers: &HeaderMap) -> Response {
    let form = Form::accepted(headers);
    if form == Form::Events {
        return app.streams.open(&app.engine, request, headers);
    }
    let got = request
        .http_request
        .as_ref()
        .is_some_and(|http_request| http_request.method.is_safe());
    match app.engine.ask(request, |_| {}).await {
        Ok(reply) if got => {
            let private = app
                .engine
                .registry()
                .find(reply.command)
                .is_none_or(|entry| entry.about_visit);
            http_cache::with_cache_headers(rendered(&reply, form), &reply, form, headers, private)
        }
        Ok(reply) => rendered(&reply, form),
        Err(failure) => problem::failure(&failure),
    }
}

/// Responds with a reply in this format; JSON instead of an event stream.
pub(crate) fn rendered(reply: &Reply, form: Form) -> Response {
    let (content_type, body) = match form {
        Form::Text => {
            let layout = Layout {
                width: 100,
                color: false,
            };
            (
                "text/plain; charset=utf-8",
                match &reply.short {
                    Some(short) => short.text(),
                    None => render::text(reply.document(), layout),
                },
            )
        }
        Form::Markdown => (
            "text/markdown; charset=utf-8",
            render::markdown(reply.document()),
        ),
        Form::Json | Form::Events => ("application/json", reply.to_json()),
    };
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))],
        body,
    )
        .into_response()
}
