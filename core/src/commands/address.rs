//! Commands about addresses and registrations.

commands! {
    reverse::Reverse,
    ip::Ip,
    whois::Whois,
    geo::Geo,
}

#[cfg(test)]
mod tests;
