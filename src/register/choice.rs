//! Values of a code list, one or several in a cell.

use super::catalogue::Catalogue;
use super::codes::{CodeItem, CodeList, Found, JOIN};
use super::field::Field;
use super::text;
use super::value::{Fault, Note, Reading, Value};

/// Reads one or several codes from text that is not blank.
pub(super) fn read(field: &Field, catalogue: &Catalogue, raw: &str, clean: &str) -> Reading {
    let Some(list) = field.list.as_ref().and_then(|l| catalogue.list(l)) else {
        return Reading::Fault(Fault::new(
            "no_list",
            format!("{}没有代码表", field.label),
            "请联系管理员检查字段定义",
        ));
    };
    match list.find(clean) {
        Found::Item(item) => {
            let note = (item.label != clean).then(|| Note::normalised(raw.trim(), &item.label));
            let code = item.code.clone();
            let value = if field.multiple {
                Value::List(vec![code])
            } else {
                Value::Text(code)
            };
            return Reading::Value(value, note);
        }
        Found::Ambiguous(question) => return Reading::Fault(ask(field, clean, question)),
        Found::Unknown => {}
    }
    if text::is_null_word(clean) {
        return Reading::Blank(None);
    }
    let parts = match split(field, list, raw) {
        Ok(parts) => parts,
        Err(fault) => return Reading::Fault(fault),
    };
    if !field.multiple && parts.len() > 1 {
        let labels: Vec<&str> = parts.iter().map(|i| i.label.as_str()).collect();
        return Reading::Fault(Fault::new(
            "several_values",
            format!("{}只能填一个值，这里有 {} 个", field.label, parts.len()),
            format!("请只保留一个：{}", labels.join(" 或 ")),
        ));
    }
    let labels: Vec<&str> = parts.iter().map(|i| i.label.as_str()).collect();
    let shown = labels.join("、");
    let note = (shown != clean).then(|| Note::normalised(raw.trim(), &shown));
    let mut codes = parts.iter().map(|i| i.code.clone());
    if field.multiple {
        return super::read::listed(codes.collect(), note);
    }
    codes.next().map_or(Reading::Blank(None), |code| {
        Reading::Value(Value::Text(code), note)
    })
}

/// Splits at 、，,；; and line breaks, and inside a part at / and + where the part itself is no value.
fn split<'a>(field: &Field, list: &'a CodeList, raw: &str) -> Result<Vec<&'a CodeItem>, Fault> {
    let mut out: Vec<&CodeItem> = Vec::new();
    let mut push = |item: &'a CodeItem| {
        if !out.iter().any(|i| i.code == item.code) {
            out.push(item);
        }
    };
    for part in raw.split([JOIN, '，', ',', ';', '；', '\n', '\r']) {
        let part = text::cleaned(part);
        if part.is_empty() {
            continue;
        }
        match list.find(&part) {
            Found::Item(item) => {
                push(item);
                continue;
            }
            Found::Ambiguous(question) => return Err(ask(field, &part, question)),
            Found::Unknown => {}
        }
        let pieces: Vec<&str> = part.split(['/', '+', '&', '和', '及', ' ']).collect();
        if pieces.len() < 2 {
            return Err(unknown(field, list, &part));
        }
        for piece in pieces.iter().map(|p| p.trim()).filter(|p| !p.is_empty()) {
            match list.find(piece) {
                Found::Item(item) => push(item),
                Found::Ambiguous(question) => return Err(ask(field, piece, question)),
                Found::Unknown => return Err(unknown(field, list, &part)),
            }
        }
    }
    Ok(out)
}

fn ask(field: &Field, word: &str, question: &str) -> Fault {
    Fault::new(
        "ambiguous_choice",
        format!("{}“{word}”有不止一种意思", field.label),
        question.to_owned(),
    )
}

fn unknown(field: &Field, list: &CodeList, word: &str) -> Fault {
    let near = list
        .items
        .iter()
        .map(|i| (strsim::jaro_winkler(&i.label, word), i))
        .filter(|(score, _)| *score > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let labels: Vec<&str> = list
        .items
        .iter()
        .take(12)
        .map(|i| i.label.as_str())
        .collect();
    let more = if list.items.len() > 12 { "等" } else { "" };
    let suggestion = match near {
        Some((_, item)) => format!(
            "是否应为“{}”？可填：{}{more}",
            item.label,
            labels.join("、")
        ),
        None => format!("请从中选填：{}{more}", labels.join("、")),
    };
    Fault::new(
        "unknown_choice",
        format!("{}没有“{word}”这个选项", field.label),
        suggestion,
    )
}
