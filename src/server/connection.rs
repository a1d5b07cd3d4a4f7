//! A connection that ends by itself when its client stalls: halfway through a request's head, or without reading its answer.
//!
//! The HTTP layer bounds the first head of a connection and the pause between two requests, but neither a later head that
//! stalls halfway nor an answer that nobody reads. Both would hold a descriptor forever, so the socket keeps time itself.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::closing::Closing;

/// How long a client may take for each part of a request.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// From the beginning of a connection to the end of the first request's head.
    pub head: Duration,
    /// From one answer to the first byte of the next request on the same connection.
    pub keep_alive: Duration,
    /// For the body of a request, besides what `body_rate` adds.
    pub body: Duration,
    /// Bytes of a body that extend its deadline by one second.
    pub body_rate: u32,
    /// How long a client may read nothing of an answer.
    pub answer: Duration,
    /// How long a closed connection is still read from, so that the client sees its answer and no reset.
    pub linger: Duration,
    /// What replaces each of the above once the server has been asked to stop.
    pub stopping: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            keep_alive: Duration::from_secs(5),
            body: Duration::from_secs(10),
            body_rate: 4096,
            answer: Duration::from_secs(20),
            linger: Duration::from_secs(1),
            stopping: Duration::from_secs(1),
        }
    }
}

/// Since when a connection has waited for the next request; nothing while one is being answered.
#[derive(Debug)]
pub struct Progress(Cell<Option<Instant>>);

/// A request that is being answered. Its end begins the wait for the next.
#[derive(Debug)]
pub struct Turn(Rc<Progress>);

impl Turn {
    pub fn begin(progress: &Rc<Progress>) -> Self {
        progress.0.set(None);
        Self(Rc::clone(progress))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.set(Some(Instant::now()));
    }
}

/// A socket that fails with `TimedOut` once its client is late.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    progress: Rc<Progress>,
    /// Since when the client has read nothing of what waits to be written.
    unread_since: Option<Instant>,
    deadlines: Deadlines,
    closing: Closing,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    pub fn new(socket: TcpStream, deadlines: Deadlines, closing: Closing) -> Self {
        let progress = Rc::new(Progress(Cell::new(Some(Instant::now()))));
        Self { socket, progress, unread_since: None, deadlines, closing, timer: None }
    }

    pub fn progress(&self) -> Rc<Progress> {
        Rc::clone(&self.progress)
    }

    fn due(&self) -> Option<Instant> {
        // The HTTP layer answers a first head that is late with 408: this comes after it.
        let head = self.progress.0.get().map(|since| since + self.deadlines.keep_alive + self.deadlines.head);
        let answer = self.unread_since.map(|since| since + self.deadlines.answer);
        let due = match (head, answer) {
            (Some(head), Some(answer)) => head.min(answer),
            (head, answer) => head.or(answer)?,
        };
        Some(self.closing.hasten(due, self.deadlines.stopping))
    }

    /// Ready once the client is late. The timer is not moved for each request: it is looked at when it fires.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(due) = self.due() else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due.into())));
        if timer.deadline() > due.into() {
            timer.as_mut().reset(due.into());
        }
        while timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due.into());
        }
        Poll::Pending
    }
}

fn late<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.socket).poll_read(context, into) {
            Poll::Pending if this.poll_late(context).is_ready() => late(),
            read => read,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.socket).poll_write(context, bytes);
        if written.is_ready() {
            this.unread_since = None;
            return written;
        }
        this.unread_since.get_or_insert_with(Instant::now);
        if this.poll_late(context).is_ready() { late() } else { written }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(context)
    }
}
