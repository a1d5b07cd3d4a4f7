//! The query string of a call, and the pages of a list.

use actix_web::HttpRequest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;
use crate::web::view::address::address;

const USUAL_SIZE: i64 = 50;
pub const MOST_SIZE: i64 = 1_000;
/// A page with a number costs the reading of all that come before it.
pub const MOST_PAGE: i64 = 1_000_000;

/// The parameters of a query string, decoded. Unknown ones are ignored.
pub struct QueryParams {
    base: String,
    path: String,
    given: Vec<(String, String)>,
}

impl QueryParams {
    pub fn of(request: &HttpRequest, base: String) -> Self {
        let given = serde_html_form::from_str(request.query_string()).unwrap_or_default();
        Self { base, path: request.path().to_owned(), given }
    }

    /// Everything that was given, in its order.
    pub fn given(&self) -> &[(String, String)] {
        &self.given
    }

    /// A parameter that stands there once. An empty one counts as absent.
    ///
    /// # Errors
    /// `InvalidAt` where it stands there twice, or holds a NUL, which no text has.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        let mut found = self.given.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Error::at(name, "Send this parameter only once.")),
            (Some(value), None) if value.contains('\0') => Err(Error::at(name, "This must not contain the character U+0000.")),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// `InvalidAt` for anything else.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.text(name)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Error::at(name, "This must be true or false.")),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// `InvalidAt` for anything else.
    pub fn number(&self, name: &str, (least, most): (i64, i64)) -> Result<Option<i64>, Error> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let digits = text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && (least..=most).contains(number));
        number.map(Some).ok_or_else(|| Error::at(name, format!("This must be a whole number from {least} to {most}.")))
    }

    /// The links of a list with one page, as the description shows them.
    pub fn example(path: &str, total: i64) -> (Page, PageLinks) {
        let params = Self { base: "https://muster.example.com".into(), path: path.into(), given: Vec::new() };
        params.paged(Paging { number: 1, size: USUAL_SIZE, names: ("page", "size") }, total)
    }

    /// Which page is asked for, by `page` and `size`.
    pub fn paging(&self) -> Result<Paging, Error> {
        self.paging_by("page", "size")
    }

    /// The same by parameters of other names.
    pub fn paging_by(&self, page: &'static str, size: &'static str) -> Result<Paging, Error> {
        Ok(Paging {
            number: self.number(page, (1, MOST_PAGE))?.unwrap_or(1),
            size: self.number(size, (1, MOST_SIZE))?.unwrap_or(USUAL_SIZE),
            names: (page, size),
        })
    }

    /// The address of this call, with other values for some parameters; an empty value takes one out.
    pub fn link(&self, changed: &[(&str, String)]) -> Link {
        let kept = self.given.iter().filter(|(name, _)| changed.iter().all(|(other, _)| other != name));
        let kept = kept.map(|(name, value)| (name.as_str(), value.clone()));
        let query: Vec<(&str, String)> = kept.chain(changed.iter().cloned()).collect();
        Link { href: format!("{}{}", self.base, address(&self.path, &query)) }
    }

    /// The page's own description and its links, of a list of `total`.
    pub fn paged(&self, paging: Paging, total: i64) -> (Page, PageLinks) {
        let last = (total + paging.size - 1) / paging.size;
        let (page, size) = paging.names;
        let to = |number: i64| self.link(&[(page, number.to_string()), (size, paging.size.to_string())]);
        let links = PageLinks {
            this: to(paging.number),
            first: to(1),
            prev: (paging.number > 1).then(|| to((paging.number - 1).min(last.max(1)))),
            next: (paging.number < last).then(|| to(paging.number + 1)),
            last: to(last.max(1)),
        };
        (Page { number: paging.number, size: paging.size, total_elements: total, total_pages: last }, links)
    }
}

/// A page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    pub number: i64,
    pub size: i64,
    names: (&'static str, &'static str),
}

impl Paging {
    /// How many rows come before it.
    pub fn offset(self) -> i64 {
        (self.number - 1) * self.size
    }
}

/// A link to another answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Link {
    /// Absolute; begins with the configured public URL.
    pub href: String,
}

/// The link of an object to itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SelfLink {
    #[serde(rename = "self")]
    pub this: Link,
}

impl SelfLink {
    pub fn to(base: &str, path: &str) -> Self {
        Self { this: Link { href: format!("{base}{path}") } }
    }
}

/// Which part of the list this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// From 1. A page beyond the end is empty.
    pub number: i64,
    pub size: i64,
    pub total_elements: i64,
    pub total_pages: i64,
}

/// Links to the other pages, with the same filters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PageLinks {
    #[serde(rename = "self")]
    pub this: Link,
    pub first: Link,
    /// Absent on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub prev: Option<Link>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<Link>,
    pub last: Link,
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn params(query: &str) -> QueryParams {
        QueryParams::of(&TestRequest::with_uri(&format!("/admin/users?{query}")).to_http_request(), "https://m.example".into())
    }

    #[test]
    fn pages_are_bounded() {
        for (query, number, size) in [("", 1, 50), ("page=2&size=1000", 2, 1000), ("page=&size=", 1, 50), ("page=007", 7, 50)] {
            let paging = params(query).paging().unwrap();
            assert_eq!((paging.number, paging.size), (number, size), "{query}");
        }
        for wrong in [
            "page=0",
            "page=-1",
            "page=2147483647",
            "page=9223372036854775807",
            "page=99999999999999999999",
            "page=1.5",
            "page=%EF%BC%92",
            "page=+1",
            "page=1&page=2",
            "page=x",
            "size=0",
            "size=1001",
            "size=%00",
        ] {
            let name = &wrong[..4];
            let Err(Error::InvalidAt(fields)) = params(wrong).paging() else { panic!("{wrong}") };
            assert_eq!(fields[0].0, name, "{wrong}");
        }
        assert_eq!(params("page=1000000&size=1000").paging().unwrap().offset(), 999_999_000);
    }

    #[test]
    fn links_keep_the_filters_and_lead_no_further_than_the_list() {
        let params = params("q=a%26b%20%C3%BC&page=2&active=false&size=2");
        let paging = params.paging().unwrap();
        let (page, links) = params.paged(paging, 5);
        assert_eq!((page.total_pages, page.number), (3, 2));
        let at = |n: i64| format!("https://m.example/admin/users?q=a%26b%20%C3%BC&active=false&page={n}&size=2");
        assert_eq!((links.this.href, links.next.unwrap().href, links.prev.unwrap().href), (at(2), at(3), at(1)));
        assert_eq!((links.first.href, links.last.href), (at(1), at(3)));
        let (_, links) = params.paged(Paging { number: 9, ..paging }, 3);
        assert_eq!((links.next, links.prev.map(|link| link.href)), (None, Some(at(2))));
        let (page, links) = params.paged(Paging { number: 1, ..paging }, 0);
        assert_eq!((page.total_pages, links.next, links.prev, links.last.href), (0, None, None, at(1)));
    }

    #[test]
    fn a_parameter_stands_there_once() {
        let params = params("q=a&q=b&active=yes&x=%00&e=");
        assert!(params.text("q").is_err() && params.flag("active").is_err() && params.text("x").is_err());
        assert_eq!((params.text("e").unwrap(), params.text("none").unwrap()), (None, None));
    }
}
