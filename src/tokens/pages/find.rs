//! Finding tokens in a text. The text is read once, and kept, logged and shown nowhere: what goes on is public IDs.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::chosen::address;
use crate::error::Error;
use crate::tokens::filter::TOKENS;
use crate::tokens::operations::chosen;
use crate::tokens::value::text;
use crate::tokens::view::list::FindPage;
use crate::web::form::{FormError, RawBody};
use crate::web::page::see_other;
use crate::web::view::Field;
use crate::web::visit::Visit;

/// The longest text, with the name of its field.
const LIMIT: usize = 1024 * 1024 + "text=\r\n".len();

/// `GET /settings/tokens/find`
pub async fn show(visit: Visit) -> Result<HttpResponse, Error> {
    page(&visit, StatusCode::OK, None).await
}

async fn page(visit: &Visit, status: StatusCode, error: Option<&str>) -> Result<HttpResponse, Error> {
    let ((), mut shell) = visit.framed(TOKENS, |_| Ok(())).await?;
    shell.here = format!("{TOKENS}/find");
    let text = Field { value: String::new(), error: error.map(str::to_owned) };
    visit.html(status, &FindPage { shell, text, limit: "1 MB" })
}

/// `POST /settings/tokens/find`: whatever is in the body is the text. A token is the same in each encoding of a form.
pub async fn find(visit: Visit, body: Result<RawBody, FormError>) -> Result<HttpResponse, Error> {
    let body = match body {
        Ok(RawBody(body)) if body.len() <= LIMIT => body,
        Ok(_) | Err(FormError::TooLarge(_)) => {
            let sentence = "The text is too long. Paste at most 1 MB at a time.";
            return page(&visit, StatusCode::PAYLOAD_TOO_LARGE, Some(sentence)).await;
        }
        Err(error) => return Err(Error::BadRequest(error.to_string())),
    };
    let found = text::find(&body).0;
    drop(body);
    if found.is_empty() {
        let sentence = "No tokens in this text. A token begins with mstr_ or mstw_.";
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, Some(sentence)).await;
    }
    let kept = visit.write(move |conn, actor| chosen::keep_found(conn, actor, &found)).await?;
    Ok(see_other(&address(&kept)))
}
