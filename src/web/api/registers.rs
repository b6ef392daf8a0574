//! The registers as they are declared: what fields there are, of which kind, and who sees them.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;
use crate::ledger::sight;
use crate::register::catalogue::Catalogue;
use crate::register::field::{Field, FieldType, Register, Stage, Visibility};
use crate::web::answer::{Failure, ProblemBody};
use crate::web::caller::Caller;

/// A value of a choice field.
#[derive(Serialize, ToSchema)]
struct CodeItem {
    code: String,
    label: String,
}

/// One field of a register.
#[derive(Serialize, ToSchema)]
struct FieldBody {
    key: String,
    label: String,
    group: String,
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: FieldType,
    multiple: bool,
    unit: Option<String>,
    required: bool,
    #[schema(value_type = Option<String>)]
    required_from: Option<Stage>,
    #[schema(value_type = String)]
    visible_to: Visibility,
    /// The right it takes to see it in another department's entries; absent when everyone signed in sees it.
    needs: Option<String>,
    filter: bool,
    listed: bool,
    refers_to: Option<String>,
    help: String,
    /// The values of a choice field.
    values: Option<Vec<CodeItem>>,
}

/// One register.
#[derive(Serialize, ToSchema)]
struct RegisterBody {
    key: String,
    label: String,
    code_prefix: String,
    /// Key of the code field.
    code: String,
    /// Key of the name field.
    name: String,
    /// Key of the owner field, where the register has one.
    owner: Option<String>,
    fields: Vec<FieldBody>,
}

/// All registers.
#[derive(Serialize, ToSchema)]
struct Registers {
    items: Vec<RegisterBody>,
}

fn field(catalogue: &Catalogue, register: &Register, field: &Field) -> FieldBody {
    let list = field.list.as_deref().and_then(|key| catalogue.list(key));
    let item = |i: &crate::register::codes::CodeItem| CodeItem {
        code: i.code.clone(),
        label: i.label.clone(),
    };
    FieldBody {
        key: field.key.clone(),
        label: field.label.clone(),
        group: field.group.clone(),
        kind: field.kind,
        multiple: field.multiple,
        unit: field.unit.clone(),
        required: field.required,
        required_from: field.required_from,
        visible_to: field.visible_to,
        needs: sight::needs(register, field).map(|r| r.word().to_owned()),
        filter: field.filter,
        listed: field.listed,
        refers_to: field.refers_to.clone(),
        help: field.help.clone(),
        values: list.map(|l| l.items.iter().map(item).collect()),
    }
}

fn body(catalogue: &Catalogue, register: &Register) -> RegisterBody {
    RegisterBody {
        key: register.key.clone(),
        label: register.label.clone(),
        code_prefix: register.code_prefix.clone(),
        code: register.keys.code.clone(),
        name: register.keys.name.clone(),
        owner: register.keys.owner.clone(),
        fields: register
            .fields
            .iter()
            .map(|f| field(catalogue, register, f))
            .collect(),
    }
}

/// The registers with their fields.
#[utoipa::path(tag = "registers", security(("bearer" = [])),
    responses((status = 200, body = Registers), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/registers")]
async fn list_registers(caller: Caller) -> Result<HttpResponse, Failure> {
    let work = |ask: &mut crate::web::caller::Ask<'_>| {
        let catalogue = &ask.app.catalogue;
        let items = catalogue
            .registers()
            .iter()
            .map(|r| body(catalogue, r))
            .collect();
        Ok(Registers { items })
    };
    caller.json(work).await
}

/// One register with its fields.
#[utoipa::path(tag = "registers", security(("bearer" = [])), params(("register" = String, Path, description = "登记簿")),
    responses((status = 200, body = RegisterBody), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-scope" = json!("none"))))]
#[get("/registers/{register}")]
async fn show_register(caller: Caller, key: web::Path<String>) -> Result<HttpResponse, Failure> {
    let work = move |ask: &mut crate::web::caller::Ask<'_>| {
        let catalogue = &ask.app.catalogue;
        let register = catalogue.register(&key);
        let register = register.ok_or_else(|| Error::NotFound(format!("登记簿“{key}”")))?;
        Ok(body(catalogue, register))
    };
    caller.json(work).await
}

/// Adds the operations.
pub fn configure(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(list_registers).service(show_register);
}
