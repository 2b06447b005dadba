use std::time::Duration;

use futures::FutureExt;

use super::*;

fn client(name: &str) -> SlotClient {
    SlotClient {
        name: name.into(),
        keyed: false,
    }
}

fn keyed(name: &str) -> SlotClient {
    SlotClient {
        keyed: true,
        ..client(name)
    }
}

/// Acquires a slot if there is one at this moment.
fn now(slots: &FairSlots, client: &SlotClient) -> Option<Slot> {
    slots.acquire(client).now_or_never()
}

/// Charges a client for this many seconds, as if it had held a slot.
fn charge(slots: &FairSlots, client: &SlotClient, seconds: f64) {
    let mut slot = now(slots, client).expect("a slot");
    slot.since -= seconds;
}

/// Takes slots for new clients until none is left.
fn fill(slots: &FairSlots) -> Vec<Slot> {
    (0..)
        .map_while(|n| now(slots, &client(&format!("new {n}"))))
        .collect()
}

#[tokio::test]
async fn greedy_clients_leave_half_of_the_slots() {
    let slots = FairSlots::new(16, false);
    let greedy: Vec<_> = (0..100).map(|n| client(&n.to_string())).collect();
    greedy
        .iter()
        .for_each(|client| charge(&slots, client, 100.0));
    let held: Vec<_> = greedy
        .iter()
        .filter_map(|client| now(&slots, client))
        .collect();
    assert_eq!(held.len(), 8);

    assert!(slots.is_held_back(&greedy[0]));
    assert!(!slots.is_held_back(&client("modest")));
    assert_eq!(fill(&slots).len(), 8);
}

#[tokio::test]
async fn a_slot_goes_to_the_waiting_client_with_the_least_charge() {
    let slots = FairSlots::new(2, false);
    let (greedy, modest) = (client("greedy"), client("modest"));
    charge(&slots, &greedy, 50.0);
    let held = fill(&slots);
    assert_eq!(held.len(), 2);

    let mut first = Box::pin(slots.acquire(&greedy));
    assert!(first.as_mut().now_or_never().is_none());
    let mut second = Box::pin(slots.acquire(&modest));
    assert!(second.as_mut().now_or_never().is_none());

    let mut held = held.into_iter();
    drop(held.next());
    assert!(first.as_mut().now_or_never().is_none());
    let modest = second.now_or_never().expect("it has the least charge");
    drop(held.next());
    drop(modest);
    assert!(first.now_or_never().is_some());
}

#[tokio::test]
async fn clients_with_a_key_have_slots_of_their_own() {
    let slots = FairSlots::new(16, true);
    assert_eq!(fill(&slots).len(), 14);
    let held = fill(&slots);
    assert_eq!(held.len(), 14);
    let one = now(&slots, &keyed("ops"));
    let two = now(&slots, &keyed("ops"));
    assert!(one.is_some() && two.is_some());
    assert!(now(&slots, &keyed("ops")).is_none());
}

#[tokio::test]
async fn a_place_in_the_queue_ends_with_its_request() {
    let slots = FairSlots::new(1, false);
    let held = now(&slots, &client("a")).expect("a slot");
    for _ in 0..1000 {
        assert!(now(&slots, &client("b")).is_none());
    }
    let waiting = |slots: &FairSlots| -> usize {
        let queues = slots.queues.lock().expect("a lock");
        queues.waiting()
    };
    assert_eq!(waiting(&slots), 0);
    drop(held);
    assert!(now(&slots, &client("c")).is_some());
}

#[tokio::test]
async fn a_slot_that_is_granted_to_a_request_that_has_ended_is_not_lost() {
    let slots = FairSlots::new(1, false);
    let held = now(&slots, &client("a")).expect("a slot");
    let gone = client("b");
    let mut left = Box::pin(slots.acquire(&gone));
    assert!(left.as_mut().now_or_never().is_none());
    drop(held);
    // The slot was sent, but its request ends before it takes it.
    drop(left);
    assert!(now(&slots, &gone).is_some());
}

/// Greedy clients always have lookups waiting; a modest one has one at a time.
#[tokio::test]
async fn a_modest_client_is_as_fast_among_a_hundred_greedy_ones() {
    const LOOKUP: Duration = Duration::from_millis(10);
    let slots = FairSlots::new(32, false);
    let modest = client("modest");
    let measure = async || {
        let mut waits = Vec::new();
        for _ in 0..40 {
            let began = Instant::now();
            let slot = slots.acquire(&modest).await;
            waits.push(began.elapsed());
            tokio::time::sleep(LOOKUP).await;
            drop(slot);
        }
        waits.sort();
        waits
    };

    let crowd: Vec<_> = (0..800)
        .map(|n| {
            let (slots, client) = (slots.clone(), client(&format!("greedy {}", n % 100)));
            tokio::spawn(async move {
                loop {
                    let _slot = slots.acquire(&client).await;
                    tokio::time::sleep(LOOKUP * 20).await;
                }
            })
        })
        .collect();
    // Each of them has used its share by then.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let waits = measure().await;
    crowd.iter().for_each(|task| task.abort());

    let (median, worst) = (waits[20], waits[39]);
    assert!(median <= LOOKUP, "{median:?}");
    assert!(worst <= LOOKUP * 4, "{worst:?}");
}
