//! A full disk: only what cannot be persisted is refused, and nothing that was accepted before is
//! lost.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use netvane_tests::{
    Disk, Dns, Everything, Receiver, Service,
    everything::{Over, SECRET, answered, call_back, taken, told},
    telegram::{Asked, Limits},
    until,
};
use serde_json::{Value, json};

/// Log line that reports the full disk once, however many requests fail.
const TROUBLE: &str = "could not persist state; a restart would lose changes";

/// Sends requests with callbacks until one is refused, which must be with 503; returns the ids of
/// the accepted ones.
#[track_caller]
fn until_refused(service: &Service, url: &str) -> Vec<String> {
    let mut ids = Vec::new();

    for number in 0..2000 {
        let response = call_back(service, &format!("a full{number}.example.test"), url);

        if response.status == 202 {
            let body: Value = serde_json::from_slice(&response.body).expect("JSON");
            ids.push(body["id"].as_str().expect("an id").to_owned());
            continue;
        }

        let problem = response.problem();

        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(503), &json!("unavailable")),
            "{problem}"
        );

        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(
            detail.contains("callbacks cannot be stored at the moment"),
            "{problem}"
        );
        assert!(
            response
                .header("retry-after")
                .parse::<u64>()
                .is_ok_and(|seconds| seconds > 0),
            "{response:?}"
        );

        return ids;
    }

    panic!("a full disk took {} callbacks", ids.len());
}

/// Sends requests with a callback until one is accepted; returns its id.
#[track_caller]
fn taken_again(service: &Service, url: &str) -> String {
    let mut id = None;
    until("a callback is taken again", || {
        let response = call_back(service, "a example.test", url);
        if response.status == 202 {
            let body: Value = serde_json::from_slice(&response.body).expect("JSON");
            id = body["id"].as_str().map(str::to_owned);
        }
        id.is_some()
    });
    id.expect("taken")
}

#[track_caller]
fn delivered(service: &Service, id: &str) {
    until(&format!("{id} is delivered"), || {
        service.get(&format!("/v1/deliveries/{id}")).json()["state"] == "delivered"
    });
}

/// Accepts deliveries until the test ends; returns their ids.
fn receive(receiver: &Receiver, over: &AtomicBool) -> BTreeSet<String> {
    let mut arrived = BTreeSet::new();
    while !over.load(Ordering::SeqCst) {
        let Some(message) = receiver.next_within(Duration::from_millis(50)) else {
            continue;
        };
        message.verified(SECRET);
        arrived.insert(message.header("webhook-id").to_owned());
        message.answer("200 OK", &[]);
    }
    arrived
}

/// A service whose state is on a disk of its own, with the callbacks that it has accepted.
struct OnDisk<'a> {
    disk: &'a Disk,
    world: &'a Everything,
    url: String,
    promised: Vec<String>,
}

