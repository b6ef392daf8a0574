//! Money: exact decimals in 万元, whatever unit the header, the sheet or the cell names.

use rust_decimal::Decimal;

use super::number::{self, canonical, leading};
use super::text;
use super::value::{Fault, Note, Reading, Value};

/// The unit amounts are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MoneyUnit {
    /// 元
    Yuan,
    /// 千元
    Thousand,
    /// 万元
    Wan,
    /// 百万元
    Million,
    /// 千万元
    TenMillion,
    /// 亿元
    Yi,
}

/// Spellings of units, longer ones first.
const UNITS: [(&str, MoneyUnit); 12] = [
    ("千万元", MoneyUnit::TenMillion),
    ("百万元", MoneyUnit::Million),
    ("千万", MoneyUnit::TenMillion),
    ("百万", MoneyUnit::Million),
    ("万元", MoneyUnit::Wan),
    ("亿元", MoneyUnit::Yi),
    ("千元", MoneyUnit::Thousand),
    ("万", MoneyUnit::Wan),
    ("亿", MoneyUnit::Yi),
    ("元", MoneyUnit::Yuan),
    ("w", MoneyUnit::Wan),
    ("W", MoneyUnit::Wan),
];

/// More than this in 万元 is no sum of a government ledger, and would not fit its column.
const MOST: i64 = 1_000_000_000;

impl MoneyUnit {
    /// How it is written.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Yuan => "元",
            Self::Thousand => "千元",
            Self::Wan => "万元",
            Self::Million => "百万元",
            Self::TenMillion => "千万元",
            Self::Yi => "亿元",
        }
    }

    /// How many of it make 万元 out of an amount: (multiplier, divisor).
    fn to_wan(self) -> (Decimal, Decimal) {
        let (times, by) = match self {
            Self::Yuan => (1, 10_000),
            Self::Thousand => (1, 10),
            Self::Wan => (1, 1),
            Self::Million => (100, 1),
            Self::TenMillion => (1_000, 1),
            Self::Yi => (10_000, 1),
        };
        (Decimal::from(times), Decimal::from(by))
    }

    /// Finds the unit that a header, a bracket or a line such as `单位：万元` names.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let clean = text::cleaned(text);
        // 填报单位：示例市大数据局  单位：万元 — the first 单位 is not the one.
        for (i, word) in clean.match_indices("单位") {
            let rest = clean.get(i + word.len()..).unwrap_or_default();
            let rest = rest.trim_start_matches([' ', ':', '为', '是', '(']);
            let rest = rest.strip_prefix("人民币").unwrap_or(rest);
            if let Some((unit, after)) = Self::strip(rest)
                && after
                    .chars()
                    .next()
                    .is_none_or(|c| " ),;、/年。)".contains(c))
            {
                return Some(unit);
            }
        }
        let mut bare = clean.as_ref();
        for filler in ["人民币", "以", "按", "金额", "计价"] {
            bare = bare.strip_prefix(filler).unwrap_or(bare);
        }
        bare = bare.trim_matches(|c: char| " ():[]".contains(c));
        for filler in ["/年", "每年", "人民币", "计", "为单位"] {
            bare = bare.strip_suffix(filler).unwrap_or(bare);
        }
        match Self::strip(bare) {
            Some((unit, "")) if bare.ends_with('元') => Some(unit),
            _ => None,
        }
    }

    fn strip(text: &str) -> Option<(Self, &str)> {
        UNITS
            .iter()
            .find_map(|(word, unit)| text.strip_prefix(word).map(|rest| (*unit, rest)))
    }
}

/// Reads an amount from text that is not blank.
pub(super) fn read(label: &str, raw: &str, clean: &str, column: Option<MoneyUnit>) -> Reading {
    let unit = column.unwrap_or(MoneyUnit::Wan);
    if let Some(found) = leading(clean)
        && found.rest.is_empty()
    {
        let form = if found.plain && unit == MoneyUnit::Wan && raw == clean {
            Form::Plain
        } else {
            Form::Changed
        };
        return finish(label, raw, found.value, unit, form);
    }
    match spelled(clean) {
        Ok(amount) => finish(
            label,
            raw,
            amount.value,
            amount.unit.unwrap_or(unit),
            amount.form,
        ),
        Err(why) => Reading::Fault(refusal(label, raw, why)),
    }
}

/// Reads an amount from a number cell.
pub(super) fn read_number(label: &str, n: f64, column: Option<MoneyUnit>) -> Reading {
    let unit = column.unwrap_or(MoneyUnit::Wan);
    let Some(value) = number::from_cell(n) else {
        return Reading::Fault(number::too_large(label));
    };
    if unit == MoneyUnit::Wan {
        return finish(label, "", value, unit, Form::Plain);
    }
    finish(label, &number::plain(n), value, unit, Form::Changed)
}

/// How an amount was written.
enum Form<'a> {
    Plain,
    Changed,
    Approximate,
    Negative,
    Extra(&'a str),
}

