//! The jobs of one kind in memory: which are due, whose turn it is, and which are taken.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, Instant},
};

/// Time after which a taken job is given out again if nothing was heard of it.
pub const LEASE: Duration = Duration::from_secs(60);

/// The jobs of one kind.
#[derive(Debug)]
pub struct Queue {
    jobs: HashMap<String, Job>,
    /// When waiting jobs are due and when leases end.
    timeline: BTreeMap<(Instant, u64), String>,
    /// Jobs that are due, by owner.
    ready: HashMap<String, VecDeque<String>>,
    /// Owners with jobs that are due, the next one first.
    turn: VecDeque<String>,
    /// Number of taken jobs of each owner.
    taken: HashMap<String, usize>,
    /// Distinguishes the states that a job goes through.
    last_ticket: u64,
    per_owner: usize,
}

#[derive(Debug)]
struct Job {
    owner: String,
    state: State,
    /// Whether the job counts among the taken ones of its owner.
    is_counted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not due before this entry of the timeline.
    Waiting(Instant, u64),
    Ready,
    /// Given out until this entry of the timeline.
    Taken(Instant, u64),
}

/// A job that was given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Identifier of the job.
    pub id: String,
    /// Whose turn the job takes.
    pub owner: String,
    /// Distinguishes this holder from earlier and later ones.
    pub ticket: u64,
}

impl Queue {
    /// An empty queue that gives out at most so many jobs of one owner at a time.
    pub fn new(per_owner: usize) -> Self {
        Self {
            jobs: HashMap::new(),
            timeline: BTreeMap::new(),
            ready: HashMap::new(),
            turn: VecDeque::new(),
            taken: HashMap::new(),
            last_ticket: 0,
            per_owner,
        }
    }

    /// Number of jobs, taken ones included.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether there are no jobs.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Whether a job of this identifier waits or is taken.
    pub fn contains(&self, id: &str) -> bool {
        self.jobs.contains_key(id)
    }

    /// Adds a job that is due at this time.
    pub fn add(&mut self, id: &str, owner: &str, due: Instant) {
        let ticket = self.schedule(id, due);
        let job = Job {
            owner: owner.to_owned(),
            state: State::Waiting(due, ticket),
            is_counted: false,
        };
        self.jobs.insert(id.to_owned(), job);
    }

    /// Adds a job that the caller has taken already.
    pub fn add_taken(&mut self, id: &str, owner: &str, now: Instant) -> Taken {
        let ticket = self.schedule(id, now + LEASE);
        let job = Job {
            owner: owner.to_owned(),
            state: State::Taken(now + LEASE, ticket),
            is_counted: true,
        };
        self.jobs.insert(id.to_owned(), job);
        *self.taken.entry(owner.to_owned()).or_default() += 1;
        Taken {
            id: id.to_owned(),
            owner: owner.to_owned(),
            ticket,
        }
    }

    /// The next job that is due, of the owner whose turn it is.
    pub fn take(&mut self, now: Instant) -> Option<Taken> {
        self.advance(now);
        for _ in 0..self.turn.len() {
            let owner = self.turn.pop_front()?;
            if self.taken.get(&owner).copied().unwrap_or_default() >= self.per_owner {
                self.turn.push_back(owner);
                continue;
            }
            if let Some(id) = self.next_of(&owner) {
                return self.lease(&id, now);
            }
        }
        None
    }

    /// When the next job is due or the next lease ends.
    pub fn next_event(&self) -> Option<Instant> {
        self.timeline.keys().next().map(|(at, _)| *at)
    }

    /// Extends the lease of a taken job. False if it is no longer the caller's.
    pub fn renew(&mut self, taken: &Taken, now: Instant) -> bool {
        if !self.is_taken(taken) {
            return false;
        }
        self.unschedule(&taken.id);
        let until = now + LEASE;
        self.timeline
            .insert((until, taken.ticket), taken.id.clone());
        if let Some(job) = self.jobs.get_mut(&taken.id) {
            job.state = State::Taken(until, taken.ticket);
        }
        true
    }

