use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::*;

fn agent(name: &str, city: &str, country: &str, asn: u32, busy: u32) -> Arc<Agent> {
    Arc::new(Agent {
        name: name.into(),
        version: "0.2.0".into(),
        city: city.into(),
        country: country.into(),
        location: None,
        asn: (asn > 0).then_some(asn),
        organization: String::new(),
        tags: vec!["home".into()],
        ip_versions: vec![4],
        commands: BTreeMap::new(),
        busy,
        most: 32,
        heard: Some(Instant::now()),
    })
}

fn agents() -> Vec<Arc<Agent>> {
    let mut away = Agent::clone(&agent("akl1", "Auckland", "NZ", 0, 0));
    away.heard = Instant::now().checked_sub(Duration::from_secs(60));
    vec![
        Arc::new(away),
        agent("fra1", "Frankfurt am Main", "DE", 3320, 3),
        agent("fra2", "Frankfurt am Main", "DE", 24940, 1),
        agent("ber1", "Berlin", "DE", 3320, 0),
        agent("gru1", "São Paulo", "BR", 28573, 0),
        agent("nyc1", "New York", "US", 14061, 0),
        agent("sin1", "Singapore", "SG", 0, 0),
    ]
}

fn chosen(from: &str, limit: usize) -> Result<String, NoChoice> {
    let selection = Selection::parse(from).expect("parses");
    let choice = selection.choose(&agents(), limit)?;
    let names: Vec<String> = choice
        .places
        .iter()
        .map(|place| {
            let names: Vec<&str> = place
                .candidates
                .iter()
                .map(|agent| agent.name.as_str())
                .collect();
            if names.is_empty() {
                LOCAL.into()
            } else {
                names.join("|")
            }
        })
        .collect();
    Ok(match choice.left_out {
        0 => names.join(" "),
        more => format!("{} and {more} more", names.join(" ")),
    })
}

#[test]
fn a_term_means_the_least_loaded_agent_that_fits() {
    for (from, expected) in [
        ("fra1", "fra1"),
        ("FRA1", "fra1"),
        ("frankfurt-am-main", "fra2|fra1"),
        ("de", "ber1"),
        ("Germany", "ber1"),
        ("AS3320", "ber1"),
        ("as3320+frankfurt am main", "fra1"),
        ("sao paulo", "gru1"),
        ("são-paulo", "gru1"),
        ("south america", "gru1"),
        ("us", "nyc1"),
        ("usa", "nyc1"),
        ("nyc1,local,gru1", "nyc1 local gru1"),
        ("nyc1,us,nyc1", "nyc1"),
        ("home+sg", "sin1"),
    ] {
        assert_eq!(chosen(from, 20).as_deref(), Ok(expected), "{from}");
    }
}

#[test]
fn all_and_world_are_spread_over_the_continents() {
    assert_eq!(
        chosen("all", 20).as_deref(),
        Ok("local ber1 gru1 nyc1 sin1 fra2 fra1")
    );
    assert_eq!(
        chosen("all", 4).as_deref(),
        Ok("local ber1 gru1 nyc1 and 3 more")
    );
    assert_eq!(
        chosen("world", 20).as_deref(),
        Ok("ber1 gru1 nyc1 sin1 fra2")
    );
}

#[test]
fn an_unknown_place_is_told_from_one_that_is_away() {
    let unknown = |term: &str, near: Option<&str>| {
        Err(NoChoice::Unknown(term.into(), near.map(str::to_owned)))
    };
    assert_eq!(chosen("fra3", 20), unknown("fra3", Some("fra1")));
    assert_eq!(chosen("fra1,berlni", 20), unknown("berlni", Some("berlin")));
    assert_eq!(
        chosen("de+AS3321", 20),
        unknown("de+AS3321", Some("de+AS3320"))
    );
    assert_eq!(chosen("atlantis", 20), unknown("atlantis", None));
    assert_eq!(chosen("de+gru1", 20), unknown("de+gru1", None));
    assert_eq!(chosen("akl1", 20), Err(NoChoice::Away("akl1".into())));
    assert_eq!(chosen("nz", 20), Err(NoChoice::Away("nz".into())));
}

#[test]
fn the_value_has_one_spelling() {
    for (written, text) in [
        (" FRA1 , nyc1,fra1", "fra1,nyc1"),
        ("as3320+De", "AS3320+de"),
        ("World", "world"),
        ("ALL,local", "all,local"),
    ] {
        let selection = Selection::parse(written).map(|selection| selection.text());
        assert_eq!(selection.as_deref(), Ok(text), "{written}");
    }
}

#[test]
fn a_value_that_names_nothing_is_an_error() {
    for (written, message) in [
        ("", "expected vantage points"),
        ("fra1,", "a vantage point is missing"),
        ("+de", "a vantage point is missing"),
        ("*", "`*` is no vantage point"),
        ("local+de", "cannot be combined"),
        (&"x".repeat(513), "at most 512 bytes"),
    ] {
        let error = Selection::parse(written).expect_err("an error");
        assert!(error.message.contains(message), "{}", error.message);
    }
}
