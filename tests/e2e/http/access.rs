//! Access to the HTTP API: keys, signatures, cross-origin requests, and attempts to circumvent
//! them.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, HEXLOWER};
use netvane_tests::{
    Netvane, Scratch, Service,
    http::{Client, Response},
};
use ring::{digest, hmac};
use serde_json::{Value, json};

const KEYS: &str = "NETVANE__HTTP__API_KEYS";
const SECRETS: &str = "NETVANE__HTTP__INBOUND_SECRETS";
const CLOSED: (&str, &str) = ("NETVANE__HTTP__ANONYMOUS", "false");

const OLD: &str = "nvk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const NEW: &str = "nvk_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

fn hash(key: &str) -> String {
    format!(
        "sha256:{}",
        HEXLOWER.encode(digest::digest(&digest::SHA256, key.as_bytes()).as_ref())
    )
}

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

fn ask(service: &Service, target: &str, headers: &[(&str, &str)], body: &str) -> Response {
    Client::connect(service.address).ask(target, headers, body.as_bytes())
}

/// A request that needs no network.
const QUESTION: &str = r#"{"command": "help mx"}"#;

fn post(service: &Service, headers: &[(&str, &str)]) -> Response {
    ask(service, "POST /v1/commands", headers, QUESTION)
}

/// Returns status, detail and challenge of a refused request.
#[track_caller]
fn refused(response: &Response) -> (u16, String, String) {
    let problem = response.problem();
    let code = match response.status {
        401 => "unauthorized",
        403 => "forbidden",
        400 => "bad_argument",
        other => panic!("{other}: {problem}"),
    };
    assert_eq!(problem["code"], code, "{problem}");
    let detail = problem["detail"].as_str().expect("a detail").to_owned();
    (
        response.status,
        detail,
        response.header("www-authenticate").to_owned(),
    )
}

#[test]
fn a_new_key_works_with_its_configuration_entry() {
    let made =
        Netvane::line("key new --name ops --scope ask --scope batch --expires 2999-01-01 --json")
            .run();
    let made: Value = serde_json::from_str(made.text()).expect("JSON");
    let (key, entry) = (
        made["key"].as_str().expect("a key"),
        made["entry"].as_str().expect("an entry"),
    );
    assert!(key.starts_with("nvk_") && key.len() == 47, "{key}");
    assert_eq!(
        entry,
        format!("{} name=ops scopes=ask+batch expires=2999-01-01", hash(key))
    );

    let service = Service::start(&[CLOSED, (KEYS, entry)]);

    assert_eq!(
        post(&service, &[("Authorization", &bearer(key))]).json()["command"],
        "help"
    );

    let text = Netvane::line("key new").run();
    let key = text.text().lines().next().expect("a key").to_owned();

    assert!(
        text.text()
            .contains(&format!("api_keys = [\"{}\"]", hash(&key))),
        "{}",
        text.text()
    );

    for (line, told) in [
        (
            "key new --scope everything",
            "unknown scope; expected ask, batch or callback",
        ),
        (
            "key new --name a/b",
            "a key's name must have at most 64 letters",
        ),
        ("key new --expires soon", "--expires: expected a date"),
    ] {
        let run = Netvane::line(line).run();
        assert!(
            run.code == Some(2) && run.stderr.contains(told),
            "{line}: {}",
            run.stderr
        );
    }
}

#[test]
fn settings_with_a_plain_key_are_refused_without_showing_it() {
    let run = Netvane::line("config check").env(KEYS, NEW).run();
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("this is a key; its hash") && !run.stderr.contains(NEW),
        "{}",
        run.stderr
    );
    let shown = Netvane::line("config show")
        .env(KEYS, format!("{} name=ops", hash(OLD)))
        .run();
    assert!(
        shown.text().contains("api_keys = [\"(set)\"]"),
        "{}",
        shown.text()
    );
}

