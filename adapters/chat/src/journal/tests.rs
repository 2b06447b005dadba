use netvane_core::Caller;
use tokio::time::timeout;

use super::*;

fn journal(platform: Platform, store: &Store) -> Journal {
    Journal::new(platform, store.clone())
}

fn job(id: &str) -> Job {
    Job {
        id: id.into(),
        input: Some(Input::Text("/mx example.com".into())),
        requester: "7".into(),
        caller: Caller::default(),
        place: Value::Null,
        until: seconds() + 60,
        in_doubt: false,
    }
}

/// Opens the store again, as the next process does.
fn reopen(directory: &std::path::Path) -> Store {
    loop {
        match Store::open(directory) {
            Ok(store) => return store,
            Err(_) => std::thread::yield_now(),
        }
    }
}

async fn interrupted(journal: &Journal) -> Vec<Interrupted> {
    let mut all = Vec::new();
    while let Ok(next) = timeout(Duration::from_millis(50), journal.next_interrupted()).await {
        all.push(next);
    }
    all
}

#[tokio::test]
async fn an_update_is_new_once_also_after_a_restart() {
    let store = Store::in_memory().expect("opens");
    let telegram = journal(Platform::Telegram, &store);
    assert!(telegram.first_time("17").await);
    assert!(!telegram.first_time("17").await);
    telegram.saw("17").await.expect("written");
    assert!(!journal(Platform::Telegram, &store).first_time("17").await);
    assert!(
        journal(Platform::Discord, &store).first_time("17").await,
        "platforms number their updates independently"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_bring_an_update_at_once_one_is_first() {
    let store = Store::in_memory().expect("opens");
    let journal = std::sync::Arc::new(journal(Platform::Telegram, &store));

    for update in 0..300 {
        let start = std::sync::Arc::new(tokio::sync::Barrier::new(4));
        let tasks = (0..4).map(|_| {
            let (journal, start) = (journal.clone(), start.clone());
            tokio::spawn(async move {
                start.wait().await;
                journal.first_time(&update.to_string()).await
            })
        });
        let firsts = futures::future::join_all(tasks.collect::<Vec<_>>()).await;
        let firsts = firsts.into_iter().filter(|first| matches!(first, Ok(true)));
        assert_eq!(firsts.count(), 1, "update {update}");
    }
}

#[tokio::test]
async fn of_two_processes_one_accepts_an_update() {
    let store = Store::in_memory().expect("opens");
    let [one, other] = [(); 2].map(|()| journal(Platform::Telegram, &store));
    let (first, second) = (job("1"), job("2"));
    let accepted = tokio::join!(
        one.accept(&first, Some("17")),
        other.accept(&second, Some("17"))
    );
    let accepted = [accepted.0, accepted.1].into_iter().flatten();
    let accepted: Vec<OpenJob> = accepted.collect();
    assert_eq!(accepted.len(), 1);
    one.close(&accepted[0]).await.expect("written");
    assert!(one.accept(&first, Some("17")).await.is_none(), "handled");
    assert!(interrupted(&one).await.is_empty());
}

#[tokio::test]
async fn open_requests_are_resumed_by_their_own_adapter() {
    let directory = tempfile::tempdir().expect("a directory");
    {
        let telegram = journal(Platform::Telegram, &reopen(directory.path()));
        let closed = telegram.accept(&job("1"), Some("17")).await;
        telegram
            .close(&closed.expect("accepted"))
            .await
            .expect("written");
        let open = telegram.accept(&job("2"), Some("18")).await;
        let open = open.expect("accepted");
        telegram
            .accept(&job("3"), None)
            .await
            .expect("accepted without an update");
        let moved = Job {
            place: Value::from(5),
            ..job("2")
        };
        telegram.update(&open, &moved).await.expect("written");
        assert!(interrupted(&telegram).await.is_empty(), "still answered");
    }

    let store = reopen(directory.path());
    let telegram = journal(Platform::Telegram, &store);
    assert!(!telegram.first_time("18").await, "claimed with its request");
    assert!(
        interrupted(&journal(Platform::Discord, &store))
            .await
            .is_empty()
    );
    let mut resumed = interrupted(&telegram).await;
    resumed.sort_by(|a, b| a.job.id.cmp(&b.job.id));
    let places: Vec<_> = resumed
        .iter()
        .map(|resumed| (resumed.job.id.as_str(), &resumed.job.place))
        .collect();
    assert_eq!(places, [("2", &Value::from(5)), ("3", &Value::Null)]);

    for resumed in resumed {
        let open = resumed.open.expect("not resumed yet");
        telegram.close(&open).await.expect("written");
    }
    assert!(interrupted(&telegram).await.is_empty());
}

#[test]
fn a_pasted_message_is_not_written_to_disk() {
    let short = Input::Text("/mx example.com".into());
    assert_eq!(keepable(&short), Some(short));
    assert_eq!(keepable(&Input::Text("x".repeat(5000))), None);
}
