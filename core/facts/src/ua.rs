//! What a User-Agent string says: browser, version, operating system, device, kind of client, bot or not.
//!
//! Three sources, in this order: our table of programs that name themselves (today's crawlers, AI agents, tools and
//! in-app browsers), uap-core's rules, and woothee for what neither knows. Nothing is guessed beyond the text:
//! browsers freeze parts of it (`Windows NT 10.0` on Windows 11, `Mac OS X 10_15_7` on every newer macOS), and only
//! client hints ([`hints`]) say more.
//!
//! `bot` means that no person is looking at a page: crawlers, AI agents, monitors, link previews, headless browsers,
//! and HTTP libraries and command-line tools. Libraries and tools have the category `misc`, the others `crawler`.

mod agents;
mod category;
mod device;
pub mod hints;
mod rules;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use agents::Class;
use rules::{BROWSERS, DEVICES, Found, SYSTEMS};

pub use category::Category;
pub use hints::{Hints, read_hints};

/// How much of a User-Agent is read, in bytes. Real ones are shorter; the rest of a longer one is ignored.
pub const MAX_READ: usize = 1024;

/// Longest field of an answer, in bytes.
const FIELD_MAX: usize = 80;

/// What a User-Agent says. What it does not say is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct UaFacts {
    /// The text that was read (at most [`MAX_READ`] bytes of it).
    pub user_agent: String,
    /// Kind of client.
    pub category: Category,
    /// No person is looking: crawler, monitor, AI agent, link preview, library, tool.
    pub bot: bool,
    /// Browser or program.
    pub client: Client,
    /// Operating system.
    pub os: System,
    /// Device.
    pub device: Device,
}

/// A browser or program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Client {
    /// Family, e.g. `Firefox`, `Mobile Safari`, `GPTBot`.
    pub name: Option<String>,
    /// Version as it was given.
    pub version: Option<String>,
    /// Who makes it.
    pub vendor: Option<String>,
}

/// An operating system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct System {
    /// Family, e.g. `Windows`, `Mac OS X`, `Android`.
    pub name: Option<String>,
    /// Version as it was given (which may be frozen by the browser).
    pub version: Option<String>,
}

/// A device.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Device {
    /// Maker, e.g. `Samsung`.
    pub brand: Option<String>,
    /// Model, e.g. `SM-S901B`.
    pub model: Option<String>,
}

impl UaFacts {
    /// Of a text that says nothing.
    fn unknown(user_agent: String) -> Self {
        let (client, os, device) = (Client::default(), System::default(), Device::default());
        Self {
            user_agent,
            category: Category::Unknown,
            bot: false,
            client,
            os,
            device,
        }
    }
}

/// Reads a User-Agent string. Takes microseconds, for any input.
pub fn read(user_agent: &str) -> UaFacts {
    let text = clean(user_agent);
    if !text.contains(char::is_alphanumeric) {
        return UaFacts::unknown(text.into_owned());
    }

    let browser = BROWSERS.find(&text);
    let system = SYSTEMS.find(&text);
    let found_device = DEVICES.find(&text);
    let agent = agents::find(&text);
    let woothee = woothee::parser::Parser::new()
        .parse(&text)
        .unwrap_or_default();

    let spider = is_spider(found_device.as_ref());
    let tool = is_tool(agent.as_ref(), spider);
    let listed = spider || woothee.category == "crawler";
    let crawler = !tool && (listed || is_crawler(&text, &browser, agent.as_ref()));

    let os = System {
        name: system_name(&text, &system, &woothee),
        version: system.as_ref().and_then(Found::version),
    };
    let category = match (crawler, tool) {
        (true, _) => Category::Crawler,
        (_, true) => Category::Misc,
        _ => category::of(&text, os.name.as_deref(), woothee.category),
    };

    let device = match category {
        // A crawler names somebody else's phone; where it runs is not known.
        Category::Crawler | Category::Misc => Device::default(),
        _ => device::of(&text, found_device.as_ref()),
    };

    let client = client(&text, &browser, agent, &woothee, crawler);

    UaFacts {
        category,
        bot: crawler || tool,
        client: Client {
            name: clip(client.name),
            version: clip(client.version),
            vendor: clip(client.vendor),
        },
        os: System {
            name: clip(os.name),
            version: clip(os.version),
        },
        device: Device {
            brand: clip(device.brand),
            model: clip(device.model),
        },
        user_agent: text.into_owned(),
    }
}

/// uap-core's word for crawlers, in the place of a brand.
fn is_spider(device: Option<&Found>) -> bool {
    device.is_some_and(|found| found.field(1, 0).as_deref() == Some("Spider"))
}

