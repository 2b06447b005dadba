//! A replica with a runtime of its own, so that it can end without warning.

use std::{sync::Arc, time::Duration};

use netvane_core::{Engine, settings::Settings, store::Store};
use netvane_nats::{Link, Role, State};
use tokio::runtime::Runtime;

pub(crate) struct Replica {
    runtime: Option<Runtime>,
    pub(crate) store: Store,
}

impl Replica {
    /// Connects, and waits until the state is there.
    pub(crate) async fn start(urls: &[String]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let mut settings = Settings::default();
        settings.cluster.nats = urls.to_vec();
        let started = runtime.spawn(async move {
            let engine = Engine::new(&settings).expect("an engine");
            let link = Link::open(&settings.cluster, Role::Hub, &engine)
                .await
                .expect("settings");
            let state = State::start(link, 0).await;
            let store = Store::shared(Arc::new(state));
            tokio::time::timeout(Duration::from_secs(60), store.opened())
                .await
                .expect("the state is there");
            store
        });
        let store = started.await.expect("no panic");
        Self {
            runtime: Some(runtime),
            store,
        }
    }

    /// Runs something on this replica.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.as_ref().expect("running").spawn(work)
    }

    /// Ends everything at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts so many replicas.
pub(crate) async fn start(count: usize, urls: &[String]) -> Vec<Replica> {
    let mut replicas = Vec::new();
    for _ in 0..count {
        replicas.push(Replica::start(urls).await);
    }
    replicas
}
