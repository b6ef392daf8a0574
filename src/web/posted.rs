//! Forms that browsers send: who sent it and its fields, read together because the form carries its token.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use crate::error::Error;
use crate::web::answer::Failure;
use crate::web::caller::Caller;
use crate::web::fields::Fields;
use crate::web::visitor::Visitor;

/// A form sent by somebody signed in.
pub struct Posted {
    /// Who sent it, with the form's token.
    pub caller: Caller,
    /// Its fields.
    pub fields: Fields,
}

/// A form sent before sign-in.
pub struct VisitorPosted {
    /// Who sent it.
    pub visitor: Visitor,
    /// Its fields.
    pub fields: Fields,
}

async fn fields(request: HttpRequest, mut payload: Payload) -> Result<Fields, Failure> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let is_form = kind
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Err(Failure::Error(Error::Usage(
            "请用表单（application/x-www-form-urlencoded）提交".to_owned(),
        )));
    }
    let body = web::Bytes::from_request(&request, &mut payload)
        .await
        .map_err(|e| match e.as_response_error().status_code().as_u16() {
            413 => Error::TooLarge("提交的内容超过了大小限制".to_owned()),
            _ => Error::Usage("提交的内容没有收全，请重试".to_owned()),
        })?;
    Ok(Fields::parse(&String::from_utf8_lossy(&body))?)
}

impl FromRequest for Posted {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let caller = Caller::of(&request)?;
            let fields = fields(request, payload).await?;
            let caller = caller.with_csrf(fields.raw("csrf"));
            Ok(Self { caller, fields })
        })
    }
}

impl FromRequest for VisitorPosted {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let caller = Caller::of(&request)?;
            let fields = fields(request, payload).await?;
            Ok(Self {
                visitor: Visitor { caller },
                fields,
            })
        })
    }
}
