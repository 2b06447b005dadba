//! `netvane agent`, `netvane agent new` and `netvane serve` at real NATS servers.

use std::{fs, net::TcpListener, time::Duration};

use netvane_core::vantage::Agents as _;
use netvane_tests::{Lab, Nats, Netvane, Scratch, Service};
use serde_json::json;
use tokio::runtime::Runtime;

use super::site::{self, question};

#[test]
#[ignore = "needs the lab: tests/run"]
fn a_server_that_is_too_old_ends_agent_and_serve_with_status_1() {
    let lab = Lab::nats();
    lab.enter();
    let nats = Nats::start_old(&lab);
    let serve = Netvane::new(["serve"])
        .env("NETVANE__HTTP__LISTEN", "127.0.0.1:0")
        .env("NETVANE__DNS__SERVERS", "127.0.0.1:53")
        .env("NETVANE__CLUSTER__NATS", nats.url())
        .env("NETVANE__CLUSTER__NKEY_FILE", nats.key("hub"));
    for program in [nats.agent("fra1"), serve] {
        let finished = program.run();
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(
            finished.stderr.contains("2.9.10") && finished.stderr.contains("2.11.16"),
            "{finished:?}"
        );
        assert!(finished.elapsed < Duration::from_secs(10), "{finished:?}");
    }
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn new_keys_and_permissions_are_accepted_by_the_server() {
    let lab = Lab::nats();
    lab.enter();
    let scratch = Scratch::new();
    let mut users = String::new();
    for (arguments, name) in [(vec!["--hub"], "hub"), (vec!["ber-1"], "ber-1")] {
        let file = scratch.path().join(format!("{name}.nk"));
        let new = || {
            let new = Netvane::new(["agent", "new"]).args(&arguments);
            new.arg("--file").arg(&file)
        };
        let text = new().run();
        let text = text.text();
        let block = text.split_once("{ nkey: ").expect("a block").1;
        users += &format!(
            "{{ nkey: {}\n",
            block.split("\n\n").next().expect("a block")
        );
        let again = new().run();
        assert_eq!(again.code, Some(2), "{again:?}");
        assert!(again.stderr.contains("exists"), "{again:?}");
        assert!(
            !text.contains(fs::read_to_string(&file).expect("a seed").trim()),
            "the seed is not shown"
        );
    }
    let configuration = scratch.file(
        "nats.conf",
        format!("authorization {{ users = [\n{users}] }}\n"),
    );
    let nats = Nats::start_with(&lab, configuration);

    let runtime = Runtime::new().expect("a runtime");
    let key = |name: &str| {
        scratch
            .path()
            .join(format!("{name}.nk"))
            .display()
            .to_string()
    };
    let hub = runtime.block_on(site::hub_with(&nats.url(), &key("hub")));
    let agent = nats.agent("fra1").env("NETVANE__AGENT__NAME", "ber-1");
    let _agent = agent
        .env("NETVANE__CLUSTER__NKEY_FILE", key("ber-1"))
        .spawn();
    netvane_tests::until("the agent is present", || {
        hub.list().iter().any(|agent| agent.name == "ber-1")
    });
    let asked = hub.ask(
        "ber-1",
        question("geo", json!({"target": "192.0.2.1"}), 5.0),
        Box::new(|_| {}),
    );
    assert!(runtime.block_on(asked).is_ok());
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn names_and_settings_that_cannot_be_used_are_usage_errors() {
    let lab = Lab::nats();
    lab.enter();
    let nats = Nats::start(&lab);
    for (program, reason) in [
        (Netvane::new(["agent", "new", "a.b"]), "a.b"),
        (Netvane::new(["agent", "new"]), "--hub"),
        (Netvane::new(["agent", "new", "x", "--hub"]), "--hub"),
        (
            nats.agent("fra1").env("NETVANE__AGENT__NAME", ""),
            "agent.name",
        ),
        (
            nats.agent("fra1").env("NETVANE__CLUSTER__NATS", ""),
            "cluster.nats",
        ),
        (
            nats.agent("fra1")
                .env("NETVANE__CLUSTER__NKEY_FILE", "/none"),
            "cluster.nkey_file",
        ),
    ] {
        let finished = program.run();
        assert_eq!(finished.code, Some(2), "{reason}: {finished:?}");
        assert!(finished.stderr.contains(reason), "{reason}: {finished:?}");
    }
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn a_service_starts_without_its_nats_servers_and_finds_them_later() {
    let lab = Lab::nats();
    lab.enter();
    let mut nats = Nats::start(&lab);
    nats.kill();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", "127.0.0.1:53"),
        ("NETVANE__CLUSTER__NATS", &nats.url()),
        ("NETVANE__CLUSTER__NKEY_FILE", &nats.key("hub")),
    ]);
    assert_eq!(service.command("geo 192.0.2.1").status, 200);
    netvane_tests::until("the loss is shown", || {
        service.get("/readyz").text().contains("nats down")
    });
    nats.start_again();
    netvane_tests::until("the servers are found", || {
        service.get("/readyz").text().contains("nats up")
    });
    let _fra1 = nats.start_agent("fra1");
    netvane_tests::until("the agent is counted", || {
        service.get("/metrics").text().contains("netvane_agents 1")
    });
    assert_eq!(service.stop(), Some(0));
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn agents_connect_over_tls_and_as_websocket_and_check_the_certificate() {
    let lab = Lab::nats();
    lab.enter();
    let scratch = Scratch::new();
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let tls = format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\" }}",
        lab.value("CERTIFICATE"),
        lab.value("CERTIFICATE_KEY")
    );
    // Included files are looked for beside the one that names them.
    fs::copy(lab.value("USERS_CONF"), scratch.path().join("users.conf")).expect("copied");
    let configuration = format!(
        "{tls}\nwebsocket {{ listen: \"127.0.0.1:{port}\"\n{tls} }}\ninclude \"users.conf\"\n"
    );
    let nats = Nats::start_with(&lab, scratch.file("nats.conf", configuration));
    let (over_tls, websocket) = (
        nats.url().replace("nats://", "tls://"),
        format!("wss://127.0.0.1:{port}"),
    );

    let runtime = Runtime::new().expect("a runtime");
    let ca = [lab.value("CA_FILE")];
    let hub = runtime.block_on(site::hub_that_trusts(&over_tls, &nats.key("hub"), &ca));
    for (agent, url) in [("fra1", &over_tls), ("sin1", &websocket)] {
        let netvane = || nats.agent(agent).env("NETVANE__CLUSTER__NATS", url);
        let running = netvane().env("NETVANE__TLS__CA_FILES", ca[0]).spawn();
        netvane_tests::until(&format!("{agent} is present"), || {
            hub.list()
                .iter()
                .any(|known| known.name == agent && known.is_present())
        });
        let geo = question("geo", json!({"target": "192.0.2.1"}), 5.0);
        let asked = hub.ask(agent, geo, Box::new(|_| {}));
        assert!(runtime.block_on(asked).is_ok(), "{agent}");
        running.signal("TERM");
        assert_eq!(running.finish().code, Some(0));

        // Without the lab's authority the certificate is not trusted.
        let distrustful = netvane().spawn();
        std::thread::sleep(Duration::from_secs(2));
        distrustful.signal("TERM");
        let finished = distrustful.finish();
        assert!(finished.stderr.contains("UnknownIssuer"), "{finished:?}");
        assert!(!finished.stderr.contains("adapter up"), "{finished:?}");
    }
}
