//! Commands about IP addresses and registration data.

commands! {
    reverse::Reverse,
    ip::Ip,
    whois::Whois,
    geo::Geo,
    subnet::Subnet,
    mac::Mac,
    asn::Asn,
}

#[cfg(test)]
mod tests;
