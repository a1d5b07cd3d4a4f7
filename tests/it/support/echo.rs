//! An API behind a gateway, which tells what reached it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An API that answers with the head of the request that it got.
pub struct Api {
    /// Where it listens.
    pub address: SocketAddr,
    /// How many requests it got.
    #[cfg_attr(not(feature = "installed-tests"), expect(dead_code, reason = "counted by the tests with nginx"))]
    pub reached: Arc<AtomicUsize>,
}

impl Api {
    /// Starts it.
    pub fn start() -> Self {
        Self::start_after(|| ())
    }

    /// The same, which answers nobody before `wait` has returned.
    pub fn start_after(wait: impl Fn() + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let reached = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&reached);
        // Ends with the process.
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                wait();
                let _ = Self::answer(connection);
            }
        });
        Self { address, reached }
    }

    fn answer(mut connection: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(connection.try_clone()?);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            head.push_str(&line);
        }
        reader.take(length).read_to_end(&mut Vec::new())?;
        let size = head.len();
        write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n{head}")
    }
}
