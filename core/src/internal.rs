//! Faults of Netvane's own.

use std::fmt::Display;

use netvane_document::Failure;

/// Logs what went wrong, and gives the failure that the caller is told of: it says that the fault was logged.
pub(crate) fn internal_fault(cause: impl Display) -> Failure {
    tracing::error!(error = %cause, "internal fault");
    Failure::Internal
}
