//! The state of a service: its migration, what operators see of it, and files that cannot be used.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use netvane_tests::{
    Everything, Finished, Netvane, Receiver, Scratch, Service,
    everything::{SECRET, call_back, taken},
    until,
};
use serde_json::{Value, json};

/// State that commit c46cf30 left behind when it was killed: a callback that waits for its second
/// attempt, one whose lookup was running, and entries that have expired since: the buttons of a
/// reply and an open request on Telegram.
const FIXTURE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/e2e/fixtures/state-c46cf30.redb.gz"
);

/// The receiver that the fixture's callbacks are for.
const RECEIVER: &str = "127.0.77.1:48123";
const WAITING: &str = "dlv_qb4vfvts6853lqa0kosrk4lbds";
const QUEUED: &str = "dlv_4p5651rrbjuuj26ah0amuhe6go";

/// A receiver that nobody listens for.
const UNREACHABLE: &str = "http://127.0.77.2:9/hook?token=CANARY";

fn unpack(directory: &Path) {
    let file = fs::File::create(directory.join("state.redb")).expect("created");
    let unpacked = Command::new("gzip")
        .args(["-dc", FIXTURE])
        .stdout(Stdio::from(file))
        .status();
    assert!(unpacked.expect("gzip runs").success());
}

fn state(directory: &Path, arguments: &[&str]) -> Finished {
    let all = ["state"].iter().chain(arguments);
    Netvane::new(all)
        .env("NETVANE__STATE__DIRECTORY", directory)
        .run()
}

