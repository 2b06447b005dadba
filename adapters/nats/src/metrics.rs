//! Metrics of vantage points.

use metrics::{counter, gauge};

/// Describes the metrics; called once, after the recorder is installed.
pub fn describe() {
    ::metrics::describe_gauge!(
        "netvane_agents",
        "Agents that were heard from within the last 12 seconds."
    );
    ::metrics::describe_counter!(
        "netvane_agent_questions_total",
        "Questions to agents, by outcome."
    );
    ::metrics::describe_counter!(
        "netvane_agent_messages_dropped_total",
        "Messages of agents that were not used, by reason."
    );
}

/// Sets the number of agents that are present.
pub(crate) fn present(agents: usize) {
    gauge!("netvane_agents").set(agents as f64);
}

/// Counts a question to an agent.
pub(crate) fn question(outcome: &'static str) {
    counter!("netvane_agent_questions_total", "outcome" => outcome).increment(1);
}

/// Counts a message that was not used.
pub(crate) fn dropped(reason: &'static str) {
    counter!("netvane_agent_messages_dropped_total", "reason" => reason).increment(1);
}
