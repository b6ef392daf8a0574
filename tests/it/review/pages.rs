//! A project on its way through the pages, in a real browser, by everybody who has a part in it.

use one_ledger::db::schema::entries;

use diesel::prelude::*;

use crate::app::Ledger;
use crate::app::browser::{self, Browser, USUAL};
use crate::app::service::Service;
use crate::routes::actors::{self, PASSWORD};

pub fn enter(name: &str, service: &Service, login: &str) -> Browser {
    let browser = Browser::open(name, USUAL);
    browser.go(&format!("{}/sign-in", service.base));
    browser.fill("input[name=login]", login);
    browser.fill("input[name=password]", PASSWORD);
    browser.press("main button[type=submit]");
    browser.see(".ol-nav");
    browser
}

fn project(ledger: &Ledger) -> String {
    let file = ledger.draw(
        "项目.xlsx",
        &[
            "项目编号 | 项目名称 | 申报单位 | 项目阶段 | 项目类型 | 建设年度 | 建设周期 | 基于网络 | 建设内容 | 绩效目标及指标 | 信息共享开放情况 | 申报资金 | 资金来源 | 负责人 | 联系人",
            "P-1 | 学籍管理平台 | 示例市教育局 | 需求填报 | 新建 | 2027 | 12个月 | 电子政务外网 | 建设学籍平台 | 压缩到三天 | 汇聚共享 | 362 | 本级财政预算 | 李四 | 王五",
        ],
    );
    ledger.import_whole(&file);
    let code: String = entries::table
        .filter(entries::register.eq("project"))
        .select(entries::code)
        .first(&mut ledger.conn())
        .unwrap();
    format!("/registers/project/{code}")
}

#[test]
fn a_project_goes_from_need_to_approval_in_the_browser() {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::settled();
    actors::make_all(&ledger);
    let entry = project(&ledger);
    let service = Service::start(&ledger);
    let mut liaison = enter("review-liaison", &service, "liaison");
    liaison.go(&format!("{}{entry}", service.base));
    liaison.picture("entry");
    liaison.press_text("开始立项申报");
    liaison.see_text("填报中");
    liaison.press("form[action$='/acts/submit'] button");
    liaison.see_text("已提交审核");
    let desk = format!("{}/reviews/1", service.base);
    let press = |who: &Browser, act: &str, seen: &str| {
        who.go(&desk);
        who.press(&format!("form[action$='/acts/{act}'] button"));
        who.see_text(seen);
    };
    let specialist = enter("review-specialist", &service, "specialist");
    press(&specialist, "check", "首席数据代表审定");
    let cdo = enter("review-cdo", &service, "cdo");
    press(&cdo, "approve", "待受理");
    let mut bureau = enter("review-bureau", &service, "bureau");
    bureau.go(&format!("{}/reviews", service.base));
    bureau.see_text("学籍管理平台");
    bureau.picture("list");
    press(&bureau, "accept", "形式审查");
    press(&bureau, "convene", "联审评审");
    // Without opinions there is no decision, and the page says so.
    press(&bureau, "pass", "联审还没有任何意见");
    bureau.fill("#f-logins", "reviewer");
    bureau.press("form[action$='/opinions'] button");
    bureau.see_text("已邀请评审");
    let mut expert = enter("review-expert", &service, "reviewer");
    expert.go(&format!("{}/reviews", service.base));
    expert.press("main ul a[href^='/reviews/']");
    expert.fill("#f-score", "85");
    expert.fill("#f-said", "建议通过");
    expert.picture("desk");
    expert.press("form[action$='/opinion'] button");
    expert.see_text("已提交评审意见");
    bureau.go(&desk);
    bureau.see_text("85 分");
    bureau.picture("desk");
    press(&bureau, "pass", "没有写明批复文号");
    bureau.fill("#n-pass", "济数字〔2027〕1号");
    bureau.press("form[action$='/acts/pass'] button");
    bureau.see_text("审定 362 万元");
    bureau.press_text("打印审核单");
    bureau.see(".ol-print");
    bureau.picture("print");
    bureau.go(&format!("{}/stages/project", service.base));
    bureau.see_text("立项通过");
    bureau.picture("board");
    bureau.go(&format!("{}/reviews/beside?id=1", service.base));
    bureau.see_text("建设内容");
    liaison.go(&format!("{}{entry}", service.base));
    liaison.see_text("启动采购");
    liaison.picture("approved");
}
