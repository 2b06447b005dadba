//! Internal errors of Netvane.

use std::fmt::Display;

use netvane_document::Failure;

/// Logs the cause and returns the failure shown to the caller, which says only that it was logged.
pub(crate) fn internal_fault(cause: impl Display) -> Failure {
    tracing::error!(error = %cause, "internal fault");
    Failure::Internal
}
