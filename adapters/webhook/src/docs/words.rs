//! What the documentation page says about the API as a whole.

use maud::{Markup, html};
use netvane_core::ProblemCode;

/// The sections with their titles, in order.
pub(super) const SECTIONS: [(&str, &str); 9] = [
    ("asking", "Asking"),
    ("replies", "Replies"),
    ("errors", "Errors"),
    ("keys", "Keys"),
    ("keeping", "Keeping answers"),
    ("events", "Event streams"),
    ("batch", "Batch"),
    ("callbacks", "Callbacks and their signatures"),
    ("commands", "Commands"),
];

const REPLY: &str = r#"{
  "id": "01M7Z8Q4W0V6ZK3T5N9Y2B1XCE",
  "command": "a",
  "arguments": { "domain": "example.com" },
  "severity": "good",
  "title": "A of example.com",
  "summary": "1 IPv4 address",
  "data": {
    "name": "example.com", "type": "A", "rcode": "NOERROR",
    "answers": [{ "name": "example.com", "type": "A", "ttl": 300, "data": "192.0.2.80" }],
    "authority": [], "resolver": "192.0.2.53:53", "authenticated": false, "transport": "udp"
  },
  "blocks": [ … ], "warnings": [],
  "elapsed_ms": 12.3, "cached": false, "vantage": "local"
}"#;

const PROBLEM: &str = r#"{
  "type": "about:blank", "title": "Unknown command", "status": 404,
  "detail": "there is no command `mxx`; did you mean `mx`?",
  "code": "unknown_command",
  "position": { "start": 0, "end": 4 }, "suggestion": "/mx example.com"
}"#;

const BROWSER: &str = r#"const events = new EventSource("/v1/commands/trace?target=example.com");
events.addEventListener("progress", (event) => show(JSON.parse(event.data)));
events.addEventListener("reply", (event) => { show(JSON.parse(event.data)); events.close(); });
events.addEventListener("error", (event) => { if (event.data) { fail(JSON.parse(event.data)); events.close(); } });"#;

const PYTHON: &str = r#"import base64, hashlib, hmac, time

def verify(secret, headers, body):  # secret: "whsec_…", body: bytes as they came
    identity, sent = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = identity.encode() + b"." + sent.encode() + b"." + body
    wanted = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return any(hmac.compare_digest(wanted, given) for given in headers["webhook-signature"].split())"#;

const NODE: &str = r#"const { createHmac, timingSafeEqual } = require("node:crypto");

function verify(secret, headers, body) {  // body: a Buffer as it came
  const id = headers["webhook-id"], sent = headers["webhook-timestamp"];
  if (Math.abs(Date.now() / 1000 - Number(sent)) > 300) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const wanted = createHmac("sha256", key).update(`${id}.${sent}.`).update(body).digest();
  return headers["webhook-signature"].split(" ").some((given) => {
    const bytes = Buffer.from(given.replace(/^v1,/, ""), "base64");
    return bytes.length === wanted.length && timingSafeEqual(bytes, wanted);
  });
}"#;

