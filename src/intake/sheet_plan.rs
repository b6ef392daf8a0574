//! How a sheet is taken in: its register, its columns, and where their cells go.

use rust_decimal::Decimal;

use crate::intake::mapping::Columns;
use crate::register::catalogue::Catalogue;
use crate::register::field::{Field, Register};
use crate::register::read::ColumnContext;
use crate::register::value::{Reading, Value};
use crate::sheet::cell::Row;
use crate::sheet::locate::Located;

/// Where a column's cells go.
#[derive(Clone, Debug)]
pub enum Target {
    /// Into the field at this position of the register.
    Field {
        /// Position in [`Register::fields`].
        position: usize,
        /// How to read a cell there.
        context: ColumnContext,
    },
    /// Kept under its header.
    Extra(String),
    /// Nowhere: running numbers, our own columns, secrets.
    Ignored,
}

/// One column of a sheet that is taken in.
#[derive(Clone, Debug)]
pub struct PlannedColumn {
    /// 0 = A.
    pub index: u16,
    /// Where its cells go.
    pub target: Target,
}

/// A sheet that is taken in.
#[derive(Clone, Debug)]
pub struct SheetPlan<'c> {
    /// Its number among the sheets of the report.
    pub number: usize,
    /// Its position in the workbook.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// The register its rows belong to.
    pub register: &'c Register,
    /// Header and first row.
    pub located: Located,
    /// Columns.
    pub columns: Vec<PlannedColumn>,
    /// Name of the department in the lines above the header.
    pub department: Option<String>,
    /// Signature of the header, to remember a mapping by.
    pub signature: String,
    /// Field by column, when the mapping was given by hand.
    pub by_hand: bool,
}

impl SheetPlan<'_> {
    /// The column that feeds a field.
    #[must_use]
    pub fn column_of(&self, key: &str) -> Option<u16> {
        let fields = &self.register.fields;
        self.columns.iter().find_map(|c| match c.target {
            Target::Field { position, .. }
                if fields.get(position).is_some_and(|f| f.key == key) =>
            {
                Some(c.index)
            }
            _ => None,
        })
    }

    /// The mapping as it stands, by header, for remembering.
    #[must_use]
    pub fn columns_by_header(&self) -> Columns {
        let field = |c: &PlannedColumn| match c.target {
            Target::Field { position, .. } => {
                self.register.fields.get(position).map(|f| f.key.clone())
            }
            _ => None,
        };
        let header = |c: &PlannedColumn| {
            self.located
                .columns
                .iter()
                .find(|l| l.index == c.index)
                .map(|l| l.path.join("/"))
        };
        self.columns
            .iter()
            .filter_map(|c| Some((header(c)?, field(c))))
            .collect()
    }

    /// What a 合计 row states for the register's amount field, in 万元.
    #[must_use]
    pub fn total<'s>(
        &'s self,
        catalogue: &Catalogue,
        row: &Row,
    ) -> Option<(&'s Field, u16, Decimal)> {
        let amount = self.register.keys.amount.as_deref()?;
        self.columns.iter().find_map(|c| {
            let Target::Field { position, context } = &c.target else {
                return None;
            };
            let field = self
                .register
                .fields
                .get(*position)
                .filter(|f| f.key == amount)?;
            match field.read(catalogue, row.cells.get(usize::from(c.index))?, context) {
                Reading::Value(Value::Text(wan), _) => Some((field, c.index, wan.parse().ok()?)),
                _ => None,
            }
        })
    }

    /// The fields that have a column.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.columns.iter().filter_map(|c| match c.target {
            Target::Field { position, .. } => self.register.fields.get(position),
            _ => None,
        })
    }
}
