//! Signs of bots that no table lists, and the parts of a text in which the same words mean something else.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

use super::{agents, category::compile};

/// Words that name a bot, based on the list of isbot (Unlicense) and others.
const BOT_WORDS: &str = r"(?ix)
    bots?(?:\b|_|\d|-) | crawl | spider | scrap(?:e|y|ing) | slurp | \bindexer | headless | lighthouse | page\ ?speed | phantomjs | selenium
    | webdriver | cypress/ | pingdom | preview | \bGoogle-[A-Z] | -Google\b | uptime | healthcheck | link-?check | collapsify | hardenize
    | foregenix | attracta | linktiger | pageburst | readable/\d | sparkler/ | whatcms | marketgoo | zmeu | biglotron | dareboost | synthetic
    | \bsplash\b | watchtowr | gtmetrix | appinsights | openvas | sucuri | hotjar | \bptst/ | websitepulse";

/// Links and addresses for the administrator of a site, which browsers do not send. A link without `+` in the text of
/// Internet Explorer is only from an extension.
const LINKS: &str = r"(?ix)
    \(https?: | ;\ ?https?: | @[a-z][\w-]+\.[a-z] | \(at\) | ;\ (?:bit\.ly|rb\.gy)/ | \(via\ https?:";

/// The link that only bots send.
const BOT_LINKS: &str = r"(?i)\+ ?https?:";

/// Words that indicate a bot but also occur in texts of phones and apps, and are ignored there.
const WEAK_BOT_WORDS: &str = r"(?ix)
    fetch(?:er|or|\b) | archiv | harvest | monitor(?:ing)?\b | check(?:er|s|\b) | \bprobe | validat | verif | inspect | audit
    | analy[sz]e | scan(?:ner|ning|\b) | feed | rss(?:\b|\d) | agent\b | url(?:\b|lib|test|check) | wordpress | joomla | drupal | xenu | \bseo\b
    | \b(?:perl|php|ruby|python|java|nodejs|golang|dotnet|libwww-\w+|lwp|mechanize|snoopy|httpunit|httpclient|http_client|http-client|guzzle)\b
    | sitemap | ^\w*search\b | search\ ?(?:engine|console) | research | survey | security | proxy | transcoder | translat | \bcloudflare | censys | shodan
    | nmap | sogou\b | nutch | \bwget | \bcurl | grab | sniff | capture | screenshot | thumb | webhook | \bimg(?:proxy)? | favicon | collect
    | extract | parser | retriever | detect | discover | classif | measure | radar | server\b | optimiz | finder\b | advisor | reader\b.*https?:
    | \w\.(?:com|org|net|ai)(?:[/);,\ ]|$) | \brigor\b | \bdlc/ | ^Mozilla/\d\.\d$";

/// Phrases that contain words of bots and do not come from one: models, toolbars and browsers embedded in programs.
const PHRASES: &str = r"(?ix)
    cubot | google-?search\ ?app | \.net\ clr | microsoft\.com
    | [\w.-]*(?:toolbar|teomabar|stumbleupon)\b[^;)]* | google-tr-\d | preview\ (?:browser|window) | embedded\ ?(?:web\ ?browser|wb)\b[^;)]*";

/// The model in the text of an Android device or of a Firefox OS phone: `B BOT 550` in `(Linux; Android 9; B BOT 550)`.
/// A part with a slash or link is a product, no model.
const MODEL: &str = r"(?ix)
    (?: android[\ /-]?[\w.]* ; \s* (?:[a-z]{2}(?:[-_][a-z]{2})?;\s*)? | \(mobile;\ )
    ( [^;/()@:]{2,60}? ) (?: \ build\b | \s*[;)] )";

