use super::*;
use crate::commands::testing::{field, head, shown};

fn data() -> Data {
    Data {
        version: "1.2.3",
        uptime_seconds: 7200,
        adapters: vec![
            Adapter {
                name: "http",
                health: "up".into(),
            },
            Adapter {
                name: "telegram",
                health: "down: timeout".into(),
            },
        ],
        resolvers: vec!["192.0.2.53".into(), "tls://192.0.2.54".into()],
        rdap: true,
        data: DataAge {
            geo: vec![Database {
                name: "Cities".into(),
                built: Some("2026-01-02T03:04:05Z".into()),
                age_days: Some(1),
            }],
            rdap_bootstrap: Some("2026-02-03T00:00:00Z".into()),
        },
        limits: Limits {
            light: 64,
            heavy: 8,
            cache_entries: 1000,
            cache_seconds: 900,
        },
        yours: vec![Standing {
            of: Payer::You,
            left: 40,
            per_minute: 60,
        }],
        commands: 30,
    }
}

#[test]
fn everything_is_shown() {
    insta::assert_snapshot!(shown(&data().present()), @r#"
    # Netvane
    ✓ Version 1.2.3, up for 2 h
    Adapters: http up, telegram down: timeout
    Commands: 30
    Resolvers: 192.0.2.53, tls://192.0.2.54 (exact)
    RDAP: on, bootstrap of 2026-02-03
    Geo database: Cities of 2026-01-02, 1 day old (exact)
    At once: 64 light, 8 heavy lookups
    Cache: 1000 answers, 15 min at most
    You: 40 of 60 units left; they come back within a minute
    Geo data by: Country: IPFire Location (CC BY-SA 4.0). AS: RouteViews, NRO, DB-IP.com (CC BY 4.0). (aside)
    "#);
}

#[test]
fn a_bare_installation_says_what_it_lacks() {
    let bare = Data {
        adapters: vec![],
        resolvers: vec![],
        rdap: false,
        data: DataAge {
            geo: vec![],
            rdap_bootstrap: None,
        },
        yours: vec![],
        ..data()
    };
    let document = bare.present();
    assert_eq!(field(&document, "Adapters"), None);
    assert_eq!(field(&document, "Resolvers"), Some("none"));
    assert_eq!(field(&document, "RDAP"), Some("off"));
    assert_eq!(field(&document, "Geo database"), None);
    assert_eq!(
        head(&document),
        ("Version 1.2.3, up for 2 h", Severity::Good)
    );
}

#[test]
fn rdap_without_a_bootstrap_cannot_be_read() {
    let mut data = data();
    data.data.rdap_bootstrap = None;
    assert_eq!(
        field(&data.present(), "RDAP"),
        Some("on, but its bootstrap cannot be read")
    );
    data.data.rdap_bootstrap = Some("2026".into());
    assert_eq!(
        field(&data.present(), "RDAP"),
        Some("on, bootstrap of 2026")
    );
}

#[test]
fn budgets_are_named_by_whose_they_are() {
    let mut data = data();
    for (of, whose) in [
        (Payer::You, "You"),
        (Payer::Conversation, "This conversation"),
        (Payer::ApiKey, "Your API key"),
        (Payer::Address, "Your address"),
    ] {
        data.yours = vec![Standing {
            of,
            left: 0,
            per_minute: 30,
        }];
        assert_eq!(
            field(&data.present(), whose),
            Some("0 of 30 units left; they come back within a minute")
        );
    }
}

#[test]
fn databases_are_as_old_as_they_say() {
    for (built, age_days, told) in [
        (
            Some("2026-01-02T03:04:05Z"),
            Some(1),
            "Cities of 2026-01-02, 1 day old",
        ),
        (
            Some("2026-01-02T03:04:05Z"),
            Some(0),
            "Cities of 2026-01-02, 0 days old",
        ),
        (
            Some("2027-01-02T03:04:05Z"),
            Some(-3),
            "Cities of 2027-01-02, 0 days old",
        ),
        (Some("soon"), None, "Cities of soon"),
        (None, None, "Cities of unknown date"),
    ] {
        let mut data = data();
        data.data.geo[0].built = built.map(str::to_owned);
        data.data.geo[0].age_days = age_days;
        assert_eq!(field(&data.present(), "Geo database"), Some(told));
    }
}

#[test]
fn the_age_of_a_database_is_counted_in_days() {
    let of = |built: Option<String>| {
        Database::from(&DatabaseInfo {
            name: "Cities".into(),
            built,
        })
        .age_days
    };
    let before = |hours: i64| jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours);
    assert_eq!(of(None), None);
    assert_eq!(of(Some("yesterday".into())), None);
    assert_eq!(of(Some(before(49).to_string())), Some(2));
    assert_eq!(of(Some(before(1).to_string())), Some(0));
}

#[test]
fn spans_are_told_roughly() {
    for (seconds, told) in [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172_799, "47 h"),
        (172_800, "2 days"),
        (u64::MAX, "213503982334601 days"),
    ] {
        assert_eq!(span(seconds), told);
    }
}
