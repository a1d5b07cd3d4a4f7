//! How long events are kept: what is set, what another setting would delete, and saving it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use crate::audit::filter::LOG;
use crate::audit::retention::{self, Keep, Wake};
use crate::audit::view::retention::{Preview, RetentionPage};
use crate::clock;
use crate::error::Error;
use crate::web::form::{Form, Query};
use crate::web::page::see_other;
use crate::web::view::moment::day;
use crate::web::view::words::counted;
use crate::web::view::{Field, Flash};
use crate::web::visit::Visit;

/// The choice, to be looked at (GET) or saved (POST).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RetentionForm {
    /// `forever` or `days`; nothing before anything is chosen.
    keep: String,
    days: String,
    /// What was set when the form was drawn.
    shown: String,
    /// The first day that stays, as it was shown with the count.
    from: String,
}

/// `GET /settings/audit-log/retention`
pub async fn show(visit: Visit, query: Query<RetentionForm>) -> Result<HttpResponse, Error> {
    let (status, page) = page(&visit, &query.0).await?;
    visit.html(status, &page)
}

async fn page(visit: &Visit, form: &RetentionForm) -> Result<(StatusCode, RetentionPage), Error> {
    let now = clock::now();
    let chosen = (!form.keep.is_empty()).then(|| Keep::parse(&form.keep, &form.days));
    let wanted = chosen.as_ref().and_then(|chosen| chosen.as_ref().ok().copied());
    let ((kept, count), shell) = visit
        .framed(LOG, move |conn| {
            let count = wanted.map(|keep| retention::would_delete(conn, keep, now)).transpose()?;
            Ok((retention::kept(conn)?, count.unwrap_or_default()))
        })
        .await?;
    let mut page = RetentionPage { shell, kept: kept.in_words(), keep: wanted.unwrap_or(kept), ..RetentionPage::default() };
    page.days = Field::new(match page.keep {
        Keep::Days(days) => days.to_string(),
        Keep::ForEver => String::new(),
    });
    if let Some(keep) = wanted {
        page.preview = Some(Preview {
            keep: keep.in_words(),
            events: u64::try_from(count).ok().filter(|count| *count > 0).map(|count| counted(count, "event")),
            from: first_day(keep, now),
        });
    }
    if let Some(Err(Error::Invalid(faults))) = chosen {
        page.keep = Keep::Days(0);
        page.days = Field { value: form.days.clone(), error: faults.into_iter().next().map(|fault| fault.message) };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page));
    }
    Ok((StatusCode::OK, page))
}

fn first_day(keep: Keep, now: chrono::NaiveDateTime) -> String {
    keep.cutoff(now).map(|at| day(at.date())).unwrap_or_default()
}

/// `POST /settings/audit-log/retention`
pub async fn save(visit: Visit, form: Form<RetentionForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let done = match Keep::parse(&form.keep, &form.days) {
        // What was counted was another set: midnight has passed.
        Ok(keep) if first_day(keep, clock::now()) != form.from => {
            Err(Error::Conflict("A new day has begun since these events were counted. Check the number again.".into()))
        }
        Ok(keep) => {
            let shown = form.shown.clone();
            visit.write(move |conn, actor| retention::set(conn, actor, keep, &shown)).await.map(|()| keep)
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(keep) => {
            visit.data::<Wake>()?.now();
            let text = match keep {
                Keep::ForEver => "Audit events are kept forever.".to_owned(),
                Keep::Days(_) => format!("Audit events are kept for {}. Older ones are being deleted.", keep.in_words()),
            };
            visit.flash(&Flash::done(text))?;
            Ok(see_other(LOG))
        }
        Err(Error::Conflict(message)) => {
            let (_, mut page) = page(&visit, &form).await?;
            page.refused = Some(message);
            visit.html(StatusCode::CONFLICT, &page)
        }
        Err(Error::Invalid(faults)) => {
            let (_, mut page) = page(&visit, &form).await?;
            page.days = Field { value: form.days, error: faults.into_iter().next().map(|fault| fault.message) };
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error),
    }
}
