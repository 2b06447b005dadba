//! `mac`: the vendor of a device, from IEEE's registry of MAC addresses.

#[cfg(test)]
mod tests;

use std::time::Duration;

use netvane_document::{Answer, Cell, Document, Failure, Severity};
use netvane_facts::mac::{self, MacAddress, MacKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Context},
    spec::{Cost, Group, Spec},
};

/// Addresses of known protocols and programs that no vendor holds: first digits, meaning.
#[rustfmt::skip]
const MEANINGS: &[(&str, &str)] = &[
    ("ffffffffffff", "broadcast: all devices of the network"),
    ("01005e", "IPv4 multicast (RFC 1112)"),
    ("3333", "IPv6 multicast (RFC 2464)"),
    ("0180c200000", "link-local control of IEEE 802.1, such as spanning tree and LLDP"),
    ("00005e0001", "VRRP or CARP: the virtual router of an IPv4 network (RFC 9568)"),
    ("00005e0002", "VRRP: the virtual router of an IPv6 network (RFC 9568)"),
    ("00005e0053", "documentation (RFC 9542)"),
    ("01005e9010", "documentation, multicast (RFC 9542)"),
    ("525400", "QEMU and KVM virtual machines, by convention"),
    ("000000000000", "not set"),
];

/// Holder of the blocks that are assigned in smaller parts.
const REGISTRY: &str = "IEEE Registration Authority";

/// Vendor of a device by its MAC address, from IEEE's registry.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mac {
    /// A MAC address in any spelling, or its first 6 digits or more.
    address: MacAddress,
}

/// The address with its vendor.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// The address or its prefix in lower case, with colons.
    address: String,
    /// The registered prefix: 6, 7 or 9 hexadecimal digits.
    oui: Option<String>,
    /// Holder of the prefix, as registered; `null` if there is none or the smaller block is not known.
    vendor: Option<String>,
    kind: MacKind,
    /// Use of the address, if a protocol defines one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    meaning: Option<String>,
}

impl Command for Mac {
    const SPEC: Spec = Spec {
        name: "mac",
        aliases: &["oui"],
        group: Group::Dns,
        examples: &[
            "mac 00:00:5e:00:53:01",
            "mac 0000.0c12.3456",
            "mac 8C-1F-64",
        ],
        timeout: Duration::from_secs(5),
        cost: Cost::Free,
        sends: 0,
    };
    type Data = Data;

    async fn run(self, _: &Context) -> Result<Data, Failure> {
        Ok(Data::of(&self.address))
    }
}

impl Data {
    fn of(address: &MacAddress) -> Self {
        let found = mac::vendor(address);
        // The longest of the known prefixes says the most.
        let meaning = MEANINGS
            .iter()
            .filter(|(prefix, _)| address.digits().starts_with(prefix))
            .max_by_key(|(prefix, _)| prefix.len());

        Self {
            address: address.to_string(),
            oui: found.as_ref().map(|found| found.prefix.clone()),
            vendor: found.and_then(|found| found.name).map(str::to_owned),
            kind: address.kind(),
            meaning: meaning.map(|(_, meaning)| (*meaning).to_owned()),
        }
    }

    fn summary(&self) -> String {
        match (&self.vendor, &self.meaning, self.kind) {
            (Some(vendor), None, _) if vendor == REGISTRY => {
                format!("{REGISTRY}: a block that is assigned in smaller parts")
            }
            (Some(vendor), None, _) => vendor.clone(),
            (Some(vendor), Some(meaning), _) => format!("{vendor}; {meaning}"),
            (None, Some(meaning), _) => {
                let mut letters = meaning.chars();
                let first = letters.next().map(|letter| letter.to_ascii_uppercase());
                first.into_iter().chain(letters).collect()
            }
            (None, None, MacKind::Local) => "Locally administered address, without a vendor".into(),
            (None, None, MacKind::Group) => "Multicast address, without a vendor".into(),
            (None, None, MacKind::Universal) => match self.oui {
                Some(_) => {
                    "Unknown vendor: the holder of a part of this block is not public".into()
                }
                None => "Unknown vendor: the prefix is not in IEEE's registry".into(),
            },
        }
    }
}

/// What the kind means.
fn describe(kind: MacKind) -> &'static str {
    match kind {
        MacKind::Universal => "universally administered: assigned by the vendor",
        MacKind::Local => "locally administered: set by software, often at random",
        MacKind::Group => "group address: multicast or broadcast",
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("Vendor of {}", self.address);
        let mut document = Document::new(title, self.summary(), Severity::Neutral);

        document.field("Address", Cell::exact(&self.address));
        if let Some(oui) = &self.oui {
            document.field("Prefix", Cell::exact(oui));
        }
        if let Some(vendor) = &self.vendor {
            document.field("Vendor", Cell::exact(vendor));
        }
        document.field("Kind", describe(self.kind));
        if let Some(meaning) = &self.meaning {
            document.field("Use", meaning);
        }

        match (self.kind, &self.vendor, &self.oui) {
            (MacKind::Local, None, _) if self.meaning.is_none() => {
                document.note(
                    "Phones and computers use a random address in each network to avoid tracking",
                );
            }
            (MacKind::Local, Some(_), _) => {
                document
                    .note("The address is locally administered, so it may not be from this vendor");
            }
            (_, None, Some(_)) => {
                document.note("IEEE assigns this block in smaller parts; the holder of this part is not in the registry");
            }
            (_, Some(vendor), _) if vendor == REGISTRY => {
                document.note("Seven or nine digits of the address name the vendor");
            }
            _ => {}
        }
        document
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(3600)
    }
}
