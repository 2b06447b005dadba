//! The prefixes of an AS, from the whole database.

use std::collections::HashMap;

use ipnet::IpNet;
use maxminddb::{MaxMindDbError, WithinOptions};

use super::{GeoReader, clip, database::Database, record::GeoRecord};

/// What the database knows of one AS.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AsPrefixes {
    /// Number of IPv4 prefixes.
    pub v4: usize,
    /// Number of IPv6 prefixes.
    pub v6: usize,
    /// Some of the prefixes: of each IP version the largest first.
    pub shown: Vec<IpNet>,
    /// Organization that holds the AS.
    pub organization: Option<String>,
    /// Country of most of its prefixes, ISO 3166-1 alpha-2 in upper case.
    pub country: Option<String>,
}

/// The parts of a record that belong to the AS.
struct AsRecord {
    organization: Option<String>,
    country: Option<String>,
}

impl GeoReader {
    /// Reads all records for those of an AS; `shown` is the number of prefixes to return of each IP version. Takes about
    /// as long as reading the file.
    ///
    /// # Errors
    /// The file is damaged, in words.
    pub fn prefixes_of(&self, asn: u32, shown: usize) -> Result<AsPrefixes, String> {
        let database = self.network.as_ref().unwrap_or(&self.place);
        find(database, asn, shown).map_err(|error| error.to_string())
    }

    /// Size of the database with AS numbers, in bytes.
    pub fn network_bytes(&self) -> usize {
        self.network.as_ref().unwrap_or(&self.place).bytes()
    }
}

fn find(database: &Database, asn: u32, shown: usize) -> Result<AsPrefixes, MaxMindDbError> {
    // Many prefixes share a record, which is read once.
    let mut records: HashMap<usize, Option<AsRecord>> = HashMap::new();
    let mut found = AsPrefixes::default();
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    let mut countries: HashMap<String, usize> = HashMap::new();

    for entry in database.reader.networks(WithinOptions::default())? {
        let entry = entry?;
        let Some(offset) = entry.offset() else {
            continue;
        };
        let record = match records.get(&offset) {
            Some(record) => record,
            None => {
                let record = entry.decode::<GeoRecord>()?.filter(|r| r.asn == Some(asn));
                records.entry(offset).or_insert(record.map(|r| AsRecord {
                    organization: r.organization.and_then(clip),
                    country: r.country_code.map(str::to_ascii_uppercase),
                }))
            }
        };
        let Some(record) = record else { continue };

        let network = entry.network()?;
        if let Ok(network) = IpNet::new(network.network(), network.prefix()) {
            match network {
                IpNet::V4(_) => v4.push(network),
                IpNet::V6(_) => v6.push(network),
            }
        }
        if found.organization.is_none() {
            found.organization.clone_from(&record.organization);
        }
        if let Some(country) = &record.country {
            *countries.entry(country.clone()).or_default() += 1;
        }
    }

    // Of countries with as many prefixes the first by name, so that the answer is always the same.
    found.country = countries
        .into_iter()
        .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))
        .map(|(country, _)| country);
    (found.v4, found.v6) = (v4.len(), v6.len());
    for mut networks in [v4, v6] {
        networks.sort_by_key(|network| (network.prefix_len(), network.network()));
        found.shown.extend(networks.into_iter().take(shown));
    }
    Ok(found)
}