impl OnDisk<'_> {
    fn serve(&self) -> Service {
        self.world
            .serve(&[("NETVANE__STATE__DIRECTORY", self.disk.text())])
    }

    fn ask(&self, number: i64, domain: &str) -> Asked {
        let asked = self.world.on_telegram(number).say(&format!("/a {domain}"));
        asked.wait_for(told);
        asked
    }

    fn all_delivered(&self, service: &Service) {
        self.promised.iter().for_each(|id| delivered(service, id));
    }

    fn fill_until_refused(&mut self, service: &Service) {
        self.disk.fill();
        self.promised.extend(until_refused(service, &self.url));
    }

    fn free_until_taken(&mut self, service: &Service) {
        self.disk.free();
        self.promised.push(taken_again(service, &self.url));
    }

    /// Checks that all requests without a callback are answered while the disk is full.
    fn others_are_answered(&self, service: &Service) {
        for number in 1..6 {
            let domain = format!("n{number}.example.test");
            self.ask(42 + i64::from(number), &domain);
            answered(&self.world.on_discord(number, &domain));
            assert_eq!(
                service.command(&format!("a h{domain}")).json()["data"]["rcode"],
                "NXDOMAIN"
            );
        }
    }

    /// Fills the disk of a running service, which logs that once, and frees it again; returns the
    /// last request.
    fn fill_and_free(&mut self, service: &Service) -> Asked {
        self.promised = vec![taken(service, "a example.test", &self.url)];
        self.all_delivered(service);
        let before = self.ask(41, "before.example.test");
        self.fill_until_refused(service);
        self.others_are_answered(service);

        // Updates seen before are recognized without the disk.
        before.resend();
        self.ask(60, "after.example.test");
        assert_eq!(before.replies().len(), 1);
        assert_eq!(service.get("/readyz").status, 200);

        // Log lines are buffered before they are written.
        service.logged(TROUBLE);
        assert_eq!(service.times_logged(TROUBLE), 1, "{}", service.log());
        assert!(service.times_logged("\"ERROR\"") <= 2, "{}", service.log());

        self.free_until_taken(service);
        service.logged("state file writable again");
        self.all_delivered(service);

        self.ask(70, "kept.example.test")
    }

    /// Starts the next service while the disk is full; it must still know what was stored before.
    fn go_on_with_a_full_disk(&mut self, kept: &Asked) {
        let service = self.serve();

        assert_eq!(
            service.command("a restarted.example.test").json()["data"]["rcode"],
            "NXDOMAIN"
        );
        until("both chats are connected", || {
            let ready = service.get("/readyz");
            ready.text().contains("discord up") && ready.text().contains("telegram up")
        });
        self.ask(71, "example.test");
        kept.resend();
        self.ask(72, "mail1.example.test");
        assert_eq!(
            kept.replies().len(),
            1,
            "updates stored before are recognized"
        );

        self.disk.free();
        self.all_delivered(&service);
        self.promised.push(taken_again(&service, &self.url));
        self.all_delivered(&service);
        assert_eq!(service.stop(), Some(0));
    }
}

#[test]
#[ignore = "a disk of its own takes root"]
fn a_full_disk_only_refuses_callbacks() {
    let disk = Disk::new(16 << 20);
    let world = Everything::default();

    world
        .telegram
        .limits(Limits::none())
        .forgive("terminated by other getUpdates");

    let mut stage = OnDisk {
        disk: &disk,
        world: &world,
        url: world.receiver.url("/"),
        promised: Vec::new(),
    };

    let over = AtomicBool::new(false);
    let arrived = thread::scope(|scope| {
        let end = Over(&over);
        let receiver = scope.spawn(|| receive(&world.receiver, &over));
        let service = stage.serve();
        world.connected(&service);
        let kept = stage.fill_and_free(&service);

        // Fill the disk again, and kill the service while it is full.
        stage.fill_until_refused(&service);
        service.kill();
        stage.go_on_with_a_full_disk(&kept);
        drop(end);

        receiver.join().expect("everything that arrived was signed")
    });

    assert!(
        stage.promised.iter().all(|id| arrived.contains(id)),
        "{:?} {arrived:?}",
        stage.promised
    );
    world.telegram.finish();
    world.discord.finish();
}

#[test]
#[ignore = "a disk of its own takes root"]
fn a_full_audit_disk_delays_nobody() {
    let (disk, dns) = (Disk::new(1 << 20), Dns::start());
    let server = dns.address.to_string();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__AUDIT__DIRECTORY", disk.text()),
    ]);
    let recorded = |domain: &str| {
        let files = std::fs::read_dir(disk.path())
            .into_iter()
            .flatten()
            .flatten();
        let all: String = files
            .filter(|file| file.file_name().to_string_lossy().starts_with("audit"))
            .filter_map(|file| std::fs::read_to_string(file.path()).ok())
            .collect();
        let whole = |line: &str| serde_json::from_str::<Value>(line).ok();
        all.lines()
            .filter_map(whole)
            .any(|record| record["arguments"]["domain"] == domain)
    };

    service.command("a first.example.test").json();
    until("the first is recorded", || recorded("first.example.test"));
    disk.fill();
    for number in 0..200 {
        let reply = service.command(&format!("a n{number}.example.test")).json();
        assert_eq!(reply["data"]["rcode"], "NXDOMAIN");
    }

    assert!(service.times_logged("\"ERROR\"") <= 2, "{}", service.log());
    disk.free();

    // Records that could not be written were kept until there was space.
    until("everything is recorded", || {
        (0..200).all(|number| recorded(&format!("n{number}.example.test")))
    });
    assert!(
        service
            .get("/metrics")
            .text()
            .contains("netvane_audit_lost_total 0")
    );

    service.logged("audit log writable again");
    assert_eq!(service.stop(), Some(0));
}
