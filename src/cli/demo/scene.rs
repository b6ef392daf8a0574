//! What goes on in the demo beside the workbooks: people and filings, projects under review, a campaign, what the
//! platform reports. Every act is done by whom it belongs to, through the same rooms as at the desk.

use chrono::Days;

use crate::auth::{Role, Viewer};
use crate::campaign::open::{self as campaign, Plan};
use crate::clock;
use crate::db::connection::Conn;
use crate::error::Result;
use crate::org::appointment::{self, Wish as Post};
use crate::org::change::Seen;
use crate::org::filing;
use crate::org::person::{self, Details};
use crate::org::steps::Act as Filed;
use crate::review::decision::Decision;
use crate::review::duplicate::{Kept, Means, Rules};
use crate::review::steps::Act;
use crate::review::submission;
use crate::sharing::collection::{self, Item};

use super::stage::Stage;

/// Name, department, role, and how far the filing has come.
const POSTS: [(&str, &str, Role, Far); 8] = [
    ("张明远", "SL001", Role::Cdo, Far::Answered),
    ("李静", "SL001", Role::Specialist, Far::Answered),
    ("王海涛", "SL013", Role::Cdo, Far::Answered),
    ("赵慧", "SL013", Role::Specialist, Far::Sent),
    ("孙立国", "SL003", Role::Cdo, Far::Sent),
    ("周敏", "SL003", Role::Specialist, Far::Returned),
    ("吴建平", "SL004", Role::Cdo, Far::Drafted),
    ("郑晓红", "SL002", Role::Cdo, Far::Sent),
];

/// How far a filing has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Far {
    Drafted,
    Sent,
    Returned,
    Answered,
}

/// What the projects say that go to review.
const PROJECT: [(&str, &str); 7] = [
    ("kind", "新建"),
    ("duration", "12个月"),
    ("network", "电子政务外网"),
    ("fund_channel", "本级财政预算"),
    ("manager", "张明远"),
    ("contact", "李静"),
    ("plan_year", "2027"),
];

/// A project that goes to review: name, content, aim, sharing, 万元, and who does what with it.
struct Proposal {
    name: &'static str,
    content: &'static str,
    aim: &'static str,
    sharing: &'static str,
    budget: &'static str,
    acts: &'static [(&'static str, Act)],
}

const PROPOSALS: [Proposal; 3] = [
    Proposal {
        name: "示例市教育局招生考试一体化平台建设项目",
        content: "建设招生考试报名、审核、录取查询模块，与学籍数据核验",
        aim: "报名审核由 5 个工作日压缩到 1 个工作日",
        sharing: "录取结果向一体化大数据平台全量汇聚，有条件共享",
        budget: "286.5",
        acts: &[
            ("liaison", Act::Submit),
            ("specialist", Act::Check),
            ("cdo", Act::Approve),
        ],
    },
    Proposal {
        name: "示例市教育局学籍档案电子化项目",
        content: "历年纸质档案扫描、著录、归档，提供调阅和出证",
        aim: "档案出证由现场办理改为网上办理",
        sharing: "毕业证明数据无条件共享",
        budget: "98",
        acts: &[("liaison", Act::Submit)],
    },
    Proposal {
        name: "示例市教育局校园食堂明厨亮灶项目",
        content: "接入各校后厨视频，识别违规操作并告警，公示食材来源",
        aim: "违规操作发现率达到 95%",
        sharing: "告警记录向市场监管部门有条件共享",
        budget: "160",
        acts: &[],
    },
];

/// Datasets of the samples that the platform has: how, and how many days ago they were updated.
const COLLECTED: [(&str, &str, u64); 8] = [
    ("3/0700/000002", "全量", 40),
    ("3/0710/000003", "增量", 3),
    ("3/0709/000006", "实时", 0),
    ("3/0712/000007", "实时", 1),
    ("3/0702/000008", "增量", 70),
    ("3/0710/000009", "增量", 12),
    ("3/0709/000010", "全量", 400),
    ("3/0701/000011", "实时", 0),
];

/// Datasets of the samples that the platform does not have.
const NOT_COLLECTED: [&str; 3] = ["3/0702/000001", "3/0707/000004", "3/0705/000005"];

/// Plays it.
///
/// # Errors
/// When an act is refused that the demo counts on; when the database fails.
pub(super) fn play(conn: &mut Conn, stage: &Stage<'_>) -> Result<()> {
    stage.posts(conn)?;
    stage.reviews(conn)?;
    stage.clocks(conn)?;
    stage.campaign(conn)?;
    stage.platform(conn)
}

