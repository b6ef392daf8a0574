//! Invented inventories of information systems, as large as wanted and the same for the same seed.
//!
//! 22 columns written as departments write them: mixed date forms, amounts with and without unit,
//! long codes as text. Names are unique, credit codes carry their check character, and the
//! departments of [`Inventory::write_departments`] own every row.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// The headers, in order.
pub const HEADERS: [&str; 22] = [
    "系统名称",
    "所属部门",
    "统一社会信用代码",
    "所属行政区划",
    "是否垂管系统",
    "应用层级",
    "系统类型",
    "主要功能",
    "服务对象",
    "用户数",
    "建设资金来源",
    "预算批复总金额（万元）",
    "年运维费（万元）",
    "系统状态",
    "启用时间",
    "承载网络",
    "部署环境",
    "系统架构",
    "等保定级",
    "等保备案证明编号",
    "联系人",
    "联系电话",
];

/// Sheet name of the inventory.
pub const SHEET: &str = "信息系统清单";

const REGIONS: [(&str, &str); 16] = [
    ("370100", "济南市"),
    ("370200", "青岛市"),
    ("370300", "淄博市"),
    ("370400", "枣庄市"),
    ("370500", "东营市"),
    ("370600", "烟台市"),
    ("370700", "潍坊市"),
    ("370800", "济宁市"),
    ("370900", "泰安市"),
    ("371000", "威海市"),
    ("371100", "日照市"),
    ("371300", "临沂市"),
    ("371400", "德州市"),
    ("371500", "聊城市"),
    ("371600", "滨州市"),
    ("371700", "菏泽市"),
];

const BUREAUS: &str = "教育局 科学技术局 工业和信息化局 公安局 民政局 司法局 财政局 \
    人力资源和社会保障局 自然资源和规划局 生态环境局 住房和城乡建设局 \
    交通运输局 水务局 农业农村局 商务局 文化和旅游局 卫生健康委员会 \
    退役军人事务局 应急管理局 审计局 行政审批服务局 市场监督管理局 体育局 \
    统计局 医疗保障局 城市管理局 大数据局 信访局 园林和林业局 \
    地方金融监督管理局";

const BUSINESS: &str = "学籍 实有人口 不动产登记 医保结算 养老服务 公积金 工程审批 环境监测 \
    危化品监管 应急指挥 食品溯源 企业信用 项目审批 财政预算 国库集中支付 \
    社会救助 婚姻登记 智慧交通 公交调度 河湖长制 防汛抗旱 农机补贴 \
    土地确权 电子证照 政务服务 信访受理 执法监督 档案 公文流转 视频会议 \
    文物保护 旅游服务 全民健身 统计直报 人才服务 就业失业 劳动监察 \
    安全生产 消防物联 城市运行";

const KINDS: &str = "管理系统 综合服务平台 业务系统 监管平台 信息平台 数据库 共享交换平台 \
    移动应用 大数据分析平台 门户网站";

const SURNAMES: &str = "王 李 张 刘 陈 杨 赵 孙 周 吴 徐 马";
const GIVEN: &str = "伟 敏 静 磊 强 丽 军 洋 晓燕 建国";

/// One generated cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Made {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// A date as its serial, in a date format.
    Date(f64),
    /// Nothing.
    Empty,
}

/// A department that owns rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    /// Code in the organisation.
    pub code: String,
    /// Full name.
    pub name: String,
    /// Valid credit code.
    pub credit_code: String,
    /// Code of its region.
    pub region: String,
}

/// An inventory to generate.
#[derive(Clone, Copy, Debug)]
pub struct Inventory {
    /// Data rows.
    pub rows: u32,
    /// The same seed gives the same cells.
    pub seed: u64,
    /// One cell differs in every hundredth row.
    pub changed: bool,
}

/// A small deterministic generator (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.roll() % u64::from(bound.max(1))).unwrap_or(0)
    }

    fn pick<'a>(&mut self, words: &'a str) -> &'a str {
        let at = self.below(u32::MAX);
        nth(words, at)
    }
}

/// A word of a list by number, wrapping around.
fn nth(words: &str, at: u32) -> &str {
    let count = words.split(' ').count();
    words
        .split(' ')
        .nth(at as usize % count)
        .unwrap_or_default()
}

