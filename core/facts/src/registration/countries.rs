//! Countries as registries name them, turned into ISO 3166-1 alpha-2 codes.

/// Assigned codes, and `EU`, which the regional registries use for blocks of several countries.
const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
    BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET EU FI \
    FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR \
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM \
    MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT \
    PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM \
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Names in lower case without punctuation; several for one country where registries differ.
#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("afghanistan", "AF"), ("albania", "AL"), ("algeria", "DZ"), ("andorra", "AD"), ("angola", "AO"),
    ("argentina", "AR"), ("armenia", "AM"), ("aruba", "AW"), ("australia", "AU"), ("austria", "AT"),
    ("osterreich", "AT"), ("österreich", "AT"), ("azerbaijan", "AZ"), ("bahamas", "BS"), ("bahrain", "BH"),
    ("bangladesh", "BD"), ("barbados", "BB"), ("belarus", "BY"), ("belgium", "BE"), ("belize", "BZ"), ("benin", "BJ"),
    ("bermuda", "BM"), ("bolivia", "BO"), ("bosnia and herzegovina", "BA"), ("botswana", "BW"), ("brazil", "BR"),
    ("brasil", "BR"), ("brunei darussalam", "BN"), ("brunei", "BN"), ("bulgaria", "BG"), ("burkina faso", "BF"),
    ("cambodia", "KH"), ("cameroon", "CM"), ("canada", "CA"), ("cayman islands", "KY"), ("chile", "CL"),
    ("china", "CN"), ("peoples republic of china", "CN"), ("colombia", "CO"), ("costa rica", "CR"),
    ("cote divoire", "CI"), ("croatia", "HR"), ("cuba", "CU"), ("cyprus", "CY"), ("czech republic", "CZ"),
    ("czechia", "CZ"), ("denmark", "DK"), ("danmark", "DK"), ("dominican republic", "DO"), ("ecuador", "EC"),
    ("egypt", "EG"), ("el salvador", "SV"), ("estonia", "EE"), ("ethiopia", "ET"), ("faroe islands", "FO"),
    ("finland", "FI"), ("france", "FR"), ("georgia", "GE"), ("germany", "DE"), ("deutschland", "DE"),
    ("tyskland", "DE"), ("ghana", "GH"), ("gibraltar", "GI"), ("great britain", "GB"), ("england", "GB"),
    ("greece", "GR"), ("greenland", "GL"), ("guatemala", "GT"), ("guernsey", "GG"), ("haiti", "HT"),
    ("honduras", "HN"), ("hong kong", "HK"), ("hungary", "HU"), ("iceland", "IS"), ("india", "IN"),
    ("indonesia", "ID"), ("iran", "IR"), ("iran islamic republic of", "IR"), ("iraq", "IQ"), ("ireland", "IE"),
    ("isle of man", "IM"), ("israel", "IL"), ("italy", "IT"), ("italia", "IT"), ("jamaica", "JM"), ("japan", "JP"),
    ("jersey", "JE"), ("jordan", "JO"), ("kazakhstan", "KZ"), ("kenya", "KE"), ("korea republic of", "KR"),
    ("republic of korea", "KR"), ("south korea", "KR"), ("kuwait", "KW"), ("kyrgyzstan", "KG"), ("latvia", "LV"),
    ("lebanon", "LB"), ("libya", "LY"), ("liechtenstein", "LI"), ("lithuania", "LT"), ("luxembourg", "LU"),
    ("macao", "MO"), ("macau", "MO"), ("macedonia", "MK"), ("north macedonia", "MK"), ("madagascar", "MG"),
    ("malaysia", "MY"), ("malta", "MT"), ("mauritius", "MU"), ("mexico", "MX"), ("méxico", "MX"), ("moldova", "MD"),
    ("moldova republic of", "MD"), ("monaco", "MC"), ("mongolia", "MN"), ("montenegro", "ME"), ("morocco", "MA"),
    ("mozambique", "MZ"), ("myanmar", "MM"), ("namibia", "NA"), ("nepal", "NP"), ("netherlands", "NL"),
    ("the netherlands", "NL"), ("nederland", "NL"), ("new zealand", "NZ"), ("nicaragua", "NI"), ("nigeria", "NG"),
    ("norway", "NO"), ("norge", "NO"), ("oman", "OM"), ("pakistan", "PK"), ("panama", "PA"), ("paraguay", "PY"),
    ("peru", "PE"), ("philippines", "PH"), ("poland", "PL"), ("polska", "PL"), ("portugal", "PT"),
    ("puerto rico", "PR"), ("qatar", "QA"), ("romania", "RO"), ("russia", "RU"), ("russian federation", "RU"),
    ("rwanda", "RW"), ("san marino", "SM"), ("saudi arabia", "SA"), ("senegal", "SN"), ("serbia", "RS"),
    ("seychelles", "SC"), ("singapore", "SG"), ("slovakia", "SK"), ("slovenia", "SI"), ("south africa", "ZA"),
    ("spain", "ES"), ("españa", "ES"), ("sri lanka", "LK"), ("sudan", "SD"), ("sweden", "SE"), ("sverige", "SE"),
    ("switzerland", "CH"), ("schweiz", "CH"), ("syria", "SY"), ("taiwan", "TW"), ("taiwan province of china", "TW"),
    ("tajikistan", "TJ"), ("tanzania", "TZ"), ("tanzania united republic of", "TZ"), ("thailand", "TH"),
    ("togo", "TG"), ("trinidad and tobago", "TT"), ("tunisia", "TN"), ("turkey", "TR"), ("türkiye", "TR"),
    ("turkiye", "TR"), ("turkmenistan", "TM"), ("uganda", "UG"), ("ukraine", "UA"), ("united arab emirates", "AE"),
    ("uae", "AE"), ("united kingdom", "GB"), ("uk", "GB"), ("united states", "US"),
    ("united states of america", "US"), ("united states of america the", "US"), ("usa", "US"), ("uruguay", "UY"),
    ("uzbekistan", "UZ"), ("vatican city state", "VA"), ("venezuela", "VE"), ("viet nam", "VN"), ("vietnam", "VN"),
    ("yemen", "YE"), ("zambia", "ZM"), ("zimbabwe", "ZW"),
];

