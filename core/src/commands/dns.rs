//! Commands that look up DNS records.

pub(crate) mod cname_chain;
mod diagnose;
pub(crate) mod lookup;
mod outcome;
mod record;

commands! {
    dns::Dns,
    a::A,
    aaaa::Aaaa,
    mx::Mx,
    ns::Ns,
    soa::Soa,
    txt::Txt,
    cname::Cname,
    srv::Srv,
    caa::Caa,
    ptr::Ptr,
    dig::Dig,
    propagation::Propagation,
    delegation::Delegation,
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
