//! The browser or program by name: from the table of programs, the rules of uap-core, woothee, or the product that an
//! unknown bot names.

use std::borrow::Cow;

use woothee::parser::WootheeResult;

use super::{
    Client,
    agents::{AgentMatch, Class, version_at},
    rules::RuleMatch,
};

/// What the sources found in one text.
pub(super) struct Sources<'a> {
    pub(super) text: &'a str,
    pub(super) browser: Option<RuleMatch<'a>>,
    pub(super) agent: Option<AgentMatch<'a>>,
    pub(super) woothee: WootheeResult<'a>,
}

impl Sources<'_> {
    /// The family that uap-core finds. Its `Apple Mail` is any program of macOS with a web view, so it is no name.
    pub(super) fn family(&self) -> Option<Cow<'_, str>> {
        let family = self.browser.as_ref()?.field(0, 1)?;
        (!matches!(&*family, "Other" | "Apple Mail")).then_some(family)
    }

    /// The family, if it is neither a general browser nor cut out of a URL or a sentence.
    pub(super) fn specific_family(&self) -> Option<Cow<'_, str>> {
        self.family().filter(|family| !is_vague_bot(family))
    }

    /// The client of the text. `bot`: it is a crawler or tool, which may name a product of its own.
    pub(super) fn client(&self, bot: bool) -> Client {
        let name = self.family().map(Cow::into_owned);
        let version = self.browser.as_ref().filter(|_| name.is_some());
        let mut client = Client {
            version: version.and_then(RuleMatch::version),
            name,
            vendor: None,
        };

        if let Some(agent) = &self.agent {
            client = self.listed_client(agent, client);
        } else if client.name.is_none() {
            client = woothee_client(&self.woothee);
        }

        let vague = client.name.as_deref().is_none_or(is_vague_bot);
        if bot && self.agent.is_none() && vague {
            let (name, version) = own_product(self.text);
            if name.is_some() {
                client = Client {
                    name,
                    version,
                    vendor: None,
                };
            }
        }

        if client.vendor.is_none() {
            client.vendor = client.name.as_deref().and_then(vendor).map(str::to_owned);
        }

        client
    }

    /// The client for a program of the table. A family of uap-core that the text holds is more exact than the token
    /// (`Baiduspider-cpro`, `aws-sdk-java`); a general browser family is less so.
    fn listed_client(&self, found: &AgentMatch, from_rules: Client) -> Client {
        let agent = found.agent;
        let vendor = agent.vendor.map(str::to_owned);

        if agent.class == Class::InApp {
            let general = from_rules.name.as_deref().is_none_or(is_general_browser);
            return if general {
                from_table(found)
            } else {
                Client {
                    vendor,
                    ..from_rules
                }
            };
        }

        let exact = self
            .specific_family()
            .and_then(|family| Some((self.text.find(&*family)?, family)));

        match exact {
            Some((at, family)) if !family.eq_ignore_ascii_case(found.name()) => Client {
                version: from_rules
                    .version
                    .or_else(|| version_at(&self.text[at + family.len()..]).map(str::to_owned)),
                vendor: vendor.filter(|_| shares_a_name(&family, agent.name)),
                name: Some(family.into_owned()),
            },
            // `rogerBot`, `googlebot`: as the program writes itself.
            Some((_, family)) => Client {
                name: Some(family.into_owned()),
                ..from_table(found)
            },
            None => from_table(found),
        }
    }
}

/// Whether one of two names holds the other, so that they belong to the same vendor.
fn shares_a_name(family: &str, name: &str) -> bool {
    let (family, name) = (family.to_ascii_lowercase(), name.to_ascii_lowercase());
    family.contains(&name) || name.contains(&family)
}

/// The client as the table names it, with the version from the text.
fn from_table(found: &AgentMatch) -> Client {
    Client {
        name: Some(found.name().to_owned()),
        version: found.version.map(str::to_owned),
        vendor: found.agent.vendor.map(str::to_owned),
    }
}

/// The client that woothee names. For the phones of Japanese carriers its version is the model, no version.
fn woothee_client(woothee: &WootheeResult) -> Client {
    let recognized = |value: &str| (!matches!(value, "" | "UNKNOWN")).then(|| value.to_owned());
    let name =
        recognized(woothee.name).filter(|name| name != "misc crawler" && name != "HTTP Library");
    let has_version = name.is_some() && carrier_model(woothee).is_none();
    Client {
        version: recognized(woothee.version).filter(|_| has_version),
        name,
        vendor: None,
    }
}

/// The model that woothee finds in the text of a phone of a Japanese carrier: `N905i`.
pub(super) fn carrier_model<'a>(woothee: &WootheeResult<'a>) -> Option<&'a str> {
    let carriers = [
        "docomo", "au", "SoftBank", "WILLCOM", "willcom", "jig", "emobile",
    ];
    (carriers.contains(&woothee.os) && !matches!(woothee.version, "" | "UNKNOWN"))
        .then_some(woothee.version)
}

/// Whether a family is a general browser, which any app with a web view reports.
fn is_general_browser(family: &str) -> bool {
    [
        "Chrome",
        "Safari",
        "Mobile Safari",
        "Android",
        "WebKit",
        "AppleMail",
        "Apple Mail",
        "UC Browser",
        "Chromium",
        "IE",
        "Edge",
        "Firefox",
        "Opera",
    ]
    .iter()
    .any(|general| family.starts_with(general))
}

