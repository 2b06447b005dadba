//! Runs the samples and collects the replies on each platform.

use data_encoding::BASE64;
use netvane_tests::{
    Discord, Dns, Netvane, Service, Telegram,
    http::Client,
    telegram::{Limits, Message, User},
};
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::samples::{SAMPLES, Sample, ZONE};

/// What a picture of a page leaves out: the footer, other formats, and the room for longer replies.
const CUT: &str =
    "main { min-height: 0 !important; padding-bottom: 1rem } footer, .forms { display: none }";

/// A sample's reply on each platform.
pub(crate) struct Taken {
    pub sample: &'static Sample,
    /// The message as Discord received it.
    pub discord: Value,
    pub telegram: Message,
    /// The reply of the terminal with ANSI colors.
    pub terminal: String,
    pub markdown: String,
    /// The web page with the reply, complete without other files.
    pub web: String,
}

/// The program and all of its peers, in this process or on loopback.
struct Platforms {
    dns: Dns,
    discord: Discord,
    telegram: Telegram,
    service: Service,
}

/// Runs every sample on every adapter.
pub(crate) fn all() -> Vec<Taken> {
    let platforms = Platforms::start();
    let taken = SAMPLES
        .iter()
        .enumerate()
        .map(|(index, sample)| platforms.take(index, sample))
        .collect();
    assert_eq!(platforms.service.stop(), Some(0));
    platforms.telegram.finish();
    platforms.discord.finish();
    taken
}

impl Platforms {
    fn start() -> Self {
        let (dns, discord, telegram) = (
            Dns::serving("example.test.", ZONE),
            Discord::start(),
            Telegram::start(),
        );

        telegram.limits(Limits::none());
        let server = dns.address.to_string();
        let mut settings = discord.settings().to_vec();
        settings.extend(telegram.settings());
        settings.extend([
            ("NETVANE__DNS__SERVERS", server.as_str()),
            ("NETVANE__RDAP__ENABLED", "false"),
        ]);

        let service = Service::start(&settings);
        discord.ready();
        telegram.wait_for_poll();
        discord.registered();

        Self {
            dns,
            discord,
            telegram,
            service,
        }
    }

    fn take(&self, index: usize, sample: &'static Sample) -> Taken {
        Taken {
            sample,
            discord: self.discord(sample),
            telegram: self.telegram(index, sample),
            terminal: self.terminal(sample),
            markdown: self.markdown(sample),
            web: self.web(sample),
        }
    }

    fn discord(&self, sample: &Sample) -> Value {
        let mut options: Map<String, Value> = sample
            .arguments
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        if let Some(message) = sample.message {
            let file = self
                .discord
                .attachment("mail.eml", "message/rfc822", message.as_bytes());
            options.insert("file".into(), file);
        }
        let asked = self.discord.slash(sample.command, Value::Object(options));
        asked.wait_for("an answer", |message| {
            let shown = message["embeds"]
                .as_array()
                .is_some_and(|all| !all.is_empty())
                || message["content"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty());
            shown && !message["components"].to_string().contains("\"Cancel\"")
        })
    }

    /// Runs a sample on Telegram, each in a chat of its own.
    fn telegram(&self, index: usize, sample: &Sample) -> Message {
        let chat = self.telegram.private(&User::new(42 + index as i64, "Ann"));
        let line = format!("/{}", sample.line());
        match sample.message {
            Some(message) => chat.document("mail.eml", message, &line),
            None => chat.say(&line),
        }
        .wait_for(|message| {
            !message.deleted
                && !message.text.is_empty()
                && message.buttons().all(|b| b.text != "Cancel")
        })
    }

    fn terminal(&self, sample: &Sample) -> String {
        let run = Netvane::line(&sample.line())
            .args(["--color", "always"])
            .dns(self.dns.address);
        let run = run
            .env("NETVANE__RDAP__ENABLED", "false")
            .env("COLUMNS", "80");
        let ended = run.stdin(sample.message.unwrap_or_default()).run();
        ended.stdout + &ended.stderr
    }

    fn markdown(&self, sample: &Sample) -> String {
        let mut arguments: Map<String, Value> = sample
            .arguments
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        if let Some(message) = sample.message {
            arguments.insert("message".into(), json!(message));
        }
        let body = json!({ "name": sample.command, "arguments": arguments }).to_string();
        let headers = [
            ("Accept", "text/markdown"),
            ("Content-Type", "application/json"),
        ];
        let mut client = Client::connect(self.service.address);
        client
            .ask("POST /v1/commands", &headers, body.as_bytes())
            .text()
            .to_owned()
    }

    /// The page of a reply, its style sheet and sign in it and without its script.
    fn web(&self, sample: &Sample) -> String {
        let line: String = form_urlencoded::byte_serialize(sample.line().as_bytes()).collect();
        let get = |path: &str, accept: &str| {
            let mut client = Client::connect(self.service.address);
            let target = format!("GET {path}");
            let response = client.ask(&target, &[("Accept", accept)], b"");
            response.text().to_owned()
        };
        let page = get(&format!("/?q={line}"), "text/html");
        let linked = |pattern: &str| {
            let pattern = Regex::new(pattern).expect("a pattern");
            let found = pattern.captures(&page).expect("the page has it");
            (found[0].to_owned(), get(&found[1], "*/*"))
        };

        let (link, style) = linked(r#"<link rel="stylesheet" href="([^"]+)">"#);
        let (sign, icon) = linked(r#"src="(/assets/icon[^"]+)""#);
        let icon = BASE64.encode(icon.as_bytes());
        let icon = format!("src=\"data:image/svg+xml;base64,{icon}\"");
        let scripts = Regex::new("<script.*?</script>").expect("a pattern");
        let page = page
            .replace(&link, &format!("<style>{style}{CUT}</style>"))
            .replace(&sign, &icon);
        scripts.replace_all(&page, "").into_owned()
    }
}
