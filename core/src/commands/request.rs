//! Commands about the HTTP request that brings the question, and about User-Agents.

commands! {
    myip::MyIp,
    myrequest::MyRequest,
    myua::MyUa,
    ua::Ua,
}

use crate::{command::Context, request::http_request::Visit};
use netvane_document::Failure;

/// The asker's own request; the engine runs no command about a visit without one.
fn visit(cx: &Context) -> Result<&Visit, Failure> {
    cx.visit.as_deref().ok_or(Failure::Internal)
}
