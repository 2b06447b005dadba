//! Contract §2 and §3 on the command line: formats of the reply, exit status, colour, help,
//! completions.

mod batch;
mod formats;
mod hostile_servers;
mod options;
mod private_targets;
mod screens;
