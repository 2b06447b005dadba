//! Support for the tests of everything that renders documents; no program has it.

pub mod adversarial;
