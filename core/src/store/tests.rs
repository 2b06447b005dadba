use std::{
    os::unix::fs::PermissionsExt,
    thread,
    time::{Duration, Instant},
};

use super::*;
use bucket::{BUTTONS, CALLBACKS, CHAT_UPDATES, PROMPTS, SIGNED_REQUESTS};

/// Opens the store of a directory; the writing thread of an earlier one lets go of the file on its own time.
fn open(directory: &Path) -> Store {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        match Store::open(directory) {
            Ok(store) => return store,
            Err(error) => assert!(Instant::now() < end, "{error}"),
        }
        thread::yield_now();
    }
}

async fn value<T: DeserializeOwned>(
    store: &Store,
    bucket: &'static Bucket,
    key: &str,
) -> Option<T> {
    let versioned = store.get(bucket, key).await.expect("readable");
    versioned.map(|versioned: Versioned<T>| versioned.value)
}

fn usage(store: &Store, name: &str) -> (u64, u64) {
    let all = store.usage();
    let one = all.iter().find(|usage| usage.bucket == name);
    let one = one.expect("a bucket");
    (one.entries, one.bytes)
}

#[tokio::test]
async fn values_are_there_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");

    {
        let store = open(directory.path());
        store.put(&CALLBACKS, "b", &2).await.expect("written");
        store.put(&CALLBACKS, "a", &1).await.expect("written");
        store.put(&BUTTONS, "a", &"batched").await.expect("written");
        let second = Store::open(directory.path()).map(|_| ());
        let second = second.expect_err("one process only").to_string();
        assert!(
            second.contains("state.redb: in use by another process"),
            "{second}"
        );
    }

    let store = open(directory.path());
    let all = store
        .scan::<u32>(&CALLBACKS, "", 10)
        .await
        .expect("readable");
    let all: Vec<_> = all
        .into_iter()
        .map(|(key, entry)| (key, entry.value))
        .collect();
    assert_eq!(all, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    assert_eq!(
        value::<String>(&store, &BUTTONS, "a").await.as_deref(),
        Some("batched")
    );
    assert_eq!(usage(&store, "callbacks").0, 2);

    assert!(store.remove(&CALLBACKS, "a").await.expect("written"));
    assert!(!store.remove(&CALLBACKS, "a").await.expect("written"));
    assert_eq!(value::<u32>(&store, &CALLBACKS, "a").await, None);
    assert_eq!(usage(&store, "callbacks"), (1, 1 + 1 + 64));
}

#[tokio::test]
async fn a_scan_goes_on_after_a_key_and_stays_in_its_bucket() {
    let store = Store::in_memory().expect("opens");
    for key in ["a", "b", "c", "d"] {
        store.put(&CALLBACKS, key, &key).await.expect("written");
    }
    store.put(&CHAT_UPDATES, "e", &"e").await.expect("written");
    let keys = |after: &'static str, most| {
        let store = store.clone();
        async move {
            let page = store.scan::<String>(&CALLBACKS, after, most).await;
            let page = page.expect("readable").into_iter();
            page.map(|(key, _)| key).collect::<Vec<_>>()
        }
    };
    assert_eq!(keys("", 2).await, ["a", "b"]);
    assert_eq!(keys("b", 10).await, ["c", "d"]);
    assert!(keys("d", 10).await.is_empty());
}

#[tokio::test]
async fn of_many_who_create_at_once_one_succeeds() {
    let store = Store::in_memory().expect("opens");
    let creates = (0..100).map(|number| {
        let store = store.clone();
        async move { store.create(&CHAT_UPDATES, "update", &number).await }
    });
    let revisions = futures::future::join_all(creates).await;
    let granted = revisions
        .into_iter()
        .filter(|revision| matches!(revision, Ok(Some(_))));
    assert_eq!(granted.count(), 1);
}

