//! `/hooks/slack`, as Slack, Mattermost and Rocket.Chat call it, and the later replies.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    sync::mpsc,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use data_encoding::HEXLOWER;
use netvane_tests::{
    Dns, PATIENCE, Scratch, Service,
    http::{Client, Response},
};
use ring::hmac;
use serde_json::{Value, json};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SLACK: (&str, &str) = ("NETVANE__HTTP__SLACK_SIGNING_SECRET", SECRET);
const TOKEN: &str = "xr3j5x3p4pfk7kk6ck7b4e6ghh";
const TOKENS: (&str, &str) = (
    "NETVANE__HTTP__SLASH_TOKENS",
    "another-token-of-another-team,xr3j5x3p4pfk7kk6ck7b4e6ghh",
);
const ALLOW: (&str, &str) = ("NETVANE__POLICY__ALLOW", "127.0.0.0/8");

/// Receives POSTs to a `response_url`; responds with these statuses, then with 200.
struct Receiver {
    address: SocketAddr,
    taken: mpsc::Receiver<Value>,
}

impl Receiver {
    fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("an address");
        let (sender, taken) = mpsc::channel();
        let statuses = statuses.to_vec();

        thread::spawn(move || {
            for (index, stream) in listener.incoming().enumerate() {
                let mut stream = BufReader::new(stream.expect("a client"));
                let mut length = 0;

                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap_or(0) < 3 {
                        break;
                    }
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().expect("a length");
                    }
                }

                let mut body = vec![0; length];
                stream.read_exact(&mut body).expect("a whole body");
                let status = statuses.get(index).copied().unwrap_or(200);
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                let _ = stream.get_mut().write_all(answer.as_bytes());

                if sender
                    .send(serde_json::from_slice(&body).expect("JSON"))
                    .is_err()
                {
                    break;
                }
            }
        });

        Self { address, taken }
    }

    fn url(&self) -> String {
        format!("http://{}/commands/T1/2/secret", self.address)
    }

    fn next(&self) -> Value {
        self.taken
            .recv_timeout(PATIENCE)
            .expect("something is delivered")
    }

    fn is_quiet(&self) -> bool {
        self.taken.try_recv().is_err()
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

fn form(fields: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("user_id", "U1"),
        ("channel_id", "C1"),
        ("team_id", "T1"),
        ("trigger_id", "1.2.x"),
    ]);
    form.extend_pairs(fields.iter().copied()).finish()
}

fn send(service: &Service, headers: &[(&str, &str)], body: &str) -> Response {
    let mut all = vec![("Content-Type", "application/x-www-form-urlencoded")];
    all.extend(headers);
    Client::connect(service.address).ask("POST /hooks/slack", &all, body.as_bytes())
}

fn tag(secret: &str, at: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!(
        "v0={}",
        HEXLOWER.encode(hmac::sign(&key, format!("v0:{at}:{body}").as_bytes()).as_ref())
    )
}

fn signed(service: &Service, at: u64, body: &str) -> Response {
    let (tag, at) = (tag(SECRET, at, body), at.to_string());
    send(
        service,
        &[
            ("X-Slack-Signature", &tag),
            ("X-Slack-Request-Timestamp", &at),
        ],
        body,
    )
}

fn slack(service: &Service, fields: &[(&str, &str)]) -> Value {
    signed(service, now(), &form(fields)).json()
}

fn mattermost(service: &Service, fields: &[(&str, &str)]) -> Value {
    let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("token", TOKEN)]).collect();
    send(service, &[], &form(&fields)).json()
}

fn title(message: &Value) -> &str {
    message["blocks"][0]["text"]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("no title: {message}"))
}

#[track_caller]
fn refused(response: &Response) -> String {
    assert_eq!(response.status, 401, "{}", response.text());
    assert_eq!(response.header("www-authenticate"), "");
    response.problem()["detail"]
        .as_str()
        .expect("a detail")
        .to_owned()
}

#[test]
fn explains_itself_if_not_configured() {
    let service = Service::start(&[]);
    let problem = send(&service, &[], &form(&[("command", "/mx")])).problem();
    assert_eq!(
        (&problem["status"], &problem["code"]),
        (&json!(503), &json!("unavailable"))
    );
    assert!(
        problem["detail"]
            .as_str()
            .expect("a detail")
            .contains("`http.slack_signing_secret`"),
        "{problem}"
    );
    assert_eq!(service.get("/hooks/slack").status, 405);
}

