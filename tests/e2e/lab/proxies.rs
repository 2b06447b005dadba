//! `myip` and `myrequest` behind real proxies: nginx, haproxy and caddy (`tests/lab/proxies.sh`).

use netvane_tests::{Lab, Service, http::Client};
use serde_json::{Value, json};

const FORGED: &str = "192.0.2.66";
const MYIP: &str = "GET /v1/commands/myip";

/// Starts the service behind the lab's proxies; it trusts 127.0.0.1.
fn service(port: &str, proxy_protocol: &str) -> (Lab, Service) {
    let lab = Lab::proxies();
    lab.enter();
    let service = Service::start(&[
        ("NETVANE__HTTP__LISTEN", &format!("127.0.0.1:{port}")),
        ("NETVANE__HTTP__TRUSTED_PROXIES", "127.0.0.1"),
        ("NETVANE__HTTP__PROXY_PROTOCOL", proxy_protocol),
        ("NETVANE__DNS__SERVERS", "127.0.0.1:9"),
        ("NETVANE__DNS__TIMEOUT_MS", "100"),
    ]);
    (lab, service)
}

fn data(front: &str, headers: &[(&str, &str)]) -> Value {
    let address = front.parse().expect("an address");
    Client::connect(address).ask(MYIP, headers, b"").json()["data"].clone()
}

/// Returns `address source` of each hop, and whether it is trusted.
fn chain(data: &Value) -> Vec<String> {
    let told = |hop: &Value| {
        let worth = if hop["trusted"] == true {
            ""
        } else {
            ", unverified"
        };
        format!(
            "{} {}{worth}",
            hop["address"].as_str().unwrap_or("-"),
            hop["source"].as_str().unwrap_or("-")
        )
    };
    data["chain"]
        .as_array()
        .expect("a chain")
        .iter()
        .map(told)
        .collect()
}

#[test]
#[ignore = "needs the proxy lab"]
fn the_clients_address_is_known_behind_each_proxy() {
    let (lab, _service) = service("8080", "false");
    let (nginx, haproxy, caddy) = (lab.value("NGINX"), lab.value("HAPROXY"), lab.value("CADDY"));

    let found = data(&format!("{nginx}:80"), &[("X-Forwarded-For", FORGED)]);

    assert_eq!(
        (&found["address"], &found["via"]),
        (&json!(nginx), &json!("proxy"))
    );

    let named = format!("{nginx} x-forwarded-for");
    let repeated = format!("{nginx} x-real-ip");
    let forged = format!("{FORGED} x-forwarded-for, unverified");

    assert_eq!(
        chain(&found),
        ["127.0.0.1 connection", &named, &forged, &repeated],
        "one line, appended to"
    );

    assert_eq!(
        found["proxy_headers"]["x-forwarded-for"],
        format!("{FORGED}, {nginx}")
    );

    let found = data(
        &format!("{haproxy}:80"),
        &[("X-Forwarded-For", FORGED), ("Forwarded", "for=_x")],
    );
    assert_eq!(found["address"], haproxy);
    let (named, repeated) = (
        format!("{haproxy} x-forwarded-for"),
        format!("{haproxy} forwarded"),
    );

    assert_eq!(
        chain(&found),
        ["127.0.0.1 connection", &named, &forged, &repeated],
        "a line of its own"
    );

    let found = data(&format!("{caddy}:80"), &[("X-Forwarded-For", FORGED)]);
    let named = format!("{caddy} x-forwarded-for");

    assert_eq!(
        chain(&found),
        ["127.0.0.1 connection", &named],
        "what a client claims is dropped"
    );

    // haproxy in front of nginx, where only 127.0.0.1 is trusted.
    let found = data(&format!("{haproxy}:82"), &[]);
    assert_eq!(found["address"], nginx);
    let claimed = format!("{haproxy} x-forwarded-for, unverified");
    assert_eq!(chain(&found)[2], claimed);
}

/// Returns the reply that curl gets from haproxy over TLS.
fn over_tls(lab: &Lab, haproxy: &str) -> Value {
    let url = "https://front.lab.test:443/v1/commands/myrequest";
    let resolved = format!("front.lab.test:443:{haproxy}");
    let curl = std::process::Command::new("curl")
        .args([
            "-sS",
            "--max-time",
            "10",
            "--cacert",
            lab.value("CA_FILE"),
            "--resolve",
            &resolved,
            url,
        ])
        .output()
        .expect("curl runs");

    let told = String::from_utf8_lossy(&curl.stderr).into_owned();
    serde_json::from_slice(&curl.stdout).unwrap_or_else(|error| panic!("{error}: {told}"))
}

#[test]
#[ignore = "needs the proxy lab"]
fn supports_the_proxy_protocol_of_nginx_and_haproxy() {
    let (lab, relayed) = service("8081", "true");
    let (nginx, haproxy) = (lab.value("NGINX"), lab.value("HAPROXY"));

    for front in [nginx, haproxy] {
        let found = data(&format!("{front}:81"), &[("X-Forwarded-For", FORGED)]);
        assert_eq!(
            (&found["address"], &found["via"]),
            (&json!(front), &json!("proxy")),
            "{front}"
        );
        let named = format!("{front} proxy_protocol");
        let forged = format!("{FORGED} x-forwarded-for, unverified");
        assert_eq!(
            chain(&found),
            ["127.0.0.1 connection", &named, &forged],
            "{front}"
        );
        assert!(found["port"].as_u64().is_some_and(|port| port > 1023));
    }

    // TLS ends at haproxy, which reports it.
    let reply = over_tls(&lab, haproxy);
    let variables = &reply["data"]["variables"];

    assert_eq!(
        (&variables["HTTPS"], &variables["REQUEST_SCHEME"]),
        (&json!("on"), &json!("https"))
    );
    assert_eq!(variables["SSL_PROTOCOL"], "TLSv1.3");
    assert_eq!(variables["SSL_TLS_SNI"], "front.lab.test");
    assert_eq!(variables["SERVER_PORT"], "443", "as the caller knows it");

    // A client that does not use the PROXY protocol on this port gets no response.
    let mut plain = Client::connect(relayed.address);
    plain.request(MYIP, &[], b"");
    assert_eq!(plain.rest().map(|rest| rest.len()).unwrap_or_default(), 0);
    let mut odd = Client::connect(relayed.address);
    odd.send(b"PROXY TCP4 nonsense\r\nGET / HTTP/1.1\r\n\r\n");
    assert_eq!(odd.rest().map(|rest| rest.len()).unwrap_or_default(), 0);
    assert_eq!(
        data(&format!("{nginx}:81"), &[])["address"],
        nginx,
        "other clients are still served"
    );
}
