//! Who asks, and how far that reaches.

/// Whose entries a viewer may see in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The whole ledger (the operator at the command line, background work).
    Everything,
    /// These departments, by id.
    Departments(Vec<i64>),
}

/// Who asks; every read and every write of the ledger is given one.
#[derive(Clone, Debug)]
pub struct Viewer {
    name: String,
    reach: Reach,
}

impl Viewer {
    /// The operator at the command line, who has the database itself in hand.
    #[must_use]
    pub fn operator(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            reach: Reach::Everything,
        }
    }

    /// A viewer limited to some departments.
    #[must_use]
    pub fn of_departments(name: &str, departments: Vec<i64>) -> Self {
        Self {
            name: name.to_owned(),
            reach: Reach::Departments(departments),
        }
    }

    /// The name recorded as the author of changes.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How far this viewer sees.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Whether entries of this department are in reach.
    #[must_use]
    pub fn reaches(&self, department: i64) -> bool {
        match &self.reach {
            Reach::Everything => true,
            Reach::Departments(ids) => ids.contains(&department),
        }
    }
}
