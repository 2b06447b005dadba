//! Response bodies whose bytes are charged to the client until they have been sent.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::{Body, HttpBody};
use bytes::{Buf, Bytes};
use hyper::body::{Frame, SizeHint};

use super::{
    clients::Unit,
    open::{OpenConnection, OpenRequest},
    streams::StreamProgress,
    unread::HeldBytes,
};

/// Longest part that is given to hyper at once: a frame of HTTP/2. A longer one would be buffered
/// whole, however small the peer's window is.
const LONGEST_PART: usize = 16 * 1024;

/// A response body. A whole one is charged from the start, a stream part by part.
pub(super) struct CountedBody {
    body: Body,
    /// Bytes that the body gave and that are still to be passed on.
    rest: Bytes,
    /// Charge of the bytes that have not been passed on.
    held: HeldBytes,
    connection: Arc<OpenConnection>,
    stream: Option<Arc<StreamProgress>>,
    _request: (OpenRequest, Option<Unit>),
}

/// A part of a body; its charge ends when it has been sent.
pub(super) struct CountedBytes {
    bytes: Bytes,
    _held: HeldBytes,
}

impl CountedBody {
    /// Wraps a body whose known length is charged in `held`.
    pub(super) fn new(
        body: Body,
        held: HeldBytes,
        connection: Arc<OpenConnection>,
        request: (OpenRequest, Option<Unit>),
    ) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            held,
            connection,
            stream: StreamProgress::current(),
            _request: request,
        }
    }

    /// Gives the next part of what the body gave.
    fn part(&mut self) -> CountedBytes {
        let length = self.rest.len().min(LONGEST_PART);
        let bytes = self.rest.split_to(length);
        if let Some(stream) = &self.stream {
            stream.set_waiting(self.connection.now());
        }
        CountedBytes {
            _held: self.held.split(length),
            bytes,
        }
    }
}

impl HttpBody for CountedBody {
    type Data = CountedBytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<CountedBytes>, axum::Error>>> {
        if let Some(stream) = &self.stream {
            stream.set_waiting(0);
        }
        if self.rest.is_empty() {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            match frame.into_data() {
                Ok(data) => self.rest = data,
                Err(frame) => {
                    let trailers = frame
                        .into_trailers()
                        .ok()
                        .map(|fields| Ok(Frame::trailers(fields)));
                    return Poll::Ready(trailers);
                }
            }
            let missing = self.rest.len().saturating_sub(self.held.bytes());
            if missing > 0 && !self.held.grow(missing) {
                let error = "too many bytes of responses are unread";
                return Poll::Ready(Some(Err(axum::Error::new(error))));
            }
        }
        Poll::Ready(Some(Ok(Frame::data(self.part()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}

impl Buf for CountedBytes {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }
}
