use super::*;
use crate::EgressBudget;

fn names(suffixes: &[&str]) -> PrivateNames {
    let suffixes: Vec<_> = suffixes.iter().map(|&suffix| suffix.to_owned()).collect();
    PrivateNames::new(&suffixes)
}

async fn is_refused(names: &PrivateNames, name: &str) -> bool {
    let check = async { names.check(name).is_err() };
    EgressBudget::new(0).during(check).await
}

#[tokio::test]
async fn names_below_a_suffix_are_private_however_they_are_written() {
    let names = names(&[".internal", "svc.cluster.local"]);
    for name in [
        "internal",
        "db.internal",
        "DB.Internal.",
        r"db.intern\097l",
        r"\100b.\105nternal",
        "a.b.svc.cluster.local",
    ] {
        assert!(is_refused(&names, name).await, "{name}");
    }
    for name in [
        "example.com",
        "notinternal",
        "internal.example.com",
        "a.cluster.local",
        r"a\.internal.example",
        "",
        ".",
    ] {
        assert!(!is_refused(&names, name).await, "{name}");
    }
}

#[tokio::test]
async fn reverse_zones_of_private_networks_are_private() {
    let some = names(&[".internal"]);
    for name in [
        "1.2.3.10.in-addr.arpa",
        "10.in-addr.arpa",
        "_tcp.10.in-addr.arpa",
        "0/26.1.168.192.IN-ADDR.ARPA.",
        "31.172.in-addr.arpa",
        "1.0.0.127.in-addr.arpa",
        "1.0.0.0.d.f.ip6.arpa",
        "b.e.f.ip6.arpa",
    ] {
        assert!(is_refused(&some, name).await, "{name}");
    }
    for name in [
        "1.2.3.11.in-addr.arpa",
        "172.in-addr.arpa",
        "32.172.in-addr.arpa",
        "in-addr.arpa",
        "10.example.in-addr.arpa",
        "f.ip6.arpa",
        "8.b.d.0.1.0.0.2.ip6.arpa",
    ] {
        assert!(!is_refused(&some, name).await, "{name}");
    }
    assert!(!is_refused(&names(&[]), "10.in-addr.arpa").await);
}

#[tokio::test]
async fn lookups_with_trust_may_query_private_names() {
    let names = names(&[".internal"]);
    let check = async { names.check("db.internal").is_ok() };
    assert!(
        EgressBudget::new(0)
            .with_private_names(true)
            .during(check)
            .await
    );
    assert!(names.check("db.internal").is_ok(), "of the service itself");
}
