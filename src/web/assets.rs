//! Style sheet, scripts and icon. Each is served under an address that holds the hash of its content, so that a browser may
//! keep it for ever and still sees a new one at once. They are compressed once, not for each answer.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest, Sha256};

use super::compress::Encoding;

/// Name and text of files in a folder under `static/`.
macro_rules! files {
    ($folder:literal, $extension:literal: $($name:literal),* $(,)?) => {
        &[$((concat!($name, ".", $extension), include_str!(concat!("../../static/", $folder, "/", $name, ".", $extension)))),*]
    };
}

type Files = &'static [(&'static str, &'static str)];

/// The first file says in which order the layers win.
#[rustfmt::skip]
const CSS: Files = files!("css", "css":
    "layers", "audit", "badge", "bare", "base", "boxed", "button", "cards", "crumbs", "dialog", "empty", "endpoint", "event", "facts",
    "feed", "field", "icon", "inline-form", "layout", "line", "links", "list", "matrix", "menu", "meter", "nav", "notice",
    "owner", "pagination", "panel", "reset", "reveal", "role", "sparkline", "table", "table-plain", "tabs", "tile", "toc",
    "toggle", "token", "tokens", "utilities",
);
/// Modules: `main` imports the others by their names.
#[rustfmt::skip]
const JS: Files = files!("js", "js":
    "copy", "dialog", "dom", "filter", "hotkey", "invalid", "main", "menu", "picker", "retry", "row-menu", "selection", "submit", "theme",
);
const ICON: &str = include_str!("../../static/favicon.svg");

static STYLE: LazyLock<Style> = LazyLock::new(|| Style::new(CSS));
static SCRIPTS: LazyLock<Scripts> = LazyLock::new(|| Scripts::new(JS));
static FAVICON: LazyLock<Icon> = LazyLock::new(Icon::new);

/// Where all but `/favicon.ico` are.
pub const FOLDER: &str = "/static/";

/// Address of the style sheet, for the page's head.
pub fn css_url() -> &'static str {
    &STYLE.url
}

/// Address of the first script, for the page's head.
pub fn js_url() -> &'static str {
    &SCRIPTS.url
}

/// Address of the icon, for the page's head.
pub fn favicon_url() -> &'static str {
    &FAVICON.url
}

/// `GET /static/muster-{hash}.css`
pub async fn css(request: HttpRequest, hash: web::Path<String>) -> HttpResponse {
    found((*hash == STYLE.hash).then_some(&STYLE.asset), &request)
}

/// `GET /static/js-{hash}/{file}`: the hash is that of all modules, so that they import each other by name.
pub async fn js(request: HttpRequest, path: web::Path<(String, String)>) -> HttpResponse {
    let (hash, file) = path.into_inner();
    let module = SCRIPTS.modules.iter().find(|(name, _)| *name == file).map(|(_, asset)| asset);
    found(module.filter(|_| hash == SCRIPTS.hash), &request)
}

/// `GET /static/favicon-{hash}.svg`
pub async fn favicon(request: HttpRequest, hash: web::Path<String>) -> HttpResponse {
    found((*hash == FAVICON.hash).then_some(&FAVICON.asset), &request)
}

/// `GET /favicon.ico`: what browsers ask for on answers that have no page head. Kept for a day, since the address never changes.
pub async fn favicon_ico(request: HttpRequest) -> HttpResponse {
    FAVICON.asset.answer(&request, "public, max-age=86400")
}

/// An old address must not be answered with the new content: the browser would keep it under the wrong name.
fn found(asset: Option<&Asset>, request: &HttpRequest) -> HttpResponse {
    asset.map_or_else(|| HttpResponse::NotFound().finish(), |asset| asset.answer(request, "public, max-age=31536000, immutable"))
}

struct Style {
    hash: String,
    url: String,
    asset: Asset,
}

impl Style {
    fn new(files: Files) -> Self {
        let text = files.iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n");
        let hash = hash(&text);
        Self { url: format!("/static/muster-{hash}.css"), hash, asset: Asset::new("text/css; charset=utf-8", &text) }
    }
}

struct Scripts {
    hash: String,
    url: String,
    modules: Vec<(&'static str, Asset)>,
}

impl Scripts {
    fn new(files: Files) -> Self {
        let all: String = files.iter().flat_map(|(name, text)| [*name, *text]).collect();
        let hash = hash(&all);
        let modules = files.iter().map(|(name, text)| (*name, Asset::new("text/javascript; charset=utf-8", text))).collect();
        Self { url: format!("/static/js-{hash}/main.js"), hash, modules }
    }
}

struct Icon {
    hash: String,
    url: String,
    asset: Asset,
}

impl Icon {
    fn new() -> Self {
        let hash = hash(ICON);
        Self { url: format!("/static/favicon-{hash}.svg"), hash, asset: Asset::new("image/svg+xml", ICON) }
    }
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// A text in each of its forms on the way.
struct Asset {
    content_type: &'static str,
    plain: web::Bytes,
    compressed: Vec<(Encoding, web::Bytes)>,
}

impl Asset {
    fn new(content_type: &'static str, text: &str) -> Self {
        let compressed = Encoding::ALL
            .into_iter()
            .filter_map(|encoding| Some((encoding, encoding.compress_well(text.as_bytes()).ok()?.into())))
            .filter(|(_, bytes): &(_, web::Bytes)| bytes.len() < text.len())
            .collect();
        Self { content_type, plain: text.to_owned().into(), compressed }
    }

