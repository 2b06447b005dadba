//! Somebody who knows every domain, as a whois server does.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    thread,
};

/// Answers at this address as long as the test runs; port 0 is one that is free.
///
/// # Errors
///
/// Somebody is there already, or may be there and this process may not.
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
