//! Where a request comes from, when proxies stand in between.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header;
use ipnet::IpNet;

/// The address of the client of this request, or `None` if it did not come over the network.
pub fn of_request(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let forwarded = request.headers().get_all(header::X_FORWARDED_FOR);
    // A value that is not text is kept as garbage, so that the walk ends there.
    let forwarded = forwarded.map(|value| value.to_str().unwrap_or("?"));
    client_address(request.peer_addr().map(|peer| peer.ip()), forwarded, trusted)
}

/// Whether the request was passed on by a proxy that is not trusted: then the proxy is all that is known of its client.
pub fn comes_by_a_stranger(request: &HttpRequest, trusted: &[IpNet]) -> bool {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let is_trusted = peer.is_some_and(|peer| trusted.iter().any(|network| network.contains(&peer)));
    !is_trusted && request.headers().contains_key(header::X_FORWARDED_FOR)
}

/// Walks from the connection's peer back through `X-Forwarded-For`, from the right, for as long as the address is that of a
/// trusted proxy: the first that is not is the client, since everything to its left is only what that client claims. What is no
/// address ends the walk at the proxy that passed it on.
///
/// `forwarded` holds the header's values in the order in which they came.
pub fn client_address<'a>(peer: Option<IpAddr>, forwarded: impl Iterator<Item = &'a str>, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut client = peer?.to_canonical();
    if !is_trusted(client) {
        return Some(client);
    }
    let values: Vec<&str> = forwarded.collect();
    for entry in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        let Some(address) = parse_entry(entry.trim()) else {
            break;
        };
        client = address;
        if !is_trusted(client) {
            break;
        }
    }
    Some(client)
}

/// Proxies write an address alone, with a port, or IPv6 in brackets.
fn parse_entry(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    fn networks() -> Vec<IpNet> {
        ["10.0.0.0/8", "::1/128"].iter().map(|text| text.parse().unwrap()).collect()
    }

    fn walk(peer: &str, forwarded: &[&str]) -> String {
        let peer = Some(peer.parse().unwrap());
        client_address(peer, forwarded.iter().copied(), &networks()).unwrap().to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_says() {
        assert_eq!(walk("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        let nobody_trusted = client_address(Some("10.0.0.1".parse().unwrap()), ["8.8.8.8"].into_iter(), &[]);
        assert_eq!(nobody_trusted, Some("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn the_walk_goes_through_trusted_proxies_from_the_right() {
        assert_eq!(walk("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(walk("10.0.0.1", &["6.6.6.6, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(walk("10.0.0.1", &["6.6.6.6, 198.51.100.1", "10.0.0.2,10.0.0.3"]), "198.51.100.1");
        assert_eq!(walk("10.0.0.1", &["10.0.0.4, 10.0.0.2"]), "10.0.0.4");
        assert_eq!(walk("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn garbage_ends_it() {
        assert_eq!(walk("10.0.0.1", &["198.51.100.1, unknown"]), "10.0.0.1");
        assert_eq!(walk("10.0.0.1", &["198.51.100.1, , 10.0.0.2"]), "10.0.0.2");
        assert_eq!(walk("10.0.0.1", &[""]), "10.0.0.1");
        assert_eq!(walk("10.0.0.1", &["6.6.6.6, ?, 10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_read() {
        assert_eq!(walk("10.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(walk("::1", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(walk("::1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(walk("::ffff:10.0.0.1", &["::ffff:198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn a_request_brings_its_own() {
        let request = TestRequest::default()
            .peer_addr("10.0.0.1:999".parse().unwrap())
            .append_header(("x-forwarded-for", "6.6.6.6"))
            .append_header(("x-forwarded-for", "198.51.100.1"))
            .to_http_request();
        assert_eq!(of_request(&request, &networks()), Some("198.51.100.1".parse().unwrap()));
        assert_eq!(of_request(&TestRequest::default().to_http_request(), &networks()), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn a_client_cannot_choose_its_address(claimed in ".*", real in 0u8..=255) {
            let seen = format!("{claimed},192.0.2.{real}");
            prop_assert_eq!(walk("10.0.0.1", &[&seen]), format!("192.0.2.{real}"));
            prop_assert_eq!(walk("10.0.0.1", &[&claimed, &format!("192.0.2.{real}")]), format!("192.0.2.{real}"));
        }
    }
}
