//! `users`: accounts from the command line, by whoever has the database itself in hand.

use std::io::Read as _;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::accounts::{Account, Filter, NewAccount, NewToken, Service};
use crate::auth::Role;
use crate::cli::Context;
use crate::cli::output::table;
use crate::clock;
use crate::db::connection::Conn;
use crate::error::{Doing, Error, Result};
use crate::org::directory::{Directory, Found};

/// Accounts shown by `users list` at most.
const MOST: i64 = 100_000;

#[derive(Debug, Args)]
pub struct Users {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 建立账号；不从标准输入给密码时生成一次性密码，只显示一次
    Add(Add),
    /// 列出账号
    List,
    /// 授予角色
    Grant(At),
    /// 终止角色
    EndRole(At),
    /// 重置密码为一次性密码，只显示一次
    Reset(Login),
    /// 解除登录失败造成的锁定
    Unlock(Login),
    /// 停用账号
    Deactivate(Login),
    /// 重新启用账号
    Activate(Login),
    /// 取消动态口令（遗失手机时）
    RemoveTotp(Login),
    /// 结束账号的全部会话和令牌
    EndSessions(Login),
    /// 为账号建立接口令牌，只显示一次
    Token(Token),
    /// 更换签发令牌的密钥
    RotateKey(Rotate),
}

#[derive(Debug, Args)]
struct Add {
    /// 账号名: 英文字母、数字和 . _ - @
    #[arg(long)]
    login: String,
    /// 姓名
    #[arg(long)]
    name: String,
    #[arg(
        long,
        help = "角色，可给多个: liaison specialist cdo bureau reviewer oversight system_admin security_admin audit_admin，也可写中文名称"
    )]
    role: Vec<String>,
    /// 所在部门: 代码、全称或简称；角色也在这个部门担任
    #[arg(long)]
    department: Option<String>,
    /// 从标准输入读密码
    #[arg(long)]
    password_stdin: bool,
    /// 首次登录不必修改从标准输入给的密码
    #[arg(long, requires = "password_stdin")]
    keep_password: bool,
}

#[derive(Debug, Args)]
struct At {
    /// 账号名
    #[arg(long)]
    login: String,
    /// 角色
    #[arg(long)]
    role: String,
    /// 在哪个部门担任；三员不填
    #[arg(long)]
    department: Option<String>,
}

#[derive(Debug, Args)]
struct Login {
    /// 账号名
    #[arg(long)]
    login: String,
}

#[derive(Debug, Args)]
struct Token {
    /// 账号名
    #[arg(long)]
    login: String,
    /// 令牌名称
    #[arg(long)]
    name: String,
    /// 有效天数
    #[arg(long, default_value_t = 90)]
    days: i64,
    /// 允许写入；不加则只读
    #[arg(long)]
    write: bool,
}

#[derive(Debug, Args)]
struct Rotate {
    /// 立即废弃旧密钥，已签发的访问令牌全部失效
    #[arg(long)]
    forget: bool,
}

impl Users {
    pub fn run(self, context: &Context) -> Result<u8> {
        let settings = &context.settings;
        let service = Service::open(&settings.data, settings.accounts.clone())?;
        let desk = &mut Desk {
            conn: context.app.database.open()?,
            context,
            service,
        };
        match self.command {
            Command::Add(add) => desk.add(&add),
            Command::List => desk.list(),
            Command::Grant(at) => desk.grant(&at),
            Command::EndRole(at) => desk.end_role(&at),
            Command::Reset(login) => desk.reset(&login.login),
            Command::Unlock(login) => desk.on(&login.login, "已解锁", |d, id| {
                d.service.unlock(&mut d.conn, &d.context.viewer, id)
            }),
            Command::Deactivate(login) => desk.on(&login.login, "已停用", |d, id| {
                d.service
                    .set_active(&mut d.conn, &d.context.viewer, id, false)
            }),
            Command::Activate(login) => desk.on(&login.login, "已启用", |d, id| {
                d.service
                    .set_active(&mut d.conn, &d.context.viewer, id, true)
            }),
            Command::RemoveTotp(login) => {
                desk.on(&login.login, "已取消动态口令", |d, id| {
                    d.service.reset_totp(&mut d.conn, &d.context.viewer, id)
                })
            }
            Command::EndSessions(login) => {
                desk.on(&login.login, "已结束全部会话和令牌", |d, id| {
                    d.service.end_all(&mut d.conn, &d.context.viewer, id)
                })
            }
            Command::Token(token) => desk.token(&token),
            Command::RotateKey(rotate) => {
                let kid =
                    desk.service
                        .rotate_key(&mut desk.conn, &context.viewer, rotate.forget)?;
                desk.say(&json!({ "key": kid }), &format!("新的签名密钥: {kid}"));
                Ok(0)
            }
        }
    }
}

