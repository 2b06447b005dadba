//! `myua`: the client's own User-Agent and client hints.

use std::time::Duration;

use netvane_document::Failure;
use netvane_facts::ua::{self, read_hints};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{http_request, ua::Data};
use crate::{
    command::{Command, Context},
    spec::{Cost, Group, Spec},
};

/// What your own User-Agent and client hints say, and where they disagree.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MyUa {}

impl Command for MyUa {
    const SPEC: Spec = Spec {
        name: "myua",
        aliases: &[],
        group: Group::Request,
        examples: &["myua"],
        timeout: Duration::from_secs(2),
        cost: Cost::Free,
        sends: 0,
    };
    type Data = Data;
    const ABOUT_VISIT: bool = true;

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let http_request = http_request(cx)?;
        let text = http_request.header("user-agent").unwrap_or_default();
        let facts = ua::read(&text);
        let fields = http_request
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let hints = read_hints(fields, &facts);
        Ok(Data {
            truncated: text.len() > ua::MAX_READ,
            facts,
            hints,
        })
    }
}
