//! Kind of the client, and signs of bots that no table lists.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kind of a client: the categories of woothee, and `tablet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Desktop or laptop computer.
    Pc,
    /// Smartphone: a phone with apps.
    Smartphone,
    /// Feature phone without apps.
    MobilePhone,
    /// Tablet, such as an iPad.
    Tablet,
    /// Crawler or other bot.
    Crawler,
    /// TV, game console, e-reader, car or smart speaker.
    Appliance,
    /// HTTP library or command-line tool.
    Misc,
    /// Unknown kind of client.
    Unknown,
}

use Category::{Appliance, MobilePhone, Pc, Smartphone, Tablet};

/// Words that indicate a kind, strongest first. Case-sensitive, anywhere in the text.
#[rustfmt::skip]
static SIGNS: &[(&str, Category)] = &[
    ("Xbox", Appliance), ("PlayStation", Appliance), ("PLAYSTATION", Appliance), ("Nintendo", Appliance),
    ("SMART-TV", Appliance), ("SmartTV", Appliance), ("Smart TV", Appliance), ("Smart-TV", Appliance), ("SMARTTV", Appliance),
    ("GoogleTV", Appliance), ("Google TV", Appliance), ("Android TV", Appliance), ("AndroidTV", Appliance), ("ATV", Appliance),
    ("AppleTV", Appliance), ("Apple TV", Appliance), ("tvOS", Appliance), ("Web0S", Appliance), ("webOS.TV", Appliance), ("WebOS; ", Appliance),
    ("NetCast", Appliance), ("HbbTV", Appliance), ("BRAVIA", Appliance), ("Bravia", Appliance), ("Roku", Appliance), ("CrKey", Appliance),
    ("Chromecast", Appliance), ("Tizen TV", Appliance), ("VIDAA", Appliance), ("Viera", Appliance), ("VIERA", Appliance), ("Opera TV", Appliance),
    ("OPR TV", Appliance), ("InettvBrowser", Appliance), ("CE-HTML", Appliance), ("DTV", Appliance), ("MiTV", Appliance), ("MIBOX", Appliance),
    ("MiBOX", Appliance), ("TV Box", Appliance), ("TV BOX", Appliance), ("TVBOX", Appliance), ("SetTopBox", Appliance), ("STB", Appliance), ("AFT", Appliance), ("BeyondTV", Appliance),
    ("PhilipsTV", Appliance), ("TSBNetTV", Appliance), ("SonyDTV", Appliance), ("SonyCEBrowser", Appliance), ("Maple", Appliance), ("DuneHD", Appliance),
    (" TV ", Appliance), (" TV)", Appliance), ("TV Build", Appliance), ("SHIELD Android", Appliance), ("DIGMA TV", Appliance), ("WhaleTV", Appliance),
    ("CoreMedia; AppleTV", Appliance), ("HomePod", Appliance), ("AudioAccessory", Appliance), ("Sonos", Appliance), ("Alexa", Appliance),
    ("Kobo", Appliance), ("PocketBook", Appliance), ("Kindle/", Appliance), ("Kindle 3", Appliance), ("EBRD", Appliance), ("Tolino", Appliance), ("BOOX", Appliance), ("nook browser", Appliance),
    ("VIZIO", Appliance), ("Vizio", Appliance), ("ViziOS", Appliance), ("SmartTvA", Appliance), ("TV Bro", Appliance), ("_TV_", Appliance), ("BrightSign", Appliance), ("VONTAR", Appliance), ("UGOOS", Appliance), ("ZIDOO", Appliance), ("MXQ", Appliance),
    ("Playstation", Appliance), ("Retroid", Appliance), ("GAMEPAD", Appliance), ("Steam GameOverlay", Appliance), ("AEO", Appliance), ("yandexstation", Appliance), ("Chromebook", Pc), ("CrOS", Pc), ("Mac OS/", Pc), ("AmigaOS", Pc), ("MorphOS", Pc), ("Haiku", Pc), ("OS/2", Pc),
    ("QtCarBrowser", Appliance), ("Tesla/", Appliance), ("DLNADOC", Appliance), ("Wii", Appliance), ("Dreamcast", Appliance), ("Steam Deck", Appliance),
    ("Apple Watch", Appliance), ("watchOS", Appliance), ("OculusBrowser", Appliance), ("Quest", Appliance),
    ("KAIOS", MobilePhone), ("KaiOS", MobilePhone), ("Series40", MobilePhone), ("Nokia/S40", MobilePhone), ("DoCoMo", MobilePhone), ("KDDI-", MobilePhone), ("SoftBank/", MobilePhone), ("J-PHONE", MobilePhone), ("Vodafone/", MobilePhone),
    ("iPad", Tablet), ("PlayBook", Tablet), ("TouchPad", Tablet), ("Tablet PC", Pc), ("Silk/", Tablet), ("Kindle Fire", Tablet), ("KFAPW", Tablet), ("Tablet", Tablet), ("TABLET", Tablet), ("tablet", Tablet),
    ("iPhone", Smartphone), ("iPod", Smartphone), ("Windows Phone", Smartphone), ("IEMobile", Smartphone), ("BB10", Smartphone), ("BlackBerry", Smartphone), ("Tizen; Mobile", Smartphone), ("(Mobile;", Smartphone), ("Phone; OpenHarmony", Smartphone), ("SymbianOS", Smartphone), ("Symbian/", Smartphone), ("SailfishOS", Smartphone), ("Sailfish", Smartphone), ("Windows CE", Smartphone), ("webOS/", Smartphone), ("hpwOS", Smartphone), ("MeeGo", Smartphone), ("Maemo", Smartphone), ("bada", Smartphone), ("Bada", Smartphone),
    ("MIDP", MobilePhone), ("UP.Browser", MobilePhone), ("Obigo", MobilePhone), ("NetFront", MobilePhone), ("BREW", MobilePhone), ("MAUI", MobilePhone), ("CLDC", MobilePhone), ("J2ME", MobilePhone),
];

