//! Puts definition files together into a [`Catalogue`] and refuses what is broken.

use std::collections::HashMap;
use std::path::Path;

use rust_embed::RustEmbed;
use toml::Spanned;

use super::catalogue::Catalogue;
use super::codes;
use super::definition::{self, FieldDef, FileDef, RegisterDef, line_of};
use super::error::DefinitionError;
use super::field::{Field, FieldType, KeyFields, Refuse, Register, RequiredIf};
use super::read::ColumnContext;
use super::region;
use super::value::Reading;
use super::words::header;
use crate::sheet::cell::Cell;

/// The definitions that are compiled in.
#[derive(RustEmbed)]
#[folder = "import_templates/"]
#[include = "*.toml"]
#[include = "lists/*.csv"]
struct BuiltIn;

/// A file of definitions: the name shown in errors and its bytes.
struct Source {
    name: String,
    bytes: Vec<u8>,
}

impl Source {
    fn fault(&self, line: usize, reason: impl Into<String>) -> DefinitionError {
        DefinitionError {
            file: self.name.clone(),
            line,
            reason: reason.into(),
        }
    }

    fn stem(&self) -> &str {
        let file = self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name);
        file.rsplit_once('.').map_or(file, |(stem, _)| stem)
    }

    fn is(&self, ending: &str) -> bool {
        self.name.ends_with(ending)
    }
}

/// Where something was declared, for the error message.
#[derive(Clone, Debug)]
struct Place {
    file: String,
    text: std::rc::Rc<str>,
}

impl Place {
    fn fault<T>(&self, at: &Spanned<T>, reason: impl Into<String>) -> DefinitionError {
        DefinitionError {
            file: self.file.clone(),
            line: line_of(&self.text, at.span().start),
            reason: reason.into(),
        }
    }
}

/// A register being put together; field definitions keep their places.
struct Draft {
    place: Place,
    def: RegisterDef,
    fields: Vec<(Place, FieldDef)>,
}

/// Loads everything; see [`Catalogue::load`].
pub(super) fn load(extra: Option<&Path>) -> Result<Catalogue, DefinitionError> {
    let mut sources = built_in();
    if let Some(folder) = extra {
        sources.extend(read_folder(folder)?);
    }
    build(&sources)
}

fn built_in() -> Vec<Source> {
    let mut names: Vec<String> = BuiltIn::iter().map(std::borrow::Cow::into_owned).collect();
    names.sort();
    names
        .into_iter()
        .filter_map(|name| {
            BuiltIn::get(&name).map(|file| Source {
                name: format!("import_templates/{name}"),
                bytes: file.data.into_owned(),
            })
        })
        .collect()
}

fn read_folder(folder: &Path) -> Result<Vec<Source>, DefinitionError> {
    let mut out = Vec::new();
    for (sub, ending) in [("", ".toml"), ("lists", ".csv")] {
        let dir = folder.join(sub);
        if !sub.is_empty() && !dir.is_dir() {
            continue;
        }
        let fault = |path: &Path, e: &std::io::Error| DefinitionError {
            file: path.display().to_string(),
            line: 0,
            reason: format!("读不出来（{e}），请检查路径和权限"),
        };
        let entries = std::fs::read_dir(&dir).map_err(|e| fault(&dir, &e))?;
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(|e| fault(&dir, &e))?.path();
            if path.to_string_lossy().ends_with(ending) {
                paths.push(path);
            }
        }
        paths.sort();
        for path in paths {
            let bytes = std::fs::read(&path).map_err(|e| fault(&path, &e))?;
            out.push(Source {
                name: path.display().to_string(),
                bytes,
            });
        }
    }
    Ok(out)
}

fn build(sources: &[Source]) -> Result<Catalogue, DefinitionError> {
    let mut catalogue = Catalogue::default();
    for source in sources.iter().filter(|s| s.is(".csv")) {
        if source.stem() == "regions" {
            let rows = region::rows(&source.name, &source.bytes)?;
            catalogue.regions.absorb(&source.name, rows)?;
        } else {
            let rows = codes::rows(&source.name, &source.bytes)?;
            let list = catalogue.lists.entry(source.stem().to_owned()).or_default();
            source.stem().clone_into(&mut list.key);
            list.absorb(&source.name, rows)?;
        }
    }
    let mut drafts = collect(sources)?;
    drafts.sort_by_key(|d| d.def.order);
    check_registers(&drafts)?;
    for draft in &drafts {
        let register = finish(&catalogue, &drafts, draft)?;
        catalogue.registers.push(register);
    }
    catalogue.registers = in_order(catalogue.registers);
    check_examples(&catalogue, &drafts)?;
    Ok(catalogue)
}

