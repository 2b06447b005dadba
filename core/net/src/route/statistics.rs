//! Statistics of the hops of a route over many rounds. No I/O.

use std::net::IpAddr;

use crate::route::Note;

/// Most addresses kept of one hop.
const MAX_ADDRESSES: usize = 16;

/// Loss and round trips of one hop.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HopStatistics {
    /// TTL of the probes, from 1.
    pub ttl: u8,
    /// Hosts that replied, the first first; several if the route has parallel paths.
    pub addresses: Vec<IpAddr>,
    /// Probes that were answered or given up; those in flight do not count.
    pub sent: u32,
    /// Number of probes that were answered.
    pub received: u32,
    /// Last host that replied, and its round trip in milliseconds; `None` if the last probe was lost.
    pub last_reply: Option<(IpAddr, f64)>,
    /// Round trips in milliseconds; `None` without a reply.
    pub rtt_ms: Option<RoundTrips>,
    /// The ICMP error in the last reply, if that is no normal one.
    pub note: Option<Note>,
    /// Whether packets are lost here that later hops receive: this host limits its ICMP errors, and
    /// forwards packets nevertheless.
    pub is_rate_limited: bool,
}

/// Round trips in milliseconds, with the population standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoundTrips {
    /// Of the last reply.
    pub last: f64,
    /// Mean round-trip time in milliseconds.
    pub avg: f64,
    /// Shortest round-trip time in milliseconds.
    pub best: f64,
    /// Longest round-trip time in milliseconds.
    pub worst: f64,
    /// Sum of the squared deviations from the mean (Welford).
    squares: f64,
    count: f64,
}

impl RoundTrips {
    /// Returns the population standard deviation.
    pub fn stddev(&self) -> f64 {
        (self.squares / self.count).sqrt()
    }

    fn first(rtt: f64) -> Self {
        Self {
            last: rtt,
            avg: rtt,
            best: rtt,
            worst: rtt,
            squares: 0.0,
            count: 1.0,
        }
    }

    fn add(&mut self, rtt: f64) {
        self.count += 1.0;
        let before = rtt - self.avg;
        self.avg += before / self.count;
        self.squares += before * (rtt - self.avg);
        self.last = rtt;
        self.best = self.best.min(rtt);
        self.worst = self.worst.max(rtt);
    }
}

impl HopStatistics {
    /// Records the reply to a probe of this round.
    pub(super) fn record_reply(&mut self, from: IpAddr, rtt_ms: f64, note: Option<Note>) {
        self.sent += 1;
        self.received += 1;
        self.last_reply = Some((from, rtt_ms));
        self.note = note;
        self.add_address(from);
        match &mut self.rtt_ms {
            Some(trips) => trips.add(rtt_ms),
            None => self.rtt_ms = Some(RoundTrips::first(rtt_ms)),
        }
    }

    /// Records that a host cannot be reached, after the loss of the probe: routers take three seconds
    /// to report it, so that it is no round trip.
    pub(super) fn record_unreachable(&mut self, from: IpAddr, note: Note) {
        self.note = Some(note);
        self.add_address(from);
    }

    fn add_address(&mut self, from: IpAddr) {
        if !self.addresses.contains(&from) && self.addresses.len() < MAX_ADDRESSES {
            self.addresses.push(from);
        }
    }

    /// Records a probe without a reply.
    pub(super) fn record_loss(&mut self) {
        self.sent += 1;
        self.last_reply = None;
    }

    /// Forgets the probes so far, none of which was answered: others are sent from now on.
    pub(super) fn start_over(&mut self) {
        *self = Self {
            ttl: self.ttl,
            ..Self::default()
        };
    }

    /// Returns the probes without a reply.
    pub fn lost(&self) -> u32 {
        self.sent - self.received
    }

    /// Returns the share of probes without a reply, 0–1.
    pub fn loss(&self) -> f64 {
        if self.sent == 0 {
            0.0
        } else {
            f64::from(self.lost()) / f64::from(self.sent)
        }
    }
}

/// Marks the hops whose loss later hops do not show. What is lost on the way to a hop is lost for all
/// hops behind it, so a smaller loss there, beyond chance, means that the hop itself did not reply.
pub(super) fn mark_rate_limits(hops: &mut [HopStatistics]) {
    let mut smallest: Option<f64> = None;
    for hop in hops.iter_mut().rev() {
        let loss = hop.loss();
        hop.is_rate_limited = hop.received > 0
            && hop.lost() > 0
            && smallest.is_some_and(|later| loss > later + chance(later, hop.sent));
        if hop.received > 0 {
            smallest = Some(smallest.map_or(loss, |later| later.min(loss)));
        }
    }
}

/// Two standard deviations of a measured loss rate.
fn chance(loss: f64, sent: u32) -> f64 {
    2.0 * (loss * (1.0 - loss) / f64::from(sent.max(1))).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(received: u32, lost: u32) -> HopStatistics {
        HopStatistics {
            sent: received + lost,
            received,
            ..HopStatistics::default()
        }
    }

    #[test]
    fn computes_the_figures_of_mtr() {
        let mut hop = HopStatistics::default();
        let [a, b] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        for (from, rtt) in [(a, 2.0), (b, 4.0), (a, 4.0), (a, 4.0), (b, 5.0)] {
            hop.record_reply(from, rtt, None);
        }
        for rtt in [5.0, 7.0, 9.0] {
            hop.record_reply(a, rtt, None);
        }
        let trips = hop.rtt_ms.expect("replies");
        assert_eq!((trips.last, trips.best, trips.worst), (9.0, 2.0, 9.0));
        assert!((trips.avg - 5.0).abs() < 1e-9 && (trips.stddev() - 2.0).abs() < 1e-9);
        assert_eq!(
            (hop.addresses.clone(), hop.last_reply),
            (vec![a, b], Some((a, 9.0)))
        );

        hop.record_loss();
        assert_eq!((hop.sent, hop.lost(), hop.last_reply), (9, 1, None));
        assert!((hop.loss() - 1.0 / 9.0).abs() < 1e-9);
        assert_eq!(HopStatistics::default().loss(), 0.0);
    }

    #[test]
    fn loss_that_later_hops_do_not_show_is_rate_limiting() {
        let marks = |hops: &[(u32, u32)]| {
            let mut hops: Vec<_> = hops.iter().map(|(got, lost)| hop(*got, *lost)).collect();
            mark_rate_limits(&mut hops);
            hops.iter()
                .map(|hop| hop.is_rate_limited)
                .collect::<Vec<_>>()
        };

        assert_eq!(marks(&[(10, 0), (6, 4), (10, 0)]), [false, true, false]);
        assert_eq!(
            marks(&[(10, 0), (8, 2), (8, 2)]),
            [false, false, false],
            "real loss goes on to the target"
        );
        assert_eq!(
            marks(&[(10, 0), (7, 3), (8, 2)]),
            [false, false, false],
            "within chance"
        );
        assert_eq!(
            marks(&[(8, 2), (0, 10), (10, 0)]),
            [true, false, false],
            "a silent hop is no sign of loss"
        );
        assert_eq!(marks(&[(8, 2), (0, 10)]), [false, false]);
        assert_eq!(marks(&[(10, 90), (50, 50), (80, 20)]), [true, true, false]);
    }
}
