//! Resolvers chosen by the user, the policy for them, exact queries and DNSSEC validation, in the
//! lab.

mod responses;
mod transports;
