//! Many users, names or callbacks cannot overload one host.

use netvane_tests::{
    Dns, Receiver, Scratch, Service,
    http::{Client, Response},
    until,
};
use serde_json::{Value, json};

use super::public;

#[test]
fn a_flood_is_limited_and_other_users_are_answered() {
    let (service, _dns) = public(&[("NETVANE__LIMITS__PER_ANONYMOUS", "30")]);
    let flood: Vec<Response> = (0..10)
        .map(|n| service.command_from("192.0.2.66", &format!("/a host{n}.example.test")))
        .collect();
    let refused: Vec<&Response> = flood
        .iter()
        .filter(|response| response.status == 429)
        .collect();
    assert_eq!((refused.len(), flood[0].status), (4, 200));
    let last = refused[0];
    let wait: u64 = last.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    let detail = last.problem()["detail"].as_str().expect("words").to_owned();

    assert!(
        detail.starts_with("Rate limit of your address: 30 units/min; this costs 5. Retry in "),
        "{detail}"
    );

    assert!(
        last.problem()["retry_after_ms"]
            .as_u64()
            .is_some_and(|wait| wait > 0)
    );

    let status = service.command_from("192.0.2.67", "/status").json();

    assert_eq!(
        status["data"]["yours"],
        json!([{ "of": "address", "left": 29, "per_minute": 30 }])
    );
    assert_eq!(
        service
            .command_from("192.0.2.67", "/a other.example.test")
            .status,
        200
    );
}

#[test]
fn many_users_together_cannot_overload_one_host() {
    let (service, _dns) = public(&[
        ("NETVANE__LIMITS__PER_TARGET", "75"),
        ("NETVANE__LIMITS__HOSTS_PER_NETWORK", "2"),
    ]);
    let pings = (1..=5).map(|requester| {
        service.command_from(&format!("192.0.2.{requester}"), "/ping 127.0.0.9 --count 1")
    });

    assert_eq!(
        pings.map(|response| response.status).collect::<Vec<_>>(),
        [200, 200, 200, 429, 429]
    );

    let check = |host| {
        service.command_from(
            &format!("192.0.2.{host}"),
            &format!("/ports 127.0.1.{host} 1"),
        )
    };

    let checks: Vec<Response> = (1..=4).map(check).collect();
    let last = &checks[3];
    assert_eq!(last.status, 429);
    assert!(last.text().contains("127.0.1.0/24"), "{}", last.text());
}

/// Returns a zone in which six names are one host, each the mail server of a domain.
fn six_names_of_one_host() -> String {
    let names = (0..6).map(|n| format!("h{n} IN A 127.0.0.9\nd{n} IN MX 10 h{n}.example.test.\n"));
    format!("{}{}", netvane_tests::dns::ZONE, names.collect::<String>())
}

#[test]
fn many_names_of_one_host_share_its_limit() {
    let dns = Dns::serving("example.test.", &six_names_of_one_host());
    let server = dns.address.to_string();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__HTTP__TRUSTED_PROXIES", "127.0.0.1"),
        ("NETVANE__POLICY__ALLOW", "127.0.0.0/8"),
        ("NETVANE__LIMITS__PER_TARGET", "50"),
        // Nothing listens on this port.
        ("NETVANE__SMTP__PORT", "9"),
    ]);

    let ping = |n: u8| {
        service.command_from(
            &format!("192.0.2.{n}"),
            &format!("/ping h{n}.example.test --count 1"),
        )
    };

    let pings: Vec<_> = (0..3).map(ping).collect();

    assert_eq!(
        [pings[0].status, pings[1].status, pings[2].status],
        [200, 200, 429]
    );

    let told = pings[2].problem();

    assert!(
        told["detail"]
            .as_str()
            .is_some_and(|told| told.starts_with("Too many lookups of 127.0.0.9")),
        "{told}"
    );

    // Mail servers are found through the domain, and resolvers and whois servers by name.
    let verify = service
        .command_from("192.0.2.9", "/verify someone@d4.example.test")
        .json();
    assert_eq!(verify["data"]["reason"], "spared", "{verify}");
    assert_eq!(verify["data"]["verdict"], "unknown");
    for line in [
        "/a example.test --resolver h5.example.test:53",
        "/whois example.test --server h5.example.test:43",
    ] {
        assert_eq!(
            service.command_from("192.0.2.10", line).status,
            429,
            "{line}"
        );
    }

    assert_eq!(
        service
            .command_from("192.0.2.10", "/a h5.example.test")
            .status,
        200,
        "a lookup about the target does not contact it"
    );
}

/// Starts such a service with callbacks, and with this limit on them.
fn calling_back(state: &Scratch, limit: &str, value: &str) -> (Service, Dns) {
    public(&[
        (
            "NETVANE__HTTP__CALLBACK_SECRET",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ),
        (
            "NETVANE__STATE__DIRECTORY",
            state.path().to_str().expect("a path"),
        ),
        (limit, value),
    ])
}

/// Sends a request with a callback, which must be accepted, for a client behind the proxy; returns
/// the delivery's id.
#[track_caller]
fn call_back(service: &Service, from: &str, line: &str, receiver: &Receiver) -> String {
    let body = json!({ "command": line, "callback": receiver.url("/hook") }).to_string();
    let headers = [
        ("X-Forwarded-For", from),
        ("Content-Type", "application/json"),
    ];
    let taken =
        Client::connect(service.address).ask("POST /v1/commands", &headers, body.as_bytes());
    assert_eq!(taken.status, 202, "{}", taken.text());
    let taken: Value = serde_json::from_slice(&taken.body).expect("JSON");
    taken["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_callback_cannot_amplify_traffic() {
    let (scratch, receiver) = (Scratch::new(), Receiver::start());
    let (service, _dns) = calling_back(&scratch, "NETVANE__LIMITS__AMPLIFICATION", "2");

    call_back(&service, "192.0.2.9", "/help mx", &receiver);
    let delivered = receiver.next();
    let told: Value = serde_json::from_slice(&delivered.body).expect("JSON");

    assert_eq!(
        (&told["type"], &told["data"]["code"]),
        (&json!("error"), &json!("too_large")),
        "{told}"
    );

    delivered.answer("204 No Content", &[]);
}

#[test]
fn callbacks_of_many_users_cannot_overload_one_receiver() {
    let (scratch, receiver) = (Scratch::new(), Receiver::start());
    let (service, _dns) = calling_back(&scratch, "NETVANE__LIMITS__PER_TARGET", "2");

    let ask = |requester| {
        call_back(
            &service,
            &format!("192.0.2.{requester}"),
            "/port 443",
            &receiver,
        )
    };
    let ids: Vec<String> = (1..=3).map(ask).collect();

    for _ in 0..2 {
        receiver.next().answer("204 No Content", &[]);
    }

    let how = |id: &String| service.get(&format!("/v1/deliveries/{id}")).json();
    let delivered = || {
        ids.iter()
            .filter(|id| how(id)["state"] == "delivered")
            .count()
    };

    until("two are delivered", || delivered() == 2);
    let waiting = ids
        .iter()
        .map(how)
        .find(|delivery| delivery["state"] != "delivered")
        .expect("the third");

    assert_eq!(
        (&waiting["state"], &waiting["attempts"]),
        (&json!("delivering"), &json!([])),
        "no attempt is made while it waits"
    );

    assert_eq!(receiver.connections(), 2);
}
