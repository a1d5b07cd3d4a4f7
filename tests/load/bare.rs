//! The least that any check must do, and the least that any page must cost, on the same framework: what Muster's figures are
//! held against. `bare TOKENS PAGE_BYTES WORKERS` reads one token a line, and prints the port that it listens on.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says so by panicking")]

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use sha2::{Digest, Sha256};

const NAMES: [&str; 9] = [
    "muster-account",
    "muster-account-name",
    "muster-account-type",
    "muster-roles",
    "muster-permissions",
    "muster-teams",
    "muster-token",
    "muster-access",
    "muster-token-expires",
];

type Entries = HashMap<[u8; 32], [HeaderValue; 9]>;

async fn check(request: HttpRequest, entries: web::Data<Entries>) -> HttpResponse {
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let Some(values) = token.and_then(|token| entries.get::<[u8; 32]>(&Sha256::digest(token).into())) else {
        return HttpResponse::Unauthorized().finish();
    };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    for (name, value) in NAMES.iter().zip(values) {
        answer.insert_header((HeaderName::from_static(name), value.clone()));
    }
    answer.finish()
}

async fn page(body: web::Data<web::Bytes>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(body.get_ref().clone())
}

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let (tokens, bytes, workers) = (&arguments[1], arguments[2].parse().unwrap(), arguments[3].parse().unwrap());
    let text = |text: &str| HeaderValue::from_str(text).unwrap();
    let entries: Entries = std::fs::read_to_string(tokens)?
        .lines()
        .map(|token| {
            let values = [
                text("01930000-0000-7000-8000-000000000000"),
                text("account"),
                text("system"),
                text("CI/CD"),
                text("contract_data:manage:own,contract_data:manage:team,contract_data:read:*,deployment_and_release:record:*,environment:read:*"),
                text(""),
                text(&token[5..17]),
                text("write"),
                text(""),
            ];
            (Sha256::digest(token.as_bytes()).into(), values)
        })
        .collect();
    let entries = web::Data::from(Arc::new(entries));
    let body = web::Data::new(web::Bytes::from(vec![b'x'; bytes]));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(entries.clone())
            .app_data(body.clone())
            .route("/check", web::to(check))
            .route("/page", web::get().to(page))
    })
    .workers(workers)
    .bind(("127.0.0.1", 0))?;
    println!("{}", server.addrs()[0].port());
    server.run().await
}
