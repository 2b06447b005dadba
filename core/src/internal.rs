//! Faults of Netvane's own.

use std::fmt::Display;

use netvane_document::Failure;

/// Logs what went wrong, and returns the failure shown to the caller, which says that it was logged.
pub(crate) fn internal_fault(cause: impl Display) -> Failure {
    tracing::error!(error = %cause, "internal fault");
    Failure::Internal
}
