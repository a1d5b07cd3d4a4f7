use super::*;

fn moment(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
}

fn read(expires: &str, on: &str, maximum: Option<i64>) -> Result<Option<String>, (&'static str, String)> {
    let now = moment("2026-11-24 14:00:00");
    Expiry::parse(expires, on)
        .and_then(|expiry| expiry.moment(now, maximum.map(TimeDelta::days)))
        .map(|end| end.map(|end| end.to_string()))
        .map_err(|error| (error.field, error.message))
}

#[test]
fn presets_and_days_are_read() {
    assert_eq!(read("30", "", None), Ok(Some("2026-12-24 14:00:00".into())));
    assert_eq!(read("365", "garbage is not looked at", None), Ok(Some("2027-11-24 14:00:00".into())));
    assert_eq!(read("never", "", None), Ok(None));
    assert_eq!(read("date", "2026-11-24", None), Ok(Some("2026-11-24 23:59:59".into())));
    assert_eq!(read("date", " 2027-02-28 ", None), Ok(Some("2027-02-28 23:59:59".into())));
}

#[test]
fn what_is_no_expiry_is_refused_beside_its_field() {
    for on in ["", "2026-11-23", "2027-02-29", "24.11.2027", "+2027-1-01", "9999-12-31", "2126-12-01", "2027-1-1", "٢٠٢٧-٠١-٠١"]
    {
        assert_eq!(read("date", on, None).unwrap_err().0, "expires_on", "{on}");
    }
    for expires in ["", "0", "31", "Never", "-30"] {
        assert_eq!(read(expires, "2027-01-01", None).unwrap_err().0, "expires", "{expires}");
    }
    let endless = Expiry::In(TimeDelta::MAX).moment(moment("2026-11-24 14:00:00"), None);
    assert_eq!(endless.unwrap_err().field, "expires");
}

#[test]
fn the_installations_maximum_is_kept() {
    assert_eq!(read("90", "", Some(90)), Ok(Some("2027-02-22 14:00:00".into())));
    for far in ["2200-01-01", "9999-12-31"] {
        let (field, sentence) = read("date", far, Some(60)).unwrap_err();
        assert!(field == "expires_on" && sentence.starts_with("Tokens can last at most 60 days. Choose "), "{sentence}");
    }
    assert_eq!(read("365", "", Some(90)), Err(("expires", "Tokens can last at most 90 days.".into())));
    assert!(read("never", "", Some(90)).unwrap_err().1.contains("The maximum is 90 days"));
    assert_eq!(read("max", "", Some(90)), Ok(Some("2027-02-22 14:00:00".into())));
    assert_eq!(read("max", "", None).unwrap_err().0, "expires");
    assert_eq!(read("date", "2027-02-21", Some(90)), Ok(Some("2027-02-21 23:59:59".into())));
    let (field, sentence) = read("date", "2027-02-22", Some(90)).unwrap_err();
    assert_eq!((field, sentence.ends_with("Choose 21 Feb 2027 or earlier.")), ("expires_on", true), "{sentence}");
}

#[test]
fn today_is_today_anywhere_on_earth() {
    let end = |now: &str, day: &str, maximum| {
        let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").unwrap();
        Expiry::EndOf(day).moment(moment(now), maximum).map(|end| end.unwrap().to_string()).map_err(|error| error.field)
    };
    // 3 pm on the 24th in Honolulu; 7:30 am on the 25th in Auckland.
    assert_eq!(end("2026-11-25 01:00:00", "2026-11-24", None), Ok("2026-11-25 11:59:59".into()));
    assert_eq!(end("2026-11-24 18:30:00", "2026-11-25", None), Ok("2026-11-25 23:59:59".into()));
    assert_eq!(end("2026-11-24 18:30:00", "2026-11-24", None), Ok("2026-11-24 23:59:59".into()));
    // The 24th is over everywhere.
    assert_eq!(end("2026-11-25 12:00:00", "2026-11-24", None), Err("expires_on"));
    assert_eq!(end("2026-11-25 11:59:58", "2026-11-24", None), Ok("2026-11-25 11:59:59".into()));
}

#[test]
fn the_days_on_offer_are_those_that_are_accepted() {
    for now in ["2026-11-25 00:00:00", "2026-11-25 01:00:00", "2026-11-25 11:59:59", "2026-11-25 12:00:00", "2026-11-25 23:59:59"]
    {
        let now = moment(now);
        for maximum in
            [None, Some(TimeDelta::days(90)), Some(TimeDelta::days(1)), Some(TimeDelta::hours(12)), Some(TimeDelta::minutes(30))]
        {
            let accepted = |day: NaiveDate| Expiry::EndOf(day).moment(now, maximum).is_ok();
            match Expiry::days(now, maximum) {
                Some((first, last)) => {
                    assert!(accepted(first) && accepted(last), "{now} {maximum:?} {first} {last}");
                    assert!(!accepted(first - Days::new(1)) && !accepted(last + Days::new(1)), "{now} {maximum:?}");
                }
                // Not even a day that would end in time: at five in the morning it would be yesterday.
                None => assert!((0..4).all(|day| !accepted(now.date() - Days::new(1) + Days::new(day))), "{now} {maximum:?}"),
            }
        }
    }
}

#[test]
fn lengths_are_said_exactly() {
    let said = [TimeDelta::days(365), TimeDelta::hours(36), TimeDelta::minutes(90), TimeDelta::hours(1)].map(in_words);
    assert_eq!(said, ["365 days", "36 hours", "90 minutes", "1 hour"]);
}
