//! Signing a user out.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::accounts::pages::visits::AccountVisit;
use crate::error::Error;
use crate::id::Id;
use crate::people::operations;
use crate::web::view::words::counted;
use crate::web::view::{Flash, Text};

/// A session in a path, below its user.
#[derive(Debug, Deserialize)]
pub struct SessionPath {
    session: String,
}

/// `POST …/{id}/sessions/{session}/end`
pub async fn end(visit: AccountVisit, path: web::Path<SessionPath>) -> Result<HttpResponse, Error> {
    let session = Id::parse(&path.session).ok_or(Error::NotFound("session"))?;
    let done = visit.write(move |conn, actor, id| operations::end_sessions(conn, actor, id, Some(&session))).await;
    visit.answer(done.map(|_| Flash::done("Session signed out.")), &visit.url()).await
}

/// `POST …/{id}/sessions/end`
pub async fn end_all(visit: AccountVisit) -> Result<HttpResponse, Error> {
    let done = visit.write(move |conn, actor, id| operations::end_sessions(conn, actor, id, None)).await;
    let told = |ended: usize| match ended {
        0 => Flash::neutral(vec![Text::plain("There was no session to sign out of.")]),
        n => Flash::done(format!("Signed out of {}.", counted(n as u64, "session"))),
    };
    visit.answer(done.map(told), &visit.url()).await
}
