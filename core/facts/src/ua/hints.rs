//! User-Agent client hints: the `Sec-CH-UA…` headers, which are more precise than the User-Agent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sfv::{BareItem, Item, List, ListEntry, Parser};

use super::UaFacts;

/// The client hints of a request. Headers that were not sent are `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hints {
    /// Browser brands with versions, from the full version list if sent; without made-up ("GREASE") brands.
    pub brands: Vec<Brand>,
    /// Whether the browser is on a mobile device, from `Sec-CH-UA-Mobile`.
    pub mobile: Option<bool>,
    /// Operating system from `Sec-CH-UA-Platform`, e.g. `Windows`.
    pub platform: Option<String>,
    /// Version of the platform from `Sec-CH-UA-Platform-Version`, as sent.
    pub platform_version: Option<String>,
    /// Name and version of the operating system, e.g. `Windows 11` for platform version 13 and later.
    pub system: Option<String>,
    /// Model of the device from `Sec-CH-UA-Model`.
    pub model: Option<String>,
    /// CPU architecture from `Sec-CH-UA-Arch`, e.g. `x86`.
    pub architecture: Option<String>,
    /// Bits of the CPU architecture from `Sec-CH-UA-Bitness`, e.g. `64`.
    pub bitness: Option<String>,
    /// Contradictions between client hints and User-Agent, one sentence each.
    pub disagreements: Vec<String>,
}

/// A browser brand with its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Brand {
    /// Name of the brand, e.g. `Google Chrome`.
    pub name: String,
    /// Version of the brand, e.g. `126` or `126.0.6478.127`.
    pub version: String,
}

/// Longest header value that is read, in bytes; longer ones are ignored.
const MAX_HEADER: usize = 1024;

/// Reads the client hints from the headers of a request; `None` if there are none. `facts` is its parsed User-Agent.
pub fn read_hints<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    facts: &UaFacts,
) -> Option<Hints> {
    let mut hints = Hints::default();
    let mut full = Vec::new();
    let mut any = false;

    for (name, value) in headers {
        let Some(hint) = strip_prefix(name, "sec-ch-ua").filter(|_| value.len() <= MAX_HEADER)
        else {
            continue;
        };
        any = true;
        match hint.to_ascii_lowercase().as_str() {
            "" => hints.brands = brands(value),
            "-full-version-list" => full = brands(value),
            "-mobile" => hints.mobile = boolean(value),
            "-platform" => hints.platform = string(value),
            "-platform-version" => hints.platform_version = string(value),
            "-model" => hints.model = string(value),
            "-arch" => hints.architecture = string(value),
            "-bitness" => hints.bitness = string(value),
            _ => {}
        }
    }

    if !any {
        return None;
    }

    if !full.is_empty() {
        hints.brands = full;
    }

    hints.system = system(&hints);
    hints.disagreements = disagreements(&hints, facts);

    Some(hints)
}

fn strip_prefix<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Parses `"Chromium";v="126", "Not/A)Brand";v="8"`, without the GREASE brand that browsers add to keep parsers
/// tolerant.
fn brands(value: &str) -> Vec<Brand> {
    let Ok(list) = Parser::new(value).parse::<List>() else {
        return Vec::new();
    };
    let brand = |entry: &ListEntry| {
        let ListEntry::Item(Item {
            bare_item: BareItem::String(name),
            params,
        }) = entry
        else {
            return None;
        };

        let version = match params.get("v") {
            Some(BareItem::String(version)) => version.as_str().to_owned(),
            _ => String::new(),
        };

        // Every GREASE brand is a spelling of "Not A Brand" with odd punctuation.
        let letters: String = name
            .as_str()
            .chars()
            .filter(char::is_ascii_alphabetic)
            .collect();

        let grease = letters.eq_ignore_ascii_case("notabrand")
            || letters.eq_ignore_ascii_case("notanybrand");

        (!grease).then(|| Brand {
            name: name.as_str().to_owned(),
            version,
        })
    };

    list.iter().filter_map(brand).collect()
}

/// Parses a quoted string; an empty one means "not applicable" and gives `None`.
fn string(value: &str) -> Option<String> {
    match Parser::new(value).parse::<Item>().ok()?.bare_item {
        BareItem::String(text) => Some(text.as_str().to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

fn boolean(value: &str) -> Option<bool> {
    match Parser::new(value).parse::<Item>().ok()?.bare_item {
        BareItem::Boolean(value) => Some(value),
        _ => None,
    }
}

fn system(hints: &Hints) -> Option<String> {
    let platform = hints.platform.as_deref()?;
    let Some(version) = hints.platform_version.as_deref() else {
        return Some(platform.to_owned());
    };
    if platform != "Windows" {
        return Some(format!("{platform} {version}"));
    }
    // Table by Microsoft: 13 and later is Windows 11, 1 to 10 is Windows 10, 0 is older.
    Some(
        match version
            .split('.')
            .next()
            .and_then(|major| major.parse::<u32>().ok())
        {
            Some(13..) => "Windows 11".to_owned(),
            Some(1..13) => "Windows 10".to_owned(),
            _ => "Windows 8.1 or older".to_owned(),
        },
    )
}

/// Platform names in client hints, and the operating systems that a User-Agent may show for them.
static PLATFORMS: &[(&str, &[&str])] = &[
    ("Windows", &["Windows"]),
    ("macOS", &["Mac OS X"]),
    ("Android", &["Android"]),
    ("iOS", &["iOS"]),
    ("Chrome OS", &["Chrome OS"]),
    ("Chromium OS", &["Chrome OS"]),
    ("Linux", &["Linux", "Ubuntu", "Debian", "Fedora"]),
];

fn disagreements(hints: &Hints, facts: &UaFacts) -> Vec<String> {
    let mut found = Vec::new();
    let platform = PLATFORMS
        .iter()
        .find(|(name, _)| Some(*name) == hints.platform.as_deref());

    if let (Some((platform, systems)), Some(os)) = (platform, facts.os.name.as_deref())
        && !systems.iter().any(|system| os.starts_with(system))
    {
        found.push(format!(
            "the hints say {platform}, the User-Agent says {os}"
        ));
    }

    let phone = matches!(
        facts.category,
        super::Category::Smartphone | super::Category::MobilePhone
    );

    if let Some(mobile) = hints.mobile
        && mobile != phone
        && !facts.bot
    {
        let (hint, text) = if mobile {
            ("mobile", "not")
        } else {
            ("not mobile", "mobile")
        };
        found.push(format!("the hints say {hint}, the User-Agent says {text}"));
    }

    let major = |version: &str| version.split('.').next().map(str::to_owned);
    let chromium = hints.brands.iter().find(|brand| brand.name == "Chromium");
    let version = facts.user_agent.split("Chrome/").nth(1).and_then(major);

    match (chromium, version) {
        (Some(brand), Some(version)) if major(&brand.version).as_ref() != Some(&version) => {
            found.push(format!(
                "the hints say Chromium {}, the User-Agent says {version}",
                brand.version
            ));
        }
        (Some(_), None) => {
            found.push("the hints say Chromium, the User-Agent names no Chrome".to_owned())
        }
        _ => {}
    }

    found
}

#[cfg(test)]
mod tests;
