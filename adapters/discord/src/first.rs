//! Initial responses to interactions, which Discord expects within 3 seconds.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use serenity::{http::Route, model::id::InteractionId};

use crate::{
    bot::{Bot, NAME},
    place::Spot,
    refused::{ALREADY_ACKNOWLEDGED, Refused},
    rest::File,
};

impl Bot {
    /// Sends the initial response to an interaction, of this interaction response type.
    pub(crate) async fn call_back(
        &self,
        spot: &Spot,
        kind: u8,
        data: Option<&Value>,
        files: &[File],
    ) -> Result<(), Refused> {
        let interaction_id = InteractionId::new(spot.id.max(1));
        let route = Route::InteractionResponse {
            interaction_id,
            token: &spot.token,
        };
        let mut body = json!({ "type": kind });
        if let Some(data) = data {
            body["data"] = data.clone();
        }
        self.rest
            .send(Method::POST, route, &body, files)
            .await
            .map(|_| ())
    }

    /// Sends the initial response and retries it for as long as Discord accepts one. Returns
    /// whether Discord accepted it.
    pub(crate) async fn acknowledge(&self, spot: &Spot, kind: u8, data: Option<&Value>) -> bool {
        for wait in [150, 400, 900, 0] {
            let wait = match self.call_back(spot, kind, data, &[]).await {
                Ok(()) => return true,
                Err(refused) if refused.code() == ALREADY_ACKNOWLEDGED => return true,
                Err(Refused::RateLimited { wait, .. }) => wait.min(Duration::from_millis(1500)),
                Err(Refused::Unreached(_) | Refused::Status { status: 500.., .. }) => {
                    Duration::from_millis(wait)
                }
                Err(refused) => {
                    tracing::warn!(adapter = NAME, %refused, "interaction response failed");
                    return false;
                }
            };
            tokio::time::sleep(wait).await;
        }
        tracing::warn!(adapter = NAME, "interaction response timed out");
        false
    }
}
