//! What holds for jobs that several replicas share.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use netvane_core::store::{Agenda, CALLBACK_DELIVERIES, CALLBACK_LOOKUPS, CHAT_TELEGRAM, Due};
use tokio::time::timeout;

use crate::{
    replica::{self, Replica},
    servers::Servers,
};

const SECOND: Duration = Duration::from_secs(1);

/// Takes the next job of a replica, if there is one within this time.
async fn take(replica: &Replica, within: Duration) -> Option<Due> {
    let agenda = replica.store.agenda();
    let taken = replica.run(async move { timeout(within, agenda.take(&CALLBACK_LOOKUPS)).await });
    taken.await.expect("no panic").ok()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: tests/run"]
async fn a_job_is_given_out_when_it_is_due_until_it_is_done() {
    let servers = Servers::start(1);
    let (one, two) = (
        Replica::start(&servers.urls()).await,
        Replica::start(&servers.urls()).await,
    );
    let agenda = one.store.agenda();
    let add = async |id: &str, delay| agenda.add(&CALLBACK_LOOKUPS, id, "ann", delay).await;
    assert_eq!(add("now", Duration::ZERO).await, Ok(true));
    assert_eq!(add("now", Duration::ZERO).await, Ok(false));
    assert_eq!(add("later", 2 * SECOND).await, Ok(true));
    let added = Instant::now();

    let due = take(&two, 5 * SECOND).await.expect("due");
    assert_eq!((due.id(), due.owner()), ("now", "ann"));
    due.postpone(SECOND).await.expect("written");
    let postponed = Instant::now();

    let again = take(&two, 5 * SECOND).await.expect("due again");
    assert_eq!(again.id(), "now");
    assert!(postponed.elapsed() >= SECOND - Duration::from_millis(50));
    again.done().await.expect("written");

    let later = take(&two, 5 * SECOND).await.expect("due");
    assert_eq!(later.id(), "later");
    assert!(added.elapsed() >= 2 * SECOND - Duration::from_millis(50));
    later.done().await.expect("written");
    assert_eq!(add("now", Duration::ZERO).await, Ok(true), "it was done");
    take(&two, 5 * SECOND)
        .await
        .expect("due")
        .done()
        .await
        .expect("written");
    assert!(take(&two, 3 * SECOND).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: tests/run"]
async fn a_job_that_began_here_is_given_to_nobody_else_until_its_replica_ends() {
    let servers = Servers::start(1);
    let (mut one, two) = (
        Replica::start(&servers.urls()).await,
        Replica::start(&servers.urls()).await,
    );
    let begin = async |replica: &Replica, id: &'static str| {
        let begun = replica
            .store
            .agenda()
            .begin(&CALLBACK_LOOKUPS, id, "ann")
            .await;
        begun.expect("written")
    };
    let held = begin(&one, "held").await.expect("begun");
    assert!(begin(&two, "held").await.is_none());
    assert!(begin(&one, "held").await.is_none());
    let ended = begin(&one, "ended").await.expect("begun");
    let put_off = begin(&one, "put off").await.expect("begun");

    // The other replica is given them at once, and puts them off.
    assert!(take(&two, 8 * SECOND).await.is_none());
    assert!(held.alive());
    ended.done().await.expect("written");
    put_off.postpone(SECOND).await.expect("written");
    let due = take(&two, 8 * SECOND).await.expect("put off");
    assert_eq!(due.id(), "put off");
    due.done().await.expect("written");
    assert!(begin(&two, "ended").await.is_some(), "it was done");

    one.kill();
    let killed = Instant::now();
    let due = take(&two, 30 * SECOND).await.expect("taken over");
    assert_eq!(due.id(), "held");
    assert!(killed.elapsed() < 12 * SECOND, "{:?}", killed.elapsed());
    due.done().await.expect("written");
    drop(held);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: tests/run"]
async fn a_job_of_a_killed_replica_is_given_out_again() {
    let servers = Servers::start(1);
    let (mut one, two) = (
        Replica::start(&servers.urls()).await,
        Replica::start(&servers.urls()).await,
    );
    let agenda = one.store.agenda();
    let added = agenda.add(&CALLBACK_LOOKUPS, "a", "ann", Duration::ZERO);
    assert_eq!(added.await, Ok(true));
    let held = take(&one, 5 * SECOND).await.expect("due");

    // Worked on for longer than the servers wait without a word.
    assert!(take(&two, 40 * SECOND).await.is_none());
    assert!(held.alive());
    one.kill();
    let due = take(&two, 45 * SECOND).await.expect("given out again");
    assert_eq!(due.id(), "a");
    due.done().await.expect("written");
    drop(held);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: tests/run"]
async fn jobs_are_handed_over_at_the_end_of_a_replica() {
    let servers = Servers::start(1);
    let (one, two) = (
        Replica::start(&servers.urls()).await,
        Replica::start(&servers.urls()).await,
    );
    let agenda = one.store.agenda();
    let begun = agenda.begin(&CALLBACK_LOOKUPS, "begun", "ann").await;
    assert!(begun.expect("written").is_some());
    let added = agenda.add(&CALLBACK_LOOKUPS, "pulled", "bob", Duration::ZERO);
    assert_eq!(added.await, Ok(true));
    let held = take(&one, 5 * SECOND).await.expect("due");
    assert_eq!(held.id(), "pulled");

    let store = one.store.clone();
    one.run(async move { store.hand_over().await })
        .await
        .expect("no panic");
    let handed_over = Instant::now();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let due = take(&two, 5 * SECOND).await.expect("handed over");
        ids.push(due.id().to_owned());
        due.done().await.expect("written");
    }
    ids.sort();
    assert_eq!(ids, ["begun", "pulled"]);
    assert!(
        handed_over.elapsed() < 2 * SECOND,
        "{:?}",
        handed_over.elapsed()
    );
}

/// Ends all jobs that a replica is given, and lists them.
async fn work(agenda: Agenda, done: Arc<Mutex<Vec<String>>>) {
    loop {
        let due = agenda.take(&CALLBACK_DELIVERIES).await;
        let id = due.id().to_owned();
        // What cannot be said now is repeated; meanwhile nobody else is given the job.
        let _ = due.done().await;
        done.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: tests/run"]
async fn what_was_done_is_not_given_out_again_while_the_leader_is_killed() {
    let mut servers = Servers::start(3);
    let replicas = replica::start(3, &servers.urls()).await;
    let done = Arc::new(Mutex::new(Vec::new()));
    for replica in &replicas {
        drop(replica.run(work(replica.store.agenda(), done.clone())));
    }

    let agenda = replicas[0].store.agenda();
    let mut expected = Vec::new();
    for number in 0..300 {
        if number % 100 == 50 {
            let leader = servers.leader("nv-agenda").await;
            servers.kill(leader);
            tokio::time::sleep(SECOND).await;
            servers.launch(leader);
        }
        let id = format!("job {number}");
        let owner = format!("host {}", number % 40);
        let delay = Duration::from_millis(number % 7 * 300);
        let mut added = agenda.add(&CALLBACK_DELIVERIES, &id, &owner, delay).await;
        while added.is_err() {
            tokio::time::sleep(Duration::from_millis(200)).await;
            added = agenda.add(&CALLBACK_DELIVERIES, &id, &owner, delay).await;
        }
        expected.push(id);
    }

    let list = || done.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let end = Instant::now() + 60 * SECOND;
    while list().len() < expected.len() && Instant::now() < end {
        tokio::time::sleep(SECOND).await;
    }
    // Longer than the servers wait for the end of a job.
    tokio::time::sleep(35 * SECOND).await;
    let mut done = list();
    done.sort();
    expected.sort();
    assert_eq!(done, expected);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: tests/run"]
async fn a_job_that_nobody_holds_is_taken_over_by_the_one_who_begins_it() {
    let servers = Servers::start(1);
    let (one, two) = (
        Replica::start(&servers.urls()).await,
        Replica::start(&servers.urls()).await,
    );
    let agenda = two.store.agenda();
    let added = agenda.add(&CHAT_TELEGRAM, "a", "ann", 2 * SECOND);
    assert_eq!(added.await, Ok(true));
    let begun = one.store.agenda().begin(&CHAT_TELEGRAM, "a", "ann").await;
    let begun = begun.expect("written").expect("begun");
    let agenda = two.store.agenda();
    let other = two.run(async move { timeout(8 * SECOND, agenda.take(&CHAT_TELEGRAM)).await });
    assert!(other.await.expect("no panic").is_err(), "it is held");
    begun.done().await.expect("written");
}
