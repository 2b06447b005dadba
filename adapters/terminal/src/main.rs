//! The program: one lookup from the command line, or all adapters as a service.

mod advice;
mod agent;
mod archive;
mod batch;
mod cli;
mod data;
mod hub;
mod key;
mod log;
mod lookup;
mod man;
mod otel;
mod output;
mod overview;
mod process;
mod program;
mod screen;
mod serve;
mod state;
mod system;
mod vantage;

use std::process::ExitCode;

/// A reply is many small allocations by several threads, at which this one is faster than the system's and keeps less.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The TLS provider of the whole process, set before any library can choose another.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Port checks hold many sockets open at once.
    let _ = netvane_core::net::tcp::raise_descriptor_limit();
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}: {error:#}", program::name());
            ExitCode::from(2)
        }
    }
}