/// Entries of a bucket, as `netvane state list --json` shows them.
fn entries(directory: &Path, bucket: &str) -> u64 {
    let listed = state(directory, &["list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let buckets = listed["buckets"].as_array().expect("a list");
    let bucket = buckets.iter().find(|usage| usage["bucket"] == bucket);
    bucket.expect("a bucket")["entries"]
        .as_u64()
        .expect("a number")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

fn callbacks(directory: &Path, dns: &str) -> Service {
    Service::start(&[
        ("NETVANE__DNS__SERVERS", dns),
        (
            "NETVANE__STATE__DIRECTORY",
            directory.to_str().expect("a path"),
        ),
        ("NETVANE__POLICY__ALLOW", "127.0.0.0/8"),
        ("NETVANE__HTTP__CALLBACK_SECRET", SECRET),
        ("NETVANE__HTTP__CALLBACK_RETRY_SECONDS", "0,3600,3600"),
    ])
}

#[test]
fn state_of_an_older_version_is_migrated() {
    let world = Everything::default();
    let directory = world.state.path();
    unpack(directory);

    let exported = directory.join("export.jsonl");
    let output = state(directory, &["export", exported.to_str().expect("a path")]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(
        (mode(&exported), mode(&directory.join("state.redb"))),
        (0o600, 0o600)
    );
    let export = fs::read_to_string(&exported).expect("readable");
    for part in [
        r#"{"netvane_state":2}"#,
        "http://127.0.77.1:48123/hook?token=CANARY",
        r#""kind":"callback-lookups""#,
    ] {
        assert!(export.contains(part), "{part} in {export}");
    }
    assert!(!export.contains(SECRET));

    let receiver = Receiver::listen(RECEIVER);
    let service = callbacks(directory, &world.dns.address.to_string());
    // Both are due: the second attempt of one was planned for an hour after the file was written.
    let mut arrived = [receiver.next(), receiver.next()].map(|message| {
        message.verified(SECRET);
        let id = message.header("webhook-id").to_owned();
        message.answer("200 OK", &[]);
        id
    });
    arrived.sort();
    assert_eq!(arrived, [QUEUED, WAITING]);
    for id in [QUEUED, WAITING] {
        until("the callbacks are delivered", || {
            service.get(&format!("/v1/deliveries/{id}")).json()["state"] == "delivered"
        });
    }
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn operators_list_move_and_purge_the_state() {
    let world = Everything::default();
    let directory = world.state.path();
    let service = callbacks(directory, &world.dns.address.to_string());
    taken(&service, "a example.test", UNREACHABLE);

    until("the server reports its usage", || {
        let listed = state(directory, &["list", "--json"]);
        listed.code == Some(0)
            && listed.stdout.contains("callbacks")
            && entries(directory, "callbacks") == 1
    });
    let listed = state(directory, &["list"]);
    assert!(
        listed
            .stdout
            .contains("As reported by the running server a few seconds ago"),
        "{}",
        listed.stdout
    );
    assert!(!listed.stdout.contains("CANARY"));
    let purged = state(directory, &["purge", "callbacks"]);
    assert_eq!(purged.code, Some(2));
    assert!(
        purged
            .stderr
            .contains("state.redb: in use by a running server; stop it first"),
        "{}",
        purged.stderr
    );
    let status = service.command("status").json();
    assert!(
        status["data"]["state"]
            .to_string()
            .contains(r#""bucket":"callbacks""#),
        "{status}"
    );
    assert_eq!(service.stop(), Some(0));

    let (elsewhere, file) = (Scratch::new(), directory.join("export.jsonl"));
    let file = file.to_str().expect("a path");
    assert_eq!(state(directory, &["export", file]).code, Some(0));
    let again = state(directory, &["export", file]);
    assert!(
        again.stderr.contains("could not create"),
        "{}",
        again.stderr
    );
    let imported = state(elsewhere.path(), &["import", file]);
    assert!(
        imported
            .stdout
            .starts_with("Imported 4 entries and jobs; 0 existed"),
        "{}",
        imported.stdout
    );
    assert_eq!(entries(elsewhere.path(), "callbacks"), 1);

    assert!(
        state(directory, &["purge", "callback"])
            .stderr
            .contains("unknown bucket `callback`; expected one of callbacks, ")
    );
    assert_eq!(state(directory, &["purge"]).code, Some(2));
    assert_eq!(
        state(directory, &["purge", "--expired"]).stdout,
        "Removed 0 entries that had expired.\n"
    );
    assert_eq!(
        state(directory, &["purge", "callbacks"]).stdout,
        "Removed 1 entry from `callbacks`.\n"
    );
    assert_eq!(entries(directory, "callbacks"), 0);
    let none = Scratch::new();
    assert!(
        state(none.path(), &["list"])
            .stderr
            .contains("no state in ")
    );
}

#[test]
fn callbacks_are_accepted_once_the_state_can_be_opened() {
    let world = Everything::default();
    let directory = world.state.path().join("state");
    fs::write(&directory, "in the way").expect("written");
    let service = callbacks(&directory, &world.dns.address.to_string());
    let log = service.logged("state not available, trying again");
    assert!(log.contains("state.redb"), "the log names the file: {log}");
    assert_eq!(
        service.command("a example.test").status,
        200,
        "lookups go on"
    );
    assert_eq!(
        call_back(&service, "a example.test", UNREACHABLE).status,
        503
    );

    fs::remove_file(&directory).expect("removed");
    until("callbacks are accepted again", || {
        call_back(&service, "a example.test", UNREACHABLE).status == 202
    });
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn a_service_without_its_state_is_degraded_and_with_callbacks_not_ready() {
    let scratch = Scratch::new();
    let directory = scratch.path().to_str().expect("a path").to_owned();
    let place = ("NETVANE__STATE__DIRECTORY", directory.as_str());
    // A resolver that nothing is asked.
    let dns = ("NETVANE__DNS__SERVERS", "127.0.77.3:53");
    let owner = Service::start(&[place, dns]);
    let ready = owner.get("/readyz");
    assert!(!ready.text().contains("degraded"), "{}", ready.text());
    let metric = |service: &Service, value: &str| {
        let metrics = service.get("/metrics");
        let line = format!("netvane_degraded{{part=\"state\"}} {value}\n");
        assert!(metrics.text().contains(&line), "{}", metrics.text());
    };
    metric(&owner, "0");

    // The file belongs to the first service.
    let degraded = Service::start(&[place, dns]);
    let ready = degraded.get("/readyz");
    assert_eq!(ready.status, 200, "{}", ready.text());
    assert!(ready.text().contains("\ndegraded: "), "{}", ready.text());
    metric(&degraded, "1");
    let refused = Service::start(&[place, dns, ("NETVANE__HTTP__CALLBACK_SECRET", SECRET)]);
    assert_eq!(refused.get("/readyz").status, 503);

    drop(owner);
    until("the state can be opened", || {
        !degraded.get("/readyz").text().contains("degraded") || refused.get("/readyz").status == 200
    });
}

#[test]
fn a_damaged_state_is_moved_aside_and_reported() {
    let world = Everything::default();
    let directory = world.state.path();
    unpack(directory);
    let file = fs::File::options()
        .write(true)
        .open(directory.join("state.redb"));
    file.expect("there").set_len(100_000).expect("truncated");
    let service = callbacks(directory, &world.dns.address.to_string());
    let log = service.logged("state file unusable, moved aside");
    assert!(log.contains("state.redb.unusable-"), "{log}");
    assert_eq!(
        call_back(&service, "a example.test", UNREACHABLE).status,
        202
    );
}

/// Deliveries of the test below.
const DOUBLED: usize = 400;

/// An export in which every delivery waits for both stages, as a kill between them leaves it.
fn doubled(url: &str) -> String {
    let expires = 4_000_000_000_u64;
    let entry = |bucket: &str, key: &str, value: Value| json!({ "entry": { "bucket": bucket, "key": key, "expires": expires, "value": value } });
    let job = |kind: &str, id: &str| json!({ "job": { "kind": kind, "id": id, "owner": "127.0.0.1", "due": 0, "decided": 0 } });

    let mut lines = vec![json!({ "netvane_state": 2 })];
    for number in 0..DOUBLED {
        let id = format!("dlv_doubled{number:04}");
        let delivery = json!({
            "id": id, "command": "a", "url": url, "question": null, "state": "delivering",
            "created": "2026-01-02T03:04:05Z", "attempts": [], "next_attempt": "2026-01-02T03:04:05Z",
            "own": true,
        });
        lines.extend([
            entry("callbacks", &id, delivery),
            entry("callback-payloads", &id, json!("{}")),
            job("callback-lookups", &id),
            job("callback-deliveries", &id),
        ]);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_delivery_with_jobs_of_both_stages_ends_once() {
    let world = Everything::default();
    let directory = world.state.path();
    let file = directory.join("export.jsonl");
    fs::write(&file, doubled(&world.receiver.url("/"))).expect("written");
    let imported = state(directory, &["import", file.to_str().expect("a path")]);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);

    let service = callbacks(directory, &world.dns.address.to_string());
    let mut arrived = BTreeSet::new();
    while arrived.len() < DOUBLED {
        let message = world.receiver.next();
        message.verified(SECRET);
        let id = message.header("webhook-id").to_owned();
        assert!(arrived.insert(id), "delivered again after its 2xx");
        message.answer("200 OK", &[]);
    }
    until("nothing is left open", || {
        service
            .get("/metrics")
            .text()
            .contains("netvane_deliveries_open 0")
    });
    for id in &arrived {
        let status = service.get(&format!("/v1/deliveries/{id}")).json();
        assert_eq!(status["state"], "delivered", "{status}");
    }
    assert_eq!(service.stop(), Some(0));
    assert_eq!(entries(directory, "callbacks"), 0);
    assert_eq!(entries(directory, "callback-payloads"), 0);
    assert_eq!(entries(directory, "callbacks-ended"), DOUBLED as u64);
}
