//! Continents by country: the code of each continent, and which countries (ISO 3166-1) belong to it.
//!
//! Follows the regions of the UN (M.49), with America divided at Panama's southern border, as MaxMind's databases do.

/// A continent: its code, its name, and the codes of its countries.
type Continent = (&'static str, &'static str, &'static str);

const CONTINENTS: [Continent; 7] = [
    (
        "AF",
        "Africa",
        "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW IO KE KM LR LS LY MA MG ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TF TG TN TZ UG YT ZA ZM ZW",
    ),
    ("AN", "Antarctica", "AQ BV GS HM"),
    (
        "AS",
        "Asia",
        "AE AF AM AZ BD BH BN BT CC CN CX CY GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE",
    ),
    (
        "EU",
        "Europe",
        "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
    ),
    (
        "NA",
        "North America",
        "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC TT US VC VG VI",
    ),
    (
        "OC",
        "Oceania",
        "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS",
    ),
    (
        "SA",
        "South America",
        "AR BO BR CL CO EC FK GF GY PE PY SR UY VE",
    ),
];

/// Returns the code of the continent of a country, such as `EU` for `DE`.
pub fn of_country(code: &str) -> Option<&'static str> {
    let code = code.to_ascii_uppercase();
    CONTINENTS
        .iter()
        .find(|(.., countries)| countries.split(' ').any(|country| country == code))
        .map(|(continent, ..)| *continent)
}

/// Returns the code and the name of all continents.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    CONTINENTS.iter().map(|(code, name, _)| (*code, *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_on_one_continent() {
        let table = include_str!("../../../config/data/countries.txt");
        let mut countries: Vec<&str> = table.lines().filter_map(|line| line.get(..2)).collect();
        let mut listed: Vec<&str> = CONTINENTS
            .iter()
            .flat_map(|(.., countries)| countries.split(' '))
            .collect();
        countries.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, countries);
    }

    #[test]
    fn a_country_has_its_continent() {
        for (country, continent) in [
            ("de", Some("EU")),
            ("US", Some("NA")),
            ("BR", Some("SA")),
            ("SG", Some("AS")),
            ("NZ", Some("OC")),
            ("XX", None),
            ("", None),
        ] {
            assert_eq!(of_country(country), continent, "{country}");
        }
    }
}
