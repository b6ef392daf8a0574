//! Which column of a sheet is which field.
