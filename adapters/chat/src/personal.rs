//! Outcomes that concern only the user who asked.

use netvane_core::{Failure, Reply, command::Registry, spec::Group};

/// Returns whether an outcome concerns only the user who asked: mistakes, refusals, and answers about
/// Netvane itself.
pub fn is_personal(registry: &Registry, outcome: Result<&Reply, &Failure>) -> bool {
    match outcome {
        Ok(reply) => registry
            .find(reply.command)
            .is_some_and(|entry| entry.spec.group == Group::About),
        Err(failure) => matches!(
            failure,
            Failure::Usage(_)
                | Failure::Refused { .. }
                | Failure::Unauthorized(_)
                | Failure::Forbidden(_)
                | Failure::RateLimited { .. }
        ),
    }
}