struct Desk<'c> {
    context: &'c Context,
    conn: Conn,
    service: Service,
}

fn role(word: &str) -> Result<Role> {
    let by_label = || Role::ALL.into_iter().find(|r| r.label() == word);
    Role::from_word(word).or_else(by_label).ok_or_else(|| {
        let words: Vec<String> = Role::ALL
            .iter()
            .map(|r| format!("{}（{}）", r.word(), r.label()))
            .collect();
        Error::Usage(format!("没有角色“{word}”。可用: {}", words.join("、")))
    })
}

impl Desk<'_> {
    fn say(&self, object: &serde_json::Value, line: &str) {
        if self.context.out.is_json() {
            self.context.out.object(object);
        } else {
            self.context.out.line(line);
        }
    }

    fn department(&mut self, name: Option<&String>) -> Result<Option<i64>> {
        let Some(name) = name else { return Ok(None) };
        let directory = Directory::load(&mut self.conn)?;
        match directory.find(name) {
            Found::One(id) => Ok(Some(id)),
            Found::Many(_) => Err(Error::Usage(format!("叫“{name}”的部门不止一个，请用代码"))),
            Found::None(similar) if similar.is_empty() => {
                Err(Error::NotFound(format!("部门“{name}”")))
            }
            Found::None(similar) => Err(Error::NotFound(format!(
                "部门“{name}”；相近的有 {}",
                similar.join("、")
            ))),
        }
    }

    fn account(&mut self, login: &str) -> Result<Account> {
        self.service
            .find(&mut self.conn, &self.context.viewer, login)
    }

    fn add(&mut self, add: &Add) -> Result<u8> {
        let roles = add
            .role
            .iter()
            .map(|word| role(word))
            .collect::<Result<Vec<_>>>()?;
        if let Some(rule) = crate::auth::role::conflict(&roles) {
            return Err(Error::Usage(rule.to_owned()));
        }
        let department = self.department(add.department.as_ref())?;
        if department.is_none() && roles.iter().any(|r| !r.is_administrator()) {
            return Err(Error::Usage(
                "请用 --department 指明在哪个部门担任".to_owned(),
            ));
        }
        let mut password = None;
        if add.password_stdin {
            let mut text = String::new();
            std::io::stdin()
                .take(4096)
                .read_to_string(&mut text)
                .doing("从标准输入读密码")?;
            password = Some(text.trim_end_matches(['\r', '\n']).to_owned());
        }
        let new = NewAccount {
            login: add.login.clone(),
            name: add.name.clone(),
            department,
            password,
            keep_password: add.keep_password,
        };
        let viewer = &self.context.viewer;
        let made = self.service.create(&mut self.conn, viewer, &new)?;
        for role in roles {
            let at = department.filter(|_| !role.is_administrator());
            self.service
                .grant(&mut self.conn, viewer, made.id, role, at)?;
        }
        let mut line = format!("已建立账号 {}", add.login);
        if let Some(password) = &made.password {
            line = format!("{line}\n一次性密码（只显示这一次，首次登录须修改）: {password}");
        }
        self.say(
            &json!({ "id": made.id, "login": add.login, "password": made.password }),
            &line,
        );
        Ok(0)
    }

    fn list(&mut self) -> Result<u8> {
        let accounts = self.service.list(
            &mut self.conn,
            &self.context.viewer,
            &Filter::default(),
            MOST,
        )?;
        if self.context.out.is_json() {
            self.context.out.object(&accounts);
            return Ok(0);
        }
        let directory = Directory::load(&mut self.conn)?;
        let place = |id: Option<i64>| id.and_then(|d| directory.get(d)).map(|d| d.name.clone());
        let head = ["账号", "姓名", "部门", "角色", "状态", "最近登录"];
        let mut lines = vec![head.map(str::to_owned).to_vec()];
        for account in accounts {
            let role = |held: &crate::accounts::Held| match place(held.department_id) {
                Some(at) if held.department_id != account.department_id => {
                    format!("{}@{at}", held.role.label())
                }
                _ => held.role.label().to_owned(),
            };
            let roles: Vec<String> = account.roles.iter().map(role).collect();
            let state = match (account.active, account.locked_until, account.idle) {
                (false, _, _) => "停用",
                (_, Some(_), _) => "锁定",
                (_, _, true) => "超过 90 天未登录",
                _ => "正常",
            };
            let or_dash = |text: Option<String>| text.unwrap_or_else(|| "—".to_owned());
            lines.push(vec![
                account.login.clone(),
                account.name.clone(),
                or_dash(place(account.department_id)),
                if roles.is_empty() {
                    "—".to_owned()
                } else {
                    roles.join("、")
                },
                state.to_owned(),
                or_dash(account.last_sign_in_at.map(clock::local)),
            ]);
        }
        table(&lines)
            .iter()
            .for_each(|line| self.context.out.line(line));
        Ok(0)
    }

    fn grant(&mut self, at: &At) -> Result<u8> {
        let role = role(&at.role)?;
        let department = self.department(at.department.as_ref())?;
        let account = self.account(&at.login)?;
        let viewer = &self.context.viewer;
        let id = self
            .service
            .grant(&mut self.conn, viewer, account.id, role, department)?;
        self.say(
            &json!({ "grant": id }),
            &format!("已授予 {} {}", at.login, role.label()),
        );
        Ok(0)
    }

    fn end_role(&mut self, at: &At) -> Result<u8> {
        let role = role(&at.role)?;
        let department = self.department(at.department.as_ref())?;
        let account = self.account(&at.login)?;
        let is = |h: &&crate::accounts::Held| {
            h.role == role && (department.is_none() || h.department_id == department)
        };
        let held: Vec<_> = account.roles.iter().filter(is).collect();
        let [one] = held.as_slice() else {
            return Err(if held.is_empty() {
                Error::NotFound("这个角色；该账号没有担任".to_owned())
            } else {
                Error::Usage("该账号在多个部门担任这个角色，请用 --department 指明".to_owned())
            });
        };
        self.service
            .end_role(&mut self.conn, &self.context.viewer, one.grant)?;
        self.say(
            &json!({ "ended": one.grant }),
            &format!("已终止 {} 的 {}", at.login, role.label()),
        );
        Ok(0)
    }

    fn reset(&mut self, login: &str) -> Result<u8> {
        let account = self.account(login)?;
        let made = self
            .service
            .reset_password(&mut self.conn, &self.context.viewer, account.id)?;
        let password = made.password.unwrap_or_default();
        let line = format!("{login} 的一次性密码（只显示这一次，首次登录须修改）: {password}");
        self.say(
            &json!({ "id": account.id, "login": login, "password": password }),
            &line,
        );
        Ok(0)
    }

    fn on(
        &mut self,
        login: &str,
        done: &str,
        act: impl FnOnce(&mut Self, i64) -> Result<()>,
    ) -> Result<u8> {
        let account = self.account(login)?;
        act(self, account.id)?;
        self.say(
            &json!({ "id": account.id, "login": login }),
            &format!("{login}: {done}"),
        );
        Ok(0)
    }

    fn token(&mut self, token: &Token) -> Result<u8> {
        let account = self.account(&token.login)?;
        let new = NewToken {
            name: token.name.clone(),
            writes: token.write,
            days: token.days,
        };
        let viewer = &self.context.viewer;
        let made = self
            .service
            .create_token_for(&mut self.conn, viewer, account.id, &new)?;
        let line = format!("接口令牌（只显示这一次）: {}", made.token);
        self.say(
            &json!({ "id": made.id, "token": made.token, "expires_at": made.expires_at }),
            &line,
        );
        Ok(0)
    }
}
