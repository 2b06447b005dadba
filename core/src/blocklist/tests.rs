use std::collections::BTreeMap;

use super::*;
use crate::settings::{Blocklist, Settings};

fn settings(lists: &[&str], disabled: &[&str], key: Option<(&str, &str)>) -> Blocklist {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let keys: BTreeMap<String, crate::settings::Secret> = key
        .into_iter()
        .map(|(id, key)| {
            let secret = serde_json::from_value(key.into()).expect("text");
            (id.to_owned(), secret)
        })
        .collect();
    Blocklist {
        lists: own(lists),
        disabled: own(disabled),
        keys,
    }
}

fn zones(settings: &Blocklist) -> Vec<String> {
    let (lists, _) = catalog::select(settings).expect("valid settings");
    lists.iter().map(|list| list.query_zone.clone()).collect()
}

#[test]
fn the_maintained_lists_cover_all_kinds_of_targets() {
    let lists = Blocklists::new(&Settings::default().blocklist, None).expect("valid");
    for (kind, least) in [
        (TargetKind::Ipv4, 15),
        (TargetKind::Ipv6, 3),
        (TargetKind::Domain, 3),
    ] {
        assert!(lists.for_kind(kind).count() >= least, "{kind:?}");
    }
    assert_eq!(lists.without_key(), ["Abusix combined", "Abusix domains"]);
}

#[test]
fn lists_are_chosen_by_name_or_zone() {
    assert_eq!(
        zones(&settings(
            &["spamhaus", "BL.example.org."],
            &["dbl.spamhaus.org"],
            None
        )),
        ["zen.spamhaus.org", "bl.example.org"]
    );
    assert!(
        !zones(&settings(&[], &["uceprotect"], None)).contains(&"dnsbl-1.uceprotect.net".into())
    );
}

#[test]
fn a_key_changes_the_queried_zone_and_is_never_shown() {
    let settings = settings(&["spamhaus"], &[], Some(("spamhaus", "abc123")));
    assert_eq!(
        zones(&settings),
        ["abc123.zen.dq.spamhaus.net", "abc123.dbl.dq.spamhaus.net"]
    );
    let (lists, _) = catalog::select(&settings).expect("valid");
    assert!(lists.iter().all(|list| !list.zone.contains("abc123")));
}

#[test]
fn invalid_settings_are_named() {
    for (settings, fault) in [
        (
            settings(&["nonsense"], &[], None),
            "blocklist.lists: expected a list",
        ),
        (
            settings(&[], &["nonsense"], None),
            "blocklist.disabled: no list is called `nonsense`",
        ),
        (
            settings(&[], &[], Some(("psbl", "a"))),
            "blocklist.keys: no list `psbl` takes a key",
        ),
        (
            settings(&[], &[], Some(("spamhaus", "a.b"))),
            "blocklist.keys.spamhaus: expected letters",
        ),
    ] {
        let faults = check_settings(&settings);
        assert!(
            matches!(&faults[..], [only] if only.starts_with(fault)),
            "{fault}: {faults:?}"
        );
    }
}

#[test]
fn queries_of_a_day_are_limited() {
    let usage = Usage::default();
    assert!(usage.count_on(1, "a.test", 2, 3));
    assert!(!usage.count_on(1, "a.test", 2, 3), "it would be four");
    assert!(usage.count_on(1, "a.test", 1, 3));
    assert!(usage.count_on(1, "b.test", 3, 3), "each list has its own");
    assert!(usage.count_on(2, "a.test", 3, 3), "the next day");
}