const SHELL: &str = r#"key=$(printf %s "${secret#whsec_}" | base64 -d | xxd -p -c 256)
{ printf '%s.%s.' "$webhook_id" "$webhook_timestamp"; cat body; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64"#;

/// The sections before the commands; `base` is where this service is reached.
pub(super) fn sections(base: &str) -> Markup {
    html! {
        (asking(base))
        h2 id="replies" { "Replies" }
        p { "One object, the same as the terminal's " code { "--json" } ". " code { "data" } " is typed for each command and \
            stable; " code { "blocks" } " is the same as a document to show. A negative answer (a name that does not exist, \
            a closed port) is a reply with a " code { "severity" } ", never an error." }
        (code(REPLY))
        h2 id="errors" { "Errors" }
        p { code { "application/problem+json" } " (RFC 9457). Rely on " code { "code" } ": " (codes())
            ". With 429 comes " code { "Retry-After" } "." }
        (code(PROBLEM))
        h2 id="keys" { "Keys" }
        p { "Where an operator hands out keys, one goes along as a bearer token. Without one, an installation may answer within \
            tighter limits, or with 401." }
        (code(&format!("curl -H 'Authorization: Bearer KEY' {base}/v1/commands/mx?domain=example.com")))
        (keeping())
        (events())
        (batch(base))
        (callbacks(base))
    }
}

fn asking(base: &str) -> Markup {
    html! {
        h2 id="asking" { "Asking" }
        p { "A question is a line as one types it in a chat, or a command's name with arguments:" }
        (code(&format!(
            "curl {base}/v1/commands -d '{{\"command\": \"/mx example.com\"}}'\n\
             curl {base}/v1/commands -d '{{\"name\": \"mx\", \"arguments\": {{\"domain\": \"example.com\"}}}}'\n\
             curl '{base}/v1/commands/mx?domain=example.com'"
        )))
        p { code { "Accept" } " chooses the form: " code { "application/json" } ", unless something else is wanted more; "
            code { "text/plain" } "; " code { "text/markdown" } "; " code { "text/event-stream" } ". "
            code { "GET /v1/commands" } " lists the commands." }
        p { code { "X-Request-Id" } " (up to 128 letters, digits and " code { "._-" } ") names a request; otherwise it gets a \
            name. It comes back in the response and stands in the log." }
    }
}

fn codes() -> Markup {
    let codes = [
        ProblemCode::BadArgument,
        ProblemCode::Unauthorized,
        ProblemCode::RefusedTarget,
        ProblemCode::Forbidden,
        ProblemCode::UnknownCommand,
        ProblemCode::TooLarge,
        ProblemCode::RateLimited,
        ProblemCode::Internal,
        ProblemCode::Upstream,
        ProblemCode::Unavailable,
        ProblemCode::Timeout,
    ];
    html! {
        @for (index, code) in codes.into_iter().enumerate() {
            @if index > 0 { ", " }
            code { (code.name()) } " (" (code.status()) ")"
        }
    }
}

fn keeping() -> Markup {
    html! {
        h2 id="keeping" { "Keeping answers" }
        p { "To a " code { "GET" } ", " code { "Cache-Control: private, max-age=N" } " says how long an answer holds: as long as \
            the TTLs in it. " code { "ETag" } " is that of the answer: it stays the same while TTLs count down. With "
            code { "If-None-Match" } " the response is 304 as long as nothing changed. What must not be kept, among it all \
            about the caller's own request, says " code { "no-store" } "." }
    }
}

fn events() -> Markup {
    html! {
        h2 id="events" { "Event streams" }
        p { "With " code { "Accept: text/event-stream" } " come " code { "progress" } " events with what is found so far, then one "
            code { "reply" } " or " code { "error" } ", then the end. Comments keep the connection alive. A client that \
            comes back with " code { "Last-Event-ID" } " takes the same lookup up where it was: within 10 seconds while it \
            runs, within 5 minutes after its end. Who has seen the end gets 204, which tells a browser not to come back." }
        (code(BROWSER))
    }
}

fn batch(base: &str) -> Markup {
    html! {
        h2 id="batch" { "Batch" }
        p { "A question a line (NDJSON), as many as you like; answers a line each, in the order in which they are found. "
            code { "ref" } " (any JSON of up to 1,024 bytes) comes back with its answer. A line that is wrong is answered with "
            code { "{\"line\": 17, \"ref\": …, \"error\": {…}}" } " and the rest goes on. Read while you send: lines are not \
            taken while answers are not." }
        (code(&format!(
            "printf '%s\\n' '{{\"command\":\"/mx example.com\",\"ref\":1}}' '{{\"command\":\"/a example.org\",\"ref\":2}}' |\n    \
             curl -sN -T - -X POST {base}/v1/batch"
        )))
    }
}

fn callbacks(base: &str) -> Markup {
    html! {
        h2 id="callbacks" { "Callbacks and their signatures" }
        p { "With " code { "\"callback\": \"https://…\"" } " in a question the response is 202 at once, with the id of a delivery; \
            the reply is delivered later, with retries, signed as Standard Webhooks say. "
            code { "GET /v1/deliveries/{id}" } " tells what became of it. Answer with a status from 200 to 299; 410 stops further \
            attempts." }
        (code(&format!(
            "curl {base}/v1/commands -d '{{\"command\": \"/trace example.com\", \"callback\": \"https://example.com/hook\"}}'"
        )))
        p { "Verify the signature before you believe a delivery, over the body as it came. In Python:" }
        (code(PYTHON))
        p { "In Node.js:" }
        (code(NODE))
        p { "In a shell, what has to stand behind " code { "v1," } " in " code { "webhook-signature" } ":" }
        (code(SHELL))
    }
}

/// Something to be copied as it is.
pub(super) fn code(text: &str) -> Markup {
    html! { pre { code { (text) } } }
}
