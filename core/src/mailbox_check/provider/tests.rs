use super::*;

#[test]
fn providers_are_inferred_from_mx_names() {
    let told = |domain, exchanges: &[&str]| {
        let provider = of(domain, exchanges, &["AS64496 Example Net"]);
        (provider.name, provider.role)
    };

    assert_eq!(
        told("a.example", &["aspmx.l.google.com"]),
        ("Google Workspace".into(), Mailboxes)
    );
    assert_eq!(
        told("a.example", &["a-example.mail.protection.outlook.com"]),
        ("Microsoft 365".into(), Mailboxes)
    );
    assert_eq!(
        told("a.example", &["mx1.a.iphmx.com"]),
        ("Cisco Secure Email".into(), Gateway)
    );
    assert_eq!(
        told("mail.a.example", &["mx.a.example"]),
        ("self-hosted".into(), Role::Own)
    );
    assert_eq!(
        told("a.example", &["mx.b.example"]),
        ("b.example".into(), Role::Unknown)
    );
    assert_eq!(
        told("a.example", &["notgoogle.com"]).1,
        Role::Unknown,
        "whole labels only"
    );

    assert_eq!(told("a.example", &[]), ("none".into(), Role::Unknown));
}

#[test]
fn the_first_known_mx_decides() {
    let provider = of(
        "a.example",
        &["mx.unheard.test", "MX1.Mimecast.com", "aspmx.l.google.com"],
        &[],
    );
    assert_eq!(
        (&*provider.name, provider.role, &*provider.evidence),
        ("Mimecast", Gateway, "MX hostname is MX1.Mimecast.com")
    );
}

#[test]
fn evidence_names_the_mx_and_network() {
    let evidence =
        |exchanges: &[&str], networks: &[&str]| of("a.example", exchanges, networks).evidence;
    assert_eq!(
        evidence(&["MX.a.example"], &["AS1 X", "AS1 X", "AS2 Y"]),
        "MX MX.a.example is inside the domain, in network AS1 X"
    );
    assert_eq!(
        evidence(&["mx.a.example"], &[]),
        "MX mx.a.example is inside the domain"
    );
    assert_eq!(
        evidence(&["mx.b.example"], &["AS1 X"]),
        "MX hostname is mx.b.example"
    );
    assert_eq!(evidence(&[], &["AS1 X"]), "the domain has no MX");
}

#[test]
fn suffixes_match_whole_labels_only() {
    for (name, suffix, below) in [
        ("google.com", "google.com", true),
        ("mx.google.com", "google.com", true),
        ("notgoogle.com", "google.com", false),
        ("google.com.evil.test", "google.com", false),
        ("", "google.com", false),
        (".google.com", "google.com", true),
    ] {
        assert_eq!(is_below(name, suffix), below, "{name}");
    }
}

#[test]
fn every_suffix_maps_to_its_provider() {
    for (suffix, name, role) in EXCHANGES {
        let provider = of("a.example", &[&format!("mx1.{suffix}")], &[]);
        assert_eq!((&*provider.name, provider.role), (*name, *role), "{suffix}");
    }
}
