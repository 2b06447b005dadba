//! Commands about IP addresses and registration data.

commands! {
    reverse::Reverse,
    ip::Ip,
    whois::Whois,
    geo::Geo,
    subnet::Subnet,
    mac::Mac,
}

#[cfg(test)]
mod tests;
