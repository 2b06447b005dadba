//! A NATS server, a hub in this process, and agents.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use netvane_core::{
    Engine,
    settings::Settings,
    vantage::{Agent, Agents as _, Question, Unanswered},
};
use netvane_nats::{Hub, Link, Role};
use netvane_tests::{Lab, Nats, PATIENCE};
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

/// Name of the user who asks, which agents must not learn.
pub(super) const CALLER: &str = "telegram:alice-4711";

/// The server, and the hub that asks. Everything is in the lab's namespace.
pub(super) struct Site {
    pub lab: Lab,
    pub nats: Nats,
    pub hub: Hub,
    pub runtime: Runtime,
}

impl Site {
    pub(super) fn start() -> Self {
        Self::start_with(Nats::start)
    }

    /// With a server that is started in this way.
    pub(super) fn start_with(server: impl FnOnce(&Lab) -> Nats) -> Self {
        let lab = Lab::nats();
        lab.enter();
        let nats = server(&lab);
        // Its threads are in the namespace of this one.
        let runtime = Runtime::new().expect("a runtime");
        let hub = runtime.block_on(hub(&nats));
        Self {
            lab,
            nats,
            hub,
            runtime,
        }
    }

    /// Waits until these agents, and no others, are present.
    #[track_caller]
    pub(super) fn wait_for(&self, names: &[&str]) {
        netvane_tests::until(&format!("{names:?} are present"), || {
            self.present() == names
        });
    }

    pub(super) fn present(&self) -> Vec<String> {
        let agents = self.hub.list();
        let present = agents.iter().filter(|agent| agent.is_present());
        present.map(|agent| agent.name.clone()).collect()
    }

    pub(super) fn agent(&self, name: &str) -> Arc<Agent> {
        let agents = self.hub.list();
        let agent = agents.into_iter().find(|agent| agent.name == name);
        agent.expect("a known agent")
    }

    /// Asks, and collects the partial data.
    pub(super) fn ask(&self, agent: &str, question: Question) -> Asked {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, started) = (seen.clone(), Instant::now());
        let asked = self.hub.ask(
            agent,
            question,
            Box::new(move |data| {
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(data)
            }),
        );
        let answer = self
            .runtime
            .block_on(async { tokio::time::timeout(PATIENCE, asked).await })
            .expect("an end");
        let progress = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        Asked {
            answer,
            progress,
            elapsed: started.elapsed(),
        }
    }
}

/// How a question ended.
#[derive(Debug)]
pub(super) struct Asked {
    pub answer: Result<Value, Unanswered>,
    pub progress: Vec<Value>,
    pub elapsed: Duration,
}

/// A hub that is connected.
pub(super) async fn hub(nats: &Nats) -> Hub {
    hub_with(&nats.url(), &nats.key("hub")).await
}

/// A hub that is connected to this server with this key.
pub(super) async fn hub_with(url: &str, key: &str) -> Hub {
    hub_that_trusts(url, key, &[]).await
}

/// A hub that trusts these further certificate authorities.
pub(super) async fn hub_that_trusts(url: &str, key: &str, ca_files: &[&str]) -> Hub {
    let mut settings = Settings::default();
    settings.tls.ca_files = ca_files.iter().map(|file| (*file).to_owned()).collect();
    settings.cluster.nats = vec![url.to_owned()];
    settings.cluster.nkey_file = key.to_owned();
    let engine = Engine::new(&settings).expect("an engine");
    let link = Link::open(&settings.cluster, Role::Hub, &engine)
        .await
        .expect("a link");
    let hub = Hub::start(link.clone()).await.expect("a hub");
    link.first_contact().await.expect("a server");
    hub
}

pub(super) fn question(command: &'static str, arguments: Value, seconds: f64) -> Question {
    let arguments: Map<String, Value> = arguments.as_object().expect("an object").clone();
    Question {
        command,
        arguments: Arc::new(arguments),
        deadline: Duration::from_secs_f64(seconds),
        caller: CALLER.to_owned(),
        fresh: false,
        units: 25,
    }
}

/// A ping of twenty requests in five seconds.
pub(super) fn long_ping(target: &str, seconds: f64) -> Question {
    let arguments = serde_json::json!({ "target": target, "count": 20, "protocol": "icmp" });
    question("ping", arguments, seconds)
}
