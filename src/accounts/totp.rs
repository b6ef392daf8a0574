//! One-time codes (TOTP, RFC 6238): set up, confirmed, compared, taken away.

use diesel::prelude::*;
use qrcode::{Color, QrCode};
use serde::Serialize;
use totp_rs::{Builder, Secret, Totp};
use utoipa::ToSchema;

use super::row::{self, AccountRow};
use super::{Service, secret};
use crate::audit::{self, Event};
use crate::auth::{Right, Viewer};
use crate::clock;
use crate::db::connection::Conn;
use crate::db::schema::accounts;
use crate::error::{Doing, Error, Problem, Result};

/// Name shown in the authenticator.
const ISSUER: &str = "one-ledger";

/// What an authenticator has to be told, shown once.
#[derive(Clone, Serialize, ToSchema)]
pub struct TotpSetup {
    /// The secret, for typing.
    pub secret: String,
    /// The same as an `otpauth://` address.
    pub url: String,
}

/// A picture for scanning: how many squares a side has, its white rim included, and the dark ones as an SVG path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Squares of a side.
    pub side: usize,
    /// The dark squares, each of side 1.
    pub path: String,
}

/// White squares around a picture that a camera needs (ISO/IEC 18004, 5.3.8).
const RIM: usize = 4;

impl TotpSetup {
    /// The address as a QR code.
    ///
    /// # Errors
    /// When the address is too long for one.
    pub fn picture(&self) -> Result<Picture> {
        let code = QrCode::new(&self.url).doing("生成二维码")?;
        let width = code.width();
        let colors = code.to_colors();
        let dark = colors
            .iter()
            .enumerate()
            .filter(|(_, c)| **c == Color::Dark);
        let square = |(at, _)| format!("M{} {}h1v1h-1z", RIM + at % width, RIM + at / width);
        Ok(Picture {
            side: width + 2 * RIM,
            path: dark.map(square).collect(),
        })
    }
}

fn made(secret: &str, login: &str) -> Result<Totp> {
    let secret = Secret::try_from_base32(secret).doing("读取动态口令密钥")?;
    Builder::new()
        .with_secret(secret)
        // What goes before the colon of the label is the issuer.
        .with_account_name(login.replace(':', "."))
        .with_issuer(Some(ISSUER))
        .build()
        .doing("生成动态口令")
}

/// The time step that a code belongs to; none when it is wrong or of a step already used.
pub(super) fn fits(account: &AccountRow, code: &str) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let totp = made(account.totp_secret.as_deref()?, &account.login).ok()?;
    let now = u64::try_from(clock::now().and_utc().timestamp()).ok()?;
    let step = i64::try_from(totp.check(&code, now)?).ok()?;
    (step > account.totp_step).then_some(step)
}

fn wrong_code() -> Error {
    Error::Invalid(vec![Problem::new(
        "totp",
        "wrong_totp",
        "动态口令不正确",
        "请确认手机时间准确，输入当前显示的 6 位数字；同一个口令只能用一次",
    )])
}

impl Service {
    /// Makes a secret for one's own account; it counts only once a code made from it has been confirmed.
    ///
    /// # Errors
    /// [`Error::Conflict`] when one-time codes are in use already.
    pub fn begin_totp(&self, conn: &mut Conn, viewer: &Viewer) -> Result<TotpSetup> {
        let id = super::own::me(viewer)?;
        let bytes = secret::random()?;
        let secret = Secret::from(bytes.get(..20).unwrap_or(&bytes)).to_base32();
        let account = row::account(conn, id)?;
        let url = made(&secret, &account.login)?
            .to_url()
            .doing("生成动态口令")?;
        let unconfirmed =
            accounts::table.filter(accounts::id.eq(id).and(accounts::totp_confirmed.eq(false)));
        let done = diesel::update(unconfirmed)
            .set(accounts::totp_secret.eq(&secret))
            .execute(conn)?;
        if done != 1 {
            return Err(Error::Conflict(
                "动态口令已经启用；如需更换请先停用".to_owned(),
            ));
        }
        Ok(TotpSetup { secret, url })
    }

