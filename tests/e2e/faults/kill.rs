//! SIGKILL at any moment: the next process completes what was accepted, and nothing is answered
//! twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use netvane_tests::{
    Dice, Everything, PATIENCE, Receiver, Service, discord,
    everything::{Over, SECRET, answered, labels, told, working},
    http::Client,
    telegram::{Asked, Fault, Limits, Message},
    until,
};
use serde_json::{Value, json};

const ROUNDS: usize = 8;

/// What arrived of one delivery.
#[derive(Default)]
struct Arrived {
    bodies: BTreeSet<Vec<u8>>,
    /// Whether the receiver responded with 200.
    taken: bool,
}

/// Receives deliveries until the test ends: every third is refused, every fifth is cut off.
fn receive(receiver: &Receiver, over: &AtomicBool) -> BTreeMap<String, Arrived> {
    let (mut all, mut count) = (BTreeMap::<String, Arrived>::new(), 0);
    while !over.load(Ordering::SeqCst) {
        let Some(message) = receiver.next_within(Duration::from_millis(50)) else {
            continue;
        };
        count += 1;
        message.verified(SECRET);
        let arrived = all
            .entry(message.header("webhook-id").to_owned())
            .or_default();
        arrived.bodies.insert(message.body.clone());
        match count {
            count if count % 5 == 0 => drop(message),
            count if count % 3 == 0 => message.answer("500 No", &[]),
            _ => {
                arrived.taken = true;
                message.answer("200 OK", &[]);
            }
        }
    }
    all
}

/// Sends requests with callbacks until the service is gone; returns the ids of the accepted ones.
fn promised(address: std::net::SocketAddr, url: &str, round: usize) -> Vec<String> {
    let Ok(probe) = std::net::TcpStream::connect(address) else {
        return Vec::new();
    };
    drop(probe);
    let mut client = Client::connect(address);
    let mut ids = Vec::new();
    for number in 0.. {
        let line = format!("a c{round}-{number}.example.test");
        let body = json!({ "command": line, "callback": url }).to_string();
        client.request(
            "POST /v1/commands",
            &[("Content-Type", "application/json")],
            body.as_bytes(),
        );
        let Ok(response) = client.response() else {
            break;
        };
        assert_eq!(response.status, 202, "{}", response.text());
        let body: Value = serde_json::from_slice(&response.body).expect("JSON");
        ids.push(body["id"].as_str().expect("an id").to_owned());
    }
    ids
}

/// Whether a message says that the reply may have been lost, with a button to try again.
fn in_doubt(message: &Message) -> bool {
    message.text.contains("restarted during this lookup")
        && message.buttons().any(|button| button.text == "Try again")
}

/// All requests on the chats so far, while the service is killed repeatedly.
struct Chats<'a> {
    world: &'a Everything,
    dice: Dice,
    on_telegram: Vec<Asked>,
    on_discord: Vec<discord::Asked>,
}

impl<'a> Chats<'a> {
    fn of(world: &'a Everything) -> Self {
        Self {
            world,
            dice: Dice::new(20_261_128),
            on_telegram: Vec::new(),
            on_discord: Vec::new(),
        }
    }

    /// Sends requests on both chats for a random time; on Discord only once this service is
    /// connected.
    fn ask_for_a_while(&mut self, round: usize) {
        let end = Instant::now() + Duration::from_millis(150) + self.dice.time(600);

        while Instant::now() < end {
            let number = self.on_telegram.len();
            let person = 1000 + i64::try_from(number).expect("few");
            let line = format!("/a t{number}.example.test");
            self.on_telegram
                .push(self.world.on_telegram(person).say(&line));

            if self.world.discord.sessions().0 > round && self.on_discord.len() < 90 {
                let number = u8::try_from(self.on_discord.len()).expect("few");
                let domain = format!("d{number}.example.test");
                let asked = self.world.on_discord(number, &domain);
                // Discord sends an event only once: one that the killed process had not read is
                // lost.
                asked.forget();
                self.on_discord.push(asked);
            }
            thread::sleep(self.dice.time(40));
        }
    }

