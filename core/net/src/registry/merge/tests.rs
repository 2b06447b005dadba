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

fn facts(kind: Kind, state: RegistrationState, created: &str) -> Registration {
    Registration {
        state,
        created: Some(created.to_owned()),
        ..Registration::empty(kind)
    }
}

#[test]
fn state_and_kind_decide_which_answer_is_used() {
    use Kind::{Domain, Network};
    use RegistrationState::{Available, Registered, Reserved, Throttled, Unavailable};
    for (kind, first, second, expected) in [
        (Domain, Registered, Registered, "first"),
        (Domain, Registered, Available, "first"),
        (Domain, Registered, Unavailable, "first"),
        (Domain, Unavailable, Registered, "second"),
        (Domain, Unavailable, Unavailable, "second"),
        (Domain, Throttled, Unavailable, "first"),
        (Domain, Available, Unavailable, "first"),
        (Domain, Reserved, Available, "second"),
        // A regional registry replaces the referring one.
        (Network, Registered, Registered, "second"),
        (Network, Registered, Unavailable, "first"),
    ] {
        let mut found = RegistryAnswer::default();
        found.take(facts(kind, first, "first"));
        found.take(facts(kind, second, "second"));
        let created = found.registration.and_then(|facts| facts.created);
        assert_eq!(
            created.as_deref(),
            Some(expected),
            "{kind:?} {first:?} {second:?}"
        );
    }
}

#[test]
fn a_block_without_a_holder_does_not_replace_one_with_it() {
    use netvane_facts::registration::Network;
    let of = |organization: Option<&str>| Registration {
        network: Some(Network {
            organization: organization.map(str::to_owned),
            ..Network::default()
        }),
        ..facts(Kind::Ip, RegistrationState::Registered, "2001")
    };
    for (first, second, expected) in [
        (Some("Registry"), None, Some("Registry")),
        (Some("Registry"), Some("Customer"), Some("Customer")),
        (None, Some("Customer"), Some("Customer")),
    ] {
        let mut found = RegistryAnswer::default();
        found.take(of(first));
        found.take(of(second));
        let network = found.registration.and_then(|facts| facts.network);
        let holder = network.and_then(|network| network.organization);
        assert_eq!(holder.as_deref(), expected);
    }
}

#[test]
fn fills_empty_lists_and_fields() {
    use netvane_facts::registration::{Registrant, Registrar};
    let some = |text: &str| Some(text.to_owned());
    let mut registration = Registration {
        registrar: Some(Registrar {
            name: some("Registry Inc."),
            ..Registrar::default()
        }),
        status: vec!["ok".into()],
        dnssec: Some(false),
        ..Registration::empty(Kind::Domain)
    };
    let more = Registration {
        registrar: Some(Registrar {
            name: some("Registrar Inc."),
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

    fill(&mut registration, more.clone());

    let registrar = registration.registrar.clone().expect("there");
    assert_eq!(registrar.name, some("Registry Inc."));
    assert_eq!(registrar.iana_id, some("9"));
    assert_eq!(registrar.abuse_email, some("abuse@registrar.test"));
    assert_eq!(registration.registrant, more.registrant);
    assert_eq!(
        (&*registration.status, &*registration.nameservers),
        (&["ok".to_owned()][..], &more.nameservers[..])
    );
    assert_eq!(registration.dnssec, Some(false));
    let before = registration.clone();
    fill(&mut registration, Registration::empty(Kind::Domain));
    assert_eq!(registration, before, "an empty answer changes nothing");
}