#[test]
fn a_closed_service_runs_no_lookups_without_a_key() {
    let service = Service::start(&[CLOSED, (KEYS, &hash(OLD))]);
    for path in ["/v1/commands", "/healthz"] {
        assert_eq!(service.get(path).status, 200, "{path}");
    }
    assert_eq!(service.get("/metrics").status, 401);
    let keyed = ask(
        &service,
        "GET /metrics",
        &[("Authorization", &bearer(OLD))],
        "",
    );
    assert_eq!(keyed.status, 200);

    for target in [
        "POST /v1/commands",
        "GET /v1/commands/help",
        "GET /v1/commands/nosuch",
        "GET /v1/commands/%ff",
        "GET /v1/commands/help?command=mx&command=a",
        "HEAD /v1/commands/help",
    ] {
        let body = if target.starts_with("POST") {
            QUESTION
        } else {
            ""
        };

        if target.starts_with("HEAD") {
            let mut client = Client::connect(service.address);
            client.request(target, &[], b"");
            assert_eq!(client.head().expect("an answer").0, 401, "{target}");
            continue;
        }

        let (status, detail, challenge) = refused(&ask(&service, target, &[], body));

        assert_eq!(
            (status, challenge.as_str()),
            (401, "Bearer realm=\"netvane\""),
            "{target}"
        );

        assert_eq!(
            detail, "authentication required: send an API key as `Authorization: Bearer nvk_…`",
            "{target}"
        );
    }

    let key = bearer(OLD);

    assert_eq!(
        ask(
            &service,
            "GET /v1/commands/help",
            &[("Authorization", &key)],
            ""
        )
        .status,
        200
    );

    // A client without access need not send the body: the service does not wait for it.
    let mut client = Client::connect(service.address);
    client.send("POST /v1/commands HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    assert_eq!(client.response().expect("an answer at once").status, 401);
}

#[test]
fn two_keys_of_one_name_are_valid_at_once() {
    let entries = format!(
        "{} name=ops,{} name=ops,{} expires=2001-01-01",
        hash(OLD),
        hash(NEW),
        hash("nvk_gone")
    );

    let service = Service::start(&[CLOSED, (KEYS, &entries)]);

    for key in [OLD, NEW] {
        post(&service, &[("Authorization", &bearer(key))]).json();
        post(&service, &[("authorization", &format!("bearer   {key}"))]).json();
    }

    for wrong in [
        "nvk_gone",
        "nvk_",
        "",
        &hash(OLD),
        &OLD[..46],
        &format!("{OLD}A"),
        &OLD.to_lowercase(),
    ] {
        let (status, detail, challenge) =
            refused(&post(&service, &[("Authorization", &bearer(wrong))]));
        assert_eq!(
            (status, detail.as_str(), challenge.as_str()),
            (
                401,
                "unknown or expired API key: send an API key as `Authorization: Bearer nvk_…`; the operator of this service issues them",
                "Bearer realm=\"netvane\", error=\"invalid_token\""
            ),
            "{wrong}"
        );
    }

    let log = service.log();

    assert!(
        !log.contains(OLD) && !log.contains(NEW) && !log.contains("nvk_gone"),
        "{log}"
    );
}

#[test]
fn a_wrong_key_is_not_treated_as_anonymous() {
    for keys in ["", &hash(OLD)] {
        let service = Service::start(&[(KEYS, keys)]);
        post(&service, &[]).json();
        for wrong in [
            &bearer(NEW),
            "Bearer",
            "Token x",
            NEW,
            "bearer\t",
            "B\u{e4}rer x",
        ] {
            let (status, _, _) = refused(&post(&service, &[("Authorization", wrong)]));
            assert_eq!(status, 401, "{wrong}");
            let got = ask(
                &service,
                "GET /v1/commands/help",
                &[("Authorization", wrong)],
                "",
            );
            assert_eq!(got.status, 401, "{wrong}");
        }

        // Intended for a reverse proxy, and repeated by browsers with each request.
        post(&service, &[("Authorization", "Basic YTpi")]).json();
        let twice = [
            ("Authorization", "Basic YTpi"),
            ("Authorization", "Basic YTpi"),
        ];
        let (status, detail, _) = refused(&post(&service, &twice));

        assert_eq!(
            (status, detail.as_str()),
            (400, "`Authorization` is there twice; send one")
        );
    }

    let service = Service::start(&[(KEYS, &hash(OLD))]);
    let twice = [
        ("Authorization", bearer(OLD)),
        ("Authorization", bearer(NEW)),
    ];
    let twice: Vec<(&str, &str)> = twice
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(refused(&post(&service, &twice)).0, 400);
}

#[test]
fn a_key_is_limited_to_its_scopes() {
    let entry = format!("{} scopes=batch+callback", hash(OLD));
    let service = Service::start(&[(KEYS, &entry)]);
    let (status, detail, challenge) = refused(&post(&service, &[("Authorization", &bearer(OLD))]));
    assert_eq!(
        (status, detail.as_str()),
        (403, "this API key is not for `ask`")
    );
    assert_eq!(
        challenge,
        "Bearer realm=\"netvane\", error=\"insufficient_scope\", scope=\"ask\""
    );
    assert_eq!(
        ask(
            &service,
            "GET /v1/commands/help",
            &[("Authorization", &bearer(OLD))],
            ""
        )
        .status,
        403
    );
}

const ORIGINS: &str = "NETVANE__HTTP__CORS_ORIGINS";
/// The origin whose pages are allowed.
const DASH: &str = "https://dash.example";

/// Sends the preflight request of a browser for a page of this origin.
fn preflight(service: &Service, path: &str, origin: &str) -> Response {
    let headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
        (
            "Access-Control-Request-Headers",
            "authorization,content-type",
        ),
    ];
    ask(service, &format!("OPTIONS {path}"), &headers, "")
}