    /// Checks that each request on Telegram got one reply, or one note that it may be lost; returns
    /// the number of notes.
    fn answered_once_on_telegram(&self) -> usize {
        let mut doubtful = 0;

        for asked in &self.on_telegram {
            let replies = asked.replies();
            let (answers, doubts) = (
                replies.iter().filter(|message| told(message)).count(),
                replies.iter().filter(|message| in_doubt(message)).count(),
            );
            assert!(
                answers <= 1 && doubts <= 1 && answers + doubts > 0,
                "{replies:#?}"
            );
            doubtful += doubts;
        }

        doubtful
    }

    fn answered_once_on_discord(&self) {
        for asked in &self.on_discord {
            let history = asked.history();
            let answers = history
                .iter()
                .filter(|moment| labels(&moment.message).contains(&"Raw"));
            let mut shown: Vec<String> = answers
                .map(|moment| moment.message["embeds"].to_string())
                .collect();
            shown.dedup();
            assert!(shown.len() <= 1, "{shown:#?}");
            assert_eq!(asked.followups().len(), 0);
        }
    }
}

/// Checks that the last service delivers everything accepted before, and leaves nothing open.
fn deliver_the_rest(service: &Service, promises: &[String]) {
    let end = Instant::now() + PATIENCE;
    let status = |id: &str| service.get(&format!("/v1/deliveries/{id}")).json();

    for id in promises {
        while status(id)["state"] != "delivered" {
            assert!(Instant::now() < end, "not delivered: {}", status(id));
            thread::sleep(Duration::from_millis(10));
        }
    }

    // Includes callbacks whose acceptance was not reported before the kill.
    until("nothing is left open", || {
        service
            .get("/metrics")
            .text()
            .contains("netvane_deliveries_open 0")
    });
}

/// Checks that all accepted callbacks were delivered, each with the same bytes every time.
fn all_came(promises: &[String], arrived: &BTreeMap<String, Arrived>) {
    assert!(
        promises.len() > ROUNDS,
        "{} callbacks were accepted",
        promises.len()
    );

    for id in promises {
        let arrived = arrived
            .get(id)
            .unwrap_or_else(|| panic!("{id} was promised and never came"));
        assert!(arrived.taken, "{id}");
    }

    assert!(
        arrived.values().all(|arrived| arrived.bodies.len() == 1),
        "the same bytes each time"
    );
}

/// Returns peers with a fake of Telegram that forgives the consequences of kills.
fn forgiving() -> Everything {
    let world = Everything::default();

    world
        .telegram
        .limits(Limits::none())
        .forgive("terminated by other getUpdates");

    // The next process may show once more what was already there.
    world.telegram.forgive("message is not modified");

    world
}

/// Checks both chats after the service was killed at random moments.
fn finish(world: Everything) {
    world.telegram.finish();

    // A kill between an interaction and its acknowledgement leaves nothing to reply to, which the
    // bot only notices by trying.
    let refused = world.discord.take_violations();

    assert!(
        refused.iter().all(|call| call.contains("Unknown Webhook")),
        "{refused:#?}"
    );
    world.discord.finish();
}

#[test]
fn kills_at_any_moment_lose_nothing_and_repeat_nothing() {
    let world = forgiving();
    let mut chats = Chats::of(&world);
    let (over, promises) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let arrived = thread::scope(|scope| {
        let ending = Over(&over);
        let receiver = scope.spawn(|| receive(&world.receiver, &over));

        for round in 0..ROUNDS {
            let service = world.serve(&[]);
            if round == 0 {
                world.connected(&service);
            }

            let (address, url) = (service.address, world.receiver.url("/"));
            let promises = &promises;

            scope.spawn(move || {
                let ids = promised(address, &url, round);
                promises.lock().expect("whole").extend(ids);
            });

            chats.ask_for_a_while(round);
            service.kill();
        }

        let service = world.serve(&[]);
        for asked in &chats.on_telegram {
            asked.wait_for(|message| told(message) || in_doubt(message));
        }

        let promised = promises.lock().expect("whole").clone();
        deliver_the_rest(&service, &promised);
        assert_eq!(service.stop(), Some(0));
        drop(ending);

        receiver.join().expect("everything that arrived was signed")
    });

    let promises = promises.into_inner().expect("whole");
    all_came(&promises, &arrived);
    let (updates, interactions) = (chats.on_telegram.len(), chats.on_discord.len());
    assert!(updates > ROUNDS, "{updates} updates");
    let doubtful = chats.answered_once_on_telegram();
    chats.answered_once_on_discord();

    println!(
        "{} callbacks, {updates} updates of Telegram ({doubtful} in doubt), {interactions} interactions",
        promises.len()
    );

    finish(world);
}

