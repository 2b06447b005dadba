//! Brand and model of a device: the rules of uap-core, or else the brand by the prefix of the model.

use std::borrow::Cow;

use super::{Device, rules::RuleMatch};

/// Prefixes of Android models and their brands. Case-sensitive; the first match wins.
#[rustfmt::skip]
static MODELS: &[(&str, &str)] = &[
    ("SM-", "Samsung"), ("GT-", "Samsung"), ("SC-", "Samsung"), ("SCH-", "Samsung"), ("SGH-", "Samsung"), ("Galaxy", "Samsung"), ("SAMSUNG", "Samsung"),
    ("Pixel", "Google"), ("Nexus", "Google"), ("CPH", "Oppo"), ("OPPO", "Oppo"), ("PH", "Oppo"), ("OPD", "Oppo"), ("RMX", "Realme"), ("RMP", "Realme"), ("realme", "Realme"),
    ("vivo", "Vivo"), ("iQOO", "Vivo"), ("V1", "Vivo"), ("V2", "Vivo"), ("Redmi", "Xiaomi"), ("POCO", "Xiaomi"), ("Mi ", "Xiaomi"), ("MI ", "Xiaomi"), ("M2", "Xiaomi"), ("HM ", "Xiaomi"), ("Xiaomi", "Xiaomi"),
    ("21", "Xiaomi"), ("22", "Xiaomi"), ("23", "Xiaomi"), ("24", "Xiaomi"), ("25", "Xiaomi"), ("ONEPLUS", "OnePlus"), ("OnePlus", "OnePlus"), ("KB20", "OnePlus"), ("LE21", "OnePlus"), ("NE22", "OnePlus"), ("IN20", "OnePlus"), ("HD19", "OnePlus"), ("GM19", "OnePlus"), ("DN21", "OnePlus"), ("EB21", "OnePlus"),
    ("HUAWEI", "Huawei"), ("Huawei", "Huawei"), ("MediaPad", "Huawei"), ("ANE-", "Huawei"), ("ELE-", "Huawei"), ("VOG-", "Huawei"), ("LYA-", "Huawei"), ("MAR-", "Huawei"), ("POT-", "Huawei"), ("JNY-", "Huawei"), ("STK-", "Huawei"), ("CLT-", "Huawei"), ("EML-", "Huawei"), ("INE-", "Huawei"), ("PAR-", "Huawei"), ("FIG-", "Huawei"), ("AMN-", "Huawei"), ("MED-", "Huawei"), ("DUB-", "Huawei"), ("AGS", "Huawei"), ("BAH", "Huawei"),
    ("HONOR", "Honor"), ("Honor", "Honor"), ("ANY-", "Honor"), ("CRT-", "Honor"), ("TECNO", "Tecno Mobile"), ("Infinix", "Infinix"), ("itel", "Itel"), ("moto", "Motorola"), ("Moto", "Motorola"), ("motorola", "Motorola"), ("XT", "Motorola"), ("MOT-", "Motorola"),
    ("LM-", "LG"), ("LG-", "LG"), ("LG ", "LG"), ("VS9", "LG"), ("Nokia", "Nokia"), ("TA-1", "Nokia"), ("ASUS", "Asus"), ("ZTE", "ZTE"), ("Blade", "ZTE"), ("Lenovo", "Lenovo"), ("TB-", "Lenovo"), ("TB3", "Lenovo"), ("XQ-", "Sony"), ("SO-", "Sony"), ("SOV", "Sony"), ("Xperia", "Sony"),
    ("HTC", "HTC"), ("TCL", "TCL"), ("T671", "TCL"), ("Alcatel", "Alcatel"), ("alcatel", "Alcatel"), ("5033", "Alcatel"), ("BLU", "BLU"), ("Wiko", "Wiko"), ("W-K", "Wiko"), ("W_", "Wiko"), ("SH-", "Sharp"), ("SHG", "Sharp"), ("SHV", "Sharp"), ("F-", "Fujitsu"), ("KYV", "Kyocera"), ("KF", "Amazon"), ("AFT", "Amazon"), ("Nothing", "Nothing"), ("A063", "Nothing"), ("A065", "Nothing"), ("FP4", "Fairphone"), ("FP5", "Fairphone"), ("Fairphone", "Fairphone"),
    ("CUBOT", "Cubot"), ("DOOGEE", "Doogee"), ("OUKITEL", "Oukitel"), ("Ulefone", "Ulefone"), ("UMIDIGI", "Umidigi"), ("Blackview", "Blackview"), ("MEIZU", "Meizu"), ("Meizu", "Meizu"), ("NX", "Nubia"), ("Lava", "Lava"), ("LAVA", "Lava"), ("Micromax", "Micromax"), ("Symphony", "Symphony"), ("WALTON", "Walton"), ("Hisense", "Hisense"), ("GIONEE", "Gionee"), ("LEAGOO", "Leagoo"), ("Archos", "Archos"), ("BRAVIA", "Sony"), ("MiTV", "Xiaomi"), ("MIBOX", "Xiaomi"), ("Chromecast", "Google"), ("SHIELD", "Nvidia"),
    ("Condor", "Condor"), ("General Mobile", "General Mobile"), ("Vestel", "Vestel"), ("Casper", "Casper"), ("QMobile", "QMobile"), ("Tecno", "Tecno Mobile"), ("Prestigio", "Prestigio"), ("teXet", "teXet"), ("DEXP", "DEXP"), ("BQ-", "BQ"), ("Multilaser", "Multilaser"), ("Positivo", "Positivo"), ("Coolpad", "Coolpad"), ("Sony", "Sony"), ("ThL", "THL"), ("Acer", "Acer"), ("Philips", "Philips"), ("Sharp", "Sharp"), ("Panasonic", "Panasonic"), ("KAZAM", "Kazam"), ("Kazam", "Kazam"), ("myPhone", "myPhone"), ("Allview", "Allview"), ("Evertek", "Evertek"), ("Irbis", "Irbis"), ("Digma", "Digma"), ("Advan", "Advan"), ("Evercoss", "Evercoss"), ("Cherry", "Cherry Mobile"), ("Starmobile", "Starmobile"), ("CAT", "CAT"), ("Yota", "Yota"), ("Razer", "Razer"), ("Essential", "Essential"), ("Teclast", "Teclast"), ("Chuwi", "Chuwi"), ("ALLDOCUBE", "Alldocube"), ("iPlay", "Alldocube"),
];

