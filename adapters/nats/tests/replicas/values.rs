//! What holds for values that several replicas share.

use std::time::Duration;

use netvane_core::store::{
    CALLBACK_LOOKUPS, Store, StoreError, Versioned,
    bucket::{BUTTONS, CALLBACKS, CHAT_UPDATES, PROMPTS, RESULTS},
    export, import,
};

use crate::{
    replica::{self, Replica},
    servers::Servers,
};

const WRITERS: usize = 6;
const KEYS: usize = 400;

async fn value(store: &Store, key: &str) -> Option<Versioned<u32>> {
    store.get(&CALLBACKS, key).await.expect("readable")
}

#[tokio::test]
#[ignore = "needs the lab: tests/run"]
async fn a_value_is_created_replaced_and_removed_as_in_a_file() {
    let servers = Servers::start(1);
    let replica = Replica::start(&servers.urls()).await;
    for store in [&replica.store, &Store::in_memory().expect("opens")] {
        let first = store
            .create(&CALLBACKS, "a.b c", &1)
            .await
            .expect("written");
        let first = first.expect("created");
        assert_eq!(store.create(&CALLBACKS, "a.b c", &2).await, Ok(None));
        let second = store.replace(&CALLBACKS, "a.b c", &2, first).await;
        let second = second.expect("written").expect("its revision");
        assert!(second > first);
        assert_eq!(
            store.replace(&CALLBACKS, "a.b c", &3, first).await,
            Ok(None)
        );
        assert_eq!(store.replace(&CALLBACKS, "none", &3, first).await, Ok(None));
        let found = value(store, "a.b c").await.expect("there");
        assert_eq!((found.value, found.revision), (2, second));

        assert_eq!(store.remove(&CALLBACKS, "a.b c").await, Ok(true));
        assert_eq!(store.remove(&CALLBACKS, "a.b c").await, Ok(false));
        assert_eq!(value(store, "a.b c").await, None);
        assert_eq!(
            store.replace(&CALLBACKS, "a.b c", &3, second).await,
            Ok(None)
        );
        let again = store
            .create(&CALLBACKS, "a.b c", &4)
            .await
            .expect("written");
        assert!(
            again.is_some_and(|again| again > second),
            "created once more"
        );

        for key in ["b", "c", "d", "*", ">"] {
            store.put(&BUTTONS, key, &key).await.expect("written");
        }
        let keys = async |after: &str, most| {
            let page = store.scan::<String>(&BUTTONS, after, most).await;
            let page = page.expect("readable").into_iter();
            page.map(|(key, _)| key).collect::<Vec<_>>()
        };
        assert_eq!(keys("", 3).await, ["*", ">", "b"]);
        assert_eq!(keys("b", 9).await, ["c", "d"]);
        assert_eq!(store.clear(&BUTTONS).await, Ok(5));
        assert!(keys("", 9).await.is_empty());

        let large = "x".repeat(PROMPTS.max_value);
        let refused = store.put(&PROMPTS, "large", &large).await;
        assert_eq!(refused, Err(StoreError::TooLarge("prompts")));
    }

    // What a message cannot hold is refused; what it can comes back whole.
    let store = &replica.store;
    let most = "x".repeat((768 << 10) - 2);
    store.put(&RESULTS, "most", &most).await.expect("written");
    let found = store
        .get::<String>(&RESULTS, "most")
        .await
        .expect("readable");
    assert_eq!(found.expect("there").value, most);
    let refused = store.put(&RESULTS, "more", &format!("{most}x")).await;
    assert_eq!(refused, Err(StoreError::TooLarge("results")));
}

/// Each writer adds 1 to one value, under its revision, as often as it can. Returns the sum of what was granted.
async fn add_together(replicas: &[Replica], each: usize) -> u32 {
    let tasks: Vec<_> = replicas
        .iter()
        .map(|replica| {
            let store = replica.store.clone();
            replica.run(async move {
                let mut granted = 0;
                while granted < each {
                    let Ok(Some(found)) = store.get::<u32>(&CALLBACKS, "counter").await else {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    };
                    let next = found.value + 1;
                    let written = store.replace(&CALLBACKS, "counter", &next, found.revision);
                    granted += usize::from(matches!(written.await, Ok(Some(_))));
                }
                granted
            })
        })
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("no panic");
    }
    u32::try_from(sum).expect("few")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: tests/run"]