    /// Lets the owner's next job be given out although this one is still taken.
    pub fn free_turn(&mut self, taken: &Taken) {
        if self.is_taken(taken) {
            self.uncount(&taken.id);
        }
    }

    /// Whether a taken job is still the caller's.
    pub fn holds(&self, taken: &Taken) -> bool {
        self.is_taken(taken)
    }

    /// Counts a taken job for another owner from its next turn on.
    pub fn set_owner(&mut self, taken: &Taken, owner: &str) {
        if !self.is_taken(taken) {
            return;
        }
        self.uncount(&taken.id);
        if let Some(job) = self.jobs.get_mut(&taken.id) {
            job.owner = owner.to_owned();
        }
    }

    /// Puts a taken job off until this time. False if it is no longer the caller's.
    pub fn postpone(&mut self, taken: &Taken, due: Instant) -> bool {
        if !self.is_taken(taken) {
            return false;
        }
        self.unschedule(&taken.id);
        self.uncount(&taken.id);
        let ticket = self.schedule(&taken.id, due);
        if let Some(job) = self.jobs.get_mut(&taken.id) {
            job.state = State::Waiting(due, ticket);
        }
        true
    }

    /// Removes a taken job. False if it is no longer the caller's.
    pub fn finish(&mut self, taken: &Taken) -> bool {
        if !self.is_taken(taken) {
            return false;
        }
        self.unschedule(&taken.id);
        self.uncount(&taken.id);
        self.jobs.remove(&taken.id);
        true
    }

    /// Moves what is due now to the jobs that can be given out.
    fn advance(&mut self, now: Instant) {
        while let Some(first) = self.timeline.first_entry() {
            if first.key().0 > now {
                break;
            }
            let id = first.remove();
            let Some(job) = self.jobs.get_mut(&id) else {
                continue;
            };
            job.state = State::Ready;
            let owner = job.owner.clone();
            self.uncount(&id);

            let ready = self.ready.entry(owner.clone()).or_default();
            if ready.is_empty() {
                self.turn.push_back(owner);
            }
            ready.push_back(id);
        }
    }

    /// The owner's next job that is due; the owner goes to the end of the line if more are.
    fn next_of(&mut self, owner: &str) -> Option<String> {
        let ready = self.ready.get_mut(owner)?;
        let id = ready.pop_front();
        if ready.is_empty() {
            self.ready.remove(owner);
        } else {
            self.turn.push_back(owner.to_owned());
        }
        id
    }

    fn lease(&mut self, id: &str, now: Instant) -> Option<Taken> {
        let ticket = self.schedule(id, now + LEASE);
        let job = self.jobs.get_mut(id)?;
        job.state = State::Taken(now + LEASE, ticket);
        job.is_counted = true;
        *self.taken.entry(job.owner.clone()).or_default() += 1;
        Some(Taken {
            id: id.to_owned(),
            owner: job.owner.clone(),
            ticket,
        })
    }

    fn is_taken(&self, taken: &Taken) -> bool {
        let state = self.jobs.get(&taken.id).map(|job| job.state);
        matches!(state, Some(State::Taken(_, ticket)) if ticket == taken.ticket)
    }

