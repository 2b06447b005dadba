//! Interactions that are sent as signed requests, without a gateway.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use netvane_tests::Discord;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};

use super::raw;

/// Starts a bot without a gateway, which refuses wrong signatures and answers everything else with
/// `Pong` or `Hello`.
fn serve_hooks(key: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("an address");
    // Two requests of the verification, and one interaction.
    thread::spawn(move || {
        listener
            .incoming()
            .take(3)
            .flatten()
            .for_each(|stream| answer_hook(stream, &key))
    });
    address
}

fn answer_hook(stream: TcpStream, key: &[u8]) {
    let mut stream = BufReader::new(stream);
    let mut headers = HashMap::new();

    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a line");
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }

    let mut body = vec![0; headers["content-length"].parse().expect("a length")];
    stream.read_exact(&mut body).expect("a body");
    let signed = [headers["x-signature-timestamp"].as_bytes(), &body].concat();
    let key = UnparsedPublicKey::new(&ED25519, key);
    let status = match key.verify(&signed, &unhex(&headers["x-signature-ed25519"])) {
        Ok(()) => "200 OK",
        Err(_) => "401 Unauthorized",
    };
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let answer = match body["type"].as_i64() {
        Some(1) => json!({ "type": 1 }),
        _ => json!({ "type": 4, "data": { "content": "Hello" } }),
    };
    let answer = answer.to_string();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n");
    let response = format!("{head}Content-Length: {}\r\n\r\n{answer}", answer.len());

    stream
        .get_mut()
        .write_all(response.as_bytes())
        .expect("it is read");
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).expect("digits"));
    digits
        .map(|pair| u8::from_str_radix(pair, 16).expect("digits"))
        .collect()
}

#[test]
fn interactions_can_be_sent_as_signed_requests() {
    let discord = Discord::start();
    let settings: HashMap<_, _> = discord.settings().into_iter().collect();
    let command = json!({ "name": "mx", "description": "Mail servers" });
    assert_eq!(
        raw(
            &discord,
            "POST /applications/1100000000000000001/commands",
            &command
        )
        .0,
        201
    );
    discord.deliver_to(serve_hooks(unhex(settings["NETVANE__DISCORD__PUBLIC_KEY"])));
    assert_eq!(discord.slash("mx", json!({})).reply()["content"], "Hello");
    discord.finish();
}