/// Reads the TOML files: new registers, then fields added to them.
fn collect(sources: &[Source]) -> Result<Vec<Draft>, DefinitionError> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut additions: Vec<(Place, Spanned<String>, Vec<FieldDef>)> = Vec::new();
    for source in sources.iter().filter(|s| s.is(".toml")) {
        let text = std::str::from_utf8(&source.bytes)
            .map_err(|_| source.fault(0, "不是 UTF-8 编码，请另存为 UTF-8"))?;
        let place = Place {
            file: source.name.clone(),
            text: text.into(),
        };
        let FileDef {
            extend,
            register,
            fields,
        } = definition::parse(&source.name, text)?;
        match (extend, register) {
            (None, Some(def)) => {
                if drafts
                    .iter()
                    .any(|d| d.def.key.get_ref() == def.key.get_ref())
                {
                    let reason = format!(
                        "登记簿 {} 已有定义；要给它加字段，请写 extend = \"{0}\"",
                        def.key.get_ref()
                    );
                    return Err(place.fault(&def.key, reason));
                }
                let fields = fields.into_iter().map(|f| (place.clone(), f)).collect();
                drafts.push(Draft { place, def, fields });
            }
            (Some(key), None) => additions.push((place, key, fields)),
            (Some(key), Some(_)) => {
                return Err(place.fault(&key, "extend 和 [register] 只能写一个"));
            }
            (None, None) => {
                return Err(source.fault(1, "既没有 [register]，也没有 extend"));
            }
        }
    }
    for (place, key, fields) in additions {
        let Some(draft) = drafts
            .iter_mut()
            .find(|d| d.def.key.get_ref() == key.get_ref())
        else {
            return Err(place.fault(&key, format!("没有登记簿 {}", key.get_ref())));
        };
        for field in fields {
            let at = insert_at(&place, draft, &field)?;
            draft.fields.insert(at, (place.clone(), field));
        }
    }
    Ok(drafts)
}

fn insert_at(place: &Place, draft: &Draft, field: &FieldDef) -> Result<usize, DefinitionError> {
    let Some(after) = &field.after else {
        return Ok(draft.fields.len());
    };
    let known = |(_, f): &(Place, FieldDef)| f.key.get_ref() == after.get_ref();
    draft
        .fields
        .iter()
        .position(known)
        .map(|i| i + 1)
        .ok_or_else(|| place.fault(after, format!("没有字段 {}", after.get_ref())))
}

