//! What programs send to sign in.

use serde::Deserialize;
use utoipa::ToSchema;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// 账号.
    pub(super) login: String,
    /// 密码.
    pub(super) password: String,
    /// 动态口令, where the account uses one.
    #[serde(default)]
    pub(super) totp: Option<String>,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshToken {
    /// The one that the last answer gave.
    pub(super) refresh_token: String,
}

/// A new password for an account whose password was set by somebody else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// 账号.
    pub(super) login: String,
    /// The present password.
    pub(super) password: String,
    /// The new one.
    pub(super) new_password: String,
    /// 动态口令, where the account uses one.
    #[serde(default)]
    pub(super) totp: Option<String>,
}