#[test]
fn slack_gets_an_immediate_reply_in_blocks() {
    let dns = Dns::start();
    let service = Service::start(&[SLACK, ("NETVANE__DNS__SERVERS", &dns.address.to_string())]);
    let message = slack(&service, &[("command", "/mx"), ("text", "example.test")]);
    assert_eq!(message["response_type"], "ephemeral");
    assert!(title(&message).ends_with("MX of example.test"), "{message}");
    assert!(
        message.to_string().contains("mail1.example.test"),
        "{message}"
    );
    assert!(
        message["text"]
            .as_str()
            .expect("text")
            .starts_with("MX of example.test: "),
        "{message}"
    );

    for (command, text) in [
        ("/netvane", "mx example.test"),
        ("/NetVane", "/MX example.test"),
        ("/ask", "mx example.test"),
    ] {
        let other = slack(&service, &[("command", command), ("text", text)]);
        assert_eq!(other["blocks"][1], message["blocks"][1], "{command} {text}");
    }

    let help = slack(&service, &[("command", "/netvane"), ("text", "")]);

    assert!(
        help.to_string().contains("traceroute") || help.to_string().contains("trace"),
        "{help}"
    );

    assert!(help.to_string().contains("/netvane mx "), "{help}");
    let wrong = slack(
        &service,
        &[("command", "/netvane"), ("text", "mx www..example.test")],
    );
    assert!(
        wrong.to_string().contains("/netvane mx www.example.test"),
        "the spelling that works here: {wrong}"
    );

    // A mistake is shown to the user only, with its position.
    let wrong = slack(
        &service,
        &[("command", "/mx"), ("text", "www..example.test")],
    );

    assert_eq!(
        (&wrong["response_type"], title(&wrong)),
        (&json!("ephemeral"), "❌ Bad argument")
    );
    assert!(
        wrong.to_string().contains("empty label") && wrong.to_string().contains("^^^"),
        "{wrong}"
    );

    let check = signed(&service, now(), "ssl_check=1&token=x");
    assert_eq!((check.status, check.body.len()), (200, 0));
}

#[test]
fn replies_can_be_public_but_what_concerns_one_user_is_not() {
    let channel = ("NETVANE__HTTP__SLASH_IN_CHANNEL", "true");
    let service = Service::start(&[SLACK, TOKENS, channel]);
    let kind = |message: Value| message["response_type"].as_str().map(str::to_owned);
    for (text, readers) in [
        ("port 22", "in_channel"),
        ("help", "ephemeral"),
        ("help mx", "ephemeral"),
        ("status", "ephemeral"),
        ("mx", "ephemeral"),
        ("mxx example.test", "ephemeral"),
        // Refused: an address of this machine.
        ("ping 127.0.0.1", "ephemeral"),
    ] {
        let fields = [("command", "/netvane"), ("text", text)];
        let expected = Some(readers.to_owned());
        assert_eq!(kind(slack(&service, &fields)), expected, "{text}");
        assert_eq!(kind(mattermost(&service, &fields)), expected, "{text}");
    }
}

#[test]
fn an_answer_ends_with_two_follow_up_commands() {
    let dns = Dns::start();
    let address = dns.address.to_string();
    let service = Service::start(&[SLACK, TOKENS, ("NETVANE__DNS__SERVERS", &address)]);
    let fields = [("command", "/netvane"), ("text", "mx example.test")];

    let message = slack(&service, &fields);
    let blocks = message["blocks"].as_array().expect("blocks");
    let end = &blocks.last().expect("a block")["elements"][0]["elements"];
    let code: Vec<&str> = end
        .as_array()
        .expect("text")
        .iter()
        .filter(|part| part["style"]["code"] == true)
        .filter_map(|part| part["text"].as_str())
        .collect();
    assert_eq!(
        code,
        [
            "/netvane spf example.test",
            "/netvane mailcheck example.test"
        ]
    );

    let message = mattermost(&service, &fields);
    let text = message["text"].as_str().expect("markdown").trim_end();
    let end = "Next: `/netvane spf example.test` · `/netvane mailcheck example.test`";
    assert!(text.ends_with(end), "{text}");

    // Each command has a slash command of its own.
    let own = slack(&service, &[("command", "/mx"), ("text", "example.test")]);
    let own = own["blocks"].as_array().expect("blocks");
    let own = own.last().expect("a block").to_string();
    assert!(own.contains("\"/spf example.test\""), "{own}");
    let help = slack(&service, &[("command", "/netvane"), ("text", "help")]).to_string();
    assert!(!help.contains("Next: "), "{help}");
}

