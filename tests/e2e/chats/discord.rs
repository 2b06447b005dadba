//! The Discord adapter: the real program against a strict fake of Discord.

mod commands;
mod interactions;
mod replies;

use netvane_tests::{Discord, Dns, Service, discord::Asked, everything::labels};
use serde_json::Value;

struct Bot {
    discord: Discord,
    service: Service,
    dns: Dns,
}

fn serve(discord: &Discord, dns: &Dns, more: &[(&str, &str)]) -> Service {
    let server = dns.address.to_string();
    let mut settings = discord.settings().to_vec();
    settings.extend([
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__RDAP__ENABLED", "false"),
    ]);
    settings.extend(more);
    Service::start(&settings)
}

impl Bot {
    fn start() -> Self {
        Self::with_dns(Dns::start())
    }

    fn with_dns(dns: Dns) -> Self {
        let discord = Discord::start();
        let service = serve(&discord, &dns, &[]);
        discord.ready();
        discord.registered();
        Self {
            discord,
            service,
            dns,
        }
    }

    fn finish(self) {
        assert_eq!(self.service.stop(), Some(0));
        self.discord.finish();
    }
}

/// Returns all text in a message that a user can read.
fn text(message: &Value) -> String {
    fn collect(value: &Value, out: &mut String) {
        match value {
            Value::String(text) => *out += &format!("{text}\n"),
            Value::Array(all) => all.iter().for_each(|value| collect(value, out)),
            Value::Object(all) => all.values().for_each(|value| collect(value, out)),
            _ => {}
        }
    }
    let mut out = message["content"].as_str().unwrap_or_default().to_owned();
    collect(&message["embeds"], &mut out);
    out
}

fn answered(asked: &Asked) -> Value {
    asked.wait_for("an answer", |message| labels(message).contains(&"Raw"))
}

fn long_zone() -> String {
    let texts: String = (0..60)
        .map(|n| format!("@ IN TXT \"{n} {}\"\n", "x".repeat(200)))
        .collect();
    format!(
        "$TTL 60\n@ IN SOA ns1.long.test. h.long.test. 7 7200 3600 1209600 60\n@ IN NS ns1.long.test.\n{texts}"
    )
}