/// Vendors of common browser families, by prefix of the family.
#[rustfmt::skip]
static VENDORS: &[(&str, &str)] = &[
    ("Chrome Mobile iOS", "Google"), ("Chrome", "Google"), ("Chromium", "Google"), ("Mobile Safari", "Apple"), ("Safari", "Apple"), ("Apple", "Apple"),
    ("Firefox", "Mozilla"), ("Mozilla", "Mozilla"), ("Thunderbird", "Mozilla"), ("Edge", "Microsoft"), ("Internet Explorer", "Microsoft"), ("IE", "Microsoft"), ("Outlook", "Microsoft"), ("Windows", "Microsoft"),
    ("Opera", "Opera"), ("Samsung Internet", "Samsung"), ("Yandex", "Yandex"), ("UC Browser", "UCWeb"), ("Vivaldi", "Vivaldi"), ("Brave", "Brave"), ("DuckDuckGo", "DuckDuckGo"),
    ("MiuiBrowser", "Xiaomi"), ("Huawei Browser", "Huawei"), ("HuaweiBrowser", "Huawei"), ("QQ Browser", "Tencent"), ("WeChat", "Tencent"), ("MicroMessenger", "Tencent"), ("Facebook", "Meta"), ("Instagram", "Meta"), ("Messenger", "Meta"), ("WhatsApp", "Meta"),
    ("TikTok", "ByteDance"), ("LINE", "LINE"), ("Line", "LINE"), ("Snapchat", "Snap"), ("Pinterest", "Pinterest"), ("Twitter", "X"), ("LinkedIn", "LinkedIn"), ("Amazon", "Amazon"), ("Silk", "Amazon"), ("Android", "Google"), ("Google", "Google"),
    ("BlackBerry", "BlackBerry"), ("Nokia", "Nokia"), ("Konqueror", "KDE"), ("Epiphany", "GNOME"), ("Maxthon", "Maxthon"), ("Sogou", "Sogou"), ("Baidu", "Baidu"), ("Whale", "Naver"), ("Coc Coc", "Cốc Cốc"), ("Electron", "OpenJS"), ("Puffin", "CloudMosa"), ("Iron", "SRWare"), ("Pale Moon", "Moonchild"), ("SeaMonkey", "SeaMonkey"), ("Camino", "Mozilla"), ("Spotify", "Spotify"), ("Slack", "Slack"), ("Discord", "Discord"), ("Teams", "Microsoft"), ("Oculus Browser", "Meta"), ("NetFront", "ACCESS"), ("okhttp", "Square"),
];

/// The vendor of a browser family.
fn vendor(family: &str) -> Option<&'static str> {
    VENDORS
        .iter()
        .find(|(start, _)| family.starts_with(start))
        .map(|(_, vendor)| *vendor)
}

/// Browser products that bots add around their own name.
#[rustfmt::skip]
static BROWSER_PRODUCTS: &[&str] = &[
    "Mozilla", "MSIE", "AppleWebKit", "Chrome", "Chromium", "Safari", "Version", "Mobile", "Gecko", "Firefox", "KHTML", "Edg", "Edge", "OPR", "CriOS", "FxiOS", "like", "compatible", "QtWebEngine", "Linux", "Windows", "X11", "Macintosh", "U", "Thunderbird",
];

/// Name and version of the product that a bot names: the first after `compatible;`, else the last that is no browser.
fn own_product(text: &str) -> (Option<String>, Option<String>) {
    let product = |part: &str| {
        let part = part.trim_matches(|c: char| !c.is_alphanumeric());
        let has_version = |(_, version): &(&str, &str)| {
            version.starts_with(|c: char| c.is_ascii_digit()) && version.len() < 20
        };
        let (name, version) = part
            .split_once('/')
            .or_else(|| part.rsplit_once(' ').filter(has_version))
            .unwrap_or((part, ""));
        let version = version
            .trim_start_matches(['v', 'V'])
            .split([' ', ';', ')', ',', '('])
            .next()
            .unwrap_or_default();
        let is_own = name.chars().next().is_some_and(char::is_alphabetic)
            && !BROWSER_PRODUCTS.contains(&name)
            && !name.contains(['(', '<', ':', '=']);
        is_own.then(|| {
            (
                Some(name.trim().to_owned()),
                Some(version.to_owned()).filter(|version| !version.is_empty()),
            )
        })
    };

    if let Some((_, rest)) = text.split_once("compatible;") {
        let first = rest.split([';', ')', ',', '(']).next().unwrap_or_default();
        if let Some(found) = product(first.trim()).filter(|_| !first.contains("http")) {
            return found;
        }
    }

    let bare = !text.starts_with("Mozilla/");

    if bare
        && let Some(found) = product(text.split([';', '(', ',', '[']).next().unwrap_or_default())
    {
        return found;
    }

    let words = text
        .split([' ', ';', '(', ')', ','])
        .filter(|word| word.contains('/') && !word.contains("//"));

    words.rev().find_map(product).unwrap_or_default()
}

/// Whether a name is too vague for a bot because a rule cut it out of a URL or a sentence: `com/bot`, `crawler`.
pub(super) fn is_vague_bot(name: &str) -> bool {
    name.contains(['/', ';'])
        || is_general_browser(name)
        || [
            "bot",
            "robot",
            "crawler",
            "a crawler",
            "spider",
            "crawling",
            "rssreader",
            "web",
        ]
        .contains(&name.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests;
