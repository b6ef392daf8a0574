//! Dates in words: 二〇二四年三月, 2024年上半年, 拟2026年上线, 2024年3月底.

use super::date::{PartialDate, digits, from_serial};

/// What a text says about a date.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// A date, and why somebody should look: machine word and Chinese.
    Date(PartialDate, Option<(&'static str, &'static str)>),
    /// It has not happened, or is not said.
    Nothing,
    /// 长期 and the like.
    OpenEnded,
    /// A date that cannot be: machine word and Chinese.
    Wrong(&'static str, &'static str),
    /// Not one date.
    Unknown,
}

const APPROXIMATE: (&str, &str) = ("approximate", "原文是大概的时间");
const PLANNED: (&str, &str) = ("planned", "原文是计划的时间");
const TWO_DIGITS: (&str, &str) = ("two_digit_year", "原文的年份只有两位");
const EXTRA: (&str, &str) = ("extra_text", "其余文字没有录入");

const PLANS: [&str; 10] = [
    "拟于",
    "拟",
    "预计于",
    "预计",
    "计划于",
    "计划",
    "预期",
    "争取",
    "力争",
    "暂定",
];
const ABOUT: [&str; 3] = ["大约", "约", "大概"];
const VAGUE: [&str; 16] = [
    "年底", "月底", "底", "年初", "月初", "初", "年末", "月末", "末", "上旬", "中旬", "下旬",
    "左右", "前后", "年中", "中",
];
const LIMITS: [&str; 6] = ["之前", "以前", "之后", "以后", "前", "后"];
const EVENTS: [&str; 14] = [
    "正式上线",
    "上线运行",
    "上线",
    "投入使用",
    "投入运行",
    "投运",
    "启用",
    "建成",
    "完成",
    "建设",
    "验收",
    "试运行",
    "开始",
    "起",
];

/// Understands a cleaned text.
pub(super) fn understand(clean: &str) -> Outcome {
    match clean {
        "长期" | "至今" | "今" | "现在" | "永久" | "持续" | "长期有效" => {
            return Outcome::OpenEnded;
        }
        _ => {}
    }
    if super::text::is_null_word(clean) || not_yet(clean) {
        return Outcome::Nothing;
    }
    let text = without_time(clean);
    let text: String = western(&text.replace(' ', ""));
    let mut rest = text.as_str();
    let mut doubt = None;
    if let Some(r) = PLANS.iter().find_map(|w| rest.strip_prefix(w)) {
        doubt = Some(PLANNED);
        rest = r;
    }
    if let Some(r) = ABOUT.iter().find_map(|w| rest.strip_prefix(w)) {
        doubt = Some(APPROXIMATE);
        rest = r;
    }
    let (run, rest) = digit_run(rest);
    match (run.len(), rest) {
        (8, "") => return compact_day(run, doubt),
        (6, "") => return compact_month(run, doubt),
        (5, "") => {
            let serial = digits(run).filter(|n| (30_000..=60_000).contains(n));
            return match serial.map(|n| from_serial(f64::from(n))) {
                Some(Ok(date)) => Outcome::Date(date, doubt),
                _ => Outcome::Unknown,
            };
        }
        (1 | 2, r) if r.starts_with('月') || r.starts_with("季度") => {
            return Outcome::Wrong("no_year", "没有写年份");
        }
        (0, r) if r.starts_with("上半年") || r.starts_with("下半年") || r.starts_with('第') =>
        {
            return Outcome::Wrong("no_year", "没有写年份");
        }
        (4, _) => {}
        (2, r) if r.starts_with('年') => {
            let year = digits(run).map(|y| if y < 80 { 2000 + y } else { 1900 + y });
            return year.map_or(Outcome::Unknown, |y| {
                after_year(y, rest, doubt.or(Some(TWO_DIGITS)))
            });
        }
        _ => return Outcome::Unknown,
    }
    digits(run).map_or(Outcome::Unknown, |year| after_year(year, rest, doubt))
}

fn not_yet(text: &str) -> bool {
    let head = ["尚未", "未", "暂未", "还未", "没有"]
        .iter()
        .any(|w| text.starts_with(w));
    head && text.chars().count() <= 8 && !text.contains(|c: char| c.is_ascii_digit())
}

type Doubt = Option<(&'static str, &'static str)>;

fn wrong() -> Outcome {
    Outcome::Wrong("impossible_date", "不是真实的日期（月、日或年份超出范围）")
}

fn date_or_wrong(date: Option<PartialDate>, doubt: Doubt) -> Outcome {
    date.map_or_else(wrong, |d| Outcome::Date(d, doubt))
}

fn compact_day(run: &str, doubt: Doubt) -> Outcome {
    let parts = run.split_at_checked(4).and_then(|(y, md)| {
        let (m, d) = md.split_at_checked(2)?;
        Some((digits(y)?, digits(m)?, digits(d)?))
    });
    let date = parts.and_then(|(y, m, d)| PartialDate::day(y, m, d));
    date_or_wrong(date, doubt)
}

fn compact_month(run: &str, doubt: Doubt) -> Outcome {
    let parts = run.split_at_checked(4);
    let date = parts.and_then(|(y, m)| PartialDate::month(digits(y)?, digits(m)?));
    date_or_wrong(date, doubt)
}