struct Amount<'a> {
    value: Decimal,
    unit: Option<MoneyUnit>,
    form: Form<'a>,
}

#[derive(Clone, Copy)]
enum Why {
    Expression,
    TwoValues,
    Words,
}

/// An amount with words around it: 约120万元, ¥120万, (120), 120万元(含运维20万元).
fn spelled(clean: &str) -> Result<Amount<'_>, Why> {
    if let Some(inner) = clean.strip_prefix('(').and_then(|c| c.strip_suffix(')'))
        && let Some(found) = leading(inner)
    {
        let (unit, rest) = MoneyUnit::strip(found.rest).map_or((None, found.rest), some_unit);
        return match rest {
            "" => Ok(Amount {
                value: -found.value,
                unit,
                form: Form::Negative,
            }),
            _ => Err(Why::Words),
        };
    }
    let mut rest = clean;
    let mut form = Form::Changed;
    loop {
        let bare = rest.trim_start_matches([' ', '¥', '￥', ':']);
        let about = ["大约", "约", "近", "预计", "估算", "不超过", "暂估"];
        let plain = ["人民币", "RMB", "CNY", "共计", "合计"];
        if let Some(r) = about.iter().find_map(|w| bare.strip_prefix(w)) {
            form = Form::Approximate;
            rest = r;
        } else if let Some(r) = plain.iter().find_map(|w| bare.strip_prefix(w)) {
            rest = r;
        } else {
            rest = bare;
            break;
        }
    }
    let found = leading(rest).ok_or(Why::Words)?;
    rest = found.rest.trim_start();
    if let Some(r) = rest.strip_prefix(['余', '多', '几']) {
        form = Form::Approximate;
        rest = r;
    }
    let (unit, tail) = MoneyUnit::strip(rest).map_or((None, rest), some_unit);
    rest = tail.trim();
    for filler in ["整", "人民币", "/年", "每年"] {
        rest = rest.strip_prefix(filler).unwrap_or(rest).trim();
    }
    if let Some(r) = rest
        .strip_prefix("左右")
        .or_else(|| rest.strip_prefix("上下"))
    {
        form = Form::Approximate;
        rest = r.trim();
    }
    match rest.chars().next() {
        None => {}
        // 1,20 or 100;20: a second number, not a remark.
        Some(',' | ';') if rest.contains(|c: char| c.is_ascii_digit()) => {
            return Err(Why::TwoValues);
        }
        Some('(' | ',' | ';' | '。') => form = Form::Extra(rest),
        Some('+' | '*' | '×' | '=') => return Err(Why::Expression),
        Some('/' | '-' | '~' | '、' | '至' | '—') => return Err(Why::TwoValues),
        Some(_) => return Err(Why::Words),
    }
    Ok(Amount {
        value: found.value,
        unit,
        form,
    })
}

fn some_unit((unit, rest): (MoneyUnit, &str)) -> (Option<MoneyUnit>, &str) {
    (Some(unit), rest)
}

/// Converts to 万元 and says what was done.
fn finish(label: &str, raw: &str, value: Decimal, unit: MoneyUnit, form: Form<'_>) -> Reading {
    let (times, by) = unit.to_wan();
    let wan = value
        .checked_mul(times)
        .and_then(|v| v.checked_div(by))
        .filter(|v| v.abs() <= Decimal::from(MOST));
    let Some(wan) = wan else {
        return Reading::Fault(number::too_large(label));
    };
    let exact = canonical(wan.round_dp(6));
    let read_as = || {
        let from = if unit == MoneyUnit::Wan || raw.contains(['元', '万', '亿']) {
            raw.to_owned()
        } else {
            format!("{raw}{}", unit.label())
        };
        format!("“{from}” 读作 {exact} 万元")
    };
    let note = match form {
        Form::Plain if wan.normalize().scale() <= 6 => None,
        Form::Plain | Form::Changed => Some(Note {
            warning: false,
            code: "normalised",
            message: read_as(),
        }),
        Form::Approximate => Some(Note::warning(
            "approximate",
            format!("{}，原文是约数", read_as()),
        )),
        Form::Negative => Some(Note::warning(
            "negative",
            format!("{}，括号按负数理解", read_as()),
        )),
        Form::Extra(rest) => Some(Note::warning(
            "extra_text",
            format!("{}，“{rest}”没有录入", read_as()),
        )),
    };
    Reading::Value(Value::Text(exact), note)
}

fn refusal(label: &str, raw: &str, why: Why) -> Fault {
    let (code, what, how) = match why {
        Why::Expression => ("expression", "是一个算式", "请填写算好的金额，单位万元"),
        Why::TwoValues => (
            "two_values",
            "像是两个数值写在一起",
            "请只填一个金额；另一项请写到它自己的列",
        ),
        Why::Words => (
            "not_an_amount",
            "不是金额",
            "请填写数字，单位万元；没有单独金额的请留空并在备注中说明",
        ),
    };
    Fault::new(code, format!("{label}“{raw}”{what}"), how)
}