fn allowed(response: &Response) -> &str {
    response.header("access-control-allow-origin")
}

#[test]
fn pages_of_an_allowed_origin_can_send_requests_and_read_errors() {
    let service = Service::start(&[(ORIGINS, DASH), CLOSED, (KEYS, &hash(OLD))]);

    let asked = preflight(&service, "/v1/commands", DASH);
    assert_eq!((asked.status, allowed(&asked)), (200, DASH));
    assert_eq!(
        asked.header("access-control-allow-methods"),
        "GET,POST,OPTIONS"
    );

    let headers = asked.header("access-control-allow-headers");

    assert!(
        headers.contains("authorization") && headers.contains("webhook-signature"),
        "{headers}"
    );
    assert_eq!(asked.header("access-control-max-age"), "600");
    assert_eq!(asked.header("access-control-allow-credentials"), "");

    let answered = post(&service, &[("Origin", DASH)]);
    assert_eq!((answered.status, allowed(&answered)), (401, DASH));
    let exposed = answered.header("access-control-expose-headers");

    assert!(
        ["retry-after", "etag", "x-request-id", "location"]
            .iter()
            .all(|name| exposed.contains(name)),
        "{exposed}"
    );

    for path in ["/metrics", "/hooks/slack", "/healthz"] {
        assert_eq!(preflight(&service, path, DASH).status, 405, "{path}");
    }

    for other in [
        "https://evil.example",
        "https://dash.example.evil.example",
        "http://dash.example",
        "null",
    ] {
        assert_eq!(
            allowed(&preflight(&service, "/v1/commands", other)),
            "",
            "{other}"
        );
        assert_eq!(
            allowed(&post(&service, &[("Origin", other)])),
            "",
            "{other}"
        );
    }
}

#[test]
fn cors_can_allow_every_origin_or_none() {
    let everyone = Service::start(&[(ORIGINS, "*")]);

    assert_eq!(
        allowed(&post(&everyone, &[("Origin", "https://any.example")])),
        "*"
    );

    let nobody = Service::start(&[]);
    assert_eq!(preflight(&nobody, "/v1/commands", DASH).status, 405);
    assert_eq!(allowed(&post(&nobody, &[("Origin", DASH)])), "");
}

/// Returns a secret for the settings, made of one repeated byte.
fn secret(byte: u8) -> String {
    format!("whsec_{}", BASE64.encode(&[byte; 32]))
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

struct Signed {
    id: String,
    timestamp: String,
    signature: String,
}

impl Signed {
    fn new(byte: u8, id: &str, timestamp: impl ToString, body: &str) -> Self {
        let timestamp = timestamp.to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]);
        let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
        Self {
            id: id.to_owned(),
            timestamp,
            signature: format!("v1,{}", BASE64.encode(tag.as_ref())),
        }
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        vec![
            ("webhook-id", &self.id),
            ("webhook-timestamp", &self.timestamp),
            ("webhook-signature", &self.signature),
        ]
    }
}

/// State directory in which used signatures are remembered.
struct Remembered(Scratch);