impl Stage<'_> {
    fn posts(&self, conn: &mut Conn) -> Result<()> {
        let operator = Viewer::operator("演示");
        let bureau = self.viewer(conn, "bureau")?;
        let regions = self.app.catalogue.regions();
        for (place, (name, code, role, far)) in POSTS.into_iter().enumerate() {
            let Some(department) = self.directory.by_code(code).map(|d| d.id) else {
                continue;
            };
            let who = person::add(
                conn,
                &operator,
                &Details {
                    name: name.to_owned(),
                    department,
                    post: if role == Role::Cdo {
                        "副局长"
                    } else {
                        "科长"
                    }
                    .to_owned(),
                    office: "信息化科".to_owned(),
                    background: "计算机科学与技术".to_owned(),
                    phone: format!("0632-300000{place}"),
                    mobile: format!("1380000000{place}"),
                    email: format!("demo{place}@example.gov.cn"),
                },
            )?;
            let wish = Post {
                person: who.id,
                department,
                role,
                from: clock::today() - Days::new(20),
                until: None,
                reason: "首次确定".to_owned(),
            };
            let id = appointment::appoint(conn, &operator, &wish)?.filing;
            let step = |conn: &mut Conn, who: &Viewer, act: Filed, note: &str| -> Result<()> {
                let row = filing::get(conn, &operator, id)?;
                let seen = Seen {
                    id,
                    revision: row.revision,
                };
                filing::act(conn, who, regions, seen, act, note).map(drop)
            };
            if far != Far::Drafted {
                step(conn, &operator, Filed::Submit, "")?;
            }
            match far {
                Far::Answered => step(conn, &bureau, Filed::Acknowledge, "")?,
                Far::Returned => {
                    let why = "请补充任职文件文号";
                    step(conn, &bureau, Filed::Return, why)?;
                }
                Far::Drafted | Far::Sent => {}
            }
        }
        Ok(())
    }

    fn reviews(&self, conn: &mut Conn) -> Result<()> {
        let kept = Kept::new(Rules::default(), self.app.catalogue.regions());
        let means = Means {
            catalogue: &self.app.catalogue,
            directory: &self.directory,
            kept: &kept,
        };
        for proposal in PROPOSALS {
            let who = self.viewer(conn, "liaison")?;
            let code = self.project(conn, &who, &proposal)?;
            let entry = ("project", code.as_str());
            let made = submission::open(conn, &who, self.ground(), entry, "proposal", "")?;
            for (login, act) in proposal.acts {
                let who = self.viewer(conn, login)?;
                let (row, _) = submission::get(conn, &who, made.id)?;
                let wish = submission::Wish {
                    id: row.id,
                    version: row.version,
                    act: *act,
                    opinion: "材料齐全，同意".to_owned(),
                    reason_class: String::new(),
                    decision: Decision::default(),
                };
                submission::act(conn, &who, means, &wish)?;
            }
        }
        Ok(())
    }

    fn project(&self, conn: &mut Conn, who: &Viewer, proposal: &Proposal) -> Result<String> {
        let own = [
            ("name", proposal.name),
            ("content", proposal.content),
            ("kpi", proposal.aim),
            ("share_plan", proposal.sharing),
            ("budget", proposal.budget),
            ("org", "示例市教育局"),
        ];
        let all = PROJECT.into_iter().chain(own);
        let values = all.map(|(key, value)| (key, value.to_owned())).collect();
        self.make(conn, who, "project", values)
    }

    /// Entries on which something falls due: late, soon, and later.
    fn clocks(&self, conn: &mut Conn) -> Result<()> {
        let who = self.viewer(conn, "liaison")?;
        let today = clock::today();
        let ago = |days| (today - Days::new(days)).to_string();
        for (name, tested) in [
            ("教育资源公共服务平台", ago(420)),
            ("校园安全视频联网系统", ago(350)),
            ("教师资格认定系统", ago(60)),
        ] {
            let values = vec![
                ("system_name", name.to_owned()),
                ("owner_org", "示例市教育局".to_owned()),
                ("status", "在用".to_owned()),
                ("mlps_level", "第三级".to_owned()),
                ("mlps_date", tested),
            ];
            self.make(conn, &who, "information_system", values)?;
        }
        let values = vec![
            ("name", "示例市教育局智慧校园平台建设项目".to_owned()),
            ("org", "示例市教育局".to_owned()),
            ("status", "运维".to_owned()),
            ("kind", "新建".to_owned()),
            ("final_date", ago(715)),
            ("warranty_end", (today + Days::new(20)).to_string()),
        ];
        self.make(conn, &who, "project", values).map(drop)
    }

    fn campaign(&self, conn: &mut Conn) -> Result<()> {
        let bureau = self.viewer(conn, "bureau")?;
        let plan = Plan {
            title: "年度核对".to_owned(),
            year: 2026,
            registers: vec!["information_system".to_owned(), "dataset".to_owned()],
            due_on: Some(clock::today() + Days::new(21)),
            ..Plan::default()
        };
        campaign::open(conn, &bureau, self.ground(), &plan).map(drop)
    }

    fn platform(&self, conn: &mut Conn) -> Result<()> {
        let bureau = self.viewer(conn, "bureau")?;
        let today = clock::today();
        let there = COLLECTED.into_iter().map(|(code, mode, ago)| Item {
            code: code.to_owned(),
            collected: true,
            mode: Some(mode.to_owned()),
            since: Some("2025-06".to_owned()),
            updated: Some((today - Days::new(ago)).to_string()),
        });
        let missing = NOT_COLLECTED.into_iter().map(|code| Item {
            code: code.to_owned(),
            collected: false,
            mode: None,
            since: None,
            updated: None,
        });
        let items: Vec<Item> = there.chain(missing).collect();
        let definitions = self.ground().definitions("dataset")?;
        collection::push(conn, &bureau, definitions, &items, ("演示", true)).map(drop)
    }
}
