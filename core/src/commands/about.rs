//! Commands about Netvane itself.

commands! {
    places::Places,
    help::Help,
    status::Status,
}
