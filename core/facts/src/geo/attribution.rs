//! The notices that the licenses of the databases require.

use super::DatabaseInfo;

/// Attribution of the shipped data; shown with answers that use it and in `status`.
pub const ATTRIBUTION: &str =
    "Country: IPFire Location (CC BY-SA 4.0). AS: RouteViews, NRO, DB-IP.com (CC BY 4.0).";

/// Type of the shipped database in its metadata.
pub(super) const SHIPPED: &str = "Netvane-Country-ASN";

/// A link that must be shown with every answer that uses a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    /// The text of the link.
    pub text: &'static str,
    /// The page of the publisher.
    pub url: &'static str,
}

/// What DB-IP's license (CC BY 4.0) requires for its free databases.
const DB_IP: Credit = Credit {
    text: "IP Geolocation by DB-IP",
    url: "https://db-ip.com",
};

/// The link that one of these databases requires, if any.
pub fn credit(databases: &[DatabaseInfo]) -> Option<Credit> {
    let is_db_ip = |database: &DatabaseInfo| {
        let name = database.name.to_ascii_lowercase();
        name.starts_with("dbip") || name.starts_with("db-ip")
    };
    databases.iter().any(is_db_ip).then_some(DB_IP)
}

/// Whether locations come from the shipped database, which has countries but no cities.
pub fn lacks_cities(databases: &[DatabaseInfo]) -> bool {
    databases
        .first()
        .is_some_and(|database| database.name == SHIPPED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> DatabaseInfo {
        DatabaseInfo {
            name: name.into(),
            built: None,
        }
    }

    #[test]
    fn databases_of_db_ip_require_a_link() {
        for (name, required) in [
            ("DBIP-City-Lite", true),
            ("DBIP-ASN-Lite (compat=GeoLite2-ASN)", true),
            ("dbip-city", true),
            ("DB-IP City", true),
            ("GeoLite2-City", false),
            (SHIPPED, false),
            ("", false),
        ] {
            assert_eq!(credit(&[named(name)]).is_some(), required, "{name}");
        }
        assert_eq!(
            credit(&[named(SHIPPED), named("DBIP-ASN-Lite")]),
            Some(DB_IP)
        );
        assert_eq!(credit(&[]), None);
    }

    #[test]
    fn only_the_first_database_has_locations() {
        assert!(lacks_cities(&[named(SHIPPED)]));
        assert!(lacks_cities(&[named(SHIPPED), named("GeoLite2-ASN")]));
        assert!(!lacks_cities(&[named("DBIP-City-Lite"), named(SHIPPED)]));
        assert!(!lacks_cities(&[named("GeoLite2-Country")]));
        assert!(!lacks_cities(&[]));
    }
}
