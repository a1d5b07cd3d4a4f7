use super::*;
use crate::accounts::kind::USERS;

fn parsed(query: &str) -> Filters {
    serde_html_form::from_str::<ListQuery>(query).unwrap_or_default().on(&SYSTEM_ACCOUNTS)
}

#[test]
fn links_keep_all_other_state() {
    let filters = parsed("q=a+b&sort=-used&size=50&disabled=1&page=7");
    assert_eq!(filters.sort_link("used"), "/settings/system-accounts?q=a%20b&disabled=1&sort=used&size=50");
    assert_eq!(filters.sort_link("name"), "/settings/system-accounts?q=a%20b&disabled=1&size=50");
    assert_eq!(filters.page("page", "2"), "/settings/system-accounts?q=a%20b&disabled=1&sort=-used&size=50&page=2");
    assert_eq!(filters.page("page", ""), "/settings/system-accounts?q=a%20b&disabled=1&sort=-used&size=50");
    assert_eq!(filters.cleared(), "/settings/system-accounts?disabled=1&sort=-used&size=50");
    assert_eq!(filters.address_of("/x"), "/settings/system-accounts/x?q=a%20b&disabled=1&sort=-used&size=50");
    assert_eq!((filters.sorts("used"), filters.sorts("name")), ("descending", ""));
    assert_eq!(Filters::default().sort_link("name"), "/settings/system-accounts?sort=-name");
    assert!(filters.sorts_to_choose().iter().any(|choice| choice.checked));
}

#[test]
fn what_is_printed_is_parsed_again_and_nonsense_is_left_out() {
    for query in [
        "",
        "q=x&activity=never",
        "activity=unused-90&expiring=14&sort=-status&size=100",
        "sort=-name&disabled=1",
        "team=none&activity=unused-365&tokens=expired&owner=left",
        "tokens=none&owner=none",
        "owner=9fa50562-a42b-4771-aa8e-4bb3d623ae60",
    ] {
        let filters = parsed(query);
        let printed = filters.here();
        assert_eq!(parsed(printed.split_once('?').map_or("", |(_, query)| query)), filters, "{query}");
    }
    let nonsense = parsed("sort=shoe&size=7&role=x'; --&activity=unused-0&expiring=15&disabled=yes&tokens=some&owner=me");
    assert_eq!((nonsense.here(), nonsense.size), (SYSTEM_ACCOUNTS.path.to_owned(), 25));
    // Users' tokens are not handled here.
    let query: ListQuery = serde_html_form::from_str("expiring=14&sort=expiry&tokens=none&owner=left").unwrap_or_default();
    assert_eq!(query.on(&USERS).here(), USERS.path);
}
