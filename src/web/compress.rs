//! Compression: of pages as they are sent, of assets once.

use std::io::{self, Write};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, AcceptEncoding, Encoding as Named, Header, HeaderMap, HeaderValue, Preference};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};

/// The window of brotli, 2^18 bytes, holds a whole page. The usual one of 4 MB would be cleared for each.
const WINDOW: i32 = 18;

/// Below this a page saves no packet.
const WORTH_IT: usize = 1_024;

/// `Cache-Control` of a page that shows a secret: proxies must not compress it either. The length of a compressed page gives
/// hints about the secret to anyone who can get text of their own into it.
pub const SECRET: &str = "no-store, no-transform";

/// How a body may be compressed. Browsers take brotli over HTTPS only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    /// The best first.
    pub const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// Its name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The encoding that the request likes best; of equals, the better one.
    pub fn accepted_by(request: &impl HttpMessage) -> Option<Self> {
        let accepted = AcceptEncoding::parse(request).ok()?;
        let quality = |encoding: Self| {
            let named = |name: &Preference<Named>| name.item().is_some_and(|name| name.to_string() == encoding.name());
            let any = |name: &Preference<Named>| name.is_any();
            let found = accepted.iter().find(|one| named(&one.item)).or_else(|| accepted.iter().find(|one| any(&one.item)));
            found.map_or(header::Quality::ZERO, |one| one.quality)
        };
        let mut best = None;
        for encoding in Self::ALL {
            let beaten = best.map_or(header::Quality::ZERO, quality);
            if quality(encoding) > beaten {
                best = Some(encoding);
            }
        }
        best
    }

    /// Quickly, for one answer.
    fn compress(self, plain: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Brotli => brotli(plain, 4),
            Self::Gzip => gzip(plain, 4),
        }
    }

    /// As small as possible, for what is sent many times.
    pub fn compress_well(self, plain: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Brotli => brotli(plain, 11),
            Self::Gzip => gzip(plain, 9),
        }
    }
}

fn brotli(plain: &[u8], quality: i32) -> io::Result<Vec<u8>> {
    let settings = brotli::enc::BrotliEncoderParams { quality, lgwin: WINDOW, size_hint: plain.len(), ..Default::default() };
    let mut compressed = Vec::with_capacity(plain.len() / 4);
    brotli::BrotliCompress(&mut &*plain, &mut compressed, &settings)?;
    Ok(compressed)
}

fn gzip(plain: &[u8], level: u32) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(plain.len() / 4), flate2::Compression::new(level));
    encoder.write_all(plain)?;
    encoder.finish()
}

/// Middleware for `from_fn`: compresses pages.
pub async fn pages(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let accepted = Encoding::accepted_by(&request);
    let mut answer = next.call(request).await?.map_into_boxed_body();
    if !may_be_compressed(answer.headers()) {
        return Ok(answer);
    }
    answer.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let Some(encoding) = accepted else { return Ok(answer) };
    Ok(answer.map_body(|head, body| {
        let plain = match body.try_into_bytes() {
            Ok(plain) if plain.len() >= WORTH_IT => plain,
            Ok(short) => return BoxBody::new(short),
            Err(stream) => return stream,
        };
        match encoding.compress(&plain) {
            Ok(compressed) => {
                head.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
                BoxBody::new(compressed)
            }
            Err(_) => BoxBody::new(plain),
        }
    }))
}

fn may_be_compressed(headers: &HeaderMap) -> bool {
    let starts = |name, value: &str| headers.get(name).is_some_and(|found| found.as_bytes().starts_with(value.as_bytes()));
    let kept = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
    starts(header::CONTENT_TYPE, "text/html") && kept != Some(SECRET)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_best_accepted_encoding_is_chosen() {
        for (accept, chosen) in [
            ("gzip, deflate, br, zstd", Some(Encoding::Brotli)),
            ("gzip, deflate", Some(Encoding::Gzip)),
            ("br;q=0.2, gzip;q=0.8", Some(Encoding::Gzip)),
            ("br;q=0, *", Some(Encoding::Gzip)),
            ("*", Some(Encoding::Brotli)),
            ("gzip;q=0", None),
            ("identity", None),
            ("zstd", None),
            ("", None),
            (";;;", None),
        ] {
            let request = TestRequest::default().insert_header(("accept-encoding", accept)).to_request();
            assert_eq!(Encoding::accepted_by(&request), chosen, "{accept}");
        }
        assert_eq!(Encoding::accepted_by(&TestRequest::default().to_request()), None);
    }
}
