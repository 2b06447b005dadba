//! Packets that agents send.

use netvane_tests::Lab;

/// Counts the echo requests to an address of the lab's loopback.
pub(super) struct Packets {
    namespace: String,
    table: String,
}

impl Packets {
    pub(super) fn to(lab: &Lab, address: &str) -> Self {
        let namespace = lab.value("CLIENT_NS").to_owned();
        let table = format!("pings-{}", address.replace('.', "-"));
        let script = format!(
            "table inet {table} {{\n chain out {{\n type filter hook output priority 0; policy accept;\n \
             ip daddr {address} icmp type echo-request counter\n }}\n}}\n"
        );
        Lab::nft(&namespace, &script);
        Self { namespace, table }
    }

    pub(super) fn count(&self) -> u64 {
        let table = Lab::nft_table(&self.namespace, &self.table);
        let parts = table["nftables"].as_array().expect("a list").iter();
        let rules = parts.filter_map(|part| part["rule"]["expr"].as_array());
        rules
            .flatten()
            .filter_map(|part| part["counter"]["packets"].as_u64())
            .sum()
    }
}

impl Drop for Packets {
    fn drop(&mut self) {
        Lab::nft(
            &self.namespace,
            &format!("delete table inet {}\n", self.table),
        );
    }
}