    /// Counts a job no longer among the taken ones of its owner.
    fn uncount(&mut self, id: &str) {
        let Some(job) = self.jobs.get_mut(id).filter(|job| job.is_counted) else {
            return;
        };
        job.is_counted = false;
        if let Some(taken) = self.taken.get_mut(&job.owner) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                self.taken.remove(&job.owner);
            }
        }
    }

    fn schedule(&mut self, id: &str, at: Instant) -> u64 {
        self.last_ticket += 1;
        self.timeline.insert((at, self.last_ticket), id.to_owned());
        self.last_ticket
    }

    fn unschedule(&mut self, id: &str) {
        if let Some(State::Waiting(at, ticket) | State::Taken(at, ticket)) =
            self.jobs.get(id).map(|job| job.state)
        {
            self.timeline.remove(&(at, ticket));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn ids(queue: &mut Queue, now: Instant) -> Vec<String> {
        std::iter::from_fn(|| queue.take(now))
            .map(|taken| taken.id)
            .collect()
    }

    #[test]
    fn owners_take_turns_and_jobs_of_one_keep_their_order() {
        let (mut queue, now) = (Queue::new(usize::MAX), Instant::now());
        for (id, owner) in [
            ("a1", "a"),
            ("a2", "a"),
            ("a3", "a"),
            ("b1", "b"),
            ("c1", "c"),
        ] {
            queue.add(id, owner, now);
        }
        assert_eq!(ids(&mut queue, now), ["a1", "b1", "c1", "a2", "a3"]);
    }

    #[test]
    fn an_owner_has_a_bounded_number_of_jobs_taken() {
        let (mut queue, now) = (Queue::new(2), Instant::now());
        for id in ["1", "2", "3"] {
            queue.add(id, "slow", now);
        }
        queue.add("4", "quick", now);
        let first = queue.take(now).expect("due");
        assert_eq!(ids(&mut queue, now), ["4", "2"]);
        assert!(queue.finish(&first));
        let third = queue.take(now).expect("a turn is free");
        assert_eq!(third.id, "3");
        queue.add("5", "slow", now);
        assert_eq!(queue.take(now), None);
        queue.free_turn(&third);
        assert_eq!(ids(&mut queue, now), ["5"]);
        assert!(queue.finish(&third), "still its holder's");
    }

    #[test]
    fn a_job_is_given_out_when_it_is_due_and_again_after_its_lease() {
        let (mut queue, now) = (Queue::new(4), Instant::now());
        queue.add("1", "a", now + SECOND);
        assert_eq!(queue.take(now), None);
        assert_eq!(queue.next_event(), Some(now + SECOND));

        let taken = queue.take(now + SECOND).expect("due");
        assert_eq!(queue.take(now + SECOND), None, "taken");
        assert!(queue.renew(&taken, now + LEASE));
        assert_eq!(queue.take(now + LEASE + SECOND), None, "renewed");

        let again = queue.take(now + LEASE * 2).expect("the lease ended");
        assert!(!queue.finish(&taken), "no longer the first one's");
        assert!(queue.postpone(&again, now + LEASE * 3));
        assert_eq!(queue.take(now + LEASE * 2), None);
        let last = queue.take(now + LEASE * 3).expect("due");
        assert!(queue.finish(&last));
        assert_eq!((queue.len(), queue.next_event()), (0, None));
        assert!(queue.taken.is_empty() && queue.ready.is_empty());
    }

    #[test]
    fn a_job_can_begin_as_taken() {
        let (mut queue, now) = (Queue::new(4), Instant::now());
        let taken = queue.add_taken("1", "a", now);
        assert_eq!(queue.take(now), None);
        assert!(queue.contains("1"));
        assert!(queue.finish(&taken));
        assert!(!queue.contains("1"));
    }

    #[test]
    fn a_job_takes_the_turn_of_its_new_owner() {
        let (mut queue, now) = (Queue::new(1), Instant::now());
        for id in ["a", "b", "c"] {
            queue.add(id, &format!("name {id}"), now);
        }
        for _ in 0..3 {
            let taken = queue.take(now).expect("one each");
            queue.set_owner(&taken, "address");
            assert!(queue.postpone(&taken, now));
        }
        let first = queue.take(now).expect("one");
        assert_eq!((first.id.as_str(), first.owner.as_str()), ("a", "address"));
        assert!(queue.take(now).is_none(), "one at a time");

        assert!(queue.finish(&first));
        assert_eq!(ids(&mut queue, now), ["b"]);
        assert_eq!(queue.len(), 2);
    }
}
