//! The smallest body that an operation's own description allows.

use serde_json::{Map, Value as Json, json};

/// An example of a schema; `None` when there is none.
pub fn example(document: &Json, schema: &Json) -> Option<Json> {
    schema.is_object().then(|| value(document, schema, 0))
}

fn value(document: &Json, schema: &Json, depth: usize) -> Json {
    if let Some(name) = schema["$ref"].as_str() {
        let key = name.rsplit('/').next().unwrap();
        return value(document, &document["components"]["schemas"][key], depth + 1);
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(one) = schema[several].as_array() {
            let real = one.iter().find(|s| s["type"] != "null");
            return real.map_or(Json::Null, |s| value(document, s, depth + 1));
        }
    }
    let kind = match &schema["type"] {
        Json::Array(kinds) => kinds.iter().find_map(Json::as_str).unwrap_or("null"),
        other => other.as_str().unwrap_or("object"),
    };
    match kind {
        "string" => match schema["format"].as_str() {
            Some("date") => json!("2026-01-05"),
            Some("date-time") => json!("2026-01-05T00:00:00Z"),
            _ => json!("x"),
        },
        "integer" | "number" => json!(1),
        "boolean" => json!(false),
        "array" => json!([]),
        "null" => Json::Null,
        _ => {
            let mut out = Map::new();
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            for key in required
                .iter()
                .filter_map(Json::as_str)
                .filter(|_| depth < 6)
            {
                out.insert(
                    key.to_owned(),
                    value(document, &schema["properties"][key], depth + 1),
                );
            }
            Json::Object(out)
        }
    }
}

/// The query string of the parameters that must be given.
pub fn query(document: &Json, parameters: &Json) -> String {
    let required = |p: &&Json| p["in"] == "query" && p["required"] == true;
    let named = parameters.as_array().into_iter().flatten().filter(required);
    let pairs: Vec<String> = named
        .map(|p| {
            let given = match value(document, &p["schema"], 0) {
                // The word of a right, which the document leaves open.
                Json::String(_) if p["name"] == "right" => "write".to_owned(),
                Json::String(text) => text,
                other => other.to_string(),
            };
            format!("{}={given}", p["name"].as_str().unwrap())
        })
        .collect();
    pairs.join("&")
}

/// Names of the headers that must be given.
pub fn headers(parameters: &Json) -> Vec<String> {
    let required = |p: &&Json| p["in"] == "header" && p["required"] == true;
    let named = parameters.as_array().into_iter().flatten().filter(required);
    named
        .map(|p| p["name"].as_str().unwrap().to_owned())
        .collect()
}
