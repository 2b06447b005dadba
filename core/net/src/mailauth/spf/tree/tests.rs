use super::*;
use crate::mailauth::testing::{Zone, ZoneEntry, ZoneServer, text_zone};

async fn tree(zone: Zone) -> SpfTree {
    let server = ZoneServer::start(zone).await;
    lookup_tree(&server.client, "example.test").await
}

fn counts(tree: &SpfTree) -> (usize, usize) {
    (tree.lookups, tree.void_lookups)
}

#[tokio::test]
async fn each_term_has_the_lookups_of_the_records_that_it_includes() {
    let mut zone = text_zone(&[
        (
            "example.test",
            "v=spf1 a include:one.test include:one.test exists:%{i}.x.test ptr -all mx",
        ),
        ("one.test", "v=spf1 mx:one.test redirect=%{d2}.two.test"),
        (
            "one.test.two.test",
            "v=spf1 a:none.test ip4:192.0.2.0/24 ?all",
        ),
    ]);
    let address = |last| ZoneEntry::Address(IpAddr::from([192, 0, 2, last]));
    zone.get_mut("example.test")
        .expect("it exists")
        .push(address(1));
    zone.get_mut("one.test")
        .expect("it exists")
        .push(ZoneEntry::MailServer(10, "mx.test".into()));
    zone.insert("mx.test".into(), vec![address(2)]);

    let tree = tree(zone).await;

    assert_eq!(counts(&tree), (11, 2));
    let lookups: Vec<(&str, &str, usize)> = tree
        .terms
        .iter()
        .map(|term| (&*term.text, &*term.target, term.lookups))
        .collect();
    assert_eq!(
        lookups,
        [
            ("a", "example.test", 1),
            ("include:one.test", "one.test", 4),
            ("include:one.test", "one.test", 4),
            ("exists:%{i}.x.test", "%{i}.x.test", 1),
            ("ptr", "example.test", 1),
        ]
    );
    let networks: Vec<String> = tree.networks.iter().map(ToString::to_string).collect();
    let included = ["192.0.2.2/32", "192.0.2.0/24"];
    assert_eq!(
        networks,
        [&["192.0.2.1/32"], &included[..], &included].concat()
    );
}

#[tokio::test]
async fn a_loop_counts_up_to_the_bound() {
    for records in [
        &[("example.test", "v=spf1 include:example.test -all")][..],
        &[
            ("example.test", "v=spf1 include:b.test -all"),
            ("b.test", "v=spf1 a redirect=EXAMPLE.test"),
        ],
    ] {
        let tree = tree(text_zone(records)).await;
        assert_eq!(tree.lookups, MAX_COUNTED, "{records:?}");
        let loops = tree
            .all_terms("example.test")
            .into_iter()
            .filter(|(_, term)| matches!(term.outcome, TermOutcome::Loop));
        assert_eq!(loops.count(), 1, "{records:?}");
    }
}

#[tokio::test]
async fn huge_records_are_counted_up_to_the_bound() {
    let many: String = (0..200).map(|i| format!(" a:n{i}.test")).collect();
    let nested = "include:b.test ".repeat(50);
    for (records, counted) in [
        (
            vec![("example.test", format!("v=spf1{many} -all"))],
            MAX_COUNTED,
        ),
        (
            vec![
                ("example.test", format!("v=spf1 {nested}-all")),
                (
                    "b.test",
                    format!("v=spf1 {nested}a -all").replace("b.test", "c.test"),
                ),
                ("c.test", "v=spf1 mx -all".into()),
            ],
            MAX_COUNTED,
        ),
    ] {
        let records: Vec<(&str, &str)> = records
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        let server = ZoneServer::start(text_zone(&records)).await;
        let tree = lookup_tree(&server.client, "example.test").await;
        assert_eq!(tree.lookups, counted);
    }
}

#[tokio::test]
async fn missing_several_and_failing_records_are_told_apart() {
    let mut zone = text_zone(&[
        (
            "example.test",
            "v=spf1 include:none.test include:other.test include:two.test include:fails.test include:bad..test -all",
        ),
        ("other.test", "v=spf2.0/pra -all"),
        ("two.test", "v=spf1 -all"),
        ("two.test", "v=spf1 ~all"),
    ]);
    zone.insert("fails.test".into(), vec![ZoneEntry::Failing]);

    let tree = tree(zone).await;

    let outcomes: Vec<&TermOutcome> = tree.terms.iter().map(|term| &term.outcome).collect();
    assert!(
        matches!(
            outcomes[..],
            [
                TermOutcome::Included(DomainRecord::Missing {
                    is_void: true,
                    near_miss: None
                }),
                TermOutcome::Included(DomainRecord::Missing {
                    is_void: false,
                    near_miss: Some(_)
                }),
                TermOutcome::Included(DomainRecord::Several(_)),
                TermOutcome::Included(DomainRecord::Failed(_)),
                TermOutcome::InvalidName,
            ]
        ),
        "{outcomes:?}"
    );
    assert_eq!(counts(&tree), (5, 2));
}
