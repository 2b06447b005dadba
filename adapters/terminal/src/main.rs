//! The program: one question from the command line, or all adapters as a service.

mod advice;
mod cli;
mod data;
mod key;
mod log;
mod man;
mod once;
mod output;
mod serve;
mod system;
mod traces;
mod unpack;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // The one TLS provider of the whole process, before anything could choose another.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Port checks hold many sockets open at once.
    let _ = netvane_core::net::tcp::raise_descriptor_limit();
    let cli = cli::Cli::parse();
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("netvane: {error:#}");
            ExitCode::from(2)
        }
    }
}
