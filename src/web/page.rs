//! The frame around every page: navigation by what the viewer may do, messages, and what follows a form.

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::auth::{Right, Viewer};
use crate::error::{Doing, Result};
use crate::notice::UNREAD_SHOWN;
use crate::register::catalogue::Catalogue;
use crate::web::answer;

/// Carries one message over a redirect.
const FLASH_COOKIE: &str = "one-ledger-note";

/// One item of the navigation.
#[derive(Clone, Debug)]
pub struct NavItem {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// It is the page shown.
    pub current: bool,
}

/// Items under one heading.
#[derive(Clone, Debug)]
pub struct NavGroup {
    /// The heading.
    pub label: &'static str,
    /// Its items.
    pub items: Vec<NavItem>,
}

/// The frame of a page.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Title of the page.
    pub title: String,
    /// Who is signed in.
    pub person: String,
    /// The roles held, in words.
    pub roles: String,
    /// The token that every form carries.
    pub csrf: String,
    /// A message left by the page before.
    pub flash: Option<String>,
    /// The navigation.
    pub nav: Vec<NavGroup>,
    /// How many notices are not read, as it is shown; empty when none.
    pub unread: String,
    /// What stands in the search box.
    pub search: String,
    /// Seconds after which a browser without scripts asks again.
    pub refresh: Option<u32>,
}

impl Shell {
    /// The frame for a viewer.
    #[must_use]
    pub fn new(
        catalogue: &Catalogue,
        viewer: &Viewer,
        title: &str,
        here: &str,
        csrf: String,
        flash: Option<String>,
    ) -> Self {
        let mut roles: Vec<&str> = viewer.roles().iter().map(|(r, _)| r.label()).collect();
        roles.dedup();
        Self {
            title: title.to_owned(),
            person: viewer.name().to_owned(),
            roles: roles.join("、"),
            csrf,
            flash,
            nav: navigation(catalogue, viewer, here),
            unread: String::new(),
            search: String::new(),
            refresh: None,
        }
    }

    /// The same frame, with so many notices not read.
    #[must_use]
    pub fn with_unread(mut self, unread: i64) -> Self {
        self.unread = match unread {
            0 => String::new(),
            n if n > UNREAD_SHOWN => format!("{UNREAD_SHOWN}+"),
            n => n.to_string(),
        };
        self
    }

    /// The same frame, asking again after some seconds where there are no scripts.
    #[must_use]
    pub fn refreshing(mut self, seconds: u32) -> Self {
        self.refresh = Some(seconds);
        self
    }
}

fn navigation(catalogue: &Catalogue, viewer: &Viewer, here: &str) -> Vec<NavGroup> {
    let item = |label: &str, href: String| NavItem {
        label: label.to_owned(),
        current: href == here,
        href,
    };
    let registers = catalogue.registers().iter();
    let books = registers.map(|r| item(&r.label, format!("/registers/{}", r.key)));
    let mut work = vec![item("首页", "/".to_owned())];
    if viewer.can_anywhere(Right::Write) {
        work.push(item("导入", "/imports".to_owned()));
    }
    let reviews = [Right::SeeOwn, Right::ReviewProposals, Right::GiveOpinion];
    if reviews.into_iter().any(|right| viewer.can_anywhere(right)) {
        work.push(item("审核", "/reviews".to_owned()));
    }
    if viewer.can_anywhere(Right::SeeOwn) {
        work.push(item("查重", "/duplicates".to_owned()));
        work.push(item("阶段", "/stages/project".to_owned()));
        work.push(item("时限", "/deadlines".to_owned()));
        work.push(item("年度核对", "/campaigns".to_owned()));
    }
    let mut sharing: Vec<NavItem> = Vec::new();
    if viewer.can_anywhere(Right::SeeSummary) {
        sharing.push(item("对接图", "/map".to_owned()));
    }
    if viewer.can_anywhere(Right::Write) {
        sharing.push(item("对账", "/links/reconcile".to_owned()));
    }
    if viewer.can_anywhere(Right::SeeOwn) {
        sharing.push(item("对接确认", "/links".to_owned()));
        sharing.push(item("共享申请", "/requests".to_owned()));
        sharing.push(item("法定时限", "/requests/clocks".to_owned()));
        sharing.push(item("难点问题", "/issues".to_owned()));
        sharing.push(item("汇聚", "/collection".to_owned()));
    }
    let mut people = vec![
        item("机构", "/organisation".to_owned()),
        item("人员", "/people".to_owned()),
    ];
    if viewer.can_anywhere(Right::ManagePeople) || viewer.can_anywhere(Right::AnswerFiling) {
        people.push(item("备案", "/filings".to_owned()));
    }
    let mut running = Vec::new();
    if viewer.can_anywhere(Right::ManageAccounts) || viewer.can_anywhere(Right::GrantRoles) {
        running.push(item("账号", "/accounts".to_owned()));
    }
    if viewer.can_anywhere(Right::ManageCalendar) {
        running.push(item("工作日历", "/calendar".to_owned()));
        running.push(item("办理时限", "/time-limits".to_owned()));
    }
    if viewer.can_anywhere(Right::SeeAudit) {
        running.push(item("审计", "/audit".to_owned()));
    }
    let groups = [
        ("工作", work),
        ("共享对接", sharing),
        ("一本账", books.collect()),
        ("机构与人员", people),
        ("管理", running),
    ];
    groups
        .into_iter()
        .filter(|(_, items)| !items.is_empty())
        .map(|(label, items)| NavGroup { label, items })
        .collect()
}