/// Brands by a word anywhere in the text, for TVs and other devices without an Android model.
#[rustfmt::skip]
static WORDS: &[(&str, &str)] = &[
    ("PlayStation", "Sony"), ("PLAYSTATION", "Sony"), ("BRAVIA", "Sony"), ("SonyDTV", "Sony"), ("Xbox", "Microsoft"), ("Nintendo", "Nintendo"), ("AppleTV", "Apple"), ("Apple TV", "Apple"), ("Roku", "Roku"), ("CrKey", "Google"),
    ("LG Browser", "LG"), ("LGE;", "LG"), ("LG NetCast", "LG"), ("Web0S", "LG"), ("LGSTB", "LG"), ("Maple", "Samsung"), ("SMART-TV; Linux; Tizen", "Samsung"), ("Tizen 2", "Samsung"), ("Tizen", "Samsung"), ("; Samsung;", "Samsung"), ("Viera", "Panasonic"), ("VIERA", "Panasonic"), ("Panasonic", "Panasonic"), ("Philips", "Philips"), ("PHILIPS", "Philips"), ("Hisense", "Hisense"), ("HISENSE", "Hisense"), ("VIDAA", "Hisense"), ("TOSHIBA", "Toshiba"), ("Toshiba", "Toshiba"), ("SHARP", "Sharp"), ("Sharp", "Sharp"), ("Vestel", "Vestel"), ("Grundig", "Grundig"), ("Loewe", "Loewe"), ("TCL", "TCL"), ("Kobo", "Kobo"), ("PocketBook", "PocketBook"), ("Kindle", "Amazon"), ("Tesla/", "Tesla"), ("Quest", "Meta"), ("OculusBrowser", "Meta"), ("Sonos", "Sonos"), ("Skyworth", "Skyworth"), ("SKYWORTH", "Skyworth"), ("Medion", "Medion"), ("JVC", "JVC"), ("Changhong", "Changhong"), ("Haier", "Haier"), ("Humax", "Humax"), ("TechniSat", "TechniSat"), ("Telefunken", "Telefunken"), ("Metz", "Metz"), ("Sagemcom", "Sagemcom"), ("iPhone", "Apple"), ("iPad", "Apple"), ("iPod", "Apple"), ("Macintosh", "Apple"),
];

