use super::*;

#[test]
fn a_registrar_only_fills_gaps() {
    let mut registry = Registration {
        created: Some("2001".into()),
        ..Registration::empty(Kind::Domain)
    };
    let registrar = Registration {
        created: Some("1999".into()),
        expires: Some("2030".into()),
        ..registry.clone()
    };
    fill(&mut registry, registrar);
    assert_eq!(
        (registry.created.as_deref(), registry.expires.as_deref()),
        (Some("2001"), Some("2030"))
    );
}

fn facts(kind: Kind, state: State, created: &str) -> Registration {
    Registration {
        state,
        created: Some(created.to_owned()),
        ..Registration::empty(kind)
    }
}

#[test]
fn a_later_answer_counts_by_its_state_and_kind() {
    use Kind::{Domain, Network};
    use State::{Available, Registered, Reserved, Throttled, Unavailable};
    for (kind, first, second, kept) in [
        (Domain, Registered, Registered, "first"),
        (Domain, Registered, Available, "first"),
        (Domain, Registered, Unavailable, "first"),
        (Domain, Unavailable, Registered, "second"),
        (Domain, Unavailable, Unavailable, "second"),
        (Domain, Throttled, Unavailable, "first"),
        (Domain, Available, Unavailable, "first"),
        (Domain, Reserved, Available, "second"),
        // A regional registry that was handed to knows better.
        (Network, Registered, Registered, "second"),
        (Network, Registered, Unavailable, "first"),
    ] {
        let mut found = Found::default();
        found.take(facts(kind, first, "first"));
        found.take(facts(kind, second, "second"));
        let created = found.registration.and_then(|facts| facts.created);
        assert_eq!(
            created.as_deref(),
            Some(kept),
            "{kind:?} {first:?} {second:?}"
        );
    }
}

#[test]
fn lists_and_parts_are_filled_whole_where_nothing_stands() {
    use netvane_facts::registration::{Registrant, Registrar};
    let some = |text: &str| Some(text.to_owned());
    let mut known = Registration {
        registrar: Some(Registrar {
            name: some("Registry's word"),
            ..Registrar::default()
        }),
        status: vec!["ok".into()],
        dnssec: Some(false),
        ..Registration::empty(Kind::Domain)
    };
    let more = Registration {
        registrar: Some(Registrar {
            name: some("Registrar's word"),
            iana_id: some("9"),
            abuse_email: some("abuse@registrar.test"),
            ..Registrar::default()
        }),
        registrant: Some(Registrant {
            organization: some("Widget, Inc."),
            country: None,
        }),
        status: vec!["clientHold".into()],
        nameservers: vec!["ns.widget.test".into()],
        dnssec: Some(true),
        ..Registration::empty(Kind::Domain)
    };

    fill(&mut known, more.clone());

    let registrar = known.registrar.clone().expect("there");
    assert_eq!(registrar.name, some("Registry's word"));
    assert_eq!(registrar.iana_id, some("9"));
    assert_eq!(registrar.abuse_email, some("abuse@registrar.test"));
    assert_eq!(known.registrant, more.registrant);
    assert_eq!(
        (&*known.status, &*known.nameservers),
        (&["ok".to_owned()][..], &more.nameservers[..])
    );
    assert_eq!(known.dnssec, Some(false));
    let before = known.clone();
    fill(&mut known, Registration::empty(Kind::Domain));
    assert_eq!(known, before, "nothing takes nothing away");
}
