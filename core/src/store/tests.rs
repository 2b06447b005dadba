use super::*;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn what_is_kept_is_there_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");

    {
        let store = Store::open(directory.path()).expect("opens");
        store.put("jobs", "b", &2, MINUTE).await.expect("kept");
        store.put("jobs", "a", &1, MINUTE).await.expect("kept");
        store
            .put("others", "a", &"other", MINUTE)
            .await
            .expect("kept");
        assert!(store.claim("seen", "1", MINUTE).await.expect("written"));
        let second = Store::open(directory.path())
            .map(|_| ())
            .expect_err("one process only")
            .to_string();
        assert!(second.contains("in use by another process"), "{second}");
    }

    // The writer's thread lets go after the last handle, and tells nobody.
    let end = std::time::Instant::now() + MINUTE;
    let store = loop {
        match Store::open(directory.path()) {
            Ok(store) => break store,
            Err(error) => assert!(std::time::Instant::now() < end, "{error}"),
        }
        thread::yield_now();
    };

    assert_eq!(
        store.all::<u32>("jobs"),
        [("a".to_owned(), 1), ("b".to_owned(), 2)]
    );
    assert!(!store.claim("seen", "1", MINUTE).await.expect("written"));
    assert!(store.remove("jobs", "a").await.expect("written"));
    assert!(!store.remove("jobs", "a").await.expect("written"));
    assert_eq!(store.get::<u32>("jobs", "a"), None);
    assert_eq!(store.get::<u32>("jobs", "b"), Some(2));
}

#[tokio::test]
async fn what_has_come_to_its_end_is_gone() {
    let store = Store::in_memory().expect("opens");
    store
        .put("jobs", "a", &1, Duration::ZERO)
        .await
        .expect("kept");
    assert_eq!(store.get::<u32>("jobs", "a"), None);
    assert!(store.all::<u32>("jobs").is_empty());
    assert!(
        store.claim("jobs", "a", MINUTE).await.expect("written"),
        "its place is free again"
    );
}

#[tokio::test]
async fn of_many_who_claim_at_once_one_succeeds() {
    let store = Store::in_memory().expect("opens");
    let claims = (0..100).map(|_| store.claim("seen", "update", MINUTE));
    let granted = futures::future::join_all(claims).await;
    assert_eq!(
        granted
            .into_iter()
            .filter(|claim| *claim.as_ref().expect("written"))
            .count(),
        1
    );
}

#[test]
fn the_place_of_the_state() {
    let with = |pairs: &'static [(&str, &str)]| {
        default_directory(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    };
    assert_eq!(
        with(&[("HOME", "/home/ann")]),
        Some("/home/ann/.local/state/netvane".into())
    );
    assert_eq!(
        with(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]),
        Some("/s/netvane".into())
    );
    assert_eq!(
        with(&[("HOME", "/h"), ("STATE_DIRECTORY", "/var/lib/n")]),
        Some("/var/lib/n".into())
    );
    assert_eq!(with(&[("HOME", "relative")]), None);
}
