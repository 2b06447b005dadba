//! Text of the documentation page about the API as a whole.

use maud::{Markup, html};
use netvane_core::ProblemCode;

/// Anchors and titles of the sections, in order.
pub(super) const SECTIONS: [(&str, &str); 10] = [
    ("requests", "Requests"),
    ("replies", "Replies"),
    ("errors", "Errors"),
    ("keys", "API keys"),
    ("caching", "Caching"),
    ("events", "Event streams"),
    ("batch", "Batch"),
    ("callbacks", "Callbacks and signatures"),
    ("results", "Kept results"),
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
  "detail": "unknown command `mxx`; did you mean `mx`?",
  "code": "unknown_command",
  "position": { "start": 0, "end": 4 }, "suggestion": "/mx example.com"
}"#;

const BROWSER: &str = r#"const events = new EventSource("/v1/commands/trace?target=example.com");
events.addEventListener("progress", (event) => show(JSON.parse(event.data)));
events.addEventListener("reply", (event) => { show(JSON.parse(event.data)); events.close(); });
events.addEventListener("error", (event) => { if (event.data) { fail(JSON.parse(event.data)); events.close(); } });"#;

const PYTHON: &str = r#"import base64, hashlib, hmac, time

def verify(secret, headers, body):  # secret: "whsec_…", body: bytes, unchanged
    identity, sent = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = identity.encode() + b"." + sent.encode() + b"." + body
    wanted = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return any(hmac.compare_digest(wanted, given) for given in headers["webhook-signature"].split())"#;

const NODE: &str = r#"const { createHmac, timingSafeEqual } = require("node:crypto");

function verify(secret, headers, body) {  // body: a Buffer, unchanged
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

/// Renders the sections before the commands; `base` is the URL of this service.
pub(super) fn sections(base: &str) -> Markup {
    html! {
        (requests(base))
        h2 id="replies" { "Replies" }
        p { "A JSON object, the same as the terminal's " code { "--json" } ". " code { "data" } " is typed for each command and \
            stable; " code { "blocks" } " is a renderable version of the reply. A negative result (a name that does not exist, \
            a closed port) is a reply with a " code { "severity" } ", not an error: " code { "good" } ", " code { "neutral" } ", "
            code { "warning" } " or " code { "bad" } ", which pages show as OK, Info, Warning and Failed." }
        (code(REPLY))
        h2 id="errors" { "Errors" }
        p { code { "application/problem+json" } " (RFC 9457). Match on " code { "code" } ": " (codes())
            ". A 429 response has " code { "Retry-After" } "." }
        (code(PROBLEM))
        h2 id="keys" { "API keys" }
        p { "If you have an API key, send it as a bearer token. Without one, a server may apply lower \
            rate limits or return 401." }
        (code(&format!("curl -H 'Authorization: Bearer KEY' '{base}/v1/commands/mx?domain=example.com'")))
        form.trial #docs-key hidden {
            div.parameter {
                label for="docs-key-field" { "Key for the forms on this page" }
                input #docs-key-field type="password" autocomplete="off" required;
                p.note { "Kept in this browser tab." }
            }
            button type="submit" { "Use this key" }
        }
        (caching())
        (events())
        (batch(base))
        (callbacks(base))
        (results(base))
    }
}

fn requests(base: &str) -> Markup {
    html! {
        h2 id="requests" { "Requests" }
        p { "Send a command line, or a name with arguments:" }
        (code(&format!(
            "curl {base}/v1/commands -d '{{\"command\": \"/mx example.com\"}}'\n\
             curl {base}/v1/commands -d '{{\"name\": \"mx\", \"arguments\": {{\"domain\": \"example.com\"}}}}'\n\
             curl '{base}/v1/commands/mx?domain=example.com'"
        )))
        p { "The " code { "Accept" } " header selects the format: " code { "application/json" } " (default), "
            code { "text/plain" } ", " code { "text/markdown" } " or " code { "text/event-stream" } ". "
            code { "GET /v1/commands" } " lists the commands." }
        p { code { "X-Request-Id" } " (up to 128 letters, digits and " code { "._-" } ") is echoed and logged; one is \
            generated if absent." }
    }
}