#[test]
fn rules_decide_what_is_offered_and_who_sees_it() {
    let (dns, scratch) = (Dns::start(), Scratch::new());
    let rules = "[[policy.rules]]\nname = \"no reports\"\ncommands = [\"mailcheck\"]\neffect = \"deny\"\n\
         [[policy.rules]]\nname = \"quiet\"\ncommands = [\"txt\"]\neffect = \"private\"\n";
    let rules = scratch.file("netvane.toml", rules);
    let address = dns.address.to_string();
    let service = Service::start(&[
        ("NETVANE_CONFIG", rules.to_str().expect("a path in UTF-8")),
        ("NETVANE__DNS__SERVERS", &address),
        ("NETVANE__HTTP__SLASH_IN_CHANNEL", "true"),
        TOKENS,
    ]);

    let ask = |text| mattermost(&service, &[("command", "/netvane"), ("text", text)]);
    let mx = ask("mx example.test");
    let text = mx["text"].as_str().expect("markdown").trim_end();
    let end = "Next: `/netvane spf example.test` · `/netvane dmarc example.test`";
    assert!(text.ends_with(end), "{text}");
    assert_eq!(mx["response_type"], "in_channel");
    assert_eq!(ask("txt example.test")["response_type"], "ephemeral");
}

#[test]
fn a_signature_is_not_accepted_again_after_a_restart() {
    let scratch = Scratch::new();
    let state = scratch.path().display().to_string();
    let start = || Service::start(&[SLACK, ("NETVANE__STATE__DIRECTORY", &state)]);
    let body = form(&[("command", "/help"), ("text", "mx")]);
    let at = now();
    let service = start();
    signed(&service, at, &body).json();
    service.kill();

    let service = start();
    assert_eq!(
        refused(&signed(&service, at, &body)),
        "this request was used before"
    );
    signed(&service, at + 1, &body).json();
}

#[test]
fn accepts_only_fresh_signatures_once() {
    let service = Service::start(&[SLACK]);
    let body = form(&[("command", "/help"), ("text", "mx")]);
    let at = now();
    signed(&service, at, &body).json();
    assert_eq!(
        refused(&signed(&service, at, &body)),
        "this request was used before"
    );
    assert!(refused(&signed(&service, at - 310, &body)).contains("is stale"));
    assert!(refused(&signed(&service, at + 330, &body)).contains("ahead"));
    let (time, right) = (at.to_string(), tag(SECRET, at, &body));
    let other = tag("another secret of another app", at, &body);
    let wrong = [
        ("X-Slack-Signature", other.as_str()),
        ("X-Slack-Request-Timestamp", &time),
    ];
    assert!(refused(&send(&service, &wrong, &body)).contains("does not match"));
    let pair = [
        ("X-Slack-Signature", right.as_str()),
        ("X-Slack-Request-Timestamp", &time),
    ];
    assert!(refused(&send(&service, &pair, &(body.clone() + "&x=1"))).contains("does not match"));
    assert!(refused(&send(&service, &pair[..1], &body)).contains("is missing"));
    assert!(refused(&send(&service, &[], &body)).contains("is missing"));
    for index in 0..2 {
        let twice = [pair[0], pair[1], pair[index]];
        assert!(refused(&send(&service, &twice, &body)).contains("twice"));
    }

    // A token does not replace the signature.
    let with_token = form(&[("command", "/help"), ("token", SECRET)]);
    assert!(refused(&send(&service, &[], &with_token)).contains("is missing"));
    let both = Service::start(&[SLACK, TOKENS]);
    let with_token = form(&[("command", "/help"), ("token", TOKEN)]);
    assert!(refused(&send(&both, &wrong, &with_token)).contains("does not match"));
    send(&both, &[], &with_token).json();
}