impl Remembered {
    /// Starts a closed service with the secrets of the bytes 1 and 2; one at a time.
    fn service(&self) -> Service {
        let secrets = format!("{},{}", secret(1), secret(2));
        let state = self.0.path().join("state").display().to_string();

        Service::start(&[
            CLOSED,
            (SECRETS, secrets.as_str()),
            ("NETVANE__STATE__DIRECTORY", state.as_str()),
        ])
    }
}

/// Returns why a signed request is refused.
#[track_caller]
fn fault(service: &Service, signed: &Signed) -> String {
    let (status, detail, _) = refused(&post(service, &signed.headers()));
    assert_eq!(status, 401, "{detail}");
    detail
}

#[test]
fn a_signature_replaces_a_key_exactly_once() {
    let remembered = Remembered(Scratch::new());
    let service = remembered.service();

    assert_eq!(
        refused(&post(&service, &[])).1,
        "authentication required: send an API key as `Authorization: Bearer nvk_…`, or sign the request (Standard Webhooks)"
    );

    let first = Signed::new(1, "msg_1", now(), QUESTION);
    post(&service, &first.headers()).json();
    post(
        &service,
        &Signed::new(2, "msg_2", now(), QUESTION).headers(),
    )
    .json();

    assert_eq!(
        fault(&service, &first),
        "this `webhook-id` was used before; each request needs a new one"
    );
    assert!(
        fault(&service, &Signed::new(1, "msg_1", now(), QUESTION)).contains("was used before"),
        "signed again"
    );

    let get = Signed::new(2, "msg_5", now(), "/v1/commands/help?command=mx");
    for other in ["help", "help?command=a", "port?port=22"] {
        let target = format!("GET /v1/commands/{other}");
        assert_eq!(ask(&service, &target, &get.headers(), "").status, 401);
    }

    assert_eq!(
        ask(
            &service,
            "GET /v1/commands/help?command=mx",
            &get.headers(),
            ""
        )
        .json()["command"],
        "help"
    );
    assert_eq!(
        ask(
            &service,
            "GET /v1/commands/help?command=mx",
            &get.headers(),
            ""
        )
        .status,
        401
    );

    assert_eq!(service.stop(), Some(0));
    let service = remembered.service();

    assert!(
        refused(&post(&service, &first.headers()))
            .1
            .contains("was used before"),
        "after a restart"
    );
}

#[test]
fn rejects_invalid_signatures() {
    let service = Remembered(Scratch::new()).service();
    let fault = |signed: Signed| fault(&service, &signed);

    assert!(fault(Signed::new(3, "msg_3", now(), QUESTION)).contains("does not match"));
    assert!(fault(Signed::new(1, "msg_3", now(), "{}")).contains("does not match"));
    let both = Signed::new(1, "msg_3", now(), QUESTION);
    let both = Signed {
        signature: format!("v1a,x v1,AAAA {}", both.signature),
        ..both
    };
    post(&service, &both.headers()).json();
    assert!(fault(Signed::new(1, "old", now() - 310, QUESTION)).contains("is stale: 31"));
    assert!(fault(Signed::new(1, "new", now() + 330, QUESTION)).contains("ahead of this clock"));
    assert!(fault(Signed::new(1, "odd", "soon", QUESTION)).contains("whole seconds"));
    assert!(
        fault(Signed::new(1, &"i".repeat(257), now(), QUESTION)).contains("1 to 256 characters")
    );

    // Fields that cannot be verified must not be used in place of valid ones.
    post(&service, &Signed::new(1, "old", now(), QUESTION).headers()).json();

    let whole = Signed::new(1, "msg_4", now(), QUESTION);

    for index in 0..3 {
        let mut headers = whole.headers();
        let (name, _) = headers.remove(index);
        let told = refused(&post(&service, &headers)).1;
        assert_eq!(told, format!("`{name}` is missing"));
        let mut headers = whole.headers();
        headers.push(whole.headers()[index]);
        let told = refused(&post(&service, &headers)).1;
        assert_eq!(told, format!("`{name}` is there twice"));
    }
}

