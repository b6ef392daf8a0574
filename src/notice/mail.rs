//! Letters: put into a table with what they tell, sent later by SMTP, so that a mail server that is down holds
//! nobody up. Without `[mail]` in the configuration nothing is ever put there.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport as _};
use serde::Deserialize;

use crate::db::connection::Conn;
use crate::db::schema::mails;
use crate::error::{Doing, Error, Result};

/// Waiting to be sent.
const WAITING: &str = "waiting";
/// Taken by the server.
const SENT: &str = "sent";
/// Given up.
const FAILED: &str = "failed";
/// How often a letter is tried.
const ATTEMPTS: i32 = 6;
/// Minutes to the second try; each later one waits so much longer.
const PAUSE: i64 = 5;
/// So many failures in a row, and the server is left alone.
const IN_A_ROW: u32 = 3;
/// Letters sent in one go.
const TOGETHER: i64 = 200;

/// How the way to the mail server is kept secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte (port 465).
    #[default]
    Tls,
    /// In clear until the server has agreed to TLS, which it must (port 587).
    Starttls,
    /// In clear; only without a password, or on this machine.
    None,
}

/// The mail server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its name.
    pub host: String,
    /// Its port; the usual one when absent.
    pub port: Option<u16>,
    /// How the way there is kept secret.
    #[serde(default)]
    pub security: Security,
    /// Sender, such as `一本账 <ledger@example.gov.cn>`.
    pub from: String,
    /// Login, where the server wants one.
    pub login: Option<String>,
    /// File that holds the password and nothing else.
    pub password_file: Option<PathBuf>,
    /// Certificate (PEM) of an authority of one's own.
    pub authority_file: Option<PathBuf>,
    /// Address of this service as people type it, for links.
    #[serde(default)]
    pub site: String,
    /// Seconds to wait for the server.
    #[serde(default = "patience")]
    pub seconds: u64,
}

fn patience() -> u64 {
    15
}

impl Settings {
    /// Refuses what would send a password in clear over a network, and a sender that is none.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub fn check(&self) -> Result<()> {
        let here = matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if self.security == Security::None && self.login.is_some() && !here {
            return Err(Error::Usage(
                "[mail] security = \"none\" 会让邮箱口令明文经过网络，请用 tls 或 starttls"
                    .to_owned(),
            ));
        }
        self.from
            .parse::<lettre::message::Mailbox>()
            .map(drop)
            .map_err(|_| Error::Usage(format!("[mail] from 不是邮件地址: {}", self.from)))
    }

    fn transport(&self) -> Result<SmtpTransport> {
        let secret = || -> Result<TlsParameters> {
            let mut tls = TlsParameters::builder(self.host.clone());
            if let Some(file) = &self.authority_file {
                let pem = std::fs::read(file).doing("读取邮件服务器证书")?;
                tls = tls
                    .add_root_certificate(Certificate::from_pem(&pem).doing("读取邮件服务器证书")?);
            }
            tls.build().doing("准备邮件加密")
        };
        let (tls, usual) = match self.security {
            Security::Tls => (Tls::Wrapper(secret()?), 465),
            Security::Starttls => (Tls::Required(secret()?), 587),
            Security::None => (Tls::None, 25),
        };
        let mut out = SmtpTransport::builder_dangerous(&self.host)
            .port(self.port.unwrap_or(usual))
            .timeout(Some(Duration::from_secs(self.seconds)))
            .tls(tls);
        if let Some(login) = &self.login {
            let password = match &self.password_file {
                Some(file) => std::fs::read_to_string(file).doing("读取邮箱口令文件")?,
                None => String::new(),
            };
            out = out.credentials(Credentials::new(login.clone(), password.trim().to_owned()));
        }
        Ok(out.build())
    }

    fn letter(&self, row: &Row) -> Result<Message> {
        Message::builder()
            .from(self.from.parse().doing("写邮件")?)
            .to(row.address.parse().doing("写邮件")?)
            .subject(&row.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(row.body.clone())
            .doing("写邮件")
    }
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = mails)]
struct Row {
    id: i64,
    address: String,
    subject: String,
    body: String,
    attempts: i32,
}

