//! What a caller's work is answered with: JSON, a page, or the way on after a form.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::web::Bytes;
use askama::Template;
use serde::Serialize;

use super::{Ask, Caller};
use crate::error::{Doing, Result};
use crate::web::answer::Failure;
use crate::web::page::{self, Next};

/// Bytes that are at hand for an answer: growing to a page of fifty entries step by step would copy it ten times.
const ROOM: usize = 32 * 1024;

fn written(answer: &impl Serialize) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(ROOM);
    serde_json::to_writer(&mut out, answer).doing("生成 JSON")?;
    out.shrink_to_fit();
    Ok(out)
}

impl Caller {
    /// Answers with JSON, written where it was put together: moving a list of texts to another thread costs more.
    ///
    /// # Errors
    /// As [`Caller::read`].
    pub async fn json<T: Serialize>(
        self,
        work: impl FnOnce(&mut Ask<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<HttpResponse, Failure> {
        let body = self.read(|ask| written(&work(ask)?)).await?;
        Ok(HttpResponse::Ok()
            .content_type(ContentType::json())
            .body(body))
    }

    /// Answers a machine's question with JSON, with what it was answered before if nothing has changed since
    /// ([`crate::web::kept`]); so the answer may depend on nothing but account, organisation and ledger.
    ///
    /// # Errors
    /// As [`Caller::read`].
    pub async fn kept<T: Serialize>(
        self,
        asked: String,
        work: impl FnOnce(&mut Ask<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<HttpResponse, Failure> {
        let body = self.read(move |ask| {
            let who = ask
                .bearer
                .as_ref()
                .and_then(|b| Some((b.account, b.moment?)));
            let answers = &ask.state.answers;
            if let Some(body) = who.and_then(|(account, at)| answers.get(account, at, &asked)) {
                return Ok(body);
            }
            let body = Bytes::from(written(&work(ask)?)?);
            if let Some((account, at)) = who {
                answers.put(account, at, &asked, &body);
            }
            Ok(body)
        });
        Ok(HttpResponse::Ok()
            .content_type(ContentType::json())
            .body(body.await?))
    }

    /// Answers with a page.
    ///
    /// # Errors
    /// As [`Caller::read`].
    pub async fn page<P: Template>(
        self,
        work: impl FnOnce(&mut Ask<'_>) -> Result<P> + Send + 'static,
    ) -> std::result::Result<HttpResponse, Failure> {
        self.page_as(|ask| Ok((StatusCode::OK, work(ask)?))).await
    }

    /// Answers with a page that says itself what is wrong with the question.
    ///
    /// # Errors
    /// As [`Caller::read`].
    pub async fn page_as<P: Template>(
        self,
        work: impl FnOnce(&mut Ask<'_>) -> Result<(StatusCode, P)> + Send + 'static,
    ) -> std::result::Result<HttpResponse, Failure> {
        let flashed = self.flash.is_some();
        let done = self.read(|ask| {
            let (status, page) = work(ask)?;
            Ok((status, page.render().doing("生成页面")?))
        });
        let (status, body) = done.await?;
        let mut answer = page::html(body, flashed);
        *answer.status_mut() = status;
        Ok(answer)
    }

    /// Carries out what a form asks for, and sends the browser on or shows the form again.
    ///
    /// # Errors
    /// As [`Caller::change`].
    pub async fn act(
        self,
        work: impl FnOnce(&mut Ask<'_>) -> Result<Next> + Send + 'static,
    ) -> std::result::Result<HttpResponse, Failure> {
        Ok(self.change(work).await?.answer())
    }
}