/// Models that are tablets although the text does not say so, or says `Mobile`.
const TABLET_MODELS: &str = r"(?x)
    \b(?:SM-[TPX]\d|GT-[PN]\d{4}|SC-\d\d[A-Z]?\s?Tab|Lenovo\ (?:TB|YT|Tab)|TB-?\w?\d|YT-?\w?\d|MediaPad|MatePad|Xoom|Nexus\ (?:7|9|10)|Pixel\ (?:C|Tablet)|A1-\d{3}
    |Iconia|KF[A-Z]{2,4}\b|BTV-|BAH\d?-|AGS\d?-|SHT-|MRX-|SCM-|CMR-|VRD-|AGR-|AGM\d?-|BG2-|JDN\d?-|KOB\d?-|OPD\d{4}|[A-Za-z]*(?:Tab|TAB|tab|Pad|PAD)(?:\b|[_\d ])|Transformer|SGP\d{3}|
    SO-05[DFG]|[vV]K\d{3}|LG-V\d{3}|T1-\d{3}|P\d{2}[0-9A-Z]\b\ Build|ME\d{3}[A-Z]|TF\d{3}|NOOK|BNTV|BNRV|Hudl|QTAQZ|D-01[GHJK]|dtab)";

/// Android models of TVs: `MiTV`, `MD09TV`, or screen size in inches and letters (`50LU1222`). Also handheld game
/// consoles.
const TV_MODELS: &str = r"(?x)
    ;\ (?:[A-Z]{1,4}[-_])?(?:2[48]|3[29]|4[0-39]|5[058]|6[05]|7[05]|8[56])[A-Z][0-9A-Z_]{2,}(?:\ Build|\)) | [a-z0-9]TV(?:\b|_) | \bTV$ | \bLED\d\d | ;\ \w+\ Shell\b | ;\ RG\d{3}";

