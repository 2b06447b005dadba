//! SIGTERM while users wait: finished lookups are answered, all others get a message, the process
//! exits, and the next one resumes.

use std::{net::TcpStream, thread};

use netvane_tests::{
    Everything, Service,
    discord::Asked,
    everything::{SECRET, answered, begin, taken, told, working, works},
    http::Client,
    telegram::{self, Message},
    until,
};
use serde_json::{Value, json};

const QUESTION: &str = "example.test. MX";
const LINE: &str = "mx example.test";

/// All clients that wait for the same reply.
struct Waiting {
    on_telegram: telegram::Asked,
    on_discord: Asked,
    over_http: Client,
    stream: Client,
    batch: Client,
    /// Id of a callback's delivery.
    callback: String,
}

impl Waiting {
    fn new(world: &Everything, service: &Service) -> Self {
        world.dns.hold(QUESTION);
        let on_telegram = world.on_telegram(42).say(&format!("/{LINE}"));
        let on_discord = world.discord.slash("mx", json!({"domain": "example.test"}));
        let over_http = begin(service, LINE, "application/json");
        let mut stream = begin(service, LINE, "text/event-stream");

        // Received header fields show that the stream has started.
        assert_eq!(stream.head().expect("a stream").0, 200);
        let mut batch = Client::connect(service.address);
        let lines = format!(
            "{}\n{}\n",
            json!({"command": LINE}),
            json!({"command": "port 22"})
        );

        batch.request(
            "POST /v1/batch",
            &[("Content-Type", "application/x-ndjson")],
            lines.as_bytes(),
        );

        assert_eq!(batch.head().expect("answers").0, 200);
        let callback = taken(service, LINE, &world.receiver.url("/"));
        on_telegram.wait_for(works);
        working(&on_discord);
        on_telegram.taken();
        until("the callback's lookup runs", || {
            service.get(&format!("/v1/deliveries/{callback}")).json()["state"] == "running"
        });

        Self {
            on_telegram,
            on_discord,
            over_http,
            stream,
            batch,
            callback,
        }
    }
}

fn interrupted(message: &Message) -> bool {
    message.text.contains("Netvane is restarting") && !works(message)
}

#[test]
fn a_shutdown_waits_for_replies() {
    let world = Everything::default();
    let service = world.serve(&[]);
    world.connected(&service);
    let mut waiting = Waiting::new(&world, &service);
    service.signal("TERM");
    service.logged("shutting down");
    until("new connections are refused", || {
        TcpStream::connect(service.address).is_err()
    });
    world.dns.release(QUESTION);
    let reply = waiting.over_http.response().expect("an answer").json();
    assert_eq!(reply["data"]["hosts"][0]["exchange"], "mail1.example.test");
    for client in [&mut waiting.stream, &mut waiting.batch] {
        let rest = client.rest().expect("it ends in order");
        let rest = String::from_utf8_lossy(&rest);
        assert!(
            rest.contains("mail1.example.test") && rest.contains("\r\n0\r\n\r\n"),
            "{rest}"
        );
    }

    waiting.on_telegram.wait_for(told);
    answered(&waiting.on_discord);
    assert_eq!(service.ended(), Some(0));

    // The callback's lookup was completed, or is by the next process.
    let service = world.serve(&[]);
    let message = world.receiver.next();
    assert_eq!(message.header("webhook-id"), waiting.callback);
    assert_eq!(
        message.verified(SECRET)["data"]["data"]["hosts"][0]["exchange"],
        "mail1.example.test"
    );
    message.answer("200 OK", &[]);
    until("it is delivered", || {
        service
            .get(&format!("/v1/deliveries/{}", waiting.callback))
            .json()["state"]
            == "delivered"
    });

    assert_eq!(waiting.on_telegram.replies().len(), 1);
    assert_eq!(service.stop(), Some(0));
    world.telegram.finish();
    world.discord.finish();
}

#[test]
fn a_shutdown_notifies_users_whose_lookups_do_not_finish() {
    let world = Everything::default();

    // Only the shutdown may end the wait, so all other timeouts are long.
    let settings = [
        ("NETVANE__HTTP__DRAIN_MS", "1000"),
        ("NETVANE__DNS__TIMEOUT_MS", "60000"),
    ];
    let service = world.serve(&settings);
    world.connected(&service);
    let mut waiting = Waiting::new(&world, &service);
    service.signal("TERM");
    service.logged("shutting down");

    // New requests are not accepted any more: this one is for the next process.
    let later = world.on_telegram(43).say("/a mail1.example.test");
    assert_eq!(service.ended(), Some(0));
    waiting.on_telegram.wait_for(interrupted);
    waiting.on_discord.wait_for("a word", |message| {
        message.to_string().contains("is restarting")
    });
    assert!(later.replies().is_empty());
    assert!(waiting.over_http.response().is_err(), "it was cut off");
    for client in [&mut waiting.stream, &mut waiting.batch] {
        let rest = client.rest().expect("it is cut off");
        assert!(
            !rest.ends_with(b"0\r\n\r\n"),
            "a truncated response must not look complete"
        );
    }

    world.dns.release(QUESTION);
    let service = world.serve(&[]);
    later.wait_for(told);
    let message = world.receiver.next();
    assert_eq!(message.header("webhook-id"), waiting.callback);
    message.verified(SECRET);
    message.answer("200 OK", &[]);
    world.connected(&service);
    assert_eq!(
        waiting.on_telegram.replies().len(),
        1,
        "notified once, and not run again"
    );

    let state: Value = service
        .get(&format!("/v1/deliveries/{}", waiting.callback))
        .json();
    assert_eq!(state["command"], "mx");
    assert_eq!(service.stop(), Some(0));
    world.telegram.finish();
    world.discord.finish();
}

/// An impatient supervisor sends SIGTERM twice, and a user presses Ctrl-C.
#[test]
fn further_signals_change_nothing() {
    let world = Everything::default();
    let service = world.serve(&[]);
    world.connected(&service);
    world.dns.hold(QUESTION);
    let mut client = begin(&service, LINE, "application/json");
    world.dns.wait_for(QUESTION);
    for signal in ["TERM", "TERM", "INT", "HUP"] {
        service.signal(signal);
    }
    service.logged("shutting down");
    thread::yield_now();
    world.dns.release(QUESTION);
    assert_eq!(
        client.response().expect("an answer").json()["command"],
        "mx"
    );
    assert_eq!(service.ended(), Some(0));
    world.telegram.finish();
    world.discord.finish();
}
