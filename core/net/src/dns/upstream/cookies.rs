//! DNS cookies of one resolver (RFC 7873): once it has sent one, a UDP response without ours is not
//! accepted, so that nobody who does not see the query can forge a response.
//!
//! The option is added to the bytes of a query and removed from those of its response: no caller
//! sees it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ring::rand::{SecureRandom, SystemRandom};

/// Code of the option (RFC 7873 §4).
const CODE: u16 = 10;

/// Size in bytes of a client cookie, and allowed sizes of both cookies together.
const CLIENT: usize = 8;
const BOTH: std::ops::RangeInclusive<usize> = 16..=40;

/// Bytes of an OPT record before its options: root name, type, size, TTL and length.
const OPT_HEAD: usize = 11;

/// Responses without a cookie after which a resolver is taken to send none any more. Each of these
/// queries is repeated over TCP.
const MAX_MISSING: u32 = 3;

/// Queries without a cookie to a resolver that did not respond to one with a cookie.
const PAUSE: u32 = 64;

/// The cookies of one resolver.
#[derive(Default)]
pub(super) struct Cookies(Mutex<CookieState>);

#[derive(Default)]
struct CookieState {
    /// Ours, random; `None` before the first query.
    client: Option<[u8; CLIENT]>,
    /// The resolver's own; `None` as long as it has sent none.
    server: Option<Vec<u8>>,
    /// Responses without a cookie since the last one with ours.
    missing: u32,
    /// Queries that are sent without a cookie.
    pause: u32,
}

/// What a response says about its sender.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// It has our cookie, or is not known to send any.
    Accepted,
    /// It has the cookie of somebody else: forged, or a response to an earlier process.
    Foreign,
    /// A cookie is missing from a resolver that sends them: TCP tells what is true.
    Doubtful,
}

impl Cookies {
    /// Adds the option to a query whose last record is an OPT record without options; otherwise
    /// returns it unchanged. True if the option was added.
    pub(super) fn add(&self, query: &mut Vec<u8>) -> bool {
        let Some(at) = empty_opt(query) else {
            return false;
        };
        let mut state = self.lock();
        if state.pause > 0 {
            state.pause -= 1;
            return false;
        }
        let Some(client) = state.client() else {
            return false;
        };

        let server = state.server.as_deref().unwrap_or_default();
        let length = CLIENT + server.len();
        let rdata = u16::try_from(length + 4).unwrap_or_default();
        query.truncate(at + OPT_HEAD - 2);
        query.extend(rdata.to_be_bytes());
        query.extend(CODE.to_be_bytes());
        query.extend((rdata - 4).to_be_bytes());
        query.extend(client);
        query.extend(server);
        true
    }

    /// Checks the cookie of a response to a query with one, remembers the resolver's, and removes
    /// the option from the response.
    pub(super) fn check(&self, response: &mut Vec<u8>) -> Sender {
        let cookie = take_cookie(response);
        let mut state = self.lock();
        let Some(client) = state.client else {
            return Sender::Accepted;
        };

        match cookie
            .as_deref()
            .map(|cookie| cookie.split_at_checked(CLIENT))
        {
            Some(Some((ours, server))) if ours == client => {
                if BOTH.contains(&(CLIENT + server.len())) {
                    state.server = Some(server.to_vec());
                    state.missing = 0;
                } else if state.server.is_some() {
                    return Sender::Doubtful;
                }
                Sender::Accepted
            }
            Some(_) if state.server.is_some() => Sender::Foreign,
            None if state.server.is_some() => Sender::Doubtful,
            _ => Sender::Accepted,
        }
    }

    /// Records that a response had no cookie, although the resolver has sent some before.
    pub(super) fn note_missing(&self) {
        let mut state = self.lock();
        state.missing += 1;
        if state.missing >= MAX_MISSING {
            state.missing = 0;
            state.server = None;
        }
    }

    /// Records that no response came to a query with a cookie. One that is not known to send
    /// cookies may not understand them.
    pub(super) fn note_silence(&self) {
        let mut state = self.lock();
        if state.server.is_none() {
            state.pause = PAUSE;
        }
    }

    fn lock(&self) -> MutexGuard<'_, CookieState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CookieState {
    fn client(&mut self) -> Option<[u8; CLIENT]> {
        if self.client.is_none() {
            let mut random = [0; CLIENT];
            SystemRandom::new().fill(&mut random).ok()?;
            self.client = Some(random);
        }
        self.client
    }
}

/// Returns where the OPT record of a query starts, if it is the last record and has no options.
fn empty_opt(query: &[u8]) -> Option<usize> {
    let at = query.len().checked_sub(OPT_HEAD).filter(|at| *at >= 12)?;
    let has_one = query.get(10..12) == Some(&[0, 1]);
    let is_empty = query.get(at + OPT_HEAD - 2..) == Some(&[0, 0]);
    (has_one && is_empty && query.get(at..at + 3) == Some(&[0, 0, 41])).then_some(at)
}

/// Removes the cookie from the OPT record of a response and returns it; `None` if there is none. The
/// OPT record must be the last one, where every resolver writes it.
fn take_cookie(response: &mut Vec<u8>) -> Option<Vec<u8>> {
    let message = domain::base::Message::from_slice(response).ok()?;
    let length = message.opt()?.opt().len();
    let at = response.len().checked_sub(OPT_HEAD + length)?;
    let head = response.get(at..at + OPT_HEAD)?;
    let stated = u16::from_be_bytes([head[9], head[10]]);
    if head[..3] != [0, 0, 41] || usize::from(stated) != length {
        return None;
    }

    let mut options = &response[at + OPT_HEAD..];
    let (mut kept, mut cookie) = (Vec::<u8>::new(), None);
    while let Some((head, rest)) = options.split_at_checked(4) {
        let code = u16::from_be_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (value, rest) = rest.split_at_checked(length)?;
        if code == CODE {
            cookie.get_or_insert_with(|| value.to_vec());
        } else {
            kept.extend(head);
            kept.extend(value);
        }
        options = rest;
    }

    let cookie = cookie?;
    response.truncate(at + OPT_HEAD - 2);
    response.extend(u16::try_from(kept.len()).unwrap_or_default().to_be_bytes());
    response.extend(kept);
    Some(cookie)
}

#[cfg(test)]
mod tests;