/// An instant as people in China read it, for templates.
#[must_use]
pub fn time(at: &chrono::NaiveDateTime) -> String {
    crate::clock::local(*at)
}

/// An address of this site with those of the parameters that are not empty.
#[must_use]
pub fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let coded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let given = parameters.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = given
        .map(|(name, value)| format!("{name}={}", coded(value)))
        .collect();
    if pairs.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", pairs.join("&"))
}

/// What follows a form that was sent.
pub enum Next {
    /// Another page, with a message for it.
    Go(String, Option<String>),
    /// The form again, with what is wrong in it.
    Again(String),
}

impl Next {
    /// Another page.
    #[must_use]
    pub fn to(path: &str) -> Self {
        Self::Go(path.to_owned(), None)
    }

    /// Another page, which shows a message once.
    #[must_use]
    pub fn saying(path: &str, message: &str) -> Self {
        Self::Go(path.to_owned(), Some(message.to_owned()))
    }

    /// The form again, filled in as sent, with what is wrong beside the fields.
    ///
    /// # Errors
    /// When the page cannot be rendered.
    pub fn again(page: &impl Template) -> Result<Self> {
        Ok(Self::Again(page.render().doing("生成页面")?))
    }

    pub(super) fn answer(self) -> HttpResponse {
        match self {
            Self::Again(body) => HttpResponse::build(StatusCode::UNPROCESSABLE_ENTITY)
                .content_type("text/html; charset=utf-8")
                .body(body),
            Self::Go(to, message) => {
                let mut answer = answer::see_other(&to);
                if let Some(message) = message {
                    let text = utf8_percent_encode(&message, NON_ALPHANUMERIC).to_string();
                    let cookie = note(text);
                    if answer.add_cookie(&cookie).is_err() {
                        tracing::warn!("the message for the next page was lost");
                    }
                }
                answer
            }
        }
    }
}

fn note(text: String) -> Cookie<'static> {
    Cookie::build(FLASH_COOKIE, text)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}

/// The message left by the page before.
#[must_use]
pub fn flash(request: &HttpRequest) -> Option<String> {
    let cookie = request.cookie(FLASH_COOKIE)?;
    let text = percent_decode_str(cookie.value()).decode_utf8().ok()?;
    (!text.is_empty()).then(|| text.chars().take(300).collect())
}

/// A page; a message that it showed is not shown again.
#[must_use]
pub fn html(body: String, flashed: bool) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer.content_type("text/html; charset=utf-8");
    if flashed {
        let mut cookie = note(String::new());
        cookie.make_removal();
        answer.cookie(cookie);
    }
    answer.body(body)
}
