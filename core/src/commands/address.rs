//! Commands about IP addresses and registration data.

commands! {
    reverse::Reverse,
    ip::Ip,
    whois::Whois,
    geo::Geo,
}

#[cfg(test)]
mod tests;
