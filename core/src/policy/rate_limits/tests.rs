use super::*;
use crate::Credential;
use crate::settings::Settings;

fn budgets(changes: impl FnOnce(&mut settings::Limits)) -> RateLimits {
    let mut limits = Settings::default().limits;
    changes(&mut limits);
    RateLimits::new(&limits)
}

fn user(name: &str, conversation: Option<&str>) -> Caller {
    Caller {
        user: Some(name.into()),
        conversation: conversation.map(str::to_owned),
        ..Caller::default()
    }
}

#[test]
fn a_lookup_costs_the_units_of_its_class() {
    let budgets = budgets(|limits| limits.per_user = 60);
    let ann = user("ann", None);
    let left = |units| {
        budgets
            .charge(&ann, units)
            .map(|standings| standings[0].left)
    };
    assert_eq!(left(Cost::Heavy.units()).ok(), Some(35));
    assert_eq!(left(AT_HAND).ok(), Some(34));
    assert_eq!(left(Cost::Heavy.units()).ok(), Some(9));
    let failure = left(Cost::Heavy.units()).expect_err("cost exceeds the budget");
    assert_eq!(
        failure.to_string(),
        "Rate limit: 60 units/min; this costs 25. Retry in 16 s."
    );
    assert!(
        budgets
            .charge(&user("bob", None), Cost::Heavy.units())
            .is_ok(),
        "others are not slowed"
    );
    assert_eq!(
        left(AT_HAND).ok(),
        Some(8),
        "a refused lookup is not charged"
    );
}

#[test]
fn conversations_keys_and_addresses_have_separate_budgets() {
    let budgets = budgets(|limits| {
        limits.per_conversation = 10;
        limits.per_anonymous = 5;
    });
    assert!(budgets.charge(&user("ann", Some("room")), 6).is_ok());
    let failure = budgets
        .charge(&user("bob", Some("room")), 6)
        .expect_err("the budget of the conversation is used up");

    assert!(
        failure
            .to_string()
            .starts_with("Rate limit of this conversation")
    );

    let from = |address: &str| Caller {
        address: address.parse().ok(),
        ..Caller::default()
    };
    assert!(budgets.charge(&from("2001:db8::1"), 5).is_ok());
    assert!(
        budgets.charge(&from("2001:db8::ffff:1"), 5).is_err(),
        "the same /64"
    );
    assert!(budgets.charge(&from("2001:db8:0:1::1"), 5).is_ok());
    let key = Caller {
        credential: Some(Credential::ApiKey("ops".into())),
        ..from("2001:db8::1")
    };
    assert!(budgets.charge(&key, 5).is_ok());
}

#[test]
fn targets_networks_and_mail_domains_are_limited_over_all_users() {
    let budgets = budgets(|limits| {
        limits.per_target = 50;
        limits.hosts_per_network = 3;
        limits.smtp_probes = 2;
    });

    let host = |last| IpAddr::from([192, 0, 2, last]);
    assert!(
        budgets.charge_target(host(1), 25).is_ok() && budgets.charge_target(host(1), 25).is_ok()
    );

    let failure = budgets
        .charge_target(host(1), 25)
        .expect_err("target limit reached")
        .to_string();

    assert_eq!(failure, "Too many lookups of 192.0.2.1. Retry in 30 s.");
    assert!(budgets.charge_target(host(2), 25).is_ok());
    assert_eq!(
        (1..=5)
            .filter(|last| budgets.charge_network(host(*last)).is_ok())
            .count(),
        3
    );

    assert!(budgets.charge_network([192, 0, 3, 1].into()).is_ok());
    let asked = (0..5).filter(|_| budgets.charge_mail_domain("example.test").is_ok());
    assert_eq!(asked.count(), 2);
    assert!(budgets.charge_mail_domain("other.test").is_ok());
}

#[test]
fn changed_settings_reset_only_changed_limits() {
    let before = budgets(|limits| {
        limits.per_user = 10;
        limits.per_target = 10;
    });
    let (ann, host) = (user("ann", None), IpAddr::from([192, 0, 2, 1]));
    assert!(before.charge(&ann, 10).is_ok() && before.charge_target(host, 10).is_ok());
    let mut limits = before.of.clone();
    limits.per_target = 20;
    let after = before.under(&limits);
    assert!(after.charge(&ann, 10).is_err(), "spent units stay spent");
    assert!(
        after.charge_target(host, 10).is_ok(),
        "a changed limit starts with a full budget"
    );
}

#[tokio::test]
async fn a_caller_waits_only_for_their_own_lookups() {
    let budgets = budgets(|limits| limits.at_once_per_user = 2);
    let ann = user("ann", None);
    let held = (
        budgets.acquire_slot(&ann).await,
        budgets.acquire_slot(&ann).await,
    );
    let third = tokio::time::timeout(Duration::from_millis(20), budgets.acquire_slot(&ann)).await;
    assert!(third.is_err());
    assert!(budgets.acquire_slot(&user("bob", None)).await.is_some());
    drop(held);
    assert!(budgets.acquire_slot(&ann).await.is_some());
}
