//! Kind of the client: the signs of phones, tablets, computers and appliances.

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
    ("Apple Watch", Appliance), ("watchOS", Appliance), ("OculusBrowser", Appliance), ("Quest 2", Appliance), ("Quest 3", Appliance), ("Quest Pro", Appliance), ("Quest)", Appliance), ("Quest Build", Appliance), ("Watch OS", Appliance), (",Watch", Appliance), ("dv(iPh", Smartphone), ("dv(iPd", Tablet),
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

/// Models of TVs: `MiTV`, `MD09TV`, or screen size in inches and letters (`50LU1222`). Also TV boxes, handheld game
/// consoles, watches and screens in cars.
const TV_MODELS: &str = r"(?x)
    ;\ (?:[A-Z]{1,4}[-_])?(?:2[48]|3[29]|4[0-39]|5[058]|6[05]|7[05]|8[56])[A-Z][0-9A-Z_]{2,}(?:\ Build|\)) | [a-z0-9]TV(?:\b|_) | \bTV$ | \bLED\d\d | ;\ \w+\ Shell\b | ;\ RG(?:\d{3}|CUBE)
    | (?i: ;\ [^;/)]*(?: \btv | ktv- | -?dvb | \bott\b | box\b | [_\ ]stick\b | iptv | android_tv ) )
    | ;\ (?: X9[2689][A-Za-z]? | TX[2-9]\w? | TX9[2-9s]? | T95\w* | H96 | MXQ | A95X | M8S\+? | Tanix | MECOOL | Mecool | KM[1-9]\b | KI\ PRO | MINIX | Beelink | BEELINK | VINABOX | Vega\ S | (?:Ugoos|UGOOS|pendoo|PIPO)\b )
    | ;\ (?:SAMSUNG\ )?SM-R[789]\d | TicWatch | ;\ LEM\d | \bWatch\b | \bMobile\ VR\b | ;\ PortalGo | Rear\ Seat";

/// Phones whose apps do not send `Mobile`.
const PHONE_MODELS: &str = r"\b(?:SM-[AEFGJMNS]\d{3}|GT-[IS]\d{4}|Pixel [2-9]|Nexus [456]|ONEPLUS|Redmi (?:Note )?\d|iPhone)";

struct Words {
    signs: AhoCorasick,
    tablets: Regex,
    phones: Regex,
    televisions: Regex,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    signs: AhoCorasick::new(SIGNS.iter().map(|(sign, _)| sign)).expect("literals"),
    tablets: compile(TABLET_MODELS),
    phones: compile(PHONE_MODELS),
    televisions: compile(TV_MODELS),
});

/// Compiles a constant expression; a test compiles all of them.
pub(super) fn compile(pattern: &str) -> Regex {
    RegexBuilder::new(pattern)
        .size_limit(4 << 20)
        .build()
        .expect("a constant expression")
}

/// The kind of a client that is neither bot nor tool. `system` is the OS from uap-core, `woothee` its category.
pub(super) fn of(text: &str, system: Option<&str>, woothee: &str) -> Category {
    let sign = first_sign(text);
    if sign == Some(Appliance) {
        return Appliance;
    }

    // The UC Browser writes `Adr 5.0.2` for Android.
    let android = ["Android", "android", " Adr "]
        .iter()
        .any(|word| text.contains(word))
        || matches!(system, Some("Android" | "HarmonyOS" | "OpenHarmony"));

    let midp = sign == Some(MobilePhone) && !text.contains(" Adr ");
    if android && !midp && sign != Some(Pc) {
        return of_android(text, sign);
    }

    if let Some(category) = sign {
        return category;
    }

    of_system(system, woothee)
}

/// The category of the first sign in the text, in the order of [`SIGNS`].
fn first_sign(text: &str) -> Option<Category> {
    WORDS
        .signs
        .find_overlapping_iter(text)
        .filter(|found| starts_a_word(text, found.start(), found.end()))
        .map(|found| found.pattern().as_usize())
        .min()
        .map(|at| SIGNS[at].1)
}

/// The category of a device with Android.
fn of_android(text: &str, sign: Option<Category>) -> Category {
    if WORDS.televisions.is_match(text) {
        return Appliance;
    }
    if sign == Some(Tablet) || WORDS.tablets.is_match(text) {
        return Tablet;
    }

    // Chrome and Firefox send `Mobile` on phones only; texts of apps often have neither word.
    let browser =
        text.contains("AppleWebKit") || text.contains("applewebkit") || text.contains("Gecko/");
    let phone = !browser
        || text.contains("Mobile")
        || text.contains("mobile")
        || WORDS.phones.is_match(text);
    if phone { Smartphone } else { Tablet }
}

/// The category of the operating system, or the one of woothee for an unknown system.
fn of_system(system: Option<&str>, woothee: &str) -> Category {
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
        "AEO" => !(start > 0 && letter(start - 1)) && bytes.get(end) != Some(&b'N'),
        "ATV" | "STB" | "Maple" | "Wii" | "VIERA" | "Viera" | "bada" | "Alexa" | "BOOX"
        | "Roku" | "OS/2" => !(start > 0 && letter(start - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests;