/// Whether the text names a crawler, or reads like one that nobody listed.
fn is_crawler(text: &str, browser: &Option<Found>, agent: Option<&agents::Named>) -> bool {
    let known = family(browser)
        .as_deref()
        .is_some_and(|name| !category::is_vague_bot(name));
    agent.is_some_and(|named| named.agent.class == Class::Bot)
        || category::sounds_like_a_bot(text, known)
}

/// A library or command-line tool; not one that a crawler only mentions.
fn is_tool(agent: Option<&agents::Named>, spider: bool) -> bool {
    agent.is_some_and(|named| named.agent.class == Class::Tool && (!spider || named.leading))
}

/// The browser or program: what the table says, uap-core, woothee, or what a bot that nobody listed calls itself.
fn client(
    text: &str,
    browser: &Option<Found>,
    agent: Option<agents::Named>,
    woothee: &woothee::parser::WootheeResult,
    crawler: bool,
) -> Client {
    let name = family(browser).map(Cow::into_owned);
    let version = browser.as_ref().filter(|_| name.is_some());
    let mut client = Client {
        version: version.and_then(Found::version),
        name,
        vendor: None,
    };

    let named = agent.is_some();

    if let Some(agent) = agent {
        client = named_client(agent, client);
    } else if client.name.is_none() {
        client = woothee_client(woothee);
    }

    if crawler && !named && client.name.as_deref().is_none_or(category::is_vague_bot) {
        let (name, version) = category::own_product(text);
        if name.is_some() {
            client = Client {
                name,
                version,
                vendor: None,
            };
        }
    }

    if client.vendor.is_none() {
        client.vendor = client
            .name
            .as_deref()
            .and_then(category::vendor)
            .map(str::to_owned);
    }

    client
}

/// A program of the table. uap-core's rules (`found`) know the odd places where some apps keep their version; a
/// general browser family is less than what the table says.
fn named_client(agents::Named { agent, version, .. }: agents::Named, found: Client) -> Client {
    let general = found
        .name
        .as_deref()
        .is_none_or(category::is_general_browser);

    let client = if agent.class != Class::InApp || general {
        Client {
            name: Some(agent.name.to_owned()),
            version: version.map(str::to_owned),
            vendor: None,
        }
    } else {
        found
    };

    Client {
        vendor: agent.vendor.map(str::to_owned),
        ..client
    }
}

fn woothee_client(woothee: &woothee::parser::WootheeResult) -> Client {
    let known = |value: &str| (!matches!(value, "" | "UNKNOWN")).then(|| value.to_owned());
    let name = known(woothee.name).filter(|name| name != "misc crawler" && name != "HTTP Library");
    Client {
        version: known(woothee.version).filter(|_| name.is_some()),
        name,
        vendor: None,
    }
}

/// The part that is read, on one line.
fn clean(user_agent: &str) -> Cow<'_, str> {
    let text = user_agent.trim();
    let text = text[..text.floor_char_boundary(MAX_READ)].trim_end();
    if text.contains(char::is_control) {
        text.replace(char::is_control, " ").into()
    } else {
        text.into()
    }
}

fn family<'a>(browser: &Option<Found<'a>>) -> Option<Cow<'a, str>> {
    browser.as_ref()?.field(0, 1).filter(|name| name != "Other")
}

/// Systems that uap-core does not know.
static SYSTEM_WORDS: &[(&str, &str)] = &[
    ("OpenHarmony", "OpenHarmony"),
    ("HarmonyOS", "HarmonyOS"),
    ("Mac OS/", "Mac OS X"),
    ("AmigaOS", "AmigaOS"),
    ("MorphOS", "MorphOS"),
    ("Haiku", "Haiku"),
    ("OS/2;", "OS/2"),
    ("Fuchsia", "Fuchsia"),
    ("PlayStation", "PlayStation"),
    ("Nintendo", "Nintendo"),
];

fn system_name(
    text: &str,
    system: &Option<Found>,
    woothee: &woothee::parser::WootheeResult,
) -> Option<String> {
    if let Some(name) = system
        .as_ref()
        .and_then(|found| found.field(0, 1))
        .filter(|name| name != "Other")
    {
        return Some(name.into_owned());
    }

    if let Some((_, name)) = SYSTEM_WORDS.iter().find(|(word, _)| text.contains(word)) {
        return Some((*name).to_owned());
    }

    // What woothee calls a system when it only knows a kind of device.
    let vague = [
        "UNKNOWN",
        "",
        "Mobile Phone",
        "Smartphone OS",
        "docomo",
        "au",
        "SoftBank",
        "willcom",
        "jig",
        "emobile",
    ];

    (!vague.contains(&woothee.os)).then(|| woothee.os.to_owned())
}

fn clip(text: Option<String>) -> Option<String> {
    let mut text = text?;
    text.truncate(text.floor_char_boundary(FIELD_MAX));
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| {
        if trimmed.len() == text.len() {
            text.clone()
        } else {
            trimmed.to_owned()
        }
    })
}

#[cfg(test)]
mod tests;
