//! `ptr`: the names of an address (PTR records).

use domain::base::Rtype;
use netvane_document::Failure;
use netvane_facts::target::{Address, reverse_name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Comparison, Context, Next, Short},
    commands::dns::lookup::{Lookup, answer_values, look_up_explained},
    spec::{Cost, Group, Spec},
};

/// Names of an address (PTR records).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ptr {
    /// The IP address to look up.
    address: Address,
}

impl Command for Ptr {
    const SPEC: Spec = Spec {
        name: "ptr",
        aliases: &[],
        group: Group::Dns,
        examples: &["ptr 192.0.2.1", "ptr 2001:db8::1"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 16 << 10,
    };
    type Data = Lookup;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("reverse"),
        Next::target("ip"),
        Next::target("whois"),
        Next::target("blocklist"),
    ];
    const SHORT: Short = Short::Values(answer_values);
    const COMPARES: Option<Comparison> = Some(super::record::comparison("ptr"));

    async fn run(self, cx: &Context) -> Result<Lookup, Failure> {
        let client = cx.net.dns.client(None).await?;
        Ok(
            look_up_explained(cx, &client, &reverse_name(self.address.0), Rtype::PTR)
                .await?
                .lookup,
        )
    }
}