/// The code of a country given as a code or as a well-known name.
pub(super) fn code(value: &str) -> Option<String> {
    let value = value.trim();

    if value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphabetic()) {
        let upper = value.to_ascii_uppercase();
        let upper = if upper == "UK" {
            "GB".to_owned()
        } else {
            upper
        };
        return CODES
            .split(' ')
            .any(|known| known == upper)
            .then_some(upper);
    }

    if value.len() > 60 {
        return None;
    }

    // `US (United States)`, `United States (US)`, `US - United States`
    if let Some((before, inside)) = value.split_once(['(', '-']) {
        return [before, inside.trim_end_matches(')')]
            .into_iter()
            .find_map(|part| match part.trim() {
                part if part.len() == 2 || part.len() > 3 => code(part),
                _ => None,
            });
    }

    let plain: String = value
        .chars()
        .filter(|c| c.is_alphabetic() || *c == ' ')
        .collect();
    let plain = plain
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase();

    NAMES
        .iter()
        .find(|(name, _)| *name == plain)
        .map(|(_, code)| (*code).to_owned())
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn codes_and_names() {
        for (text, expected) in [
            ("US", Some("US")),
            ("de", Some("DE")),
            ("UK", Some("GB")),
            ("United States of America", Some("US")),
            ("U.S.A.", Some("US")),
            ("IT (Italy)", Some("IT")),
            ("ZZ", None),
            ("XX", None),
            ("", None),
            ("REDACTED FOR PRIVACY", None),
            ("--", None),
            ("California", None),
        ] {
            assert_eq!(code(text).as_deref(), expected, "{text}");
        }
        assert!(
            super::NAMES
                .iter()
                .all(|(_, code)| super::CODES.split(' ').any(|known| known == *code))
        );
    }
}