/// A credit code of a state organ (11…) with its check character, GB 32100-2015.
fn credit_code(region: &str, number: u32) -> String {
    const DIGITS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body = format!("11{region}{number:08}0");
    let mut weight = 1_usize;
    let mut sum = 0_usize;
    for byte in body.bytes() {
        let value = DIGITS.iter().position(|d| *d == byte).unwrap_or(0);
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    let check = DIGITS.get((31 - sum % 31) % 31).copied().unwrap_or(b'0');
    format!("{body}{}", char::from(check))
}

impl Inventory {
    /// How many departments own the rows: one for every fifty rows, at most 480.
    fn department_count(self) -> u32 {
        (self.rows / 50).clamp(1, 480)
    }

    fn department(at: u32) -> Department {
        let (region, place) = REGIONS
            .iter()
            .cycle()
            .nth(at as usize % REGIONS.len())
            .copied()
            .unwrap_or_default();
        let bureau = nth(BUREAUS, at / 16);
        Department {
            code: format!("D{:05}", at + 1),
            name: format!("{place}{bureau}"),
            credit_code: credit_code(region, at + 4_500_000),
            region: region.to_owned(),
        }
    }

    /// The departments that own rows.
    #[must_use]
    pub fn departments(self) -> Vec<Department> {
        (0..self.department_count()).map(Self::department).collect()
    }

    /// The cells of a row, from 0, in the order of [`HEADERS`].
    #[must_use]
    pub fn row(self, at: u32) -> [Made; 22] {
        let text = |text: &str| Made::Text(text.to_owned());
        let departments = self.department_count();
        let owner = Self::department(at % departments);
        let place = REGIONS.iter().find(|(code, _)| *code == owner.region);
        let place = place.map_or("", |(_, name)| name);
        let within = at / departments;
        let business = nth(BUSINESS, within);
        let kind = nth(KINDS, within / 40);
        let phase = within / 400;
        let phase = if phase == 0 {
            String::new()
        } else {
            format!("（{}期）", phase + 1)
        };
        let mut dice = Dice(self.seed ^ (u64::from(at) << 20));
        let level = dice.pick("未定级 一级 二级 三级 第二级 第三级 三级");
        let number = format!(
            "{}{:05}-{:05}",
            owner.region,
            99_000 + at % 999,
            at % 99_999 + 1
        );
        let registered = level.contains('二') || level.contains('三');
        let users = 50 + dice.below(200_000);
        let om = f64::from(dice.below(20_000)) / 100.0;
        let changed = self.changed && at % 100 == 37;
        let function = format!(
            "面向{place}{business}业务，提供信息采集、审核办理、查询统计、数据共享和监督考核等功能，覆盖{}个业务环节",
            3 + dice.below(20)
        );
        [
            Made::Text(format!("{}{business}{kind}{phase}", owner.name)),
            text(&owner.name),
            text(&owner.credit_code),
            text(place),
            text(dice.pick("是 否 否 否")),
            text(dice.pick("市级 市级 省级 县级")),
            text(dice.pick("业务系统 业务系统 办公系统 门户网站")),
            Made::Text(function),
            text(dice.pick("个人 企业 个人和企业 政府")),
            Made::Number(f64::from(users)),
            text(dice.pick("财政资金 上级补助 自筹")),
            amount(&mut dice),
            Made::Number(if changed { om + 0.5 } else { om }),
            text(dice.pick("在用 在用 在用 试运行 在建 停用")),
            date(&mut dice),
            text(dice.pick("电子政务外网 互联网 政务外网 专网")),
            text(dice.pick("政务云平台 政务云 自建机房 本地机房")),
            text(dice.pick("B/S B/S C/S")),
            text(level),
            if registered {
                Made::Text(number)
            } else {
                Made::Empty
            },
            Made::Text(format!("{}{}", dice.pick(SURNAMES), dice.pick(GIVEN))),
            phone(&mut dice),
        ]
    }

    /// Writes the inventory as a workbook, its texts in the table of shared strings as Excel and WPS write them.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_workbook(self, out: &Path) -> Result<(), XlsxError> {
        let mut workbook = Workbook::new();
        let date = Format::new().set_num_format("yyyy/m/d");
        let sheet = workbook.add_worksheet_with_low_memory()?;
        sheet.set_name(SHEET)?;
        for (col, header) in (0_u16..).zip(HEADERS) {
            sheet.write_string(0, col, header)?;
        }
        for at in 0..self.rows {
            for (col, cell) in (0_u16..).zip(self.row(at)) {
                match cell {
                    Made::Text(text) => sheet.write_string(at + 1, col, text)?,
                    Made::Number(number) => sheet.write_number(at + 1, col, number)?,
                    Made::Date(serial) => {
                        sheet.write_number_with_format(at + 1, col, serial, &date)?
                    }
                    Made::Empty => sheet,
                };
            }
        }
        workbook.save(out)
    }

    /// Writes the departments as CSV: code, full name, credit code, region code.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_departments(self, out: &Path) -> std::io::Result<()> {
        let mut file = File::create(out)?;
        writeln!(file, "code,name,credit_code,region")?;
        for d in self.departments() {
            writeln!(file, "{},{},{},{}", d.code, d.name, d.credit_code, d.region)?;
        }
        Ok(())
    }
}

/// An amount in 万元: mostly numbers, some with thousands separators or a unit.
fn amount(dice: &mut Dice) -> Made {
    let hundredths = 1_000 + dice.below(300_000);
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match dice.below(20) {
        0 => Made::Text(format!("{whole}.{rest:02}万元")),
        1 if whole >= 1_000 => {
            Made::Text(format!("{},{:03}.{rest:02}", whole / 1000, whole % 1000))
        }
        _ => Made::Number(f64::from(hundredths) / 100.0),
    }
}

/// A date in one of the forms people use.
fn date(dice: &mut Dice) -> Made {
    let year = 2008 + dice.below(17);
    let month = 1 + dice.below(12);
    let day = 1 + dice.below(28);
    match dice.below(8) {
        0 => Made::Text(format!("{year}年{month}月")),
        1 => Made::Text(format!("{year}年{month}月{day}日")),
        2 => Made::Text(format!("{year}-{month:02}")),
        3 => Made::Text(format!("{year}/{month}/{day}")),
        4 => Made::Text(format!("{year}.{month:02}.{day:02}")),
        5 => Made::Text(format!("{year}年")),
        // 2008-01-01 is 39448 in the 1900 system.
        _ => Made::Date(f64::from(39_448 + dice.below(6_000))),
    }
}

fn phone(dice: &mut Dice) -> Made {
    Made::Text(match dice.below(2) {
        0 => format!("053{}-8{:07}", 1 + dice.below(9), dice.below(9_999_999)),
        _ => format!("13{:09}", dice.below(999_999_999)),
    })
}
