//! `dig`: raw DNS queries with the responses in dig format.

mod response;

use std::{borrow::Cow, time::Duration};

use domain::base::{Rtype, iana::OptRcode};
use futures::future::try_join_all;
use netvane_document::{Answer, Document, Failure, Severity, UsageError};
use netvane_facts::target::{DnsName, Host, IpVersion, Resolver, both_forms};
use netvane_net::dns::{Client, Question, Security, Validation, without_dot};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::{
    args::{ClientSubnet, Flag, Number, RecordType, RecordTypes},
    command::{Command, Comparison, Context, Next, Short, Subject},
    commands::dns::lookup::answer_values,
    spec::{Cost, Group, Spec},
};
pub(crate) use response::DigResponse;

/// Raw DNS query in dig format.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dig {
    /// The name to query; `.` is the root.
    name: DnsName,
    /// Record types by name or number, such as `MX`, `TYPE65` or `A,AAAA`; default `A`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r#type: Option<RecordTypes>,
    /// DNS server to query instead of the configured ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolver: Option<Resolver>,
    /// Request DNSSEC signatures and validate them.
    #[serde(default, skip_serializing_if = "Flag::is_unset")]
    dnssec: Flag,
    /// Query over TCP instead of UDP.
    #[serde(default, skip_serializing_if = "Flag::is_unset")]
    tcp: Flag,
    /// Query without recursion (RD=0).
    #[serde(default, skip_serializing_if = "Flag::is_unset")]
    norecurse: Flag,
    /// EDNS Client Subnet: the network to get the answer for (RFC 7871).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subnet: Option<ClientSubnet>,
    /// Ask for the server's identifier, NSID (RFC 5001).
    #[serde(default, skip_serializing_if = "Flag::is_unset")]
    nsid: Flag,
    /// Announced UDP payload size in bytes; default 1232.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bufsize: Option<Number<512, 4096>>,
    /// Query without EDNS (RFC 6891).
    #[serde(default, skip_serializing_if = "Flag::is_unset")]
    noedns: Flag,
    /// Query the server only over IPv4 or only over IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ipv: Option<IpVersion>,
}

/// The response, or one for each record type if there are several.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Data {
    /// Responses of several types, in the order of the types.
    Several {
        name: String,
        queries: Vec<DigResponse>,
    },
    /// The response of one type.
    One(Box<DigResponse>),
}

impl JsonSchema for Data {
    fn schema_name() -> Cow<'static, str> {
        "Dig".into()
    }

    fn inline_schema() -> bool {
        true
    }

    /// The schema of one response, with `queries` beside; only the name is always there.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = DigResponse::json_schema(generator);
        let mut queries = Vec::<DigResponse>::json_schema(generator);
        queries.insert(
            "description".into(),
            "Responses of several types, one each; then there are no other members but `name`."
                .into(),
        );
        if let Some(properties) = schema
            .get_mut("properties")
            .and_then(|properties| properties.as_object_mut())
        {
            properties.insert("queries".into(), queries.into());
        }
        schema.insert("required".into(), serde_json::json!(["name"]));
        schema
    }
}

impl Command for Dig {
    const SPEC: Spec = Spec {
        name: "dig",
        aliases: &[],
        group: Group::Dns,
        examples: &[
            "dig example.com MX",
            "dig example.com A AAAA",
            "dig . NS",
            "dig example.com TYPE65 dnssec",
            "dig example.com SOA resolver=9.9.9.9 tcp norecurse",
            "dig example.com subnet=192.0.2.0/24 nsid",
        ],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 64 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::domain("dns"),
        Next::target("propagation"),
        Next::target("delegation"),
        Next::domain("whois"),
        Next::about("ip", Subject::FirstAddress),
    ];
    const SHORT: Short = Short::Values(answer_values);
    const COMPARES: Option<Comparison> = Some(Comparison::values(
        super::lookup::matching_values,
        "record",
        "records",
    ));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        self.check_edns()?;
        let client = self.client(cx).await?;
        let types = match &self.r#type {
            Some(RecordTypes(types)) => types.as_slice(),
            None => &[RecordType(Rtype::A)],
        };
        let queries = types.iter().map(|rtype| self.query(cx, &client, *rtype));
        let mut responses = try_join_all(queries).await?;

        Ok(match (responses.pop(), responses.is_empty()) {
            (Some(only), true) => Data::One(Box::new(only)),
            (last, _) => Data::Several {
                name: without_dot(self.name.as_str()),
                queries: responses.into_iter().chain(last).collect(),
            },
        })
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolver.as_ref().map(Resolver::host)
    }
}

