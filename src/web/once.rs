//! Posts that are carried out once: `Idempotency-Key` with the answer that was given.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use chrono::Duration;
use diesel::prelude::*;
use serde::Serialize;
use sm3::{Digest, Sm3};

use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::{idempotency_keys, ledger_head};
use crate::error::{Doing, Error, Problem, Result};
use crate::web::answer::Failure;
use crate::web::caller::{Ask, Caller};

/// How long an answer is remembered.
const REMEMBERED: Duration = Duration::hours(24);

/// Longest key that is taken.
const LONGEST: usize = 200;

/// The key a post may name, with the address it was sent to.
#[derive(Clone, Debug)]
pub struct Once {
    key: Option<String>,
    address: String,
}

impl FromRequest for Once {
    type Error = Failure;
    type Future = Ready<std::result::Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = request.headers().get("idempotency-key");
        let text = key.map(|v| v.to_str().unwrap_or_default().to_owned());
        if text
            .as_ref()
            .is_some_and(|t| t.is_empty() || t.len() > LONGEST)
        {
            let what = "Idempotency-Key 应为 1 到 200 个可见的英文字符";
            return ready(Err(Error::Usage(what.to_owned()).into()));
        }
        ready(Ok(Self {
            key: text,
            address: format!("{} {}", request.method(), request.path()),
        }))
    }
}

/// What a post answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// HTTP status.
    pub status: StatusCode,
    /// The body.
    pub body: serde_json::Value,
    /// The version of what was made.
    pub etag: Option<String>,
}

impl Answered {
    /// 201 with what was made.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn created(body: &impl Serialize, etag: Option<String>) -> Result<Self> {
        Ok(Self {
            status: StatusCode::CREATED,
            body: serde_json::to_value(body).doing("生成应答")?,
            etag,
        })
    }

    /// 200 with what came of it.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn done(body: &impl Serialize) -> Result<Self> {
        Ok(Self {
            status: StatusCode::OK,
            body: serde_json::to_value(body).doing("生成应答")?,
            etag: None,
        })
    }

    fn response(self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        if let Some(tag) = self.etag {
            answer.insert_header((header::ETAG, tag));
        }
        answer.json(self.body)
    }
}

impl Caller {
    /// Carries out a post; one that names a key is carried out once, and answered alike ever after.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the key was used for another body; whatever the work says.
    pub async fn post(
        self,
        once: Once,
        body: &impl Serialize,
        work: impl FnOnce(&mut Ask<'_>) -> Result<Answered> + Send + 'static,
    ) -> std::result::Result<HttpResponse, Failure> {
        let digest = digest(&once.address, body)?;
        let answered = self.change(move |ask| match once.key {
            None => work(ask),
            Some(key) => keyed(ask, &key, &digest, work),
        });
        Ok(answered.await?.response())
    }
}

fn digest(address: &str, body: &impl Serialize) -> Result<String> {
    let mut sm3 = Sm3::new();
    sm3.update(address);
    sm3.update([0]);
    sm3.update(serde_json::to_vec(body).doing("读取请求")?);
    Ok(sm3.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

fn keyed(
    ask: &mut Ask<'_>,
    key: &str,
    digest: &str,
    work: impl FnOnce(&mut Ask<'_>) -> Result<Answered>,
) -> Result<Answered> {
    // A machine without an account does not exist; the operator never comes by HTTP.
    let account = ask.viewer.account().unwrap_or_default();
    begin(ask.conn)?;
    let done = take(ask, account, key, digest, work);
    end(ask.conn, done.is_ok())?;
    done
}

fn take(
    ask: &mut Ask<'_>,
    account: i64,
    key: &str,
    digest: &str,
    work: impl FnOnce(&mut Ask<'_>) -> Result<Answered>,
) -> Result<Answered> {
    // The ledger's lock first: two posts with one key come one after the other.
    diesel::update(ledger_head::table.find(1))
        .set(ledger_head::writes.eq(ledger_head::writes + 1))
        .execute(ask.conn)?;
    type Known = (String, i32, String, Option<String>);
    let known: Option<Known> = idempotency_keys::table
        .find((account, key))
        .select((
            idempotency_keys::digest,
            idempotency_keys::status,
            idempotency_keys::answer,
            idempotency_keys::etag,
        ))
        .first(ask.conn)
        .optional()?;
    if let Some((before, status, answer, etag)) = known {
        if before != digest {
            return Err(Error::Invalid(vec![Problem::new(
                "Idempotency-Key",
                "key_reused",
                "这个 Idempotency-Key 已用于内容不同的请求",
                "请换一个新的键",
            )]));
        }
        return Ok(Answered {
            status: u16::try_from(status)
                .ok()
                .and_then(|s| StatusCode::from_u16(s).ok())
                .unwrap_or(StatusCode::OK),
            body: serde_json::from_str(&answer).doing("读取应答")?,
            etag,
        });
    }
    let answered = work(ask)?;
    let now = clock::now();
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::at.lt(now - REMEMBERED)))
        .execute(ask.conn)?;
    diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::account_id.eq(account),
            idempotency_keys::name.eq(key),
            idempotency_keys::digest.eq(digest),
            idempotency_keys::status.eq(i32::from(answered.status.as_u16())),
            idempotency_keys::answer.eq(answered.body.to_string()),
            idempotency_keys::etag.eq(&answered.etag),
            idempotency_keys::at.eq(now),
        ))
        .execute(ask.conn)?;
    Ok(answered)
}

/// The transaction around work that borrows the whole [`Ask`], which diesel's closure cannot lend.
fn begin(conn: &mut Conn) -> Result<()> {
    use diesel::connection::TransactionManager as _;
    Ok(<Conn as Connection>::TransactionManager::begin_transaction(
        conn,
    )?)
}

fn end(conn: &mut Conn, keep: bool) -> Result<()> {
    use diesel::connection::TransactionManager as _;
    type Manager = <Conn as Connection>::TransactionManager;
    if keep {
        Manager::commit_transaction(conn)?;
    } else {
        Manager::rollback_transaction(conn)?;
    }
    Ok(())
}