async fn no_update_is_lost_while_the_leader_is_killed() {
    let mut servers = Servers::start(3);
    let replicas = replica::start(WRITERS, &servers.urls()).await;
    replicas[0]
        .store
        .put(&CALLBACKS, "counter", &0)
        .await
        .expect("written");

    let leader = servers.leader("KV_nv-callbacks").await;
    let killed = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(300));
        servers.kill(leader);
        std::thread::sleep(Duration::from_secs(8));
        servers.launch(leader);
        servers
    });
    let granted = add_together(&replicas, 60).await;
    let _servers = killed.await.expect("no panic");

    let last = value(&replicas[0].store, "counter").await.expect("there");
    assert_eq!(last.value, granted);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: tests/run"]
async fn of_six_who_claim_each_of_400_updates_one_succeeds() {
    let servers = Servers::start(3);
    let replicas = replica::start(WRITERS, &servers.urls()).await;
    let tasks: Vec<_> = replicas
        .iter()
        .map(|replica| {
            let store = replica.store.clone();
            replica.run(async move {
                let mut claimed = Vec::new();
                for key in 0..KEYS {
                    let name = key.to_string();
                    let created = store.create(&CHAT_UPDATES, &name, &true).await;
                    if created.expect("written").is_some() {
                        claimed.push(key);
                    }
                }
                claimed
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("no panic"));
    }
    all.sort_unstable();
    assert_eq!(all, (0..KEYS).collect::<Vec<_>>());
}

#[tokio::test]
#[ignore = "needs the lab: tests/run"]
async fn without_a_server_every_call_fails_at_once_and_works_again_later() {
    let mut servers = Servers::start(1);
    let replica = Replica::start(&servers.urls()).await;
    replica
        .store
        .put(&CALLBACKS, "a", &1)
        .await
        .expect("written");
    servers.kill(0);
    tokio::time::sleep(Duration::from_millis(500)).await;

    let started = tokio::time::Instant::now();
    let read = replica.store.get::<u32>(&CALLBACKS, "a").await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    let created = replica.store.create(&CALLBACKS, "b", &1).await;
    assert!(
        matches!(created, Err(StoreError::Unavailable(_))),
        "{created:?}"
    );
    assert!(replica.store.fault().is_some());
    assert!(started.elapsed() < Duration::from_millis(200));

    servers.launch(0);
    let end = tokio::time::Instant::now() + Duration::from_secs(20);
    while replica.store.get::<u32>(&CALLBACKS, "a").await.is_err() {
        assert!(tokio::time::Instant::now() < end, "works again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(
        value(&replica.store, "a").await.map(|found| found.value),
        Some(1)
    );
}

#[tokio::test]
#[ignore = "needs the lab: tests/run"]
async fn the_state_of_a_file_moves_to_the_servers_and_back() {
    let servers = Servers::start(1);
    let replica = Replica::start(&servers.urls()).await;
    let file = Store::in_memory().expect("opens");
    file.put(&CALLBACKS, "a.b", &1).await.expect("written");
    let large = "x".repeat(800 << 10);
    file.put(&RESULTS, "large", &large).await.expect("written");
    let agenda = file.agenda();
    for (id, delay) in [
        ("now", Duration::ZERO),
        ("later", Duration::from_secs(3600)),
    ] {
        let added = agenda.add(&CALLBACK_LOOKUPS, id, "ann", delay);
        assert_eq!(added.await, Ok(true));
    }

    let mut lines = Vec::new();
    assert_eq!(export(&file, &mut lines).await.expect("written"), 4);
    let store = &replica.store;
    let imported = import(store, lines.as_slice()).await.expect("imported");
    let counts = (imported.written, imported.present, imported.too_large);
    assert_eq!(counts, (3, 0, 1));
    let again = import(store, lines.as_slice()).await.expect("imported");
    assert_eq!((again.written, again.present), (0, 3));
    assert_eq!(value(store, "a.b").await.map(|found| found.value), Some(1));

    let mut lines = Vec::new();
    assert_eq!(export(store, &mut lines).await.expect("written"), 3);
    let back = Store::in_memory().expect("opens");
    let imported = import(&back, lines.as_slice()).await.expect("imported");
    assert_eq!(imported.written, 3);
    assert_eq!(value(&back, "a.b").await.map(|found| found.value), Some(1));

    let agenda = store.agenda();
    let taken = replica.run(async move { agenda.take(&CALLBACK_LOOKUPS).await });
    let due = taken.await.expect("no panic");
    assert_eq!((due.id(), due.owner()), ("now", "ann"));
    due.done().await.expect("written");
}
