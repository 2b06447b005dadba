//! Parses User-Agent strings: browser, version, operating system, device, kind of client, bot or not.
//!
//! Three sources, in this order: our table of programs that identify themselves (current crawlers, AI agents, tools
//! and in-app browsers), the rules of uap-core, and woothee for the rest. Nothing is guessed beyond the text: browsers
//! freeze parts of it (`Windows NT 10.0` on Windows 11, `Mac OS X 10_15_7` on every newer macOS), and only client
//! hints ([`hints`]) have the real values.
//!
//! `bot` means that the client is not a browser used by a person: crawlers, AI agents, monitors, link previews,
//! headless browsers, HTTP libraries and command-line tools. Libraries and tools have the category `misc`, the others
//! `crawler`.

mod agents;
mod bots;
mod category;
mod client;
mod device;
pub mod hints;
mod rules;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use agents::Class;
use client::{Sources, carrier_model};
use rules::{BROWSERS, DEVICES, RuleMatch, SYSTEMS};

pub use category::Category;
pub use hints::{Hints, read_hints};

/// Longest part of a User-Agent that is read, in bytes. Real ones are shorter.
pub const MAX_READ: usize = 1024;

/// Longest field of a result, in bytes; longer ones are truncated.
const FIELD_MAX: usize = 80;

/// A parsed User-Agent. Fields that it does not reveal are `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UaFacts {
    /// The User-Agent string, at most 1024 bytes of it.
    pub user_agent: String,
    /// Kind of the client.
    pub category: Category,
    /// Whether the client is a bot or tool: crawler, monitor, AI agent, link preview, library, command-line tool.
    pub bot: bool,
    /// The browser or program.
    pub client: Client,
    /// Operating system of the device.
    pub os: System,
    /// The device, for phones, tablets, TVs and consoles.
    pub device: Device,
}

/// A browser or program by name and version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Client {
    /// Family, e.g. `Firefox`, `Mobile Safari`, `GPTBot`.
    pub name: Option<String>,
    /// Version as the client sent it.
    pub version: Option<String>,
    /// Vendor of the browser or program.
    pub vendor: Option<String>,
}

/// An operating system by name and version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct System {
    /// Family, e.g. `Windows`, `Mac OS X`, `Android`.
    pub name: Option<String>,
    /// Version as sent; browsers may freeze it.
    pub version: Option<String>,
}

/// A device by brand and model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// Brand of the device, e.g. `Samsung`.
    pub brand: Option<String>,
    /// Model of the device, e.g. `SM-S901B`.
    pub model: Option<String>,
}

