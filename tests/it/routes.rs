//! Every operation of the API, asked as every role about departments near and far, held to one table.

pub mod actors;
mod bodies;
mod stage;

use std::collections::BTreeMap;

use serde_json::Value as Json;
use ureq::http::Method;

use crate::app::Ledger;
use crate::app::service::Answer;
use actors::{Actor, ROLES};
use stage::{Stage, TARGETS, Target};

/// What the table says of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// It is done, or refused for what was sent, never for who sent it.
    Allowed,
    /// 401.
    SignedOut,
    /// 403: it may be seen that it is there.
    Refused,
    /// 404: as if it were not there.
    Absent,
    /// 403 or 404: it may not be there yet.
    Either,
}

/// An operation as the document describes it.
#[derive(Debug)]
struct Operation {
    method: Method,
    path: String,
    permission: String,
    scope: String,
    body: Option<Json>,
    is_upload: bool,
    /// Parameters that must be given: in the query, and as headers.
    query: String,
    headers: Vec<String>,
}

fn operations(document: &Json) -> Vec<Operation> {
    let mut out = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let word = |key: &str| {
                let value = operation[key].as_str();
                value
                    .unwrap_or_else(|| panic!("{method} {path} does not declare {key}"))
                    .to_owned()
            };
            let content = &operation["requestBody"]["content"];
            out.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                permission: word("x-permission"),
                scope: word("x-scope"),
                body: bodies::example(document, &content["application/json"]["schema"]),
                is_upload: content["multipart/form-data"].is_object(),
                query: bodies::query(document, &operation["parameters"]),
                headers: bodies::headers(&operation["parameters"]),
            });
        }
    }
    out
}

/// The table. Written by hand from the roles of the issue, not from the program's own policy.
fn holds(permission: &str, actor: &Actor, target: Option<&Target>) -> bool {
    let own: &[&str] = &["SL001", "SL016"];
    let city: &[&str] = &["SL001", "SL016", "SL013"];
    let below: &[&str] = &["SL001", "SL016", "SL013", "SL202"];
    let county: &[&str] = &["SL202"];
    let reach: &[&str] = match (permission, actor.login) {
        ("signed_in" | "see_summary", _) => return true,
        ("see_money", "oversight") => city,
        ("give_opinion", "reviewer") => return true,
        (
            "see_own" | "see_money" | "see_security" | "write" | "see_contacts",
            "liaison" | "specialist" | "cdo",
        )
        | ("manage_people" | "approve_sharing" | "handle_issue", "specialist" | "cdo")
        | ("approve_submission", "cdo") => own,
        ("see_own" | "see_money" | "see_contacts", "bureau" | "bureau-up") => below,
        (
            "see_security" | "write" | "manage_people" | "answer_filing" | "review_proposals"
            | "run_campaign" | "coordinate_sharing" | "report_collection",
            "bureau",
        ) => city,
        // The province's own level holds none of the departments asked about.
        (
            "write" | "manage_people" | "answer_filing" | "see_security" | "review_proposals"
            | "run_campaign" | "coordinate_sharing" | "report_collection",
            "bureau-up",
        ) => &[],
        (
            "see_own" | "see_money" | "see_contacts" | "see_security" | "write" | "manage_people"
            | "answer_filing" | "review_proposals" | "run_campaign" | "coordinate_sharing"
            | "report_collection",
            "bureau-county",
        ) => county,
        (
            "manage_accounts"
            | "manage_organisation"
            | "manage_settings"
            | "manage_calendar"
            | "see_accounts",
            "sysadmin",
        )
        | ("grant_roles" | "see_accounts", "secadmin")
        | ("see_audit", "auditor") => return true,
        _ => return false,
    };
    // Without a department in the address, holding the right somewhere is enough.
    target.map_or(!reach.is_empty() || actor.login == "bureau-up", |t| {
        reach.contains(&t.department)
    })
}

fn expected(
    operation: &Operation,
    actor: &Actor,
    target: Option<&Target>,
    hidden: bool,
) -> Expected {
    if operation.permission == "public" {
        return Expected::Allowed;
    }
    if !actor.signed_in {
        return Expected::SignedOut;
    }
    let seen = !hidden || holds("see_money", actor, target);
    if seen && holds(&operation.permission, actor, target) {
        return Expected::Allowed;
    }
    match target {
        // Entries: the published summary may be seen by everyone, so the refusal may be explained.
        Some(_)
            if seen
                && ["/entries/", "/links/"]
                    .iter()
                    .any(|p| operation.path.contains(p)) =>
        {
            Expected::Refused
        }
        Some(_)
            if ["/people", "/appointments", "/filings"]
                .iter()
                .any(|p| operation.path.contains(p)) =>
        {
            Expected::Either
        }
        Some(_) => Expected::Absent,
        None => Expected::Refused,
    }
}

fn fits(expected: Expected, answer: &Answer, has_inner_id: bool) -> bool {
    match expected {
        Expected::Allowed => {
            !matches!(answer.status, 401 | 403)
                && (has_inner_id || answer.status != 404)
                && answer.status < 500
        }
        Expected::SignedOut => answer.status == 401,
        Expected::Refused => answer.status == 403,
        Expected::Absent => answer.status == 404,
        Expected::Either => matches!(answer.status, 403 | 404),
    }
}

