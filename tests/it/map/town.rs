//! A town with forty departments, two hundred systems and what they give each other, always the same.

use diesel::prelude::*;
use one_ledger::db::schema::entries;
use one_ledger::error::Error;
use one_ledger::ledger::ends::{self, Act, Side};

use crate::app::{Ledger, ORGANISATION, sample};

/// Departments of the town beside those of the sample.
const MORE: [&str; 25] = [
    "发展和改革委员会",
    "科学技术局",
    "工业和信息化局",
    "民族宗教事务局",
    "司法局",
    "农业农村局",
    "商务局",
    "文化和旅游局",
    "退役军人事务局",
    "应急管理局",
    "审计局",
    "国有资产监督管理委员会",
    "体育局",
    "统计局",
    "信访局",
    "城市管理局",
    "地方金融监督管理局",
    "住房公积金管理中心",
    "税务局",
    "气象局",
    "消防救援支队",
    "残疾人联合会",
    "总工会",
    "档案馆",
    "公共资源交易中心",
];

const WORK: [&str; 20] = [
    "综合业务管理系统",
    "行政执法监督平台",
    "公共服务平台",
    "数据共享交换系统",
    "信用信息管理系统",
    "移动办公系统",
    "视频监控平台",
    "统计分析系统",
    "档案管理系统",
    "一体化监管平台",
    "电子证照系统",
    "预约办理系统",
    "资金监管系统",
    "应急指挥系统",
    "基础信息库",
    "决策支持系统",
    "网格化管理平台",
    "项目管理系统",
    "协同审批系统",
    "信息发布平台",
];

/// A generator of numbers that are always the same.
pub struct Dice(u64);

impl Dice {
    /// Begins anew.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `most`.
    pub fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// Names of the departments, the bureau and units left out.
pub fn departments() -> Vec<String> {
    let sample = [
        "教育局",
        "公安局",
        "民政局",
        "财政局",
        "人力资源和社会保障局",
        "自然资源和规划局",
        "生态环境局",
        "住房和城乡建设局",
        "交通运输局",
        "水利局",
        "卫生健康委员会",
        "市场监督管理局",
        "医疗保障局",
        "行政审批服务局",
        "大数据局",
    ];
    sample
        .iter()
        .chain(&MORE)
        .map(|n| format!("示例市{n}"))
        .collect()
}

/// Loads the organisation.
fn organisation(ledger: &Ledger) {
    let mut text = std::fs::read_to_string(sample(ORGANISATION)).unwrap();
    for (n, name) in MORE.iter().enumerate() {
        text.push_str(&format!(
            "{},SL{},示例市{name},市{name},,政府部门,370400,,,\r\n",
            n + 20,
            n + 301
        ));
    }
    let path = ledger.file("机构.csv");
    std::fs::write(&path, text).unwrap();
    ledger.load_organisation(&path);
}

/// Codes of systems and of the department that each belongs to, by position.
pub struct Town {
    /// Code and department.
    pub systems: Vec<(String, String)>,
}

/// Builds the town: systems, and links between them; the first systems give to many.
pub fn build(ledger: &Ledger, systems: usize, links: usize) -> Town {
    organisation(ledger);
    let departments = departments();
    let mut dice = Dice::new(7);
    let mut lines = vec!["系统编码|系统名称|主管单位|系统状态".to_owned()];
    let mut town = Town {
        systems: Vec::new(),
    };
    for n in 0..systems {
        let department = &departments[(n * 7 + n / departments.len()) % departments.len()];
        let short = department
            .trim_start_matches("示例市")
            .trim_end_matches("局");
        let work = WORK[(n / 2 + n / departments.len() * 3) % WORK.len()];
        let name = format!(
            "{}{work}{}",
            short.chars().take(4).collect::<String>(),
            n + 1
        );
        lines.push(format!("S{n:03}|{name}|{department}|在用"));
        town.systems.push((format!("S{n:03}"), department.clone()));
    }
    import(ledger, "系统.xlsx", &lines);
    let mut lines = vec![
        "对接编码|对接名称|提供方单位|提供方系统|使用方单位|使用方系统|对接方式|更新频率|对接状态"
            .to_owned(),
    ];
    let modes = ["服务接口", "批量交换", "文件下载", "前置机对接"];
    for n in 0..links {
        // Every system has a link; a fifth of the links comes from few hubs, the rest from anywhere.
        let to = n % systems;
        let from = if n % 5 == 0 {
            dice.below(6)
        } else {
            dice.below(systems)
        };
        let from = if from == to {
            (from + 1) % systems
        } else {
            from
        };
        let (a, b) = (&town.systems[from], &town.systems[to]);
        lines.push(format!(
            "L{n:04}|数据{n}→{}|{}|{}|{}|{}|{}|每日|运行中",
            b.1,
            a.1,
            a.0,
            b.1,
            b.0,
            modes[dice.below(modes.len())]
        ));
    }
    import(ledger, "对接.xlsx", &lines);
    speak(ledger);
    town
}

fn import(ledger: &Ledger, name: &str, lines: &[String]) {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    ledger.import_whole(&ledger.draw(name, &lines));
}

/// Both ends confirm most links, some are disputed, the others wait.
fn speak(ledger: &Ledger) {
    let conn = &mut ledger.conn();
    let links: Vec<(i64, i32)> = entries::table
        .filter(entries::register.eq("sharing_link"))
        .order(entries::id)
        .select((entries::id, entries::revision))
        .load(conn)
        .unwrap();
    let viewer = &ledger.viewer;
    let said = ends::Said::default;
    conn.transaction(|conn| {
        for (n, link) in links.into_iter().enumerate() {
            ends::confirm_end(conn, viewer, link, Side::Provider, said())?;
            match n % 9 {
                0 | 4 => {}
                1 => {
                    let act = (Side::Consumer, Act::Dispute);
                    ends::dispute_end(conn, viewer, link, act, "没有收到数据")?;
                }
                _ => {
                    ends::confirm_end(conn, viewer, link, Side::Consumer, said())?;
                }
            }
        }
        Ok::<(), Error>(())
    })
    .unwrap();
}
