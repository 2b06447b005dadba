//! What holds for roles.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::{
    replica::{self, Replica},
    servers::Servers,
};

const ROLE: &str = "test";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: tests/run"]
async fn one_replica_at_a_time_holds_a_role() {
    let servers = Servers::start(3);
    let mut replicas = replica::start(3, &servers.urls()).await;
    let wait = |replica: &Replica, within: u64| {
        let state = replica.store.clone();
        replica
            .run(async move { timeout(Duration::from_secs(within), state.take_role(ROLE)).await })
    };
    let first = wait(&replicas[0], 5)
        .await
        .expect("no panic")
        .expect("free");
    let (second, third) = (wait(&replicas[1], 90), wait(&replicas[2], 25));
    // Longer than a lease: it is renewed.
    assert!(third.await.expect("no panic").is_err());
    assert!(
        timeout(Duration::from_millis(10), first.lost())
            .await
            .is_err()
    );

    let given_up = Instant::now();
    replicas[0].run(first.give_up()).await.expect("no panic");
    let held = second.await.expect("no panic").expect("handed over");
    assert!(
        given_up.elapsed() < Duration::from_secs(2),
        "{:?}",
        given_up.elapsed()
    );

    let third = wait(&replicas[2], 60);
    tokio::time::sleep(Duration::from_secs(6)).await;
    let killed = Instant::now();
    replicas[1].kill();
    drop(held);
    third.await.expect("no panic").expect("taken over");
    let after = killed.elapsed();
    assert!(after < Duration::from_secs(22), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: tests/run"]
async fn a_role_is_lost_before_it_is_free_for_others() {
    let mut servers = Servers::start(1);
    let replica = Replica::start(&servers.urls()).await;
    let state = replica.store.clone();
    let role = replica.run(async move { state.take_role(ROLE).await });
    let role = role.await.expect("no panic");
    servers.kill(0);
    let killed = Instant::now();
    timeout(Duration::from_secs(17), role.lost())
        .await
        .expect("lost");
    assert!(
        killed.elapsed() > Duration::from_secs(9),
        "{:?}",
        killed.elapsed()
    );
}
