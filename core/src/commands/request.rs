//! Commands about the client's own HTTP request, and about User-Agents.

commands! {
    myip::MyIp,
    myrequest::MyRequest,
    myua::MyUa,
    ua::Ua,
}

use crate::{command::Context, request::http_request::Visit};
use netvane_document::Failure;

/// The client's own HTTP request. The engine runs these commands only with one, so its absence is an internal error.
fn visit(cx: &Context) -> Result<&Visit, Failure> {
    cx.visit.as_deref().ok_or(Failure::Internal)
}