fn is_key(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn check_registers(drafts: &[Draft]) -> Result<(), DefinitionError> {
    for draft in drafts {
        if !is_key(draft.def.key.get_ref()) {
            let reason = "登记簿的 key 只能用小写字母、数字和下划线，并以字母开头";
            return Err(draft.place.fault(&draft.def.key, reason));
        }
        let twin = drafts.iter().find(|d| {
            !std::ptr::eq(*d, draft)
                && (d.def.label.get_ref() == draft.def.label.get_ref()
                    || d.def.code_prefix.get_ref() == draft.def.code_prefix.get_ref())
        });
        if let Some(twin) = twin {
            let reason = format!(
                "label 或 code_prefix 与登记簿 {} 相同",
                twin.def.key.get_ref()
            );
            return Err(draft.place.fault(&draft.def.label, reason));
        }
    }
    Ok(())
}

/// Checks one register's fields and makes them.
fn finish(
    catalogue: &Catalogue,
    drafts: &[Draft],
    draft: &Draft,
) -> Result<Register, DefinitionError> {
    let mut keys: HashMap<&str, ()> = HashMap::new();
    let mut headers: HashMap<String, &str> = HashMap::new();
    for (place, def) in &draft.fields {
        let key = def.key.get_ref().as_str();
        if !is_key(key) {
            let reason = format!("字段 key “{key}”只能用小写字母、数字和下划线，并以字母开头");
            return Err(place.fault(&def.key, reason));
        }
        if keys.insert(key, ()).is_some() {
            return Err(place.fault(&def.key, format!("字段 {key} 重复")));
        }
        for (i, word) in std::iter::once(&def.label).chain(&def.aliases).enumerate() {
            let normal = header(word.get_ref()).key;
            if normal.is_empty() {
                return Err(place.fault(word, "表头文字不能为空"));
            }
            if let Some(other) = headers.insert(normal, key)
                && (other != key || i == 0)
            {
                let reason = format!("表头“{}”已经属于字段 {other}", word.get_ref());
                return Err(place.fault(word, reason));
            }
        }
        check_type(catalogue, drafts, place, def)?;
    }
    let fields: Vec<Field> = draft.fields.iter().map(|(_, d)| field(d)).collect();
    for (place, def) in &draft.fields {
        check_conditions(catalogue, &fields, place, def)?;
    }
    let register = Register {
        key: draft.def.key.get_ref().clone(),
        label: draft.def.label.get_ref().clone(),
        titles: draft.def.titles.clone(),
        code_prefix: draft.def.code_prefix.get_ref().clone(),
        keys: key_fields(draft),
        default_stage: draft.def.default_stage,
        order: draft.def.order,
        fields,
    };
    check_keys(draft, &register)?;
    Ok(register)
}

fn check_type(
    catalogue: &Catalogue,
    drafts: &[Draft],
    place: &Place,
    def: &FieldDef,
) -> Result<(), DefinitionError> {
    match (def.kind, &def.list) {
        (FieldType::Choice, None) => {
            return Err(place.fault(&def.key, "choice 字段须写 list"));
        }
        (FieldType::Choice, Some(list)) if !catalogue.lists.contains_key(list.get_ref()) => {
            let reason = format!("没有代码表 lists/{}.csv", list.get_ref());
            return Err(place.fault(list, reason));
        }
        (FieldType::Choice, _) | (_, None) => {}
        (_, Some(list)) => return Err(place.fault(list, "只有 choice 字段可以写 list")),
    }
    match (def.kind, &def.refers_to) {
        (FieldType::Reference, None) => {
            return Err(place.fault(&def.key, "reference 字段须写 refers_to"));
        }
        (FieldType::Reference, Some(to)) => {
            if !drafts.iter().any(|d| d.def.key.get_ref() == to.get_ref()) {
                return Err(place.fault(to, format!("没有登记簿 {}", to.get_ref())));
            }
        }
        (_, None) => {}
        (_, Some(to)) => return Err(place.fault(to, "只有 reference 字段可以写 refers_to")),
    }
    let may_be_many = matches!(
        def.kind,
        FieldType::Choice
            | FieldType::Reference
            | FieldType::Department
            | FieldType::Text
            | FieldType::Code
    );
    if def.multiple && !may_be_many {
        let reason = "multiple 只能用于 text、code、choice、department、reference";
        return Err(place.fault(&def.key, reason));
    }
    let number = matches!(
        def.kind,
        FieldType::Money | FieldType::Decimal | FieldType::Integer
    );
    match &def.warn_over {
        Some(limit) if !number => Err(place.fault(limit, "warn_over 只能用于数值字段")),
        _ => Ok(()),
    }
}

/// The values that a condition names must exist.
fn check_conditions(
    catalogue: &Catalogue,
    fields: &[Field],
    place: &Place,
    def: &FieldDef,
) -> Result<(), DefinitionError> {
    if let Some(condition) = &def.required_if {
        let name = &condition.field;
        let Some(other) = fields.iter().find(|f| f.key == *name.get_ref()) else {
            return Err(place.fault(name, format!("没有字段 {}", name.get_ref())));
        };
        check_values(catalogue, other, place, &condition.values)?;
    }
    if let Some(refuse) = &def.refuse
        && let Some(own) = fields.iter().find(|f| f.key == *def.key.get_ref())
    {
        check_values(catalogue, own, place, &refuse.values)?;
    }
    Ok(())
}

fn check_values(
    catalogue: &Catalogue,
    field: &Field,
    place: &Place,
    values: &[Spanned<String>],
) -> Result<(), DefinitionError> {
    let list = field.list.as_ref().and_then(|l| catalogue.list(l));
    for value in values {
        let known = match (field.kind, list) {
            (FieldType::Choice, Some(list)) => list.item(value.get_ref()).is_some(),
            (FieldType::Bool, _) => matches!(value.get_ref().as_str(), "true" | "false"),
            _ => false,
        };
        if !known {
            let reason = format!("字段 {} 没有值“{}”", field.key, value.get_ref());
            return Err(place.fault(value, reason));
        }
    }
    Ok(())
}

fn field(def: &FieldDef) -> Field {
    let text = |s: &Spanned<String>| s.get_ref().clone();
    Field {
        key: text(&def.key),
        label: text(&def.label),
        group: def.group.clone(),
        kind: def.kind,
        list: def.list.as_ref().map(text),
        refers_to: def.refers_to.as_ref().map(text),
        multiple: def.multiple,
        aliases: def.aliases.iter().map(text).collect(),
        unit: def.unit.clone(),
        required: def.required,
        required_from: def.required_from,
        required_if: def.required_if.as_ref().map(|r| RequiredIf {
            field: text(&r.field),
            values: r.values.iter().map(text).collect(),
            hard: r.hard,
            reason: r.reason.clone(),
        }),
        refuse: def.refuse.as_ref().map(|r| Refuse {
            values: r.values.iter().map(text).collect(),
            reason: r.reason.clone(),
        }),
        warn_over: def.warn_over.as_ref().map(|n| *n.get_ref()),
        visible_to: def.visible_to,
        filter: def.filter,
        listed: def.listed,
        help: def.help.clone(),
        example: def.example.as_ref().map(text).unwrap_or_default(),
    }
}

fn key_fields(draft: &Draft) -> KeyFields {
    let text = |s: &Spanned<String>| s.get_ref().clone();
    let keys = &draft.def.keys;
    KeyFields {
        code: text(&keys.code),
        name: text(&keys.name),
        owner: keys.owner.as_ref().map(text),
        within: keys.within.as_ref().map(text),
        region: keys.region.as_ref().map(text),
        amount: keys.amount.as_ref().map(text),
        year: keys.year.as_ref().map(text),
        status: keys.status.as_ref().map(text),
    }
}

/// The fields that feed typed columns exist and have a fitting type.
fn check_keys(draft: &Draft, register: &Register) -> Result<(), DefinitionError> {
    use FieldType::{Choice, Code, Date, Department, Integer, Money, Reference, Text};
    let keys = &draft.def.keys;
    let wanted: [(Option<&Spanned<String>>, &str, &[FieldType]); 8] = [
        (Some(&keys.code), "code", &[Code, Text]),
        (Some(&keys.name), "name", &[Text]),
        (keys.owner.as_ref(), "owner", &[Department]),
        (keys.within.as_ref(), "within", &[Reference]),
        (keys.region.as_ref(), "region", &[FieldType::Region]),
        (keys.amount.as_ref(), "amount", &[Money]),
        (keys.year.as_ref(), "year", &[Date, Integer]),
        (keys.status.as_ref(), "status", &[Choice]),
    ];
    for (key, role, kinds) in wanted {
        let Some(key) = key else { continue };
        let Some(field) = register.field(key.get_ref()) else {
            let reason = format!("{role} 指向的字段 {} 不存在", key.get_ref());
            return Err(draft.place.fault(key, reason));
        };
        if !kinds.contains(&field.kind) || field.multiple {
            let reason = format!("{role} 指向的字段 {} 类型不合适", key.get_ref());
            return Err(draft.place.fault(key, reason));
        }
    }
    if keys.owner.is_none() && keys.within.is_none() {
        return Err(draft.place.fault(&keys.name, "owner 和 within 至少写一个"));
    }
    Ok(())
}

/// Puts registers behind those they refer to; in a circle the file order stays.
fn in_order(mut rest: Vec<Register>) -> Vec<Register> {
    let mut out: Vec<Register> = Vec::new();
    while !rest.is_empty() {
        let waits = |r: &Register| {
            r.fields
                .iter()
                .filter_map(|f| f.refers_to.as_ref())
                .any(|to| *to != r.key && rest.iter().any(|other| other.key == *to))
        };
        let next = rest.iter().position(|r| !waits(r)).unwrap_or(0);
        out.push(rest.remove(next));
    }
    out
}

/// The example row of a template must be one that can be imported.
fn check_examples(catalogue: &Catalogue, drafts: &[Draft]) -> Result<(), DefinitionError> {
    for draft in drafts {
        let Some(register) = catalogue.register(draft.def.key.get_ref()) else {
            continue;
        };
        for (place, def) in &draft.fields {
            let Some(example) = &def.example else {
                continue;
            };
            let Some(field) = register.field(def.key.get_ref()) else {
                continue;
            };
            let cell = Cell::Text(example.get_ref().clone());
            let reason = match field.read(catalogue, &cell, &ColumnContext::default()) {
                Reading::Value(..) => continue,
                Reading::Fault(fault) => fault.message,
                Reading::Blank(_) | Reading::Clear => "示例值是空的".to_owned(),
            };
            return Err(place.fault(example, format!("示例值读不出来：{reason}")));
        }
    }
    Ok(())
}
