//! Puts definition files together into a [`Catalogue`] and refuses what is broken.

use std::collections::HashMap;
use std::path::Path;

use rust_embed::RustEmbed;
use toml::Spanned;

use super::catalogue::Catalogue;
use super::check::{self, Draft, Place};
use super::codes;
use super::definition::{self, FieldDef, FileDef};
use super::error::DefinitionError;
use super::field::{Field, FieldType, KeyFields, Refuse, Register, RequiredIf, Visibility};
use super::lifecycle;
use super::region;
use super::words::header;

/// The definitions that are compiled in.
#[derive(RustEmbed)]
#[folder = "import_templates/"]
#[include = "*.toml"]
#[include = "lists/*.csv"]
#[exclude = "calendar/*"]
#[include = "lifecycle/*.toml"]
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

    /// Whether it is a model of stages, by the folder it lies in.
    fn is_lifecycle(&self) -> bool {
        let mut parts = self.name.rsplit(['/', '\\']);
        self.is(".toml") && parts.nth(1) == Some("lifecycle")
    }
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
    for (sub, ending) in [("", ".toml"), ("lists", ".csv"), ("lifecycle", ".toml")] {
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
    check::registers(&drafts)?;
    drafts.sort_by_key(|d| d.def.order);
    for draft in &drafts {
        let register = finish(&catalogue, &drafts, draft)?;
        catalogue.registers.push(register);
    }
    catalogue.registers = in_order(catalogue.registers);
    check::examples(&catalogue, &drafts)?;
    let mut models: Vec<(&str, lifecycle::Lifecycle)> = Vec::new();
    for source in sources.iter().filter(|s| s.is_lifecycle()) {
        let model = lifecycle::load::parse(&source.name, &source.bytes)?;
        // A deployment's own model stands in place of the built-in one.
        models.retain(|(_, known)| known.register != model.register);
        models.push((&source.name, model));
    }
    for (file, model) in models {
        lifecycle::load::verify(file, &catalogue, &model)?;
        catalogue.lifecycles.push(model);
    }
    Ok(catalogue)
}

/// Reads the TOML files: new registers, then fields added to them.
fn collect(sources: &[Source]) -> Result<Vec<Draft>, DefinitionError> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut additions: Vec<(Place, Spanned<String>, Vec<FieldDef>)> = Vec::new();
    for source in sources
        .iter()
        .filter(|s| s.is(".toml") && !s.is_lifecycle())
    {
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
        if !check::is_key(key) {
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
        check::kind(catalogue, drafts, place, def)?;
    }
    let fields: Vec<Field> = draft.fields.iter().map(|(_, d)| field(d)).collect();
    for (place, def) in &draft.fields {
        check::conditions(catalogue, &fields, place, def)?;
    }
    let register = Register {
        key: draft.def.key.get_ref().clone(),
        label: draft.def.label.get_ref().clone(),
        titles: draft.def.titles.clone(),
        code_prefix: draft.def.code_prefix.get_ref().clone(),
        names_repeat: draft.def.names_repeat,
        agreed: draft
            .def
            .agreed
            .iter()
            .map(|k| k.get_ref().clone())
            .collect(),
        keys: key_fields(draft),
        default_stage: draft.def.default_stage,
        published_from: draft.def.published_from,
        order: draft.def.order,
        fields,
    };
    check::keys(draft, &register)?;
    Ok(register)
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
        depends: def.depends.as_ref().map(|d| *d.get_ref()),
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
        visible_to: def.visible_to.unwrap_or_else(|| unsaid(def.kind)),
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
        party: keys.party.as_ref().map(text),
        within: keys.within.as_ref().map(text),
        region: keys.region.as_ref().map(text),
        amount: keys.amount.as_ref().map(text),
        year: keys.year.as_ref().map(text),
        status: keys.status.as_ref().map(text),
    }
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

/// Who sees a field whose definition does not say: amounts are the department's and its bureaus' (and those
/// with a right to amounts), everything else is in the summary.
fn unsaid(kind: FieldType) -> Visibility {
    match kind {
        FieldType::Money => Visibility::Own,
        _ => Visibility::Everyone,
    }
}