impl Dig {
    /// Rejects options that are part of EDNS in a query without it.
    fn check_edns(&self) -> Result<(), UsageError> {
        let options = [
            ("dnssec", self.dnssec.0),
            ("subnet", self.subnet.is_some()),
            ("nsid", self.nsid.0),
            ("bufsize", self.bufsize.is_some()),
        ];
        match options.iter().find(|(_, is_set)| *is_set) {
            Some((option, _)) if self.noedns.0 => Err(UsageError::argument(format!(
                "`noedns` contradicts `{option}`, which is part of EDNS (RFC 6891)"
            ))),
            _ => Ok(()),
        }
    }

    /// Returns the client for the resolver and the IP version that are chosen.
    async fn client(&self, cx: &Context) -> Result<Client, Failure> {
        if let (Some(version), Some(resolver)) = (self.ipv, &self.resolver)
            && let Host::Address(address) = resolver.host()
            && !version.holds(*address)
        {
            let message = format!(
                "`ipv={version}` contradicts `resolver`: {address} is not an IPv{version} address"
            );
            return Err(UsageError::argument(message).into());
        }

        let client = cx.net.dns.client(self.resolver.as_ref()).await?;
        match self.ipv {
            Some(version) => client.over(version),
            None => Ok(client),
        }
    }

    /// Sends the query for one type, and validates the answer if that is requested.
    async fn query(
        &self,
        cx: &Context,
        client: &Client,
        RecordType(rtype): RecordType,
    ) -> Result<DigResponse, Failure> {
        let question = Question {
            recurse: !self.norecurse.0,
            dnssec: self.dnssec.0,
            tcp: self.tcp.0,
            subnet: self.subnet.map(|ClientSubnet(subnet)| subnet),
            nsid: self.nsid.0,
            udp_payload: self
                .bufsize
                .and_then(|Number(bytes)| u16::try_from(bytes).ok()),
            edns: !self.noedns.0,
            ..Question::new(self.name.as_str(), rtype)
        };

        let validation = async {
            if self.dnssec.0 {
                Some(cx.net.dns.validate(client, &question).await)
            } else {
                None
            }
        };

        let (response, validation) = futures::join!(client.ask(&question), validation);
        let response = response?;

        // A validating resolver returns SERVFAIL for bogus data; other errors leave indeterminate to validate.
        let answered = matches!(
            response.message.rcode,
            OptRcode::NOERROR | OptRcode::NXDOMAIN | OptRcode::SERVFAIL
        );
        let indeterminate = || Validation {
            security: Security::Indeterminate,
            reason: "no answer to validate".into(),
        };
        let validation = validation.map(|validation| {
            if answered {
                validation
            } else {
                indeterminate()
            }
        });

        Ok(DigResponse::new(&question, response, validation))
    }
}

impl Data {
    /// The responses, one for each type.
    fn responses(&self) -> &[DigResponse] {
        match self {
            Self::Several { queries, .. } => queries,
            Self::One(response) => std::slice::from_ref(response),
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let Self::Several { name, queries } = self else {
            let [response] = self.responses() else {
                return Document::new("dig", "", Severity::Neutral);
            };
            return response.present();
        };

        let documents: Vec<Document> = queries.iter().map(DigResponse::present).collect();
        let severity = documents
            .iter()
            .map(|document| document.severity)
            .max()
            .unwrap_or(Severity::Neutral);
        let mut whole = Document::new(
            format!("dig {}", both_forms(name)),
            format!("{} queries", queries.len()),
            severity,
        );

        for (document, response) in documents.into_iter().zip(queries) {
            whole.heading(response.rtype());
            whole.text(document.summary);
            whole.blocks.extend(document.blocks);
            for warning in document.warnings {
                if !whole.warnings.contains(&warning) {
                    whole.warn(warning);
                }
            }
        }

        whole
    }

    fn lifetime(&self) -> Duration {
        let lifetimes = self.responses().iter().map(DigResponse::lifetime);
        lifetimes.min().unwrap_or_default()
    }

    fn age(&mut self, seconds: u32) {
        match self {
            Self::Several { queries, .. } => {
                queries.iter_mut().for_each(|query| query.age(seconds))
            }
            Self::One(response) => response.age(seconds),
        }
    }
}

#[cfg(test)]
mod tests;
