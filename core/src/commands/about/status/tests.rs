use super::*;
use crate::commands::testing::{field, head, shown};
use crate::testing::read_back::ReadBack;

fn data() -> Data {
    Data {
        version: "1.2.3".into(),
        uptime_seconds: 7200,
        adapters: vec![
            Adapter {
                name: "http".into(),
                health: "up".into(),
            },
            Adapter {
                name: "telegram".into(),
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
        yours: vec![Remaining {
            of: Payer::You,
            left: 40,
            per_minute: 60,
        }],
        commands: 30,
        state: Some(vec![BucketUsage {
            bucket: "buttons".into(),
            entries: 3,
            bytes: 2049,
        }]),
    }
}

#[test]
fn shows_everything() {
    insta::assert_snapshot!(shown(&data().present_checked()), @r"
    # Netvane
    ✓ Version 1.2.3, up for 2 h
    Adapters: http up, telegram down: timeout
    Commands: 30
    Resolvers: 192.0.2.53, tls://192.0.2.54 (exact)
    RDAP: on, bootstrap of 2026-02-03
    Geo database: Cities of 2026-01-02, 1 day old (exact)
    Concurrency: 64 light, 8 heavy
    Cache: up to 1000 answers, for at most 15 min
    State: 3 buttons (3 KiB)
    You: 40 of 60 units left (refills every minute)
    Geo data: Country: IPFire Location (CC BY-SA 4.0). AS: RouteViews, NRO, DB-IP.com (CC BY 4.0). (aside)
    ");
}

#[test]
fn shows_missing_services_of_a_bare_installation() {
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
    let document = bare.present_checked();
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
fn reports_a_missing_rdap_bootstrap() {
    let mut data = data();
    data.data.rdap_bootstrap = None;
    assert_eq!(
        field(&data.present_checked(), "RDAP"),
        Some("on, but the bootstrap file cannot be read")
    );
    data.data.rdap_bootstrap = Some("2026".into());
    assert_eq!(
        field(&data.present_checked(), "RDAP"),
        Some("on, bootstrap of 2026")
    );
}

#[test]
fn names_budgets_by_owner() {
    let mut data = data();
    for (of, name) in [
        (Payer::You, "You"),
        (Payer::Conversation, "This conversation"),
        (Payer::ApiKey, "Your API key"),
        (Payer::Address, "Your address"),
    ] {
        data.yours = vec![Remaining {
            of,
            left: 0,
            per_minute: 30,
        }];
        assert_eq!(
            field(&data.present_checked(), name),
            Some("0 of 30 units left (refills every minute)")
        );
    }
}

#[test]
fn shows_the_age_of_databases() {
    for (built, age_days, expected) in [
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
        assert_eq!(
            field(&data.present_checked(), "Geo database"),
            Some(expected)
        );
    }
}

#[test]
fn counts_the_age_of_a_database_in_days() {
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
