//! The network of EDNS Client Subnet (RFC 7871).

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use netvane_facts::target::{Invalid, clean_pasted, text_value};

/// A network of clients, host bits cleared; `0` is the empty one, which asks the server to use no subnet (RFC 7871 §7.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientSubnet(pub IpNet);

text_value!(
    ClientSubnet,
    "ClientSubnet",
    "a network such as 192.0.2.0/24, or 0"
);

impl ClientSubnet {
    fn read(text: &str) -> Result<Self, Invalid> {
        let cleaned = clean_pasted(text);
        let cleaned = match cleaned.as_ref() {
            "0" | "0/0" => "0.0.0.0/0",
            text => text,
        };

        let network = match cleaned.parse::<IpAddr>() {
            Ok(address) => Ok(IpNet::from(address)),
            Err(_) => cleaned.parse::<IpNet>(),
        };
        network
            .map(|network| Self(network.trunc()))
            .map_err(|_| Invalid::new("expected a network such as 192.0.2.0/24"))
    }
}

impl fmt::Display for ClientSubnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_networks_and_addresses() {
        for (text, network) in [
            ("192.0.2.77/24", "192.0.2.0/24"),
            ("192.0.2.77", "192.0.2.77/32"),
            ("2001:db8::/56", "2001:db8::/56"),
            ("0", "0.0.0.0/0"),
            ("::/0", "::/0"),
        ] {
            let read = text
                .parse::<ClientSubnet>()
                .map(|subnet| subnet.to_string());
            assert_eq!(read.as_deref(), Ok(network), "{text}");
        }
        for wrong in ["", "192.0.2.0/33", "example.com", "1"] {
            assert!(wrong.parse::<ClientSubnet>().is_err(), "{wrong}");
        }
    }
}