    /// The secret of one's own account that waits to be confirmed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn pending_totp(&self, conn: &mut Conn, viewer: &Viewer) -> Result<Option<TotpSetup>> {
        let account = row::account(conn, super::own::me(viewer)?)?;
        let Some(secret) = account.totp_secret.filter(|_| !account.totp_confirmed) else {
            return Ok(None);
        };
        let url = made(&secret, &account.login)?
            .to_url()
            .doing("生成动态口令")?;
        Ok(Some(TotpSetup { secret, url }))
    }

    /// Confirms the secret by a code made from it. From now on each sign-in needs one; all sessions end.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `totp`; [`Error::Conflict`] when there is nothing to confirm.
    pub fn confirm_totp(&self, conn: &mut Conn, viewer: &Viewer, code: &str) -> Result<()> {
        let id = super::own::me(viewer)?;
        row::write(conn, |conn| {
            let account = row::account(conn, id)?;
            if account.totp_confirmed || account.totp_secret.is_none() {
                return Err(Error::Conflict(
                    "没有待确认的动态口令，请重新设置".to_owned(),
                ));
            }
            let step = fits(&account, code).ok_or_else(wrong_code)?;
            diesel::update(accounts::table.find(id))
                .set((
                    accounts::totp_confirmed.eq(true),
                    accounts::totp_step.eq(step),
                ))
                .execute(conn)?;
            row::raise_epoch(conn, id)?;
            audit::record(
                conn,
                viewer,
                &Event::done("set_up_totp", &account.title()).of(account.department_id),
            )
        })
    }

    /// Stops the use of one-time codes for one's own account; asks for the password. All sessions end.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `password`; [`Error::Refused`] where the rules demand one-time codes.
    pub fn remove_totp(&self, conn: &mut Conn, viewer: &Viewer, password: &str) -> Result<()> {
        let id = super::own::me(viewer)?;
        if self
            .rules
            .demands_second_factor(viewer.roles().iter().map(|(role, _)| *role))
        {
            return Err(Error::Refused(
                "按规定您的角色须使用动态口令，不能停用".to_owned(),
            ));
        }
        self.demand_password(conn, viewer, "password", password)?;
        self.take_totp(conn, viewer, id)
    }

    /// Takes away somebody's one-time codes, who lost the device. All their sessions end.
    ///
    /// # Errors
    /// [`Error::Refused`] without the right, and for oneself; [`Error::Conflict`] when none are in use.
    pub fn reset_totp(&self, conn: &mut Conn, viewer: &Viewer, account: i64) -> Result<()> {
        super::grants::demand(conn, viewer, Right::GrantRoles, "remove_totp", account)?;
        self.take_totp(conn, viewer, account)
    }

    fn take_totp(&self, conn: &mut Conn, viewer: &Viewer, id: i64) -> Result<()> {
        row::write(conn, |conn| {
            let account = row::account(conn, id)?;
            let confirmed =
                accounts::table.filter(accounts::id.eq(id).and(accounts::totp_confirmed.eq(true)));
            let done = diesel::update(confirmed)
                .set((
                    accounts::totp_confirmed.eq(false),
                    accounts::totp_secret.eq(None::<String>),
                ))
                .execute(conn)?;
            if done != 1 {
                return Err(Error::Conflict("该账号没有启用动态口令".to_owned()));
            }
            row::raise_epoch(conn, id)?;
            audit::record(
                conn,
                viewer,
                &Event::done("remove_totp", &account.title()).of(account.department_id),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_the_squares_of_its_code_inside_a_white_rim() {
        let setup = TotpSetup {
            secret: String::new(),
            url: "otpauth://totp/one-ledger:zhang.san?secret=JBSWY3DPEHPK3PXP&issuer=one-ledger"
                .to_owned(),
        };
        let picture = setup.picture().unwrap();
        let dark: std::collections::BTreeSet<(usize, usize)> = picture
            .path
            .split_terminator("h1v1h-1z")
            .map(|square| {
                let (x, y) = square.strip_prefix('M').unwrap().split_once(' ').unwrap();
                (x.parse().unwrap(), y.parse().unwrap())
            })
            .collect();
        let code = QrCode::new(&setup.url).unwrap();
        assert_eq!(picture.side, code.width() + 8);
        for y in 0..picture.side {
            for x in 0..picture.side {
                let inside =
                    (4..4 + code.width()).contains(&x) && (4..4 + code.width()).contains(&y);
                let wanted = inside && code[(x - 4, y - 4)] == Color::Dark;
                assert_eq!(dark.contains(&(x, y)), wanted, "{x} {y}");
            }
        }
    }
}
