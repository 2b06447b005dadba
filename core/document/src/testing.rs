//! Test support for everything that renders documents. Not compiled into any program.

pub mod adversarial;