fn codes() -> Markup {
    let codes = [
        ProblemCode::BadArgument,
        ProblemCode::Unauthorized,
        ProblemCode::RefusedTarget,
        ProblemCode::Forbidden,
        ProblemCode::UnknownCommand,
        ProblemCode::NotFound,
        ProblemCode::MethodNotAllowed,
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

fn caching() -> Markup {
    html! {
        h2 id="caching" { "Caching" }
        p { "In responses to " code { "GET" } ", " code { "Cache-Control: private, max-age=N" } " is the freshness lifetime, \
            based on the TTLs. " code { "ETag" } " identifies the content and stays the same while TTLs count down; with "
            code { "If-None-Match" } " an unchanged reply is 304. Private responses (e.g. " code { "myip" } ") are "
            code { "no-store" } "." }
    }
}

fn events() -> Markup {
    html! {
        h2 id="events" { "Event streams" }
        p { "With " code { "Accept: text/event-stream" } ", the response is a stream of " code { "progress" } " events with partial results, then one "
            code { "reply" } " or " code { "error" } ", then the end. Comments keep the connection alive. A client that \
            reconnects with " code { "Last-Event-ID" } " resumes the stream: within 10 seconds while the lookup \
            runs, within 5 minutes after its end. Finished streams return 204, so that browsers do not reconnect." }
        (code(BROWSER))
    }
}

fn batch(base: &str) -> Markup {
    html! {
        h2 id="batch" { "Batch" }
        p { "One request per line (NDJSON), any number of lines; one reply per line, in completion order. "
            code { "ref" } " (any JSON of up to 1,024 bytes) is returned with its reply. Invalid lines return an error object, "
            code { "{\"line\": 17, \"ref\": …, \"error\": {…}}" } ", and the batch continues. Read the response while sending; \
            the server applies back-pressure." }
        (code(&format!(
            "printf '%s\\n' '{{\"command\":\"/mx example.com\",\"ref\":1}}' '{{\"command\":\"/a example.org\",\"ref\":2}}' |\n    \
             curl -sN -T - -X POST {base}/v1/batch"
        )))
    }
}

fn callbacks(base: &str) -> Markup {
    html! {
        h2 id="callbacks" { "Callbacks and signatures" }
        p { "With " code { "\"callback\": \"https://…\"" } " in a request, the response is 202 at once, with the id of a delivery; \
            the reply is delivered later, signed as described by Standard Webhooks, with retries. "
            code { "GET /v1/deliveries/{id}" } " returns its status. Respond with a status from 200 to 299; 410 stops further \
            attempts." }
        p { "A reply that is too large is delivered as its summary: " code { "data.result_url" } " is the link to the whole \
            reply, where there can be one. What failed can be sent again for 7 days: "
            code { "POST /v1/deliveries/{id}/send" } "." }
        (code(&format!(
            "curl {base}/v1/commands -d '{{\"command\": \"/trace example.com\", \"callback\": \"https://example.com/hook\"}}'"
        )))
        p { "Verify the signature before trusting a delivery, over the bytes of the body. In Python:" }
        (code(PYTHON))
        p { "In Node.js:" }
        (code(NODE))
        p { "In a shell, the value after " code { "v1," } " in " code { "webhook-signature" } ":" }
        (code(SHELL))
    }
}

fn results(base: &str) -> Markup {
    html! {
        h2 id="results" { "Kept results" }
        p { "A reply can be kept for 30 days, by the client that got it and within 15 minutes. The response has "
            code { "url" } ", " code { "delete_url" } " (shown once) and " code { "expires" } ". " code { "GET /r/{id}" }
            " shows the result to everyone who knows the URL, as HTML, JSON, text or Markdown, and "
            code { "/r/{id}/image.png" } " is its preview image. Replies about the client or \
            about a message cannot be kept." }
        (code(&format!("curl {base}/v1/results -d '{{\"id\": \"01M7Z8Q4W0V6ZK3T5N9Y2B1XCE\"}}'")))
    }
}

/// Renders a block of code to copy.
pub(super) fn code(text: &str) -> Markup {
    html! { div.scroll tabindex="0" role="group" aria-label="Example" { pre { code { (text) } } } }
}