    fn answer(&self, request: &HttpRequest, cache_control: &'static str) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response
            .content_type(self.content_type)
            .insert_header((header::CACHE_CONTROL, cache_control))
            .insert_header((header::VARY, "Accept-Encoding"));
        let accepted = Encoding::accepted_by(request);
        match self.compressed.iter().find(|(encoding, _)| accepted == Some(*encoding)) {
            Some((encoding, bytes)) => response.insert_header((header::CONTENT_ENCODING, encoding.name())).body(bytes.clone()),
            None => response.body(self.plain.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    #[actix_web::test]
    async fn each_is_served_under_its_own_address() {
        let app = App::new()
            .route("/static/muster-{hash}.css", web::get().to(css))
            .route("/static/js-{hash}/{file}", web::get().to(js))
            .route("/static/favicon-{hash}.svg", web::get().to(favicon))
            .route("/favicon.ico", web::get().to(favicon_ico));
        let app = init_service(app).await;
        let style = CSS.iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n");
        let scripts = format!("/static/js-{}/", SCRIPTS.hash);
        let modules = JS.iter().map(|(name, text)| (format!("{scripts}{name}"), "text/javascript; charset=utf-8", *text));
        for (url, content_type, text) in modules.chain([
            (css_url().to_owned(), "text/css; charset=utf-8", style.as_str()),
            (favicon_url().to_owned(), "image/svg+xml", ICON),
        ]) {
            let response = call_service(&app, TestRequest::with_uri(&url).to_request()).await;
            assert_eq!(response.status(), 200, "{url}");
            assert_eq!(response.headers().get("content-type").unwrap(), content_type);
            assert_eq!(response.headers().get("vary").unwrap(), "Accept-Encoding");
            assert!(response.headers().get("cache-control").unwrap().to_str().unwrap().ends_with("immutable"));
            assert_eq!(read_body(response).await, text);
        }
        for old in ["/static/muster-000000000000.css", "/static/js-000000000000/main.js", &format!("{scripts}none.js")] {
            assert_eq!(call_service(&app, TestRequest::with_uri(old).to_request()).await.status(), 404, "{old}");
        }
        let icon = call_service(&app, TestRequest::with_uri("/favicon.ico").to_request()).await;
        assert_eq!(icon.headers().get("content-type").unwrap(), "image/svg+xml");
    }

    #[actix_web::test]
    async fn they_travel_as_the_browser_reads_them() {
        let app = init_service(App::new().route("/static/muster-{hash}.css", web::get().to(css))).await;
        for encoding in Encoding::ALL {
            let request = TestRequest::with_uri(css_url()).insert_header(("accept-encoding", encoding.name()));
            let response = call_service(&app, request.to_request()).await;
            assert_eq!(response.headers().get("content-encoding").unwrap(), encoding.name());
            assert!(read_body(response).await.len() < STYLE.asset.plain.len() / 3, "{encoding:?}");
        }
    }

    #[test]
    fn the_hash_follows_the_content() {
        let first = Scripts::new(&[("a.js", "a"), ("b.js", "b")]);
        assert_eq!(first.hash.len(), 12);
        assert_ne!(first.hash, Scripts::new(&[("a.js", "a"), ("b.js", "c")]).hash);
        assert_eq!(first.url, format!("/static/js-{}/main.js", first.hash));
    }

    /// A file in the folder that nobody serves would look finished and do nothing.
    #[test]
    fn every_file_of_the_folders_is_served() {
        for (folder, served) in [("css", CSS), ("js", JS)] {
            let path = format!("{}/static/{folder}", env!("CARGO_MANIFEST_DIR"));
            let files = std::fs::read_dir(path).map(|entries| entries.count()).unwrap_or(0);
            assert_eq!(files, served.len(), "static/{folder}");
        }
        let main = JS.iter().find(|(name, _)| *name == "main.js").unwrap().1;
        for (name, _) in JS.iter().filter(|(name, _)| !matches!(*name, "main.js" | "dom.js")) {
            assert!(main.contains(&format!("'./{name}'")), "{name} is not imported");
        }
    }

    /// Files are joined by name, so a rule must say where it stands by its layer.
    #[test]
    fn every_style_belongs_to_a_layer() {
        for (name, text) in &CSS[1..] {
            let outside = text.lines().filter(|line| !line.is_empty() && !line.starts_with(' '));
            let only_layers = outside.into_iter().all(|line| line == "}" || line.starts_with("@layer ") && line.ends_with('{'));
            assert!(only_layers, "{name}");
        }
    }
}