/// Puts a letter on its way. Call it in the transaction of what it tells about.
///
/// # Errors
/// When the database fails.
pub fn put(
    conn: &mut Conn,
    address: &str,
    (subject, body): (&str, &str),
    at: NaiveDateTime,
) -> Result<()> {
    diesel::insert_into(mails::table)
        .values((
            mails::address.eq(address),
            mails::subject.eq(subject),
            mails::body.eq(body),
            mails::made_at.eq(at),
            mails::state.eq(WAITING),
            mails::attempts.eq(0),
            mails::fault.eq(""),
        ))
        .execute(conn)?;
    Ok(())
}

fn ready(conn: &mut Conn, now: NaiveDateTime, limit: i64) -> Result<Vec<Row>> {
    let pause = now - TimeDelta::minutes(PAUSE);
    let rows: Vec<(Row, Option<NaiveDateTime>)> = mails::table
        .filter(mails::state.eq(WAITING))
        .filter(mails::tried_at.is_null().or(mails::tried_at.lt(pause)))
        .order(mails::id)
        .limit(limit)
        .select((Row::as_select(), mails::tried_at))
        .load(conn)?;
    let waited = |(row, tried): &(Row, Option<NaiveDateTime>)| {
        tried.is_none_or(|at| now - at >= TimeDelta::minutes(PAUSE * i64::from(row.attempts)))
    };
    Ok(rows.into_iter().filter(waited).map(|(r, _)| r).collect())
}

/// Whether a letter is waiting to be sent now.
///
/// # Errors
/// When the database fails.
pub fn is_waiting(conn: &mut Conn, now: NaiveDateTime) -> Result<bool> {
    // After a failure the server is left alone for a while.
    let failed = mails::table
        .filter(mails::state.eq(WAITING))
        .filter(mails::tried_at.gt(now - TimeDelta::minutes(PAUSE)))
        .select(mails::id)
        .first::<i64>(conn)
        .optional()?;
    Ok(failed.is_none() && !ready(conn, now, TOGETHER)?.is_empty())
}

/// Sends what is waiting; returns how many letters the server took. One that fails is tried again later.
///
/// # Errors
/// When the database fails, or the settings cannot be used; never because of the mail server.
pub fn deliver(conn: &mut Conn, settings: &Settings, now: NaiveDateTime) -> Result<usize> {
    let transport = settings.transport()?;
    let (mut sent, mut failures) = (0, 0);
    for row in ready(conn, now, TOGETHER)? {
        if failures >= IN_A_ROW {
            break;
        }
        // Claimed first: a process that dies on the way sends it once more, later, not twice at once.
        let claimed = diesel::update(mails::table.find(row.id))
            .filter(mails::state.eq(WAITING))
            .filter(mails::attempts.eq(row.attempts))
            .set((
                mails::attempts.eq(row.attempts + 1),
                mails::tried_at.eq(now),
            ))
            .execute(conn)?;
        if claimed == 0 {
            continue;
        }
        let done = settings
            .letter(&row)
            .and_then(|letter| transport.send(&letter).doing("发送邮件"));
        let (state, fault) = match done {
            Ok(_) => (SENT, String::new()),
            Err(error) => {
                tracing::warn!(%error, mail = row.id, "a letter could not be sent");
                let last = row.attempts + 1 >= ATTEMPTS;
                (if last { FAILED } else { WAITING }, error.to_string())
            }
        };
        sent += usize::from(state == SENT);
        failures = if state == SENT { 0 } else { failures + 1 };
        let update = diesel::update(mails::table.find(row.id));
        if state == WAITING {
            update.set(mails::fault.eq(fault)).execute(conn)?;
        } else {
            // What it said is in the notices; a copy of it is not kept.
            update
                .set((
                    mails::state.eq(state),
                    mails::fault.eq(fault),
                    mails::body.eq(""),
                ))
                .execute(conn)?;
        }
    }
    Ok(sent)
}