#[test]
fn mattermost_and_rocket_chat_send_a_token() {
    let service = Service::start(&[TOKENS]);
    let message = mattermost(&service, &[("command", "/netvane"), ("text", "help mx")]);
    assert_eq!(message["response_type"], "ephemeral");
    let text = message["text"].as_str().expect("markdown");

    assert!(
        text.starts_with("### /netvane mx ") && message.get("blocks").is_none(),
        "{message}"
    );

    let body = form(&[("command", "/help")]);
    let header = format!("Token {TOKEN}");
    send(&service, &[("Authorization", &header)], &body).json();
    let rocket = json!({"token": TOKEN, "text": "!net help mx", "trigger_word": "!net", "user_id": "u", "bot": false});
    let headers = [("Content-Type", "application/json")];
    let response = Client::connect(service.address).ask(
        "POST /hooks/slack",
        &headers,
        rocket.to_string().as_bytes(),
    );

    let response = response.json();
    let spelled = response["text"].as_str().expect("markdown");
    assert_eq!(
        spelled
            .replace("\\!net", "/netvane")
            .replace("!net", "/netvane"),
        text,
        "the spelling that was typed"
    );
    for wrong in [
        "",
        "x",
        &TOKEN[..25],
        &TOKEN.to_uppercase(),
        "another-token-of-another-team,",
    ] {
        let told = refused(&send(
            &service,
            &[],
            &form(&[("command", "/help"), ("token", wrong)]),
        ));
        assert!(told.contains("nor a token"), "{told}");
    }

    let wrong = [("Authorization", "Token x")];
    refused(&send(&service, &wrong, &form(&[("token", TOKEN)])));
    let twice = send(&service, &[], &form(&[("token", "x"), ("token", TOKEN)])).problem();
    assert_eq!(twice["detail"], "a field of the form is there twice");
    let kind = [("Content-Type", "text/plain")];
    let other = Client::connect(service.address).ask("POST /hooks/slack", &kind, body.as_bytes());
    assert_eq!(other.problem()["status"], 400);
    let large = send(&service, &[], &"x".repeat(600_000));
    assert_eq!(large.problem()["code"], "too_large");
    assert!(!service.log().contains(TOKEN));
}

#[test]
fn a_slow_reply_replaces_the_first_message() {
    let (dns, receiver) = (Dns::start(), Receiver::start(&[]));
    let server = dns.address.to_string();
    let service = Service::start(&[
        SLACK,
        ALLOW,
        ("NETVANE__DNS__SERVERS", &server),
        ("NETVANE__DNS__TIMEOUT_MS", "15000"),
    ]);

    dns.hold("mail1.example.test. A");
    let fields = [
        ("command", "/mx"),
        ("text", "example.test"),
        ("response_url", &receiver.url()),
    ];

    let message = slack(&service, &fields);

    assert_eq!(
        (&message["response_type"], title(&message)),
        (&json!("ephemeral"), "ℹ️ Looking up …")
    );

    // The partial result is sent first.
    let so_far = receiver.next();
    assert!(title(&so_far).ends_with("MX of example.test …"), "{so_far}");
    dns.release("mail1.example.test. A");
    let answer = receiver.next();
    assert!(title(&answer).ends_with("MX of example.test"), "{answer}");
    for message in [so_far, answer] {
        let kind = (&message["response_type"], &message["replace_original"]);
        assert_eq!(kind, (&json!("ephemeral"), &json!(true)));
    }

    assert_eq!(service.stop(), Some(0));
    assert!(receiver.is_quiet());
}

/// Runs a lookup that takes longer than the hook waits; the reply is then delivered.
fn ask_slowly(service: &Service, dns: &Dns, receiver: &Receiver, kind: &str) {
    let question = format!("example.test. {kind}");
    let line = format!("{} example.test", kind.to_lowercase());
    dns.hold(&question);
    let message = mattermost(
        service,
        &[
            ("command", "/netvane"),
            ("text", &line),
            ("response_url", &receiver.url()),
        ],
    );

    assert!(
        message["text"]
            .as_str()
            .expect("text")
            .contains("Looking up …"),
        "{message}"
    );

    dns.release(&question);
}