impl UaFacts {
    /// Creates the result for a text without information.
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

/// Parses a User-Agent string. Takes microseconds for any input.
pub fn read(user_agent: &str) -> UaFacts {
    let text = clean(user_agent);
    if !text.contains(char::is_alphanumeric) {
        return UaFacts::unknown(text.into_owned());
    }

    let plain = bots::hide_other_meanings(&text);
    let system = SYSTEMS.find(&text);
    let found_device = DEVICES.find(&text);
    let sources = Sources {
        text: &text,
        browser: BROWSERS.find(&text),
        agent: agents::find(&plain).filter(|_| !bots::is_app(&plain)),
        woothee: woothee::parser::Parser::new()
            .parse(&plain)
            .unwrap_or_default(),
    };

    let os = System {
        name: system_name(&text, &system, &sources.woothee),
        version: system.as_ref().and_then(RuleMatch::version),
    };
    let spider = match &plain {
        Cow::Borrowed(_) => is_spider(found_device.as_ref()),
        Cow::Owned(plain) => is_spider(DEVICES.find(plain).as_ref()),
    };
    let tool = is_tool(&sources, &plain, spider);
    let branded = found_device
        .as_ref()
        .is_some_and(|found| device::brand(found).is_some());
    let crawler = !tool && (spider || is_crawler(&sources, &plain, branded));
    let category = match (crawler, tool) {
        (true, _) => Category::Crawler,
        (_, true) => Category::Misc,
        _ => category::of(&text, os.name.as_deref(), sources.woothee.category),
    };

    let device = match category {
        // Crawlers pretend to be a phone; their real device is unknown.
        Category::Crawler | Category::Misc => Device::default(),
        _ => {
            let model = carrier_model(&sources.woothee);
            clip_device(device::of(&text, found_device.as_ref(), model))
        }
    };

    UaFacts {
        category,
        bot: crawler || tool,
        client: clip_client(sources.client(crawler || tool)),
        os: System {
            name: clip(os.name),
            version: clip(os.version),
        },
        device,
        user_agent: text.into_owned(),
    }
}

/// Limits the length of a device's texts, which are parts of the User-Agent string.
fn clip_device(device: Device) -> Device {
    Device {
        brand: clip(device.brand),
        model: clip(device.model),
    }
}

/// Limits the length of a client's texts, which are parts of the User-Agent string.
fn clip_client(client: Client) -> Client {
    Client {
        name: clip(client.name),
        version: clip(client.version),
        vendor: clip(client.vendor),
    }
}

/// Whether uap-core classifies the device as `Spider`, its brand for crawlers.
fn is_spider(device: Option<&RuleMatch>) -> bool {
    device.is_some_and(|found| found.field(1, 0).as_deref() == Some("Spider"))
}

/// Whether the text names a known crawler or looks like an unknown one. `plain` is the text without other meanings;
/// `branded`: uap-core knows the brand of the device.
fn is_crawler(sources: &Sources, plain: &str, branded: bool) -> bool {
    let is_known = branded || sources.specific_family().is_some();
    let phone =
        sources.woothee.category == "mobilephone" || branded && !plain.starts_with("Mozilla/");
    sources.woothee.category == "crawler"
        || sources
            .agent
            .as_ref()
            .is_some_and(|found| found.agent.class == Class::Bot)
        || bots::looks_like_a_bot(plain, is_known, phone)
}

/// Whether the text is from a library or command-line tool, and not from a crawler or app that mentions one.
fn is_tool(sources: &Sources, plain: &str, spider: bool) -> bool {
    let Some(found) = &sources.agent else {
        return !spider && (sources.woothee.category == "misc" || bots::is_language(plain));
    };

    let is_app = || {
        sources
            .specific_family()
            .is_some_and(|family| !family.eq_ignore_ascii_case(found.name()))
            && bots::is_from_a_person(plain)
    };
    found.agent.class == Class::Tool
        && (found.leading || !spider && !bots::is_from_a_feature_phone(plain) && !is_app())
}

/// The first [`MAX_READ`] bytes, trimmed and on one line.
fn clean(user_agent: &str) -> Cow<'_, str> {
    let text = user_agent.trim();
    let text = text[..text.floor_char_boundary(MAX_READ)].trim_end();
    if text.contains(char::is_control) {
        text.replace(char::is_control, " ").into()
    } else {
        text.into()
    }
}

/// Operating systems that uap-core does not know.
static SYSTEM_WORDS: &[(&str, &str)] = &[
    ("OpenHarmony", "OpenHarmony"),
    ("HarmonyOS", "HarmonyOS"),
    ("Mac OS/", "Mac OS X"),
    ("AmigaOS", "AmigaOS"),
    ("MorphOS", "MorphOS"),
    ("Haiku", "Haiku"),
    ("OS/2;", "OS/2"),
    ("Fuchsia", "Fuchsia"),
];

fn system_name(
    text: &str,
    system: &Option<RuleMatch>,
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

    // Values of woothee that only describe a kind of device or a carrier. The system of a console has no name of its own.
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

    let is_console = ["Nintendo", "PlayStation"]
        .iter()
        .any(|console| woothee.os.starts_with(console));
    (!vague.contains(&woothee.os) && !is_console).then(|| woothee.os.to_owned())
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