#[tokio::test]
async fn a_value_is_replaced_only_under_its_revision() {
    let store = Store::in_memory().expect("opens");
    let first = store
        .create(&CALLBACKS, "a", &1)
        .await
        .expect("written")
        .expect("created");
    assert_eq!(store.create(&CALLBACKS, "a", &2).await, Ok(None));
    let second = store
        .replace(&CALLBACKS, "a", &2, first)
        .await
        .expect("written");
    assert!(second.is_some_and(|second| second > first));
    assert_eq!(store.replace(&CALLBACKS, "a", &3, first).await, Ok(None));
    assert_eq!(store.replace(&CALLBACKS, "b", &3, first).await, Ok(None));
    let entry = store
        .get::<u32>(&CALLBACKS, "a")
        .await
        .expect("readable")
        .expect("there");
    assert_eq!((entry.value, Some(entry.revision)), (2, second));
}

#[tokio::test]
async fn expired_values_are_gone_and_removed() {
    let store = Store::in_memory().expect("opens");
    let embedded = store.embedded().expect("a database");
    let expired = |key: &str| transaction::Entry {
        until: unix_seconds(),
        ..entry(&CALLBACKS, key, b"1".to_vec())
    };
    for key in ["a", "b"] {
        let written = embedded.change(Step::Put(expired(key))).await;
        assert!(written.expect("written").is_some());
    }
    assert_eq!(value::<u32>(&store, &CALLBACKS, "a").await, None);
    assert!(
        store
            .scan::<u32>(&CALLBACKS, "", 9)
            .await
            .expect("readable")
            .is_empty()
    );
    assert!(
        store
            .create(&CALLBACKS, "a", &2)
            .await
            .expect("written")
            .is_some()
    );
    // The writer's own first sweep may have come before.
    let left = usage(&store, "callbacks").0 - 1;
    assert_eq!(store.sweep().await, Ok(left));
    assert_eq!(usage(&store, "callbacks").0, 1);
    assert_eq!(value::<u32>(&store, &CALLBACKS, "a").await, Some(2));
}

#[tokio::test]
async fn a_full_bucket_refuses_or_drops_the_oldest() {
    let store = Store::in_memory().expect("opens");
    for bucket in [&SIGNED_REQUESTS, &PROMPTS] {
        store.set_limit(bucket, 1000);
        for number in 0..20 {
            let key = format!("{number:02}");
            let written = store.put(bucket, &key, &"x".repeat(100)).await;
            let fits = number < 5 || std::ptr::eq(bucket, &PROMPTS);
            assert_eq!(
                written.is_ok(),
                fits,
                "{} {number} {written:?}",
                bucket.name
            );
        }
    }
    assert_eq!(
        store.put(&SIGNED_REQUESTS, "20", &"x".repeat(100)).await,
        Err(StoreError::Full("signed-requests"))
    );
    assert!(usage(&store, "signed-requests").1 <= 1000);
    assert!(usage(&store, "prompts").1 <= 1000);
    let left = store
        .scan::<String>(&PROMPTS, "", 99)
        .await
        .expect("readable");
    let left: Vec<_> = left.into_iter().map(|(key, _)| key).collect();
    assert_eq!(left, ["15", "16", "17", "18", "19"]);

    let large = "x".repeat(PROMPTS.max_value);
    assert_eq!(
        store.put(&PROMPTS, "large", &large).await,
        Err(StoreError::TooLarge("prompts"))
    );
}