/// Whether a value of uap-core is only a placeholder for an unknown brand or model.
fn is_placeholder(value: &str) -> bool {
    value.starts_with("Generic")
        || matches!(
            value,
            "Spider"
                | "Smartphone"
                | "Feature Phone"
                | "Tablet"
                | "Desktop"
                | "Other"
                | "K"
                | "Browser"
        )
}

/// The device of a client that is not a bot. `carrier_model` is the model of a phone of a Japanese carrier.
pub(super) fn of(text: &str, found: Option<&RuleMatch>, carrier_model: Option<&str>) -> Device {
    let brand = found.and_then(brand).map(Cow::into_owned);
    let model = found
        .and_then(|found| found.field(2, 1))
        .filter(|model| !is_placeholder(model))
        .map(|model| model.into_owned())
        .or_else(|| android_model(text).or(carrier_model).map(str::to_owned));
    let brand = brand.or_else(|| maker(text, model.as_deref()).map(str::to_owned));
    Device { brand, model }
}

/// The brand that uap-core finds, `None` for a placeholder.
pub(super) fn brand<'a>(found: &RuleMatch<'a>) -> Option<Cow<'a, str>> {
    found.field(1, 0).filter(|value| !is_placeholder(value))
}

fn maker(text: &str, model: Option<&str>) -> Option<&'static str> {
    let by_model = |model: &str| {
        MODELS
            .iter()
            .find(|(start, _)| model.starts_with(start))
            .map(|(_, maker)| *maker)
    };
    let android = || {
        text.contains("Android")
            .then_some(model)
            .flatten()
            .and_then(by_model)
    };
    android().or_else(|| {
        WORDS
            .iter()
            .find(|(word, _)| text.contains(word))
            .map(|(_, maker)| *maker)
    })
}

/// The model in an Android text: `SM-A1` in `(Linux; Android 13; SM-A1 Build/…)`. The reduced User-Agent of Chrome has
/// `K` instead, which is no model.
fn android_model(text: &str) -> Option<&str> {
    let rest = &text[text.find("Android ")?..];
    let rest = &rest[rest.find("; ")? + 2..];
    let end = rest.find([';', ')']).unwrap_or(rest.len());
    let model = rest[..end].split(" Build").next()?.trim();
    let language = is_language(model);
    let plausible = model.len() > 1
        && model.len() < 40
        && !language
        && !["Mobile", "Tablet", "wv", "U", "TV"].contains(&model);
    (plausible && !model.starts_with("rv:")).then_some(model)
}

/// Whether the text is a language such as `de-de` or `en-US`, which old Android versions put before the model.
fn is_language(text: &str) -> bool {
    matches!(text.as_bytes(), &[a, b, b'-', c, d]
        if [a, b].iter().all(u8::is_ascii_lowercase) && [c, d].iter().all(u8::is_ascii_alphabetic))
}

#[cfg(test)]
mod tests;
