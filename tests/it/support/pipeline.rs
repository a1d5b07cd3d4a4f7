//! A connection on which many requests are sent before the first answer is read.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A connection to a server that stays open.
pub struct Pipeline {
    stream: TcpStream,
    answers: BufReader<TcpStream>,
}

impl Pipeline {
    /// To a server at `http://HOST:PORT`.
    pub fn to(url: &str) -> Self {
        let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let answers = BufReader::new(stream.try_clone().unwrap());
        Self { stream, answers }
    }

    /// Sends `many` requests with this header at once, and returns the statuses of their answers: 0 for one that does not come.
    pub fn ask(&mut self, path: &str, authorization: &str, many: usize) -> Vec<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: muster.test\r\nAuthorization: {authorization}\r\n\r\n");
        let sent = self.stream.write_all(request.repeat(many).as_bytes());
        (0..many).map(|_| sent.as_ref().ok().and_then(|()| self.answer()).unwrap_or(0)).collect()
    }

    fn answer(&mut self) -> Option<u16> {
        let (mut status, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            self.answers.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.get(..3)?.parse().ok();
            } else if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.parse().ok()?;
            } else if line.is_empty() {
                std::io::copy(&mut self.answers.by_ref().take(length), &mut std::io::sink()).ok()?;
                return status;
            }
        }
    }
}