#[tokio::test]
async fn jobs_are_given_out_again_after_a_restart_until_they_are_done() {
    let directory = tempfile::tempdir().expect("a directory");
    let wait = Duration::from_secs(3600);

    {
        let agenda = open(directory.path()).agenda();
        let add = |id: &'static str, wait| {
            let agenda = agenda.clone();
            async move { agenda.add(&CALLBACK_LOOKUPS, id, "ann", wait).await }
        };
        assert_eq!(add("done", Duration::ZERO).await, Ok(true));
        assert_eq!(add("done", Duration::ZERO).await, Ok(false));
        agenda
            .take(&CALLBACK_LOOKUPS)
            .await
            .done()
            .await
            .expect("written");
        assert_eq!(add("later", wait).await, Ok(true));
        let held = agenda.begin(&CALLBACK_LOOKUPS, "held", "bob").await;
        assert!(held.expect("written").is_some());
    }

    let agenda = open(directory.path()).agenda();
    assert_eq!(agenda.len(&CALLBACK_LOOKUPS), 2);
    let due = agenda.take(&CALLBACK_LOOKUPS).await;
    assert_eq!(due.id(), "held");
    due.postpone(wait).await.expect("written");
    let none = tokio::time::timeout(Duration::from_millis(50), agenda.take(&CALLBACK_LOOKUPS));
    assert!(none.await.is_err(), "nothing is due");
}

#[tokio::test]
async fn the_file_and_its_directory_are_private() {
    let parent = tempfile::tempdir().expect("a directory");
    let directory = parent.path().join("state");
    std::fs::create_dir(&directory).expect("made");
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).expect("set");
    let _store = open(&directory);
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join("state.redb")), 0o600);
}

#[tokio::test]
async fn an_unusable_file_is_moved_aside() {
    let whole = {
        let directory = tempfile::tempdir().expect("a directory");
        let store = open(directory.path());
        for number in 0..200 {
            let key = number.to_string();
            store
                .put(&BUTTONS, &key, &"x".repeat(500))
                .await
                .expect("written");
        }
        store.put(&CALLBACKS, "a", &1).await.expect("written");
        drop(store);
        drop(open(directory.path()));
        std::fs::read(directory.path().join("state.redb")).expect("readable")
    };

    let lengths = [
        1,
        64,
        320,
        4096,
        5000,
        100_000,
        whole.len() / 2,
        whole.len() - 1,
    ];
    for length in lengths {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("state.redb");
        std::fs::write(&file, &whole[..length]).expect("written");
        let store = open(directory.path());
        store.put(&CALLBACKS, "b", &1).await.expect("written");
        let names = std::fs::read_dir(directory.path()).expect("readable");
        let aside = names
            .filter_map(|name| name.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with("state.redb.unusable-"));
        assert_eq!(aside.count(), 1, "{length} of {} bytes", whole.len());
    }
}

#[tokio::test]
async fn an_export_can_be_imported_elsewhere() {
    let (here, there) = (
        Store::in_memory().expect("opens"),
        Store::in_memory().expect("opens"),
    );
    here.put(
        &CALLBACKS,
        "a",
        &serde_json::json!({ "url": "https://x.example/?t=1" }),
    )
    .await
    .expect("written");
    here.put(&BUTTONS, "b", &2).await.expect("written");
    let agenda = here.agenda();
    let added = agenda.add(&CALLBACK_LOOKUPS, "a", "ann", Duration::ZERO);
    assert_eq!(added.await, Ok(true));

    let mut lines = Vec::new();
    assert_eq!(export(&here, &mut lines).await.expect("written"), 3);
    there.put(&BUTTONS, "b", &"kept").await.expect("written");
    let imported = import(&there, lines.as_slice()).await.expect("imported");
    assert_eq!((imported.written, imported.present), (2, 1));
    assert_eq!(
        value::<String>(&there, &BUTTONS, "b").await.as_deref(),
        Some("kept")
    );
    let callback = value::<serde_json::Value>(&there, &CALLBACKS, "a").await;
    assert_eq!(callback.expect("there")["url"], "https://x.example/?t=1");

    for (text, error) in [
        ("{}", "line 1: expected value"),
        (
            "{\"netvane_state\":9}\n",
            "line 1: format 9 is not supported, expected 2",
        ),
        (
            "{\"netvane_state\":2}\nx\n",
            "line 2: expected value at line 1 column 1",
        ),
    ] {
        let failed = import(&there, text.as_bytes())
            .await
            .expect_err(text)
            .to_string();
        assert!(failed.starts_with(error), "{failed}");
    }
}
