//! The time before shutdown: no new connections are accepted, and open requests are answered.
//!
//! A listener that is closed resets the connections that wait behind it to be accepted, and a connection that is closed
//! between two requests may cut off one that is on its way. So both are announced first: each answer says that its
//! connection ends with it, and the kernel is told to let no new connection begin. A client that comes now tries again after
//! a second, by itself, and is refused then.

use std::net::TcpListener;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use actix_web::dev::Response;
use actix_web::http::ConnectionType;

/// Long enough for a connection that has begun to be accepted and for a client that asks without pause to ask once more.
const ANNOUNCED: Duration = Duration::from_millis(500);

/// When the end was announced, if it was. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Closing(Arc<OnceLock<Instant>>);

impl Closing {
    /// Announces shutdown, accepts no new connections, and returns when the server can be stopped.
    pub async fn announce(&self, listener: TcpListener) {
        self.begin();
        if let Err(error) = refuse_beginnings(listener) {
            log::debug!("connections that begin during the stop may be reset: {error}");
        }
        tokio::time::sleep(ANNOUNCED).await;
    }

    /// Marks the end as announced.
    pub fn begin(&self) {
        self.0.get_or_init(Instant::now);
    }

    /// A deadline as it is now: once the end was announced, nobody has longer than `grace` from then on.
    pub fn hasten(&self, due: Instant, grace: Duration) -> Instant {
        self.0.get().map_or(due, |announced| due.min(*announced + grace))
    }

    /// Has an answer tell its client that the connection ends with it, where it does.
    pub fn tell<B>(&self, answer: &mut Response<B>) {
        if self.0.get().is_some() {
            answer.head_mut().set_connection_type(ConnectionType::Close);
        }
    }
}

/// A filter on the listener: a packet with which a connection begins (SYN) is passed over, all others are let through.
#[cfg(target_os = "linux")]
fn refuse_beginnings(listener: TcpListener) -> std::io::Result<()> {
    use socket2::SockFilter;
    const LOAD_BYTE: u16 = 0x30;
    const JUMP_IF_SET: u16 = 0x45;
    const RETURN: u16 = 0x06;
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    socket2::Socket::from(listener).attach_filter(&[
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(JUMP_IF_SET, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ])
}

#[cfg(not(target_os = "linux"))]
fn refuse_beginnings(_: TcpListener) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
