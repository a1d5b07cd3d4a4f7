//! What the tests read out of a page, and how they fill in its forms.

use crate::support::app::{Answer, Client};
use muster::id::Id;

/// The list's address.
pub const LIST: &str = "/settings/system-accounts";

/// An account's address, with something after it.
pub fn at(id: &Id, rest: &str) -> String {
    format!("{LIST}/{id}{rest}")
}

/// Text without the escapes that a template writes.
pub fn plain(html: &str) -> String {
    let named = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">")];
    let text = named.into_iter().fold(html.to_owned(), |text, (escape, sign)| text.replace(escape, sign));
    text.replace("&#38;", "&").replace("&amp;", "&")
}

/// All between each `start` and the `end` that follows it.
pub fn all<'a>(html: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    html.split(start).skip(1).filter_map(|rest| rest.split_once(end).map(|(found, _)| found)).collect()
}

/// HTML as text.
pub fn text_of(html: &str) -> String {
    let answer = Answer { status: 0, headers: std::collections::HashMap::new(), body: html.to_owned() };
    plain(&answer.text())
}

/// The names in the list, in its order.
pub fn names(answer: &Answer) -> Vec<String> {
    all(&answer.body, "class=\"who-name\"", "</a>")
        .into_iter()
        .map(|link| plain(&link.split_once('>').unwrap().1.replace("<bdi>", "").replace("</bdi>", "")))
        .collect()
}

/// The row of an account in the list, as text.
pub fn row(answer: &Answer, name: &str) -> String {
    let rows = all(&answer.body, "<tr", "</tr>");
    let found = rows.into_iter().find(|row| plain(row).contains(&format!("<bdi>{name}</bdi></a>")));
    text_of(&format!("<tr{}", found.unwrap_or_else(|| panic!("no row of {name}: {}", answer.text()))))
}

/// The same row, as HTML.
pub fn row_html(answer: &Answer, name: &str) -> String {
    let rows = all(&answer.body, "<tr", "</tr>");
    rows.into_iter().find(|row| plain(row).contains(&format!("<bdi>{name}</bdi></a>"))).unwrap_or_default().to_owned()
}

/// Every link: what it says, and where it leads.
pub fn links(answer: &Answer) -> Vec<(String, String)> {
    all(&answer.body, "<a ", "</a>")
        .into_iter()
        .filter_map(|link| {
            let href = plain(all(link.split_once('>')?.0, "href=\"", "\"").first()?);
            Some((text_of(&format!("<a {link}")), href))
        })
        .collect()
}

/// Where the link leads that says this, or begins so.
pub fn href(answer: &Answer, label: &str) -> String {
    find_href(answer, label).unwrap_or_else(|| panic!("no link {label}: {}", answer.text()))
}

/// The same, where there may be none.
pub fn find_href(answer: &Answer, label: &str) -> Option<String> {
    links(answer).into_iter().find(|(text, _)| text == label || text.starts_with(label)).map(|(_, href)| href)
}

/// The values of all fields of a name, of inputs and buttons.
pub fn values(answer: &Answer, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for tag in all(&answer.body, "<input", ">") {
        if tag.contains(&format!(" name=\"{name}\"")) {
            found.push(plain(all(tag, " value=\"", "\"").first().unwrap_or(&"")));
        }
    }
    found
}

/// The value of the first field of a name.
pub fn value(answer: &Answer, name: &str) -> String {
    values(answer, name).first().cloned().unwrap_or_else(|| panic!("no field {name}: {}", answer.text()))
}

/// The values of those boxes of a name that are ticked.
pub fn ticked(answer: &Answer, name: &str) -> Vec<String> {
    all(&answer.body, "<input", ">")
        .into_iter()
        .filter(|tag| tag.contains(&format!(" name=\"{name}\"")) && tag.contains(" checked"))
        .map(|tag| plain(all(tag, " value=\"", "\"")[0]))
        .collect()
}

/// The message beside a field, by the field's id.
pub fn error(answer: &Answer, id: &str) -> String {
    let found = all(&answer.body, &format!("id=\"{id}-error\">"), "</p>").first().map(|text| plain(text));
    found.unwrap_or_else(|| panic!("no message beside {id}: {}", answer.text()))
}

/// Where the flash's Undo posts to.
pub fn undo_url(answer: &Answer) -> String {
    find_undo_url(answer).unwrap_or_else(|| panic!("no Undo: {}", answer.text()))
}

/// The same, where there may be none.
pub fn find_undo_url(answer: &Answer) -> Option<String> {
    all(&answer.body, "class=\"flash-actions\" method=\"post\" action=\"", "\"").first().map(|url| (*url).to_owned())
}

/// Posts a form that makes a token, and opens the page that shows its value. What is refused is the answer itself.
pub fn make_token(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let answer = client.post(path, fields);
    if answer.status == 303 && answer.location().ends_with("/value") { client.get(answer.location()) } else { answer }
}

/// The value that a page shows once.
pub fn token_value(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let field = all(&answer.body, "id=\"token\"", ">");
    plain(all(field.first().unwrap_or_else(|| panic!("no value: {}", answer.text())), "value=\"", "\"")[0])
}

/// Posts the form around the list, with these rows ticked, and opens the question where one is asked.
pub fn bulk(client: &Client, verb: &str, ids: &[&Id], more: &[(&str, &str)]) -> Answer {
    let mut fields: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).collect();
    fields.push(("do", verb));
    fields.extend(more);
    let answer = client.post(&format!("{LIST}/bulk"), &fields);
    if answer.status == 303 && answer.location().starts_with("/settings/selections/") {
        return client.get(answer.location());
    }
    answer
}

/// Selects all that match these filters: what the form around the list then carries.
pub fn matching(client: &Client, filters: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    matching_on(client, LIST, filters)
}

/// The same on either list.
pub fn matching_on(client: &Client, list: &str, filters: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let fields: Vec<(&str, &str)> = [("do", "select_matching")].into_iter().chain(filters.iter().copied()).collect();
    let selected = client.post_and_follow(&format!("{list}/bulk"), &fields);
    let mut fields = vec![("selection", value(&selected, "selection")), ("shown", "0".to_owned())];
    fields.extend(filters.iter().map(|(name, value)| (*name, (*value).to_owned())));
    fields
}

/// The same as a form's fields.
pub fn borrowed<'a>(fields: &'a [(&'static str, String)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).chain(more.iter().copied()).collect()
}

/// The same, followed to the list that it returns to.
pub fn bulk_flash(client: &Client, verb: &str, ids: &[&Id], more: &[(&str, &str)]) -> Answer {
    let answer = bulk(client, verb, ids, more);
    assert_eq!(answer.status, 303, "{}", answer.text());
    client.get(answer.location())
}

/// The hidden fields of a page that asks, with what is typed into it.
pub fn answer_question(client: &Client, page: &Answer, typed: &str) -> Answer {
    let form = all(&page.body, "class=\"form guard\"", "</form>")[0];
    let action = plain(all(form, "action=\"", "\"")[0]);
    let mut fields: Vec<(String, String)> = all(form, "<input type=\"hidden\"", ">")
        .into_iter()
        .map(|tag| (plain(all(tag, "name=\"", "\"")[0]), plain(all(tag, "value=\"", "\"")[0])))
        .collect();
    if form.contains("id=\"typed\"") {
        fields.push(("confirm".into(), typed.into()));
    }
    if form.contains("id=\"owner\"") {
        fields.push(("owner".into(), typed.into()));
    }
    fields.push(("do".into(), all(form, "name=\"do\" value=\"", "\"")[0].into()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    client.post(&action, &fields)
}
