//! The API for programs: caching, request ids, resuming event streams, problem documents, and the
//! API's own description.

mod caching;
mod requests;
mod resumption;

use netvane_tests::{Service, http::Client};

fn get(service: &Service, path: &str, headers: &[(&str, &str)]) -> netvane_tests::http::Response {
    Client::connect(service.address).ask(&format!("GET {path}"), headers, b"")
}
