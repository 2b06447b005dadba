//! City and RDAP data that `netvane data update` keeps in the state directory, without any setting for its files.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use flate2::{Compression, write::GzEncoder};
use jiff::ToSpan as _;
use netvane_tests::{Finished, Netvane, Scratch, Service, until};

const ADDRESS: &str = "81.2.69.161";
const CREDIT: &str = "IP Geolocation by DB-IP";

/// One response of the web server: path, status line, announced length, and body.
type Response = (String, &'static str, usize, Vec<u8>);

/// A web server with a response for each path, and 404 for others.
struct Web {
    address: SocketAddr,
    responses: Arc<Mutex<Vec<Response>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Web {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
        let web = Self {
            address: listener.local_addr().expect("an address"),
            responses: Arc::default(),
            requests: Arc::default(),
        };
        let (responses, requests) = (web.responses.clone(), web.requests.clone());
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = [0; 4096];
                let read = stream.read(&mut request).unwrap_or(0);
                let text = String::from_utf8_lossy(&request[..read]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                let (_, status, length, body) = responses
                    .lock()
                    .expect("not poisoned")
                    .iter()
                    .find(|(known, ..)| *known == path)
                    .cloned()
                    .unwrap_or((String::new(), "404 Not Found", 0, Vec::new()));
                requests.lock().expect("not poisoned").push(path);
                let head = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
                );
                let _ = stream
                    .write_all(head.as_bytes())
                    .and_then(|()| stream.write_all(&body));
            }
        });
        web
    }

    fn set(&self, path: &str, status: &'static str, length: usize, body: Vec<u8>) {
        let mut responses = self.responses.lock().expect("not poisoned");
        responses.retain(|(known, ..)| known != path);
        responses.push((path.to_owned(), status, length, body));
    }

    fn serve(&self, path: &str, body: Vec<u8>) {
        self.set(path, "200 OK", body.len(), body);
    }

    /// Serves RDAP bootstrap files with this publication date.
    fn serve_bootstrap(&self, date: &str) {
        for (name, entry) in [
            ("dns", "com"),
            ("ipv4", "81.0.0.0/8"),
            ("ipv6", "2001:db8::/32"),
            ("asn", "64496-64511"),
        ] {
            let file = format!(
                r#"{{"publication":"{date}","services":[[["{entry}"],["http://{}/"]]]}}"#,
                self.address
            );
            self.serve(&format!("/rdap/{name}.json"), file.into());
        }
    }

    /// The settings with which both kinds of data come from this server.
    fn settings(&self, state: &Path) -> Vec<(&'static str, String)> {
        vec![
            ("NETVANE__STATE__DIRECTORY", state.display().to_string()),
            (
                "NETVANE__GEO__CITY_URL",
                format!("http://{}/city-{{month}}.mmdb.gz", self.address),
            ),
            (
                "NETVANE__RDAP__BOOTSTRAP_URL",
                format!("http://{}/rdap", self.address),
            ),
            ("NETVANE__POLICY__ALLOW", "127.0.0.0/8".into()),
            ("NETVANE__DNS__SERVERS", "127.0.0.1:9".into()),
        ]
    }

    fn run(&self, state: &Path, line: &str) -> Finished {
        self.settings(state)
            .into_iter()
            .fold(Netvane::line(line), |run, (name, value)| {
                run.env(name, value)
            })
            .run()
    }

    fn service(&self, state: &Path, more: &[(&str, &str)]) -> Service {
        let settings = self.settings(state);
        let settings: Vec<(&str, &str)> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain(more.iter().copied())
            .collect();
        Service::start(&settings)
    }
}

/// Path of the edition of this month, or of one before it.
fn edition(months_ago: i32) -> String {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let month = today.date().first_of_month() - months_ago.months();
    format!("/city-{}.mmdb.gz", month.strftime("%Y-%m"))
}

/// A database of DB-IP's type that has 81.2.69.0/24 in London.
fn db_ip_city() -> Vec<u8> {
    let bytes: &[u8] = include_bytes!("../../core/facts/src/geo/fixtures/nested-city.mmdb");
    let (old, new) = (b"MGeoLite2-City", b"NDBIP-City-Lite");
    let at = bytes
        .windows(old.len())
        .position(|window| window == old)
        .expect("the type in the metadata");
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(plain).expect("into memory");
    packed.finish().expect("into memory")
}

fn city_file(state: &Path) -> PathBuf {
    state.join("data/city.mmdb")
}

fn city(service: &Service) -> Option<String> {
    let reply = service.get(&format!("/v1/commands/geo?target={ADDRESS}"));
    reply.json()["data"]["city"].as_str().map(str::to_owned)
}

