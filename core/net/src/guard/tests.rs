use super::*;

fn guard(allow: &[&str], deny: &[&str]) -> Guard {
    let networks = |texts: &[&str]| -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().expect(text)).collect()
    };
    Guard::new(&networks(allow), &networks(deny))
}

fn passes(guard: &Guard, address: &str) -> bool {
    guard
        .check(address, address.parse().expect(address))
        .is_ok()
}

#[test]
fn refuses_special_purpose_addresses_in_every_notation() {
    let guard = guard(&[], &[]);

    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "100.64.0.1",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:a00:1::",
        "2002:808:808::1",
        "2001:0:1:2:3:4:f5ff:fffe",
        "2a00::5efe:10.0.0.1",
        "4000::1",
    ] {
        assert!(!passes(&guard, address), "{address}");
    }

    for address in [
        "8.8.8.8",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "192.0.0.9",
    ] {
        assert!(passes(&guard, address), "{address}");
    }
}

#[test]
fn deny_takes_precedence_over_allow() {
    let guard = guard(
        &["127.0.0.0/8", "10.1.0.0/16", "8.8.0.0/16"],
        &["8.8.8.0/24", "10.1.9.0/24"],
    );
    assert!(
        passes(&guard, "127.0.0.53")
            && passes(&guard, "::ffff:127.0.0.53")
            && passes(&guard, "10.1.2.3")
    );
    assert!(guard.is_excepted("10.1.2.3".parse().expect("v4")));
    for other in ["10.1.9.1", "9.9.9.9"] {
        assert!(!guard.is_excepted(other.parse().expect("v4")), "{other}");
    }
    for denied in [
        "8.8.8.8",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "10.1.9.1",
        "10.2.0.1",
    ] {
        assert!(!passes(&guard, denied), "{denied}");
    }
}

#[test]
fn a_refusal_names_the_range_and_the_setting() {
    let refusal = guard(&[], &[])
        .check("intra.example", "10.0.0.7".parse().expect("v4"))
        .expect_err("private");
    assert_eq!(
        refusal.to_string(),
        "intra.example (10.0.0.7) is in 10.0.0.0/8 (Private-Use, RFC 1918), which this service does not contact. \
             Operators can allow it with `[policy] allow`."
    );
}

#[test]
fn one_refused_address_refuses_the_name() {
    let addresses = ["8.8.8.8", "10.0.0.1"].map(|text| text.parse().expect(text));
    assert!(
        guard(&[], &[])
            .check_all("both.example", addresses, 53)
            .is_err()
    );
}

#[test]
fn the_local_user_may_name_private_addresses_that_are_not_denied() {
    let guard = guard(&[], &["10.0.0.0/8"]);
    let check = |address: &str, may_be_private| {
        let address = address.parse().expect(address);
        guard.check_target("host", address, may_be_private).is_ok()
    };

    for address in [
        "127.0.0.1",
        "::ffff:127.0.0.1",
        "192.168.1.1",
        "169.254.1.1",
        "100.64.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
    ] {
        assert!(check(address, true) && !check(address, false), "{address}");
    }

    for address in [
        "10.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::192.168.1.1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
    ] {
        assert!(!check(address, true), "{address}");
    }
    assert!(check("8.8.8.8", true));
}

#[tokio::test]
async fn only_a_lookup_with_the_permission_may_contact_named_private_addresses() {
    let guard = guard(&[], &[]);
    let address = "127.0.0.1".parse().expect("an address");
    assert!(
        guard.check_named("here", address).is_err(),
        "outside of a lookup"
    );

    for permission in [true, false] {
        let lookup = async {
            assert_eq!(guard.check_named("here", address).is_ok(), permission);
            assert_eq!(
                guard.check_all_named("here", [address], 53).is_ok(),
                permission
            );
            assert!(guard.check("here", address).is_err(), "from an answer");
        };
        crate::EgressBudget::new(0)
            .with_private_targets(permission)
            .during(lookup)
            .await;
    }
}
