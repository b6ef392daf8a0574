//! Schemas of the entries of each register, from its definition.

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Components, RefOr};

use crate::register::catalogue::Catalogue;
use crate::register::field::{Field, FieldType, Register};

/// Adds one schema per register, named by its key.
pub fn add_registers(components: &mut Components, catalogue: &Catalogue) {
    for register in catalogue.registers() {
        components
            .schemas
            .insert(register.key.clone(), RefOr::T(entry(catalogue, register)));
    }
}

fn entry(catalogue: &Catalogue, register: &Register) -> Schema {
    let mut object = ObjectBuilder::new().description(Some(register.label.clone()));
    for field in &register.fields {
        object = object.property(&field.key, value(catalogue, field));
    }
    Schema::Object(object.build())
}

fn value(catalogue: &Catalogue, field: &Field) -> Schema {
    let kind = match field.kind {
        FieldType::Bool => Type::Boolean,
        FieldType::Integer => Type::Integer,
        // Exact decimals and dates with their precision are text; so are codes.
        _ => Type::String,
    };
    let words = if field.help.is_empty() {
        field.label.clone()
    } else {
        format!("{}。{}", field.label, field.help)
    };
    let mut one = ObjectBuilder::new()
        .schema_type(SchemaType::Type(kind))
        .description(Some(words));
    if let Some(list) = field.list.as_deref().and_then(|l| catalogue.list(l)) {
        let codes: Vec<String> = list.items.iter().map(|i| i.code.clone()).collect();
        one = one.enum_values(Some(codes));
    }
    if field.multiple {
        return Schema::Array(ArrayBuilder::new().items(one.build()).build());
    }
    Schema::Object(one.build())
}
