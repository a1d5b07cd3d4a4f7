use super::*;

/// A throttle at a moment that can be moved on.
struct ThrottleAtTime {
    throttle: Throttle,
    now: Instant,
}

impl ThrottleAtTime {
    fn new() -> Self {
        Self { throttle: Throttle::default(), now: Instant::now() }
    }

    fn advance(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn attempt(&self, address: IpAddr, name: &str) -> Result<u32, TooMany> {
        self.throttle.attempt_at(self.now, address, name).map(|attempt| attempt.left)
    }
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn too_many(seconds: u64, first: bool) -> Result<u32, TooMany> {
    Err(TooMany { wait: Duration::from_secs(seconds), first })
}

#[test]
fn one_account_is_tried_ten_times_from_one_address() {
    let mut stage = ThrottleAtTime::new();
    for attempt in 0..10 {
        assert_eq!(stage.attempt(address(1), "Maya@Example.org"), Ok(9 - attempt));
    }
    assert_eq!(stage.attempt(address(1), " maya@example.ORG "), too_many(30, true));
    assert_eq!(stage.attempt(address(1), "maya@example.org"), too_many(30, false));
    assert!(stage.attempt(address(1), "other@example.org").is_ok());
    // Its owner is somewhere else.
    assert_eq!(stage.attempt(address(2), "maya@example.org"), Ok(9));
    stage.advance(30);
    assert_eq!(stage.attempt(address(1), "maya@example.org"), Ok(0));
    assert_eq!(stage.attempt(address(1), "maya@example.org"), too_many(30, false));
    stage.advance(300);
    assert!((0..10).all(|_| stage.attempt(address(1), "maya@example.org").is_ok()));
    assert_eq!(stage.attempt(address(1), "maya@example.org"), too_many(30, true));
}

#[test]
fn who_has_none_left_is_told_until_when() {
    let stage = ThrottleAtTime::new();
    let attempts: Vec<Attempt> =
        (0..10).map(|_| stage.throttle.attempt_at(stage.now, address(1), "maya@example.org").unwrap()).collect();
    assert!(attempts[..9].iter().all(|attempt| attempt.wait.is_zero()));
    assert_eq!((attempts[9].left, attempts[9].wait), (0, Duration::from_secs(30)));
}

#[test]
fn one_account_is_tried_a_hundred_times_from_everywhere() {
    let mut stage = ThrottleAtTime::new();
    for attempt in 0..100 {
        assert!(stage.attempt(address(attempt / 10), "maya@example.org").is_ok());
    }
    assert_eq!(stage.attempt(address(99), "maya@example.org"), too_many(3, true));
    assert!(stage.attempt(address(99), "other@example.org").is_ok());
    // A browser that its owner has signed in with is not locked out by others, and has still only an own share.
    let (own, now) = (Id::new(), stage.now);
    let known = |address| stage.throttle.attempt_of_known_at(now, address, &own);
    assert!((0..10).all(|_| known(address(99)).is_ok()));
    assert!(known(address(98)).is_err());
    stage.advance(3);
    assert_eq!(stage.attempt(address(99), "maya@example.org"), Ok(0));
}

#[test]
fn one_account_has_one_count_however_it_is_spelled() {
    let stage = ThrottleAtTime::new();
    let spellings = ["maya@example.org", "MAYA@example.org", "ｍaya@example.org", " maya＠example.org", "maya@ｅxample.org."];
    for spelling in spellings.iter().cycle().take(10) {
        assert!(stage.attempt(address(1), spelling).is_ok(), "{spelling}");
    }
    for spelling in spellings {
        assert!(stage.attempt(address(1), spelling).is_err(), "{spelling}");
    }
}

#[test]
fn one_address_tries_thirty_times_and_then_a_few_that_are_new_to_it() {
    let mut stage = ThrottleAtTime::new();
    for attempt in 0..30 {
        assert!(stage.attempt(address(1), &format!("{attempt}@example.org")).is_ok());
    }
    assert!(stage.attempt(address(1), "0@example.org").is_err(), "it has been tried from there");
    let more = (0..100).filter(|more| stage.attempt(address(1), &format!("more{more}@example.org")).is_ok());
    assert_eq!(more.count(), 3);
    assert!(stage.attempt(address(1), "maya@example.org").is_err());
    assert!(stage.attempt(address(2), "maya@example.org").is_ok());
    // Also while the address is kept busy: whoever was refused before is still new to it.
    stage.advance(2);
    assert_eq!(stage.attempt(address(1), "maya@example.org"), Ok(0));
    assert!(stage.attempt(address(1), "new@example.org").is_err());
}

#[test]
fn a_successful_attempt_costs_nothing() {
    let (stage, browser) = (ThrottleAtTime::new(), Id::new());
    for attempt in 0..200 {
        let counted = stage.throttle.attempt_at(stage.now, address(1), "maya@example.org").unwrap();
        assert_eq!(counted.left, 9, "{attempt}");
        stage.throttle.give_back(&counted);
        let known = stage.throttle.attempt_of_known_at(stage.now, address(1), &browser).unwrap();
        assert_eq!(known.left, 9);
        stage.throttle.give_back(&known);
    }
    for other in 0..30 {
        assert!(stage.attempt(address(1), &format!("{other}@example.org")).is_ok());
    }
}

#[test]
fn a_site_of_ipv6_is_one_address() {
    let stage = ThrottleAtTime::new();
    for network in 0..30u16 {
        let address = IpAddr::from([0x2001, 0xdb8, 7, network, 0, 0, 0, 1]);
        assert!(stage.attempt(address, &format!("{network}@example.org")).is_ok());
    }
    assert!(stage.attempt(IpAddr::from([0x2001, 0xdb8, 7, 0xffff, 9, 9, 9, 9]), "0@example.org").is_err());
    assert!(stage.attempt(IpAddr::from([0x2001, 0xdb8, 8, 0, 0, 0, 0, 1]), "0@example.org").is_ok());
}

#[test]
fn what_is_long_past_is_forgotten() {
    let mut stage = ThrottleAtTime::new();
    for attempt in 0..CLEAN_UP_EVERY - 1 {
        let address = IpAddr::from(attempt.to_be_bytes());
        assert!(stage.attempt(address, &format!("{attempt}@example.org")).is_ok());
    }
    assert_eq!(stage.throttle.accounts.len(), CLEAN_UP_EVERY as usize - 1);
    stage.advance(600);
    assert!(stage.attempt(address(1), "last@example.org").is_ok());
    assert_eq!((stage.throttle.addresses.len(), stage.throttle.accounts.len()), (1, 1));
}
