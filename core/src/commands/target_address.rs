//! The address of a target in the data of a command, or why there is none.
//!
//! A name that does not exist or has no address is a negative answer: a reply with severity `bad`,
//! `address: null` and `rcode`. A lookup that failed (SERVFAIL, timeout) stays a failure.

use std::{borrow::Cow, net::IpAddr};

use netvane_document::{Cell, Document, Role, Severity};
use netvane_facts::target::{IpVersion, both_forms};
use netvane_net::dns::NoAddress;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::{Value, json};

/// The address of a target, flattened into the data of a command: `address`, and `rcode` if it is `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct TargetAddress {
    /// The address that was contacted or looked at; `null` if the name has none.
    pub(crate) address: Option<IpAddr>,
    /// Only without an address: `NXDOMAIN` if the name does not exist, `NOERROR` if it has no address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rcode: Option<String>,
    /// Only without an address: the IP version that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ipv: Option<IpVersion>,
}

impl From<IpAddr> for TargetAddress {
    fn from(address: IpAddr) -> Self {
        Self {
            address: Some(address),
            rcode: None,
            ipv: None,
        }
    }
}

impl From<NoAddress> for TargetAddress {
    fn from(none: NoAddress) -> Self {
        Self {
            address: None,
            rcode: Some(none.rcode),
            ipv: none.version,
        }
    }
}

impl TargetAddress {
    /// The document of a command whose target has no address.
    pub(crate) fn explain_absence(&self, title: String, target: &str) -> Document {
        let none = NoAddress {
            rcode: self.rcode.clone().unwrap_or_default(),
            version: self.ipv,
        };
        let summary = format!("{} {none}", both_forms(target));
        Document::new(title, summary, Severity::Bad)
    }

    /// Adds the address, if there is one, as a field with this name.
    pub(crate) fn add_to(&self, document: &mut Document, name: &'static str) {
        if let Some(address) = self.address {
            document.field(name, Cell::new(address, Role::Address));
        }
    }
}

/// Data about the address of a target, flattened into the data of a command, or why there is no address.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Located<D> {
    /// The target has an address, which is a member of the data.
    At(D),
    /// The target has none.
    Nowhere(#[serde(deserialize_with = "read_absence")] TargetAddress),
}

impl<D> Located<D> {
    /// The data, if there is an address.
    pub(crate) fn at(&self) -> Option<&D> {
        match self {
            Self::At(data) => Some(data),
            Self::Nowhere(_) => None,
        }
    }
}

fn read_absence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TargetAddress, D::Error> {
    let target = TargetAddress::deserialize(deserializer)?;
    match target.address {
        Some(_) => Err(D::Error::custom("expected data about the address")),
        None => Ok(target),
    }
}

/// The members of the data, which are all optional except for `address`, and those of an absence.
impl<D: JsonSchema> JsonSchema for Located<D> {
    fn schema_name() -> Cow<'static, str> {
        format!("Located{}", D::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = D::json_schema(generator);
        let mut absence = TargetAddress::json_schema(generator);
        let members = schema.ensure_object();
        let own = absence.ensure_object().remove("properties");
        if let (Some(Value::Object(properties)), Some(Value::Object(own))) =
            (members.get_mut("properties"), own)
        {
            properties.extend(own);
        }
        members.insert("required".into(), json!(["address"]));
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_absence_read_differently() {
        let summary = |rcode: &str, version| {
            let none = NoAddress {
                rcode: rcode.into(),
                version,
            };
            let target = TargetAddress::from(none);
            let document = target.explain_absence("Ping".into(), "a.test");
            assert_eq!(document.severity, Severity::Bad);
            document.summary
        };
        assert_eq!(
            summary("NXDOMAIN", None),
            "a.test does not exist (NXDOMAIN)"
        );
        assert_eq!(
            summary("NXDOMAIN", Some(IpVersion::V4)),
            "a.test does not exist (NXDOMAIN)"
        );
        assert_eq!(summary("NOERROR", None), "a.test has no address");
        assert_eq!(
            summary("NOERROR", Some(IpVersion::V6)),
            "a.test has no IPv6 address"
        );
    }

    #[test]
    fn an_address_has_no_rcode() {
        let target = TargetAddress::from(IpAddr::from([192, 0, 2, 1]));
        let json = serde_json::to_value(target).expect("JSON");
        assert_eq!(json, serde_json::json!({ "address": "192.0.2.1" }));
    }
}
