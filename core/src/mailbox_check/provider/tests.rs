use super::*;

#[test]
fn providers_by_their_exchanges() {
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
fn the_first_exchange_that_is_known_decides() {
    let provider = of(
        "a.example",
        &["mx.unheard.test", "MX1.Mimecast.com", "aspmx.l.google.com"],
        &[],
    );
    assert_eq!(
        (&*provider.name, provider.role, &*provider.evidence),
        (
            "Mimecast",
            Gateway,
            "the exchange is called MX1.Mimecast.com"
        )
    );
}

#[test]
fn evidence_says_what_was_seen() {
    let evidence =
        |exchanges: &[&str], networks: &[&str]| of("a.example", exchanges, networks).evidence;
    assert_eq!(
        evidence(&["MX.a.example"], &["AS1 X", "AS1 X", "AS2 Y"]),
        "the exchange MX.a.example bears the domain's own name, in the network of AS1 X"
    );
    assert_eq!(
        evidence(&["mx.a.example"], &[]),
        "the exchange mx.a.example bears the domain's own name"
    );
    assert_eq!(
        evidence(&["mx.b.example"], &["AS1 X"]),
        "the exchange is called mx.b.example"
    );
    assert_eq!(evidence(&[], &["AS1 X"]), "there is no exchange");
}

#[test]
fn only_whole_labels_belong_to_a_suffix() {
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
fn every_known_suffix_leads_to_its_own_provider() {
    for (suffix, name, role) in EXCHANGES {
        let provider = of("a.example", &[&format!("mx1.{suffix}")], &[]);
        assert_eq!((&*provider.name, provider.role), (*name, *role), "{suffix}");
    }
}
