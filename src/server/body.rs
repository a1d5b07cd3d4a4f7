//! The body of a request, which must arrive in time, and the body of its answer, which ends a connection whose request was
//! not read to its end.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_http::Request;
use actix_http::error::PayloadError;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use actix_web::web::Bytes;
use futures_core::Stream;
use tokio::time::Sleep;

use super::closing::Closing;
use super::connection::{Deadlines, Turn};

/// The body of a request, shared by who reads it and by the answer.
type SharedPayload = Rc<RefCell<Payload>>;

/// A body that fails with `TimedOut` when it comes too slowly. Only time spent waiting for the client counts: the clock
/// starts when somebody reads.
struct Paced {
    body: SharedPayload,
    deadlines: Deadlines,
    closing: Closing,
    begun: Option<Instant>,
    received: u64,
    timer: Option<Pin<Box<Sleep>>>,
    /// When the final read attempt ends, once the time is up.
    last_look: Option<Instant>,
}

/// How long to keep reading once the time is up: a busy server may not have read what has already arrived.
const LAST_LOOK: Duration = Duration::from_millis(250);

impl Paced {
    fn due(&mut self) -> Instant {
        if let Some(end) = self.last_look {
            return end;
        }
        let begun = *self.begun.get_or_insert_with(Instant::now);
        let earned = Duration::from_secs(self.received / u64::from(self.deadlines.body_rate.max(1)));
        self.closing.hasten(begun + self.deadlines.body + earned, self.deadlines.stopping)
    }
}

impl Stream for Paced {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let next = Pin::new(&mut *this.body.borrow_mut()).poll_next(context);
        match next {
            Poll::Ready(Some(Ok(bytes))) => {
                this.received += bytes.len() as u64;
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Ready(end) => Poll::Ready(end),
            Poll::Pending => loop {
                let due = this.due();
                let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due.into())));
                if timer.deadline() != due.into() {
                    timer.as_mut().reset(due.into());
                }
                if timer.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                if this.last_look.is_some() {
                    return Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))));
                }
                this.last_look = Some(Instant::now() + LAST_LOOK);
            },
        }
    }
}

/// Has a request's body arrive in time, and returns it for the answer to hold; nothing where there is no body.
pub fn pace(request: &mut Request, deadlines: Deadlines, closing: &Closing) -> Option<SharedPayload> {
    let body = match request.take_payload() {
        Payload::None => return None,
        body => Rc::new(RefCell::new(body)),
    };
    let paced = Paced {
        body: Rc::clone(&body),
        deadlines,
        closing: closing.clone(),
        begun: None,
        received: 0,
        timer: None,
        last_look: None,
    };
    *request.payload() = Payload::Stream { payload: Box::pin(paced) };
    Some(body)
}

/// The body of an answer.
///
/// The HTTP layer would wait without end for the rest of a chunked body that has been dropped, to use the connection again.
/// For one that is still held when the answer ends it closes the connection.
pub struct ResponseBody {
    body: BoxBody,
    /// Dropped after the answer, see above.
    _unread: Option<SharedPayload>,
    _turn: Option<Turn>,
}

impl ResponseBody {
    pub fn new(body: BoxBody, unread: Option<SharedPayload>, turn: Option<Turn>) -> Self {
        Self { body, _unread: unread, _turn: turn }
    }
}

impl MessageBody for ResponseBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}
