//! Pieces of SQL whose text depends on nothing but their shape.
//!
//! diesel prepares a statement anew for each run once it holds `sql()` or `eq_any`, since their text could be
//! anything: measured, parsing costs more than reading the fifty rows of a page. A [`Fragment`] promises that its
//! text comes from code alone and values are bound, so the statement is kept. Lists of numbers are filled up to the
//! next power of two with their last one, so that there are a dozen statements and not one for every length.

use std::borrow::Cow;
use std::marker::PhantomData;

use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping,
    is_aggregate,
};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Text};

#[derive(Clone, Debug)]
enum Part {
    Sql(Cow<'static, str>),
    Number(i64),
    Text(String),
}

/// An expression of the SQL type `ST`, written by hand.
#[derive(Clone, Debug)]
pub struct Fragment<ST> {
    parts: Vec<Part>,
    kind: PhantomData<ST>,
}

impl<ST> Fragment<ST> {
    /// SQL as it stands in the code; never anything that came from outside.
    #[must_use]
    pub fn sql(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            parts: vec![Part::Sql(text.into())],
            kind: PhantomData,
        }
    }

    /// The same, with more SQL behind it.
    #[must_use]
    pub fn then(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.parts.push(Part::Sql(text.into()));
        self
    }

    /// The same, with another one behind it.
    #[must_use]
    pub fn append(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// The same text and values, as a part of what has another type.
    #[must_use]
    pub fn within<T>(self) -> Fragment<T> {
        Fragment {
            parts: self.parts,
            kind: PhantomData,
        }
    }

    /// The same, with a bound number behind it.
    #[must_use]
    pub fn number(mut self, number: i64) -> Self {
        self.parts.push(Part::Number(number));
        self
    }

    /// The same, with a bound text behind it.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Text(text.into()));
        self
    }

    /// The same, with a list of bound numbers behind it, ready for `IN`; an empty list has no member.
    #[must_use]
    pub fn numbers(mut self, numbers: &[i64]) -> Self {
        let Some(last) = numbers.last() else {
            return self.then("(NULL)");
        };
        let fill = numbers.len().next_power_of_two() - numbers.len();
        let all = numbers.iter().chain(std::iter::repeat_n(last, fill));
        let mut before = "(";
        for number in all {
            self = self.then(before).number(*number);
            before = ", ";
        }
        self.then(")")
    }
}

impl<ST: TypedExpressionType> Expression for Fragment<ST> {
    type SqlType = ST;
}

impl<ST, DB> QueryFragment<DB> for Fragment<ST>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Text>,
    i64: ToSql<BigInt, DB>,
    String: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for part in &self.parts {
            match part {
                Part::Sql(text) => out.push_sql(text),
                Part::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                Part::Text(text) => out.push_bind_param::<Text, _>(text)?,
            }
        }
        Ok(())
    }
}

// A whole statement, whose columns have the types `ST`.
impl<ST> Query for Fragment<ST> {
    type SqlType = ST;
}

impl<ST, C> RunQueryDsl<C> for Fragment<ST> {}

// Statements are told apart by their text.
impl<ST> QueryId for Fragment<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST, QS> SelectableExpression<QS> for Fragment<ST> where Self: AppearsOnTable<QS> {}
impl<ST: TypedExpressionType, QS> AppearsOnTable<QS> for Fragment<ST> {}

impl<ST, GB> ValidGrouping<GB> for Fragment<ST> {
    type IsAggregate = is_aggregate::Never;
}