#[test]
fn only_one_of_many_concurrent_replays_is_accepted() {
    let service = Service::start(&[(SECRETS, &secret(1))]);
    let signed = Signed::new(1, "msg_1", now(), QUESTION);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let requesters: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| post(&service, &signed.headers()).status))
            .collect();
        requesters
            .into_iter()
            .map(|requester| requester.join().expect("no panic"))
            .collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 401).count(),
        15,
        "{statuses:?}"
    );
}

#[test]
fn signatures_are_ignored_without_configured_secrets() {
    let wrong = Signed::new(9, "msg_1", now(), "other");
    post(&Service::start(&[]), &wrong.headers()).json();
    let service = Service::start(&[(SECRETS, &secret(1)), (KEYS, &hash(OLD))]);
    post(&service, &[]).json();
    let (status, _, _) = refused(&post(&service, &wrong.headers()));
    assert_eq!(status, 401, "a wrong signature is not treated as anonymous");
    let key = bearer(OLD);
    let mut with_key = wrong.headers();
    with_key.push(("Authorization", &key));
    assert_eq!(
        post(&service, &with_key).status,
        401,
        "a valid key does not excuse a wrong signature"
    );
}

#[test]
fn rejects_bodies_that_are_too_large_or_too_slow() {
    let settings = [
        (SECRETS, &*secret(1)),
        ("NETVANE__HTTP__READ_TIMEOUT_MS", "1000"),
    ];
    let service = Service::start(&settings);

    // A declared length is refused at once, before any of the body is sent.
    let mut client = Client::connect(service.address);
    client.send("POST /v1/commands HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n");
    let problem = client.response().expect("an answer at once").problem();

    assert_eq!(
        (&problem["status"], &problem["code"]),
        (&json!(413), &json!("too_large"))
    );

    for nonsense in [
        "zz\r\n\r\n",
        "-1\r\n\r\n",
        "5\r\nabcdefgh\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n\r\n",
    ] {
        let mut client = Client::connect(service.address);
        client.send(format!(
            "POST /v1/commands HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{nonsense}"
        ));
        let (status, _) = client.head().expect("an answer");
        assert_eq!(status, 400, "{nonsense:?}");
    }

    // A signed request whose body arrives too slowly.
    let signed = Signed::new(1, "slow", now(), QUESTION);
    let fields: String = signed
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();

    let mut client = Client::connect(service.address);
    client.send(format!(
        "POST /v1/commands HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: 22\r\n\r\n{{"
    ));
    assert_eq!(
        client.response().expect("an answer").problem()["code"],
        "timeout"
    );
    post(&service, &signed.headers()).json();
    for path in [
        "/v1/commands/..%2f..%2fhelp",
        "/v1/commands/%2e%2e/metrics",
        "/v1//commands/help",
        "/V1/commands/help",
    ] {
        let status = service.get(path).status;
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
}

#[test]
fn keys_are_replaced_while_the_service_runs() {
    let scratch = Scratch::new();
    let made = |name: &str| {
        let run = Netvane::line(&format!("key new --name {name} --json")).run();
        let made: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let text = |field: &str| {
            made[field]
                .as_str()
                .unwrap_or_else(|| panic!("{field}: {made}"))
                .to_owned()
        };
        (text("key"), text("entry"))
    };

    let (old, old_entry) = made("ops");
    let (new, new_entry) = made("ops");
    let write = |entries: &[&str]| {
        let keys = serde_json::to_string(entries).expect("JSON");
        scratch.file(
            "netvane.toml",
            format!("[http]\nanonymous = false\napi_keys = {keys}\n"),
        )
    };

    let file = write(&[&old_entry]);
    let service = Service::start(&[("NETVANE_CONFIG", file.to_str().expect("a path"))]);
    let status = |key: &str| {
        let bearer = format!("Bearer {key}");
        Client::connect(service.address)
            .ask(
                "GET /v1/commands/port?query=22",
                &[("Authorization", &bearer)],
                b"",
            )
            .status
    };

    assert_eq!((status(&old), status(&new)), (200, 401));
    write(&[&old_entry, &new_entry]);
    service.signal("HUP");
    netvane_tests::until("both are valid", || {
        (status(&old), status(&new)) == (200, 200)
    });
    write(&[&new_entry]);
    service.signal("HUP");
    netvane_tests::until("the old one is of no use", || {
        (status(&old), status(&new)) == (401, 200)
    });
}