/// Words that indicate a bot, based on the list of isbot (Unlicense) and others.
const BOT_WORDS: &str = r"(?ix)
    bots?(?:\b|_|\d|-) | crawl | spider | scrap(?:e|y|ing) | slurp | \bindexer | headless | lighthouse | pagespeed | phantomjs | selenium
    | webdriver | cypress/ | pingdom | preview | \+\ ?https?: | \(https?: | ;\ ?https?: | \bGoogle-[A-Z] | -Google\b
    | @[a-z][\w-]+\.[a-z] | \(at\) | uptime | healthcheck | link-?check | collapsify | hardenize
    | foregenix | attracta | linktiger | pageburst | readable/\d | sparkler/ | whatcms | marketgoo | zmeu | biglotron | dareboost | synthetic
    | \bsplash\b | watchtowr | gtmetrix | appinsights | openvas | sucuri | hotjar | \bptst/ | websitepulse";

/// Words that indicate a bot but also occur in texts of phones and apps, and are ignored there.
const WEAK_BOT_WORDS: &str = r"(?ix)
    fetch(?:er|or|\b) | archiv | harvest | monitor(?:ing)?\b | check(?:er|s|\b) | \bprobe | validat | verif | inspect | audit
    | analy[sz]e | scan(?:ner|ning|\b) | feed | rss(?:\b|\d) | agent\b | url(?:\b|lib|test|check) | wordpress | joomla | drupal | xenu | \bseo\b
    | \b(?:perl|php|ruby|python|java|nodejs|golang|dotnet|libwww-\w+|lwp|mechanize|snoopy|httpunit|httpclient|http_client|http-client|guzzle)\b
    | sitemap | ^\w*search\b | search\ ?engine | research | survey | security | proxy | transcoder | translat | \bcloudflare | censys | shodan
    | nmap | sogou\b | nutch | \bwget | \bcurl | grab | sniff | capture | screenshot | thumb | webhook | \bimg(?:proxy)? | favicon | collect
    | extract | parser | retriever | detect | discover | classif | measure | radar | server\b | optimiz | finder\b | advisor | reader\b.*https?:
    | \w\.(?:com|org|net|ai)(?:[/);,\ ]|$) | \brigor\b | \bdlc/ | ^Mozilla/\d\.\d$";

/// Names that contain bot words but are no bots.
const BOT_EXCEPTIONS: &str =
    r"(?i)cubot|; [mc] bot \w+|google-?search ?app|\.net clr|microsoft\.com";

/// Words that occur in the User-Agent of every browser. `Mozilla/5.0 (compatible; Thing/1.0)` has none of them.
#[rustfmt::skip]
static BROWSER_WORDS: &[&str] = &[
    "AppleWebKit", "Applewebkit", "Gecko", "MSIE", "Trident", "KHTML", "Konqueror", "Opera", "Presto", "NetFront", "Nokia", "Symbian", "Series", "MIDP", "BlackBerry", "webOS",
    "Nintendo", "Kindle", "iPhone", "iPad", "Android", "Windows", "Win9", "Win1", "WinNT", "Mac", "X11", "Linux", "Amiga", "OS/2", "PlayStation", "PLAYSTATION", "Firefox", "Tizen", "Web0S", "SMART-TV", "I;", "U;", "Sony", "Dreamcast",
];

/// Phones whose apps do not send `Mobile`.
const PHONE_MODELS: &str = r"\b(?:SM-[AEFGJMNS]\d{3}|GT-[IS]\d{4}|Pixel [2-9]|Nexus [456]|ONEPLUS|Redmi (?:Note )?\d|iPhone)";

