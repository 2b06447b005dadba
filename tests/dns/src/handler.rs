//! The handler of the server: records each query, waits if it is held, and answers from the zone.

use std::sync::{Arc, PoisonError, RwLock};

use hickory_server::{
    net::runtime::{Time, TokioRuntimeProvider},
    proto::{rr::Name, serialize::txt::Parser},
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo},
    store::in_memory::InMemoryZoneHandler,
    zone_handler::{AxfrPolicy, Catalog, ZoneType},
};
use tokio::sync::watch;

use crate::Held;

pub(crate) struct Handler {
    pub(crate) catalog: Arc<RwLock<Arc<Catalog>>>,
    pub(crate) asked: watch::Sender<Vec<String>>,
    pub(crate) held: watch::Sender<Held>,
}

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        response: R,
    ) -> ResponseInfo {
        if let Ok(info) = request.request_info() {
            let question = format!("{} {}", info.query.name(), info.query.query_type());
            self.asked.send_modify(|asked| asked.push(question.clone()));
            // An error means that the test has ended.
            let _ = self
                .held
                .subscribe()
                .wait_for(|held| !held(&question))
                .await;
        }

        let catalog = self
            .catalog
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        catalog.handle_request::<R, T>(request, response).await
    }
}

/// Builds the catalog with the zone.
pub(crate) fn catalog(origin: &Name, zone: &str) -> Catalog {
    let (_, records) = Parser::new(zone, None, Some(origin.clone()))
        .parse()
        .expect("a zone");
    let zone = InMemoryZoneHandler::<TokioRuntimeProvider>::new(
        origin.clone(),
        records,
        ZoneType::Primary,
        AxfrPolicy::Deny,
        None,
    );

    let mut catalog = Catalog::new();
    catalog.upsert(origin.clone().into(), vec![Arc::new(zone.expect("a zone"))]);
    catalog
}
