//! What the end of a session says about the mailbox.

use netvane_net::smtp::{
    Broken, End, Exchange, Meaning, ProbeResult, Reply, Stage, meaning, retry_hint,
};

use super::{
    super::{Reason, Verdict},
    Run, Step,
};

impl Run<'_> {
    /// The greylisting reply, if there is one: usually to RCPT, with some servers to MAIL or
    /// earlier.
    pub(super) fn greylisting<'o>(&self, outcome: &'o ProbeResult) -> Option<&'o Reply> {
        let (stage, reply) = match (&outcome.recipient, &outcome.end) {
            (Some(reply), _) => (Stage::Rcpt, reply),
            (None, Some(End::Refused(stage, reply))) => (*stage, reply),
            _ => return None,
        };
        (meaning(stage, reply, &self.question.local) == Meaning::Greylisted).then_some(reply)
    }

    pub(super) fn greylisted(&mut self, exchange: &Exchange) -> Step {
        self.report.exchange = Some(exchange.host.clone());
        self.report.failed(Reason::Greylisted);
        Step::Settled
    }

    pub(super) fn judge(&mut self, exchange: &Exchange, outcome: ProbeResult) -> Step {
        let local = &self.question.local;
        let Some(reply) = outcome.recipient else {
            return self.judge_end(outcome.end);
        };
        let said = meaning(Stage::Rcpt, &reply, local);
        let random_local = self.question.random.split('@').next().unwrap_or_default();
        let random_meaning = outcome
            .random
            .map(|reply| meaning(Stage::RcptRandom, &reply, random_local));
        self.report.record_replies(said, random_meaning);
        if self.report.checks.greylisted.is_none() && self.report.checks.accepts_mailbox.is_some() {
            self.report.checks.greylisted = Some(false);
        }

        self.report.exchange = Some(exchange.host.clone());
        self.report.retry_after = match self.report.verdict {
            Verdict::Unknown => retry_hint(&reply),
            _ => None,
        };

        // 4yz is temporary: another mail server may accept. A full mailbox is full on all of them.
        if reply.class() == 4 && said != Meaning::Full {
            Step::Next(self.report.reason)
        } else {
            Step::Settled
        }
    }

    fn judge_end(&mut self, end: Option<End>) -> Step {
        match end {
            Some(End::NoUtf8) => {
                self.report.checks.smtp = Some(true);
                Step::Next(Reason::NoUtf8)
            }
            Some(End::Unencrypted) => {
                self.report.checks.smtp = Some(true);
                Step::Next(Reason::Unencrypted)
            }
            Some(End::Refused(stage, reply)) => {
                self.report.checks.smtp = Some(true);
                let said = meaning(stage, &reply, &self.question.local);
                self.report.retry_after = retry_hint(&reply);
                let reason = match Reason::from(said) {
                    // a banner that neither accepts nor rejects is not SMTP
                    Reason::Ambiguous | Reason::Accepted if stage == Stage::Banner => {
                        Reason::NotSmtp
                    }
                    reason => reason,
                };
                if stage == Stage::Mail && reply.class() == 5 {
                    self.report.failed(reason);
                    return Step::Settled;
                }
                Step::Next(reason)
            }
            Some(End::Broken(_, broken)) => Step::Next(match broken {
                Broken::Silent => Reason::TimedOut,
                Broken::Tarpit(_) => Reason::Tarpit,
                Broken::Closed(_) => Reason::Closed,
                Broken::Garbage(_) | Broken::TooLong => Reason::NotSmtp,
                Broken::Tls(_) => Reason::TlsFailed,
                Broken::BudgetExhausted => Reason::BudgetExhausted,
            }),
            None => Step::Next(Reason::Ambiguous),
        }
    }
}
