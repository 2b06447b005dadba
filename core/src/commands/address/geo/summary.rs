//! Location and network of an address in a few fields, for commands that list many addresses.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Place;

/// Location and network of an address in short; a field without data is `null` or absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PlaceSummary {
    /// Country code (ISO 3166-1 alpha-2).
    pub(crate) country: Option<Cow<'static, str>>,
    /// English name of the country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country_name: Option<Cow<'static, str>>,
    /// State, province or similar region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    /// City name, in English.
    pub(crate) city: Option<String>,
    /// Number of the AS that announces the network.
    pub(crate) asn: Option<u32>,
    /// Organization that holds the AS number.
    pub(crate) organization: Option<String>,
}

impl From<&Place> for PlaceSummary {
    fn from(place: &Place) -> Self {
        let (country, network) = (place.country.as_ref(), place.network.as_ref());

        Self {
            country: country.map(|country| country.code.clone()),
            country_name: country.and_then(|country| country.name.clone()),
            region: place.region.clone(),
            city: place.city.clone(),
            asn: network.and_then(|network| network.asn),
            organization: network.and_then(|network| network.organization.clone()),
        }
    }
}

impl PlaceSummary {
    /// City, region and country: `Frankfurt, Hesse, Germany`. A country without a name shows its code.
    pub(crate) fn place(&self) -> Option<String> {
        let country = self.country_name.as_deref().or(self.country.as_deref());
        join(
            [self.city.as_deref(), self.region.as_deref(), country],
            ", ",
        )
    }

    /// AS number and organization: `AS64496 Example Net`.
    pub(crate) fn holder(&self) -> Option<String> {
        let asn = self.asn.map(|asn| format!("AS{asn}"));
        join([asn.as_deref(), self.organization.as_deref()], " ")
    }
}

/// Joins the present parts; `None` if there are none.
fn join<const N: usize>(parts: [Option<&str>; N], separator: &str) -> Option<String> {
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(separator))
}