/// What follows the year: a half, a quarter, month and day, or only a remark.
fn after_year(year: u32, rest: &str, doubt: Doubt) -> Outcome {
    let approximate = doubt.or(Some(APPROXIMATE));
    let rest = rest.strip_prefix("年度").unwrap_or(rest);
    let (marked, rest) = match rest.strip_prefix('年') {
        Some(r) => (true, r),
        None => (false, rest),
    };
    for (word, half) in [("上半年", 1), ("下半年", 2), ("H1", 1), ("H2", 2)] {
        if let Some(tail) = rest.strip_prefix(word) {
            return finish(PartialDate::half(year, half), tail, approximate);
        }
    }
    if let Some((quarter, tail)) = quarter(rest) {
        return finish(PartialDate::quarter(year, quarter), tail, approximate);
    }
    if marked {
        let (run, tail) = digit_run(rest);
        return match run.len() {
            0 => finish(PartialDate::year_of(year), tail, doubt),
            1 | 2 => after_month(year, run, tail, doubt),
            _ => Outcome::Unknown,
        };
    }
    let Some(separator) = rest.chars().next().filter(|c| ".-/".contains(*c)) else {
        return finish(PartialDate::year_of(year), rest, doubt);
    };
    let rest = rest.trim_start_matches(separator);
    if let Some((quarter, tail)) = quarter(rest) {
        return finish(PartialDate::quarter(year, quarter), tail, approximate);
    }
    let (month, tail) = digit_run(rest);
    if month.is_empty() || month.len() > 2 {
        return Outcome::Unknown;
    }
    if let Some(r) = tail.strip_prefix(separator) {
        let (day, tail) = digit_run(r);
        if day.is_empty() && tail.is_empty() {
            return finish(made_month(year, month), tail, doubt);
        }
        if day.is_empty() || day.len() > 2 {
            return Outcome::Unknown;
        }
        let tail = tail.strip_prefix(['日', '号']).unwrap_or(tail);
        return finish(made_day(year, month, day), tail, doubt);
    }
    after_month(year, month, tail, doubt)
}

fn after_month(year: u32, month: &str, tail: &str, doubt: Doubt) -> Outcome {
    let tail = tail.strip_prefix('月').unwrap_or(tail);
    let tail = tail.strip_prefix('份').unwrap_or(tail);
    let (day, after) = digit_run(tail);
    if day.is_empty() {
        return finish(made_month(year, month), tail, doubt);
    }
    if day.len() > 2 {
        return Outcome::Unknown;
    }
    let after = after.strip_prefix(['日', '号']).unwrap_or(after);
    finish(made_day(year, month, day), after, doubt)
}

fn made_month(year: u32, month: &str) -> Option<PartialDate> {
    PartialDate::month(year, digits(month)?)
}

fn made_day(year: u32, month: &str, day: &str) -> Option<PartialDate> {
    PartialDate::day(year, digits(month)?, digits(day)?)
}

fn quarter(rest: &str) -> Option<(u32, &str)> {
    if let Some(r) = rest.strip_prefix('Q') {
        let (run, tail) = digit_run(r);
        return digits(run).map(|q| (q, tail));
    }
    let (run, tail) = digit_run(rest.strip_prefix('第').unwrap_or(rest));
    let tail = tail.strip_prefix("季度")?;
    digits(run).map(|q| (q, tail))
}

/// What stands behind the date itself: nothing, a vague word, an event, a remark in brackets.
fn finish(date: Option<PartialDate>, tail: &str, doubt: Doubt) -> Outcome {
    let mut doubt = doubt;
    let mut tail = tail.trim_end_matches(['.', '。', ';']);
    for words in [VAGUE.as_slice(), &LIMITS] {
        if let Some(r) = words.iter().find_map(|w| tail.strip_prefix(w)) {
            doubt = doubt.or(Some(APPROXIMATE));
            tail = r;
        }
    }
    if let Some(r) = EVENTS.iter().find_map(|w| tail.strip_prefix(w)) {
        tail = r;
    }
    match tail.chars().next() {
        None => date_or_wrong(date, doubt),
        Some('(' | ',' | ';' | '，') => date_or_wrong(date, doubt.or(Some(EXTRA))),
        Some(_) => Outcome::Unknown,
    }
}

fn digit_run(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The text without a time of day behind the date.
fn without_time(text: &str) -> &str {
    let Some(colon) = text.find(':') else {
        return text;
    };
    let head = text.get(..colon).unwrap_or(text);
    let cut = head.rfind([' ', 'T', '日']);
    let Some(cut) = cut else { return text };
    let hour = head.get(cut..).unwrap_or_default();
    let hour = hour.trim_start_matches([' ', 'T', '日']);
    if digits(hour).is_none_or(|h| h > 24) {
        return text;
    }
    text.get(..cut).unwrap_or(text)
}

/// Chinese numerals as digits: 二〇二四年十二月 → 2024年12月.
fn western(text: &str) -> String {
    if !text.contains(|c| numeral(c).is_some() || c == '十') {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| chars.get(i));
        let after = chars.get(i + 1);
        let is_one = |c: Option<&char>| c.is_some_and(|c| numeral(*c).is_some());
        match (*c, is_one(before), is_one(after)) {
            ('十', true, true) => {}
            ('十', true, false) => out.push('0'),
            ('十', false, true) => out.push('1'),
            ('十', false, false) => out.push_str("10"),
            (c, _, _) => match numeral(c) {
                Some(d) => out.push(d),
                None => out.push(c),
            },
        }
    }
    out
}

fn numeral(c: char) -> Option<char> {
    Some(match c {
        '〇' | '○' | '零' | 'Ｏ' => '0',
        '一' => '1',
        '二' => '2',
        '三' => '3',
        '四' => '4',
        '五' => '5',
        '六' => '6',
        '七' => '7',
        '八' => '8',
        '九' => '9',
        _ => return None,
    })
}