#[test]
fn a_delivery_is_retried_a_limited_number_of_times() {
    let (dns, receiver) = (
        Dns::start(),
        Receiver::start(&[500, 429, 200, 500, 500, 500, 404]),
    );
    let server = dns.address.to_string();
    let settings = [
        TOKENS,
        ALLOW,
        ("NETVANE__DNS__SERVERS", &server),
        ("NETVANE__DNS__TIMEOUT_MS", "15000"),
    ];

    let service = Service::start(&settings);
    let slow = |kind: &str| ask_slowly(&service, &dns, &receiver, kind);
    slow("TXT");
    let first = receiver.next();
    assert_eq!(first["response_type"], "ephemeral");
    assert!(
        first["text"]
            .as_str()
            .expect("text")
            .starts_with("### TXT of example.test"),
        "{first}"
    );

    assert_eq!((receiver.next(), receiver.next()), (first.clone(), first));
    slow("CAA");
    (0..3).for_each(|_| drop(receiver.next()));
    service.logged("an answer was given up");
    slow("NS");
    receiver.next();
    let line = service.logged("platform rejected a message\"");

    assert!(
        line.contains("HTTP 404") && !service.log().contains("/commands/T1"),
        "{line}"
    );
    assert_eq!(service.stop(), Some(0));
    assert!(receiver.is_quiet());
}

/// Checks the immediate message for a reply that would later go to this URL.
fn is_told(service: &Service, kind: &str, url: &str, told: &str) {
    let asked = [
        ("command", kind),
        ("text", "example.test"),
        ("response_url", url),
    ];
    let message = mattermost(service, &asked);
    let text = message["text"].as_str().expect("text").replace('\\', "");
    assert!(text.contains(told), "{url}: {text}");
    assert_eq!(
        text.contains("Please try again in a moment"),
        told != "Looking up …",
        "{text}"
    );
}

#[test]
fn later_replies_are_not_sent_to_forbidden_urls() {
    let dns = Dns::start();
    let server = dns.address.to_string();
    let receiver = Receiver::start(&[]);
    let settings = [
        TOKENS,
        ("NETVANE__DNS__SERVERS", &server),
        ("NETVANE__DNS__TIMEOUT_MS", "15000"),
    ];

    let service = Service::start(&settings);
    let questions = ["TXT", "CAA", "NS", "SOA", "MX"];
    questions
        .iter()
        .for_each(|kind| dns.hold(&format!("example.test. {kind}")));

    // A private address over HTTPS is detected by the policy.
    let private = format!("https://127.0.0.1:{}/x", receiver.address.port());
    let urls = [
        (receiver.url(), "is not one with https"),
        (
            "https://u:p@hooks.slack.com/x".to_owned(),
            "a user or a password",
        ),
        ("file:///etc/passwd".to_owned(), "is not one with https"),
        (String::new(), "sent no `response_url`"),
        (private, "Looking up …"),
    ];

    thread::scope(|scope| {
        for (kind, (url, told)) in questions.iter().zip(&urls) {
            let service = &service;
            scope.spawn(move || is_told(service, kind, url, told));
        }
    });

    questions
        .iter()
        .for_each(|kind| dns.release(&format!("example.test. {kind}")));

    let line = service.logged("platform rejected a message\"");
    assert!(line.contains("127.0.0.1 is in 127.0.0.0/8"), "{line}");
    assert!(receiver.is_quiet());
    let again = mattermost(&service, &[("command", "/txt"), ("text", "example.test")]);

    assert!(
        again["text"]
            .as_str()
            .expect("text")
            .starts_with("### TXT of example.test"),
        "{again}"
    );
}

#[test]
fn a_link_is_shown_to_the_requester_only() {
    let receiver = Receiver::start(&[]);
    let public = ("NETVANE__HTTP__PUBLIC_URL", "https://netvane.example");
    let service = Service::start(&[SLACK, ALLOW, public, ("NETVANE__HTTP__DRAIN_MS", "100")]);
    let message = slack(
        &service,
        &[("command", "/myip"), ("response_url", &receiver.url())],
    );
    assert_eq!(message["response_type"], "ephemeral");
    assert!(
        message
            .to_string()
            .contains("\"type\":\"link\",\"url\":\"https://netvane.example/v/"),
        "{message}"
    );
    // A user who still waits at shutdown is notified.
    assert_eq!(service.stop(), Some(0));
    assert_eq!(title(&receiver.next()), "ℹ️ Interrupted");
}