fn send(stage: &Stage, operation: &Operation, actor: &Actor, path: &str) -> Answer {
    let address = if operation.query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", operation.query)
    };
    let mut ask = stage.service.ask(operation.method.clone(), &address);
    for header in &operation.headers {
        ask = ask.header(header, "\"1\"");
    }
    if let Some(token) = &actor.token {
        ask = ask.bearer(token);
    }
    if operation.is_upload {
        return ask.upload(
            "a.csv",
            "系统名称,主管部门\n甲,示例市教育局\n".as_bytes(),
            &[("kind", "other")],
        );
    }
    match &operation.body {
        Some(body) => ask.json(body),
        None => ask.send(),
    }
}

/// An answer without what differs from request to request.
fn bare(answer: &Answer, code: &str) -> (u16, String) {
    let mut body = answer.body.replace(code, "CODE");
    if let Ok(mut json) = serde_json::from_str::<Json>(&body) {
        json["request_id"] = Json::Null;
        body = json.to_string();
    }
    (answer.status, body)
}

/// Operations that end the session or credential they are asked with are tried in tests of their own.
fn ends_what_asks(operation: &Operation) -> bool {
    let own = [
        "/api/v1/sessions",
        "/api/v1/me/sessions",
        "/api/v1/me/password",
        "/api/v1/me/totp",
    ];
    operation.method != Method::GET && own.iter().any(|p| operation.path.starts_with(p))
}

/// Operations on accounts would lock out those who still have to ask.
fn hits_an_asker(operation: &Operation) -> bool {
    operation.method != Method::GET
        && (operation.path.starts_with("/api/v1/accounts/")
            || operation.path.starts_with("/api/v1/grants"))
}

#[test]
fn every_operation_is_allowed_or_refused_as_the_table_says() {
    let ledger = Ledger::settled();
    let stage = Stage::set(&ledger);
    let document = stage.service.get("/api/openapi.json").json();
    let operations = operations(&document);
    assert!(operations.len() >= 40, "{} operations", operations.len());
    let mut wrong = Vec::new();
    // Of answers that are wrong alike, one is told.
    let mut told = std::collections::BTreeSet::new();
    let mut more = 0_usize;
    let mut asked = 0_usize;
    for operation in operations.iter().filter(|o| !ends_what_asks(o)) {
        for (target, hidden, path, code) in stage.addresses(operation) {
            let inner = stage::has_inner_id(&operation.path);
            let mut actors: Vec<&Actor> = stage.actors.iter().collect();
            // Those who may not come first: what the others do changes what is there.
            actors.sort_by_key(|a| expected(operation, a, target, hidden) == Expected::Allowed);
            for actor in actors {
                let wanted = expected(operation, actor, target, hidden);
                if wanted == Expected::Allowed && hits_an_asker(operation) {
                    continue;
                }
                let answer = send(&stage, operation, actor, &path);
                asked += 1;
                let gone = wanted == Expected::Allowed
                    && matches!(answer.status, 404 | 409)
                    && operation.method != Method::GET;
                if !fits(wanted, &answer, inner) && !gone {
                    let seen = format!(
                        "{} {} {wanted:?} {}",
                        operation.method, operation.path, answer.status
                    );
                    if !told.insert(seen) {
                        more += 1;
                        continue;
                    }
                    wrong.push(format!(
                        "{} {path} ({} {}) as {}: {wanted:?}, got {} {}",
                        operation.method,
                        operation.permission,
                        operation.scope,
                        actor.login,
                        answer.status,
                        answer.body.chars().take(160).collect::<String>()
                    ));
                }
                if wanted == Expected::Absent && operation.path.contains("{code}") {
                    let nowhere = path.replace(&code, "ZZ-99999999");
                    let absent = send(&stage, operation, actor, &nowhere);
                    if bare(&answer, &code) != bare(&absent, "ZZ-99999999") {
                        wrong.push(format!(
                            "{} {path} as {}: hidden and absent differ: {answer:?} {absent:?}",
                            operation.method, actor.login
                        ));
                    }
                }
            }
        }
    }
    eprintln!("{asked} requests over {} operations", operations.len());
    assert!(asked > 500, "{asked} requests only");
    assert!(
        wrong.is_empty(),
        "{} and {more} more of {asked} are not as the table says:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_role_is_asked_as() {
    let known: Vec<&str> = ROLES.iter().map(|r| r.1).collect();
    for role in one_ledger::auth::Role::ALL {
        assert!(known.contains(&role.word()), "{role:?} is not tried");
    }
    assert_eq!(TARGETS.len(), 4);
}

#[test]
fn the_document_and_its_routes_name_the_same_permissions() {
    let ledger = Ledger::sqlite();
    let service = crate::app::service::Service::start(&ledger);
    let document = service.get("/api/openapi.json").json();
    let mut table: BTreeMap<String, String> = BTreeMap::new();
    for operation in operations(&document) {
        table.insert(
            format!("{} {}", operation.path, operation.method),
            format!("{} {}", operation.permission, operation.scope),
        );
    }
    let lines: Vec<String> = table.iter().map(|(k, v)| format!("{k}: {v}")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_schema_that_the_document_refers_to_is_in_it() {
    let catalogue = crate::app::catalogue();
    let document = serde_json::to_value(one_ledger::web::api::document(catalogue)).unwrap();
    let text = document.to_string();
    let named = text.split("\"#/components/schemas/").skip(1);
    let schemas = &document["components"]["schemas"];
    for name in named.filter_map(|rest| rest.split('"').next()) {
        assert!(schemas[name].is_object(), "{name} is not described");
    }
}
