//! What every operation's description has in common, put in once: how failures look, and which registers there are.

use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr};

use crate::register::catalogue::Catalogue;

/// Completes the descriptions of all operations.
pub fn finish(document: &mut OpenApi, catalogue: &Catalogue) {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            answers(operation);
            files(path, operation);
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter {
                    name_registers(parameter, catalogue);
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [
        item.get.as_mut(),
        item.put.as_mut(),
        item.post.as_mut(),
        item.patch.as_mut(),
        item.delete.as_mut(),
    ];
    all.into_iter().flatten()
}

/// The gate writes the body of every failure, so it is of one kind everywhere; a description is never absent.
fn answers(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        let failed = !status.starts_with('2') && !status.starts_with('3');
        if failed {
            let body = Ref::from_schema_name("ProblemBody");
            response.content = [(
                "application/problem+json".to_owned(),
                Content::new(Some(body)).into(),
            )]
            .into_iter()
            .collect();
        }
        if response.description.is_empty() {
            let words = if failed {
                "未完成，原因见 title 与 problems"
            } else {
                "完成"
            };
            words.clone_into(&mut response.description);
        }
    }
}

/// A file has a media type of its own: those of lists are known, an attachment's is whatever was attached.
fn files(path: &str, operation: &mut Operation) {
    const BYTES: &str = "application/octet-stream";
    const LISTS: [&str; 2] = [
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "text/csv",
    ];
    let kinds: &[&str] = if path.ends_with("/export") {
        &LISTS
    } else {
        &["*/*"]
    };
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && let Some(content) = response.content.shift_remove(BYTES)
        {
            let all = kinds.iter().map(|k| ((*k).to_owned(), content.clone()));
            response.content.extend(all);
        }
    }
}

/// A register in an address is one of those there are.
fn name_registers(parameter: &mut Parameter, catalogue: &Catalogue) {
    if parameter.name != "register" || !matches!(parameter.parameter_in, ParameterIn::Path) {
        return;
    }
    let keys: Vec<String> = catalogue
        .registers()
        .iter()
        .map(|r| r.key.clone())
        .collect();
    let one = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(keys));
    parameter.schema = Some(RefOr::T(Schema::Object(one.build())));
}
