//! `netvane data update`, and a running service that loads the new databases.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    thread,
};

use netvane_tests::{Netvane, Scratch, Service, until};

/// A database that has 81.2.69.0/24 in London, and no entry for 8.8.8.8.
const CITY: &[u8] = include_bytes!("../../core/facts/src/geo/fixtures/nested-city.mmdb");

/// Starts a web server that responds to every request with these bytes.
fn web(body: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(body));
        }
    });
    address
}

fn update(file: &PathBuf, from: SocketAddr) -> Netvane {
    Netvane::line("data update")
        .env("NETVANE__GEO__CITY", file)
        .env("NETVANE__GEO__CITY_URL", format!("http://{from}/city.mmdb"))
        .env("NETVANE__POLICY__ALLOW", "127.0.0.0/8")
        .env("NETVANE__DNS__SERVERS", "127.0.0.1:9")
}

#[test]
fn a_new_database_is_loaded_and_a_broken_one_is_not() {
    let scratch = Scratch::new();
    let file = scratch.path().join("city.mmdb");
    let done = update(&file, web(CITY)).run();

    assert!(
        done.text().contains("verified and installed"),
        "{}",
        done.stdout
    );

    assert_eq!(std::fs::read(&file).expect("in place"), CITY);

    let path = file.to_str().expect("UTF-8");
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", "127.0.0.1:9"),
        ("NETVANE__GEO__CITY", path),
    ]);
    let city = |service: &Service| {
        service.get("/v1/commands/geo?target=81.2.69.161").json()["data"]["city"]
            .as_str()
            .map(str::to_owned)
    };

    assert_eq!(city(&service).as_deref(), Some("London"));

    let refused = update(&file, web(&CITY[..CITY.len() / 2])).run();
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("was not replaced"),
        "{}",
        refused.stderr
    );

    assert_eq!(
        std::fs::read(&file).expect("still there"),
        CITY,
        "the old file stays"
    );

    assert_eq!(
        std::fs::read_dir(scratch.path())
            .expect("a directory")
            .count(),
        1,
        "nothing is left beside it"
    );

    // A broken file: reported once, and the old database stays in use.
    std::fs::write(&file, b"not a database").expect("writes");
    service.logged("could not load geo databases, keeping the previous ones");
    assert_eq!(city(&service).as_deref(), Some("London"));

    let flat: &[u8] = include_bytes!("../../core/facts/src/geo/fixtures/flat-city.mmdb");
    std::fs::write(&file, flat).expect("writes");
    service.logged("geo databases reloaded");
    until("the fresh database answers", || {
        service.get("/v1/commands/geo?target=203.0.113.9").json()["data"]["city"] == "Tokyo"
    });
}