struct Words {
    signs: AhoCorasick,
    tablets: Regex,
    phones: Regex,
    televisions: Regex,
    bots: Regex,
    weak: Regex,
    exceptions: Regex,
    products: Regex,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    signs: AhoCorasick::new(SIGNS.iter().map(|(sign, _)| sign)).expect("literals"),
    tablets: compile(TABLET_MODELS),
    phones: compile(PHONE_MODELS),
    televisions: compile(TV_MODELS),
    bots: compile(BOT_WORDS),
    weak: compile(WEAK_BOT_WORDS),
    exceptions: compile(BOT_EXCEPTIONS),
    // The whole text consists of products without a comment: `MyFetcher/1.0`, `Foo 2.1 Bar/3`.
    products: compile(r"^[\w.!:'%-]+(?:[ /][\w.!:'%-]+){0,4}/?$"),
});

/// Compiles a constant expression; a test compiles all of them.
fn compile(pattern: &str) -> Regex {
    RegexBuilder::new(pattern)
        .size_limit(4 << 20)
        .build()
        .expect("a constant expression")
}

/// The kind of a client that is neither bot nor tool. `system` is the OS from uap-core, `woothee` its category.
pub(super) fn of(text: &str, system: Option<&str>, woothee: &str) -> Category {
    let sign = WORDS
        .signs
        .find_overlapping_iter(text)
        .filter(|found| starts_a_word(text, found.start(), found.end()));
    let sign = sign
        .map(|found| found.pattern().as_usize())
        .min()
        .map(|at| SIGNS[at].1);
    if sign == Some(Appliance) {
        return Appliance;
    }

    let android =
        text.contains("Android") || matches!(system, Some("Android" | "HarmonyOS" | "OpenHarmony"));

    if android && !matches!(sign, Some(MobilePhone | Pc)) {
        if WORDS.televisions.is_match(text) {
            return Appliance;
        }
        if sign == Some(Tablet) || WORDS.tablets.is_match(text) {
            return Tablet;
        }
        // Chrome and Firefox send `Mobile` on phones only; texts of apps often have neither word.
        let browser = text.contains("AppleWebKit") || text.contains("Gecko/");
        let phone = !browser
            || text.contains("Mobile")
            || text.contains("mobile")
            || WORDS.phones.is_match(text);
        return if phone { Smartphone } else { Tablet };
    }

    if let Some(category) = sign {
        return category;
    }

    match system {
        Some("iOS") => Smartphone,
        Some("tvOS" | "ATV OS X" | "Chromecast" | "Roku" | "WebTV" | "GoogleTV" | "FireTV") => {
            Appliance
        }
        Some(
            "BlackBerry OS" | "Symbian OS" | "Firefox OS" | "Windows Mobile" | "Windows Phone"
            | "Tizen",
        ) => Smartphone,
        Some("KaiOS") => MobilePhone,
        Some("watchOS") => Appliance,
        Some(name) if PC_SYSTEMS.iter().any(|pc| name.starts_with(pc)) => Pc,
        _ => match woothee {
            "pc" => Pc,
            "smartphone" => Smartphone,
            "mobilephone" => MobilePhone,
            "appliance" => Appliance,
            "misc" => Category::Misc,
            _ => Category::Unknown,
        },
    }
}

/// Prefixes of the names that uap-core has for operating systems of desktops and laptops.
#[rustfmt::skip]
static PC_SYSTEMS: &[&str] = &[
    "Windows", "Mac OS", "Linux", "Ubuntu", "Debian", "Fedora", "Chrome OS", "FreeBSD", "OpenBSD", "NetBSD", "Solaris", "SUSE", "Red Hat",
    "CentOS", "Mint", "Arch", "Gentoo", "Mandriva", "Kubuntu", "Slackware", "Puppy", "Mageia", "BeOS", "Haiku", "AmigaOS", "OS/2", "VRE", "DragonFly", "PCLinuxOS", "Xubuntu",
];