/// Devices, apps and browsers of people. Their texts may hold weak words of bots.
const PEOPLE: &str = r"(?x)
    Android | android | iPhone | iPad | iPod | CFNetwork | Darwin | MSIE | Trident | MIDP | CLDC | UCWEB | UC\ ?Browser | UP\.Browser | Obigo | Teleca
    | WAP[\ -]Browser | Polaris | Dorado | MAUI | MMP/ | UNTRUSTED | FOMA | DoCoMo | DDIPOCKET | WILLCOM | J-PHONE | jig\ browser | Symbian | Series\ ?60
    | BREW | Brew\ | Windows\ CE | WindowsPhone | WP[78]/ | smart-?TV | smarttv | SmartTV | SMART-TV | HbbTV | ,Watch\d | \[Watch\ OS, | Browser/Phantom
    | ^(?:Lynx|Links|ELinks|w3m|Dillo|NetSurf|NetPositive|edbrowse|retawq|amaya|Emacs-[Ww]3|nook\ browser|VLC|mpv)\b";

/// Words that occur in the User-Agent of every browser. `Mozilla/5.0 (compatible; Thing/1.0)` has none of them.
#[rustfmt::skip]
static BROWSER_WORDS: &[&str] = &[
    "AppleWebKit", "Applewebkit", "applewebkit", "Gecko", "MSIE", "Trident", "KHTML", "Konqueror", "Opera", "Presto", "NetFront", "Nokia", "Symbian", "Series", "MIDP", "BlackBerry", "webOS",
    "Nintendo", "Kindle", "iPhone", "iPad", "Android", "android", "Windows", "Win9", "Win1", "WinNT", "Mac", "X11", "Linux", "Amiga", "OS/2", "PlayStation", "PLAYSTATION", "Firefox", "Tizen", "Web0S", "SMART-TV", "I;", "U;", "Sony", "Dreamcast",
    "FOMA", "smartTV", "HbbTV", "jig browser", "DoCoMo", "DDIPOCKET", "WILLCOM", "Polaris", "UCWEB", "UCBrowser", "NetPositive", "RISC OS", "BeOS", "Inferno", "Obigo", "Teleca", "UP.Browser", "Phantom/V",
];

/// Prefixes of feature phones and old browsers, which send a bare product as well.
#[rustfmt::skip]
static MOBILE_PREFIXES: &[&str] = &[
    "nokia", "samsung", "sonyericsson", "lg", "mot", "blackberry", "docomo", "kddi", "softbank", "vodafone", "j-phone", "htc", "alcatel", "amoi", "asus", "acer", "haier", "audiovox", "lephone", "lava",
    "zte", "huawei", "sie", "sec-", "sagem", "pantech", "mozilla", "lenovo", "gionee", "spice", "micromax", "maui", "dalvik", "ucweb", "j2me", "kwc", "nec", "sanyo", "panasonic", "sharp", "philips", "benq", "qtek",
    "palm", "portalmmm", "willcom", "opera", "doris", "microsoft office", "vlc", "lynx", "links", "elinks", "w3m", "amaya", "ipod", "nook browser", "smarttv",
];

/// A language that names itself as the client, perhaps with its version: `Ruby`, `PHP 8.3`.
const LANGUAGE: &str = r"(?i)^(?:ruby|perl|php|java|python|go|golang|node(?:\.?js)?|rust|lua|erlang|elixir|scala|kotlin|dart|swift|julia|haskell|clojure|\.net|dotnet|deno|bun|tcl|groovy|powershell)[\d.]*(?:[/ ]v?\d\S*)?$";

/// An app that speaks for itself and not for the preview of a link: it tells its device.
const APPS: &str = r"^WhatsApp\+?/\S+ (?:Android|iPhone_OS|WP\d|S40|S60|Symbian|Nokia|BlackBerry)";

struct Words {
    names: Regex,
    links: Regex,
    bot_links: Regex,
    weak: Regex,
    phrases: Regex,
    model: Regex,
    people: Regex,
    products: Regex,
    language: Regex,
    apps: Regex,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    names: compile(BOT_WORDS),
    links: compile(LINKS),
    bot_links: compile(BOT_LINKS),
    weak: compile(WEAK_BOT_WORDS),
    phrases: compile(PHRASES),
    model: compile(MODEL),
    people: compile(PEOPLE),
    // The whole text consists of products without a comment: `MyFetcher/1.0`, `Foo 2.1 Bar/3`.
    products: compile(r"^[\w.!:'%-]+(?:[ /][\w.!:'%-]+){0,4}/?$"),
    language: compile(LANGUAGE),
    apps: compile(APPS),
});

/// The text without the parts in which words of bots mean something else: the model of a device, toolbars.
pub(super) fn hide_other_meanings(text: &str) -> Cow<'_, str> {
    let words = &*WORDS;

    let model = words.model.captures(text).and_then(|found| found.get(1));
    // A listed program in the place of the model is the client: `(Linux; Android 4.0; Googlebot)`.
    let model = model.filter(|model| {
        let listed = agents::find(model.as_str());
        listed.is_none_or(|listed| !listed.name().eq_ignore_ascii_case(model.as_str()))
    });
    let text: Cow<str> = match model {
        Some(model) => [&text[..model.start()], " ", &text[model.end()..]]
            .concat()
            .into(),
        None => text.into(),
    };

    match words.phrases.replace_all(&text, " ") {
        Cow::Owned(rest) => rest.into(),
        Cow::Borrowed(_) => text,
    }
}

/// Whether the text is from a device, app or browser of a person.
pub(super) fn is_from_a_person(text: &str) -> bool {
    WORDS.people.is_match(text)
}

/// Whether the text is from a feature phone, whose `Java/…` is a part of the phone.
pub(super) fn is_from_a_feature_phone(text: &str) -> bool {
    text.contains("MIDP") || text.contains("CLDC")
}

/// Whether an app of the table speaks for itself, so that it is no bot.
pub(super) fn is_app(text: &str) -> bool {
    WORDS.apps.is_match(text)
}

/// Whether the text is only the name of a programming language, with or without its version.
pub(super) fn is_language(text: &str) -> bool {
    WORDS.language.is_match(text)
}

/// Whether the text, without its other meanings, looks like an unlisted bot. `has_family`: uap-core recognizes a
/// browser, an app or a device with a brand in it; `phone`: it is a feature phone by woothee, or a bare model.
pub(super) fn looks_like_a_bot(text: &str, has_family: bool, phone: bool) -> bool {
    let words = &*WORDS;
    let person = phone || is_from_a_person(text);

    if words.names.is_match(text)
        || (!phone && words.bot_links.is_match(text))
        || (!phone && !text.contains("MSIE ") && words.links.is_match(text))
        || (!person && words.weak.is_match(text))
    {
        return true;
    }

    if let Some(rest) = text.strip_prefix("Mozilla/") {
        return !phone && !BROWSER_WORDS.iter().any(|word| rest.contains(word));
    }

    // Browsers and apps describe a device in parentheses; a bare product is a script.
    !has_family && !person && words.products.is_match(text) && !starts_like_a_phone(text)
}

/// Whether the text starts with the maker of a feature phone or the name of an old browser.
fn starts_like_a_phone(text: &str) -> bool {
    MOBILE_PREFIXES.iter().any(|prefix| {
        text.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    })
}

#[cfg(test)]
mod tests;
