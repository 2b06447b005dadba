use super::*;

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

#[test]
fn a_key_is_found_only_by_its_hash() {
    let (key, entry) = ApiKey::generate(Some("ops".into()), vec![Scope::Ask], None).expect("a key");
    assert!(key.starts_with(PREFIX) && key.len() == 47, "{key}");
    let written = entry.to_string();
    assert!(!written.contains(&key), "{written}");
    let (other, second) = ApiKey::generate(Some("ops".into()), Vec::new(), None).expect("a key");
    let keys = ApiKeys::read([written.as_str(), &second.to_string()]).expect("entries");
    assert_eq!(keys.find(&key), Some(&entry));
    assert_eq!(
        keys.find(&other).map(|key| key.name.as_str()),
        Some("ops"),
        "both are valid at once"
    );
    for wrong in [
        "",
        "nvk_",
        &key[..46],
        &format!("{key}x"),
        &written,
        &key.to_uppercase(),
    ] {
        assert_eq!(keys.find(wrong), None, "{wrong}");
    }
}

#[test]
fn a_key_expires_on_its_day() {
    let (key, entry) = ApiKey::generate(None, Vec::new(), Some(day("2027-01-01"))).expect("a key");
    let keys = ApiKeys::read([entry.to_string().as_str()]).expect("an entry");
    assert!(keys.find_on(&key, day("2026-12-31")).is_some());
    assert_eq!(keys.find_on(&key, day("2027-01-01")), None);
}

#[test]
fn errors_of_entries_never_repeat_their_text() {
    let hash = format!("sha256:{}", "0a".repeat(32));
    let key: ApiKey = format!("{hash} name=ops scopes=ask,batch expires=2027-01-01")
        .parse()
        .expect("one");
    assert_eq!(key.scopes, [Scope::Ask, Scope::Batch]);
    assert_eq!(
        key.to_string(),
        format!("{hash} name=ops scopes=ask+batch expires=2027-01-01")
    );

    let plain: ApiKey = hash
        .to_uppercase()
        .replace("SHA", "sha")
        .parse()
        .expect("one");

    assert_eq!(
        (plain.name.as_str(), plain.scopes.len()),
        ("key-0a0a0a0a", 3)
    );

    for (entry, told) in [
        ("nvk_secret".to_owned(), "this is a key; its hash"),
        ("secret".to_owned(), "expected `sha256:`"),
        ("sha256:0a0a".to_owned(), "expected `sha256:`"),
        (format!("{hash} secret"), "after the hash"),
        (format!("{hash} secret=1"), "after the hash"),
        (format!("{hash} scopes=secret"), "unknown scope"),
        (format!("{hash} scopes="), "unknown scope"),
        (format!("{hash} expires=secret"), "expires must be a date"),
        (format!("{hash} name=sec ret"), "after the hash"),
        (format!("{hash} name=<secret>"), "a key's name"),
        (format!("{hash} name=a name=secret"), "once"),
    ] {
        let fault = entry.parse::<ApiKey>().expect_err(&entry);
        assert!(
            fault.contains(told) && !fault.contains("secret"),
            "{entry}: {fault}"
        );
    }

    assert!(
        ApiKeys::read([hash.as_str(), &hash])
            .expect_err("twice")
            .contains("entry 2")
    );
}
