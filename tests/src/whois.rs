//! A whois server that knows every domain.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    thread,
};

/// Starts the server at this address for as long as the test runs; port 0 picks a free one.
///
/// # Errors
///
/// If the address is in use, or this process may not listen there.
pub fn registry(address: &str) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;

    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut question = String::new();
            let _ = BufReader::new(&stream).read_line(&mut question);
            let name = question.trim();
            let _ = write!(
                stream,
                "Domain Name: {name}\r\nRegistrar: Example\r\nName Server: ns.test\r\nStatus: active\r\n"
            );
        }
    });

    Ok(address)
}