/// Whether a sign counts at this position: a short one only at the start of a word, `AFT` only as the prefix of an Amazon
/// model (`AFTS`), longer ones anywhere.
fn starts_a_word(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    match &text[start..end] {
        "AFT" => {
            !(start > 0 && letter(start - 1)) && bytes.get(end).is_some_and(u8::is_ascii_uppercase)
        }
        "ATV" | "STB" | "Maple" | "Wii" | "Quest" | "bada" | "Alexa" | "BOOX" | "Roku" | "OS/2"
        | "AEO" => !(start > 0 && letter(start - 1)),
        _ => true,
    }
}

/// Whether the text looks like an unlisted bot. `has_family`: uap-core recognizes a browser or app in it.
pub(super) fn looks_like_a_bot(text: &str, has_family: bool) -> bool {
    let words = &*WORDS;
    let rest = words.exceptions.replace_all(text, " ");
    let person = [
        "Android",
        "iPhone",
        "iPad",
        "CFNetwork",
        "Darwin",
        "MSIE",
        "Trident",
    ]
    .iter()
    .any(|word| text.contains(word));

    if words.bots.is_match(&rest) || (!person && words.weak.is_match(&rest)) {
        return true;
    }

    if let Some(rest) = text.strip_prefix("Mozilla/") {
        return !BROWSER_WORDS.iter().any(|word| rest.contains(word));
    }

    // Browsers and apps describe a device in parentheses; a bare product is a script.
    !has_family
        && !person
        && words.products.is_match(text)
        && !MOBILE_PREFIXES
            .iter()
            .any(|prefix| text.starts_with(prefix))
}

/// Prefixes of feature phones and old browsers, which send a bare product as well.
#[rustfmt::skip]
static MOBILE_PREFIXES: &[&str] = &[
    "Nokia", "SAMSUNG", "Samsung", "SonyEricsson", "LG", "MOT", "Motorola", "BlackBerry", "DoCoMo", "KDDI", "SoftBank", "Vodafone", "J-PHONE", "HTC",
    "Alcatel", "ZTE", "HUAWEI", "Huawei", "SIE", "SEC-", "Sagem", "SAGEM", "PANTECH", "Mozilla", "Lenovo", "GIONEE", "Spice", "Micromax", "MAUI", "Dalvik", "UCWEB", "KWC", "NEC", "Sanyo", "Panasonic", "SHARP", "Philips", "BenQ", "Qtek", "Palm", "portalmmm", "WILLCOM", "Opera", "Doris", "Microsoft Office", "VLC", "Lynx", "Links", "ELinks", "w3m", "amaya",
];

/// Whether a family is a general browser, which any app with a web view reports.
pub(super) fn is_general_browser(family: &str) -> bool {
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
pub(super) fn vendor(family: &str) -> Option<&'static str> {
    VENDORS
        .iter()
        .find(|(start, _)| family.starts_with(start))
        .map(|(_, vendor)| *vendor)
}

/// Browser products that bots add around their own name.
#[rustfmt::skip]
static BROWSER_PRODUCTS: &[&str] = &[
    "Mozilla", "AppleWebKit", "Chrome", "Chromium", "Safari", "Version", "Mobile", "Gecko", "Firefox", "KHTML", "Edg", "Edge", "OPR", "CriOS", "FxiOS", "like", "compatible", "QtWebEngine", "Linux", "Windows", "X11", "Macintosh", "U", "Thunderbird",
];

/// Name and version of the product that a bot names: the first after `compatible;`, else the last that is no browser.
pub(super) fn own_product(text: &str) -> (Option<String>, Option<String>) {
    let product = |part: &str| {
        let part = part.trim_matches(|c: char| !c.is_alphanumeric());
        let (name, version) = part.split_once('/').unwrap_or((part, ""));
        let version = version
            .trim_start_matches(['v', 'V'])
            .split([' ', ';', ')', ',', '('])
            .next()
            .unwrap_or_default();
        let is_own = name.chars().next().is_some_and(char::is_alphabetic)
            && !BROWSER_PRODUCTS.contains(&name)
            && !name.contains(['(', '<']);
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
    name.contains('/')
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
