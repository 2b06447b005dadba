//! Commands about Netvane itself.

commands! {
    help::Help,
    status::Status,
}
