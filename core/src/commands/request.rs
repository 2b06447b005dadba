//! Commands about the client's own HTTP request, and about User-Agents.

commands! {
    myip::MyIp,
    myrequest::MyRequest,
    myua::MyUa,
    ua::Ua,
}

use crate::{command::Context, request::http_request::HttpRequestInfo};
use netvane_document::Failure;

/// The client's own HTTP request. The engine runs these commands only with one, so its absence is an internal error.
fn http_request(cx: &Context) -> Result<&HttpRequestInfo, Failure> {
    cx.http_request.as_deref().ok_or(Failure::Internal)
}