#[test]
fn downloaded_data_is_used_without_settings() {
    let (scratch, web) = (Scratch::new(), Web::start());
    let state = scratch.path();
    let lookup = format!("geo {ADDRESS}");

    let before = web.run(state, &lookup);
    assert!(
        before.stdout.contains("run `netvane data update`") && !before.stdout.contains(CREDIT),
        "{}",
        before.stdout
    );

    // The edition of this month is not published yet.
    web.serve(&edition(1), gzip(&db_ip_city()));
    web.serve_bootstrap("2099-01-01T00:00:00Z");
    let update = web.run(state, "data update");
    assert_eq!(update.code, Some(0), "{}{}", update.stdout, update.stderr);
    assert_eq!(
        std::fs::read(city_file(state)).expect("in place"),
        db_ip_city()
    );

    let after = web.run(state, &lookup);
    assert!(
        after.stdout.contains("London")
            && after
                .stdout
                .contains(&format!("{CREDIT}: https://db-ip.com"))
            && !after.stdout.contains("data update"),
        "{}",
        after.stdout
    );
    let status = web.run(state, "data status");
    for part in ["data/city.mmdb", "DBIP-City-Lite", "RDAP bootstrap of 2099"] {
        assert!(status.stdout.contains(part), "{part}: {}", status.stdout);
    }

    let service = web.service(state, &[]);
    assert_eq!(city(&service).as_deref(), Some("London"));
    let page = service.get(&format!("/tools/geo?target={ADDRESS}"));
    let page = page.text();
    assert!(
        page.contains(r#"<a href="https://db-ip.com""#) && page.contains(CREDIT),
        "{page}"
    );
    let bootstrap =
        || service.get("/v1/commands/status").json()["data"]["data"]["rdap_bootstrap"].clone();
    assert_eq!(bootstrap(), "2099-01-01T00:00:00Z");

    // A running service uses newer files, and the shipped ones instead of older files.
    web.serve_bootstrap("2099-02-02T00:00:00Z");
    assert_eq!(web.run(state, "data update").code, Some(0));
    until("the new files are used", || {
        bootstrap() == "2099-02-02T00:00:00Z"
    });
    web.serve_bootstrap("2019-01-01T00:00:00Z");
    assert_eq!(web.run(state, "data update").code, Some(0));
    until("the shipped files are used", || {
        bootstrap().as_str().is_some_and(|date| date > "2026")
            && bootstrap().as_str().is_none_or(|date| date <= "2099")
    });
}

#[test]
fn bad_downloads_leave_the_old_data_in_use() {
    let (scratch, web) = (Scratch::new(), Web::start());
    let state = scratch.path();
    web.serve(&edition(0), gzip(&db_ip_city()));
    web.serve_bootstrap("2099-01-01T00:00:00Z");
    assert_eq!(web.run(state, "data update").code, Some(0));

    let good = gzip(&db_ip_city());
    let asn: &[u8] = include_bytes!("../../core/facts/src/geo/fixtures/nested-asn.mmdb");
    let half = good[..good.len() / 2].to_vec();
    let cases = [
        ("200 OK", half.len(), half.clone(), "invalid gzip data"),
        ("200 OK", good.len(), half, "was not replaced"),
        ("200 OK", 0, gzip(asn), "the file is empty"),
        ("200 OK", gzip(asn).len(), gzip(asn), "contains no cities"),
        ("200 OK", 6, b"<html>".to_vec(), "not a complete MaxMind DB"),
        ("200 OK", 2 << 30, Vec::new(), "is larger than"),
        ("500 Broken", 0, Vec::new(), "returned HTTP 500"),
        ("404 Not Found", 0, Vec::new(), "previous month"),
    ];
    for (status, length, body, reason) in cases {
        web.set(&edition(0), status, length, body);
        let update = web.run(state, "data update");
        assert_eq!(update.code, Some(2), "{reason}: {}", update.stdout);
        assert!(
            update.stderr.contains(reason) && update.stderr.contains("city.mmdb was not replaced"),
            "{reason}: {}",
            update.stderr
        );
        let stays = std::fs::read(city_file(state)).expect("still there");
        assert_eq!(stays, db_ip_city(), "{reason}");
        let directory = std::fs::read_dir(state.join("data")).expect("a directory");
        assert_eq!(directory.count(), 2, "{reason}: nothing is left beside it");
    }

    // One broken RDAP file keeps all old ones; the cities are updated nevertheless.
    web.serve(&edition(0), gzip(&db_ip_city()));
    for (name, body) in [("asn", "<html>"), ("ipv6", r#"{"services":[]}"#)] {
        web.serve_bootstrap("2099-03-03T00:00:00Z");
        web.serve(&format!("/rdap/{name}.json"), body.into());
        let update = web.run(state, "data update");
        assert_eq!(update.code, Some(2));
        assert!(
            update.stdout.contains("verified and installed")
                && update
                    .stderr
                    .contains("RDAP bootstrap files were not replaced"),
            "{}{}",
            update.stdout,
            update.stderr
        );
    }
    let status = web.run(state, "data status").stdout;
    assert!(status.contains("RDAP bootstrap of 2099-01-01"), "{status}");
}

#[test]
fn a_service_downloads_cities_by_itself_once_a_month() {
    let (scratch, web) = (Scratch::new(), Web::start());
    let state = scratch.path();
    web.serve(&edition(1), gzip(&db_ip_city()));
    let auto = [("NETVANE__GEO__AUTO_UPDATE", "true")];

    let service = web.service(state, &auto);
    service.logged("geo database updated");
    until("the cities are in use", || {
        city(&service).as_deref() == Some("London")
    });
    drop(service);

    // What is present is not downloaded again, until there is something newer.
    let asked = |path: &str| {
        let requests = web.requests.lock().expect("not poisoned");
        requests.iter().filter(|request| *request == path).count()
    };
    assert_eq!((asked(&edition(0)), asked(&edition(1))), (1, 1));
    let service = web.service(state, &auto);
    until("this month's edition is looked for", || {
        asked(&edition(0)) == 2
    });
    assert_eq!(city(&service).as_deref(), Some("London"));
    drop(service);
    assert_eq!(asked(&edition(1)), 1);

    web.serve(&edition(0), gzip(&db_ip_city()));
    let service = web.service(state, &auto);
    service.logged("geo database updated");
    drop(service);
    let service = web.service(state, &auto);
    assert_eq!(city(&service).as_deref(), Some("London"));
    assert_eq!((asked(&edition(0)), asked(&edition(1))), (3, 1));
}

#[test]
fn without_a_state_directory_nothing_is_downloaded() {
    let run = Netvane::line("data update")
        .env("NETVANE__DNS__SERVERS", "127.0.0.1:9")
        .run();
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("state.directory"), "{}", run.stderr);
}
