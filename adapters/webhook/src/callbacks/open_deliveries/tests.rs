use netvane_core::Credential;

use super::*;

fn at(address: [u8; 4]) -> Caller {
    Caller {
        address: Some(address.into()),
        ..Caller::default()
    }
}

fn with_key(name: &str) -> Caller {
    Caller {
        credential: Some(Credential::ApiKey(name.into())),
        ..at([192, 0, 2, 1])
    }
}

/// Takes places until one is refused.
fn take_all(open: &OpenDeliveries, caller: &Caller, held: &mut Vec<DeliverySlot>) -> (usize, u16) {
    let before = held.len();
    loop {
        match open.take(caller) {
            Ok(place) => held.push(place),
            Err(failure) => return (held.len() - before, failure.code().1),
        }
    }
}

#[test]
fn a_client_and_its_network_are_bounded() {
    let (open, mut held) = (OpenDeliveries::default(), Vec::new());
    for host in 0..10 {
        let taken = take_all(&open, &at([192, 0, 2, host]), &mut held);
        assert_eq!(taken, (MAX_PER_ADDRESS, 429));
    }
    let crowded = take_all(&open, &at([192, 0, 2, 99]), &mut held);
    assert_eq!(crowded, (0, 429), "the network is full");
    let other = take_all(&open, &at([192, 0, 3, 1]), &mut held);
    assert_eq!(other, (MAX_PER_ADDRESS, 429));

    drop(held);
    let counts = open.lock();
    assert_eq!((counts.all, counts.anonymous), (0, 0));
    assert!(counts.clients.is_empty() && counts.networks.is_empty());
}

#[test]
fn a_crowd_without_keys_leaves_places_to_every_key() {
    let (open, mut held) = (OpenDeliveries::default(), Vec::new());
    let mut refused = 0;
    for client in 0..20_000_u16 {
        let [high, low] = client.to_be_bytes();
        let (_, code) = take_all(&open, &at([198, high, low, 1]), &mut held);
        refused = code;
    }
    assert_eq!((held.len(), refused), (MAX_ANONYMOUS, 503));

    let greedy = take_all(&open, &with_key("greedy"), &mut held);
    assert_eq!(greedy, (MAX_PER_KEY, 429));
    let modest = take_all(&open, &with_key("modest"), &mut held);
    assert_eq!(modest, (MAX_OPEN - MAX_ANONYMOUS - MAX_PER_KEY, 503));
}

#[test]
fn restored_deliveries_count_for_their_client() {
    let open = OpenDeliveries::default();
    let client = at([192, 0, 2, 1]);
    let mut held: Vec<DeliverySlot> = (0..15).map(|_| open.restore(Some(&client))).collect();
    assert_eq!(take_all(&open, &client, &mut held), (5, 429));
    let own = Caller {
        own: true,
        ..client.clone()
    };
    assert!(open.take(&own).is_ok(), "the operator has no limit");
}
