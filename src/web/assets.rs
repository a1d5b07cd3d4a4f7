//! Style sheet, scripts and icon: joined at compile time, each served under an address that holds the hash of its content, so that
//! a browser may keep it for ever and still sees a new one at once.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use sha2::{Digest, Sha256};

/// The files of a folder under `static/`, in the order in which they are joined.
macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(include_str!(concat!("../../static/", $folder, "/", $name))),*]
    };
}

/// The order matters: the first file names the layers.
const CSS: &[&str] = files!("css": "00-layers.css", "01-reset.css", "02-tokens.css", "03-base.css", "04-layout.css", "10-icon.css", "11-nav.css", "12-button.css", "13-badge.css", "14-tile.css", "15-meter.css", "16-notice.css", "17-field.css", "18-toggle.css", "19-list.css", "20-table.css", "21-pagination.css", "22-menu.css", "23-dialog.css", "24-facts.css", "25-boxed.css", "26-token.css", "27-feed.css", "30-sparkline.css", "31-reveal.css", "32-role.css", "33-empty.css", "34-crumbs.css", "35-bare.css", "80-narrow.css", "90-utilities.css");
/// Each file is a script of its own scope.
const JS: &[&str] = files!("js": "00-start.js", "copy.js", "dialog.js", "filter.js", "hotkey.js", "invalid.js", "menu.js", "picker.js", "selection.js", "submit.js", "theme.js");
const FAVICON: &[&str] = &[include_str!("../../static/favicon.svg")];

static STYLE: LazyLock<Asset> = LazyLock::new(|| Asset::new("muster", "css", CSS));
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| Asset::new("muster", "js", JS));
static ICON: LazyLock<Asset> = LazyLock::new(|| Asset::new("favicon", "svg", FAVICON));

/// Address of the style sheet, for the page's head.
pub fn css_url() -> &'static str {
    &STYLE.url
}

/// Address of the script, for the page's head.
pub fn js_url() -> &'static str {
    &SCRIPT.url
}

/// Address of the icon, for the page's head.
pub fn favicon_url() -> &'static str {
    &ICON.url
}

/// `GET /static/muster-{hash}.css`
pub async fn css(hash: web::Path<String>) -> HttpResponse {
    STYLE.answer(&hash, "text/css; charset=utf-8")
}

/// `GET /static/muster-{hash}.js`
pub async fn js(hash: web::Path<String>) -> HttpResponse {
    SCRIPT.answer(&hash, "text/javascript; charset=utf-8")
}

/// `GET /static/favicon-{hash}.svg`
pub async fn favicon(hash: web::Path<String>) -> HttpResponse {
    ICON.answer(&hash, "image/svg+xml")
}

/// `GET /favicon.ico`: what browsers ask for on answers that have no page head. Kept for a day, since the address never changes.
pub async fn favicon_ico() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(ICON.text.clone())
}

struct Asset {
    text: web::Bytes,
    hash: String,
    url: String,
}

impl Asset {
    fn new(name: &str, extension: &str, files: &[&str]) -> Asset {
        let text = files.join("\n");
        let hash: String = Sha256::digest(&text).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let url = format!("/static/{name}-{hash}.{extension}");
        Asset { text: text.into(), hash, url }
    }

    fn answer(&self, hash: &str, content_type: &str) -> HttpResponse {
        // An old address must not be answered with the new content: the browser would keep it under the wrong name.
        if hash != self.hash {
            return HttpResponse::NotFound().finish();
        }
        HttpResponse::Ok()
            .content_type(content_type)
            .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
            .body(self.text.clone())
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
            .route("/static/muster-{hash}.js", web::get().to(js))
            .route("/static/favicon-{hash}.svg", web::get().to(favicon))
            .route("/favicon.ico", web::get().to(favicon_ico));
        let app = init_service(app).await;
        for (url, content_type, text) in [
            (css_url(), "text/css; charset=utf-8", CSS),
            (js_url(), "text/javascript; charset=utf-8", JS),
            (favicon_url(), "image/svg+xml", FAVICON),
        ] {
            let response = call_service(&app, TestRequest::with_uri(url).to_request()).await;
            assert_eq!(response.status(), 200, "{url}");
            assert_eq!(response.headers().get("content-type").unwrap(), content_type);
            assert!(response.headers().get("cache-control").unwrap().to_str().unwrap().ends_with("immutable"));
            assert_eq!(read_body(response).await, text.join("\n"));
        }
        let old = TestRequest::with_uri("/static/muster-000000000000.css").to_request();
        assert_eq!(call_service(&app, old).await.status(), 404);
        let icon = call_service(&app, TestRequest::with_uri("/favicon.ico").to_request()).await;
        assert_eq!(icon.headers().get("content-type").unwrap(), "image/svg+xml");
    }

    #[test]
    fn the_hash_follows_the_content() {
        let first = Asset::new("muster", "css", &["a", "b"]);
        assert_eq!(first.text, "a\nb");
        assert_eq!(first.hash.len(), 12);
        assert_ne!(first.hash, Asset::new("muster", "css", &["a", "c"]).hash);
        assert_eq!(first.url, format!("/static/muster-{}.css", first.hash));
    }

    /// A file in the folder that nobody joins would look finished and do nothing.
    #[test]
    fn every_file_of_the_folders_is_joined() {
        for (folder, joined) in [("css", CSS), ("js", JS)] {
            let path = format!("{}/static/{folder}", env!("CARGO_MANIFEST_DIR"));
            let files = std::fs::read_dir(path).map(|entries| entries.count()).unwrap_or(0);
            assert_eq!(files, joined.len(), "static/{folder}");
        }
    }
}
