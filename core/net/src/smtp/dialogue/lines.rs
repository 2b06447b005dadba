//! The command lines of a transaction.

use super::RecipientProbe;

/// The commands of one transaction, each with CRLF.
pub(super) struct Lines {
    pub mail: String,
    /// RCPT for the probed address.
    pub rcpt: String,
    /// RCPT for the random address.
    pub random: String,
}

impl Lines {
    pub(super) fn new(question: &RecipientProbe, sender: &str) -> Self {
        let parameter = if question.utf8 { " SMTPUTF8" } else { "" };
        Self {
            mail: format!("MAIL FROM:<{sender}>{parameter}\r\n"),
            rcpt: format!("RCPT TO:<{}>\r\n", question.recipient),
            random: format!("RCPT TO:<{}>\r\n", question.random),
        }
    }

    /// All commands as one pipelined group (RFC 2920).
    pub(super) fn pipelined(&self) -> String {
        format!("{}{}{}", self.mail, self.rcpt, self.random)
    }
}
