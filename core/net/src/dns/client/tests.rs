mod cookies;
mod queries;
mod servers;

use super::*;
use crate::dns::wire::{Scripted, answer};

const GOOD: [u8; 4] = [192, 0, 2, 1];

fn good(query: &[u8]) -> Option<Vec<u8>> {
    Some(answer(query, 0, Some(GOOD)))
}

fn client(servers: &[&Scripted], attempts: u32) -> Client {
    Client::new(
        servers.iter().map(|server| server.upstream()).collect(),
        attempts,
    )
}

/// Queries the address of a name. Returns the server and its answer, RCODE or error.
async fn summary(client: &Client) -> (String, String) {
    match client.query("www.example.com", Rtype::A).await {
        Ok(response) => {
            let summary = match response.message.addresses().as_slice() {
                [] => response.message.rcode.to_string(),
                [first, ..] => first.to_string(),
            };
            (response.resolver, summary)
        }
        Err(failure) => (String::new(), failure.to_string()),
    }
}