#[test]
fn a_reply_in_transit_at_a_kill_is_not_sent_again() {
    let world = Everything::default();
    let service = world.serve(&[]);
    world.connected(&service);
    let ann = world.on_telegram(42);

    // Telegram shows it, but the program does not get the response.
    world.telegram.fault("sendMessage", Fault::Lose, 1);
    let asked = ann.say("/a example.test");
    asked.wait_for(told);
    service.kill();
    world.telegram.forgive("terminated by other getUpdates");
    let service = world.serve(&[]);
    let doubt = asked.wait_for(in_doubt);

    assert_eq!(
        asked
            .replies()
            .iter()
            .filter(|message| told(message))
            .count(),
        1
    );

    ann.press(&doubt, "Try again").answer();
    ann.wait_for(|message| told(message) && message.id > doubt.id);

    // The note is sent only once: the next process does not repeat it.
    assert_eq!(service.stop(), Some(0));
    let service = world.serve(&[]);
    ann.say("/a mail1.example.test").wait_for(told);
    assert_eq!(
        ann.messages()
            .iter()
            .filter(|message| in_doubt(message))
            .count(),
        1
    );

    assert_eq!(service.stop(), Some(0));
    world.telegram.finish();
    world.discord.finish();
}

#[test]
fn a_discord_reply_in_transit_at_a_kill_stays_one_message() {
    let world = Everything::default();
    let service = world.serve(&[]);
    world.connected(&service);
    world.dns.hold("example.test. A");
    let asked = world.on_discord(1, "example.test");
    working(&asked);
    // Its location is on disk once another lookup has been answered.
    answered(&world.on_discord(2, "mail1.example.test"));
    world
        .discord
        .lose_answer("PATCH /webhooks/*/*/messages/@original", 1);
    world.dns.release("example.test. A");
    answered(&asked);
    service.kill();
    let service = world.serve(&[]);
    world.discord.wait_for_identified(2);
    answered(&world.on_discord(3, "mail2.example.test"));
    assert_eq!(asked.followups().len(), 0);
    assert_eq!(service.stop(), Some(0));
    world.telegram.finish();
    world.discord.finish();
}

#[test]
fn a_request_for_a_link_is_resumed_with_a_new_link() {
    let world = Everything::default();
    let public = [("NETVANE__HTTP__PUBLIC_URL", "https://netvane.example")];
    let mut service = world.serve(&public);
    world.connected(&service);
    let link = |message: &Message| message.buttons().find_map(|button| button.url.clone());

    let asked = world.on_telegram(42).say("/myip");
    let invitation = asked.wait_for(|message| link(message).is_some());
    let mut last = link(&invitation);
    for round in 0..5 {
        // The message's location is persisted once another lookup has been answered.
        let other = world.on_telegram(42).say("/a example.test");
        other.wait_for(told);
        service.kill();
        world.telegram.forgive("terminated by other getUpdates");
        service = world.serve(&public);
        let renewed = asked.wait_for(|message| {
            let new = link(message);
            assert!(!message.text.contains("netvane serve"), "{}", message.text);
            new.is_some() && new != last
        });
        assert_eq!(renewed.id, invitation.id, "round {round}: the same message");
        last = link(&renewed);
    }

    assert_eq!(service.stop(), Some(0));
    finish(world);
}
