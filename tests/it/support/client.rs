//! Who speaks to a server, and what it answers.

use std::collections::HashMap;
use std::time::Duration;

use muster::id::Id;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers by their name in lower case; several of one name are joined by `, `.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The text of the body without tags, white space folded.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut inside = false;
        // What only isolates a name is part of its sentence.
        let body = self.body.replace("<bdi>", "").replace("</bdi>", "").replace("&#39;", "'");
        for letter in body.chars() {
            match letter {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    text.push(' ');
                }
                _ if !inside => text.push(letter),
                _ => {}
            }
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The text of the flash, or nothing.
    pub fn flash(&self) -> String {
        let Some(start) = self.body.find("class=\"flash") else { return String::new() };
        let rest = &self.body[start..];
        let end = rest.find("</p>").unwrap_or(rest.len());
        let begin = rest.find("<p>").unwrap_or(0);
        Answer { body: rest[begin..end].into(), ..self.clone() }.text().replace(" .", ".").replace(" ;", ";")
    }
}

/// A body as it was before it was compressed.
fn decompressed(body: Vec<u8>, encoding: Option<&str>) -> Vec<u8> {
    use std::io::Read;
    let mut plain = Vec::new();
    match encoding.filter(|_| !body.is_empty()) {
        None => return body,
        Some("gzip") => flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut plain).map(drop),
        Some("br") => brotli::BrotliDecompress(&mut &body[..], &mut plain),
        Some(other) => panic!("an answer in {other}"),
    }
    .unwrap();
    plain
}

/// Somebody with cookies of their own, who follows no redirect by themselves. A clone shares the cookies.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
    /// The account that is signed in.
    pub account: Option<Id>,
}

impl Client {
    /// A client without a session.
    pub fn new(url: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .new_agent();
        Self { agent, url: url.into(), account: None }
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    /// GET with headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, &[])
    }

    /// A form, posted from a page of Muster's own.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send("POST", path, &[("Sec-Fetch-Site", "same-origin")], fields)
    }

    /// Posts a form and follows the redirect, as a browser does.
    pub fn post_and_follow(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, fields);
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        let location = answer.location().split('#').next().unwrap().to_owned();
        self.get(&location)
    }

    /// Any method, with headers and a form.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(self.address(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = if matches!(method, "GET" | "HEAD") {
            self.agent.run(request.body(()).unwrap())
        } else {
            let body = serde_html_form::to_string(fields).unwrap();
            self.agent.run(request.header("Content-Type", "application/x-www-form-urlencoded").body(body).unwrap())
        };
        Self::read(answer.unwrap())
    }

    /// GET, or nothing where nobody answers.
    pub fn try_get(&self, path: &str) -> Option<Answer> {
        self.agent.get(self.address(path)).call().ok().map(Self::read)
    }

    /// GET with headers; nothing where no whole answer comes.
    pub fn try_get_with(&self, path: &str, headers: &[(&str, &str)]) -> Option<Answer> {
        let request =
            headers.iter().fold(self.agent.get(self.address(path)), |request, (name, value)| request.header(*name, *value));
        request.call().ok().map(Self::read)
    }

    /// A form, posted from a page of Muster's own; nothing where nobody answers.
    pub fn try_post(&self, path: &str, fields: &[(&str, &str)]) -> Option<Answer> {
        let body = serde_html_form::to_string(fields).unwrap();
        let request = self.agent.post(self.address(path)).header("Sec-Fetch-Site", "same-origin");
        request.content_type("application/x-www-form-urlencoded").send(body).ok().map(Self::read)
    }

    fn read(mut answer: ureq::http::Response<ureq::Body>) -> Answer {
        let mut map: HashMap<String, String> = HashMap::new();
        for (name, value) in answer.headers() {
            let value = value.to_str().unwrap_or_default();
            map.entry(name.as_str().to_owned())
                .and_modify(|held| *held = format!("{held}, {value}"))
                .or_insert_with(|| value.into());
        }
        let body = answer.body_mut().with_config().limit(50 * 1024 * 1024).read_to_vec().unwrap_or_default();
        let body = decompressed(body, map.get("content-encoding").map(String::as_str));
        Answer { status: answer.status().as_u16(), headers: map, body: String::from_utf8(body).unwrap_or_default() }
    }

    /// Any method, with headers and a body as it is.
    pub fn send_body(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(self.address(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = self.agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
            (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned())
        };
        let headers = answer.headers().iter().map(header).collect();
        Answer { status: answer.status().as_u16(), headers, body: answer.body_mut().read_to_string().unwrap_or_default() }
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) }
    }
}
