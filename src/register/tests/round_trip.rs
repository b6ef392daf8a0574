//! What is shown reads back as the same value, without a note, for every field there is.

use proptest::prelude::*;

use super::*;
use crate::register::date::PartialDate;
use crate::register::number::canonical;
use rust_decimal::Decimal;

/// Any text that has been read once: whatever the reader makes of any characters.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[\u{4e00}-\u{4fff}A-Za-z0-9 （）()、，,;；/+\\-\\n\u{3000}]{1,30}",
        "\\PC{1,20}",
        "[/—-]{1,3}",
        "(无|暂无|\\[清空\\]|是|1|2024年3月|外网)",
    ]
}

fn comes_back(catalogue: &Catalogue, field: &Field, value: &Value) -> Result<(), TestCaseError> {
    let shown = field.show(catalogue, &OneName, value);
    let again = field.read(
        catalogue,
        &Cell::Text(shown.clone()),
        &ColumnContext::default(),
    );
    prop_assert_eq!(
        again,
        Reading::Value(value.clone(), None),
        "{} {:?}",
        field.label,
        shown
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_was_read_once_reads_the_same_again(typed in words()) {
        let catalogue = catalogue();
        for register in catalogue.registers() {
            for field in &register.fields {
                let cell = Cell::Text(typed.clone());
                if let Reading::Value(value, _) = field.read(catalogue, &cell, &ColumnContext::default()) {
                    comes_back(catalogue, field, &value)?;
                }
            }
        }
    }

    #[test]
    fn money_and_decimals(mantissa in -1_000_000_000_000_i64..1_000_000_000_000, scale in 0_u32..=6) {
        let catalogue = catalogue();
        let mut value = Decimal::from(mantissa);
        let _ = value.set_scale(scale);
        prop_assume!(value.abs() <= Decimal::from(1_000_000_000));
        let value = Value::Text(canonical(value));
        for kind in [FieldType::Money, FieldType::Decimal] {
            comes_back(catalogue, &field(kind), &value)?;
        }
    }

    #[test]
    fn dates(year in 1900_u32..=2100, a in 1_u32..=12, b in 1_u32..=31) {
        let catalogue = catalogue();
        let date = field(FieldType::Date);
        let all = [
            PartialDate::year_of(year),
            PartialDate::half(year, a),
            PartialDate::quarter(year, a),
            PartialDate::month(year, a),
            PartialDate::day(year, a, b),
        ];
        for one in all.into_iter().flatten() {
            prop_assert!(one.first_day() <= one.last_day());
            prop_assert_eq!(PartialDate::parse(&one.to_string()), Some(one));
            comes_back(catalogue, &date, &Value::Text(one.to_string()))?;
        }
    }

    #[test]
    fn counts(n in any::<i64>()) {
        comes_back(catalogue(), &field(FieldType::Integer), &Value::Integer(n))?;
    }

    #[test]
    fn no_cell_makes_a_reader_panic(n in any::<f64>(), typed in "\\PC{0,40}") {
        let catalogue = catalogue();
        for register in catalogue.registers() {
            for field in &register.fields {
                for cell in [Cell::Number(n), Cell::Date(n), Cell::Text(typed.clone())] {
                    let _ = field.read(catalogue, &cell, &ColumnContext::default());
                }
            }
        }
    }
}

#[test]
fn every_code_of_every_list() {
    let catalogue = catalogue();
    for register in catalogue.registers() {
        for field in register
            .fields
            .iter()
            .filter(|f| f.kind == FieldType::Choice)
        {
            let list = catalogue.list(field.list.as_ref().unwrap()).unwrap();
            let codes: Vec<String> = list.items.iter().map(|i| i.code.clone()).collect();
            let values: Vec<Value> = if field.multiple {
                let pairs = codes.windows(2).map(<[String]>::to_vec);
                pairs
                    .chain(codes.iter().map(|c| vec![c.clone()]))
                    .map(Value::List)
                    .collect()
            } else {
                codes.into_iter().map(Value::Text).collect()
            };
            for value in values {
                let shown = field.show(catalogue, &OneName, &value);
                let cell = Cell::Text(shown.clone());
                let again = field.read(catalogue, &cell, &ColumnContext::default());
                assert_eq!(
                    again,
                    Reading::Value(value, None),
                    "{} {shown}",
                    field.label
                );
            }
        }
    }
}

#[test]
fn departments_are_shown_by_name() {
    let catalogue = catalogue();
    let owner = field(FieldType::Department);
    let shown = |code: &str| owner.show(catalogue, &OneName, &Value::Text(code.to_owned()));
    assert_eq!(shown("SD01"), "山东省大数据局");
    assert_eq!(shown("SD99"), "SD99");
}
